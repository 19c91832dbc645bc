"""Doses against what was prescribed that day: worked days and histories, and what holds for all of them."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qol_server.trial.diary import INTAKES, DoseDay, dose_days, prescribed, summarise, unknown_days
from tests.trial.trials import participant, prescription
from tests.trial.worked import cases, one_day, read, somebody, wall, with_history

QUICK = settings(max_examples=100, deadline=None)
DAY = date(2026, 3, 1)


def answers(intakes):
    """Diary answers of intakes written as ``status`` or ``status mg``; None was shown and not answered."""
    given = {}
    for n, intake in enumerate(intakes, 1):
        status, _, mg = (intake or "").partition(" ")
        given[f"intake.{n}.status"] = status or None
        if mg:
            given[f"intake.{n}.mg"] = mg
    return given


def diary(spans):
    """Diary days of an example: a day or ``first/last``."""
    responses = {}
    for span, intakes in spans.items():
        first, last = (str(span).split("/") * 2)[:2]
        day = one_day(first)
        while day <= one_day(last):
            responses[day] = answers(intakes)
            day += timedelta(days=1)
    return responses


@pytest.mark.parametrize("case", cases("doses-days"))
def test_a_day(case):
    responses = {DAY: answers(case["intakes"])} if "intakes" in case else {}
    (day,) = dose_days(somebody(case), responses, DAY, DAY)
    for name, expected in case["expect"].items():
        assert getattr(day, name) == (Decimal(expected) if name.endswith("_mg") and expected is not None else expected), name


@pytest.mark.parametrize("case", cases("doses-known"))
def test_a_dose_is_what_was_known_to_be_prescribed_when_it_was_said(case):
    day = one_day(read("doses-known")["day"])
    said = {day: wall(case["said"]).replace(tzinfo=UTC)}
    (found,) = dose_days(with_history(case), {day: answers(case["intakes"])}, day, day, said)
    for name, expected in case["expect"].items():
        assert getattr(found, name) == expected, name


@pytest.mark.parametrize("case", cases("doses-histories"))
def test_a_history(case):
    first, last = case["days"]
    summary = summarise(dose_days(somebody(case), diary(case.get("diary", {})), first, last))
    for name, expected in case["expect"].items():
        if name == "percent_of_400":
            assert summary.percent_of(Decimal(400)) == (tuple(expected) if expected else None)
        else:
            assert getattr(summary, name) == (Fraction(expected) if isinstance(expected, str) and "/" in expected else expected), name


def a_day(planned, recorded, day=DAY):
    return DoseDay(day, Decimal(planned), 1 if planned else 0, not planned, Decimal(recorded), 1, 0, Decimal(0), 0, Decimal(0), 0, False)


@pytest.mark.parametrize(("planned", "taken", "percent"), [(96, 52, Fraction(5200, 96)), (99, 0, Fraction(0)), (0, 0, None), (0, 52, None)])
def test_dose_intensity_is_total_dose_by_planned_dose(planned, taken, percent):
    """The figures of admiral's own test of derive_param_doseint (52 of 96, 0 of 99, nothing planned); a division by 0 is undefined here."""
    summary = summarise([a_day(planned, taken)])
    assert summary.relative_dose_intensity_low == summary.relative_dose_intensity_high == percent


def test_no_days_have_no_sums():
    summary = summarise([])
    assert (summary.days, summary.planned_mg, summary.relative_dose_intensity_low, summary.first_dose) == (0, 0, None, None)


def test_the_prescription_in_force_is_the_last_one_not_after_the_day():
    one = participant(
        prescriptions=(prescription("2026-03-01", "400"), prescription("2026-03-05", None), prescription("2026-03-08", "600"))
    )
    in_force = {day: prescribed(one, date(2026, 3, day)) for day in (1, 4, 5, 7, 8, 31)}
    assert prescribed(one, date(2026, 2, 28)) is None
    assert {day: dose.regimen for day, dose in in_force.items()} == {1: "400", 4: "400", 5: None, 7: None, 8: "600", 31: "600"}


def test_unknown_days_are_counted_back_from_yesterday():
    one = participant(
        prescriptions=(prescription("2026-03-01", "400"), prescription("2026-03-05", None), prescription("2026-03-07", "400"))
    )
    days = dose_days(one, {date(2026, 3, 2): answers(["taken"])}, date(2026, 3, 1), date(2026, 3, 9))
    in_a_row = {today: unknown_days(days, date(2026, 3, today)) for today in range(1, 11)}
    assert in_a_row == {1: 0, 2: 1, 3: 0, 4: 1, 5: 2, 6: 2, 7: 2, 8: 3, 9: 4, 10: 5}  # the two held days neither count nor break it


def test_a_day_of_which_one_intake_is_known_is_no_unknown_day():
    one = participant(prescriptions=(prescription("2026-03-01", "800"),))
    days = dose_days(one, {DAY: answers([None, "not_taken"])}, DAY, DAY + timedelta(days=1))
    assert [day.unreported for day in days] == [False, True]
    assert unknown_days(days, date(2026, 3, 3)) == 1


STATUSES = st.sampled_from(
    [None, "taken", "not_taken", "vomited", "different", "different 200", "different 0", "different 800.5", "declined"]
)
HISTORIES = st.tuples(
    st.dictionaries(st.integers(0, 20), st.sampled_from(["400", "600", "800", None]), max_size=5),
    st.dictionaries(st.integers(0, 20), st.lists(STATUSES, max_size=INTAKES), max_size=21),
)


def history(drawn):
    prescriptions, diaries = drawn
    one = participant(prescriptions=tuple(prescription(DAY + timedelta(days=n), prescriptions[n]) for n in sorted(prescriptions)))
    return one, {DAY + timedelta(days=n): answers(intakes) for n, intakes in diaries.items()}


@QUICK
@given(HISTORIES)
def test_the_parts_of_a_day_make_up_what_was_due(drawn):
    one, responses = history(drawn)
    for day in dose_days(one, responses, DAY, DAY + timedelta(days=20)):
        assert day.planned_intakes == day.taken_intakes + day.stated_missed_intakes + day.unknown_intakes
        assert day.stated_missed_mg + day.unknown_mg <= day.planned_mg
        assert (day.taken_mg is None) is day.unknown
        if day.held:
            assert (day.planned_mg, day.stated_missed_intakes, day.unknown_intakes, day.unknown_mg) == (0, 0, 0, 0)
            assert not day.unknown or all(dose.regimen is None for dose in one.prescriptions)  # a dose of which no size was ever known
            assert day.over_mg == day.recorded_mg


@QUICK
@given(HISTORIES)
def test_low_never_exceeds_high_and_what_is_due_bounds_adherence(drawn):
    summary = summarise(dose_days(*history(drawn), DAY, DAY + timedelta(days=20)))
    assert (summary.relative_dose_intensity_low is None) is (summary.planned_mg == 0)
    if summary.relative_dose_intensity_low is not None:
        assert 0 <= summary.relative_dose_intensity_low <= summary.relative_dose_intensity_high
        assert 0 <= summary.adherence_low <= summary.adherence_high <= 100
    if summary.average_daily_mg_low is not None:
        assert 0 < summary.average_daily_mg_low <= summary.average_daily_mg_high
    assert summary.taken_intakes + summary.missed_intakes + summary.unknown_intakes == summary.due_intakes
    assert summary.taken_mg + summary.unknown_mg + summary.missed_mg <= summary.planned_mg + summary.taken_mg


@QUICK
@given(HISTORIES, st.integers(0, 20))
def test_learning_that_an_unknown_day_was_taken_moves_the_low_bound_only_and_missed_the_high_bound_only(drawn, n):
    one, responses = history(drawn)
    day = DAY + timedelta(days=n)
    dose = prescribed(one, day)
    intakes = dose.intakes_per_day if dose else 0
    unknown = {other: given for other, given in responses.items() if other != day}
    before, taken, missed = (
        summarise(dose_days(one, told, DAY, DAY + timedelta(days=20)))
        for told in (unknown, unknown | {day: answers(["taken"] * intakes)}, unknown | {day: answers(["not_taken"] * intakes)})
    )
    assert taken.relative_dose_intensity_high == before.relative_dose_intensity_high
    assert taken.adherence_high == before.adherence_high
    assert missed.relative_dose_intensity_low == before.relative_dose_intensity_low
    assert missed.adherence_low == before.adherence_low
    if intakes:
        assert taken.relative_dose_intensity_low > before.relative_dose_intensity_low
        assert missed.relative_dose_intensity_high < before.relative_dose_intensity_high


@QUICK
@given(HISTORIES, st.integers(0, 19))
def test_sums_of_two_parts_are_the_sums_of_the_whole(drawn, n):
    one, responses = history(drawn)
    cut, last = DAY + timedelta(days=n), DAY + timedelta(days=20)
    whole = summarise(dose_days(one, responses, DAY, last))
    parts = [summarise(dose_days(one, responses, DAY, cut)), summarise(dose_days(one, responses, cut + timedelta(days=1), last))]
    for name in ("days", "held_days", "planned_mg", "taken_mg", "unknown_mg", "missed_mg", "over_mg", "due_intakes", "taken_intakes"):
        assert getattr(whole, name) == sum(getattr(part, name) for part in parts), name


@QUICK
@given(
    st.one_of(
        st.text(max_size=8),
        st.integers(-5, 5),
        st.just("NaN"),
        st.just("-1"),
        st.sampled_from(["Infinity", "1e999999", "-0", "1_000"]),
        st.lists(st.integers(), max_size=2),
    )
)
def test_whatever_stands_where_an_amount_should_be_is_an_amount_or_unknown(amount):
    one = participant(prescriptions=(prescription(DAY, "400"),))
    (day,) = dose_days(one, {DAY: {"intake.1.status": "different", "intake.1.mg": amount}}, DAY, DAY)
    assert day.taken_mg is None or (day.taken_mg.is_finite() and day.taken_mg >= 0)
