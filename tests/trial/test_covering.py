"""The hours of a site: the worked examples, and what holds of every clock that runs in them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qol_server import library
from qol_server.trial import covering
from qol_server.trial.alerting import Urgency
from qol_server.trial.protocol import Coverage, Period, Site
from tests.trial.worked import cases, read, wall

HOURS = read("escalation-steps")["site"]
PARIS = Site(
    "01", "Lyon", HOURS["time_zone"], coverage=(Coverage(tuple(HOURS["days"]), time(8), time(18)),), holidays=tuple(HOURS["holidays"])
)
INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
MINUTES = st.integers(0, 3000).map(lambda minutes: Period(minutes=minutes))


def watches(site: Site, at: datetime) -> bool:
    """Whether somebody at the site watches at this instant."""
    return covering.next_cover(site, at) == at


@pytest.mark.parametrize("case", cases("escalation-steps"))
def test_when_a_step_is_due(case: dict[str, Any]) -> None:
    received = wall(case["received"]).replace(tzinfo=ZoneInfo(PARIS.time_zone)).astimezone(UTC)
    due = covering.elapsed(PARIS, received, library.period(case["after"]), always=case["urgency"] == Urgency.NOW)
    assert due.astimezone(ZoneInfo(PARIS.time_zone)).replace(tzinfo=None) == wall(case["due"])


@given(INSTANTS, MINUTES)
def test_a_step_falls_into_the_hours_or_on_their_end(since: datetime, period: Period) -> None:
    due = covering.elapsed(PARIS, since, period, always=False)
    assert due >= since + timedelta(minutes=period.minutes)
    assert watches(PARIS, due) or watches(PARIS, due - timedelta(microseconds=1))


@given(INSTANTS, INSTANTS, MINUTES)
def test_who_comes_later_is_not_served_before(one: datetime, other: datetime, period: Period) -> None:
    first, second = sorted((one, other))
    assert covering.elapsed(PARIS, first, period, always=False) <= covering.elapsed(PARIS, second, period, always=False)


@given(INSTANTS, MINUTES, MINUTES)
def test_two_waits_in_a_row_are_as_long_as_both(since: datetime, one: Period, other: Period) -> None:
    both = Period(minutes=one.minutes + other.minutes)
    between = covering.elapsed(PARIS, since, one, always=False)
    assert covering.elapsed(PARIS, between, other, always=False) == covering.elapsed(PARIS, since, both, always=False)


@given(INSTANTS)
def test_a_site_that_does_not_say_its_hours_is_never_taken_to_watch_and_its_clock_runs(since: datetime) -> None:
    silent = Site("02", "Somewhere", "Europe/Paris")
    assert not watches(silent, since)
    assert covering.next_cover(silent, since) is None
    assert covering.elapsed(silent, since, Period(minutes=90), always=False) == since + timedelta(minutes=90)


def test_hours_up_to_midnight_and_over_each_other() -> None:
    days = ("sat", "sun")
    night = Site("03", "Nights", "Europe/Paris", coverage=(Coverage(days, time(20), time(0)), Coverage(days, time(12), time(21))))
    saturday = datetime(2026, 3, 7, 11, tzinfo=UTC)  # noon in Paris
    assert not watches(night, saturday - timedelta(seconds=1))
    assert watches(night, saturday)
    assert watches(night, saturday + timedelta(hours=12, seconds=-1))
    assert not watches(night, saturday + timedelta(hours=12))
    assert covering.elapsed(night, saturday, Period(minutes=13 * 60), always=False) == saturday + timedelta(hours=25)


def test_a_site_that_is_closed_for_a_year_does_not_keep_anybody_waiting_for_ever() -> None:
    closed = tuple(date(2026, 1, 1) + timedelta(days=n) for n in range(800))
    shut = Site("04", "Shut", "Europe/Paris", coverage=PARIS.coverage, holidays=closed)
    since = datetime(2026, 3, 4, 9, tzinfo=UTC)
    assert covering.elapsed(shut, since, Period(minutes=30), always=False) == since + timedelta(minutes=30)
