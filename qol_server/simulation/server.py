"""The server of a simulation: a process of its own on a loopback socket, whose present is whatever the simulation says."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.sharedctypes import Synchronized
from typing import Any

from qol_server.settings import Settings


@dataclass(slots=True)
class VirtualClock:
    """The present, shared by the simulation and its server as seconds since 1970."""

    seconds: Synchronized[float]

    def __call__(self) -> datetime:
        return datetime.fromtimestamp(self.seconds.value, UTC)

    def set(self, now: datetime) -> None:
        self.seconds.value = now.timestamp()


@contextlib.contextmanager
def served(settings: Settings, start: datetime) -> Iterator[tuple[str, VirtualClock]]:
    """Run the server until the block ends; gives its base address and its clock."""
    context = multiprocessing.get_context("spawn")
    clock = VirtualClock(context.Value("d", start.timestamp()))
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(settings, clock.seconds, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield f"http://127.0.0.1:{ours.recv()}", clock
    finally:
        if process.pid is not None:
            os.kill(process.pid, signal.SIGQUIT)  # gunicorn then leaves at once; nobody waits for an answer
        process.join(10)


def _serve(settings: Settings, seconds: Synchronized[float], pipe: Any) -> None:
    """The same gunicorn as in earnest, with the virtual clock; says its port once it listens."""
    from gunicorn.app.base import BaseApplication

    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    port = listening.getsockname()[1]

    class Application(BaseApplication):  # type: ignore[misc]
        def load_config(self) -> None:
            for name, value in {
                "bind": [f"fd://{listening.fileno()}"],
                "worker_class": "gthread",
                "workers": 1,
                "threads": 8,
                "keepalive": 75,
                "loglevel": "error",
                "timeout": 300,
                "control_socket_disable": True,
                "post_worker_init": lambda _: pipe.send(port),
            }.items():
                self.cfg.set(name, value)

        def load(self) -> Any:
            from qol_server.app import create_app

            return create_app(settings, VirtualClock(seconds))

    Application().run()
