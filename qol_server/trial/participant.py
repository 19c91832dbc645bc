"""A participant as the rules see them: dated facts, and the number they are known by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

WITHOUT_END = date.max
"""The last day of a pause that lasts until somebody ends it."""


@dataclass(frozen=True, slots=True)
class Prescription:
    """From ``day`` on this regimen is prescribed, until the next one; ``regimen`` None is a hold (0 mg)."""

    day: date
    regimen: str | None
    mg_per_day: Decimal
    intakes_per_day: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """A prescription as it was written down at ``known_from``; since ``known_until`` it is known to be wrong (None: it is not)."""

    prescription: Prescription
    known_from: datetime
    known_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """On ``day``, local, the participant signed this version of the consent."""

    version: str
    day: date


@dataclass(frozen=True, slots=True)
class Participant:
    """``anchors``: name -> dates in order of repetition (the n-th is the n-th time it happened).

    ``prescriptions`` are ordered by day, at most one a day; ``written`` are all that were ever made, in the order in which they
    were written down. ``withdrawals``: kind -> day. ``consents``: all that were given,
    by day. ``included``: False while eligibility is open, and for good where it fails. ``unmet``: criteria that are not met
    and for which no deviation was signed. ``paused_until``: the last day of a pause of all contact, or ``WITHOUT_END``.
    """

    number: str
    site: str
    time_zone: str
    anchors: Mapping[str, tuple[date, ...]] = field(default_factory=dict)
    prescriptions: tuple[Prescription, ...] = ()
    withdrawals: Mapping[str, date] = field(default_factory=dict)
    reminder_hour: int = 9
    language: str = "en"
    paused_until: date | None = None
    consents: tuple[Consent, ...] = ()
    included: bool = True
    unmet: tuple[str, ...] = ()
    written: tuple[Written, ...] = ()

    def is_paused(self, today: date) -> bool:
        """Whether nobody is to write to the participant, or to call, on this day of theirs."""
        return self.paused_until is not None and today <= self.paused_until


_DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2), (7, 0, 9, 2, 1, 5, 4, 8, 6, 3), (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6), (6, 1, 2, 3, 0, 4, 5, 9, 7, 8), (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4), (8, 9, 4, 5, 3, 6, 2, 0, 1, 7), (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)  # fmt: skip


def _check_digit(digits: str) -> int:
    """Damm's check digit: any single wrong digit and any swap of neighbours is noticed (Damm, 2004)."""
    row = 0
    for digit in digits:
        row = _DAMM[row][int(digit)]
    return row


def number(site: str, nth: int) -> str:
    """The participant number ``SS-NNNN-C`` of the ``nth`` participant (from 1) of a two-digit site."""
    return f"{site}-{nth:04d}-{_check_digit(f'{site}{nth:04d}')}"


def number_is_valid(text: str) -> bool:
    """Whether ``text`` has the form of a participant number and its check digit fits."""
    parts = text.split("-")
    if [len(part) for part in parts] != [2, 4, 1] or not all(part.isascii() and part.isdigit() for part in parts):
        return False
    return _check_digit(parts[0] + parts[1]) == int(parts[2])
