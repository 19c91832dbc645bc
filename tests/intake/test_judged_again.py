"""What is recorded about the treatment after the doses: they are judged again, and nothing is found twice."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import orjson
import pytest

from qol_server import journal
from qol_server.intake import alerting as judging
from qol_server.intake import dating, looking, prescribing
from qol_server.state import participants
from qol_server.trial import alerting
from qol_server.trial.prescribing import Doubt
from qol_server.views.showing import VIEWS
from tests import people
from tests.intake.test_alerting import facts, nausea, raised, steps, the_case
from tests.people import NURSE, Phone, Trial


def three_doses(trial: Trial, phone: Phone, answers: Mapping[str, str] = people.TAKEN) -> None:
    for n in (2, 3, 4):
        trial.at(f"2026-03-{n:02} 20:00", "Europe/Paris")
        phone.answer(f"dose@2026-03-{n:02}", answers)
        phone.sync()
    assert facts(trial, "alert.raised") == []


def too_much(trial: Trial) -> list[tuple[str, str, str | None]]:
    """(day, taken, prescribed) of each alert about a dose; all of them were known late."""
    alerts = [entry for entry in journal.every(trial.study.store.read()) if entry.kind == "alert.raised"]
    said = [(str(entry.occurrence).partition("@")[2], orjson.loads(entry.line)) for entry in alerts]
    assert all(fact["rule"] == "over-prescription" and fact["late"] for _, fact in said)
    return [(day, fact["findings"][0][1], fact["findings"][0][2]) for day, fact in said]


def test_a_hold_entered_after_the_doses_judges_them_anew(trial: Trial, phone: Phone) -> None:
    three_doses(trial, phone)
    trial.hold(phone.number, date(2026, 3, 3))
    assert too_much(trial) == [("2026-03-03", "400 mg", "0 mg"), ("2026-03-04", "400 mg", "0 mg")]
    assert steps(trial) == ["opened", "worsened"]
    trial.hold(phone.number, date(2026, 3, 3), "other")  # the same doses: nothing new is found
    assert len(too_much(trial)) == 2


def test_a_second_change_that_makes_it_worse_raises_again(trial: Trial, phone: Phone) -> None:
    trial.prescribe(phone.number, "800", date(2026, 3, 2))
    three_doses(trial, phone, {"intake.1.status": "different", "intake.1.mg": "800"})
    trial.prescribe(phone.number, "600", date(2026, 3, 4))
    assert too_much(trial) == [("2026-03-04", "800 mg", "600 mg")]
    trial.hold(phone.number, date(2026, 3, 4))
    assert too_much(trial)[1:] == [("2026-03-04", "800 mg", "0 mg")]


def test_a_lower_dose_entered_after_the_doses_judges_them_by_what_was_told_then(trial: Trial, phone: Phone) -> None:
    trial.prescribe(phone.number, "600", date(2026, 3, 2))
    three_doses(trial, phone)
    trial.at("2026-03-05 10:00", "Europe/Paris")
    trial.prescribe(phone.number, "400", date(2026, 3, 3))
    assert too_much(trial) == [("2026-03-03", "600 mg", "400 mg"), ("2026-03-04", "600 mg", "400 mg")]
    phone.answer("dose@2026-03-05", people.TAKEN)
    phone.sync()
    assert len(too_much(trial)) == 2, "who answers now was told the lower dose"
    _, doses = VIEWS["doses"](looking.as_of(trial.study, trial.position))
    assert [(row[7], row[11]) for row in doses] == [(600, 0), (600, 200), (600, 200), (400, 0)]


def test_a_change_that_makes_it_milder_raises_nothing_again(trial: Trial, phone: Phone) -> None:
    trial.prescribe(phone.number, "600", date(2026, 3, 2))
    three_doses(trial, phone)
    trial.hold(phone.number, date(2026, 3, 4))
    assert too_much(trial) == [("2026-03-04", "600 mg", "0 mg")]
    trial.prescribe(phone.number, "400", date(2026, 3, 4))
    assert len(too_much(trial)) == 1, "it was found before that it was more above what is prescribed"
    trial.prescribe(phone.number, "400", date(2026, 3, 3))
    assert too_much(trial)[1:] == [("2026-03-03", "600 mg", "400 mg")]


def test_an_end_a_withdrawal_and_a_corrected_prescription_judge_the_doses_anew(trial: Trial, phone: Phone) -> None:
    three_doses(trial, phone)
    after_the_second = [("2026-03-03", "400 mg", "0 mg"), ("2026-03-04", "400 mg", "0 mg")]
    trial.anchor(phone.number, "treatment_end", date(2026, 3, 3))
    assert too_much(trial) == after_the_second[1:]
    trial.withdraw(phone.number, "treatment", date(2026, 3, 2))
    assert sorted(too_much(trial)) == after_the_second


def test_a_moved_hold_and_a_start_taken_back_judge_the_doses_anew(trial: Trial, phone: Phone) -> None:
    three_doses(trial, phone)
    trial.hold(phone.number, date(2026, 3, 5))
    assert too_much(trial) == []
    position = prescribing.last(participants.prescriptions(trial.study.store.read(), phone.number))
    prescribing.correct(
        trial.study, phone.number, position, date(2026, 3, 4), actor=NURSE, now=trial.now, reason="a slip",
        confirmed=[str(doubt) for doubt in Doubt],
    )  # fmt: skip
    assert too_much(trial) == [("2026-03-04", "400 mg", "0 mg")]


def test_an_end_that_is_taken_back_judges_what_was_not_taken(trial: Trial, phone: Phone) -> None:
    trial.anchor(phone.number, "treatment_end", date(2026, 3, 2))
    for n in (3, 4, 5):
        trial.at(f"2026-03-{n:02} 20:00", "Europe/Paris")
        phone.answer(f"dose@2026-03-{n:02}", people.FORGOTTEN)
        phone.sync()
    assert facts(trial, "alert.raised") == []
    dating.take_back_anchor(trial.study, phone.number, "treatment_end", actor=NURSE, now=trial.now, reason="a slip")
    assert raised(trial) == [("missed-doses", [["days", "3", None, None]])]


def test_a_hold_is_kept_where_the_doses_cannot_be_judged(trial: Trial, phone: Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    three_doses(trial, phone)

    def stumble(*_: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr(alerting, "judge", stumble)
    trial.hold(phone.number, date(2026, 3, 3))
    [alert] = facts(trial, "alert.raised")
    assert (alert["rule"], alert["failed"]) == (judging.UNJUDGED, True)
    assert [fact["regimen"] for fact in facts(trial, "treatment.prescribed")][-1] is None


def test_a_first_answer_that_comes_last_or_is_corrected_judges_all_that_compare_with_it(trial: Trial, phone: Phone) -> None:
    def week(n: int, severity: int, *, captured: str | None = None, supersedes: str | None = None) -> str:
        """Every week somewhat worse, and never two levels worse than the week before."""
        fields = {} if supersedes is None else {"supersedes": supersedes, "reason": "typing_mistake"}
        if captured is None:
            trial.at(f"2026-03-{2 + 7 * n:02} 20:00", "Europe/Paris")
        sealed = phone.answer(f"symptoms@W{n}", {"nausea.frequency": 1, "nausea.severity": severity}, captured=captured, **fields)
        phone.sync()
        return sealed.id

    week(1, 1)
    week(2, 1)
    week(3, 2)
    assert facts(trial, "alert.raised") == []
    first = week(0, 0, captured="2026-03-02 20:00")  # it lay on the phone for three weeks
    [alert] = facts(trial, "alert.raised")
    assert (alert["rule"], alert["findings"]) == ("worsening", [["nausea.severity", "2", "0", "baseline"]])
    assert alert["late"] is False
    assert alert["captured_at"].startswith("2026-03-23")
    week(0, 1, captured="2026-03-02 20:00", supersedes=first)
    week(0, 0, captured="2026-03-02 20:00", supersedes=first)
    assert len(facts(trial, "alert.raised")) == 1  # the same thing is found once
    assert steps(trial) == ["opened"]


def test_a_correction_that_came_first_annotates_the_case_of_what_it_corrects(trial: Trial, phone: Phone) -> None:
    first = phone.answer("symptoms@W0", nausea(3))
    phone.answer("symptoms@W0", nausea(1), supersedes=first.id, reason="typing_mistake")
    phone.client.outbox.reverse()
    phone.sync()
    assert steps(trial) == ["opened", "corrected"]
    assert (the_case(trial)["state"], the_case(trial)["corrected"]) == ("raised", 1)
