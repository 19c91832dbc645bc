"""Cases at the command line: listed by urgency, looked into, taken once, resolved with codes; levels that are usual."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from tests import people
from tests.cli.desk import Desk
from tests.people import Phone

SEVERE = {"nausea.frequency": 3, "nausea.severity": 4}


@pytest.fixture
def phone(desk: Desk) -> Phone:
    """Ada's, in a study that is told of alerts."""
    trial = people.trial(desk.data, alerts=True)
    number = trial.enrol(people.ADA)
    trial.at("2026-03-02 20:00", "Europe/Paris")
    trial.start_treatment(number, date(2026, 3, 2))
    return trial.phone(number)


def test_a_case_is_listed_shown_taken_and_resolved(desk: Desk, phone: Phone) -> None:
    phone.answer("symptoms@W0", SEVERE)
    phone.something_happened(people.FELL_ILL | {"temperature": "39.4"})
    phone.sync()
    assert desk.run("case", "list", "desminib") == 0
    assert [line.split()[1:5] for line in desk.out.splitlines() if "raised" in line] == [
        ["now", phone.number, "adverse-event", "raised"],
        ["same-day", phone.number, "symptoms", "raised"],
    ]
    [_, severe] = desk.read("case", "list", "desminib")["cases"]
    assert desk.read("case", "list", "desminib", "--site", "02")["cases"] == []
    short = severe["case"][:8]
    assert desk.run("case", "show", "desminib", short) == 0
    assert "nausea.severity 4" in desk.out
    assert desk.run("case", "take", "desminib", short, "--as", "nora") == 0
    assert desk.problem("case", "take", "desminib", short, "--as", "olga") == ("case-changed", 1)
    closing = ("--action", "called", "--outcome", "improving", "--reason", "Better with small meals", "--as", "nora")
    assert desk.problem("case", "resolve", "desminib", short, *closing[:1], "danced", *closing[2:])[0] == "bad-value"
    assert desk.run("case", "resolve", "desminib", short, *closing) == 0
    assert [case["about"] for case in desk.read("case", "list", "desminib")["cases"]] == ["adverse-event"]
    shown = desk.read("case", "show", "desminib", short)
    assert (shown["state"], shown["owner"], shown["outcome"]) == ("resolved", "staff:nora", "improving")


def test_a_case_that_nobody_knows(desk: Desk, phone: Phone) -> None:
    assert desk.problem("case", "show", "desminib", "no-such") == ("case-unknown", 2)
    assert desk.run("case", "show", "desminib", "no-such") == 2
    assert "qol case list STUDY shows it" in desk.err
    assert desk.problem("case", "show", "desminib", "") == ("case-unknown", 2)


def test_without_open_cases_the_list_says_why(desk: Desk, phone: Phone) -> None:
    desk.run("case", "list", "desminib")
    assert desk.out == "No case is open.\n"


def test_where_a_study_only_records_the_list_says_so(desk: Desk) -> None:
    desk.demonstration()
    desk.run("case", "list", "desminib")
    assert "only records" in desk.out
    assert desk.read("case", "list", "desminib")["watched"] is False


def test_a_level_is_usual_for_a_while(desk: Desk, phone: Phone) -> None:
    today = datetime.now(UTC).date()
    said = ("case", "expect", "desminib", phone.number, "nausea.severity", "4", "--reason", "Before each cycle", "--as", "nora", "--until")
    assert desk.run(*said, today + timedelta(days=30)) == 0
    assert "makes no case" in desk.out
    phone.answer("symptoms@W0", SEVERE)
    phone.sync()
    assert desk.read("case", "list", "desminib")["cases"] == []
    assert desk.problem(*said, today + timedelta(days=200)) == ("bad-value", 2)
