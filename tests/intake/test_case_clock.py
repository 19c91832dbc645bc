"""The clock of a case: nobody's silence puts the escalation off, and what was taken is not forgotten."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from qol_server.intake import casework
from qol_server.intake.adverse_events import Origin, prepare
from qol_server.trial.adverse_events import Serious
from qol_server.trial.cases import Way
from tests import people
from tests.intake.test_alerting import facts, nausea, steps, the_case, week
from tests.people import NURSE, Phone, Trial
from tests.staff.clinic import EVENT


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
    assert the_case(trial)["captured_at"] == "2026-03-02T20:00:00+01:00"
    week(phone, 2, {"bleeding": "yes"})
    assert (the_case(trial)["since"], the_case(trial)["steps"]) == ("2026-03-16T19:00:00.000Z", 0)
    assert the_case(trial)["captured_at"] == "2026-03-16T20:00:00+01:00"  # what was received then, and not two weeks before
    assert steps(trial) == ["opened", "escalated", "worsened", "worsened"]
    assert [fact["restarts"] for fact in facts(trial, "case.opened", "case.worsened")] == [True, False, True]


def test_once_somebody_looked_what_gets_worse_begins_anew(trial: Trial, phone: Phone) -> None:
    week(phone, 0, nausea(3))
    casework.acknowledge(trial.study, the_case(trial)["case"], seen=the_case(trial)["version"], actor=NURSE, now=trial.now)
    week(phone, 1, nausea(4))
    assert the_case(trial)["since"] == "2026-03-09T19:00:00.000Z"


# Taken, and then nothing


def do(trial: Trial, step: Any, **more: Any) -> None:
    """Take a step with the case as it is now."""
    step(trial.study, the_case(trial)["case"], seen=the_case(trial)["version"], actor=NURSE, now=trial.now, **more)


def take(trial: Trial, phone: Phone) -> None:
    """A case of Monday evening, acknowledged on Thursday at ten."""
    week(phone, 0, nausea(3))
    trial.at("2026-03-05 10:00", "Europe/Paris")
    do(trial, casework.acknowledge)


def forgotten(trial: Trial) -> list[tuple[int, str]]:
    """Each step of the follow-up, and when it was due."""
    return [(fact["step"], fact["due_at"]) for fact in facts(trial, "case.stalled")]


def test_a_case_that_was_taken_and_forgotten_has_a_clock_in_the_hours_of_the_site(trial: Trial, phone: Phone) -> None:
    take(trial, phone)
    trial.at("2026-03-06 09:59", "Europe/Paris")
    assert casework.escalate(trial.study, trial.now) == 0
    trial.at("2026-03-06 10:00", "Europe/Paris")
    assert casework.escalate(trial.study, trial.now) == 1
    assert casework.escalate(trial.study, trial.now) == 0
    assert (the_case(trial)["state"], the_case(trial)["stalled"], the_case(trial)["owner"]) == ("acknowledged", 1, NURSE)
    trial.at("2026-03-09 09:00", "Europe/Paris")  # after the week-end
    assert casework.escalate(trial.study, trial.now) == 0
    trial.at("2026-03-20 09:00", "Europe/Paris")
    assert casework.escalate(trial.study, trial.now) == 2
    assert casework.escalate(trial.study, trial.now) == 0
    assert forgotten(trial) == [(1, "2026-03-06T09:00:00.000Z"), (2, "2026-03-09T09:00:00.000Z"), (3, "2026-03-10T09:00:00.000Z")]


@pytest.mark.parametrize(
    ("step", "more"),
    [
        (casework.note, {"note": "Waits for the blood count."}),
        (casework.contact, {"channel": Way.TELEPHONE, "reached": False, "note": ""}),
        (casework.advise, {"text": "Please call us."}),
        (casework.assign, {"owner": "staff:olga"}),
        (casework.state_serious, {"criterion": Serious.OTHER, "aware_at": datetime(2026, 3, 5, 9, tzinfo=UTC)}),
    ],
)
def test_whatever_people_do_with_it_begins_the_clock_anew(trial: Trial, phone: Phone, step: Any, more: dict[str, Any]) -> None:
    take(trial, phone)
    trial.at("2026-03-06 12:00", "Europe/Paris")
    assert casework.escalate(trial.study, trial.now) == 1
    do(trial, step, **more)
    assert the_case(trial)["stalled"] == 0
    trial.at("2026-03-09 11:59", "Europe/Paris")
    assert casework.escalate(trial.study, trial.now) == 0
    trial.at("2026-03-09 12:00", "Europe/Paris")
    assert casework.escalate(trial.study, trial.now) == 1


def test_an_adverse_event_that_is_written_from_it_is_work_on_it(trial: Trial, phone: Phone) -> None:
    take(trial, phone)
    trial.at("2026-03-06 09:00", "Europe/Paris")
    prepare(trial.study, phone.number, EVENT, Origin(None, the_case(trial)["case"]), form="a form", actor=NURSE, now=trial.now)
    trial.at("2026-03-06 17:00", "Europe/Paris")
    assert casework.escalate(trial.study, trial.now) == 0


def test_the_same_said_again_is_no_work_and_worse_begins_the_escalation(trial: Trial, phone: Phone) -> None:
    take(trial, phone)
    week(phone, 1, nausea(3))
    assert casework.escalate(trial.study, trial.now) == 2
    week(phone, 2, nausea(4))
    assert (the_case(trial)["state"], the_case(trial)["stalled"], the_case(trial)["steps"]) == ("raised", 0, 0)


# Its owner has left


def left(trial: Trial) -> int:
    return casework.release(trial.study, lambda owner, site: (owner, site) != (NURSE, "01"), trial.now)


def test_a_case_whose_owner_left_is_nobodys_again_and_climbs(trial: Trial, phone: Phone) -> None:
    take(trial, phone)
    trial.at("2026-03-06 16:00", "Europe/Paris")
    assert (left(trial), left(trial)) == (1, 0)
    there = the_case(trial)
    assert (there["state"], there["owner"], there["released"], there["since"]) == ("raised", None, NURSE, "2026-03-06T15:00:00.000Z")
    assert facts(trial, "case.released")[0]["owner"] == NURSE
    trial.at("2026-03-09 10:00", "Europe/Paris")
    assert casework.escalate(trial.study, trial.now) == 1
    do(trial, casework.acknowledge)
    assert (the_case(trial)["released"], the_case(trial)["owner"]) == (None, NURSE)


def test_of_what_its_owner_had_not_read_the_escalation_goes_on(trial: Trial, phone: Phone) -> None:
    week(phone, 0, nausea(3))
    do(trial, casework.assign, owner=NURSE)
    trial.at("2026-03-03 12:00", "Europe/Paris")
    casework.escalate(trial.study, trial.now)
    assert left(trial) == 1
    there = the_case(trial)
    assert (there["owner"], there["since"], there["steps"]) == (None, "2026-03-02T19:00:00.000Z", 1)
    trial.at("2026-03-03 16:00", "Europe/Paris")
    casework.escalate(trial.study, trial.now)
    assert climbed(trial) == [1, 2]


def test_what_is_resolved_stays_whose_it_was(trial: Trial, phone: Phone) -> None:
    take(trial, phone)
    do(trial, casework.resolve, action="called", outcome="improving", reason="better")
    assert left(trial) == 0
    assert facts(trial, "case.released") == []
