"""What goes before a prescription: what is odd about it has to be meant so, and nobody prescribes on top of what they did not see."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from decimal import Decimal

from qol_server.intake import alerting
from qol_server.intake.record import record
from qol_server.intake.study import Study
from qol_server.state import participants
from qol_server.store import Row, Tx
from qol_server.trial import prescribing, problems, schedule
from qol_server.trial.facts import Kind
from qol_server.trial.participant import Participant, Prescription
from qol_server.trial.problems import Refused
from qol_server.trial.protocol import Protocol

A_YEAR = timedelta(days=366)


def must_be_as_seen(tx: Tx, number: str, seen: int | None) -> None:
    """Raises Refused(changed-meanwhile) where a participant's last prescription is not the one at the position ``seen``."""
    if seen is not None and last(participants.prescriptions(tx, number)) != seen:
        raise Refused(problems.CHANGED_MEANWHILE)


def last(history: Collection[Row]) -> int:
    """The position at which a participant's prescriptions last changed; 0 where there are none."""
    return max((position for row in history for position in (row["position"], row["corrected_by"] or 0)), default=0)


def must_be_meant(
    protocol: Protocol, participant: Participant, written: Prescription, now: datetime, confirmed: Collection[str] | None
) -> list[str]:
    """The doubts about a prescription, all of them confirmed; None asks about none. Raises Refused(unconfirmed, bad-value)."""
    today = schedule.local(now, participant.time_zone).date()
    if written.day > today + A_YEAR:
        raise Refused(problems.BAD_VALUE, f"{written.day} is more than a year ahead; today is {today} for this participant.")
    if confirmed is None:
        return []
    doubts = prescribing.doubts(participant, protocol.treatment, written, today)
    open_doubts = [{"what": str(doubt)} for doubt in doubts if doubt not in confirmed]
    if open_doubts:
        raise Refused(problems.UNCONFIRMED, errors=open_doubts)
    return [str(doubt) for doubt in doubts]


def correct(
    study: Study, number: str, position: int, day: date | None, *, actor: str, now: datetime, reason: str,
    confirmed: Collection[str] = (), seen: int | None = None,
) -> None:  # fmt: skip
    """A prescription that was written down with a wrong day holds from another one; None: it was never made.

    Raises Refused(bad-value, reason-needed, unconfirmed, changed-meanwhile).
    """
    if not reason.strip():
        raise Refused(problems.REASON_NEEDED)

    def work(tx: Tx) -> None:
        must_be_as_seen(tx, number, seen)
        row = next((one for one in participants.prescriptions(tx, number) if one["position"] == position), None)
        participant = participants.load(tx, number)
        if row is None or row["corrected_by"] is not None or participant is None:
            raise Refused(problems.BAD_VALUE, f"{number} has no prescription of position {position} that can be corrected.")
        doubts: list[str] = []
        if day is not None:
            written = Prescription(day, row["regimen"], Decimal(row["mg_per_day"]), row["intakes_per_day"], row["reason"])
            doubts = must_be_meant(study.protocol_in_force(tx), participant, written, now, confirmed)
        fact = {"corrects": position, "from": None if day is None else day.isoformat(), "confirmed": doubts}
        receipt = record(
            tx, study, Kind.PRESCRIPTION_CORRECTED, fact, actor=actor, now=now, participant=number, reason=reason.strip(), nth=position
        )
        alerting.look_again(tx, study, participant, receipt, now)

    study.store.write(work)
