"""What holds for every calendar, whatever the dates, zones and horizons."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qol_server.trial.protocol import Assessment, Daily, Period, Until, Visit
from qol_server.trial.schedule import OPEN_ENDED, State, add, calendar, could_produce, instant, local, parse, served, state
from tests.trial.trials import QOL, days, participant, prescription, protocol

QUICK = settings(max_examples=60, deadline=None)
NEAR = st.dates(date(2020, 1, 1), date(2032, 12, 31))
SOME_ANCHORS = st.fixed_dictionaries(
    {},
    optional={
        "consent": st.lists(NEAR, min_size=1, max_size=2),
        "treatment_start": st.lists(NEAR, min_size=1, max_size=2),
        "treatment_end": st.lists(NEAR, min_size=1, max_size=1),
        "progression": st.lists(NEAR, min_size=1, max_size=3),
        "death": st.lists(NEAR, min_size=1, max_size=1),
    },
)
ZONES = st.sampled_from(
    ["Europe/Paris", "America/Martinique", "Pacific/Apia", "Australia/Lord_Howe", "Pacific/Kiritimati", "America/New_York", "UTC"]
)
ORDER = [State.UPCOMING, State.OPEN, State.LATE, State.MISSED]


def somebody(anchors, zone="Europe/Paris", **more):
    return participant({name: sorted(str(day) for day in dates) for name, dates in anchors.items()}, zone=zone, **more)


@QUICK
@given(SOME_ANCHORS, NEAR)
def test_every_occurrence_is_there_once_sorted_and_could_be_produced(anchors, horizon):
    one = somebody(anchors)
    listed = calendar(protocol(), one, horizon)
    names = [assignment.occurrence for assignment in listed]
    assert len(names) == len(set(names))
    assert [(a.opens, a.occurrence) for a in listed] == sorted((a.opens, a.occurrence) for a in listed)
    for assignment in listed:
        assert parse(assignment.occurrence) == (assignment.assessment, assignment.visit)
        assert could_produce([protocol()], one, assignment.occurrence, "an entry")
        assert assignment.opens <= assignment.target <= assignment.due <= assignment.closes
        assert assignment.opens <= horizon


@QUICK
@given(SOME_ANCHORS, NEAR, st.integers(0, 4000))
def test_a_later_horizon_changes_nothing_that_was_listed(anchors, horizon, more):
    one = somebody(anchors)
    early = calendar(protocol(), one, horizon)
    late = calendar(protocol(), one, horizon + timedelta(days=more))
    assert late[: len(early)] == early
    assert all(assignment.opens > horizon for assignment in late[len(early) :])


@QUICK
@given(st.dates(date(1, 2, 1), date(9990, 1, 1)), st.dates(date(1, 2, 1), date(9990, 1, 1)))
def test_a_moved_anchor_never_changes_the_names_of_a_counted_series(first, second):
    counted = protocol(Assessment("qol", "eortc-qlq-c30", visits=(QOL.visits[1],)))
    names = [
        {assignment.occurrence for assignment in calendar(counted, somebody({"treatment_start": [start]}), date.max)}
        for start in (first, second)
    ]
    assert names[0] == names[1] == {f"qol@M{n}" for n in range(1, 13)}


@QUICK
@given(
    SOME_ANCHORS,
    NEAR,
    st.booleans(),
    st.booleans(),
    st.lists(st.datetimes(datetime.fromisoformat("2019-01-01"), datetime.fromisoformat("2040-01-01")), min_size=2, max_size=6),
)
def test_a_state_is_always_told_and_only_moves_forward(anchors, horizon, answered, under_review, moments):
    for assignment in calendar(protocol(), somebody(anchors), horizon)[-5:]:
        states = [state(assignment, now, answered=answered, under_review=under_review) for now in sorted(moments)]
        if answered:
            assert set(states) == {State.ANSWERED}
        elif under_review:
            assert set(states) == {State.UNDER_REVIEW}
        elif not assignment.expected:
            assert set(states) == {State.NOT_EXPECTED}
        else:
            assert [ORDER.index(one) for one in states] == sorted(ORDER.index(one) for one in states)


@QUICK
@given(
    SOME_ANCHORS,
    ZONES,
    ZONES,
    st.datetimes(datetime.fromisoformat("2020-01-01"), datetime.fromisoformat("2032-01-01")),
    st.integers(-26, 26),
)
def test_no_clock_and_no_zone_changes_an_occurrence(anchors, home, abroad, now, hours_off):
    at_home = calendar(protocol(), somebody(anchors, home), now.date())
    assert calendar(protocol(), somebody(anchors, abroad), now.date()) == at_home
    seen = local(now.replace(tzinfo=UTC) + timedelta(hours=hours_off), abroad).date()
    ahead = calendar(protocol(), somebody(anchors, abroad), max(seen, now.date()))
    assert set(at_home) <= set(ahead)


@QUICK
@given(NEAR, st.lists(st.tuples(st.integers(0, 380), st.sampled_from(["400", "800", None])), max_size=6))
def test_a_held_day_is_never_missed(start, changes):
    dated = {start + timedelta(days=after): regimen for after, regimen in changes}
    one = somebody({"treatment_start": [start]}, prescriptions=tuple(prescription(day, dated[day]) for day in sorted(dated)))
    for assignment in calendar(protocol(), one, start + timedelta(days=400)):
        if assignment.assessment == "dose":
            in_force = [regimen for day, regimen in sorted(dated.items()) if day <= assignment.target]
            held = bool(in_force) and in_force[-1] is None
            assert assignment.expected is not held
            assert (state(assignment, datetime.fromisoformat("2050-01-01")) == State.MISSED) is not held


@QUICK
@given(
    st.dates(date(2026, 1, 1), date(2026, 6, 30)),
    NEAR,
    st.sampled_from(["death", "study_end", "withdrawal.questionnaires", "withdrawal.consent"]),
)
def test_an_end_never_makes_anything_missed_and_never_excuses_what_had_passed(start, end, how):
    _, is_withdrawal, kind = how.partition("withdrawal.")
    anchors = {"treatment_start": [start]} | ({} if is_withdrawal else {how: [end]})
    one = somebody(anchors, withdrawals={kind: str(end)} if is_withdrawal else {})
    for assignment in calendar(protocol(), one, date(2027, 6, 1)):
        if assignment.assessment != "dose":
            assert assignment.expected is (assignment.due < end)
        elif assignment.due >= end:
            assert not assignment.expected


@QUICK
@given(
    SOME_ANCHORS,
    st.dictionaries(st.sampled_from(["qol@M1", "qol@M2", "qol@PROGRESSION", "qol@PROGRESSION#2", "qol@BASELINE", "symptoms@W3"]), NEAR),
)
def test_what_was_answered_serves_itself_and_nothing_serves_across_instruments(anchors, responses):
    listed = calendar(protocol(), somebody(anchors), date(2033, 1, 1))
    serving = served(listed, responses)
    for assignment in listed:
        by = serving.get(assignment.occurrence)
        if assignment.occurrence in responses:
            assert by == assignment.occurrence
        if by is not None and by != assignment.occurrence:
            assert parse(by)[0] == assignment.assessment == "qol"
            assert "PROGRESSION" in by + assignment.occurrence
            assert assignment.opens <= responses[by] <= assignment.closes


@QUICK
@given(st.dates(), st.integers(-200_000, 200_000), st.integers(-5_000_000, 5_000_000))
def test_adding_a_distance_stays_within_the_calendar(day, months, more_days):
    moved = add(day, Period(months=months, days=more_days))
    assert date.min <= moved <= date.max


@QUICK
@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)), st.integers(-1200, 1200))
def test_months_keep_the_day_or_clamp_to_the_months_last(day, months):
    moved = add(day, Period(months=months))
    assert (moved.year - day.year) * 12 + moved.month - day.month == months
    assert moved.day == day.day or (moved.day < day.day and (moved + timedelta(days=1)).day == 1)


def test_hours_between_days_are_refused():
    with pytest.raises(ValueError, match="no hours or minutes"):
        add(date(2026, 1, 1), Period(minutes=90))


@QUICK
@given(ZONES, st.dates(date(2012, 1, 1), date(2037, 12, 31)), st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
def test_each_local_day_has_one_instant_and_days_follow_each_other(zone, day, hour, minute):
    at = time(hour, minute)
    today, tomorrow = instant(day, at, zone), instant(day + timedelta(days=1), at, zone)
    assert timedelta(hours=22) <= tomorrow - today <= timedelta(hours=26)
    shown = today.astimezone(ZoneInfo(zone))
    assert shown.date() == day
    assert abs(shown.replace(tzinfo=None) - datetime.combine(day, at)) <= timedelta(hours=1)  # a skipped hour is shown as the next


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_the_ends_of_the_calendar_have_an_instant(zone):
    assert instant(OPEN_ENDED, time(23), zone).year >= 9999
    assert instant(date.min, time(1), zone).year == 1


@pytest.mark.parametrize("every", [Period(), Period(months=-1), Period(days=-3)])
def test_a_series_that_does_not_advance_ends(every):
    visit = Visit("V{n}", "consent", every=every, until=Until((("consent", Period(months=12)),)))
    one = somebody({"consent": [date(2026, 1, 1)]})
    assert calendar(protocol(Assessment("qol", "i", visits=(visit,))), one, date(2030, 1, 1)) == ()
    assert not could_produce([protocol(Assessment("qol", "i", visits=(visit,)))], one, "qol@V1", "x")


def test_a_series_and_a_diary_without_an_end_go_on_for_twenty_years():
    weekly = Visit("W{n}", "consent", every=days(7))
    endless = protocol(Assessment("qol", "i", visits=(weekly,)), Assessment("daily", "i", daily=Daily("consent", Until())))
    one = somebody({"consent": [date(2026, 3, 1)], "progression": [date(2027, 1, 1)]})
    listed = calendar(endless, one, date.max)
    last = {assignment.assessment: assignment for assignment in listed}
    assert (last["qol"].target, last["daily"].target) == (date(2046, 2, 25), date(2046, 3, 1))
    assert all(could_produce([endless], one, assignment.occurrence, "x") for assignment in listed)
    assert not could_produce([endless], one, "qol@W1045", "x")


def test_weeks_name_years_and_halves_too():
    visit = Visit("Y{y}H{h}", "consent", every=days(182), count=6)
    listed = calendar(protocol(Assessment("qol", "i", visits=(visit,))), somebody({"consent": [date(2026, 1, 1)]}), date(2030, 1, 1))
    assert [one.visit for one in listed] == ["Y1H1", "Y1H2", "Y2H1", "Y2H2", "Y3H1", "Y3H2"]


def test_any_adopted_version_may_have_produced_a_name():
    old, new = protocol(QOL), protocol(replace(QOL, visits=QOL.visits[:1]))
    one = somebody({"consent": [date(2026, 1, 1)]})
    assert could_produce([old, new], one, "qol@M3", "x")
    assert not could_produce([new], one, "qol@M3", "x")


def test_a_diary_day_needs_a_participant_with_a_date():
    assert not could_produce([protocol()], somebody({}), "dose@2026-11-22", "x")
