"""The clock of a simulation: a process of its own, as in earnest, that ticks when it is told what time it is."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from multiprocessing.connection import Connection

from qol_server import messaging
from qol_server.messaging import Message, NotTaken, Undeliverable, Unknown
from qol_server.settings import Settings

Tick = Callable[[datetime], None]
ONCE_A_DAY_BEFORE = time(6)  # UTC; what need not be done at each tick


def send(message: Message) -> None:
    """Like the log, which reaches nobody, but as unreliable as channels are: of a hundred messages ten are refused, six not taken at
    once, and of four nobody knows what became of them. The message's key decides, so that every life is the same again."""
    fate = int(message.key[:8], 16) % 100
    if fate < 10:
        raise Undeliverable("the channel refuses it")
    if fate < 14:
        raise Unknown
    if fate < 20 and message.key not in _TRIED:
        _TRIED.add(message.key)
        raise NotTaken("the channel is busy", timedelta(minutes=10))
    messaging.send(message)


_TRIED: set[str] = set()


@contextlib.contextmanager
def ticking(settings: Settings, slug: str) -> Iterator[Tick]:
    """Run the clock until the block ends; gives what makes it tick once at an instant. Raises RuntimeError when a tick fails."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_tick_on_demand, args=(settings, slug, theirs), daemon=True)
    process.start()
    theirs.close()

    def tick(now: datetime) -> None:
        ours.send(now)
        failure = ours.recv()
        if failure is not None:
            raise RuntimeError(f"the clock's tick at {now} failed: {failure}")

    try:
        yield tick
    finally:
        ours.close()
        process.join(30)


def _tick_on_demand(settings: Settings, slug: str, pipe: Connection) -> None:
    from qol_server.intake import calls, casework, looking
    from qol_server.intake.study import open_study
    from scheduler import ticks

    logging.getLogger("scheduler.reminders").setLevel(logging.CRITICAL)  # that nobody knows of a message is meant so here
    study = open_study(settings, slug)
    views = looking.live(study, settings)
    with contextlib.suppress(EOFError):
        while True:
            now: datetime = pipe.recv()
            try:
                ticks.remind(study, now, send)
                casework.escalate(study, now)
                if now.time() < ONCE_A_DAY_BEFORE:
                    ticks.seal(study, now, settings)
                    if now.weekday() in (0, 3):
                        calls.watch(study, now)
                    if now.weekday() == 0:
                        looking.score(study, views, now)
                pipe.send(None)
            except Exception as failure:  # told to whoever asked for the tick
                pipe.send(f"{type(failure).__name__}: {failure}")
    study.store.close()
