"""What people do with adverse events: prepare one, change it, sign it, withdraw what was entered in error."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from qol_server import journal
from qol_server.clock import stamp
from qol_server.intake import reporting
from qol_server.intake.conduct import the_participant
from qol_server.intake.record import is_done, record
from qol_server.intake.reporting import Made
from qol_server.intake.study import Study
from qol_server.library import terminology
from qol_server.state import adverse_events, cases, past
from qol_server.state.adverse_events import Recorded
from qol_server.store import Tx
from qol_server.trial import facts, problems, schedule
from qol_server.trial.adverse_events import AdverseEvent, Mistake, Serious, find, mistakes
from qol_server.trial.facts import Kind
from qol_server.trial.participant import Participant
from qol_server.trial.problems import Refused
from qol_server.trial.seriousness import may_be_reported

DICTIONARY = "CTCAE 5.0"
_BY_PEOPLE = (
    Kind.ADVERSE_EVENT_CHANGED, Kind.ADVERSE_EVENT_SIGNED, Kind.ADVERSE_EVENT_WITHDRAWN, Kind.SERIOUSNESS_REPORTED,
)  # fmt: skip
RELATIONS = ("not_related", "related")
"""Where the study's file has no list ``relation`` under ``reasons``."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where it was noticed: ``given`` is the position of a response, ``case`` a case of the participant."""

    given: int | None = None
    case: str | None = None


def relations(study: Study, tx: Tx) -> tuple[str, ...]:
    """The words for how it is related to the study drug."""
    return study.protocol_in_force(tx).reasons.get("relation", RELATIONS)


def review(study: Study, tx: Tx, participant: Participant, event: AdverseEvent, now: datetime) -> tuple[Mistake, ...]:
    """What does not fit together in an adverse event that is about to be recorded."""
    deaths = participant.anchors.get("death", ())
    if "death" not in study.protocol_in_force(tx).anchors:  # a study that does not ask for it
        deaths = () if event.end is None else (event.end,)
    return mistakes(
        event,
        terminology.terms(DICTIONARY),
        relations=relations(study, tx),
        death=deaths[-1] if deaths else None,
        today=_local_day(now, participant),
        aware_on=None if event.aware_at is None else _local_day(event.aware_at, participant),
        now=now,
    )


def _local_day(moment: datetime, participant: Participant) -> date:
    return schedule.local(moment, participant.time_zone).date()


def prepare(study: Study, number: str, event: AdverseEvent, origin: Origin, *, form: str, actor: str, now: datetime) -> str:
    """Record an adverse event; returns its id. ``form``: the id of the form that it was typed into: sent twice it makes one.

    Raises Refused(participant-unknown, adverse-event-wrong, bad-value)."""

    def work(tx: Tx) -> str:
        ae = facts.server_id(study.slug, Kind.ADVERSE_EVENT_RECORDED, number, None, form)
        if is_done(tx, study, [Kind.ADVERSE_EVENT_RECORDED], number, form):
            return ae
        content = _content(study, tx, number, event, origin, now)
        record(tx, study, Kind.ADVERSE_EVENT_RECORDED, {"ae": ae} | content, actor=actor, now=now, participant=number, nth=form)
        return ae

    return study.store.write(work)


def change(
    study: Study, ae: str, event: AdverseEvent, *, reason: str, seen: int, actor: str, now: datetime, form: str | None = None
) -> None:
    """Record it anew, whole; a signature is broken by it. ``seen``: its version as the page showed it; ``form``: the id of the form
    that it was done with, if there was one.

    Raises Refused(adverse-event-unknown, adverse-event-changed, adverse-event-wrong, reason-needed, bad-value).
    """

    def work(tx: Tx, there: Recorded) -> None:
        content = _content(study, tx, there.participant, event, Origin(there.given, there.case), now)
        if adverse_events.content(content) == there.event:
            raise Refused(problems.BAD_VALUE, "Nothing was changed.")
        _step(tx, study, there, Kind.ADVERSE_EVENT_CHANGED, content, actor, now, _reason(reason), form=form)

    _with(study, ae, seen, work, form)


def sign(study: Study, ae: str, *, meaning: str, seen: int, actor: str, now: datetime, form: str | None = None) -> None:
    """Make it an adverse event in the data. ``meaning``: what whoever signs read when they did.

    What was recorded is judged again: a day of death may have become known. Raises as ``change`` does.
    """

    def work(tx: Tx, there: Recorded) -> None:
        if there.signed is not None:
            raise Refused(problems.ADVERSE_EVENT_CHANGED, f"It was signed by {there.signed_by}.")
        _must_fit(review(study, tx, the_participant(tx, there.participant), there.event, now))
        entry = journal.one(tx, there.content)
        assert entry is not None, "the state is folded from it"  # noqa: S101
        fact = {"content": there.content, "body": hashlib.sha256(entry.line).hexdigest(), "meaning": meaning}
        _step(tx, study, there, Kind.ADVERSE_EVENT_SIGNED, fact, actor, now, form=form)

    _with(study, ae, seen, work, form)


def report(study: Study, ae: str, made: Made, *, seen: int, actor: str, now: datetime, form: str | None = None) -> None:
    """Record that a serious one was reported to the sponsor: its clock ends, and with it that of the case it comes from, where that
    was known by then and waits for its report. Raises Refused(adverse-event-unknown, adverse-event-changed, bad-value)."""

    def work(tx: Tx, there: Recorded) -> None:
        if there.report is None:
            raise Refused(problems.ADVERSE_EVENT_CHANGED, "Nobody says that it is serious. Look at it again.")
        fact = {"ae": there.ae} | reporting.fact(there.report, made, now)
        case = None if there.case is None else cases.case(tx, there.case)
        if case is not None and case.serious is not None and may_be_reported(case.serious, made.at, now):
            fact["case"] = case.id
        _step(tx, study, there, Kind.SERIOUSNESS_REPORTED, fact, actor, now, form=form)

    _with(study, ae, seen, work, form)


def withdraw(study: Study, ae: str, *, reason: str, seen: int, actor: str, now: datetime, form: str | None = None) -> None:
    """Say that it was entered in error. Raises Refused(adverse-event-unknown, adverse-event-changed, reason-needed)."""

    def work(tx: Tx, there: Recorded) -> None:
        _step(tx, study, there, Kind.ADVERSE_EVENT_WITHDRAWN, {}, actor, now, _reason(reason), form=form)

    _with(study, ae, seen, work, form)


def _content(study: Study, tx: Tx, number: str, event: AdverseEvent, origin: Origin, now: datetime) -> dict[str, Any]:
    participant = the_participant(tx, number)
    _must_fit(review(study, tx, participant, event, now))
    term = find(terminology.terms(DICTIONARY), event.term)
    assert term is not None, "it was just judged"  # noqa: S101
    given = None if origin.given is None else past.began(tx, origin.given)
    if origin.given is not None and (given is None or given["participant"] != number):
        raise Refused(problems.BAD_VALUE, f"{number} has no response at position {origin.given}.")
    case = None if origin.case is None else cases.case(tx, origin.case)
    if origin.case is not None and (case is None or case.participant != number):
        raise Refused(problems.BAD_VALUE, f"{number} has no case {origin.case}.")
    return {
        "dictionary": DICTIONARY, "term": term.name, "grade": event.grade, "words": event.words.strip(), "start": event.start.isoformat(),
        "end": None if event.end is None else event.end.isoformat(), "relation": event.relation, "action": str(event.action),
        "outcome": str(event.outcome), "serious": [str(each) for each in Serious if each in event.serious],
        "aware_at": None if event.aware_at is None else stamp(event.aware_at), "given": origin.given, "case": origin.case,
    }  # fmt: skip


def _must_fit(wrong: tuple[Mistake, ...]) -> None:
    if wrong:
        told = [{"where": one.where, "what": " ".join((one.what.replace("_", " "), *one.values.values()))} for one in wrong]
        raise Refused(problems.ADVERSE_EVENT_WRONG, "; ".join(f"{each['where']}: {each['what']}" for each in told), errors=told)


def _reason(reason: str) -> str:
    if not reason.strip():
        raise Refused(problems.REASON_NEEDED)
    return reason.strip()


def _with(study: Study, ae: str, seen: int, work: Callable[[Tx, Recorded], None], form: str | None) -> None:
    """Do something with one that is still as it was seen, and that was not withdrawn; a form that is sent twice is done once."""

    def check(tx: Tx) -> None:
        there = adverse_events.one(tx, ae)
        if there is None:
            raise Refused(problems.ADVERSE_EVENT_UNKNOWN)
        if is_done(tx, study, _BY_PEOPLE, there.participant, form):
            return
        if there.version != seen:
            raise Refused(problems.ADVERSE_EVENT_CHANGED)
        if there.withdrawn is not None:
            raise Refused(problems.ADVERSE_EVENT_CHANGED, "It was withdrawn.")
        work(tx, there)

    study.store.write(check)


def _step(
    tx: Tx, study: Study, there: Recorded, kind: Kind, fact: dict[str, Any], actor: str, now: datetime, reason: str | None = None,
    *, form: str | None,
) -> None:  # fmt: skip
    record(
        tx, study, kind, {"ae": there.ae} | fact, actor=actor, now=now, participant=there.participant, reason=reason,
        nth=form or f"{there.ae}/{there.version}",
    )  # fmt: skip
