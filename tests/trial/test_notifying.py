"""Whom a waiting case is told to, step by step."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from qol_server.trial.alerting import Urgency
from qol_server.trial.cases import Case, State
from qol_server.trial.notifying import recipients, step_to_tell

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
