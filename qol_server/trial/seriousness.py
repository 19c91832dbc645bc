"""When something is serious, and how long the site may take to report it to the sponsor: by criterion, not by how bad it feels.

A case and an adverse event have the same clock. It counts from the earliest instant at which anybody ever said that the site knew, and
it ends with a report, or when somebody takes back that it is serious.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from qol_server.trial.adverse_events import REPORTED_WITHIN, Serious


@dataclass(frozen=True, slots=True)
class Report:
    """What has to be reported. ``aware_at``: when the site came to know (aware). ``reported_at``: None until it was reported."""

    criterion: Serious
    aware_at: datetime
    reported_at: datetime | None = None

    @property
    def due(self) -> datetime:
        """Until when it must be with whoever receives it: by the clock on the wall, on every day of the year."""
        return self.aware_at + REPORTED_WITHIN

    @property
    def late_by(self) -> timedelta:
        """How long after its time it was reported; nothing for one in time, and for one that was not made."""
        return timedelta(0) if self.reported_at is None else max(self.reported_at - self.due, timedelta(0))


class Clock(StrEnum):
    """How a report stands against its clock."""

    RUNS = "runs"
    OVERDUE = "overdue"
    IN_TIME = "in-time"
    LATE = "late"


def clock(report: Report, now: datetime) -> Clock:
    """How the report stands at ``now``; one that comes at the very end of the 24 hours is in time."""
    if report.reported_at is not None:
        return Clock.LATE if report.late_by else Clock.IN_TIME
    return Clock.RUNS if now <= report.due else Clock.OVERDUE


def stated(before: Report | None, criterion: Serious, aware_at: datetime) -> Report:
    """What is to be reported when somebody says, or says anew, that it is serious.

    The earliest knowledge counts, whatever is said later, and a report that was made stays: whether it was in time is judged anew.
    """
    return Report(criterion, aware_at) if before is None else Report(criterion, min(before.aware_at, aware_at), before.reported_at)


def may_have_known(aware_at: datetime, now: datetime) -> bool:
    """Whether the site can have come to know then: not in the future."""
    return aware_at <= now


def may_be_reported(report: Report, reported_at: datetime, now: datetime) -> bool:
    """Whether the report can have been made then: not before the site knew, not in the future, and once only."""
    return report.reported_at is None and report.aware_at <= reported_at <= now
