"""Dose histories lived through the server, told afterwards or corrected; what `dose_summary` says was worked out by hand."""

from __future__ import annotations

from datetime import date

import pytest

from qol_server.intake import looking
from qol_server.views.showing import VIEWS
from tests import people
from tests.people import FORGOTTEN, TAKEN

TWO = {"intake.1.status": "taken", "intake.2.status": "taken"}
HALF_KNOWN = {"intake.1.status": "taken", "intake.2.status": None}
SMALLER = {"intake.1.status": "different", "intake.1.mg": "200"}


def march(day):
    return date(2026, 3, day)


@pytest.fixture
def lived(tmp_path):
    """Live days of March from the first dose on the 1st; returns the rows of ``doses`` and the row of ``dose_summary``.

    ``diary``: day -> answers, given at 19:00; ``noon``: day -> what staff do at noon; the views are drawn at the ``cut``'s noon.
    """

    def live(diary, noon, cut):
        trial = people.trial(tmp_path)
        trial.at("2026-03-01 05:00")
        ada = trial.enrol(people.ADA)
        phone = trial.phone(ada)
        trial.start_treatment(ada, march(1))
        for day in range(1, cut):
            trial.at(f"2026-03-{day:02} 12:00")
            if day in noon:
                noon[day](trial, ada)
            trial.at(f"2026-03-{day:02} 19:00")
            if day in diary:
                phone.answer(f"dose@2026-03-{day:02}", diary[day])
                phone.sync()
        trial.at(f"2026-03-{cut:02} 12:00")
        trial.anchor(ada, "progression", march(cut))  # an entry of that day, as of which the views are drawn
        views = looking.as_of(trial.study, trial.position)
        found = {}
        for view in ("doses", "dose_summary"):
            columns, rows = VIEWS[view](views)
            found[view] = [dict(zip([column.name for column in columns], row, strict=True)) for row in rows]
        return found["doses"], found["dose_summary"][0]

    return live


def says(sums, **expected):
    assert {name: sums[name] for name in expected} == pytest.approx(expected)


def days(first, last, answers=TAKEN):
    return dict.fromkeys(range(first, last + 1), answers)


def test_a_hold_a_missed_day_and_an_unknown_one(lived):
    """Due on 1-3 and 7-10: 7 x 400 mg; taken on 1-3, 7 and 10; missed on 8; nothing said of 9."""
    noon = {3: lambda trial, ada: trial.hold(ada, march(4)), 6: lambda trial, ada: trial.prescribe(ada, "400", march(7), "recovery")}
    _, sums = lived(days(1, 3) | {7: TAKEN, 8: FORGOTTEN, 10: TAKEN}, noon, 11)
    says(sums, days=10, held_days=3, planned_mg=2800, taken_mg=2000, missed_mg=400, unknown_mg=400, over_mg=0)
    says(sums, relative_dose_intensity_low=2000 / 28, relative_dose_intensity_high=2400 / 28, adherence_low=500 / 7, adherence_high=600 / 7)


def test_a_change_of_dose_with_one_of_two_intakes_unknown(lived):
    """5 x 400 and 3 x 800 mg due; of the 7th one intake is unknown, on the 3rd half a dose was taken."""
    noon = {5: lambda trial, ada: trial.prescribe(ada, "800", march(6))}
    _, sums = lived(days(1, 5) | {3: SMALLER, 6: TWO, 7: HALF_KNOWN, 8: TWO}, noon, 9)
    says(sums, planned_mg=4400, taken_mg=3800, unknown_mg=400, missed_mg=0, escalations=1, unknown_days=1)
    says(sums, due_intakes=11, taken_intakes=10, unknown_intakes=1, adherence_low=1000 / 11, adherence_high=100)
    says(sums, relative_dose_intensity_low=3800 / 44, relative_dose_intensity_high=4200 / 44)


def test_doses_after_an_end_of_treatment_that_was_recorded_later_are_not_lost(lived):
    """The last dose was due on the 5th; on the 8th staff record it, when the 6th and 7th had been entered as taken."""
    noon = {8: lambda trial, ada: trial.anchor(ada, "treatment_end", march(5))}
    rows, sums = lived(days(1, 7), noon, 11)
    says(sums, days=7, planned_mg=2000, taken_mg=2800, over_mg=800, unknown_mg=0, relative_dose_intensity_low=140, adherence_low=100)
    assert [(row["occurrence"], row["over_mg"], row["entry"] is not None) for row in rows[4:]] == [
        ("dose@2026-03-05", 0, True), ("dose@2026-03-06", 400, True), ("dose@2026-03-07", 400, True),
    ]  # fmt: skip


def test_a_day_without_a_word_between_the_end_and_a_later_dose_plans_nothing(lived):
    noon = {8: lambda trial, ada: trial.anchor(ada, "treatment_end", march(5))}
    rows, sums = lived(days(1, 5) | {7: TAKEN}, noon, 11)
    says(sums, days=7, planned_mg=2000, taken_mg=2400, over_mg=400, unknown_mg=0, last_dose="2026-03-07")
    assert [(row["occurrence"], row["planned_mg"], row["entry"]) for row in rows][5] == ("dose@2026-03-06", 0, None)


def test_what_was_not_taken_after_the_end_leaves_no_row(lived):
    noon = {8: lambda trial, ada: trial.anchor(ada, "treatment_end", march(5))}
    rows, sums = lived(days(1, 5) | {6: FORGOTTEN}, noon, 11)
    says(sums, days=5, taken_mg=2000, missed_mg=0, adherence_low=100)
    assert rows[-1]["day"] == "2026-03-05"


def test_doses_before_a_start_that_was_corrected_to_a_later_day_are_not_lost(lived):
    noon = {5: lambda trial, ada: trial.anchor(ada, "treatment_start", march(3), reason="wrong_day")}
    _, sums = lived(days(1, 5), noon, 6)
    says(sums, days=5, planned_mg=1200, taken_mg=2000, over_mg=800, first_dose="2026-03-01")


def test_a_hold_that_is_recorded_afterwards_makes_the_doses_too_many(lived):
    noon = {8: lambda trial, ada: trial.hold(ada, march(5))}
    _, sums = lived(days(1, 7), noon, 9)
    says(sums, planned_mg=1600, taken_mg=2800, over_mg=1200, held_days=4, relative_dose_intensity_low=175, adherence_low=100)


def test_a_death_during_a_hold_leaves_nothing_missed_or_unknown(lived):
    noon = {3: lambda trial, ada: trial.hold(ada, march(4)), 7: lambda trial, ada: trial.anchor(ada, "death", march(6))}
    _, sums = lived(days(1, 3), noon, 11)
    says(sums, days=6, held_days=3, planned_mg=1200, taken_mg=1200, missed_mg=0, unknown_mg=0, relative_dose_intensity_high=100)


def test_after_the_study_has_ended_nothing_is_due(lived):
    noon = {7: lambda trial, ada: trial.anchor(ada, "study_end", march(6))}
    _, sums = lived(days(1, 6), noon, 11)
    says(sums, days=6, planned_mg=2400, taken_mg=2400, unknown_mg=0, relative_dose_intensity_low=100)


def test_a_withdrawal_from_questionnaires_makes_the_doses_unknown(lived):
    _, sums = lived(days(1, 5), {5: lambda trial, ada: trial.withdraw(ada, "questionnaires", march(5))}, 11)
    says(sums, planned_mg=4000, taken_mg=2000, unknown_mg=2000, relative_dose_intensity_low=50, relative_dose_intensity_high=100)


def test_a_withdrawal_from_treatment_makes_no_more_doses_due(lived):
    _, sums = lived(days(1, 5), {6: lambda trial, ada: trial.withdraw(ada, "treatment", march(5))}, 11)
    says(sums, days=5, planned_mg=2000, taken_mg=2000, unknown_mg=0, relative_dose_intensity_low=100)


def test_nothing_reported_at_all_lies_between_nothing_and_everything(lived):
    _, sums = lived({}, {}, 11)
    says(sums, planned_mg=4000, taken_mg=0, unknown_mg=4000, unknown_days=10, missed_mg=0, adherence_low=0, adherence_high=100)
    says(sums, relative_dose_intensity_low=0, relative_dose_intensity_high=100)
