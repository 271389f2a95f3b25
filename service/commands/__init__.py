"""The `rounds` commands: one module each, which defines `command`."""
