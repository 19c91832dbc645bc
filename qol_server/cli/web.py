"""granian as this server needs it: a socket that listens already, threads that wait together, nothing of a request in the log."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces, SSLProtocols
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server import MPServer

from qol_server import logs
from qol_server.cli.processes import STOPS, die_with

log = logging.getLogger(__name__)

BACKLOG = 1024
KEEPALIVE = 75  # seconds; longer than the 60 of common reverse proxies, which must be the first to hang up
GRACE = 15  # seconds that requests under way have to finish
_LOOK_EVERY = 10.0  # seconds
_LISTENING = 10  # TCP_LISTEN of Linux
_LOG: dict[str, Any] = {
    "handlers": {}, "formatters": {},  # granian's messages go where ours go
    "loggers": {"_granian.utils": {"level": "CRITICAL"}},  # says what the application raised, values and all; we say it ourselves
}  # fmt: skip


class _Granian(MPServer):
    """granian's processes around a socket of ours: nobody can take the port before they are there, or share it."""

    def __init__(self, listening: socket.socket, **options: Any) -> None:
        host, port = listening.getsockname()[:2]
        super().__init__("", host, port, interface=Interfaces.WSGI, **options)
        self._listening = listening

    def _init_shared_socket(self) -> None:
        self._ssp = self._sso = None
        self._shd = SocketHolder(self._listening.fileno(), False, BACKLOG)  # type: ignore[assignment, call-arg]

    def _drop_shared_socket(self) -> None:
        self._listening.close()


def serve_forever(
    make: Callable[[], Any], listening: socket.socket, ready: Callable[[], None], *, workers: int, threads: int,
    tls: tuple[Path, Path] | None = None,
) -> None:  # fmt: skip
    """Answer requests with the WSGI application that ``make`` gives in each worker, until SIGTERM.

    ``ready`` is called in each worker when it is about to answer. Raises SystemExit(1) when workers keep dying.
    """
    multiprocessing.set_start_method("fork", force=True)  # what is imported is imported; the socket and ``make`` go along
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # accepted ones inherit it; else a body waits 40 ms for its headers
    web, port = os.getpid(), listening.getsockname()[1]

    def load() -> Any:
        for each in STOPS:
            signal.signal(each, signal.SIG_DFL)  # until granian has its own; what we inherited belongs to our parent
        die_with(web, signal.SIGKILL)  # a request that this cuts off was not acknowledged
        try:
            application = make()
        except Exception as failure:
            logs.log_failure(log, "the application cannot be made", failure)
            raise SystemExit(1) from None
        threading.Thread(target=_watch, args=(port,), daemon=True).start()
        ready()
        return guarded(application)

    certificate = {} if tls is None else {"ssl_cert": tls[0], "ssl_key": tls[1], "ssl_protocol_min": SSLProtocols.tls12}
    server = _Granian(
        listening,
        workers=workers,
        blocking_threads=threads,
        backlog=BACKLOG,
        backpressure=BACKLOG,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=1000 * KEEPALIVE, max_buffer_size=65_536),
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=GRACE,
        log_level=LogLevels.error,
        log_dictconfig=_LOG,
        **certificate,
    )
    server.serve(target_loader=load, wrap_loader=False)


def guarded(application: Any) -> Any:
    """The same application; what it raises is logged without the message, which may quote what a patient entered."""

    def answer(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        try:
            parts = application(environ, start)
            with contextlib.closing(parts) if hasattr(parts, "close") else contextlib.nullcontext():
                return [b"".join(parts)]  # a list is sent at once, and no thread waits for the phone to take it
        except Exception as failure:
            logs.log_failure(log, "a request failed", failure)
            start("500 Internal Server Error", [])
            return [b""]

    return answer


def _watch(port: int) -> None:
    while sys.platform == "linux":
        time.sleep(_LOOK_EVERY)
        hang_up(port, KEEPALIVE)


def hang_up(port: int, silent: float) -> None:
    """End this process's connections to ``port`` on which for so many seconds nothing came and nothing went (Linux).

    Whoever waits for the rest of a request is then told that it will not come, and its thread is free. Descriptors of files are
    left alone, and none is copied: closing a copy of one takes away the locks that SQLite has on it in this process, and whoever
    closes the database next would remove a log that is still written.
    """
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # closed meanwhile, or no connection
            if not os.readlink(f"/proc/self/fd/{name}").startswith("socket:"):
                continue
            found = socket.socket(fileno=int(name))
            try:
                about = found.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 56)
                sent, _, came = struct.unpack_from("3I", about, 44)  # tcpi_last_data_sent, …_ack_sent, …_data_recv: milliseconds
                if about[0] != _LISTENING and found.getsockname()[1] == port and min(sent, came) >= 1000 * silent:
                    found.shutdown(socket.SHUT_RDWR)
            finally:
                found.detach()  # its owner closes it
