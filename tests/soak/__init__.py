"""The long run: what grows or gets lost where a service is used for hours."""
