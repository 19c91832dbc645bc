"""Calls: who is to be telephoned about what did not happen, when nobody needs to any more, and who begins badly."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qol_server.trial import watching
from qol_server.trial.protocol import CallLimits, Protocol
from qol_server.trial.schedule import Assignment, calendar
from qol_server.trial.watching import Known, Settled, Task
from tests.trial.trials import participant, prescription, protocol
from tests.trial.worked import cases, somebody, wall

QUICK = settings(max_examples=60, deadline=None)
TRIAL, LIMITS = protocol(), CallLimits()
PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
ANNA = participant({"consent": "2026-02-20", "treatment_start": "2026-03-02"}, (prescription("2026-03-02", "400"),))
ASKED = calendar(TRIAL, ANNA, date(2031, 6, 1))


def instant(text: Any) -> datetime:
    return wall(text).replace(tzinfo=PARIS).astimezone(UTC)


def silent(case: dict[str, Any]) -> str | None:
    one, now = somebody(case), instant(case["now"])
    opened = calendar(TRIAL, one, wall(case["now"]).date())
    missed = watching.missed_by_phone(opened, case.get("answered", ()), one, instant(case["seen"]), LIMITS, now)
    return None if missed is None else missed.occurrence


def refresh(case: dict[str, Any]) -> str | None:
    today = wall(case["now"]).date()
    found = watching.to_refresh(calendar(TRIAL, somebody(case), today + timedelta(days=40)), LIMITS, today)
    return None if found is None else found.occurrence


def settles(case: dict[str, Any]) -> str | None:
    said = {"takes_part": True, "skew": 3_600_000} | case["known"]
    if "seen" in said:
        said["seen"] = NOON + timedelta(minutes=1 if said["seen"] == "later" else -1)
    return watching.settled(Task(case["task"]), NOON, Known(**said), LIMITS)


def begins(case: dict[str, Any]) -> list[str]:
    today = wall(case["now"]).date()
    diary = [f"dose@{date(2026, 3, 2) + timedelta(days=n)}" for n in range(case["days"])]
    return list(watching.began_badly(calendar(TRIAL, somebody(case), today), {*diary, *case.get("answered", ())}, today))


def judged(case: dict[str, Any]) -> Any:
    if "known" in case:
        return settles(case)
    rules = {"silent-phone": silent, "contact-refresh": refresh, "beginning": begins}
    return rules[case["task"]](case) if case["task"] in rules else watching.clock_is_wrong(case["skew"], LIMITS)


@pytest.mark.parametrize("case", cases("call-tasks"))
def test_a_call(case: dict[str, Any]) -> None:
    assert judged(case) == case["expect"]


FIVE_YEARS = int(timedelta(days=5 * 365) / timedelta(minutes=1))
MOMENTS = st.integers(0, FIVE_YEARS).map(lambda minutes: datetime(2026, 3, 2, tzinfo=UTC) + timedelta(minutes=minutes))


@QUICK
@given(MOMENTS, st.timedeltas(timedelta(0), timedelta(days=400)), st.timedeltas(timedelta(0), timedelta(days=30)))
def test_a_silence_begins_after_the_phone_was_seen_and_does_not_end_by_waiting(seen: datetime, waited: timedelta, more: timedelta) -> None:
    now = seen + waited
    missed = watching.missed_by_phone(ASKED, (), ANNA, seen, LIMITS, now)
    if missed is not None:
        assert datetime.combine(missed.opens, missed.opens_at, PARIS) > seen
        assert now - seen >= timedelta(days=4)
        assert watching.missed_by_phone(ASKED, (), ANNA, seen, LIMITS, now + more) == missed
    assert watching.missed_by_phone(ASKED, (), ANNA, now, LIMITS, now) is None, "whoever was just seen is not silent"


@QUICK
@given(MOMENTS)
def test_whoever_was_heard_of_within_the_shortest_limit_is_never_silent(now: datetime) -> None:
    assert watching.missed_by_phone(ASKED, (), ANNA, now - timedelta(days=4), LIMITS, now) is None


@QUICK
@given(st.dates(date(2026, 3, 2), date(2031, 6, 1)))
def test_contact_details_are_asked_for_before_a_window_and_never_within_the_first_year(today: date) -> None:
    found = watching.to_refresh(ASKED, LIMITS, today)
    if found is not None:
        assert today < found.opens <= today + timedelta(days=14)
        assert today > date(2027, 6, 1)


def every_day() -> list[date]:
    return [date(2026, 3, 2) + timedelta(days=n) for n in range(5 * 365)]


def test_each_window_that_comes_after_a_long_time_is_prepared_once() -> None:
    found = [watching.to_refresh(ASKED, LIMITS, today) for today in every_day()]
    assert sorted({one.visit for one in found if one is not None}) == ["Y2H1", "Y2H2", "Y3H1", "Y3H2", "Y4H1", "Y4H2", "Y5H1", "Y5H2"]


KNOWN = st.builds(
    Known, takes_part=st.booleans(), asked=st.booleans(), received=st.booleans(), seen=st.none() | MOMENTS,
    skew=st.none() | st.integers(-(10**8), 10**8), gap=st.booleans(), in_use=st.booleans(),
)  # fmt: skip


@QUICK
@given(st.sampled_from(Task), MOMENTS, KNOWN)
def test_nobody_who_may_not_be_called_keeps_a_call_and_an_appeal_is_closed_by_people_alone(
    task: Task, raised: datetime, known: Known
) -> None:
    why = watching.settled(task, raised, known, LIMITS)
    assert (why is Settled.ENDED) == (not known.takes_part)
    if task in watching.APPEALS and known.takes_part:
        assert why is None


@QUICK
@given(
    st.sets(st.sampled_from([one.occurrence for one in ASKED if one.opens < date(2026, 5, 1)])),
    st.dates(date(2026, 3, 2), date(2026, 6, 1)),
)
def test_one_more_answer_never_makes_a_beginning_worse(answered: set[str], today: date) -> None:
    badly = set(watching.began_badly(ASKED, answered, today))
    for one in ("dose@2026-03-03", "symptoms@W1", "qol@M1"):
        assert set(watching.began_badly(ASKED, answered | {one}, today)) <= badly


@QUICK
@given(MOMENTS, st.sampled_from(["Europe/Paris", "America/Martinique", "Pacific/Apia"]))
def test_the_week_of_a_digest_is_a_monday_that_has_begun_where_the_site_is(now: datetime, zone: str) -> None:
    week = watching.digest_week(now, zone)
    begun = datetime.combine(week, datetime.min.time(), ZoneInfo(zone)) + watching.DIGEST_FROM
    there = now.astimezone(ZoneInfo(zone))
    assert week.weekday() == 0
    assert begun.replace(tzinfo=None) <= there.replace(tzinfo=None) < begun.replace(tzinfo=None) + timedelta(days=7)


def test_reasons_come_from_the_studys_file_or_else_from_the_default() -> None:
    own = Protocol(**{name: getattr(TRIAL, name) for name in TRIAL.__slots__} | {"reasons": {"missed": ("moved_house",)}})
    assert watching.codes(own, Task.UNKNOWN_DAYS) == ("moved_house",)
    assert watching.codes(own, Task.HELP) == watching.REASONS["call"]
    assert watching.codes(TRIAL, Task.OVERDUE)[0] == "too_ill"


@pytest.mark.parametrize(("after", "gone"), [(date(2026, 3, 9), False), (date(2026, 3, 10), True)])
def test_an_appeal_after_the_withdrawal_of_contact_is_answered(after: date, gone: bool) -> None:
    one = participant({"consent": "2026-02-20"}, (), {"contact": after.isoformat()})
    assert watching.may_be_answered(one, NOON, NOON + timedelta(days=3)) is not gone
    assert not watching.may_be_called(one, NOON + timedelta(days=3))


def test_a_digest_lists_what_is_overdue_while_it_can_be_answered_and_a_week_longer() -> None:
    month = next(one for one in ASKED if one.occurrence == "qol@M1")  # target 2 April, due 9 April, closes 16 April
    days = [day for day in every_day()[:90] if watching.belongs_in_digest(month, ANNA, datetime.combine(day, datetime.min.time(), PARIS))]
    assert (days[0], days[-1]) == (date(2026, 4, 3), date(2026, 4, 16))
    dose: Assignment = next(one for one in ASKED if one.occurrence == "dose@2026-03-03")
    assert not watching.belongs_in_digest(dose, ANNA, NOON)


def test_days_that_follow_each_other_are_told_as_one_run() -> None:
    assert watching.runs(()) == ()
    days = [date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 3)]
    assert watching.runs(days) == ((date(2026, 2, 27), date(2026, 3, 1)), (date(2026, 3, 3), date(2026, 3, 3)))
