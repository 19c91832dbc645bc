"""What a date would change: windows moved, opened and cancelled when an anchor or a withdrawal is recorded or taken back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import TypeVar

from qol_server.trial.participant import Participant
from qol_server.trial.schedule import Assignment

V = TypeVar("V")


class Turn(StrEnum):
    """What becomes of a window."""

    OPENED = "opened"  # asked for, and was not before
    MOVED = "moved"
    CANCELLED = "cancelled"  # asked for until now
    KEPT = "kept"  # its window changes or goes, and its answer stays attached to it


@dataclass(frozen=True, slots=True)
class Change:
    """One assessment's window before and after; None where the calendar does not have it."""

    turn: Turn
    before: Assignment | None
    after: Assignment | None

    @property
    def window(self) -> Assignment:
        """The window as it will be, or as it was where it will not be any more."""
        one = self.after or self.before
        assert one is not None, "a change is one of a window"  # noqa: S101
        return one


def changes(before: Iterable[Assignment], after: Iterable[Assignment], answered: Collection[str]) -> tuple[Change, ...]:
    """What differs between two calendars of one participant, by opening day. ``answered``: occurrences that have an answer."""
    had = {one.occurrence: one for one in before}
    will = {one.occurrence: one for one in after}
    found = [
        Change(turn, had.get(name), will.get(name))
        for name in had.keys() | will.keys()
        if (turn := _turn(had.get(name), will.get(name), name in answered)) is not None
    ]
    return tuple(sorted(found, key=lambda one: (one.window.opens, one.window.occurrence)))


def _turn(before: Assignment | None, after: Assignment | None, answered: bool) -> Turn | None:
    was, will_be = before is not None and before.expected, after is not None and after.expected
    if before == after or not (was or will_be):
        return None
    if answered:
        return Turn.KEPT
    if was and will_be:
        return Turn.MOVED
    return Turn.OPENED if will_be else Turn.CANCELLED


# A participant as they would be


def with_anchor(participant: Participant, anchor: str, nth: int, day: date) -> Participant:
    """With the ``nth`` (from 1) time that something happened on ``day``; one more than is known adds it."""
    days = participant.anchors.get(anchor, ())
    return _anchored(participant, anchor, (*days[: nth - 1], day, *days[nth:]))


def without_anchor(participant: Participant, anchor: str) -> Participant:
    """Without the last time that something happened."""
    return _anchored(participant, anchor, participant.anchors.get(anchor, ())[:-1])


def _anchored(participant: Participant, anchor: str, days: tuple[date, ...]) -> Participant:
    anchors: dict[str, tuple[date, ...]] = dict(participant.anchors) | {anchor: days}
    return replace(participant, anchors=anchors if days else _less(anchors, anchor))


def with_withdrawal(participant: Participant, kind: str, day: date) -> Participant:
    """With a withdrawal of this kind on ``day``, in place of an earlier one."""
    return replace(participant, withdrawals=dict(participant.withdrawals) | {kind: day})


def without_withdrawal(participant: Participant, kind: str) -> Participant:
    """Without the withdrawal of this kind."""
    return replace(participant, withdrawals=_less(participant.withdrawals, kind))


def _less(facts: Mapping[str, V], name: str) -> dict[str, V]:
    return {key: value for key, value in facts.items() if key != name}
