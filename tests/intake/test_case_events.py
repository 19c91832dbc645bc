"""What happened is a case of its own each time, and no level of it is usual: a pain in the chest is no repetition of a nausea."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from qol_server import journal
from qol_server.intake import casework, expecting
from qol_server.intake.record import record
from qol_server.state import cases
from qol_server.trial.facts import Kind
from qol_server.trial.problems import Refused
from tests import people
from tests.intake.test_alerting import facts, steps, the_case
from tests.intake.test_rehearsal import rehearsed, told
from tests.people import NURSE, Phone, Trial

NAUSEA = people.FELL_ILL | {"severity": 3}
CHEST_PAIN = people.FELL_ILL | {"what": "Pain in the chest", "severity": 3}


def tell(phone: Phone, answers: dict[str, Any], **fields: Any) -> Any:
    sealed = phone.something_happened(answers, **fields)
    phone.sync()
    return sealed


def test_another_event_is_another_case(trial: Trial, phone: Phone) -> None:
    tell(phone, NAUSEA)
    casework.acknowledge(trial.study, the_case(trial)["case"], seen=the_case(trial)["version"], actor=NURSE, now=trial.now)
    trial.at("2026-03-20 20:00", "Europe/Paris")
    tell(phone, CHEST_PAIN)
    assert steps(trial) == ["opened", "acknowledged", "opened"]
    waiting = [(case.since.date(), case.assessment) for case, _ in cases.waiting(trial.study.store.read())]
    assert waiting == [(date(2026, 3, 20), "adverse-event")]
    assert rehearsed(trial, [phone.number])[phone.number] == told(trial, phone.number)


def test_what_is_told_anew_of_the_same_event_joins_its_case(trial: Trial, phone: Phone) -> None:
    nausea = tell(phone, NAUSEA)
    [given] = [entry for entry in journal.every(trial.study.store.read()) if entry.kind == "response.given"]
    trial.at("2026-03-20 20:00", "Europe/Paris")
    tell(phone, CHEST_PAIN)
    phone.answer(str(given.occurrence), NAUSEA | {"severity": 4}, supersedes=nausea.id, reason="typing_mistake")
    phone.sync()
    assert steps(trial) == ["opened", "opened", "worsened", "corrected"]
    first, _, worse = facts(trial, "case.opened", "case.worsened")
    assert worse["case"] == first["case"]
    assert rehearsed(trial, [phone.number])[phone.number] == told(trial, phone.number)


def test_what_a_phone_notes_or_prefers_is_no_report_whatever_is_wrong_with_it(trial: Trial, phone: Phone) -> None:
    long_ago = trial.now - timedelta(days=3000)  # by a clock that began anew
    phone.client.seal("app.noted", captured_at=long_ago, time_zone=phone.time_zone, what="reminder-shown")
    phone.client.seal("preference.set", captured_at=trial.now, time_zone=phone.time_zone, reminder_hour=77)
    phone.sync()
    assert len(facts(trial, "entry.quarantined")) == 2
    assert facts(trial, "call.raised") == []
    phone.client.seal("help.asked", captured_at=long_ago, time_zone=phone.time_zone, what="call-me")
    phone.sync()
    assert [fact["task"] for fact in facts(trial, "call.raised")] == ["unreadable"]


def test_no_level_of_what_may_happen_is_expected(trial: Trial, phone: Phone) -> None:
    with pytest.raises(Refused) as refused:
        expecting.expect(trial.study, phone.number, "severity", 4, date(2026, 5, 1), reason="x", actor=NURSE, now=trial.now)
    assert refused.value.problem.name == "bad-value"


def test_a_level_that_was_set_before_explains_no_event(trial: Trial, phone: Phone) -> None:
    fact = {"item": "severity", "level": 4, "until": "2026-05-01"}
    trial.study.store.write(
        lambda tx: record(
            tx, trial.study, Kind.LEVEL_EXPECTED, fact, actor=NURSE, now=trial.now, participant=phone.number, reason="x", nth="x"
        )
    )
    tell(phone, CHEST_PAIN)
    assert [alert["expected"] for alert in facts(trial, "alert.raised")] == [None]
    assert steps(trial) == ["opened"]
