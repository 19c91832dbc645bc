"""A channel for the tests that keeps what it was given, and a clock that ticks through virtual time."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from qol_server import journal
from qol_server.intake.study import fact_of
from qol_server.messaging import Message
from scheduler import ticks
from tests.people import Trial

PARIS = ZoneInfo("Europe/Paris")


@dataclass(slots=True)
class Post:
    """Takes every message; ``before`` is run once, before the first one is taken."""

    before: Callable[[], object] | None = None
    taken: list[Message] = field(default_factory=list)

    def __call__(self, message: Message) -> None:
        before, self.before = self.before, None
        if before is not None:
            before()
        self.taken.append(message)

    @property
    def keys(self) -> list[str]:
        return [message.key for message in self.taken]


def wall(moment: str, zone: ZoneInfo = PARIS) -> datetime:
    """ "2026-03-03 09:00" as the clock on a wall there shows it."""
    return datetime.fromisoformat(moment).replace(tzinfo=zone)


def live(trial: Trial, start: datetime, end: datetime, post: Post, minutes: int = 15) -> Counter[str]:
    """Tick ``remind`` from a moment until another; returns what was done."""
    done = Counter[str]()
    moment = start.timestamp()
    while moment < end.timestamp():
        trial.now = datetime.fromtimestamp(moment, start.tzinfo)
        done += ticks.remind(trial.study, trial.now, post)
        moment += timedelta(minutes=minutes).total_seconds()
    return done


def steps(trial: Trial, number: str, assessment: str = "") -> list[tuple[str, str, int, str]]:
    """The reminder entries about a participant: (kind, occurrence, rung, when it was due in Paris)."""
    found = []
    for entry in journal.of_participant(trial.study.store.read(), number):
        if entry.kind.startswith("reminder.") and (entry.occurrence or "").startswith(assessment):
            fact = fact_of(entry.line)
            at = datetime.fromisoformat(fact["at"]).astimezone(PARIS).strftime("%m-%d %H:%M")
            found.append((entry.kind.partition(".")[2], entry.occurrence or "", fact["rung"], at))
    return found


def calls(trial: Trial, number: str) -> list[tuple[str, str | None, list[str]]]:
    """The calls raised about a participant: (task, occurrence, days)."""
    entries = [entry for entry in journal.of_participant(trial.study.store.read(), number) if entry.kind == "call.raised"]
    facts = [(fact_of(entry.line), entry.occurrence) for entry in entries]
    return [(fact["task"], occurrence, fact.get("days", [])) for fact, occurrence in facts]


def wait_for(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Look until something has happened in another process; fails when it does not in time."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        pause.wait(0.01)
