"""Where the present comes from: everything below the doors gets it as an argument."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Gives the present as an aware datetime in UTC."""


def wall_clock() -> datetime:
    """The machine's own clock."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds: ``2026-11-22T07:00:03.120Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:23] + "Z"
