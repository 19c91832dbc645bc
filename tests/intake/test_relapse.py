"""What had been better and is back is news, at the same level too; the same said again is not."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from qol_server.intake import casework
from tests import people
from tests.intake.test_alerting import facts, nausea, steps, the_case, week
from tests.intake.test_rehearsal import rehearsed, told
from tests.people import NURSE, Phone, Trial
from tests.trial.worked import cases

NEVER = {"nausea.frequency": 0}
ACT = {"action": "called", "outcome": "improving", "reason": "better"}


def do(trial: Trial, step: Any, **more: Any) -> None:
    """Take a step with the case as it is now."""
    step(trial.study, the_case(trial)["case"], seen=the_case(trial)["version"], actor=NURSE, now=trial.now, **more)


def agrees(trial: Trial, phone: Phone) -> bool:
    """Whether a rehearsal with the rules in force finds what the journal has."""
    return rehearsed(trial, [phone.number])[phone.number] == told(trial, phone.number)


@pytest.mark.parametrize("example", cases("cases-relapses"))
def test_what_becomes_of_a_case_week_by_week(trial: Trial, phone: Phone, example: dict[str, Any]) -> None:
    happened: list[str] = []
    for n, (severity, _) in enumerate(example["weeks"]):
        before = len(steps(trial))
        week(phone, n, {"fatigue.severity": 1} if severity is None else nausea(severity) if severity else NEVER)
        happened.append(steps(trial)[before:])  # type: ignore[arg-type]
        if happened[-1]:
            is_waiting = the_case(trial)["state"] == "raised"
            assert is_waiting == (happened[-1] != ["repeated"])
            if is_waiting:
                do(trial, casework.acknowledge)
            if n == example.get("resolved"):
                do(trial, casework.resolve, **ACT)
    assert happened == [[what] if what else [] for _, what in example["weeks"]]
    assert agrees(trial, phone)


def test_a_recovery_that_comes_late_makes_a_relapse_of_the_repetition(trial: Trial, phone: Phone) -> None:
    week(phone, 0, nausea(3))
    do(trial, casework.acknowledge)
    week(phone, 2, nausea(3))
    assert steps(trial) == ["opened", "acknowledged", "repeated"]
    late = trial.now + timedelta(hours=1)
    trial.at("2026-03-09 20:00", "Europe/Paris")
    phone.answer("symptoms@W1", nausea(2))
    trial.now = late
    phone.sync()
    assert steps(trial) == ["opened", "acknowledged", "repeated", "relapsed"]
    assert the_case(trial)["state"] == "raised"
    assert [fact["again"] for fact in facts(trial, "alert.raised")] == [False, False, True]
    assert agrees(trial, phone)


def test_a_recovery_that_is_corrected_away_raises_nothing_once_more(trial: Trial, phone: Phone) -> None:
    week(phone, 0, nausea(3))
    better = week(phone, 1, nausea(2))
    week(phone, 2, nausea(3))
    assert steps(trial) == ["opened", "relapsed"]
    phone.answer("symptoms@W1", nausea(3), supersedes=better["id"], reason="typing_mistake")
    phone.sync()
    assert steps(trial) == ["opened", "relapsed", "repeated"], "the correction is the same said again"
    phone.answer("symptoms@W3", nausea(3))
    phone.sync()
    assert agrees(trial, phone)


def test_doses_that_are_taken_again_and_then_forgotten_again(trial: Trial, phone: Phone) -> None:
    happened = []
    for n, answers in enumerate([people.FORGOTTEN] * 4 + [people.TAKEN] + [people.FORGOTTEN] * 4):
        trial.at(f"2026-03-{2 + n:02} 21:00", "Europe/Paris")
        before = len(steps(trial))
        phone.answer(f"dose@{date(2026, 3, 2 + n)}", answers)
        phone.sync()
        happened.append("".join(steps(trial)[before:]))
    assert happened == ["", "", "opened", "worsened", "", "", "", "relapsed", "repeated"]
    assert agrees(trial, phone)
