"""What people do with cases: look after one, resolve it; and what the clock does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from qol_server.clock import stamp
from qol_server.intake import conduct, reporting
from qol_server.intake.case_shapes import LONGEST_NOTE
from qol_server.intake.record import is_done, record
from qol_server.intake.reporting import Made
from qol_server.intake.study import Study
from qol_server.state import cases
from qol_server.store import Tx
from qol_server.trial import problems, seriousness
from qol_server.trial.adverse_events import Serious
from qol_server.trial.cases import Case, State, Way, rungs, steps_due
from qol_server.trial.facts import Kind
from qol_server.trial.problems import Refused
from qol_server.trial.seriousness import Report

CLOCK = "clock"
_BY_PEOPLE = (
    Kind.CASE_ACKNOWLEDGED, Kind.CASE_ASSIGNED, Kind.CASE_CONTACTED, Kind.CASE_NOTED, Kind.CASE_ADVISED, Kind.CASE_RESOLVED,
    Kind.SERIOUSNESS_STATED, Kind.SERIOUSNESS_RETRACTED, Kind.SERIOUSNESS_REPORTED,
)  # fmt: skip


def acknowledge(study: Study, case: str, *, seen: int, actor: str, now: datetime, form: str | None = None) -> None:
    """Take a case. ``seen``: its version as the page showed it; ``form``: the id of the form that it was done with, if there was one.
    Raises Refused(case-unknown, case-changed)."""

    def work(tx: Tx, there: Case) -> None:
        if there.state is not State.RAISED:
            raise Refused(problems.CASE_CHANGED, _stands(there))
        _step(tx, study, there, Kind.CASE_ACKNOWLEDGED, {}, actor, now, form=form)

    _with(study, case, seen, work, form)


def resolve(
    study: Study, case: str, *, seen: int, action: str, outcome: str, reason: str, actor: str, now: datetime, form: str | None = None
) -> None:
    """Be done with a case. Raises Refused(case-unknown, case-changed, bad-value, reason-needed).

    ``action``, ``outcome``: codes of the study's file, under ``reasons``.
    """

    def work(tx: Tx, there: Case) -> None:
        reasons = study.protocol_in_force(tx).reasons
        for code, codes in ((action, reasons.get("case_action", ())), (outcome, reasons.get("case_outcome", ()))):
            if code not in codes:
                raise Refused(problems.BAD_VALUE, f"{code!r} is not in the study's file; there are {', '.join(codes) or 'none'}.")
        if not reason.strip():
            raise Refused(problems.REASON_NEEDED, "Say in a few words why the case can be closed.")
        _must_be_open(there)
        if there.serious is not None and there.serious.reported_at is None:
            raise Refused(problems.REPORT_DUE, "The case is serious and no report of it is recorded. Record it, or take the word back.")
        _step(tx, study, there, Kind.CASE_RESOLVED, {"action": action, "outcome": outcome}, actor, now, reason.strip(), form=form)

    _with(study, case, seen, work, form)


def assign(
    study: Study, case: str, *, seen: int, owner: str, actor: str, now: datetime, reason: str | None = None, form: str | None = None
) -> None:
    """Take a case over, or hand it to a colleague; ``owner``: the actor who looks after it from now on, of whom the caller knows
    that they may. A case that nobody acknowledged still waits for that. Raises Refused(case-unknown, case-changed)."""

    def work(tx: Tx, there: Case) -> None:
        _must_be_open(there)
        if there.owner == owner:
            raise Refused(problems.CASE_CHANGED, _stands(there))
        _step(tx, study, there, Kind.CASE_ASSIGNED, {"owner": owner}, actor, now, reason, form=form)

    _with(study, case, seen, work, form)


def contact(
    study: Study, case: str, *, seen: int, channel: Way, reached: bool, note: str, actor: str, now: datetime, form: str | None = None
) -> None:
    """Log an attempt to reach the participant. Raises Refused(case-unknown, case-changed, bad-value)."""
    _must_fit(note)
    fact = {"channel": str(channel), "reached": reached, "note": note.strip()}
    _with(study, case, seen, lambda tx, there: _step(tx, study, there, Kind.CASE_CONTACTED, fact, actor, now, form=form), form)


def note(study: Study, case: str, *, seen: int, note: str, actor: str, now: datetime, form: str | None = None) -> None:
    """Write a note on a case. Raises Refused(case-unknown, case-changed, bad-value)."""
    _must_fit(note, least=1)
    _with(
        study, case, seen, lambda tx, there: _step(tx, study, there, Kind.CASE_NOTED, {"note": note.strip()}, actor, now, form=form), form
    )


def advise(study: Study, case: str, *, seen: int, text: str, actor: str, now: datetime, form: str | None = None) -> str:
    """Send the participant a message about what the case rests on; returns its id, "" where the form was sent before.

    Raises Refused(case-unknown, case-changed, bad-value, not-contacted).
    """
    sent: list[str] = []

    def work(tx: Tx, there: Case) -> None:
        about = cases.given_id(tx, there.id)
        sent.append(conduct.write_message(tx, study, there.participant, text, actor=actor, now=now, about=about))
        _step(tx, study, there, Kind.CASE_ADVISED, {"message": sent[0]}, actor, now, form=form)

    _with(study, case, seen, work, form)
    return sent[0] if sent else ""


# Seriousness


def state_serious(
    study: Study, case: str, *, seen: int, criterion: Serious, aware_at: datetime, actor: str, now: datetime, form: str | None = None
) -> None:
    """Say that a case is serious, or say it anew; a case that was resolved is open again. ``aware_at``: when the site came to know.

    The clock counts from the earliest that was ever said. Raises Refused(case-unknown, case-changed, bad-value).
    """

    def work(tx: Tx, there: Case) -> None:
        if not seriousness.may_have_known(aware_at, now):
            raise Refused(problems.BAD_VALUE, f"Nobody can have known at {stamp(aware_at)} already; it is {stamp(now)}.")
        fact = {"criterion": str(criterion), "aware_at": stamp(aware_at)}
        _step(tx, study, there, Kind.SERIOUSNESS_STATED, fact, actor, now, form=form)

    _with(study, case, seen, work, form)


def retract_serious(study: Study, case: str, *, seen: int, reason: str, actor: str, now: datetime, form: str | None = None) -> None:
    """Take back that a case is serious, and with it the report that was recorded of it.

    Raises Refused(case-unknown, case-changed, reason-needed).
    """

    def work(tx: Tx, there: Case) -> None:
        _must_be_serious(there)
        if not reason.strip():
            raise Refused(problems.REASON_NEEDED, "Say why it is not serious after all.")
        _step(tx, study, there, Kind.SERIOUSNESS_RETRACTED, {}, actor, now, reason.strip(), form=form)

    _with(study, case, seen, work, form)


def report_serious(study: Study, case: str, made: Made, *, seen: int, actor: str, now: datetime, form: str | None = None) -> None:
    """Record that what is serious was reported: its clock ends, and that of the adverse events that were recorded of the case and
    known by then. Raises Refused(case-unknown, case-changed, bad-value)."""

    def work(tx: Tx, there: Case) -> None:
        fact = reporting.fact(_must_be_serious(there), made, now)
        _step(tx, study, there, Kind.SERIOUSNESS_REPORTED, fact, actor, now, form=form)

    _with(study, case, seen, work, form)


def _must_be_serious(case: Case) -> Report:
    if case.serious is None:
        raise Refused(problems.CASE_CHANGED, "Nobody says that this case is serious. Look at it again.")
    return case.serious


def _must_be_open(case: Case) -> None:
    if case.state is State.RESOLVED:
        raise Refused(problems.CASE_CHANGED, _stands(case))


def _must_fit(text: str, *, least: int = 0) -> None:
    if not least <= len(text.strip()) <= LONGEST_NOTE:
        raise Refused(problems.BAD_VALUE, f"A note has {least} to {LONGEST_NOTE} characters; this one has {len(text.strip())}.")


def _with(study: Study, case: str, seen: int, work: Callable[[Tx, Case], object], form: str | None) -> None:
    """Do something with a case that is still as it was seen: whoever comes second is told who was first; a form that is sent twice
    is done once."""

    def check(tx: Tx) -> None:
        there = cases.case(tx, case)
        if there is None:
            raise Refused(problems.CASE_UNKNOWN, "There is no such case.")
        if is_done(tx, study, _BY_PEOPLE, there.participant, form):
            return
        if there.version != seen:
            raise Refused(problems.CASE_CHANGED, _stands(there))
        work(tx, there)

    study.store.write(check)


def _stands(case: Case) -> str:
    who = f" by {case.owner}" if case.owner else ""
    return f"The case is {case.state}{who}. Look at it again."


def _step(
    tx: Tx, study: Study, case: Case, kind: Kind, fact: Mapping[str, object], actor: str, now: datetime, reason: str | None = None,
    form: str | None = None,
) -> bool:  # fmt: skip
    head = record(
        tx, study, kind, {"case": case.id, **fact}, actor=actor, now=now, participant=case.participant, reason=reason,
        nth=form or f"{case.id}/{case.version}",
    )  # fmt: skip
    return head is not None


# The clock


def escalate(study: Study, now: datetime) -> int:
    """Take the steps that are due of cases that nobody acknowledged, or with which nothing was done for a time; returns how many.

    Any number of clocks may do so at once.
    """
    if not study.store.snapshot(lambda tx: _due(study, tx, now)):
        return 0

    def work(tx: Tx) -> int:
        taken = 0
        for id_, step, due_at in _due(study, tx, now):  # asked anew: meanwhile somebody may have acknowledged it
            there = cases.case(tx, id_)
            assert there is not None, "it is due in this transaction"  # noqa: S101
            kind = Kind.CASE_ESCALATED if there.state is State.RAISED else Kind.CASE_STALLED
            taken += _step(tx, study, there, kind, {"step": step, "due_at": stamp(due_at)}, CLOCK, now)
        return taken

    return study.store.write(work)


def _due(study: Study, tx: Tx, now: datetime) -> list[tuple[str, int, datetime]]:
    protocol = study.protocol_in_force(tx)
    due: list[tuple[str, int, datetime]] = []
    for case, site in (*cases.waiting(tx), *cases.taken(tx)):
        where = protocol.site(site)  # of one that an amendment dropped nobody knows the hours: its clock always runs
        due += [(case.id, step, at) for step, at in steps_due(case, rungs(case, protocol), where, now)]
    return due


def release(study: Study, may_work: Callable[[str, str], bool], now: datetime) -> int:
    """Make the open cases nobody's again whose owner can no longer work on them; returns how many.

    ``may_work`` (owner, site): whether they still can. A case that they had acknowledged is raised anew, and its escalation begins
    again, for somebody had looked at it; of one that they had not, it goes on.
    """
    gone = [(owner, site) for owner, site in study.store.snapshot(cases.owners) if not may_work(owner, site)]
    if not gone:
        return 0

    def work(tx: Tx) -> int:
        left = [case for owner, site in gone for case in cases.owned(tx, owner, site)]
        return sum(_step(tx, study, case, Kind.CASE_RELEASED, {"owner": case.owner}, CLOCK, now) for case in left)

    return study.store.write(work)
