"""What the strip is made of: runs of days, steps of the dose, the worst of a symptom, bars in rows."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qol_server import library
from qol_server.trial import diary, strip
from qol_server.trial.instrument import Answers
from qol_server.trial.strip import Dose, Point
from tests.trial.trials import participant, prescription

FIRST = date(2026, 3, 1)
DAYS = st.integers(0, 60).map(lambda n: FIRST + timedelta(days=n))
ADA = participant(
    {"treatment_start": ["2026-03-01"], "treatment_end": ["2026-03-20"]},
    (
        prescription("2026-03-01", "400", "start"), prescription("2026-03-08", None, "toxicity"),
        prescription("2026-03-11", "800", "recovery"),
    ),
    {}, "Europe/Paris", 9,
)  # fmt: skip
DIARY: dict[date, Answers] = {
    date(2026, 3, 1): {"intake.1.status": "taken"},
    date(2026, 3, 2): {"intake.1.status": "not_taken"},
    date(2026, 3, 3): {"intake.1.status": "taken", "intake.2.status": "taken"},
    date(2026, 3, 9): {"intake.1.status": "taken"},
    date(2026, 3, 11): {"intake.1.status": "taken", "intake.2.status": "taken"},
    date(2026, 3, 12): {"intake.1.status": "taken"},
}


def test_each_day_has_one_word_and_days_that_are_alike_are_one_run() -> None:
    found = strip.runs(diary.dose_days(ADA, DIARY, FIRST, date(2026, 3, 12)))
    assert [(run.dose, run.first.day, run.days) for run in found] == [
        (Dose.TAKEN, 1, 1), (Dose.MISSED, 2, 1), (Dose.OVER, 3, 1), (Dose.UNKNOWN, 4, 4), (Dose.HELD, 8, 1), (Dose.OVER, 9, 1),
        (Dose.HELD, 10, 1), (Dose.TAKEN, 11, 1), (Dose.UNKNOWN, 12, 1),
    ]  # fmt: skip


def test_runs_cover_every_day_once() -> None:
    days = diary.dose_days(ADA, DIARY, FIRST, date(2026, 4, 30))
    assert [run.first + timedelta(days=n) for run in strip.runs(days) for n in range(run.days)] == [one.day for one in days]


def test_steps_are_those_of_the_treatment_within_the_period() -> None:
    found = strip.steps(ADA, date(2026, 3, 5), date(2026, 4, 30))
    assert [(step.first.day, step.last.day, step.regimen) for step in found] == [(5, 7, "400"), (8, 10, None), (11, 20, "800")]
    assert strip.steps(participant({}, ADA.prescriptions, {}, "Europe/Paris", 9), FIRST, FIRST) == ()


@given(DAYS, DAYS)
def test_each_day_has_the_step_that_is_prescribed(first: date, last: date) -> None:
    found = strip.steps(ADA, first, last)
    for step in found:
        assert first <= step.first <= step.last <= last
        assert {diary.prescribed(ADA, step.first), diary.prescribed(ADA, step.last)} == {diary.prescribed(ADA, step.first)}
        assert diary.treated(ADA, step.first)
    assert all(one.last < two.first for one, two in pairwise(found))


SYMPTOMS = strip.asked(library.load_instruments(library.shipped_instruments())["symptom-diary"])


@pytest.mark.parametrize(
    ("answers", "levels"),
    [
        ({"nausea.frequency": 2, "nausea.severity": 3, "nausea.interference": 4}, {"nausea": (0.75, "nausea.severity")}),
        ({"nausea.frequency": 0}, {"nausea": (0, "nausea.frequency")}),
        ({"nausea.frequency": 2, "nausea.severity": None}, {}),
        ({"nausea.frequency": "declined"}, {}),
        ({"bleeding": "yes", "jaundice": "no"}, {"bleeding": (1, "bleeding"), "jaundice": (0, "jaundice")}),
        ({"temperature": "38.5"}, {}),
    ],
)
def test_how_bad_a_symptom_was_is_what_its_leading_item_says(answers: Answers, levels: dict[str, tuple[float, str]]) -> None:
    assert SYMPTOMS.levels(answers) == levels


POINTS = st.lists(st.tuples(DAYS, st.sampled_from([0.0, 0.25, 0.5, 1.0])), max_size=30).map(
    lambda found: [Point(day, value, f"symptoms@{day}") for day, value in sorted(found)]
)


@given(POINTS, st.integers(1, 20))
def test_the_worst_is_never_left_out(points: list[Point], width: int) -> None:
    kept = strip.worst(points, FIRST, width)
    assert set(kept) <= set(points)
    assert max((point.value for point in kept), default=None) == max((point.value for point in points), default=None)
    places = [(point.day - FIRST).days // width for point in kept]
    assert places == sorted({(point.day - FIRST).days // width for point in points})


@given(st.lists(st.tuples(DAYS, st.integers(0, 20)), max_size=20))
def test_bars_of_a_row_do_not_touch(found: list[tuple[date, int]]) -> None:
    bars = sorted((day, day + timedelta(days=length)) for day, length in found)
    rows = strip.stacked(bars)
    for row in set(rows):
        inside = [bar for bar, place in zip(bars, rows, strict=True) if place == row]
        assert all(one[1] < two[0] for one, two in pairwise(inside))
    assert sorted(set(rows)) == list(range(len(set(rows))))
