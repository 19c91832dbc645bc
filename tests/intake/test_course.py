"""What staff record about a participant's course: prescriptions and their corrections, dates taken back, pauses, lost phones."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from qol_server.access import pairing
from qol_server.client import HeldBack
from qol_server.intake import conduct, dating, pausing, prescribing
from qol_server.intake.looking import as_of
from qol_server.state import participants, responses
from qol_server.trial import problems
from qol_server.trial.participant import Participant
from qol_server.trial.problems import Refused
from qol_server.trial.rescheduling import Turn, with_anchor
from tests import people
from tests.people import INVESTIGATOR, NURSE, Phone, Trial


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return people.trial(tmp_path)


@pytest.fixture
def ada(trial: Trial) -> str:
    """On 400 mg since 2 March; today is the 10th."""
    number = trial.enrol(people.ADA)
    trial.at("2026-03-02 20:00", "Europe/Paris")
    trial.start_treatment(number, date(2026, 3, 2))
    trial.at("2026-03-10 09:00", "Europe/Paris")
    return number


def known(trial: Trial, number: str) -> Participant:
    found = participants.load(trial.study.store.read(), number)
    assert found is not None
    return found


def part(phone: Phone) -> dict[str, Any]:
    """What the phone knows of the participation."""
    return phone.client.feed["participation", phone.number]


def doses(trial: Trial, number: str) -> list[tuple[str, str | None]]:
    return [(one.day.isoformat(), one.regimen) for one in known(trial, number).prescriptions]


def history(trial: Trial, number: str) -> list[Any]:
    return participants.prescriptions(trial.study.store.read(), number)


def expected(trial: Trial, number: str) -> set[str]:
    return {one.occurrence for one in participants.assignments(trial.study.store.read(), number) if one.expected}


def refused(problem: problems.Problem, act: Any, *args: Any, **kwargs: Any) -> Refused:
    with pytest.raises(Refused) as failure:
        act(*args, **kwargs)
    assert failure.value.problem is problem
    return failure.value


def test_what_is_odd_has_to_be_meant_and_the_journal_says_that_it_was(trial: Trial, ada: str):
    how = {"actor": INVESTIGATOR, "now": trial.now, "reason": "toxicity"}
    why = refused(problems.UNCONFIRMED, conduct.prescribe, trial.study, ada, None, date(2026, 3, 12), **how)
    assert why.errors == [{"what": "future"}]
    assert doses(trial, ada) == [("2026-03-02", "400")]
    conduct.prescribe(trial.study, ada, None, date(2026, 3, 12), note="Rash on both arms", confirmed=["future"], **how)
    assert doses(trial, ada) == [("2026-03-02", "400"), ("2026-03-12", None)]
    assert [(row["reason"], row["note"], row["actor"]) for row in history(trial, ada)][1:] == [
        ("toxicity", "Rash on both arms", INVESTIGATOR)
    ]


def test_a_click_that_comes_twice_prescribes_once(trial: Trial, ada: str):
    for _ in range(2):
        conduct.prescribe(trial.study, ada, None, date(2026, 3, 10), actor=NURSE, now=trial.now, reason="toxicity", confirmed=["today"])
    assert len(history(trial, ada)) == 2


def test_nobody_prescribes_on_top_of_what_they_did_not_see(trial: Trial, ada: str):
    seen = prescribing.last(history(trial, ada))
    nurse = {"actor": NURSE, "now": trial.now, "reason": "toxicity"}
    conduct.prescribe(trial.study, ada, None, date(2026, 3, 10), confirmed=["today"], seen=seen, **nurse)
    late = {"actor": INVESTIGATOR, "now": trial.now, "reason": "progression", "seen": seen}
    refused(problems.CHANGED_MEANWHILE, conduct.prescribe, trial.study, ada, "800", date(2026, 3, 10), **late)
    assert doses(trial, ada)[-1] == ("2026-03-10", None)


def test_a_hold_of_the_wrong_day_is_corrected_and_the_earlier_one_stays_in_the_history(trial: Trial, ada: str):
    trial.hold(ada, date(2026, 3, 3))
    assert "dose@2026-03-05" not in expected(trial, ada)
    wrong = prescribing.last(history(trial, ada))
    refused(problems.REASON_NEEDED, prescribing.correct, trial.study, ada, wrong, date(2026, 3, 8), actor=NURSE, now=trial.now, reason=" ")
    prescribing.correct(trial.study, ada, wrong, date(2026, 3, 8), actor=NURSE, now=trial.now, reason="It was the 8th")
    assert doses(trial, ada) == [("2026-03-02", "400"), ("2026-03-08", None)]
    assert {"dose@2026-03-05", "dose@2026-03-07"} <= expected(trial, ada)
    assert "dose@2026-03-08" not in expected(trial, ada)
    assert [(row["day"], row["standing"], row["why"]) for row in history(trial, ada)] == [
        ("2026-03-02", 1, None), ("2026-03-03", 0, "It was the 8th"), ("2026-03-08", 1, None),
    ]  # fmt: skip
    refused(problems.BAD_VALUE, prescribing.correct, trial.study, ada, wrong, None, actor=NURSE, now=trial.now, reason="again")


def test_what_was_never_prescribed_gives_way_to_what_it_had_replaced(trial: Trial, ada: str):
    trial.prescribe(ada, "800", date(2026, 3, 2))
    assert doses(trial, ada) == [("2026-03-02", "800")]
    prescribing.correct(
        trial.study, ada, prescribing.last(history(trial, ada)), None, actor=NURSE, now=trial.now, reason="Another participant's"
    )
    assert doses(trial, ada) == [("2026-03-02", "400")]


def test_a_death_recorded_for_the_wrong_person_is_taken_back_and_the_phone_goes_on(trial: Trial, ada: str):
    phone = trial.phone(ada)
    phone.answer("dose@2026-03-09", people.TAKEN)
    phone.sync()
    before = expected(trial, ada)
    trial.anchor(ada, "death", date(2026, 3, 9))
    phone.sync()
    assert part(phone)["ended_on"] == "2026-03-09"
    assert expected(trial, ada) < before
    refused(problems.REASON_NEEDED, dating.take_back_anchor, trial.study, ada, "death", actor=NURSE, now=trial.now, reason="")
    dating.take_back_anchor(trial.study, ada, "death", actor=NURSE, now=trial.now, reason="It was 01-0002")
    assert expected(trial, ada) == before
    assert responses.answered(trial.study.store.read(), ada).keys() == {"dose@2026-03-09"}
    phone.sync()
    assert part(phone)["ended_on"] is None
    assert phone.client.feed["assignment", "qol@M1"]["expected"] is True
    refused(problems.BAD_VALUE, dating.take_back_anchor, trial.study, ada, "death", actor=NURSE, now=trial.now, reason="again")
    trial.anchor(ada, "death", date(2026, 3, 9))  # and may be recorded once more
    assert known(trial, ada).anchors["death"] == (date(2026, 3, 9),)


def test_what_the_study_adopted_while_the_phone_was_told_nothing_is_told_when_it_goes_on(trial: Trial, ada: str):
    phone = trial.phone(ada)
    trial.anchor(ada, "death", date(2026, 3, 9))
    phone.sync()
    amended = people.protocol().replace(b'emergency_number: "112"', b'emergency_number: "15"')
    conduct.adopt(trial.study, amended, people.instruments(), actor=people.DATA_MANAGER, now=trial.now)
    phone.sync()
    assert phone.client.feed["study", "desminib"]["emergency_number"] == "112"
    dating.take_back_anchor(trial.study, ada, "death", actor=NURSE, now=trial.now, reason="It was 01-0002")
    phone.sync()
    assert phone.client.feed["study", "desminib"]["emergency_number"] == "15"


def test_a_withdrawal_taken_back_leaves_no_trace_but_in_the_journal(trial: Trial, ada: str):
    before = expected(trial, ada)
    trial.withdraw(ada, "consent", date(2026, 3, 9))
    refused(problems.REASON_NEEDED, conduct.withdraw, trial.study, ada, "consent", date(2026, 3, 8), actor=NURSE, now=trial.now)
    dating.take_back_withdrawal(trial.study, ada, "consent", actor=NURSE, now=trial.now, reason="The form was another's")
    assert known(trial, ada).withdrawals == {}
    assert expected(trial, ada) == before
    refused(problems.BAD_VALUE, dating.take_back_withdrawal, trial.study, ada, "consent", actor=NURSE, now=trial.now, reason="again")


def test_a_second_progression_is_taken_back_before_the_first(trial: Trial, ada: str):
    trial.anchor(ada, "progression", date(2026, 3, 5))
    trial.anchor(ada, "progression", date(2026, 3, 8), again=True)
    dating.take_back_anchor(trial.study, ada, "progression", actor=NURSE, now=trial.now, reason="The scan was read again")
    assert known(trial, ada).anchors["progression"] == (date(2026, 3, 5),)
    refused(problems.BAD_VALUE, dating.take_back_anchor, trial.study, ada, "consent", actor=NURSE, now=trial.now, reason="no")


def test_a_preview_tells_what_changes_and_changes_nothing(trial: Trial, ada: str):
    phone = trial.phone(ada)
    phone.answer("dose@2026-03-09", people.TAKEN)
    phone.sync()
    position = trial.position
    who = known(trial, ada)
    told = dating.preview(trial.study, trial.study.store.read(), who, lambda one: with_anchor(one, "treatment_start", 1, date(2026, 3, 4)))
    turns = {change.window.occurrence: change.turn for change in told}
    assert turns["dose@2026-03-02"] is turns["dose@2026-03-03"] is Turn.CANCELLED
    assert turns["qol@M1"] is Turn.MOVED
    assert "dose@2026-03-09" not in turns
    assert trial.position == position


def test_while_contact_pauses_no_message_is_sent(trial: Trial, ada: str):
    pausing.pause(trial.study, ada, date(2026, 3, 20), actor=NURSE, now=trial.now, reason="In hospital")
    refused(problems.NOT_CONTACTED, conduct.send_message, trial.study, ada, "Hello", actor=NURSE, now=trial.now)
    pausing.resume(trial.study, ada, actor=NURSE, now=trial.now, reason="Home again")
    assert conduct.send_message(trial.study, ada, "Hello", actor=NURSE, now=trial.now)


def test_a_lost_phone_is_locked_out_and_the_other_one_stays(trial: Trial, ada: str):
    lost, kept = trial.phone(ada), trial.phone(ada)
    tx = trial.study.store.read()
    assert conduct.revoke(trial.study, ada, lost.client.device_id, actor=NURSE, now=trial.now, reason="lost") == [lost.client.device_id]
    assert conduct.revoke(trial.study, ada, lost.client.device_id, actor=NURSE, now=trial.now, reason="lost") == []
    assert pairing.active_devices(tx, ada) == [kept.client.device_id]
    kept.sync()
    with pytest.raises(HeldBack):
        lost.sync()
    other = trial.phone(trial.enrol(people.BEN))
    refused(problems.DEVICE_UNKNOWN, conduct.revoke, trial.study, ada, other.client.device_id, actor=NURSE, now=trial.now)


def test_a_fold_of_the_journal_alone_knows_the_same(trial: Trial, ada: str):
    trial.hold(ada, date(2026, 3, 3))
    prescribing.correct(
        trial.study, ada, prescribing.last(history(trial, ada)), date(2026, 3, 8), actor=NURSE, now=trial.now, reason="It was the 8th"
    )
    trial.anchor(ada, "death", date(2026, 3, 9))
    dating.take_back_anchor(trial.study, ada, "death", actor=NURSE, now=trial.now, reason="Another's")
    again = as_of(trial.study, trial.position)
    tables = ("roster", "anchors", "prescriptions", "withdrawals", "assignments", "medicines")
    for table in tables:
        rows = [
            [tuple(row) for row in tx.all(f"SELECT * FROM {table} ORDER BY 1, 2")] for tx in (trial.study.store.read(), again.store.read())
        ]
        assert rows[0] == rows[1], table
