"""What is odd about a prescription as it was written down: nothing forbids it, somebody has to say that it is meant so."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum

from qol_server.trial.diary import is_dose_free, prescribed, treatment_days
from qol_server.trial.participant import Participant, Prescription
from qol_server.trial.protocol import Treatment

TOMORROW = timedelta(days=1)


class Doubt(StrEnum):
    """Why a prescription may be a mistake."""

    TODAY = "today"  # less than before, from today on: a dose of today may already be taken
    FUTURE = "future"  # its first day comes later than tomorrow
    BEFORE_START = "before-treatment-start"
    AFTER_END = "after-treatment-end"
    ABOVE_MAXIMUM = "above-maximum"  # more a day than the study allows
    SAME_DAY = "same-day"  # another one begins on that day, which this one replaces


def doubts(participant: Participant, treatment: Treatment | None, written: Prescription, today: date) -> tuple[Doubt, ...]:
    """What is odd about ``written``, seen on the participant's local day ``today``; nothing where nothing is."""
    first, last = treatment_days(participant)
    most = None if treatment is None else treatment.max_mg_per_day
    found = {
        Doubt.TODAY: written.day == today and _is_less(participant, written),
        Doubt.FUTURE: written.day > today + TOMORROW,
        Doubt.BEFORE_START: first is not None and written.day < first,
        Doubt.AFTER_END: last is not None and written.day > last,
        Doubt.ABOVE_MAXIMUM: most is not None and written.mg_per_day > most,
        Doubt.SAME_DAY: any(one.day == written.day for one in participant.prescriptions),
    }
    return tuple(doubt for doubt, holds in found.items() if holds)


def _is_less(participant: Participant, written: Prescription) -> bool:
    """Whether less is prescribed than without it would be due on its first day."""
    standing = prescribed(participant, written.day)
    return standing is not None and not is_dose_free(participant, written.day) and written.mg_per_day < standing.mg_per_day
