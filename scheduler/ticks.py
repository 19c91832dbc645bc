"""What happens at a tick: each reads the state, asks the rules what is due at ``now``, and records what it did, once.

Every entry's id follows from what it says, so any number of clocks may tick at once, at any times, and be killed anywhere.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from qol_server import messaging
from qol_server.intake import casework, logins, looking
from qol_server.intake.record import record
from qol_server.intake.staff import open_staff
from qol_server.intake.study import Study, fact_of
from qol_server.settings import Settings
from qol_server.state import participants, reminders
from qol_server.store import Tx
from qol_server.trial import diary, watching
from qol_server.trial.facts import Kind
from qol_server.trial.schedule import local
from scheduler import seals
from scheduler.reminders import CLOCK
from scheduler.reminders import remind as remind

log = logging.getLogger(__name__)


# What did not happen


def watch(study: Study, now: datetime) -> Counter[str]:
    """Raise a call where doses were not reported for days, and where a visit is overdue and nobody was asked to call.

    Returns how many of each task. A silence is raised once, and again when it goes on for four weeks.
    """
    found = study.store.snapshot(lambda tx: [*_silences(tx, now), *_overdue(study, tx, now)])
    if not found:
        return Counter()

    def work(tx: Tx) -> Counter[str]:
        raised = Counter[str]()
        for who, about, nth, fact in found:
            if about is None or not reminders.was_called(tx, who, about):
                raised[str(fact["task"])] += _record(tx, study, Kind.CALL_RAISED, fact, who, about, nth, now)
        return raised

    return study.store.write(work)


Found = tuple[str, str | None, str, dict[str, object]]  # participant, occurrence, what tells it from others, fact


def _silences(tx: Tx, now: datetime) -> Iterator[Found]:
    day = now.date()
    for number in reminders.silent(tx, watching.UNKNOWN_DAYS, day - watching.LOOK_BACK, day):
        participant = participants.load(tx, number)
        if participant is None or not watching.may_be_called(participant, now):
            continue
        today = local(now, participant.time_zone).date()
        first = max([today - watching.LOOK_BACK, *participant.anchors.get("treatment_start", ())[:1]])
        lines, under_review = reminders.diary_days(tx, number, first, today)
        answers = {of: fact_of(line)["answers"] for of, line in lines.items()}
        days = diary.dose_days(participant, answers, first, today - timedelta(days=1))
        received = max(under_review, default=date.min)  # something was sent for that day, whatever it is worth
        silence = watching.silence([one for one in days if one.day > received], today)
        told = reminders.last_unknown_day(tx, number)
        if silence and (told is None or told < silence[0]):
            fact: dict[str, object] = {"task": "unknown-days", "days": [of.isoformat() for of in silence]}
            yield number, None, f"unknown-days/{silence[0]}", fact


def _record(
    tx: Tx, study: Study, kind: Kind, fact: dict[str, object], participant: str, occurrence: str | None, nth: str, now: datetime
) -> bool:
    found = record(tx, study, kind, fact, actor=CLOCK, now=now, participant=participant, occurrence=occurrence, nth=nth)
    return found is not None


def _overdue(study: Study, tx: Tx, now: datetime) -> Iterator[Found]:
    protocol = study.protocol_in_force(tx)
    for one in reminders.waiting(tx, now, closed_for=watching.OVERDUE_FOR):
        number = one.participant.number
        overdue = [each.occurrence for each in one.assignments if watching.is_overdue(each, one.participant, now)]
        if overdue and watching.may_be_called(one.participant, now):
            served = reminders.served(tx, protocol, number)
            for name in overdue:
                if name not in served and not reminders.was_called(tx, number, name):
                    yield number, name, "overdue", {"task": "overdue"}


# Scores, seals


def score(study: Study, now: datetime, settings: Settings) -> bool:
    """Score the responses that came since the last run, and journal the run; whether there were any."""
    views = looking.live(study, settings)
    try:
        return looking.score(study, views, now) is not None
    finally:
        views.store.close()


def seal(study: Study, now: datetime, settings: Settings) -> bool:
    """Sign the journal's head once a UTC day when it moved, and write it where it can be copied from; whether it did.

    Appends one line to ``seals/<study>.jsonl`` in the data folder, durably; a line that a crash kept from being written
    follows at the next tick.
    """

    def work(tx: Tx) -> bool:
        if not seals.has_moved(tx):
            return False
        head = study.signed_head(study.head(tx))
        return record(tx, study, Kind.JOURNAL_SEALED, head, actor=CLOCK, now=now, nth=now.date().isoformat()) is not None

    sealed = seals.has_moved(study.store.read()) and study.store.write(work)
    seals.copy_out(study, settings)
    return sealed


def seal_accounts(settings: Settings, now: datetime) -> None:
    """The same for the server's own journal, where there is one, after telling it the wrong tries that nobody's log-in told."""
    if not settings.server.exists():
        return
    staff = open_staff(settings, now)

    def work(tx: Tx) -> None:
        logins.tell_failures(staff, tx, now)
        if seals.has_moved(tx):
            staff.seal(tx, actor=CLOCK, now=now)

    staff.store.write(work)
    seals.copy_out(staff, settings)
    staff.store.close()


def tick_all(study: Study, now: datetime, settings: Settings, send: messaging.Send = messaging.send) -> Counter[str]:
    """All ticks of one study at once; returns what was done how often, by the words of each tick."""
    reminded, called = remind(study, now, send), watch(study, now)
    return (
        reminded
        + called
        + Counter(escalated=casework.escalate(study, now), scored=score(study, now, settings), sealed=seal(study, now, settings))
    )
