"""The clock of a case that gets worse: nobody's silence puts the escalation off."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from qol_server.intake import casework
from tests import people
from tests.intake.test_alerting import facts, nausea, steps, the_case, week
from tests.people import NURSE, Phone, Trial


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return people.trial(tmp_path, alerts=True)


@pytest.fixture
def phone(trial: Trial) -> Phone:
    number = trial.enrol(people.ADA)
    trial.at("2026-03-02 20:00", "Europe/Paris")
    trial.start_treatment(number, date(2026, 3, 2))
    return trial.phone(number)


def climbed(trial: Trial) -> list[int]:
    return [fact["step"] for fact in facts(trial, "case.escalated")]


def test_doses_that_are_forgotten_day_after_day_climb_while_nobody_looks(trial: Trial, phone: Phone) -> None:
    for n in range(18):
        trial.now += timedelta(days=1)
        phone.answer(f"dose@{date(2026, 3, 3) + timedelta(days=n)}", people.FORGOTTEN)
        phone.sync()
        casework.escalate(trial.study, trial.now)
    assert len(facts(trial, "alert.raised")) == 16
    assert climbed(trial) == [1, 2]
    assert the_case(trial)["since"] == "2026-03-05T19:00:00.000Z"  # the third day without a dose
    assert the_case(trial)["surveys"] == 16


def test_a_fever_that_is_told_again_and_again_climbs(trial: Trial, phone: Phone) -> None:
    for n in range(8):
        phone.something_happened(people.FELL_ILL | {"temperature": f"39.{n}"})
        phone.sync()
        casework.escalate(trial.study, trial.now)
        trial.now += timedelta(minutes=25)
    assert set(climbed(trial)) == {1, 2}


def test_what_becomes_more_urgent_begins_anew(trial: Trial, phone: Phone) -> None:
    week(phone, 0, nausea(3))
    trial.at("2026-03-03 12:00", "Europe/Paris")
    assert casework.escalate(trial.study, trial.now) == 1
    week(phone, 1, nausea(4))
    assert (the_case(trial)["since"], the_case(trial)["steps"]) == ("2026-03-02T19:00:00.000Z", 1)
    week(phone, 2, {"bleeding": "yes"})
    assert (the_case(trial)["since"], the_case(trial)["steps"]) == ("2026-03-16T19:00:00.000Z", 0)
    assert steps(trial) == ["opened", "escalated", "worsened", "worsened"]
    assert [fact["restarts"] for fact in facts(trial, "case.opened", "case.worsened")] == [True, False, True]


def test_once_somebody_looked_what_gets_worse_begins_anew(trial: Trial, phone: Phone) -> None:
    week(phone, 0, nausea(3))
    casework.acknowledge(trial.study, the_case(trial)["case"], seen=the_case(trial)["version"], actor=NURSE, now=trial.now)
    week(phone, 1, nausea(4))
    assert the_case(trial)["since"] == "2026-03-09T19:00:00.000Z"
