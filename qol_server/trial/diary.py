"""What was prescribed and what was taken: planned, taken, missed and unknown doses of each day, and their sums."""

from __future__ import annotations

from datetime import date

from qol_server.trial.participant import Participant, Prescription

DOSE_DIARY = "dose-diary"  # the instrument whose answers these rules read


def prescribed(participant: Participant, day: date) -> Prescription | None:
    """The prescription in force on ``day`` (regimen None: a hold); None before the first one."""
    in_force = None
    for prescription in participant.prescriptions:
        if prescription.day > day:
            break
        in_force = prescription
    return in_force
