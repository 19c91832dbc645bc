"""Levels that are expected of a participant: they are ended early, replaced or run out, and each end stays to be seen."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from qol_server.intake import expecting
from qol_server.state import levels
from qol_server.trial.problems import Refused
from tests import people
from tests.intake.test_alerting import facts, nausea
from tests.intake.test_rehearsal import rehearsed, told
from tests.people import NURSE, Phone, Trial


@pytest.fixture
def phone(trial: Trial) -> Phone:
    number = trial.enrol(people.ADA)
    trial.at("2026-03-03 00:30", "Europe/Paris")
    trial.start_treatment(number, date(2026, 3, 2))
    return trial.phone(number)


def test_a_level_that_was_ended_explains_nothing_wherever_the_participant_goes(trial: Trial, phone: Phone) -> None:
    until = date(2026, 3, 20)
    expecting.expect(trial.study, phone.number, "nausea.severity", 3, until, reason="Before every cycle", actor=NURSE, now=trial.now)
    [level] = levels.expected(trial.study.store.read(), phone.number)
    expecting.end(trial.study, phone.number, level.position, reason="Over", actor=NURSE, now=trial.now)
    phone.client.seal("preference.set", captured_at=trial.now, time_zone="America/Martinique", language="en")  # still the day before
    phone.sync()
    trial.now += timedelta(minutes=1)
    phone.answer("symptoms@W0", nausea(3))
    phone.sync()
    assert [alert["expected"] for alert in facts(trial, "alert.raised")] == [None]
    [earlier] = levels.earlier(trial.study.store.read(), phone.number, trial.now.date())
    assert (earlier["position"], earlier["end_actor"], earlier["end_reason"]) == (level.position, NURSE, "Over")
    assert rehearsed(trial, [phone.number])[phone.number] == told(trial, phone.number)


@pytest.mark.parametrize("reason", ["", "Over"])
def test_a_level_that_has_run_out_or_was_never_said_is_not_ended(trial: Trial, phone: Phone, reason: str) -> None:
    expecting.expect(trial.study, phone.number, "rash.severity", 3, date(2026, 3, 3), reason="x", actor=NURSE, now=trial.now)
    [level] = levels.expected(trial.study.store.read(), phone.number)
    trial.now += timedelta(days=1)
    for position in (level.position, 10_000):
        with pytest.raises(Refused) as refused:
            expecting.end(trial.study, phone.number, position, reason=reason, actor=NURSE, now=trial.now)
        assert refused.value.problem.name == ("changed-meanwhile" if reason else "reason-needed")
    assert facts(trial, "level.ended") == []
