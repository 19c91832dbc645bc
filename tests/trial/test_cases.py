"""Cases: what new alerts do to them, and when they climb."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qol_server.trial import cases
from qol_server.trial.alerting import Alert, Answered, Finding, Level, Rule, ScoreChange, ScoreLevel, Urgency, When
from qol_server.trial.cases import Case, State, Turn, rungs
from qol_server.trial.instrument import All, Compare
from qol_server.trial.notifying import recipients, step_to_tell
from qol_server.trial.protocol import Period
from tests.trial.test_covering import PARIS
from tests.trial.test_schedule_shipped import PROTOCOL
from tests.trial.worked import cases as worked
from tests.trial.worked import wall

NOW = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)
STEPS = (Period(minutes=240), Period(minutes=480))
RULES = {urgency: Rule(f"rule-{urgency}", Level("severity", 3), urgency) for urgency in Urgency}
SAME_DAY = RULES[Urgency.SAME_DAY]


def alert(*found: tuple[str, int], rule: Rule = SAME_DAY) -> Alert:
    return Alert(rule, tuple(Finding(item, str(level)) for item, level in found))


NAUSEA = alert(("nausea.severity", 3))


def case(state: State = State.RAISED, *alerts: Alert) -> Case:
    known = cases.levels(alerts or [NAUSEA])
    resolved = NOW if state is State.RESOLVED else None
    return Case("c1", "01-0001-5", "symptoms", state, Urgency.SAME_DAY, NOW, version=10, known=known, resolved_at=resolved)


@pytest.mark.parametrize(
    ("state", "alerts", "what"),
    [
        (State.RAISED, [NAUSEA], Turn.REPEAT),
        (State.ACKNOWLEDGED, [NAUSEA], Turn.REPEAT),
        (State.ACKNOWLEDGED, [alert(("nausea.severity", 4))], Turn.WORSEN),
        (State.ACKNOWLEDGED, [alert(("rash.severity", 3))], Turn.WORSEN),
        (State.ACKNOWLEDGED, [NAUSEA, alert(("nausea.severity", 3), rule=RULES[Urgency.THIS_WEEK])], Turn.WORSEN),
        (State.ACKNOWLEDGED, [alert(("nausea.severity", 3), rule=RULES[Urgency.NOW])], Turn.WORSEN),
        (State.ACKNOWLEDGED, [Alert(SAME_DAY, (), failed=True)], Turn.WORSEN),
        (State.RESOLVED, [NAUSEA], Turn.OPEN),
        (State.RESOLVED, [alert(("nausea.severity", 4))], Turn.REOPEN),
    ],
)
def test_what_new_alerts_do(state: State, alerts: list[Alert], what: Turn) -> None:
    assert cases.turn(case(state), alerts, NOW + timedelta(days=1)) is what


FALLS = {
    "a score that fell": ScoreChange("PF", Decimal(-20), "baseline"),
    "a score below a limit": ScoreLevel("below", Decimal(60), "PF"),
    "a number below a limit": Answered(All((Compare("PF", "at_most", Decimal(60)), Compare("cold", "is", "yes")))),
}


@pytest.mark.parametrize("when", FALLS.values(), ids=FALLS)
def test_of_what_falls_the_lower_number_is_the_worse_one(when: When) -> None:
    rule = Rule("function-drop", when, Urgency.SAME_DAY)
    sixty, forty = alert(("PF", 60), rule=rule), alert(("PF", 40), rule=rule)
    known = case(State.ACKNOWLEDGED, sixty)
    assert cases.turn(known, [sixty], NOW) is Turn.REPEAT
    assert cases.turn(known, [forty], NOW) is Turn.WORSEN
    joined = cases.join(known, [forty], NOW)
    assert joined.known == {("function-drop", "PF"): 40}
    assert cases.turn(replace(known, known=joined.known), [sixty], NOW) is Turn.REPEAT
    assert cases.worst(joined.known, [sixty]) == joined.known


def test_without_a_case_there_is_a_new_one() -> None:
    assert cases.turn(None, [NAUSEA], NOW) is Turn.OPEN


def test_what_is_urgent_now_is_looked_at_each_time() -> None:
    fever = alert(("temperature", 39), rule=RULES[Urgency.NOW])
    known = replace(case(State.ACKNOWLEDGED, fever), urgency=Urgency.NOW)
    assert cases.turn(known, [fever], NOW) is Turn.WORSEN


def test_after_a_week_something_worse_is_a_case_of_its_own() -> None:
    worse = [alert(("nausea.severity", 4))]
    assert cases.turn(case(State.RESOLVED), worse, NOW + cases.REOPENS_FOR) is Turn.REOPEN
    assert cases.turn(case(State.RESOLVED), worse, NOW + cases.REOPENS_FOR + timedelta(seconds=1)) is Turn.OPEN


FOUND = st.lists(
    st.tuples(st.sampled_from(["nausea.severity", "rash.severity", "fever.severity"]), st.integers(0, 4)), min_size=1, max_size=3
)


@given(FOUND, FOUND)
def test_what_a_case_knows_only_grows_and_then_is_a_repetition(before: list[tuple[str, int]], after: list[tuple[str, int]]) -> None:
    known = cases.levels([alert(*before)])
    merged = cases.worst(known, [alert(*after)])
    assert all(merged[key] >= level for key, level in known.items())  # type: ignore[operator]
    again = replace(case(), known=merged)
    assert cases.turn(again, [alert(*before)], NOW) is Turn.REPEAT
    assert cases.turn(again, [alert(*after)], NOW) is Turn.REPEAT


def test_a_case_climbs_until_somebody_acknowledges_it() -> None:
    waiting = case()  # received on a Wednesday at ten
    assert cases.ladder(waiting, STEPS, PARIS) == (NOW + timedelta(hours=4), NOW + timedelta(hours=8))
    assert cases.steps_due(waiting, STEPS, PARIS, NOW + timedelta(hours=4, seconds=-1)) == ()
    assert cases.steps_due(waiting, STEPS, PARIS, NOW + timedelta(hours=4)) == ((1, NOW + timedelta(hours=4)),)
    assert cases.steps_due(replace(waiting, steps=1), STEPS, PARIS, NOW + timedelta(hours=5)) == ()
    assert cases.steps_due(waiting, STEPS, PARIS, NOW + timedelta(days=3)) == ((1, NOW + timedelta(hours=4)), (2, NOW + timedelta(hours=8)))
    assert cases.steps_due(case(State.ACKNOWLEDGED), STEPS, PARIS, NOW + timedelta(days=3)) == ()
    assert cases.steps_due(case(State.RESOLVED), STEPS, PARIS, NOW + timedelta(days=3)) == ()


def test_a_severe_evening_waits_for_the_morning_and_a_fever_does_not() -> None:
    evening = replace(case(), since=NOW + timedelta(hours=12))  # ten at night in Paris
    assert cases.ladder(evening, STEPS, PARIS)[0] == NOW + timedelta(hours=26)  # noon of the next day
    fever = replace(evening, urgency=Urgency.NOW)
    assert cases.ladder(fever, (Period(minutes=30),), PARIS)[0] == evening.since + timedelta(minutes=30)


@pytest.mark.parametrize("example", worked("follow-up-steps"))
def test_who_is_told_when_nothing_was_done_with_a_case(example: dict[str, Any]) -> None:
    zone = ZoneInfo(PARIS.time_zone)
    acted = [wall(at).replace(tzinfo=zone).astimezone(UTC) for at in example["done"]]
    taken = replace(case(State.ACKNOWLEDGED), urgency=Urgency(example["urgency"]), acted_at=acted[-1], owner="staff:nora")
    steps = rungs(taken, PROTOCOL)
    told = []
    for n, at in enumerate(cases.ladder(taken, steps, PARIS), start=1):
        before, then = replace(taken, stalled=n - 1), replace(taken, stalled=n)
        assert cases.next_step(before, steps, PARIS) == (n, at)
        assert cases.steps_due(before, steps, PARIS, at - timedelta(seconds=1)) == ()
        assert cases.steps_due(before, steps, PARIS, at) == ((n, at),)
        [who] = recipients(step_to_tell(then) or 0, "nora", ["nina", "nora"], ["ivan"])
        told.append([at.astimezone(zone).replace(tzinfo=None), who])
    assert told == [[wall(at), who] for at, who in example["told"]]
    assert cases.next_step(replace(taken, stalled=len(steps)), steps, PARIS) is None


def test_a_case_that_is_looked_after_is_told_to_nobody() -> None:
    assert step_to_tell(replace(case(State.ACKNOWLEDGED), acted_at=NOW)) is None
    assert rungs(case(State.RESOLVED), PROTOCOL) == ()
    assert rungs(case(), PROTOCOL) == PROTOCOL.escalation["same-day"]


def test_the_step_that_comes_next_is_the_first_that_falls_due() -> None:
    waiting = case()
    assert cases.next_step(waiting, STEPS, PARIS) == (1, NOW + timedelta(hours=4))
    assert cases.next_step(replace(waiting, steps=1), STEPS, PARIS) == (2, NOW + timedelta(hours=8))
    assert cases.next_step(replace(waiting, steps=2), STEPS, PARIS) is None
    assert cases.next_step(case(State.ACKNOWLEDGED), STEPS, PARIS) is None
    assert cases.next_step(waiting, (), PARIS) is None
