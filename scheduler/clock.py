"""The clock itself: APScheduler wakes it, each tick visits every active study of the data folder."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from threading import Lock, Thread

from qol_server.clock import Clock, stamp, wall_clock
from qol_server.intake import calls
from qol_server.intake.study import Study, open_study, slugs
from qol_server.logs import log_failure
from qol_server.messaging.sending import Sender
from qol_server.settings import Settings
from scheduler import holders, ticks
from scheduler.notices import notify

log = logging.getLogger(__name__)

EVERY: dict[str, int] = {"remind": 60, "escalate": 60, "notify": 60, "score": 300, "watch": 900, "digest": 900, "seal": 3600}
"""Seconds between two ticks of a kind."""


class Rounds:
    """Visits the active studies of a data folder; a study that fails keeps nobody else waiting."""

    def __init__(self, settings: Settings, clock: Clock = wall_clock) -> None:
        self._settings, self._clock = settings, clock
        self._open: dict[str, Study] = {}
        self._senders: dict[str, Sender] = {}
        self._lock = Lock()
        self._ticks: dict[str, Callable[[Study, datetime], object]] = {
            "remind": lambda study, now: ticks.remind(study, now, self._senders[study.slug].at(now)),
            "escalate": lambda study, now: ticks.escalate(study, now, settings),
            "notify": lambda study, now: notify(study, now, settings, self._senders[study.slug]),
            "score": lambda study, now: ticks.score(study, now, settings),
            "watch": calls.watch,
            "digest": calls.make_digests,
            "seal": lambda study, now: ticks.seal(study, now, settings),
        }

    def tick(self, name: str) -> None:
        """One tick of a kind for every study; afterwards ``clock.txt`` says when it was."""
        now = self._clock()
        for slug, study in self._studies():
            try:
                if study.is_active(study.store.read()):
                    self._ticks[name](study, now)
            except Exception as failure:  # whatever it is, the clock goes on
                log_failure(log, f"the tick {name} of {slug} failed", failure)
        if name == "seal":
            try:
                ticks.seal_accounts(self._settings, now)
            except Exception as failure:
                log_failure(log, "the journal of accounts cannot be sealed", failure)
        if name == "notify":
            try:
                holders.tell(self._settings, now)
            except Exception as failure:
                log_failure(log, "the holders of accounts cannot be told", failure)
        self._say_when(now)

    def _studies(self) -> Iterator[tuple[str, Study]]:
        for slug in slugs(self._settings):
            try:
                with self._lock:
                    if slug not in self._open:
                        study = open_study(self._settings, slug)
                        self._senders[slug] = Sender(study, self._settings)
                        self._open[slug] = study
                yield slug, self._open[slug]
            except Exception as failure:
                log_failure(log, f"the study {slug} cannot be opened", failure)

    def _say_when(self, now: datetime) -> None:
        """Replace the file as a whole: ``/health`` never reads half an instant."""
        fresh = self._settings.data / f".clock.{os.getpid()}"
        try:
            with self._lock:
                fresh.write_text(stamp(now) + "\n", encoding="ascii")
                fresh.replace(self._settings.data / "clock.txt")
        except OSError as failure:
            log_failure(log, "clock.txt cannot be written", failure)


def run(settings: Settings) -> None:
    """Tick until SIGTERM or SIGINT; a tick that is under way is finished first."""
    from apscheduler.events import EVENT_SCHEDULER_STARTED  # only here: a single round needs none of it
    from apscheduler.executors.pool import ThreadPoolExecutor
    from apscheduler.schedulers.blocking import BlockingScheduler
    from apscheduler.triggers.interval import IntervalTrigger

    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    rounds = Rounds(settings)
    # a thread each: a long scoring does not hold up the reminders
    scheduler = BlockingScheduler(timezone=UTC, executors={"default": ThreadPoolExecutor(len(EVERY))})
    for name, seconds in EVERY.items():
        scheduler.add_job(
            rounds.tick, IntervalTrigger(seconds=seconds, timezone=UTC), (name,), id=name, next_run_time=wall_clock(), coalesce=True,
            misfire_grace_time=None, max_instances=1,
        )  # fmt: skip
    stops = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stops)  # a second one must not cut off the tick that is waited for

    def stop() -> None:
        signal.sigwait(stops)  # what a handler raises would be caught by the scheduler, as if a job had failed
        scheduler.shutdown(wait=True)

    stopping = Thread(target=stop, daemon=True)
    scheduler.add_listener(lambda _: stopping.start(), EVENT_SCHEDULER_STARTED)
    scheduler.start()
    stopping.join()


def once(settings: Settings) -> None:
    """One tick of each kind, then return."""
    rounds = Rounds(settings)
    for name in EVERY:
        rounds.tick(name)
