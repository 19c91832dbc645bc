"""The 24 hours in which the site reports what is serious: the worked examples, and what can be said of when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qol_server.trial import seriousness
from qol_server.trial.adverse_events import Serious
from qol_server.trial.seriousness import Clock, Report
from tests.trial.worked import cases, wall

INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


def utc(text: Any) -> datetime:
    return wall(text).replace(tzinfo=UTC)


@pytest.mark.parametrize("case", cases("serious-clock"))
def test_how_the_report_stands(case: dict[str, Any]) -> None:
    reported = utc(case["reported"]) if "reported" in case else None
    serious = Report(Serious.HOSPITALISATION, utc(case["aware"]), reported)
    for aware in case.get("said_then", ()):
        serious = seriousness.stated(serious, Serious.DEATH, utc(aware))
    assert serious.due == utc(case["due"])
    assert seriousness.clock(serious, utc(case["now"])) == case["clock"]


@given(INSTANTS, INSTANTS, INSTANTS)
def test_what_was_in_time_stays_so_and_what_runs_can_only_become_overdue(aware: datetime, one: datetime, other: datetime) -> None:
    first, second = sorted((one, other))
    waiting = Report(Serious.DEATH, aware)
    if seriousness.clock(waiting, first) is Clock.OVERDUE:
        assert seriousness.clock(waiting, second) is Clock.OVERDUE
    reported = Report(Serious.DEATH, aware, first)
    assert seriousness.clock(reported, second) is seriousness.clock(reported, first)


def test_nobody_knows_or_reports_in_the_future_nor_reports_before_knowing_nor_twice() -> None:
    now = datetime(2026, 3, 6, 17, tzinfo=UTC)
    minute = timedelta(minutes=1)
    assert seriousness.may_have_known(now, now)
    assert not seriousness.may_have_known(now + minute, now)
    serious = Report(Serious.HOSPITALISATION, now - timedelta(hours=1))
    assert seriousness.may_be_reported(serious, serious.aware_at, now)
    assert seriousness.may_be_reported(serious, now, now)
    assert not seriousness.may_be_reported(serious, serious.aware_at - minute, now)
    assert not seriousness.may_be_reported(serious, now + minute, now)
    assert not seriousness.may_be_reported(Report(serious.criterion, serious.aware_at, now), now, now)
