"""What people do with a case: who owns it, whom they reached, whether it is serious, and what the participant is told."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from qol_server import journal
from qol_server.intake import casework, expecting, looking
from qol_server.intake.reporting import Made
from qol_server.intake.study import fact_of
from qol_server.state import cases, levels, messages
from qol_server.store import Row
from qol_server.trial import seriousness
from qol_server.trial.adverse_events import Serious
from qol_server.trial.cases import Way
from qol_server.trial.facts import Kind
from qol_server.trial.problems import Refused
from qol_server.trial.seriousness import Clock
from tests import people
from tests.intake.test_alerting import nausea, the_case, week
from tests.people import INVESTIGATOR, NURSE, Phone, Trial

OLGA = "staff:olga"


@pytest.fixture
def phone(trial: Trial) -> Phone:
    number = trial.enrol(people.ADA)
    trial.at("2026-03-02 20:00", "Europe/Paris")
    trial.start_treatment(number, date(2026, 3, 2))
    phone = trial.phone(number)
    week(phone, 0, nausea(3))
    return phone


def do(trial: Trial, step: Any, *, actor: str = NURSE, **more: Any) -> None:
    """Take a step with the case as it is now."""
    step(trial.study, the_case(trial)["case"], seen=the_case(trial)["version"], actor=actor, now=trial.now, **more)


def made(at: datetime, to: str = "Sponsor") -> Made:
    return Made(at, "staff:nora", to)


def row(trial: Trial, id_: str) -> Row:
    found = trial.study.store.read().one('SELECT * FROM cases WHERE "case" = ?', (id_,))
    assert found is not None
    return found


def timeline(trial: Trial, id_: str) -> list[tuple[str, str]]:
    return [(step["kind"], step["actor"]) for step in cases.steps(trial.study.store.read(), id_)]


def refused(trial: Trial, step: Any, **more: Any) -> str:
    with pytest.raises(Refused) as found:
        do(trial, step, **more)
    return found.value.problem.name


def test_a_case_is_handed_to_a_colleague_and_taken_over(trial: Trial, phone: Phone) -> None:
    do(trial, casework.acknowledge)
    do(trial, casework.assign, owner=OLGA, reason="End of my shift")
    assert (the_case(trial)["owner"], the_case(trial)["state"]) == (OLGA, "acknowledged")
    assert refused(trial, casework.assign, owner=OLGA) == "case-changed"
    do(trial, casework.assign, owner=INVESTIGATOR, actor=INVESTIGATOR)
    assert timeline(trial, the_case(trial)["case"]) == [
        ("case.opened", "server"), ("case.acknowledged", NURSE), ("case.assigned", NURSE), ("case.assigned", INVESTIGATOR),
    ]  # fmt: skip


def test_a_case_that_was_handed_over_unread_climbs_all_the_same(trial: Trial, phone: Phone) -> None:
    do(trial, casework.assign, owner=OLGA)
    trial.at("2026-03-03 12:00", "Europe/Paris")
    assert casework.escalate(trial.study, trial.now) == 1


def test_two_who_hand_over_the_same_case_cannot_both_do_so(trial: Trial, phone: Phone) -> None:
    seen = the_case(trial)
    do(trial, casework.assign, owner=OLGA)
    with pytest.raises(Refused, match=OLGA):
        casework.assign(trial.study, seen["case"], seen=seen["version"], owner=NURSE, actor=INVESTIGATOR, now=trial.now)
    assert the_case(trial)["owner"] == OLGA


def test_who_was_tried_how_and_whether_it_worked_is_kept(trial: Trial, phone: Phone) -> None:
    do(trial, casework.contact, channel=Way.TELEPHONE, reached=False, note="")
    do(trial, casework.contact, channel=Way.RELATIVE, reached=True, note=" Her son says that she sleeps ")
    do(trial, casework.note, note="Call again at six")
    case = the_case(trial)
    assert (case["contacts"], case["reached"]) == (2, 1)
    kinds = ("case.contacted", "case.noted")
    said = [fact_of(s["line"]) for s in cases.steps(trial.study.store.read(), case["case"]) if s["kind"] in kinds]
    assert [fact.get("note") for fact in said] == ["", "Her son says that she sleeps", "Call again at six"]
    assert refused(trial, casework.note, note="  ") == "bad-value"
    assert refused(trial, casework.contact, channel=Way.EMAIL, reached=True, note="x" * 2001) == "bad-value"


def test_a_form_that_is_sent_twice_counts_once(trial: Trial, phone: Phone) -> None:
    seen = the_case(trial)
    do(trial, casework.note, note="Once")
    with pytest.raises(Refused) as found:
        casework.note(trial.study, seen["case"], seen=seen["version"], note="Once", actor=NURSE, now=trial.now)
    assert found.value.problem.name == "case-changed"


def test_what_is_serious_waits_for_its_report_before_it_can_be_resolved(trial: Trial, phone: Phone) -> None:
    do(trial, casework.acknowledge)
    aware = trial.now - timedelta(hours=2)
    done = {"action": "sent_to_emergency", "outcome": "admitted", "reason": "In hospital"}
    assert refused(trial, casework.state_serious, criterion=Serious.DEATH, aware_at=trial.now + timedelta(minutes=1)) == "bad-value"
    assert refused(trial, casework.report_serious, made=made(trial.now)) == "case-changed"
    assert refused(trial, casework.retract_serious, reason="no") == "case-changed"
    do(trial, casework.state_serious, criterion=Serious.HOSPITALISATION, aware_at=aware)
    assert refused(trial, casework.resolve, **done) == "report-due"
    assert refused(trial, casework.report_serious, made=made(aware - timedelta(minutes=1))) == "bad-value"
    assert refused(trial, casework.report_serious, made=made(trial.now, "  ")) == "bad-value"
    do(trial, casework.report_serious, made=made(trial.now, "Sponsor's safety desk"))
    assert refused(trial, casework.report_serious, made=made(trial.now, "again")) == "bad-value"
    id_ = the_case(trial)["case"]
    do(trial, casework.resolve, **done)
    assert (row(trial, id_)["serious"], row(trial, id_)["state"]) == ("hospitalisation", "resolved")


def test_the_clock_of_what_is_serious_is_not_put_off_by_saying_it_anew(trial: Trial, phone: Phone) -> None:
    aware = trial.now
    do(trial, casework.state_serious, criterion=Serious.HOSPITALISATION, aware_at=aware)
    trial.now += timedelta(hours=30)
    do(trial, casework.state_serious, criterion=Serious.LIFE_THREATENING, aware_at=trial.now)
    told = cases.serious(the_case(trial))
    assert told is not None
    assert (told.criterion, told.aware_at) == (Serious.LIFE_THREATENING, aware)
    do(trial, casework.state_serious, criterion=Serious.DEATH, aware_at=aware - timedelta(hours=1))
    assert the_case(trial)["aware_at"] == "2026-03-02T18:00:00.000Z"


def test_a_report_that_was_made_stays_and_is_judged_anew_by_the_earliest_knowledge(trial: Trial, phone: Phone) -> None:
    aware = trial.now
    do(trial, casework.state_serious, criterion=Serious.HOSPITALISATION, aware_at=aware)
    trial.now += timedelta(hours=2)
    do(trial, casework.report_serious, made=made(trial.now))
    trial.now += timedelta(hours=40)
    for aware_at, stands, late in (
        (trial.now, Clock.IN_TIME, timedelta(0)),
        (aware - timedelta(hours=1), Clock.IN_TIME, timedelta(0)),
        (aware - timedelta(hours=24), Clock.LATE, timedelta(hours=2)),
        (trial.now, Clock.LATE, timedelta(hours=2)),
    ):
        do(trial, casework.state_serious, criterion=Serious.DEATH, aware_at=aware_at)
        report = cases.serious(the_case(trial))
        assert report is not None
        assert (report.reported_at, seriousness.clock(report, trial.now), report.late_by) == (aware + timedelta(hours=2), stands, late)
    assert cases.unreported(trial.study.store.read()) == []


def test_it_was_not_serious_after_all(trial: Trial, phone: Phone) -> None:
    do(trial, casework.state_serious, criterion=Serious.LIFE_THREATENING, aware_at=trial.now)
    assert refused(trial, casework.retract_serious, reason=" ") == "reason-needed"
    do(trial, casework.retract_serious, reason="Another patient was meant")
    assert the_case(trial)["serious"] is None
    do(trial, casework.resolve, action="called", outcome="improving", reason="Better")


def test_a_resolved_case_that_turns_out_serious_is_open_again(trial: Trial, phone: Phone) -> None:
    id_ = the_case(trial)["case"]
    do(trial, casework.resolve, action="called", outcome="improving", reason="Better")
    casework.state_serious(
        trial.study, id_, seen=row(trial, id_)["version"], criterion=Serious.HOSPITALISATION, aware_at=trial.now, actor=NURSE,
        now=trial.now,
    )  # fmt: skip
    assert (the_case(trial)["state"], the_case(trial)["owner"], the_case(trial)["outcome"]) == ("acknowledged", NURSE, None)


def statuses(answer: dict[str, Any]) -> dict[str, str | None]:
    return {c["data"]["occurrence"]: c["data"]["read_at"] for c in answer["feed"]["changes"] if c["type"] == "entry_status"}


def test_the_participant_is_told_when_the_case_was_read(trial: Trial, phone: Phone) -> None:
    phone.sync()
    do(trial, casework.acknowledge)
    read = journal.of_kind(trial.study.store.read(), Kind.CASE_ACKNOWLEDGED)[0].received_at
    assert statuses(phone.sync()) == {"symptoms@W0": read}
    week(phone, 1, {"nausea.frequency": 0})
    assert statuses(phone.sync()) == {}  # it raised nothing, so that nobody was made to read it


def test_what_joins_a_case_is_read_when_the_case_is_done_with(trial: Trial, phone: Phone) -> None:
    do(trial, casework.acknowledge)
    week(phone, 1, nausea(3))
    phone.sync()
    do(trial, casework.resolve, action="called", outcome="known_and_treated", reason="Known")
    assert list(statuses(phone.sync())) == ["symptoms@W1"]


def test_a_correction_and_what_is_under_review_are_read_with_the_case(trial: Trial, phone: Phone) -> None:
    first = week(phone, 1, nausea(4) | {"fever.severity": 9})
    assert first
    sealed = phone.answer("symptoms@W2", nausea(4))
    phone.sync()
    phone.answer("symptoms@W2", nausea(2), supersedes=sealed.id, reason="typing_mistake")
    phone.sync()
    do(trial, casework.acknowledge)
    told = [c["data"] for c in phone.sync()["feed"]["changes"] if c["type"] == "entry_status"]
    assert len(told) == 4
    assert {data["status"] for data in told} == {"current", "superseded", "under-review"}
    assert all(data["read_at"] for data in told)


def test_advice_is_a_message_about_what_was_answered_and_a_step_of_the_case(trial: Trial, phone: Phone) -> None:
    do(trial, casework.advise, text="Please call us before noon.")
    tx = trial.study.store.read()
    [message] = messages.of(tx, phone.number)
    given = journal.of_kind(tx, Kind.RESPONSE_GIVEN)[0]
    assert (message["text"], message["about"]) == ("Please call us before noon.", given.id)
    [step] = [s for s in cases.steps(tx, the_case(trial)["case"]) if s["kind"] == "case.advised"]
    assert fact_of(step["line"])["message"] == message["id"]
    trial.withdraw(phone.number, "consent", date(2026, 3, 2))
    assert refused(trial, casework.advise, text="Too late") == "not-contacted"
    assert timeline(trial, the_case(trial)["case"])[-1][0] == "case.advised"


def test_what_was_suppressed_stays_to_be_seen_and_is_counted(trial: Trial, phone: Phone) -> None:
    until = date(2026, 3, 20)
    expecting.expect(trial.study, phone.number, "nausea.severity", 3, until, reason="Before every cycle", actor=NURSE, now=trial.now)
    week(phone, 1, nausea(3))
    tx = trial.study.store.read()
    [alert] = cases.suppressed(tx, phone.number, 10)
    assert (alert["rule"], alert["reason"], alert["actor"]) == ("severe-symptom", "Before every cycle", NURSE)
    [usual] = levels.usual(tx, phone.number, trial.now.date())
    assert (usual["item"], usual["level"], usual["alerts"], usual["reason"]) == ("nausea.severity", 3, 1, "Before every cycle")
    assert levels.usual(tx, phone.number, until + timedelta(days=1)) == []


def test_the_state_of_cases_follows_from_the_journal_alone(trial: Trial, phone: Phone) -> None:
    until = trial.now.date()
    expecting.expect(trial.study, phone.number, "rash.severity", 3, until, reason="x", actor=NURSE, now=trial.now)
    [level] = levels.expected(trial.study.store.read(), phone.number)
    expecting.end(trial.study, phone.number, level.position, reason="Over", actor=NURSE, now=trial.now)
    do(trial, casework.acknowledge)
    do(trial, casework.contact, channel=Way.TELEPHONE, reached=True, note="Better")
    do(trial, casework.state_serious, criterion=Serious.HOSPITALISATION, aware_at=trial.now)
    week(phone, 1, nausea(4))
    views = looking.as_of(trial.study, trial.position)
    for table in ("cases", "alerts", "case_steps", "expected_levels"):
        decided = [tuple(each) for each in trial.study.store.read().all(f"SELECT * FROM {table} ORDER BY 1, 2")]
        assert [tuple(each) for each in views.store.read().all(f"SELECT * FROM {table} ORDER BY 1, 2")] == decided
        assert decided, table
