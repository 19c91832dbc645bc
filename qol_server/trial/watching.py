"""What did not happen and should make somebody telephone: doses that nobody reported, visits that are overdue."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from qol_server.trial.diary import DOSE_DIARY, DoseDay, unknown_days
from qol_server.trial.participant import Participant
from qol_server.trial.reminding import ALWAYS_END
from qol_server.trial.schedule import Assignment, has_ended, local

UNKNOWN_DAYS = 3
"""Days in a row of which nothing is known, after which somebody calls: as the call of the ladders, which comes on day three."""
LOOK_BACK = timedelta(days=28)
"""How far back unknown days are looked for; a silence that goes on is raised again after so long."""
OVERDUE_FOR = timedelta(days=7)
"""How long after its due day a visit without grace is still worth a call."""


def may_be_called(participant: Participant, now: datetime) -> bool:
    """Whether the participant still takes part and may be contacted: consent given, no death, no withdrawal of either, no pause."""
    today = local(now, participant.time_zone).date()
    if participant.is_paused(today):
        return False
    consents = participant.anchors.get("consent", ())
    return bool(consents) and min(consents) <= today and not has_ended((*ALWAYS_END, "study_end"), participant, today)


def silence(days: Sequence[DoseDay], today: date) -> tuple[date, ...]:
    """The days up to yesterday in a row of which nobody reported anything, oldest first; empty when fewer than three.

    Held days neither count nor break the row (``diary.unknown_days``).
    """
    count = unknown_days(days, today)
    unreported = sorted(day.day for day in days if day.unreported and day.day < today)
    return tuple(unreported[-count:]) if count >= UNKNOWN_DAYS else ()


def is_overdue(assignment: Assignment, participant: Participant, now: datetime) -> bool:
    """Whether an unanswered visit was due before ``now``, for as long as it takes answers and for a week at least.

    Of a dose diary the unknown days tell; it is never overdue here.
    """
    if assignment.instrument == DOSE_DIARY or not assignment.expected:
        return False
    today = local(now, participant.time_zone).date()
    last = date.fromordinal(min(assignment.due.toordinal() + OVERDUE_FOR.days, date.max.toordinal()))
    return assignment.due < today <= max(assignment.closes, last)
