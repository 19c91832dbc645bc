"""Answers that staff type for a participant, by telephone or from paper: they go through the phones' door, with its checks."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from qol_server import journal
from qol_server.intake.admit import Result, Typist, admit_typed
from qol_server.intake.course_shapes import AnswersTyped
from qol_server.intake.enrolling import must_be_included, the_participant
from qol_server.intake.examine import Line, examine_answers
from qol_server.intake.shapes import faults
from qol_server.intake.study import Study
from qol_server.state import feed, responses
from qol_server.store import Tx
from qol_server.trial import facts, problems
from qol_server.trial.facts import Kind
from qol_server.trial.instrument import Answers
from qol_server.trial.participant import Participant
from qol_server.trial.problems import Refused

_SHAPE = AnswersTyped()


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed. ``id`` is made with the form, so that it is stored once however often it is sent.

    ``answered``: when the participant answered, aware, as the wall showed it there. ``supersedes``: the response that this one
    corrects, with the ``reason``.
    """

    id: str
    occurrence: str
    instrument: str
    version: str
    wording: str | None
    language: str
    mode: str  # telephone, paper
    by: str  # participant, proxy, staff
    answered: datetime
    time_zone: str
    answers: Answers
    scan: str = ""
    supersedes: str | None = None
    reason: str = ""


def enter(study: Study, number: str, typed: Typed, *, actor: str, now: datetime) -> Result:
    """Store what was typed; what cannot be used is kept for review, as a phone's would be.

    Raises Refused(bad-request, reason-needed, changed-meanwhile): a colleague typed the same assessment meanwhile, the corrected
    response is not the current one or not typed here, or other answers were sent under the same id. Raises also
    Refused(participant-unknown, not-eligible, bad-value) before inclusion and consent.
    """
    if typed.supersedes and not typed.reason:
        raise Refused(problems.REASON_NEEDED)

    def work(tx: Tx) -> Result:
        _must_be_asked(the_participant(tx, number), typed.answered)
        roster = feed.roster(tx, number)
        protocol = study.protocol_in_force(tx).version
        fact = _fact(typed, protocol)
        if wrong := _SHAPE.validate(fact):
            raise Refused(problems.BAD_REQUEST, errors=faults(wrong))
        raw = facts.canonical(fact)
        line = Line(1, raw, hashlib.sha256(raw).digest(), fact, id=typed.id)
        stored = journal.stored(tx, number, [typed.id])
        if not stored:
            _must_stand(tx, number, typed)
        elif stored[typed.id][0] != line.body:
            raise Refused(problems.CHANGED_MEANWHILE)
        examine_answers(study, tx, line, fact)
        identity = facts.server_id(study.slug, Kind.ENTRY_QUARANTINED, number, None, line.body.hex())
        if journal.has(tx, Kind.ENTRY_QUARANTINED, number, identity):
            return Result(1, typed.id, "quarantined")
        typist = Typist(number, protocol, roster["enrolled_at"], roster["ended_on"])
        return admit_typed(tx, study, typist, line, actor=actor, now=now)

    return study.store.write(work)


def _must_be_asked(participant: Participant, answered: datetime) -> None:
    """Nothing is collected before the consent, nor of somebody who is not included. Raises Refused(not-eligible, bad-value)."""
    must_be_included(participant)
    first = min(participant.anchors["consent"])
    if answered.date() < first:
        raise Refused(problems.BAD_VALUE, f"The consent of {participant.number} is of {first}; nothing is collected before it.")


def _must_stand(tx: Tx, number: str, typed: Typed) -> None:
    """What is corrected is the current response and was typed; what is new is not on top of what a colleague has typed."""
    standing = responses.standing(tx, number, typed.occurrence)
    is_typed = standing is not None and standing["actor"].startswith("staff:")
    if typed.supersedes is not None and (standing is None or standing["id"] != typed.supersedes or not is_typed):
        raise Refused(problems.CHANGED_MEANWHILE)
    if typed.supersedes is None and is_typed:
        raise Refused(problems.CHANGED_MEANWHILE)


def _fact(typed: Typed, protocol: str) -> dict[str, Any]:
    return {
        "id": typed.id, "kind": str(Kind.RESPONSE_GIVEN), "captured_at": typed.answered.isoformat(timespec="seconds"),
        "time_zone": typed.time_zone, "occurrence": typed.occurrence, "instrument": typed.instrument, "version": typed.version,
        "wording": typed.wording, "protocol": protocol, "language": typed.language, "mode": typed.mode, "by": typed.by,
        "answers": dict(typed.answers), "supersedes": typed.supersedes, "reason": typed.reason or None, "scan": typed.scan or None,
    }  # fmt: skip
