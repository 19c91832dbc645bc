"""The real server in processes of its own, started for a measurement and always ended by their ids."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers. ``seconds_to_answer``: from the start of its process to the first 200 of /health."""

    port: int
    process: psutil.Process
    seconds_to_answer: float

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}"

    def workers(self) -> list[psutil.Process]:
        """The processes that answer requests: the web server's children, be it this process or a child of it."""
        children = self.process.children()
        return [grandchild for child in children for grandchild in child.children()] or children

    def cpu_seconds(self) -> float:
        """Processor time that the workers have used so far."""
        return sum(p.cpu_times().user + p.cpu_times().system for p in self.workers())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def granian(port: int, *, workers: int, threads: int, application: str = "wsgi:application") -> list[str]:
    """The command of a bare granian, for settings that `qol serve` does not offer."""
    return [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", str(workers), "--blocking-threads", str(threads),
        "--host", HOST, "--port", str(port), "--http", "1", "--no-ws", "--log-level", "error", application,
    ]  # fmt: skip


def serve(port: int, *, workers: int) -> list[str]:
    """`qol serve`, its clock included."""
    return [sys.executable, "-m", "qol_server.cli", "serve", "--port", str(port), "--workers", str(workers)]


@contextlib.contextmanager
def running(command: Sequence[str], port: int, data: Path, *, workers: int, preload: Path | None = None) -> Iterator[Server]:
    """A server on ``data``, all its workers there, until the block ends. Raises RuntimeError when 30 seconds do not do."""
    environment = {**os.environ, "QOL_DATA": str(data), "PYTHONPATH": str(ROOT)}
    if preload is not None:
        environment["LD_PRELOAD"] = str(preload)
    log = data.parent / f"server-{port}.log"
    with log.open("wb") as output:
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=data.parent, env=environment, stdout=output, stderr=output, start_new_session=True)
        try:
            server = Server(port, psutil.Process(process.pid), _wait(process, port, began, log))
            while len(server.workers()) < workers:  # the first one answers before the others are made
                if time.perf_counter() - began > 30:
                    raise RuntimeError(f"the server has {len(server.workers())} of {workers} workers: {_said(log)}")
                time.sleep(0.01)
            yield server
        finally:
            _end(process)


def _wait(process: subprocess.Popen[bytes], port: int, began: float, log: Path) -> float:
    while time.perf_counter() - began < 30:
        if process.poll() is not None:
            break
        try:
            if get(port, "/health") == 200:
                return time.perf_counter() - began
        except OSError:
            time.sleep(0.005)
    raise RuntimeError(f"the server did not answer: {_said(log)}")


def _said(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:].strip()


def get(port: int, path: str) -> int:
    """The status of one GET. Raises OSError when nobody answers."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    except http.client.HTTPException as broken:
        raise OSError(str(broken)) from broken
    finally:
        connection.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the server and what it started: first politely, then for certain."""
    with contextlib.suppress(psutil.NoSuchProcess):
        family = [*psutil.Process(process.pid).children(recursive=True)]
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(8)
        for child in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()
    if process.poll() is None:
        process.kill()
    process.wait()
