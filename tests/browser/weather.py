"""The server that a browser talks to, and the network between them, which fails on demand."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler

from qol_server import journal
from qol_server.intake.study import path_of
from qol_server.store.driver import sqlite3
from qol_server.trial.facts import PHONE_KINDS, Kind
from tests import people
from tests.api.rig import code, reopened

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]
Fault = Callable[[Wsgi, dict[str, Any], Any], Iterable[bytes]]
PATIENCE = 30.0
"""Seconds that a test waits for what has to come, on a machine however busy; nothing waits once it has come."""


# Faults: what happens to one request.


def _answer(start: Any, status: str, kind: str, body: bytes, **headers: str) -> Iterable[bytes]:
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    start(status, [("Content-Type", kind), ("Content-Length", str(len(body))), *named])
    return [body]


def says(status: str, body: bytes = b"", kind: str = "text/plain", **headers: str) -> Fault:
    """Answer with this and never ask the server."""
    return lambda app, environ, start: _answer(start, status, kind, body, **headers)


def problem(code: str, status: int, title: str, *, retryable: bool, **headers: str) -> Fault:
    """Answer with a problem document of the server's own catalogue."""
    document = {"type": f"urn:qol:problem:{code}", "title": title, "status": status, "retryable": retryable}
    return says(f"{status} {title}", json.dumps(document).encode(), "application/problem+json", **headers)


PORTAL_PAGE = b"<!doctype html><title>Hotel</title><p>Welcome! Accept our terms to go online.</p>"
SERVER_ERROR = says("500 Internal Server Error", b"something broke")
UNAVAILABLE = says("503 Service Unavailable", b"", Retry_After="30")
TOO_MANY = problem("too-many-tries", 429, "Too many tries", retryable=True, Retry_After="60")
PORTAL = says("200 OK", PORTAL_PAGE, "text/html")
PORTAL_JSON = says("200 OK", b'{"ok":true}', "application/json")
PORTAL_LOGIN = says("401 Unauthorized", PORTAL_PAGE, "text/html", WWW_Authenticate="Basic realm=hotel")
REDIRECT = says("302 Found", b"", Location="http://127.0.0.1:9/login")
REVOKED = problem("device-revoked", 401, "The phone was locked out", retryable=False)


def truncated(app: Wsgi, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    """The server stores and answers; half of its JSON arrives."""
    status, headers, body = _asked(app, environ)
    start(status, [(name, value) for name, value in headers if name.lower() != "content-length"])
    return [body[: len(body) // 2]]


def hang_up(app: Wsgi, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    """The line goes dead before the request reaches the server."""
    raise _HangUp


def lost_answer(app: Wsgi, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    """The server stores, and its answer is lost."""
    _asked(app, environ)
    raise _HangUp


class Gate:
    """A fault that holds a request until ``open`` is called; then the server is asked."""

    def __init__(self) -> None:
        self._opened = threading.Event()
        self._reached = threading.Event()

    def __call__(self, app: Wsgi, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        self._reached.set()
        self._opened.wait()
        return app(environ, start)

    def wait_until_reached(self) -> None:
        assert self._reached.wait(PATIENCE), "no request came to the gate"

    def open(self) -> None:
        self._opened.set()


class _HangUp(ConnectionError):
    """Ends a request without an answer: to the listener it is a browser that has gone."""


def _asked(app: Wsgi, environ: dict[str, Any]) -> tuple[str, list[tuple[str, str]], bytes]:
    said: list[Any] = []
    parts = app(environ, lambda status, headers, problem=None: said.extend((status, headers)))
    try:
        body = b"".join(parts)
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()
    return said[0], said[1], body


class Weather:
    """WSGI middleware: what the next requests to a path meet, and which requests came.

    Paths are matched by their end: ``sync``, ``devices``, ``sw.js``.
    """

    def __init__(self) -> None:
        self.app: Wsgi | None = None
        self.requests: list[tuple[str, str]] = []  # method and path (with its query), in the order in which they came
        self._next: dict[str, deque[Fault]] = {}
        self._always: dict[str, Fault] = {}
        self._came = threading.Condition()

    def next(self, path: str, *faults: Fault) -> None:
        """The next requests to ``path`` meet these, one each."""
        with self._came:
            self._next.setdefault(path, deque()).extend(faults)

    def always(self, path: str, fault: Fault | None) -> None:
        """Every request to ``path`` meets this, until it is taken away with None."""
        with self._came:
            self._always.pop(path, None)
            if fault is not None:
                self._always[path] = fault

    def clear(self) -> None:
        """Fair weather again."""
        with self._came:
            self._next.clear()
            self._always.clear()

    def count(self, path: str) -> int:
        """How many requests to ``path`` have come."""
        with self._came:
            return self._count(path)

    def _count(self, path: str) -> int:
        return sum(asked.partition("?")[0].endswith(path) for _, asked in self.requests)

    def wait_for(self, path: str, times: int) -> None:
        """Wait until so many requests to ``path`` have come in all."""
        with self._came:
            came = self._came.wait_for(lambda: self._count(path) >= times, PATIENCE)
            assert came, f"{self._count(path)} of {times} requests to {path} came: {self.requests}"

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        path, query = environ["PATH_INFO"], environ["QUERY_STRING"]
        with self._came:
            self.requests.append((environ["REQUEST_METHOD"], f"{path}?{query}" if query else path))
            fault = self._fault(path)
            self._came.notify_all()
        assert self.app is not None
        if fault is None:
            return self.app(environ, start)
        return fault(self.app, environ, start)

    def _fault(self, path: str) -> Fault | None:
        for end, waiting in self._next.items():
            if path.endswith(end) and waiting:
                return waiting.popleft()
        return next((fault for end, fault in self._always.items() if path.endswith(end)), None)


class _Handler(WSGIRequestHandler):
    """Says nothing: the tests look at what was stored."""

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        self.close_connection = True

    def log(self, type: str, message: str, *args: Any) -> None:
        """Nothing."""


class _Listener(BaseWSGIServer):
    """A thread for each connection (browsers open some that they never use); all are ended with it."""

    multithread = True

    def start(self) -> None:
        self._sockets: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._loop = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01})
        self._loop.start()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._sockets.add(request)
        thread = threading.Thread(target=self._serve, args=(request, client_address))
        self._threads.append(thread)
        thread.start()

    def _serve(self, request: Any, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except OSError:
            pass  # whoever asked has gone
        finally:
            self._sockets.discard(request)
            self.shutdown_request(request)

    def stop(self) -> None:
        self.shutdown()
        self._loop.join()
        for open_ in list(self._sockets):
            with contextlib.suppress(OSError):  # it closed by itself
                open_.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self.server_close()


class Server:
    """A study's server on a free port of this machine, its clock the trial's; it can stop, start again, and be put back."""

    def __init__(self, trial: people.Trial) -> None:
        self.trial = trial
        self.weather = Weather()
        self._use(trial)
        self._listener: _Listener | None = None
        self.port = 0
        self.start()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def app_url(self) -> str:
        return f"{self.origin}/{people.SLUG}/app/"

    def _use(self, trial: people.Trial) -> None:
        self.trial = trial
        self.weather.app = trial._client.application

    def start(self) -> None:
        """Listen, at the same address as before."""
        assert self._listener is None, "the server listens already"
        self._listener = _Listener("127.0.0.1", self.port, self.weather, _Handler, passthrough_errors=True)
        self.port = self._listener.port
        self._listener.start()

    def stop(self) -> None:
        """Nobody listens any more: connections are refused."""
        if self._listener is not None:
            self._listener.stop()
            self._listener = None

    def close(self) -> None:
        self.stop()
        self.trial.study.store.close()

    def code(self, number: str, *, replaces: bool = False) -> str:
        """A pairing code, as the nurse reads it out."""
        return code(self.trial, number, replaces=replaces)

    def stored(self, number: str) -> dict[str, bytes]:
        """What this participant's phones sent and the journal has: id -> bytes; also what is under review."""
        kinds = {*PHONE_KINDS, Kind.ENTRY_QUARANTINED}
        entries = journal.every(self.trial.study.store.read())
        lines = [entry.line for entry in entries if entry.kind in kinds and entry.participant == number]
        return {json.loads(line)["id"]: line for line in lines}

    def facts(self, number: str, kind: str = "response.given") -> list[dict[str, Any]]:
        """What a participant's phones sent of a kind, read, in the journal's order."""
        return [fact for fact in map(json.loads, self.stored(number).values()) if fact["kind"] == kind]

    def copy(self, folder: Path) -> Path:
        """A copy of the study's file, made while it is in use, as a backup does."""
        target = folder / "copy.db"
        with closing(sqlite3.connect(path_of(self.trial.settings, people.SLUG))) as source, closing(sqlite3.connect(target)) as backup:
            source.backup(backup)
        return target

    def put_back(self, copy: Path, *, says_so: bool) -> None:
        """Put a copy in the place of the study's file; the journal starts a new epoch, unless nobody says so."""
        self.stop()
        path = path_of(self.trial.settings, people.SLUG)
        self.trial.study.store.close()
        for leftover in path.parent.glob(f"{path.name}*"):
            leftover.unlink()
        shutil.copy(copy, path)
        if says_so:
            with closing(sqlite3.connect(path)) as file:
                file.execute("UPDATE journal SET epoch = 'e_restored'")
                file.commit()
        self._use(reopened(self.trial))
        self.start()

    def restart(self) -> None:
        """Another process serves the same folder."""
        self.stop()
        self.trial.study.store.close()
        self._use(reopened(self.trial))
        self.start()
