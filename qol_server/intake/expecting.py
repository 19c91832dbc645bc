"""What people say is usual for a participant: a level of a symptom, until a day or until somebody ends it earlier."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from qol_server.clock import stamp
from qol_server.intake.record import record
from qol_server.intake.study import Study
from qol_server.state import levels, participants
from qol_server.store import Tx
from qol_server.trial import problems
from qol_server.trial.facts import Kind
from qol_server.trial.instrument import Instrument, ItemType
from qol_server.trial.problems import Refused
from qol_server.trial.schedule import local

LONGEST_EXPECTED = timedelta(days=92)
"""An expected level is thought over at least so often."""


def expect(
    study: Study, number: str, item: str, level: int, until: date, *, reason: str, actor: str, now: datetime, form: str | None = None
) -> None:
    """Say that a level of an item is usual for a participant, up to and with a day. ``form``: the id of the form that it was typed
    into, if there was one: sent twice it says so once. Raises Refused(participant-unknown, bad-value, reason-needed)."""

    def work(tx: Tx) -> None:
        today = _today(tx, number, now)
        _check_level(study, tx, item, level)
        if not today <= until <= today + LONGEST_EXPECTED:
            raise Refused(problems.BAD_VALUE, f"The last day must lie within the next {LONGEST_EXPECTED.days} days; not {until}.")
        if not reason.strip():
            raise Refused(problems.REASON_NEEDED, "Say why this level is usual for the participant.")
        fact = {"item": item, "level": level, "until": until.isoformat()}
        record(
            tx, study, Kind.LEVEL_EXPECTED, fact, actor=actor, now=now, participant=number, reason=reason.strip(),
            nth=form or f"{item}/{level}/{until}/{stamp(now)}",
        )  # fmt: skip

    study.store.write(work)


def end(study: Study, number: str, expected: int, *, reason: str, actor: str, now: datetime) -> None:
    """End an expected level that is in force: from now on it explains nothing. ``expected``: position of the entry that says it,
    as the page showed it. Raises Refused(participant-unknown, changed-meanwhile, reason-needed)."""

    def work(tx: Tx) -> None:
        today = _today(tx, number, now)
        if not reason.strip():
            raise Refused(problems.REASON_NEEDED, "Say why the level is not usual any more.")
        if all(one.position != expected or one.until < today for one in levels.expected(tx, number)):
            raise Refused(problems.CHANGED_MEANWHILE, "This level is not in force any more: it was ended, replaced or has run out.")
        record(
            tx, study, Kind.LEVEL_ENDED, {"expected": expected}, actor=actor, now=now, participant=number, reason=reason.strip(),
            nth=expected,
        )  # fmt: skip

    study.store.write(work)


def _today(tx: Tx, number: str, now: datetime) -> date:
    """The participant's local day. Raises Refused(participant-unknown)."""
    participant = participants.load(tx, number)
    if participant is None:
        raise Refused(problems.PARTICIPANT_UNKNOWN, f"There is no participant {number}.")
    return local(now, participant.time_zone).date()


def _check_level(study: Study, tx: Tx, item: str, level: int) -> None:
    """The item exists in an instrument that the study asks at a time, and the level is one of its numbered choices.

    What is told whenever something happens has the same item for anything that may happen: no level of it is usual.
    """
    for instrument in _asked(study, tx):
        found = instrument.by_id.get(item)
        if found is not None and found.type is ItemType.CHOICE and level in found.codes:
            return
    raise Refused(problems.BAD_VALUE, f"{level} is no answer to {item!r} in a questionnaire that this study asks at a visit or daily.")


def _asked(study: Study, tx: Tx) -> list[Instrument]:
    names = sorted({assessment.instrument for assessment in study.protocol_in_force(tx).assessments.values() if not assessment.ad_hoc})
    versions = (study.current(tx, "instrument", name) for name in names)
    return [study.instrument(tx, version) for version in versions if version is not None]
