"""When something is serious, and how long the site may take to report it: by criterion, not by how bad it feels."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from qol_server.trial.adverse_events import REPORTED_WITHIN, Serious


@dataclass(frozen=True, slots=True)
class Report:
    """What has to be reported of a case. ``aware_at``: when the site came to know (aware). ``reported_at``: None until it was reported."""

    criterion: Serious
    aware_at: datetime
    reported_at: datetime | None = None

    @property
    def due(self) -> datetime:
        """Until when it must be with whoever receives it: by the clock on the wall, on every day of the year."""
        return self.aware_at + REPORTED_WITHIN


class Clock(StrEnum):
    """How a report stands against its clock."""

    RUNS = "runs"
    OVERDUE = "overdue"
    IN_TIME = "in-time"
    LATE = "late"


def clock(report: Report, now: datetime) -> Clock:
    """How the report stands at ``now``; one that comes at the very end of the 24 hours is in time."""
    if report.reported_at is not None:
        return Clock.IN_TIME if report.reported_at <= report.due else Clock.LATE
    return Clock.RUNS if now <= report.due else Clock.OVERDUE


def known_first(report: Report | None, aware_at: datetime) -> datetime:
    """From when the clock counts if nobody says why it should be later than was said before: the site's first knowledge counts."""
    return aware_at if report is None else min(report.aware_at, aware_at)


def may_have_known(aware_at: datetime, now: datetime) -> bool:
    """Whether the site can have come to know then: not in the future."""
    return aware_at <= now


def may_be_reported(report: Report, reported_at: datetime, now: datetime) -> bool:
    """Whether the report can have been made then: not before the site knew, not in the future, and once only."""
    return report.reported_at is None and report.aware_at <= reported_at <= now
