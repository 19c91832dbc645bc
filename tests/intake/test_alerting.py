"""Alerts and cases in the answer's own transaction: what is raised, what joins, what is explained, and what nothing can prevent."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from qol_server import journal
from qol_server.client import Reply, Unreachable
from qol_server.intake import alerting as looking
from qol_server.intake import casework, expecting
from qol_server.state import cases
from qol_server.store import Row
from qol_server.trial import alerting
from qol_server.trial.problems import Refused
from tests import people
from tests.people import NURSE, Phone, Trial

NO_COMPLAINT = {"nausea.frequency": 0}


def nausea(severity: int) -> dict[str, int]:
    return {"nausea.frequency": 2, "nausea.severity": severity}


def week(phone: Phone, n: int, answers: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """The symptom diary of week ``n``, given on its day; returns what the phone sealed."""
    phone.trial.at(f"2026-03-{2 + 7 * n:02} 20:00", "Europe/Paris")
    sealed = phone.answer(f"symptoms@W{n}", answers, **fields)
    phone.sync()
    return {"id": sealed.id}


def facts(trial: Trial, *kinds: str) -> list[dict[str, Any]]:
    entries = [entry for entry in journal.every(trial.study.store.read()) if entry.kind in kinds]
    return [orjson.loads(entry.line) | {"kind": str(entry.kind), "position": entry.position} for entry in entries]


def steps(trial: Trial) -> list[str]:
    """What happened to cases, in order."""
    return [entry.kind.partition(".")[2] for entry in journal.every(trial.study.store.read()) if entry.kind.startswith("case.")]


def raised(trial: Trial) -> list[tuple[str, list[list[str | None]]]]:
    return [(fact["rule"], fact["findings"]) for fact in facts(trial, "alert.raised")]


def the_case(trial: Trial) -> Row:
    [case] = cases.still_open(trial.study.store.read())
    return case


def test_a_severe_symptom_is_a_case_in_the_same_transaction(trial: Trial, phone: Phone) -> None:
    week(phone, 0, nausea(3))
    [alert] = facts(trial, "alert.raised")
    assert (alert["rule"], alert["urgency"], alert["findings"]) == ("severe-symptom", "same-day", [["nausea.severity", "3", None, None]])
    assert (alert["late"], alert["failed"], alert["expected"]) == (False, False, None)
    case = the_case(trial)
    assert (case["participant"], case["site"], case["assessment"], case["state"]) == (phone.number, "01", "symptoms", "raised")
    assert case["since"] == case["opened_at"] == "2026-03-02T19:00:00.000Z"
    assert [row["rule"] for row in cases.alerts_of(trial.study.store.read(), case["case"])] == ["severe-symptom"]
    given = next(entry for entry in journal.every(trial.study.store.read()) if entry.kind == "response.given")
    assert alert["given"] == given.position == alert["position"] - 1


def test_one_survey_is_one_case_however_many_symptoms(trial: Trial, phone: Phone) -> None:
    week(phone, 0, nausea(3) | {"rash.frequency": 1, "rash.severity": 4, "bleeding": "yes", "temperature": "39.1"})
    assert [rule for rule, _ in raised(trial)] == ["fever", "red-flag", "severe-symptom"]
    case = the_case(trial)
    assert (case["urgency"], case["surveys"]) == ("now", 1)
    assert steps(trial) == ["opened"]


def test_a_study_that_only_records_raises_nothing(tmp_path: Path) -> None:
    trial = people.trial(tmp_path)
    number = trial.enrol(people.ADA)
    trial.at("2026-03-02 20:00", "Europe/Paris")
    trial.start_treatment(number, date(2026, 3, 2))
    week(trial.phone(number), 0, {"bleeding": "yes"})
    assert facts(trial, "alert.raised", "case.opened") == []


def test_the_same_again_joins_and_something_worse_raises_anew(trial: Trial, phone: Phone) -> None:
    week(phone, 0, nausea(3))
    casework.acknowledge(trial.study, the_case(trial)["case"], seen=the_case(trial)["version"], actor=NURSE, now=trial.now)
    week(phone, 1, nausea(3))
    assert (the_case(trial)["state"], the_case(trial)["surveys"]) == ("acknowledged", 2)
    week(phone, 2, nausea(4))
    case = the_case(trial)
    assert (case["state"], case["surveys"], case["owner"], case["acknowledged_at"]) == ("raised", 3, NURSE, None)
    assert case["since"] == "2026-03-16T19:00:00.000Z"
    assert case["opened_at"] == "2026-03-02T19:00:00.000Z"
    assert steps(trial) == ["opened", "acknowledged", "repeated", "worsened"]


def test_two_nurses_cannot_both_take_a_case(trial: Trial, phone: Phone) -> None:
    week(phone, 0, nausea(3))
    seen = the_case(trial)
    casework.acknowledge(trial.study, seen["case"], seen=seen["version"], actor=NURSE, now=trial.now)
    with pytest.raises(Refused, match=f"acknowledged by {NURSE}") as refused:
        casework.acknowledge(trial.study, seen["case"], seen=seen["version"], actor="staff:olga", now=trial.now)
    assert refused.value.problem.name == "case-changed"
    assert the_case(trial)["owner"] == NURSE
    assert steps(trial) == ["opened", "acknowledged"]


def test_a_case_is_resolved_with_codes_and_a_reason_and_worse_opens_it_again(trial: Trial, phone: Phone) -> None:
    week(phone, 0, nausea(3))
    case = the_case(trial)

    def resolve(action: str, outcome: str, reason: str, seen: int = case["version"]) -> None:
        casework.resolve(trial.study, case["case"], seen=seen, action=action, outcome=outcome, reason=reason, actor=NURSE, now=trial.now)

    for action, outcome, reason, problem in (
        ("prayed", "improving", "better", "bad-value"),
        ("called", "who knows", "better", "bad-value"),
        ("called", "improving", "  ", "reason-needed"),
    ):
        with pytest.raises(Refused) as refused:
            resolve(action, outcome, reason)
        assert refused.value.problem.name == problem
    resolve("called", "improving", "Better since yesterday")
    assert cases.still_open(trial.study.store.read()) == []
    with pytest.raises(Refused, match="resolved"):
        resolve("called", "improving", "again")
    week(phone, 1, nausea(4))  # a week later to the minute
    assert steps(trial) == ["opened", "resolved", "reopened"]
    assert the_case(trial)["case"] == case["case"]
    [found] = facts(trial, "case.resolved")
    assert (found["action"], found["outcome"]) == ("called", "improving")


def test_an_expected_level_is_said_for_a_time_and_what_it_explains_stays_to_be_seen(trial: Trial, phone: Phone) -> None:
    until = date(2026, 3, 10)
    expecting.expect(trial.study, phone.number, "nausea.severity", 3, until, reason="Before every cycle", actor=NURSE, now=trial.now)
    week(phone, 0, nausea(3))
    [alert] = facts(trial, "alert.raised")
    assert alert["expected"] == facts(trial, "level.expected")[0]["position"]
    assert steps(trial) == []
    week(phone, 1, nausea(4))  # worse than expected
    assert steps(trial) == ["opened"]
    week(phone, 2, nausea(3))  # no longer expected
    assert steps(trial) == ["opened", "repeated"]


@pytest.mark.parametrize(
    ("item", "level", "days", "reason", "problem"),
    [
        ("nausea.severity", 9, 10, "x", "bad-value"),
        ("nausea", 3, 10, "x", "bad-value"),
        ("temperature", 39, 10, "x", "bad-value"),
        ("nausea.severity", 3, -1, "x", "bad-value"),
        ("nausea.severity", 3, 93, "x", "bad-value"),
        ("nausea.severity", 3, 10, " ", "reason-needed"),
    ],
)
def test_what_cannot_be_expected(trial: Trial, phone: Phone, item: str, level: int, days: int, reason: str, problem: str) -> None:
    until = trial.now.date() + timedelta(days=days)
    with pytest.raises(Refused) as refused:
        expecting.expect(trial.study, phone.number, item, level, until, reason=reason, actor=NURSE, now=trial.now)
    assert refused.value.problem.name == problem
    assert facts(trial, "level.expected") == []


def test_what_is_urgent_now_is_never_expected(trial: Trial, phone: Phone) -> None:
    expecting.expect(trial.study, phone.number, "abdominal_pain.severity", 4, date(2026, 4, 1), reason="tumour", actor=NURSE, now=trial.now)
    pain = {"abdominal_pain.frequency": 1, "abdominal_pain.severity": 4, "vomiting.frequency": 1, "vomiting.severity": 2}
    week(phone, 0, pain)
    assert [(fact["rule"], fact["expected"] is None) for fact in facts(trial, "alert.raised")] == [
        ("severe-abdominal-pain", True),
        ("severe-symptom", False),
    ]
    assert steps(trial) == ["opened"]


def test_an_entry_under_review_hides_no_illness(trial: Trial, phone: Phone) -> None:
    week(phone, 0, nausea(9) | {"bleeding": "yes"})  # no such severity
    assert [entry["kind"] for entry in facts(trial, "entry.quarantined")] == ["entry.quarantined"]
    assert [rule for rule, _ in raised(trial)] == ["red-flag", "severe-symptom"]
    assert the_case(trial)["urgency"] == "now"


def test_a_number_that_came_in_the_wrong_form_can_be_read_all_the_same(trial: Trial, phone: Phone) -> None:
    line = b'{"id":"%s","device_seq":1,"kind":"response.given","captured_at":"2026-03-02T20:00:00+01:00","time_zone":"Europe/Paris",'
    line += b'"occurrence":"symptoms@W0","instrument":"symptom-diary","answers":{"temperature":39.5}}'
    phone.client.seal("help.asked", captured_at=trial.now, time_zone=phone.time_zone, what="call-me")
    [sealed] = phone.client.waiting()
    sealed.line = line % sealed.id.encode()
    phone.sync()
    assert len(facts(trial, "entry.quarantined")) == 1
    assert raised(trial) == [("fever", [["temperature", "39.5", None, None]])]


def test_a_second_answer_that_does_not_count_is_judged_too(trial: Trial, phone: Phone) -> None:
    week(phone, 0, NO_COMPLAINT)
    week(phone, 0, {"bleeding": "yes"})
    assert [rule for rule, _ in raised(trial)] == ["red-flag"]


def test_of_what_cannot_be_read_somebody_asks(trial: Trial, phone: Phone) -> None:
    phone.client.seal("response.given", captured_at=trial.now, time_zone=phone.time_zone, occurrence="symptoms@W0", answers="all of them")
    phone.sync()
    assert facts(trial, "alert.raised") == []
    assert [fact["task"] for fact in facts(trial, "call.raised")] == ["unreadable"]


UNREADABLE = [
    ("symptoms@W0", {"nausea.frequency": 2, "nausea.severity": "très fort"}),
    ("symptoms@W0", {"nausea.frequency": 0, "chest_pain.severity": 4}),
    ("dose@2026-03-02", {"intake.1.status": "different", "intake.1.mg": "4000 mg"}),
    ("dose@2026-03-32", {"intake.1.status": "different", "intake.1.mg": "4000"}),
]


@pytest.mark.parametrize("alerts", [True, False])
@pytest.mark.parametrize(("occurrence", "answers"), UNREADABLE)
def test_of_a_part_that_cannot_be_read_somebody_asks(tmp_path: Path, occurrence: str, answers: dict[str, Any], alerts: bool) -> None:
    there = people.trial(tmp_path, alerts=alerts)
    number = there.enrol(people.ADA)
    there.at("2026-03-02 20:00", "Europe/Paris")
    there.start_treatment(number, date(2026, 3, 2))
    sender = there.phone(number)
    sender.answer(occurrence, answers)
    sender.sync()
    [kept] = facts(there, "entry.quarantined")
    assert facts(there, "alert.raised") == []
    assert [(fact["task"], fact["about"]) for fact in facts(there, "call.raised")] == [("unreadable", kept["position"])]


def test_a_decimal_comma_is_read_by_the_rules(trial: Trial, phone: Phone) -> None:
    week(phone, 0, {"fever.frequency": 1, "temperature": "39,5"})
    assert len(facts(trial, "entry.quarantined")) == 1
    assert raised(trial) == [("fever", [["temperature", "39.5", None, None]])]
    assert facts(trial, "call.raised") == []  # the case tells of it


def test_a_decimal_comma_is_called_about_where_no_alerts_are_raised(tmp_path: Path) -> None:
    there = people.trial(tmp_path)
    number = there.enrol(people.ADA)
    there.at("2026-03-02 20:00", "Europe/Paris")
    there.start_treatment(number, date(2026, 3, 2))
    week(there.phone(number), 0, {"fever.frequency": 1, "temperature": "39,5"})
    assert [fact["task"] for fact in facts(there, "call.raised")] == ["unreadable"]


def test_an_expected_level_does_not_hide_what_cannot_be_read(trial: Trial, phone: Phone) -> None:
    expecting.expect(trial.study, phone.number, "nausea.severity", 3, date(2026, 4, 1), reason="known", actor=NURSE, now=trial.now)
    week(phone, 0, nausea(3) | {"rash.frequency": 1, "rash.severity": "très fort"})
    assert steps(trial) == []
    assert [fact["task"] for fact in facts(trial, "call.raised")] == ["unreadable"]


def test_a_correction_annotates_the_case_and_closes_nothing(trial: Trial, phone: Phone) -> None:
    first = week(phone, 0, nausea(3))
    phone.answer("symptoms@W0", nausea(1), supersedes=first["id"], reason="typing_mistake")
    phone.sync()
    assert steps(trial) == ["opened", "corrected"]
    assert the_case(trial)["state"] == "raised"


def test_a_correction_that_says_worse_is_raised_too(trial: Trial, phone: Phone) -> None:
    first = week(phone, 0, nausea(1))
    phone.answer("symptoms@W0", nausea(4), supersedes=first["id"], reason="typing_mistake")
    phone.sync()
    assert steps(trial) == ["opened"]
    assert raised(trial) == [("severe-symptom", [["nausea.severity", "4", None, None]])]


def test_of_answers_that_come_together_each_is_judged_once_with_all_of_them_known(
    trial: Trial, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged: list[str] = []
    judge = looking.judging.judge
    monkeypatch.setattr(
        looking.judging, "judge", lambda rules, who, survey, past: judged.append(survey.occurrence) or judge(rules, who, survey, past)
    )
    trial.at("2026-03-07 20:00", "Europe/Paris")
    days = [f"dose@2026-03-0{day}" for day in (4, 2, 3, 5)]  # an earlier day after a later one joins them to a row all the same
    for occurrence in days:
        phone.answer(occurrence, {"intake.1.status": "not_taken", "intake.1.reason": "forgot"})
    phone.sync()
    assert judged == days
    assert {alert["rule"] for alert in facts(trial, "alert.raised")} == {"missed-doses"}
    judged.clear()
    phone.answer("dose@2026-03-06", {"intake.1.status": "not_taken", "intake.1.reason": "forgot"})
    phone.sync()
    assert judged == ["dose@2026-03-06"]


def test_a_late_answer_changes_how_the_next_one_is_judged(trial: Trial, phone: Phone) -> None:
    week(phone, 2, nausea(2))
    assert raised(trial) == []
    phone.answer("symptoms@W1", NO_COMPLAINT, captured="2026-03-09 20:00")
    phone.sync()
    assert raised(trial) == [("worsening", [[f"nausea.{what}", "2", "0", "previous"] for what in ("frequency", "severity")])]
    [alert] = facts(trial, "alert.raised")
    assert alert["captured_at"].startswith("2026-03-16")


def test_what_comes_days_later_is_known_late_and_its_clock_counts_from_receipt(trial: Trial, phone: Phone) -> None:
    phone.answer("symptoms@W0", {"fever.frequency": 1, "temperature": "39.2"}, captured="2026-03-02 23:40")
    trial.at("2026-03-05 07:30", "Europe/Paris")
    phone.sync()
    [alert] = facts(trial, "alert.raised")
    assert (alert["rule"], alert["late"], alert["captured_at"]) == ("fever", True, "2026-03-02T23:40:00+01:00")
    assert the_case(trial)["since"] == "2026-03-05T06:30:00.000Z"


def test_a_dose_during_a_hold_twice_the_dose_and_days_without_one(trial: Trial, phone: Phone) -> None:
    def day(n: int, answers: Mapping[str, Any]) -> None:
        trial.at(f"2026-03-{n:02} 20:00", "Europe/Paris")
        phone.answer(f"dose@2026-03-{n:02}", answers)
        phone.sync()

    day(2, people.TAKEN)
    day(3, people.TAKEN | {"intake.2.status": "taken"})
    trial.hold(phone.number, date(2026, 3, 4))
    day(4, people.TAKEN)
    trial.prescribe(phone.number, "400", date(2026, 3, 5), "recovery")
    for n in (5, 7, 6):  # the day in the middle comes last
        day(n, people.FORGOTTEN)
    assert raised(trial) == [
        ("over-prescription", [["dose", "800 mg", "400 mg", "prescribed"]]),
        ("over-prescription", [["dose", "400 mg", "0 mg", "prescribed"]]),
        ("missed-doses", [["days", "3", None, None]]),
    ]


def test_rules_that_stumble_are_an_alert_and_the_answer_is_kept(trial: Trial, phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr(alerting, "judge", stumble)
    week(phone, 0, NO_COMPLAINT)
    [alert] = facts(trial, "alert.raised")
    assert (alert["rule"], alert["failed"]) == (looking.UNJUDGED, True)
    assert alert["urgency"] == "now"  # as urgent as the most urgent of the rules: nobody knows which would have spoken
    assert steps(trial) == ["opened"]
    assert len(facts(trial, "response.given")) == 1
    assert facts(trial, "entry.quarantined") == []


def test_the_same_line_twice_raises_once(trial: Trial, phone: Phone) -> None:
    def lost(path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        trial.post(path, body, headers)
        return Reply(503, {}, b"")

    phone.answer("symptoms@W0", nausea(3))
    phone.client.transport = lost
    with pytest.raises(Unreachable):
        phone.sync()
    phone.client.transport = trial.post
    phone.sync()
    assert len(facts(trial, "response.given")) == len(facts(trial, "alert.raised")) == len(facts(trial, "case.opened")) == 1


def test_a_severe_evening_climbs_in_the_sites_hours_until_somebody_looks(trial: Trial, phone: Phone) -> None:
    week(phone, 0, nausea(3))  # Monday, eight in the evening
    for moment, climbed in (
        ("2026-03-02 23:59", 0), ("2026-03-03 11:59", 0), ("2026-03-03 12:00", 1), ("2026-03-03 12:01", 0), ("2026-03-03 16:00", 1),
        ("2026-03-09 16:00", 0),
    ):  # fmt: skip
        trial.at(moment, "Europe/Paris")
        assert casework.escalate(trial.study, trial.now) == climbed
    assert [fact["step"] for fact in facts(trial, "case.escalated")] == [1, 2]
    assert [fact["due_at"] for fact in facts(trial, "case.escalated")] == ["2026-03-03T11:00:00.000Z", "2026-03-03T15:00:00.000Z"]


def test_what_is_urgent_now_climbs_at_night(trial: Trial, phone: Phone) -> None:
    trial.at("2026-03-02 23:30", "Europe/Paris")
    phone.answer("symptoms@W0", {"bleeding": "yes"})
    phone.sync()
    trial.at("2026-03-03 00:00", "Europe/Paris")
    assert casework.escalate(trial.study, trial.now) == 1
    casework.acknowledge(trial.study, the_case(trial)["case"], seen=the_case(trial)["version"], actor=NURSE, now=trial.now)
    trial.at("2026-03-03 01:59", "Europe/Paris")
    assert casework.escalate(trial.study, trial.now) == 0
