"""Concomitant medicines are recorded and changed, each judged by the protocol's rules; what is found needs a word on what was decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from qol_server.intake.conduct import the_participant
from qol_server.intake.record import record
from qol_server.intake.study import Study
from qol_server.state import medicines as kept
from qol_server.store import Tx
from qol_server.trial import medicines, problems, schedule
from qol_server.trial.facts import Kind
from qol_server.trial.medicines import Finding, Medicine
from qol_server.trial.problems import Refused


@dataclass(frozen=True, slots=True)
class Written:
    """A medicine as it is written down. ``deviation``: what was decided about what the rules have against it."""

    medicine: Medicine
    indication: str
    dose: str
    ongoing: bool
    deviation: str = ""


def findings(study: Study, tx: Tx, number: str, medicine: Medicine) -> tuple[Finding, ...]:
    """What the protocol's rules have against a medicine of a participant."""
    return medicines.findings(study.protocol_in_force(tx).concomitant_rules, medicine, the_participant(tx, number))


def write_down(study: Study, number: str, id_: str, written: Written, *, actor: str, now: datetime) -> None:
    """Record a medicine. ``id_`` is made with the form: what is sent twice is recorded once.

    Raises Refused(participant-unknown, bad-value); Refused(unconfirmed) where a rule finds something and ``deviation`` is empty.
    """

    def work(tx: Tx) -> None:
        fact = _fact(study, tx, number, id_, written, now)
        record(tx, study, Kind.MEDICINE_RECORDED, fact, actor=actor, now=now, participant=number, nth=id_)

    study.store.write(work)


def change(study: Study, number: str, id_: str, written: Written, *, actor: str, now: datetime, reason: str, seen: int) -> None:
    """Record what is known of a medicine now. ``seen``: the position that last said it, as it was looked at.

    Raises as ``write_down``; also Refused(reason-needed, changed-meanwhile).
    """
    if not reason.strip():
        raise Refused(problems.REASON_NEEDED)

    def work(tx: Tx) -> None:
        there = kept.one(tx, number, id_)
        if there is None or there["version"] != seen:
            raise Refused(problems.CHANGED_MEANWHILE)
        fact = _fact(study, tx, number, id_, written, now)
        record(tx, study, Kind.MEDICINE_CHANGED, fact, actor=actor, now=now, participant=number, reason=reason.strip(), nth=f"{id_}/{seen}")

    study.store.write(work)


def _fact(study: Study, tx: Tx, number: str, id_: str, written: Written, now: datetime) -> dict[str, Any]:
    medicine = written.medicine
    today = schedule.local(now, the_participant(tx, number).time_zone).date()
    if any(day is not None and day > today for day in (medicine.start, medicine.end)):
        raise Refused(problems.BAD_VALUE, f"A medicine's days do not lie in the future; today is {today} for this participant.")
    if medicine.start and medicine.end and medicine.end < medicine.start:
        raise Refused(problems.BAD_VALUE, f"{medicine.end} lies before {medicine.start}.")
    if written.ongoing and medicine.end:
        raise Refused(problems.BAD_VALUE, "What is still taken has no last day.")
    found = findings(study, tx, number, medicine)
    if found and not written.deviation.strip():
        raise Refused(problems.UNCONFIRMED, errors=[{"what": f"{each.rule.id}: {each.why}"} for each in found])
    return {
        "medicine": id_, "name": medicine.name, "code": medicine.code, "indication": written.indication, "purpose": str(medicine.purpose),
        "start": _text(medicine.start), "end": _text(medicine.end), "ongoing": written.ongoing, "dose": written.dose,
        "findings": [{"rule": each.rule.id, "why": str(each.why)} for each in found], "deviation": written.deviation.strip() or None,
    }  # fmt: skip


def _text(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
