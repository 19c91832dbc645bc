"""The tick that reminds: it claims one message, hands it to its channel, records what became of it, and takes the next.

A message is judged in the transaction that claims it, right before it leaves. So none is claimed twice, whatever the number of
clocks, and none once an answer was received. Of one that a crash left open nobody knows whether it was sent: it never is again.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from qol_server import logs, messaging
from qol_server.clock import stamp
from qol_server.intake.record import record
from qol_server.intake.study import Study
from qol_server.state import ledger, participants, reminders
from qol_server.store import Row, Tx
from qol_server.trial import facts, reminding
from qol_server.trial.facts import Kind
from qol_server.trial.reminding import Outcome, Reminder
from qol_server.trial.watching import Task

log = logging.getLogger(__name__)

CLOCK = "clock"
UNKNOWN_AFTER = timedelta(hours=1)
"""How long a message may be on its way. One of which nothing is known for longer counts as failed: it may have been sent."""
UNKNOWN = "the outcome is unknown"
NOT_DUE = "it is not due any more"


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one message: the kind of entry that says so, why, and of a deferred one until when."""

    of: Reminder
    kind: Kind
    why: str | None = None
    until: datetime | None = None


def remind(study: Study, now: datetime, send: messaging.Send = messaging.send) -> Counter[str]:
    """Send the messages and raise the call tasks that are due; returns how many were called, sent, deferred, failed, cancelled.

    Where a channel fails, the next one of the rung follows at once.
    """
    done = Counter[str]()
    settled = [Fate(one, Kind.REMINDER_FAILED, UNKNOWN) for one in _lost(study, now)] + _given_up(study, now)
    if settled:
        study.store.write(lambda tx: [_settle(study, tx, fate, now) for fate in settled])
        done.update(_word(fate) for fate in settled)
    while found := study.store.snapshot(lambda tx: list(_due(study, tx, now))):
        tasks = [one for one in found if one.is_task]
        if tasks:
            called = study.store.write(lambda tx, tasks=tasks: [_call(study, tx, one, now) for one in tasks])  # type: ignore[misc]
            done["called"] += sum(called)
        fates = _send(study, [one for one in found if not one.is_task], now, send)
        done.update(_word(fate) for fate in fates)
        if not any(fate.kind is Kind.REMINDER_FAILED for fate in fates):
            break
    return done


def _word(fate: Fate) -> str:
    return fate.kind.partition(".")[2]


def _send(study: Study, messages: Iterable[Reminder], now: datetime, send: messaging.Send) -> list[Fate]:
    """Claim, send and settle message by message; what became of one is recorded in the commit that claims the next."""
    fates: list[Fate] = []
    last: Fate | None = None

    def step(tx: Tx, one: Reminder | None, before: Fate | None) -> messaging.Message | None:
        if before is not None:
            _settle(study, tx, before, now)
        return None if one is None else _claim(study, tx, one, now)

    try:
        for one in messages:
            message = study.store.write(lambda tx, one=one, last=last: step(tx, one, last))  # type: ignore[misc]
            last = None
            if message is not None:
                last = _deliver(one, message, now, send)
                fates.append(last)
    finally:
        if last is not None:
            unsettled = last
            study.store.write(lambda tx: step(tx, None, unsettled))
    return fates


def _due(study: Study, tx: Tx, now: datetime, only: str | None = None) -> Iterator[Reminder]:
    protocol = study.protocol_in_force(tx)
    for one in reminders.waiting(tx, now, only=only):
        if reminding.due(protocol, one.participant, one.assignments, one.ledger, (), now, one.since):
            served = reminders.served(tx, protocol, one.participant.number)
            found = reminding.due(protocol, one.participant, one.assignments, one.ledger, served, now, one.since)
            yield from (each for each in found if not _is_told_already(tx, each))


def _is_told_already(tx: Tx, one: Reminder) -> bool:
    """Whether the call is there already: after an outage ``watch`` and the ladder find the same visit."""
    return one.is_task and reminders.was_called(tx, one.participant, one.occurrence)


def _call(study: Study, tx: Tx, one: Reminder, now: datetime) -> bool:
    """Raise a call; False where another clock was first, or nobody wants it any more."""
    fact = {"task": Task.OVERDUE, "rung": one.rung}
    return one in _due(study, tx, now, one.participant) and _record(study, tx, Kind.CALL_RAISED, fact, one, now)


def _claim(study: Study, tx: Tx, one: Reminder, now: datetime) -> messaging.Message | None:
    """Record a message as intended, which makes it this clock's to send; None where it is not due any more."""
    if one not in _due(study, tx, now, one.participant):
        return None
    _record(study, tx, Kind.REMINDER_INTENDED, _step(one), one, now)
    participant = participants.load(tx, one.participant)
    assert participant is not None, "it is due"  # noqa: S101
    key = facts.server_id(study.slug, Kind.REMINDER_INTENDED, one.participant, one.occurrence, f"{one.rung}/{one.channel}")
    return messaging.Message(one.channel, one.participant, participant.language, key, one.occurrence)


def _deliver(one: Reminder, message: messaging.Message, now: datetime, send: messaging.Send) -> Fate:
    """Hand a message to its channel; whatever the channel raises, the other messages go out."""
    try:
        send(message)
    except messaging.NotTaken as busy:
        until = reminding.next_try(one, now, busy.wait)
        if until is not None:
            return Fate(one, Kind.REMINDER_DEFERRED, busy.why, until)
        return Fate(one, Kind.REMINDER_FAILED, busy.why)
    except messaging.Undeliverable as refused:
        return Fate(one, Kind.REMINDER_FAILED, refused.why)
    except Exception as failure:
        logs.log_failure(log, f"what became of the message {message.key} by {message.channel} is unknown", failure)
        return Fate(one, Kind.REMINDER_FAILED, UNKNOWN)
    return Fate(one, Kind.REMINDER_SENT)


def _settle(study: Study, tx: Tx, fate: Fate, now: datetime) -> bool:
    """Record what became of a message; False where that was recorded before."""
    stands = ledger.outcome(tx, fate.of.identity)
    if stands is not (Outcome.DEFERRED if fate.kind is Kind.REMINDER_CANCELLED else Outcome.INTENDED):
        return False
    until = {} if fate.until is None else {"until": stamp(fate.until)}
    return _record(study, tx, fate.kind, _step(fate.of) | until, fate.of, now, fate.why)


def _record(study: Study, tx: Tx, kind: Kind, fact: dict[str, object], one: Reminder, now: datetime, why: str | None = None) -> bool:
    nth = f"{one.rung}/{one.channel}" if one.nth == 1 else f"{one.rung}/{one.channel}/{one.nth}"
    found = record(tx, study, kind, fact, actor=CLOCK, now=now, participant=one.participant, occurrence=one.occurrence, reason=why, nth=nth)
    return found is not None


def _step(one: Reminder) -> dict[str, object]:
    return {"rung": one.rung, "channel": one.channel, "at": stamp(one.at)}


def _lost(study: Study, now: datetime) -> list[Reminder]:
    return [_reminder(row) for row in ledger.without_outcome(study.store.read(), stamp(now - UNKNOWN_AFTER))]


def _given_up(study: Study, now: datetime) -> list[Fate]:
    """Messages that could be tried again by now and are not due: answered, ended, closed, lapsed, or a later rung has come."""
    found: list[Fate] = []
    for row in ledger.deferred(study.store.read(), until=stamp(now)):
        one, tx = _reminder(row), study.store.read()
        participant = participants.load(tx, one.participant)
        assert participant is not None, "somebody is reminded"  # noqa: S101
        is_quiet = reminding.after_quiet(study.protocol_in_force(tx).quiet_hours, now, participant) > now
        is_due = one.identity in {each.identity for each in _due(study, tx, now, one.participant)}
        if not is_quiet and not is_due:
            found.append(Fate(one, Kind.REMINDER_CANCELLED, NOT_DUE))
    return found


def _reminder(row: Row) -> Reminder:
    return Reminder(
        row["participant"], row["occurrence"], row["rung"], row["channel"], False, datetime.fromisoformat(row["at"]), row["tries"]
    )
