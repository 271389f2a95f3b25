"""The Flask service: sign-in, API, office pages, the tablet app, and the jobs around them."""
