"""One SQLite file: readers by thread, one writer at a time across processes, and commits that serve many waiting threads."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from qol_server.store import driver
from qol_server.store.driver import sqlite3, sqlite_utils

T = TypeVar("T")
Row = Any  # sqlite3.Row: by index and by name
MAX_GROUP = 64  # transactions' worth of work in one commit: bounds the wait of the first in a group


class StoreBusy(Exception):
    """The write could not be started or was undone; nothing of it is stored and it may be tried again."""


class StoreFull(Exception):
    """The disk is full; nothing of the write is stored."""


class Tx:
    """The statements that may be run inside one transaction."""

    __slots__ = ("connection",)

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Execute one statement; returns the number of rows it changed."""
        return int(self.connection.execute(sql, values).rowcount)

    def many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Execute one statement for each row of values."""
        self.connection.executemany(sql, rows)

    def one(self, sql: str, values: Sequence[Any] = ()) -> Row | None:
        """The first row, or None."""
        return self.connection.execute(sql, values).fetchone()

    def all(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """All rows; never a half-read cursor, which would pin a snapshot."""
        return self.connection.execute(sql, values).fetchall()  # type: ignore[no-any-return]

    @property
    def tables(self) -> sqlite_utils.Database:
        """The same connection through sqlite-utils, for schema and bulk work."""
        return sqlite_utils.Database(self.connection)


class _Work:
    """One caller's work, waiting for the next commit. ``wake`` is released when it is done, or when it is its turn to lead."""

    __slots__ = ("done", "error", "function", "result", "wake")

    def __init__(self, function: Callable[[Tx], Any]) -> None:
        self.function = function
        self.done = False
        self.result: Any = None
        self.error: BaseException | None = None
        self.wake = threading.Lock()
        self.wake.acquire()


class Store:
    """One SQLite file. ``durable=False`` (no fsync) is for what can be rebuilt; ``path=None`` keeps it in memory.

    Connections are opened by the process and thread that use them, never before a fork. ``read_only`` changes no byte of
    the file, and needs no more than permission to read it.
    """

    def __init__(self, path: Path | None, *, durable: bool = True, read_only: bool = False) -> None:
        self.path = path
        self.durable = durable
        self.read_only = read_only
        self._process = 0
        self._forget()

    def _forget(self) -> None:
        self._local = threading.local()
        self._queue: list[_Work] = []
        self._queue_lock = threading.Lock()
        self._is_led = False
        self._writer: Any = None
        self._file_locks: tuple[int, int] | None = None
        self._process = os.getpid()

    # reading

    def read(self) -> Tx:
        """This thread's reading connection; each statement sees the latest commit."""
        if self._process != os.getpid():
            self._forget()
        if self.path is None:
            return Tx(self._writing_connection())
        tx = getattr(self._local, "tx", None)
        if tx is None:
            tx = self._local.tx = Tx(self._connect())
            tx.run("PRAGMA query_only=ON")
        return tx

    def snapshot(self, function: Callable[[Tx], T]) -> T:
        """Run several reads on one unchanging view of the file."""
        tx = self.read()
        if tx.connection.in_transaction:
            return function(tx)
        tx.run("BEGIN")
        try:
            return function(tx)
        finally:
            tx.run("COMMIT")

    # writing

    def write(self, function: Callable[[Tx], T]) -> T:
        """Run ``function`` in a savepoint of a transaction that is committed, durably, before this returns.

        The first who comes leads: it commits the work of everybody who waits, one fsync for all, and then lets the first
        of those who came meanwhile lead. An exception of ``function`` undoes its own savepoint only. Raises StoreBusy or
        StoreFull when the commit fails; then nothing of the group is stored.
        """
        if self._process != os.getpid():
            self._forget()
        work = _Work(function)
        with self._queue_lock:
            self._queue.append(work)
            leads, self._is_led = not self._is_led, True
        if not leads:
            try:
                work.wake.acquire()
            except BaseException:  # an interrupt while waiting: nobody may wait for this thread to lead
                self._leave(work)
                raise
        if not work.done:
            self._lead(work)
        if work.error is not None:
            raise work.error
        return work.result  # type: ignore[no-any-return]

    def _leave(self, work: _Work) -> None:
        """Take waiting work back, and hand the lead on if it had come to it."""
        with self._queue_lock:
            was_to_lead = bool(self._queue) and self._queue[0] is work and not work.done and not work.wake.locked()
            if work in self._queue:
                self._queue.remove(work)
            if was_to_lead:
                self._choose_next()

    def _choose_next(self) -> None:
        """Let the first of those who wait lead; the queue's lock is held."""
        self._is_led = bool(self._queue)
        if self._queue:
            self._queue[0].wake.release()

    def _lead(self, own: _Work) -> None:
        """Commit a group, of which ``own`` is the first; wake the others and whoever leads next."""
        with self._queue_lock:
            group, self._queue = self._queue[:MAX_GROUP], self._queue[MAX_GROUP:]
        try:
            self._commit(group)
        finally:
            # each waiter has a lock of its own: with one lock for all, those who are done would queue again to notice it
            for work in group:
                if work is not own:
                    work.wake.release()
            with self._queue_lock:
                self._choose_next()

    def _commit(self, group: list[_Work]) -> None:
        try:
            tx = Tx(self._writing_connection())
            self._lock_file()
            try:
                tx.run("BEGIN IMMEDIATE")
                try:
                    for work in group:
                        self._attempt(tx, work)
                    tx.run("COMMIT")
                except BaseException:
                    if tx.connection.in_transaction:
                        tx.run("ROLLBACK")
                    raise
            finally:
                self._unlock_file()
        except BaseException as failure:
            error = _named(failure)
            for work in group:
                work.result, work.error = None, error
                if not isinstance(error, Exception):  # an interrupt is for the thread that it met; the others may try again
                    error = StoreBusy("the writer was interrupted")
        finally:
            for work in group:
                work.done = True

    def _attempt(self, tx: Tx, work: _Work) -> None:
        tx.run("SAVEPOINT work")
        try:
            work.result = work.function(tx)
        except Exception as failure:
            if not tx.connection.in_transaction:  # SQLite gave up the whole transaction (full disk, I/O error)
                raise
            tx.run("ROLLBACK TO work")
            work.error = _named(failure)
        tx.run("RELEASE work")

    def _writing_connection(self) -> Any:
        if self._writer is None:
            self._writer = self._connect()
        return self._writer

    def _lock_file(self) -> None:
        """Wait for the file, after other processes that came first.

        The kernel's lock alone is not fair: a busy process that lets it go has it again before a waiting one wakes up.
        Whoever waits for the file holds the turn, and whoever comes next waits for the turn.
        """
        if self.path is None:
            return
        if self._file_locks is None:
            turn, file = (os.open(f"{self.path}.{name}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600) for name in ("turn", "lock"))
            self._file_locks = turn, file
        turn, file = self._file_locks
        fcntl.flock(turn, fcntl.LOCK_EX)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
        finally:
            fcntl.flock(turn, fcntl.LOCK_UN)

    def _unlock_file(self) -> None:
        if self._file_locks is not None:
            fcntl.flock(self._file_locks[1], fcntl.LOCK_UN)

    def _connect(self) -> Any:
        name = ":memory:" if self.path is None else str(self.path)
        if self.read_only and self.path is not None:
            # without a log beside it nobody writes the file, and SQLite may leave everything around it alone
            used = Path(f"{name}-wal").exists()
            name = f"{self.path.resolve().as_uri()}?{'mode=ro' if used else 'immutable=1'}"
        connection = sqlite3.connect(name, isolation_level=None, check_same_thread=False, timeout=10, uri=self.read_only)
        connection.row_factory = sqlite3.Row
        for pragma in self._pragmas():
            connection.execute(pragma)
        return connection

    def _pragmas(self) -> tuple[str, ...]:
        safe = driver.WAL_IS_SAFE
        if self.read_only:
            return ("PRAGMA trusted_schema=OFF", "PRAGMA query_only=ON", "PRAGMA busy_timeout=10000")
        return (
            f"PRAGMA journal_mode={'WAL' if safe else 'DELETE'}",
            f"PRAGMA synchronous={('FULL' if safe else 'EXTRA') if self.durable else 'OFF'}",
            "PRAGMA foreign_keys=ON",
            "PRAGMA recursive_triggers=ON",  # else INSERT OR REPLACE would delete past the triggers
            "PRAGMA trusted_schema=OFF",
            "PRAGMA busy_timeout=10000",
            "PRAGMA cache_size=-8000",
        )

    def close(self) -> None:
        """Close what this process and thread opened."""
        if self._process == os.getpid():
            for connection in (self._writer, getattr(getattr(self._local, "tx", None), "connection", None)):
                if connection is not None:
                    connection.close()
            for lock in self._file_locks or ():
                os.close(lock)
        self._forget()


def _named(failure: BaseException) -> BaseException:
    """The failure as callers know it."""
    if isinstance(failure, sqlite3.OperationalError):
        text = str(failure).lower()
        if "full" in text or "disk i/o" in text:
            return StoreFull(str(failure))
        if "locked" in text or "busy" in text:
            return StoreBusy(str(failure))
    return failure
