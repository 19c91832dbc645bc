"""The alert load's arithmetic: the worked examples, and what holds of all durations and weeks."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qol_server import library
from qol_server.trial import load
from qol_server.trial.alerting import Urgency
from qol_server.trial.covering import covered
from qol_server.trial.load import Worked
from qol_server.trial.protocol import Coverage, Site
from tests.trial.worked import cases, read, wall

HOURS = read("load-times")["site"]
PARIS = Site(
    "01", "Lyon", HOURS["time_zone"], coverage=(Coverage(tuple(HOURS["days"]), time(8), time(18)),), holidays=tuple(HOURS["holidays"])
)
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 6, 30), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


def instant(text: Any) -> datetime:
    return wall(text).replace(tzinfo=ZoneInfo(PARIS.time_zone)).astimezone(UTC)


@pytest.mark.parametrize("case", cases("load-times"))
def test_how_long_a_case_waited(case: dict[str, Any]) -> None:
    start, end = instant(case["from"]), instant(case["to"])
    assert covered(PARIS, start, end) == timedelta(minutes=library.period(case["hours"]).minutes)
    hours, minutes = divmod(int((wall(case["to"]) - wall(case["from"])).total_seconds() // 60), 60)
    assert f"PT{hours}H" + (f"{minutes}M" if minutes else "") == case["clock"] or case["title"].endswith("clocks change")
    one = Worked("01", Urgency.SAME_DAY, start, start, end, end, 0)
    times = load.times([one], {"01": PARIS})
    assert times.resolved_by_clock.median == end - start
    assert times.resolved_in_hours.median == covered(PARIS, start, end)


@pytest.mark.parametrize("case", [pytest.param(each, id=each["title"]) for each in read("load-times")["spreads"]])
def test_median_and_ninetieth_percentile(case: dict[str, Any]) -> None:
    found = load.spread(timedelta(minutes=each) for each in case["minutes"])
    assert [None if each is None else each // timedelta(minutes=1) for each in (found.median, found.ninetieth)] == [
        case["median"],
        case["ninetieth"],
    ]
    assert found.count == len(case["minutes"])


@given(INSTANTS, INSTANTS, INSTANTS)
def test_hours_add_up_and_are_never_longer_than_the_clock(one: datetime, two: datetime, three: datetime) -> None:
    first, middle, last = sorted((one, two, three))
    assert covered(PARIS, first, middle) + covered(PARIS, middle, last) == covered(PARIS, first, last) <= last - first


def test_whoever_resolves_what_nobody_acknowledged_has_acknowledged_it() -> None:
    start = datetime(2026, 3, 4, 9, tzinfo=UTC)
    listed = [
        Worked("01", Urgency.NOW, start, start + timedelta(hours=1), None, start + timedelta(hours=3), 1),
        Worked("02", Urgency.NOW, start, start, None, None, 0),
    ]
    times = load.times(listed, {"01": PARIS})
    assert (times.acknowledged_by_clock.count, times.acknowledged_by_clock.median) == (1, timedelta(hours=2))
    assert (times.resolved_by_clock.count, times.resolved_by_clock.median) == (1, timedelta(hours=3))
    assert (times.cases, times.escalated, times.escalated_share) == (2, 1, Fraction(1, 2))
    assert load.times([], {}).escalated_share is None


def test_a_site_that_does_not_say_its_hours_is_told_by_the_clock() -> None:
    start = datetime(2026, 3, 7, 9, tzinfo=UTC)  # a Saturday
    one = Worked("02", Urgency.NOW, start, start, start + timedelta(hours=2), None, 0)
    for sites in ({}, {"02": Site("02", "Somewhere", "Europe/Paris")}):
        assert load.times([one], sites).acknowledged_in_hours.median == timedelta(hours=2)
    assert load.times([one], {"02": PARIS}).acknowledged_in_hours.median == timedelta()


@given(st.dates(date(2025, 12, 1), date(2026, 3, 1)), st.integers(0, 200), st.lists(st.integers(0, 200)))
def test_every_day_of_the_period_is_in_exactly_one_week(first: date, length: int, offsets: list[int]) -> None:
    mondays = load.weeks(first, first + timedelta(days=length))
    assert mondays[0] <= first <= first + timedelta(days=length) < mondays[-1] + timedelta(days=7)
    assert all(each.weekday() == 0 for each in mondays)
    inside = [first + timedelta(days=each) for each in offsets if each <= length]
    assert sum(load.by_week(((day, 2) for day in inside), mondays)) == 2 * len(inside)
