"""What is odd about a prescription as it was written down: nothing forbids it, somebody has to say that it is meant so."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

from qol_server.trial.diary import treatment_days
from qol_server.trial.participant import Participant, Prescription
from qol_server.trial.protocol import Treatment


class Doubt(StrEnum):
    """Why a prescription may be a mistake."""

    FUTURE = "future"  # its first day has not come yet
    BEFORE_START = "before-treatment-start"
    AFTER_END = "after-treatment-end"
    ABOVE_MAXIMUM = "above-maximum"  # more a day than the study allows
    SAME_DAY = "same-day"  # another one begins on that day, which this one replaces


def doubts(participant: Participant, treatment: Treatment | None, written: Prescription, today: date) -> tuple[Doubt, ...]:
    """What is odd about ``written``, seen on the participant's local day ``today``; nothing where nothing is."""
    first, last = treatment_days(participant)
    most = None if treatment is None else treatment.max_mg_per_day
    found = {
        Doubt.FUTURE: written.day > today,
        Doubt.BEFORE_START: first is not None and written.day < first,
        Doubt.AFTER_END: last is not None and written.day > last,
        Doubt.ABOVE_MAXIMUM: most is not None and written.mg_per_day > most,
        Doubt.SAME_DAY: any(one.day == written.day for one in participant.prescriptions),
    }
    return tuple(doubt for doubt, holds in found.items() if holds)
