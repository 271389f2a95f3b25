"""gunicorn's settings where it is started by itself: `gunicorn -c deploy/gunicorn.conf.py 'service.app:create_app()'`.

The figures come from Rounds' own settings (`rounds config` lists them), so that there is one place to set them.
"""

from service.config import load
from sync.embedded.serving.server import CONNECTIONS

_config = load()
_host, _port = _config.bind

bind = f"[{_host}]:{_port}" if ":" in _host else f"{_host}:{_port}"
worker_class = "sync.embedded.serving.worker.FeedWorker"
workers = _config.workers
threads = _config.threads
worker_connections = CONNECTIONS
timeout = 120
graceful_timeout = 15
keepalive = 75
# Workers are replaced now and then, not all at once, so that a leak in any library stays small.
max_requests = 50_000
max_requests_jitter = 5_000
# The worker's heartbeat file must not lie on a disk that may stall.
worker_tmp_dir = "/dev/shm"  # noqa: S108 - gunicorn makes a private file there
forwarded_allow_ips = "*" if _config.proxies else "127.0.0.1"
proc_name = "rounds"
logger_class = "service.logs.GunicornLogger"
loglevel = "warning"
control_socket_disable = True
