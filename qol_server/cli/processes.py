"""Two child processes that live and die with their parent: the web server, without which it ends, and the clock, which is restarted."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator

from qol_server.logs import log_failure

log = logging.getLogger(__name__)

GRACE = 25.0  # seconds that the children have to finish what they are at
PATIENCE = (1.0, 60.0)  # seconds until a dead clock is started again: doubled from the first to the second each time
STOPS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_PARENT_DIES = 1  # PR_SET_PDEATHSIG of Linux's prctl


def fork(work: Callable[[], int | None]) -> int:
    """Run ``work`` in a child process; returns its id. The child ends with what ``work`` returns, or when this process dies."""
    parent = os.getpid()
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        os.setpgid(0, 0)  # Ctrl-C reaches the parent alone, which ends us gently
        signal.set_wakeup_fd(-1)
        for each in (*STOPS, signal.SIGCHLD):
            signal.signal(each, signal.SIG_DFL)
        die_with(parent)
        code = work() or 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException as failure:
        log_failure(log, "a process of the server failed", failure)
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)


def die_with(parent: int, sign: signal.Signals = signal.SIGTERM) -> None:
    """Have the kernel end this process when its parent is killed (Linux; elsewhere kill -9 leaves the children)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PARENT_DIES, sign)
    if os.getppid() != parent:
        raise SystemExit(1)


class Supervisor:
    """Runs the two children until a signal asks to stop or the server ends.

    ``ready``: a file descriptor on which the server writes once it can answer; ``announce`` is called then.
    """

    def __init__(self, server: Callable[[], int | None], clock: Callable[[], int | None], ready: int, announce: Callable[[], None]) -> None:
        self._clock_work, self._ready, self._announce = clock, ready, announce
        self._stopping = False
        self._wake, wake_up = os.pipe()
        os.set_blocking(wake_up, False)
        os.set_blocking(self._wake, False)
        for each in STOPS:
            signal.signal(each, self._stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # it only has to wake us
        signal.set_wakeup_fd(wake_up, warn_on_full_buffer=False)
        self.server = fork(server)
        self.clock: int | None = None
        self._started, self._patience, self._start_at = 0.0, PATIENCE[0], 0.0

    def _stop(self, *_: object) -> None:
        self._stopping = True

    def run(self) -> int:
        """Wait for the end; returns the server's exit code, 0 where a signal asked for it."""
        waiting_for = [self._wake, self._ready]
        while not self._stopping:
            for child, code in _ended():
                if child == self.server:
                    self._end()
                    return code or 1
                self._clock_died(code)
            if self.clock is None and time.monotonic() >= self._start_at:
                self.clock, self._started = fork(self._clock_work), time.monotonic()
            pause = None if self.clock is not None else max(0.0, self._start_at - time.monotonic())
            readable, _, _ = select.select(waiting_for, [], [], pause)
            if self._wake in readable:
                os.read(self._wake, 4096)
            if self._ready in readable:
                waiting_for.remove(self._ready)
                if os.read(self._ready, 1):  # nothing: the server died before it could answer
                    self._announce()
        self._end()
        return 0

    def _clock_died(self, code: int) -> None:
        if time.monotonic() - self._started > PATIENCE[1]:
            self._patience = PATIENCE[0]
        log.error("the clock ended (exit code %d); it is started again in %.0f s", code, self._patience)
        self.clock, self._start_at = None, time.monotonic() + self._patience
        self._patience = min(self._patience * 2, PATIENCE[1])

    def _end(self) -> None:
        """End both children: gently, then after a while by force."""
        alive = {child for child in (self.server, self.clock) if child is not None}
        for sign, patience in ((signal.SIGTERM, GRACE), (signal.SIGKILL, 5.0)):
            for child in alive:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, sign)
            deadline = time.monotonic() + patience
            while alive and time.monotonic() < deadline:
                alive -= {child for child, _ in _ended(alive)}
                if alive:
                    select.select([self._wake], [], [], 0.1)
                    with contextlib.suppress(BlockingIOError):
                        os.read(self._wake, 4096)


def _ended(of: set[int] | None = None) -> Iterator[tuple[int, int]]:
    """The children that have ended, each once, with their exit codes (negative: the signal that ended it)."""
    while True:
        try:
            child, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            yield from ((child, 0) for child in of or ())
            return
        if child == 0:
            return
        yield child, os.waitstatus_to_exitcode(status)
