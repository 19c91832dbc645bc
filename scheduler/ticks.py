"""What happens at a tick: each reads the state, asks the rules what is due at ``now``, and records what it did, once.

Every entry's id follows from what it says, so any number of clocks may tick at once, at any times, and be killed anywhere.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from qol_server import logs, messaging
from qol_server.clock import stamp
from qol_server.intake import casework, logins, looking
from qol_server.intake.record import record
from qol_server.intake.staff import open_staff
from qol_server.intake.study import Study, fact_of
from qol_server.settings import Settings
from qol_server.state import participants, reminders
from qol_server.store import Tx
from qol_server.trial import diary, facts, reminding, watching
from qol_server.trial.facts import Kind
from qol_server.trial.reminding import Reminder
from qol_server.trial.schedule import local
from scheduler import seals

log = logging.getLogger(__name__)

CLOCK = "clock"  # the actor of all that is recorded here
OUTCOMES = 20  # messages whose outcomes share one commit
UNKNOWN_AFTER = timedelta(hours=1)
"""How long a message may be on its way. One of which nothing is known for longer counts as failed: it may have been sent."""


# Reminders


def remind(study: Study, now: datetime, send: messaging.Send = messaging.send) -> Counter[str]:
    """Send the messages and raise the call tasks that are due; returns how many were called, sent, cancelled or failed.

    All are recorded as intended in one commit, and whoever's commit that was sends them. Each is judged again right before
    it is sent. What was intended and has no outcome is never sent again: nobody knows whether it was.
    """
    done = Counter[str]()
    lost = _lost(study, now)
    if lost:
        done["failed"] = _settle(study, [(one, Kind.REMINDER_FAILED, "the outcome is unknown") for one in lost], now)
    found = study.store.snapshot(lambda tx: list(_due(study, tx, now)))
    if not found:
        return done
    claimed = study.store.write(lambda tx: [one for one in found if _claim(study, tx, one, now)])
    done["called"] += sum(one.is_task for one in claimed)
    messages = [one for one in claimed if not one.is_task]
    for start in range(0, len(messages), OUTCOMES):
        outcomes = [(one, *_deliver(study, one, now, send)) for one in messages[start : start + OUTCOMES]]
        _settle(study, outcomes, now)
        done.update(kind.partition(".")[2] for _, kind, _ in outcomes)
    return done


def _due(study: Study, tx: Tx, now: datetime) -> Iterator[Reminder]:
    protocol = study.protocol_in_force(tx)
    for one in reminders.waiting(tx, now):
        if reminding.due(protocol, one.participant, one.assignments, one.ledger, (), now, one.since):
            served = reminders.served(tx, protocol, one.participant.number)
            found = reminding.due(protocol, one.participant, one.assignments, one.ledger, served, now, one.since)
            yield from (each for each in found if not _is_told_already(tx, each))


def _claim(study: Study, tx: Tx, one: Reminder, now: datetime) -> bool:
    """Record a reminder as intended, or its call as raised; False where another clock was first, or nobody wants the call."""
    nth = f"{one.rung}/{one.channel}"
    if not one.is_task:
        return _record(tx, study, Kind.REMINDER_INTENDED, _step(one), one.participant, one.occurrence, nth, now)
    if _is_told_already(tx, one) or not _is_wanted(study, tx, one, now):
        return False
    return _record(tx, study, Kind.CALL_RAISED, {"task": "call", "rung": one.rung}, one.participant, one.occurrence, nth, now)


def _is_told_already(tx: Tx, one: Reminder) -> bool:
    """Whether ``watch`` raised the call before the ladder could: after an outage both find the same visit."""
    return one.is_task and reminders.was_called(tx, one.participant, one.occurrence, "overdue")


def _record(
    tx: Tx, study: Study, kind: Kind, fact: dict[str, object], participant: str, occurrence: str | None, nth: str, now: datetime
) -> bool:
    found = record(tx, study, kind, fact, actor=CLOCK, now=now, participant=participant, occurrence=occurrence, nth=nth)
    return found is not None


def _step(one: Reminder) -> dict[str, object]:
    return {"rung": one.rung, "channel": one.channel, "at": stamp(one.at)}


def _is_wanted(study: Study, tx: Tx, one: Reminder, now: datetime) -> bool:
    protocol = study.protocol_in_force(tx)
    waiting = reminders.waiting(tx, now, only=one.participant)
    if not any(reminding.still_due(one, protocol, each.participant, each.assignments, (), now) for each in waiting):
        return False
    served = reminders.served(tx, protocol, one.participant)
    return any(reminding.still_due(one, protocol, each.participant, each.assignments, served, now) for each in waiting)


def _deliver(study: Study, one: Reminder, now: datetime, send: messaging.Send) -> tuple[Kind, str | None]:
    """Judge a message once more and send it; returns what became of it, and why."""
    tx = study.store.read()
    if reminders.outcome(tx, one.identity) != "intended" or not _is_wanted(study, tx, one, now):
        return Kind.REMINDER_CANCELLED, None
    participant = participants.load(tx, one.participant)
    assert participant is not None, "it is still wanted"  # noqa: S101
    key = facts.server_id(study.slug, Kind.REMINDER_INTENDED, one.participant, one.occurrence, f"{one.rung}/{one.channel}")
    try:
        send(messaging.Message(one.channel, one.participant, participant.language, key, one.occurrence))
    except Exception as failure:  # whatever a channel raises, the other messages go out
        logs.log_failure(log, f"the message {key} by {one.channel} failed", failure)
        return Kind.REMINDER_FAILED, type(failure).__name__
    return Kind.REMINDER_SENT, None


def _settle(study: Study, outcomes: list[tuple[Reminder, Kind, str | None]], now: datetime) -> int:
    """Record what became of messages, in one commit and once each; returns how many were not settled yet."""

    def work(tx: Tx) -> int:
        settled = 0
        for one, kind, why in outcomes:
            if reminders.outcome(tx, one.identity) == "intended":
                nth = f"{one.rung}/{one.channel}"
                record(
                    tx, study, kind, _step(one), actor=CLOCK, now=now, participant=one.participant, occurrence=one.occurrence,
                    reason=why, nth=nth,
                )  # fmt: skip
                settled += 1
        return settled

    return study.store.write(work)


def _lost(study: Study, now: datetime) -> list[Reminder]:
    rows = reminders.without_outcome(study.store.read(), stamp(now - UNKNOWN_AFTER))
    return [
        Reminder(row["participant"], row["occurrence"], row["rung"], row["channel"], False, datetime.fromisoformat(row["at"]))
        for row in rows
    ]


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
