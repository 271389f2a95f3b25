"""How requests reach the store: gunicorn, with a worker that lets feeds wait without a thread each."""
