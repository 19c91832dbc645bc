"""Reminders: ladders climbed rung by rung, once each, whatever the clock of the server does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qol_server.trial.protocol import Period, Quiet, Rung
from qol_server.trial.reminding import LAPSE, MOST_TRIES, Outcome, Reminder, Standing, after_quiet, due, is_wanted, moment, next_try
from qol_server.trial.schedule import calendar, instant
from tests.trial.trials import days, participant, prescription, protocol
from tests.trial.worked import cases, one_day, somebody, wall

QUICK = settings(max_examples=100, deadline=None)
TRIAL = protocol()
HORIZON = date(2026, 7, 1)
START = datetime(2026, 2, 1, tzinfo=UTC)
ANNA = participant({"consent": "2026-01-02", "treatment_start": "2026-02-10"}, (prescription("2026-02-10", "400"),))
WEEKS = [assignment for assignment in calendar(TRIAL, ANNA, HORIZON) if assignment.occurrence in {"qol@M1", "qol@M2", "dose@2026-03-10"}]


@pytest.mark.parametrize("case", cases("reminders-ladders"))
def test_a_ladder(case):
    one = replace(somebody(case), paused_until=one_day(case["paused_until"]) if "paused_until" in case else None)
    quiet = Quiet(*map(time.fromisoformat, case["quiet"])) if "quiet" in case else None
    trial, zone = replace(TRIAL, quiet_hours=quiet), ZoneInfo(one.time_zone)
    assignments = [assignment for assignment in calendar(TRIAL, one, HORIZON) if assignment.occurrence == case["occurrence"]]
    assert assignments
    now, end = (wall(moment).replace(tzinfo=zone).astimezone(UTC) for moment in case["clock"])
    answered_at = wall(case["answered"]).replace(tzinfo=zone) if "answered" in case else None
    since = wall(case["since"]).replace(tzinfo=zone) if "since" in case else None
    outage = [wall(moment).replace(tzinfo=zone) for moment in case.get("outage", [])]
    ledger, intended = {}, []
    while now < end:
        if not outage or not outage[0] <= now < outage[1]:
            answered = {case["occurrence"]} if answered_at and answered_at <= now else set()
            while new := due(trial, one, assignments, ledger, answered, now, since):
                ledger |= sent(new) | {each.identity: Standing(Outcome.FAILED) for each in new if each.channel in case.get("fails", ())}
                intended += new
        now += timedelta(minutes=15)
    told = [[reminder.at.astimezone(zone).replace(tzinfo=None), reminder.channel] for reminder in intended]
    assert told == [[wall(at), channel] for at, channel in case["expect"]]
    assert [reminder.channel for reminder in intended if reminder.is_task] == [name for _, name in case["expect"] if name == "call"]


def sent(reminders) -> dict:
    """The ledger once these are sent."""
    return {reminder.identity: Standing(Outcome.SENT) for reminder in reminders}


def still_due(reminder, protocol, participant, assignments, answered, now) -> bool:
    """Whether anybody wants to be reminded of it at the moment of sending."""
    return any(is_wanted(protocol, participant, one, answered, now) for one in assignments if one.occurrence == reminder.occurrence)


TICKS = st.lists(st.integers(0, 90 * 24 * 60), min_size=1, max_size=60)


@QUICK
@given(TICKS, st.lists(st.tuples(st.integers(0, 23), st.sampled_from(["Europe/Paris", "Pacific/Apia", "America/Martinique"])), min_size=1))
def test_no_sequence_of_ticks_and_no_change_of_hour_or_zone_doubles_a_reminder(ticks, habits):
    ledger, intended = {}, []
    for n, minutes in enumerate(sorted(ticks)):
        hour, zone = habits[n % len(habits)]
        one = replace(ANNA, reminder_hour=hour, time_zone=zone)
        now = START + timedelta(minutes=minutes)
        new = due(TRIAL, one, WEEKS, ledger, (), now)
        assert due(TRIAL, one, WEEKS, ledger | sent(new), (), now) == ()
        assert len({(reminder.occurrence, reminder.is_task, reminder.rung) for reminder in new}) <= 2 * len(WEEKS)
        intended += new
        ledger |= sent(new)
    identities = [reminder.identity for reminder in intended]
    assert len(identities) == len(set(identities))
    for occurrence in {reminder.occurrence for reminder in intended}:
        rungs = [reminder.rung for reminder in intended if reminder.occurrence == occurrence and not reminder.is_task]
        assert rungs == sorted(rungs)  # never a step back


@QUICK
@given(TICKS)
def test_each_tick_sends_one_rung_at_most_and_no_message_late(ticks):
    ledger = {}
    for minutes in sorted(ticks):
        now = START + timedelta(minutes=minutes)
        new = due(TRIAL, ANNA, WEEKS, ledger, (), now)
        ledger |= sent(new)
        for assignment in WEEKS:
            mine = [reminder for reminder in new if reminder.occurrence == assignment.occurrence]
            assert len({reminder.rung for reminder in mine if not reminder.is_task}) <= 1
        for reminder in new:
            assert reminder.at <= now
            assert reminder.is_task or now - reminder.at <= LAPSE
            assert still_due(reminder, TRIAL, ANNA, WEEKS, (), now)


@QUICK
@given(st.integers(1, 24 * 60), st.integers(0, 10_000))
def test_a_clock_that_ticks_often_enough_misses_no_rung(every, offset):
    now, ledger = START + timedelta(seconds=offset), {}
    while now < START + timedelta(days=80):
        ledger |= sent(due(TRIAL, ANNA, WEEKS[:1], ledger, (), now))
        now += timedelta(minutes=max(every, 60))
    qol = WEEKS[0].occurrence
    assert {(rung, channel) for _, occurrence, rung, channel in ledger if occurrence == qol} == {
        (0, "push"),
        (1, "push"),
        (2, "email"),
        (3, "call"),
    }


def one_reminder() -> Reminder:
    (reminder,) = due(TRIAL, ANNA, WEEKS, {}, (), datetime(2026, 3, 3, 8, 0, tzinfo=UTC))
    assert reminder.identity == (ANNA.number, "qol@M1", 0, "push")
    return reminder


AT_SENDING = datetime(2026, 3, 3, 8, 5, tzinfo=UTC)


def test_at_the_moment_of_sending_it_is_still_due():
    assert still_due(one_reminder(), TRIAL, ANNA, WEEKS, (), AT_SENDING)


def test_answered_meanwhile_it_is_not():
    assert not still_due(one_reminder(), TRIAL, ANNA, WEEKS, {"qol@M1"}, AT_SENDING)


@pytest.mark.parametrize("kind", ["contact", "questionnaires", "consent"])
def test_withdrawn_meanwhile_it_is_not(kind):
    assert not still_due(one_reminder(), TRIAL, replace(ANNA, withdrawals={kind: date(2026, 3, 3)}), WEEKS, (), AT_SENDING)


def test_withdrawal_of_treatment_alone_stops_no_questionnaire():
    assert still_due(one_reminder(), TRIAL, replace(ANNA, withdrawals={"treatment": date(2026, 3, 3)}), WEEKS, (), AT_SENDING)


def test_dead_meanwhile_it_is_not():
    dead = replace(ANNA, anchors={**ANNA.anchors, "death": (date(2026, 3, 3),)})
    assert not still_due(one_reminder(), TRIAL, dead, WEEKS, (), AT_SENDING)


def test_moved_or_gone_meanwhile_it_is_not():
    moved = [replace(assignment, opens=date(2026, 4, 1)) for assignment in WEEKS]
    assert not still_due(one_reminder(), TRIAL, ANNA, moved, (), AT_SENDING)
    assert not still_due(one_reminder(), TRIAL, ANNA, [], (), AT_SENDING)


def test_closed_meanwhile_it_is_not():
    assert not still_due(one_reminder(), TRIAL, ANNA, WEEKS, (), datetime(2026, 5, 1, tzinfo=UTC))


EIGHT = datetime(2026, 3, 11, 8, 0, tzinfo=UTC)


def test_the_next_channel_of_a_rung_is_for_when_those_before_it_have_failed():
    (email,) = due(TRIAL, ANNA, WEEKS[:1], {}, (), EIGHT)
    assert email.channel == "email"
    for outcome in Outcome:
        stands = {email.identity: Standing(outcome, until=EIGHT + timedelta(hours=2))}
        now_due = [(one.channel, one.rung) for one in due(TRIAL, ANNA, WEEKS[:1], stands, (), EIGHT + timedelta(hours=1))]
        assert now_due == ([("sms", 2)] if outcome is Outcome.FAILED else []), outcome
    nobody = {email.identity: Standing(Outcome.FAILED), (*email.identity[:3], "sms"): Standing(Outcome.FAILED)}
    assert due(TRIAL, ANNA, WEEKS[:1], nobody, (), EIGHT + timedelta(hours=1)) == ()


def test_a_message_that_was_not_taken_is_tried_again_when_its_wait_is_over_and_never_after_it_lapsed():
    (first,) = due(TRIAL, ANNA, WEEKS[:1], {}, (), EIGHT)
    stands = {first.identity: Standing(Outcome.DEFERRED, 1, EIGHT + timedelta(minutes=5))}
    assert due(TRIAL, ANNA, WEEKS[:1], stands, (), EIGHT + timedelta(minutes=4)) == ()
    (again,) = due(TRIAL, ANNA, WEEKS[:1], stands, (), EIGHT + timedelta(minutes=5))
    assert (again.identity, again.nth) == (first.identity, 2)
    assert due(TRIAL, ANNA, WEEKS[:1], stands, {"qol@M1"}, EIGHT + timedelta(minutes=5)) == ()
    assert due(TRIAL, ANNA, WEEKS[:1], stands, (), first.at + LAPSE + timedelta(minutes=1)) == ()


def test_each_wait_is_twice_the_one_before_unless_the_channel_asks_for_more_and_there_is_an_end_to_it():
    (one,) = due(TRIAL, ANNA, WEEKS[:1], {}, (), EIGHT)
    minutes = timedelta(minutes=1)
    waits = [next_try(replace(one, nth=nth), EIGHT, timedelta(0)) for nth in range(1, MOST_TRIES + 1)]
    assert waits == [*(EIGHT + minutes * wait for wait in (1, 2, 4, 8, 16)), None]
    assert next_try(one, EIGHT, timedelta(hours=3)) == EIGHT + timedelta(hours=3)
    assert next_try(one, EIGHT, LAPSE + minutes) is None


# Quiet hours


HOURS = st.times().map(lambda hour: hour.replace(second=0, microsecond=0, fold=0))


@QUICK
@given(
    st.tuples(HOURS, HOURS).filter(lambda pair: pair[0] != pair[1]),
    st.integers(0, 366 * 24 * 60).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)),
    st.sampled_from(["Europe/Paris", "America/Martinique", "Australia/Lord_Howe", "Pacific/Apia"]),
    st.integers(0, 23),
)
def test_what_falls_in_quiet_hours_waits_for_their_end_and_not_longer(hours, at, zone, chosen):
    quiet, one = Quiet(*hours), replace(ANNA, time_zone=zone, reminder_hour=chosen)
    end = after_quiet(quiet, at, one)
    wall = at.astimezone(ZoneInfo(zone))
    assert at <= end <= at + timedelta(hours=25)
    since_chosen = at - instant(wall.date(), time(chosen), zone)
    assert (end == at) == (not quiet.holds(wall.time()) or timedelta(0) <= since_chosen < timedelta(hours=1))
    assert after_quiet(None, at, one) == at
    if end > at:
        until = end.astimezone(ZoneInfo(zone))
        assert not quiet.holds(until.time()), "the wait is over"
        assert until.time() == quiet.end or until.utcoffset() != wall.utcoffset(), "at the hour that the file says, but for a skipped one"


LADDER = {"qol": (Rung(at="open", by=("push",)), Rung(after=Period(minutes=180), by=("push",)), Rung(after=Period(days=3), task="call"))}


def test_quiet_hours_hold_back_messages_but_no_call_and_not_at_the_hour_that_was_chosen():
    asleep = replace(TRIAL, quiet_hours=Quiet(time(21), time(7)), reminders=LADDER)
    late = replace(ANNA, reminder_hour=22)
    (chosen,) = due(asleep, late, WEEKS[:1], {}, (), datetime(2026, 3, 3, 21, 30, tzinfo=UTC))
    assert (chosen.rung, chosen.at) == (0, datetime(2026, 3, 3, 21, 0, tzinfo=UTC))
    target = datetime(2026, 3, 10, 21, 0, tzinfo=UTC)
    assert due(asleep, late, WEEKS[:1], {}, (), target + timedelta(hours=4)) == ()
    (morning,) = due(asleep, late, WEEKS[:1], {}, (), target + timedelta(hours=9))
    assert (morning.rung, morning.at) == (1, datetime(2026, 3, 11, 6, 0, tzinfo=UTC))
    (call,) = due(asleep, late, WEEKS[:1], {}, (), datetime(2026, 3, 13, 21, 30, tzinfo=UTC))
    assert call.is_task


def test_what_would_come_after_quiet_hours_is_dropped_where_the_window_closes_before_their_end():
    asleep = replace(TRIAL, quiet_hours=Quiet(time(21), time(7)), reminders=LADDER)
    closing = replace(WEEKS[0], due=WEEKS[0].target, closes=WEEKS[0].target)
    late, night = replace(ANNA, reminder_hour=20), datetime(2026, 3, 10, 23, 30, tzinfo=UTC)
    assert [due(asleep, late, [closing], {}, (), night + timedelta(hours=hours)) for hours in (0, 6, 7, 24)] == [()] * 4


def test_an_outage_that_ends_in_quiet_hours_wakes_nobody():
    asleep = replace(TRIAL, quiet_hours=Quiet(time(21), time(7)))
    assert [one.rung for one in due(TRIAL, ANNA, WEEKS[:1], {}, (), datetime(2026, 3, 4, 2, 0, tzinfo=UTC))] == [0]
    assert due(asleep, ANNA, WEEKS[:1], {}, (), datetime(2026, 3, 4, 2, 0, tzinfo=UTC)) == ()
    assert [one.rung for one in due(asleep, ANNA, WEEKS[:1], {}, (), datetime(2026, 3, 4, 6, 0, tzinfo=UTC))] == [0]


def test_while_contact_is_paused_nobody_is_reminded_and_afterwards_the_latest_rung_comes():
    paused = replace(ANNA, paused_until=date(2026, 3, 10))
    assert due(TRIAL, paused, WEEKS[:1], {}, (), datetime(2026, 3, 10, 20, 0, tzinfo=UTC)) == ()
    assert [one.rung for one in due(TRIAL, paused, WEEKS[:1], {}, (), EIGHT)] == [2]


def test_after_a_later_hour_was_chosen_no_earlier_rung_follows_a_later_one():
    (dose,) = [assignment for assignment in WEEKS if assignment.assessment == "dose"]
    after_an_outage = datetime(2026, 3, 10, 11, 30, tzinfo=UTC)  # 12:30 in Paris: nine and twelve o'clock have come
    (second,) = due(TRIAL, ANNA, [dose], {}, (), after_an_outage)
    assert second.rung == 1
    in_the_evening = replace(ANNA, reminder_hour=20)
    ledger = sent([second])
    assert due(TRIAL, in_the_evening, [dose], ledger, (), datetime(2026, 3, 10, 19, 30, tzinfo=UTC)) == ()
    assert due(TRIAL, in_the_evening, [dose], ledger, (), datetime(2026, 3, 10, 22, 30, tzinfo=UTC)) == ()


def test_a_ladder_is_climbed_in_time_in_whatever_order_it_is_written():
    written = replace(TRIAL, reminders={"qol": (Rung(after=days(3), by=("sms",)), Rung(at="target", by=("push",)))})
    ledger, told = {}, []
    for day in range(8, 20):
        new = due(written, ANNA, WEEKS[:1], ledger, (), datetime(2026, 3, day, 12, tzinfo=UTC))
        ledger |= sent(new)
        told += [(reminder.at.day, reminder.channel) for reminder in new]
    assert told == [(10, "push"), (13, "sms")]


def test_consent_that_is_still_to_come_reminds_of_nothing():
    later = replace(ANNA, anchors={**ANNA.anchors, "consent": (date(2026, 3, 4),)})
    assert due(TRIAL, later, WEEKS, {}, (), AT_SENDING) == ()


@pytest.mark.parametrize("end", ["study_end", "death"])
def test_an_end_that_has_come_reminds_of_nothing_even_where_an_answer_would_still_be_taken(end):
    ended = replace(ANNA, anchors={**ANNA.anchors, end: (date(2026, 3, 18),)})
    late = [one for one in calendar(TRIAL, ended, HORIZON) if one.occurrence == "qol@M1"]
    assert late[0].expected
    assert not still_due(one_reminder(), TRIAL, ended, late, (), datetime(2026, 3, 18, 12, tzinfo=UTC))
    assert still_due(one_reminder(), TRIAL, ended, late, (), datetime(2026, 3, 17, 12, tzinfo=UTC))


def test_nobody_is_reminded_after_a_death_that_the_protocol_forgot():
    endless = protocol(replace(TRIAL.assessments["qol"], ends=()))
    dead = replace(ANNA, anchors={**ANNA.anchors, "death": (date(2026, 3, 3),)})
    assert not still_due(one_reminder(), endless, dead, calendar(endless, dead, HORIZON), (), AT_SENDING)


def test_minutes_are_elapsed_time_over_a_change_of_the_clocks():
    """Three hours after 00:00 on the night when Paris skips from two to three is four o'clock."""
    night = replace(participant({"consent": "2026-01-02", "treatment_start": "2026-03-29"}), reminder_hour=0)
    (day,) = [one for one in calendar(TRIAL, night, date(2026, 3, 29)) if one.occurrence == "dose@2026-03-29"]
    day = replace(day, opens_at=datetime.min.time())
    at = moment(TRIAL.reminders["dose"][1], day, night)
    assert at.astimezone(ZoneInfo("Europe/Paris")).isoformat() == "2026-03-29T04:00:00+02:00"
