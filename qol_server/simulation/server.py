"""The server of a simulation: processes of their own on a loopback socket, whose present is whatever the simulation says."""

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
    """Run the server until the block ends; gives its base address and its clock. Raises EOFError when it cannot start."""
    context = multiprocessing.get_context("spawn")
    clock = VirtualClock(context.Value("d", start.timestamp()))
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(settings, clock.seconds, theirs, os.getpid()))
    process.start()
    theirs.close()
    family = [pid for pid in (process.pid,) if pid]
    try:
        port, worker = ours.recv()
        family.append(worker)
        yield f"http://127.0.0.1:{port}", clock
    finally:
        for each in family:  # the worker last, or it would be replaced; nobody waits for an answer
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGKILL)
        process.join()


def _serve(settings: Settings, seconds: Synchronized[float], pipe: Any, parent: int) -> None:
    """The same web server as in earnest, with the virtual clock; says its port and its worker once it listens."""
    from qol_server.app import create_app
    from qol_server.cli.processes import die_with
    from qol_server.cli.web import serve_forever

    die_with(parent, signal.SIGKILL)
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    port = listening.getsockname()[1]

    def ready() -> None:
        with contextlib.suppress(OSError):
            pipe.send((port, os.getpid()))

    serve_forever(lambda: create_app(settings, VirtualClock(seconds)), listening, ready, workers=1, threads=8)
