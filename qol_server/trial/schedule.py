"""Which assessments a participant is asked for and when: the calendar of assignments and their state on a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum


class State(StrEnum):
    """The state of an assignment at a moment."""

    UPCOMING = "upcoming"
    OPEN = "open"
    LATE = "late"
    ANSWERED = "answered"
    MISSED = "missed"
    UNDER_REVIEW = "under-review"  # something was received that a data manager has to look at
    NOT_EXPECTED = "not-expected"  # the participant's part ended before it was due


@dataclass(frozen=True, slots=True)
class Assignment:
    """One assessment asked of one participant in one window; local floating dates, the last days are included."""

    occurrence: str  # "<assessment>@<visit>"
    assessment: str
    visit: str
    instrument: str
    opens: date
    target: date
    due: date  # last day on time
    closes: date  # last day it is accepted as late
    opens_at: time = time(0, 0)  # on the opening day
    late_reason_after: date | None = None  # answered after this day, a reason is asked for
    served_by: str | None = None
    expected: bool = True  # False: an end came before it was due
