"""Whom a waiting case is told to, step by step."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from qol_server.trial.alerting import Urgency
from qol_server.trial.cases import Case, State
from qol_server.trial.notifying import INVESTIGATORS as TO_INVESTIGATORS
from qol_server.trial.notifying import NURSES as TO_NURSES
from qol_server.trial.notifying import call_step_to_tell, news_to_tell, recipients, step_to_tell, told_of_news
from qol_server.trial.protocol import Coverage, Site

SINCE = datetime(2026, 3, 2, 20, tzinfo=UTC)
NURSES, INVESTIGATORS = ["nina", "nora"], ["ivan"]


@pytest.mark.parametrize(
    ("urgency", "steps", "told"),
    [
        (Urgency.NOW, 0, 0), (Urgency.SAME_DAY, 0, None), (Urgency.THIS_WEEK, 0, None), (Urgency.NOW, 1, 1), (Urgency.NOW, 2, 2),
        (Urgency.SAME_DAY, 1, 1),
    ],
)  # fmt: skip
def test_what_is_urgent_now_is_told_at_once_and_the_rest_from_its_first_step(urgency: Urgency, steps: int, told: int | None) -> None:
    case = Case("c", "01-0001-4", "symptoms", State.RAISED, urgency, SINCE, 1, steps=steps)
    assert step_to_tell(case) == told
    for state in (State.ACKNOWLEDGED, State.RESOLVED):
        assert step_to_tell(Case("c", "01-0001-4", "symptoms", state, urgency, SINCE, 1, steps=steps)) is None


@pytest.mark.parametrize(
    ("step", "owner", "told"),
    [
        (0, None, ("nina", "nora")), (0, "nora", ("nora",)), (0, "ivan", ("ivan",)), (0, "gone", ("nina", "nora")),
        (1, None, ("nina", "nora")), (1, "nora", ("nina",)), (2, None, ("ivan",)), (2, "nora", ("ivan",)), (3, None, ("ivan",)),
    ],
)  # fmt: skip
def test_first_its_owner_or_all_nurses_then_a_second_person_then_the_investigator(
    step: int, owner: str | None, told: tuple[str, ...]
) -> None:
    assert recipients(step, owner, NURSES, INVESTIGATORS) == told


def test_where_a_site_has_nobody_of_a_kind_the_other_stands_in() -> None:
    assert recipients(0, None, [], INVESTIGATORS) == ("ivan",)
    assert recipients(1, "nora", ["nora"], INVESTIGATORS) == ("ivan",)
    assert recipients(1, "nora", ["nora"], []) == ("nora",)
    assert recipients(2, None, NURSES, []) == ("nina", "nora")
    assert recipients(0, None, [], []) == ()


def paris(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo("Europe/Paris"))


@pytest.mark.parametrize(
    ("now", "step"),
    [
        ("2026-03-06 18:00", None), ("2026-03-08 12:00", None), ("2026-03-09 07:59", None), ("2026-03-09 08:00", TO_NURSES),
        ("2026-03-09 15:59", TO_NURSES), ("2026-03-09 16:00", TO_INVESTIGATORS), ("2026-03-10 03:00", TO_INVESTIGATORS),
    ],
)  # fmt: skip
def test_a_call_of_friday_evening_is_told_on_monday_morning_and_once_more_eight_hours_later(now: str, step: int | None) -> None:
    hours = Coverage(("mon", "tue", "wed", "thu", "fri"), time(8), time(18))
    site = Site("01", "Lyon", "Europe/Paris", coverage=(hours,))
    assert call_step_to_tell(site, paris("2026-03-06 18:00"), paris(now)) == step


@pytest.mark.parametrize(("now", "step"), [("2026-03-06 18:00", TO_NURSES), ("2026-03-07 02:00", TO_INVESTIGATORS)])
def test_where_a_site_says_no_hours_a_call_is_told_at_once(now: str, step: int) -> None:
    assert call_step_to_tell(Site("01", "Lyon", "Europe/Paris"), paris("2026-03-06 18:00"), paris(now)) == step


@pytest.mark.parametrize(
    ("news", "told_at", "which"),
    [
        (None, 1, None),  # nothing new
        (5, None, None),  # nobody was told yet: that mail tells the news too
        (5, 10, None),  # it was known when they were told
        (59, 1, None),  # they were told within the hour
        (61, 1, 1), (119, 60, 1), (121, 1, 2),
    ],
)  # fmt: skip
def test_news_of_a_waiting_case_are_told_once_an_hour(news: int | None, told_at: int | None, which: int | None) -> None:
    at = None if news is None else SINCE + timedelta(minutes=news)
    case = Case("c", "01-0001-4", "symptoms", State.RAISED, Urgency.NOW, SINCE, 1, steps=1, news_at=at)
    told = None if told_at is None else SINCE + timedelta(minutes=told_at)
    assert news_to_tell(case, told) == which
    assert news_to_tell(replace(case, state=State.ACKNOWLEDGED), told) is None
    assert news_to_tell(replace(case, urgency=Urgency.THIS_WEEK, steps=0), told) is None, "it waits on the worklist"


def test_news_are_told_to_everybody_whom_the_escalation_has_reached() -> None:
    assert told_of_news(0, "nora", NURSES, INVESTIGATORS) == ("nora",)
    assert told_of_news(1, "nora", NURSES, INVESTIGATORS) == ("nora", "nina")
    assert told_of_news(2, None, NURSES, INVESTIGATORS) == ("nina", "nora", "ivan")
