"""gunicorn as this server needs it: threads that wait together, no access log, nothing of a request in the error log."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.glogging import Logger

from qol_server import logs
from qol_server.app import create_app
from qol_server.cli.serve import BACKLOG, KEEPALIVE
from qol_server.settings import Settings

_MEMORY = Path("/dev/shm")  # noqa: S108 - gunicorn makes its own private files there


class _Log(Logger):  # type: ignore[misc]
    """Says where something failed and never what was handled."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        self.error_log.handlers = [logs.handler()]

    def exception(self, msg: str, *_args: Any, **_kwargs: Any) -> None:
        import sys

        failure = sys.exc_info()[1]
        if failure is not None:
            logs.log_failure(self.error_log, msg.partition("%")[0].strip(), failure)


class _Web(BaseApplication):  # type: ignore[misc]
    def __init__(self, settings: Settings, options: dict[str, Any]) -> None:
        self._settings, self._options = settings, options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return create_app(self._settings)


def serve_forever(
    settings: Settings, listening: socket.socket, *, workers: int, threads: int, tls: tuple[Path, Path] | None, is_ready: int
) -> None:
    """Answer requests until SIGTERM; writes a byte to the file descriptor ``is_ready`` when the first worker can."""

    def ready(worker: Any) -> None:
        threading.Thread(target=worker.app.callable.extensions["qol"].warm, daemon=True).start()
        with contextlib.suppress(OSError):
            os.write(is_ready, b".")
        os.close(is_ready)

    options = {
        "bind": f"fd://{listening.detach()}",
        "worker_class": "gthread",
        "workers": workers,
        "threads": threads,
        "backlog": BACKLOG,
        "keepalive": KEEPALIVE,
        "timeout": 60,  # a worker whose main loop does not come round for so long is replaced
        "graceful_timeout": 15,
        "limit_request_line": 2048,
        "limit_request_fields": 64,
        "limit_request_field_size": 4096,
        "worker_tmp_dir": str(_MEMORY) if os.access(_MEMORY, os.W_OK) else None,  # its heartbeat must not wait for a disk
        "control_socket_disable": True,
        "post_worker_init": ready,
        "logger_class": _Log,
        "loglevel": "debug" if settings.log_level == "debug" else "warning",
        "errorlog": "-",
    }
    if tls is not None:
        options |= {"certfile": str(tls[0]), "keyfile": str(tls[1])}
    _Web(settings, options).run()
