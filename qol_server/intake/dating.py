"""Dates that were recorded by mistake are taken back, and what a date would change is told before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime

from qol_server.intake import alerting
from qol_server.intake.record import record
from qol_server.intake.study import Study
from qol_server.state import participants, responses
from qol_server.store import Tx
from qol_server.trial import problems, rescheduling, schedule
from qol_server.trial.facts import Kind
from qol_server.trial.participant import Participant
from qol_server.trial.problems import Refused

OF_ENROLMENT = ("consent", "inclusion")
"""Anchors that enrolment records; they are not taken back by themselves."""

As = Callable[[Participant], Participant]
"""A participant as they would be; one of ``trial.rescheduling``."""


def preview(study: Study, tx: Tx, participant: Participant, become: As) -> tuple[rescheduling.Change, ...]:
    """What would change in a participant's calendar, without changing it."""
    protocol = study.protocol_in_force(tx)
    before, after = (schedule.calendar(protocol, one, date.max) for one in (participant, become(participant)))
    answered = responses.answered(tx, participant.number).keys() | responses.under_review(tx, participant.number)
    return rescheduling.changes(before, after, answered)


def must_be_as_seen(known: Sequence[date], seen: Sequence[date] | None) -> None:
    """Raises Refused(changed-meanwhile) where the days that are known of something are not those that were seen; None: nobody looked."""
    if seen is not None and tuple(known) != tuple(seen):
        stands = ", ".join(map(str, known)) or "nothing"
        raise Refused(problems.CHANGED_MEANWHILE, f"Recorded is now: {stands}. Look at it again.")


def take_back_anchor(
    study: Study, number: str, anchor: str, *, actor: str, now: datetime, reason: str, seen: Sequence[date] | None = None
) -> None:
    """What was recorded last under ``anchor`` did not happen; the calendar is again what it was without it.

    ``seen``: the days that stood under it when that was decided: sent twice, it takes one of them back. Raises
    Refused(participant-unknown, bad-value, reason-needed, changed-meanwhile).
    """

    def work(tx: Tx) -> None:
        known = _participant(tx, number).anchors.get(anchor, ())
        if anchor in OF_ENROLMENT:
            raise Refused(problems.BAD_VALUE, f"{anchor} belongs to the enrolment and is not taken back.")
        must_be_as_seen(known, seen)
        if not known:
            raise Refused(problems.BAD_VALUE, f"There is no {anchor} of {number} to take back.")
        fact = {"anchor": anchor, "nth": len(known)}
        _record(tx, study, Kind.ANCHOR_REVOKED, fact, number, actor, now, reason, f"{anchor}/{len(known)}")

    study.store.write(work)


def take_back_withdrawal(
    study: Study, number: str, kind: str, *, actor: str, now: datetime, reason: str, seen: Sequence[date] | None = None
) -> None:
    """A withdrawal that was recorded by mistake. ``seen``: its day, as a sequence of one, when that was decided.

    Raises Refused(participant-unknown, bad-value, reason-needed, changed-meanwhile).
    """

    def work(tx: Tx) -> None:
        known = _participant(tx, number).withdrawals
        must_be_as_seen([known[kind]] if kind in known else [], seen)
        if kind not in known:
            raise Refused(problems.BAD_VALUE, f"There is no withdrawal of {kind!r} of {number} to take back.")
        _record(tx, study, Kind.WITHDRAWAL_REVOKED, {"kind": kind}, number, actor, now, reason, kind)

    study.store.write(work)


def _participant(tx: Tx, number: str) -> Participant:
    found = participants.load(tx, number)
    if found is None:
        raise Refused(problems.PARTICIPANT_UNKNOWN)
    return found


def _record(
    tx: Tx, study: Study, kind: Kind, fact: Mapping[str, object], number: str, actor: str, now: datetime, reason: str, what: str
) -> None:
    if not reason.strip():
        raise Refused(problems.REASON_NEEDED)
    nth, before = f"{what}/{study.head(tx).position}", _participant(tx, number)
    receipt = record(tx, study, kind, fact, actor=actor, now=now, participant=number, reason=reason.strip(), nth=nth)
    alerting.look_again(tx, study, before, receipt, now)
