"""The worked examples of windows, states, serving, instants and names."""

from __future__ import annotations

from datetime import UTC, date

import pytest

from qol_server.trial.schedule import calendar, could_produce, instant, served, state
from tests.trial.trials import protocol
from tests.trial.worked import cases, read, somebody, wall

NAMES = read("windows-names")


@pytest.mark.parametrize("case", cases("windows-targets"))
def test_dates_give_windows(case):
    listed = [one for one in calendar(protocol(), somebody(case), case["horizon"]) if one.occurrence.startswith(case.get("only", ""))]
    windows = {one.occurrence: [one.opens, one.target, one.due, one.closes] + ([] if one.expected else ["not expected"]) for one in listed}
    if "windows" in case:
        assert windows == case["windows"]
    if "names" in case:
        assert list(windows) == case["names"]
    if "count" in case:
        assert (len(windows), listed[0].occurrence, listed[-1].occurrence) == (case["count"], case["first"], case["last"])


@pytest.mark.parametrize("case", cases("windows-states"))
def test_a_wall_clock_gives_a_state(case):
    (assignment,) = [one for one in calendar(protocol(), somebody(case), date(2030, 1, 1)) if one.occurrence == case["occurrence"]]
    for at, *received, expected in case["states"]:
        assert state(assignment, wall(at), answered="answered" in received, under_review="under review" in received) == expected, at


@pytest.mark.parametrize("case", cases("windows-served"))
def test_one_form_serves_overlapping_windows(case):
    assert served(calendar(protocol(), somebody(case), case["horizon"]), case["responses"]) == case["served"]


@pytest.mark.parametrize("case", cases("windows-clock-changes"))
def test_a_local_hour_is_one_instant(case):
    for at, expected in case["instants"]:
        assert instant(wall(at).date(), wall(at).time(), case["zone"]) == wall(expected).replace(tzinfo=UTC), at


@pytest.mark.parametrize("occurrence", NAMES["possible"])
def test_a_name_that_the_protocol_can_produce(occurrence):
    assert could_produce([protocol()], somebody(NAMES), occurrence, NAMES["entry"])


@pytest.mark.parametrize("occurrence", NAMES["impossible"])
def test_a_name_that_it_never_could(occurrence):
    assert not could_produce([protocol()], somebody(NAMES), occurrence, NAMES["entry"])
