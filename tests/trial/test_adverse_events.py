"""What of an adverse event fits together: the worked examples, the dictionary, and what holds whatever is entered."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qol_server.library import terminology
from qol_server.trial.adverse_events import Action, AdverseEvent, Mistake, Outcome, Serious, Term, What, find, mistakes
from tests.trial.worked import cases, one_day, read, wall

PARIS = ZoneInfo("Europe/Paris")
TODAY = date(2026, 3, 20)
NOW = datetime(2026, 3, 20, 9, tzinfo=UTC)
RELATIONS = ("not_related", "unlikely_related", "possibly_related", "related")
TERMS = terminology.terms("CTCAE 5.0")
USUAL = read("adverse-events")["usual"]


def judge(event: AdverseEvent, death: date | None = None) -> tuple[Mistake, ...]:
    aware_on = None if event.aware_at is None else event.aware_at.astimezone(PARIS).date()
    return mistakes(event, TERMS, relations=RELATIONS, death=death, today=TODAY, aware_on=aware_on, now=NOW)


def event(said: dict[str, Any]) -> AdverseEvent:
    aware = said.get("aware_at")
    return AdverseEvent(
        term=said["term"],
        grade=said["grade"],
        start=one_day(said["start"]),
        end=None if said["end"] is None else one_day(said["end"]),
        relation=said["relation"],
        action=Action(said["action"]),
        outcome=Outcome(said["outcome"]),
        serious=frozenset(Serious(each) for each in said.get("serious", ())),
        aware_at=None if aware is None else wall(aware).replace(tzinfo=PARIS),
        words=said.get("words", ""),
    )


@pytest.mark.parametrize("case", cases("adverse-events"))
def test_what_is_wrong(case: dict[str, Any]) -> None:
    death = None if "death" not in case else one_day(case["death"])
    found = judge(event(USUAL | case["event"]), death)
    assert {one.where: one.what for one in found} == case["wrong"]


def test_the_examples_show_everything_that_can_be_wrong() -> None:
    assert {what for case in read("adverse-events")["cases"] for what in case["wrong"].values()} == set(What)


def test_the_dictionary_is_the_one_that_was_published() -> None:
    """837 terms in 26 groups; 330 of them have all five grades."""
    assert (len(TERMS), len({term.group for term in TERMS.values()})) == (837, 26)
    assert sum(term.grades == (1, 2, 3, 4, 5) for term in TERMS.values()) == 330
    assert find(TERMS, "eosinophilia") == Term("Eosinophilia", "Blood and lymphatic system disorders", (1, 3))


def test_a_mistake_names_the_grades_that_the_term_has() -> None:
    [mistake] = judge(event(USUAL | {"term": "Eosinophilia", "grade": 2}))
    assert mistake.values == {"term": "Eosinophilia", "grades": "1, 3"}


DAYS = st.dates(TODAY - timedelta(days=9), TODAY + timedelta(days=3))
EVENTS = st.builds(
    AdverseEvent,
    term=st.sampled_from(["Nausea", "Gastric hemorrhage", "Eosinophilia", "Febrile neutropenia", "Eye disorders - Other, specify"]),
    grade=st.integers(1, 5),
    start=DAYS,
    end=st.none() | DAYS,
    relation=st.sampled_from(RELATIONS),
    action=st.sampled_from(Action),
    outcome=st.sampled_from(Outcome),
    serious=st.frozensets(st.sampled_from(Serious), max_size=2),
    aware_at=st.none() | st.datetimes(datetime(2026, 3, 10), datetime(2026, 3, 22), timezones=st.just(UTC)),  # noqa: DTZ001
    words=st.sampled_from(["", "as told"]),
)


@given(EVENTS, st.none() | DAYS)
def test_what_may_be_recorded_holds_together(recorded: AdverseEvent, death: date | None) -> None:
    if judge(recorded, death):
        return
    assert recorded.grade in TERMS[recorded.term.casefold()].grades
    assert recorded.start <= (recorded.end or TODAY) <= TODAY
    is_fatal = recorded.outcome is Outcome.FATAL
    assert is_fatal == (recorded.grade == 5) == (Serious.DEATH in recorded.serious)
    assert not is_fatal or recorded.end == death
    assert bool(recorded.serious) == (recorded.aware_at is not None)


@given(EVENTS, st.none() | DAYS)
def test_each_mistake_is_about_a_field_and_said_once(recorded: AdverseEvent, death: date | None) -> None:
    found = judge(recorded, death)
    assert {one.where for one in found} <= set(AdverseEvent.__dataclass_fields__)
    assert len({one.what for one in found}) == len(found)
