"""Ages, hours and clocks of cases over the nights in which the clocks change, and at a site whose wall is another than the reader's."""

from __future__ import annotations

from datetime import date

import pytest

from qol_server.intake import casework
from qol_server.trial.roles import Role
from tests import people
from tests.intake.test_alerting import facts, nausea
from tests.people import Trial
from tests.staff import casebook
from tests.staff.rig import House


def sick(trial: Trial, number: str, captured: str, answers: dict[str, object]) -> None:
    """Somebody's phone answers the first week's diary and sends it, now."""
    phone = trial.phone(number)
    phone.answer("symptoms@W0", answers, captured=captured)
    phone.sync()


@pytest.mark.parametrize(
    ("evening", "then", "age", "due", "waits"),
    [
        # Saturday evening; in the night to Sunday an hour is left out
        ("2026-03-28 22:00", "2026-03-29 09:00", "10 h 0 min ago 28 Mar 2026, 22:00",
         "2026-03-30T10:00:00.000Z", "in 1 d 3 h 30 Mar 2026, 12:00"),
        # Saturday evening; in the night to Sunday an hour comes twice
        ("2026-10-24 22:00", "2026-10-25 09:00", "12 h 0 min ago 24 Oct 2026, 22:00",
         "2026-10-26T11:00:00.000Z", "in 1 d 3 h 26 Oct 2026, 12:00"),
    ],
)  # fmt: skip
def test_a_case_of_the_night_in_which_the_clocks_change(desk: House, evening: str, then: str, age: str, due: str, waits: str) -> None:
    number = desk.ada
    desk.trial.at(evening, "Europe/Paris")
    sick(desk.trial, number, f"{evening}:00", nausea(3))
    case = casebook.the_case(desk)["case"]
    desk.trial.at(then, "Europe/Paris")
    nora = desk.login(Role.NURSE, "01", name="nora")
    for page in ("/worklist", f"/cases/{case}"):
        nora.get(page)
        assert age in nora.text, page
        assert f"All nurses are told {waits}" in nora.text, page
    desk.trial.now = desk.trial.now.fromisoformat(due)
    assert casework.escalate(desk.trial.study, desk.now) == 1
    assert facts(desk.trial, "case.escalated")[0]["due_at"] == due


def test_what_is_urgent_now_counts_real_minutes_in_the_hour_that_comes_twice(desk: House) -> None:
    number = desk.ada
    desk.trial.now = desk.trial.now.fromisoformat("2026-10-25T00:50:00+00:00")  # ten to three, for the first time
    sick(desk.trial, number, "2026-10-25 02:40:00", {"bleeding": "yes"})
    desk.trial.now = desk.trial.now.fromisoformat("2026-10-25T01:20:00+00:00")  # twenty past two, for the second time
    assert casework.escalate(desk.trial.study, desk.now) == 1
    nora = desk.login(Role.NURSE, "01", name="nora")
    nora.get("/worklist")
    assert "30 min ago" in nora.text
    assert "The investigators are told in 30 min" in nora.text


def test_a_site_in_another_zone_has_its_own_hours_and_the_page_says_whose_they_are(desk: House) -> None:
    trial = desk.trial
    trial.at("2026-03-01 12:00")
    clea = trial.enrol(people.CLEA)
    trial.at("2026-03-02 16:00", "America/Martinique")  # nine in the evening in Paris
    trial.start_treatment(clea, date(2026, 3, 2))
    sick(trial, clea, "2026-03-02 16:00:00", nausea(3))
    [case] = [row["case"] for row in trial.study.store.read().all('SELECT "case" FROM cases WHERE participant = ?', (clea,))]
    paris, there = desk.login(Role.NURSE, name="nora"), desk.login(Role.NURSE, "03", name="noel")
    for page in ("/worklist", f"/cases/{case}"):
        for member, place in ((paris, " (Martinique)"), (there, "")):
            member.get(page)
            assert f"0 min ago 2 Mar 2026, 16:00{place}" in member.text, page
            assert f"All nurses are told in 18 h 0 min 3 Mar 2026, 10:00{place}" in member.text, page
            assert ("(Martinique)" in member.text) == bool(place), page
    trial.at("2026-03-03 09:59", "America/Martinique")
    assert casework.escalate(trial.study, trial.now) == 0
    trial.at("2026-03-03 10:00", "America/Martinique")
    assert casework.escalate(trial.study, trial.now) == 1


def test_the_follow_up_of_a_case_at_that_site_runs_in_its_hours(desk: House) -> None:
    trial = desk.trial
    trial.at("2026-03-01 12:00")
    clea = trial.enrol(people.CLEA)
    trial.at("2026-03-05 16:00", "America/Martinique")
    trial.start_treatment(clea, date(2026, 3, 5))
    sick(trial, clea, "2026-03-05 16:00:00", nausea(3))
    casework.acknowledge(trial.study, **casebook.step(desk, people.NURSE))
    trial.at("2026-03-06 15:59", "America/Martinique")
    assert casework.escalate(trial.study, trial.now) == 0
    trial.at("2026-03-06 16:00", "America/Martinique")
    assert casework.escalate(trial.study, trial.now) == 1
    trial.at("2026-03-09 15:59", "America/Martinique")  # over the week-end
    assert casework.escalate(trial.study, trial.now) == 0
    trial.at("2026-03-09 16:00", "America/Martinique")
    assert casework.escalate(trial.study, trial.now) == 1
