"""What is odd about a prescription, and what a date would change."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from qol_server.trial import rescheduling
from qol_server.trial.participant import Prescription
from qol_server.trial.prescribing import Doubt, doubts
from qol_server.trial.rescheduling import Turn, changes, with_anchor, with_withdrawal, without_anchor, without_withdrawal
from qol_server.trial.schedule import calendar
from tests.trial.trials import participant, prescription, protocol

TREATED = participant({"consent": "2026-03-01", "treatment_start": "2026-03-02"}, (prescription("2026-03-02", "400"),))
TODAY = date(2026, 4, 1)


def judged(day: str, regimen: str | None = "400", who=TREATED) -> tuple[Doubt, ...]:
    return doubts(who, protocol().treatment, prescription(day, regimen), TODAY)


def test_an_ordinary_prescription_raises_no_doubt():
    assert judged("2026-04-01") == judged("2026-03-03", None) == judged("2026-04-02", None) == ()


def test_a_dose_of_today_may_be_taken_before_a_hold_or_a_lower_dose_of_today():
    assert judged("2026-04-01", None) == (Doubt.TODAY,)
    more = replace(TREATED, prescriptions=(prescription("2026-03-02", "800"),))
    assert judged("2026-04-01", "400", more) == (Doubt.TODAY,)
    assert judged("2026-04-01", "800") == ()
    held = replace(TREATED, prescriptions=(*TREATED.prescriptions, prescription("2026-03-20", None)))
    assert judged("2026-04-01", None, held) == ()  # nothing was due today


def test_what_is_odd_is_named():
    assert judged("2026-04-03") == (Doubt.FUTURE,)
    assert judged("2026-03-01") == (Doubt.BEFORE_START,)
    assert judged("2026-03-02", "800") == (Doubt.SAME_DAY,)
    ended = rescheduling.with_anchor(TREATED, "treatment_end", 1, date(2026, 3, 20))
    assert judged("2026-03-21", who=ended) == (Doubt.AFTER_END,)
    too_much = Prescription(TODAY, "1200", Decimal(1200), 3)
    assert doubts(TREATED, protocol().treatment, too_much, TODAY) == (Doubt.ABOVE_MAXIMUM,)


NEAR = st.dates(date(2026, 1, 1), date(2027, 6, 30))
ANCHOR = st.sampled_from(["treatment_start", "treatment_end", "progression", "death", "study_end"])
KIND = st.sampled_from(["treatment", "questionnaires", "contact", "consent"])
SOMEBODY = st.builds(
    lambda start, anchors, kinds: participant(
        {"consent": "2026-01-01", "treatment_start": str(start)} | {name: str(day) for name, day in anchors.items()},
        (prescription(start, "400"),),
        {kind: str(day) for kind, day in kinds.items()},
    ),
    NEAR,
    st.dictionaries(ANCHOR, NEAR, max_size=2),
    st.dictionaries(KIND, NEAR, max_size=1),
)
BECOME = st.one_of(
    st.builds(lambda name, day: lambda one: with_anchor(one, name, len(one.anchors.get(name, ())) or 1, day), ANCHOR, NEAR),
    st.builds(lambda name: lambda one: without_anchor(one, name), ANCHOR),
    st.builds(lambda kind, day: lambda one: with_withdrawal(one, kind, day), KIND, NEAR),
    st.builds(lambda kind: lambda one: without_withdrawal(one, kind), KIND),
)


@settings(max_examples=60, deadline=None)
@given(SOMEBODY, BECOME, st.data())
def test_whatever_a_date_changes_what_was_answered_stays_attached_to_its_occurrence(one, become, data):
    before, after = calendar(protocol(), one, date.max), calendar(protocol(), become(one), date.max)
    names = [assignment.occurrence for assignment in (*before, *after)]
    answered = set(data.draw(st.lists(st.sampled_from(names), max_size=12))) if names else set()
    told = changes(before, after, answered)
    assert {change.window.occurrence for change in told if change.turn is Turn.KEPT} == {
        change.window.occurrence for change in told if change.window.occurrence in answered
    }
    for change in told:
        assert change.before is None or change.after is None or change.before.occurrence == change.after.occurrence


@settings(max_examples=60, deadline=None)
@given(SOMEBODY, BECOME)
def test_what_is_told_is_all_that_changes_and_what_is_taken_back_is_the_same_the_other_way(one, become):
    before, after = calendar(protocol(), one, date.max), calendar(protocol(), become(one), date.max)
    there, back = changes(before, after, ()), changes(after, before, ())
    expected = [{a.occurrence: a for a in listed if a.expected} for listed in (before, after)]
    told = {change.window.occurrence: change.turn for change in there}
    for name in expected[0].keys() | expected[1].keys():
        was, will_be = expected[0].get(name), expected[1].get(name)
        assert told.get(name) == (
            None if was == will_be else Turn.OPENED if was is None else Turn.CANCELLED if will_be is None else Turn.MOVED
        )
    opposite = {Turn.OPENED: Turn.CANCELLED, Turn.CANCELLED: Turn.OPENED, Turn.MOVED: Turn.MOVED}
    assert {change.window.occurrence: opposite[change.turn] for change in back} == told


def test_a_death_cancels_what_lies_ahead_and_taking_it_back_opens_it_again():
    dead = with_anchor(TREATED, "death", 1, date(2026, 4, 10))
    told = changes(calendar(protocol(), TREATED, date.max), calendar(protocol(), dead, date.max), {"qol@M1"})
    turns = {change.window.occurrence: change.turn for change in told}
    assert turns["dose@2026-04-10"] is Turn.CANCELLED
    assert turns["qol@M2"] is Turn.CANCELLED
    assert "dose@2026-04-07" not in turns  # its window had closed
    assert "qol@M1" not in turns  # it was due before; nothing of it changes
    assert without_anchor(dead, "death") == TREATED


def test_a_start_that_moves_takes_its_windows_along():
    moved = with_anchor(TREATED, "treatment_start", 1, TREATED.anchors["treatment_start"][0] + timedelta(days=7))
    told = changes(calendar(protocol(), TREATED, date.max), calendar(protocol(), moved, date.max), {"dose@2026-03-02"})
    turns = {change.window.occurrence: change.turn for change in told}
    assert turns["qol@M1"] is Turn.MOVED
    assert turns["dose@2026-03-02"] is Turn.KEPT  # it was answered
    assert turns["dose@2026-03-03"] is Turn.CANCELLED
