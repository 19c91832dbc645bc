"""Call tasks at the command line: listed by urgency, looked into, tried, and closed once with a reason of the study's file."""

from __future__ import annotations

from datetime import date

import pytest

from qol_server.intake import calls
from tests import people
from tests.cli.desk import Desk
from tests.people import Trial


@pytest.fixture
def trial(desk: Desk) -> Trial:
    """Ada asks for a call, and four days of her diary are unknown."""
    trial = people.trial(desk.data)
    number = trial.enrol(people.ADA)
    trial.at("2026-03-02 06:00", "Europe/Paris")
    trial.start_treatment(number, date(2026, 3, 2))
    phone = trial.phone(number)
    trial.at("2026-03-06 09:00", "Europe/Paris")
    calls.watch(trial.study, trial.now)
    phone.client.seal("help.asked", captured_at=trial.now, time_zone="Europe/Paris", what="call-me")
    phone.sync()
    return trial


def test_a_call_is_listed_shown_tried_and_closed(desk: Desk, trial: Trial) -> None:
    assert desk.run("call", "list", "desminib") == 0
    assert [line.split()[1] for line in desk.out.splitlines()[1:] if line.strip()][:2] == ["help", "unknown-days"]
    assert desk.read("call", "list", "desminib", "--site", "02")["calls"] == []
    [days] = desk.read("call", "list", "desminib", "--task", "unknown-days")["calls"]
    assert days["about"] == "2026-03-02 to 2026-03-05"
    assert desk.run("call", "take", "desminib", days["call"], "--as", "nora") == 0
    assert desk.run("call", "attempt", "desminib", days["call"], "--not-reached", "--note", "Voice mail", "--as", "nora") == 0
    assert "was not reached" in desk.out
    assert desk.run("call", "show", "desminib", days["call"]) == 0
    assert "Voice mail" in desk.out
    assert "too_ill" in desk.out
    assert desk.problem("call", "close", "desminib", days["call"], "--reason", "bored")[0] == "bad-value"
    assert desk.run("call", "close", "desminib", days["call"], "--reason", "too_ill", "--as", "nora") == 0
    assert desk.problem("call", "close", "desminib", days["call"], "--reason", "forgot") == ("call-changed", 1)
    shown = desk.read("call", "show", "desminib", days["call"])
    assert (shown["state"], shown["reason"], shown["closed_by"], len(shown["tried"])) == ("closed", "too_ill", "staff:nora", 1)
    assert [call["about"] for call in desk.read("call", "list", "desminib", "--order", "age")["calls"]][-1] == "call-me"


def test_a_call_that_nobody_knows_and_a_list_without_any(desk: Desk) -> None:
    people.trial(desk.data)
    assert desk.problem("call", "show", "desminib", 7) == ("call-unknown", 2)
    desk.run("call", "list", "desminib")
    assert desk.out == "No call is open.\n"
