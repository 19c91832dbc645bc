"""What the strip of a participant is made of: runs of dose days, steps of the dose, the worst of a symptom, bars that do not overlap."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from qol_server.trial.diary import DoseDay, treatment_days
from qol_server.trial.instrument import Answers, Instrument
from qol_server.trial.participant import Participant

DAY = timedelta(days=1)


class Dose(StrEnum):
    """What is known of a day's dose, the one that matters most first."""

    OVER = "over"  # more than was prescribed that day, or anything on a held one
    HELD = "held"
    MISSED = "missed"  # some or all of it was stated as not taken
    UNKNOWN = "unknown"  # some or all of it nobody reported
    TAKEN = "taken"
    NOTHING_DUE = "nothing-due"


def dose_of(day: DoseDay) -> Dose:
    """The one word for a day of the dose diary."""
    if day.over_mg:
        return Dose.OVER
    if day.held:
        return Dose.HELD
    if day.stated_missed_intakes:
        return Dose.MISSED
    if day.unknown:
        return Dose.UNKNOWN
    return Dose.TAKEN if day.planned_intakes else Dose.NOTHING_DUE


@dataclass(frozen=True, slots=True)
class Run:
    """Days that follow each other, both ends included, of which the same is to be said."""

    dose: Dose
    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


def runs(days: Iterable[DoseDay]) -> tuple[Run, ...]:
    """The days, in order, put together as long as the same holds of them."""
    found: list[Run] = []
    for day in days:
        dose = dose_of(day)
        if found and found[-1].dose is dose and found[-1].last + DAY == day.day:
            found[-1] = Run(dose, found[-1].first, day.day)
        else:
            found.append(Run(dose, day.day, day.day))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Step:
    """One prescribed dose and how long it held; ``regimen`` None: a hold."""

    first: date
    last: date
    regimen: str | None
    mg_per_day: Decimal
    reason: str


def steps(participant: Participant, first: date, last: date) -> tuple[Step, ...]:
    """The prescribed doses from ``first`` to ``last``, both included, within the treatment."""
    start, end = treatment_days(participant)
    if start is None:
        return ()
    lower, upper = max(first, start), min(last, end or last)
    found = []
    for nth, one in enumerate(participant.prescriptions):
        follows = participant.prescriptions[nth + 1 : nth + 2]
        begins, ends = max(one.day, lower), min(follows[0].day - DAY if follows else upper, upper)
        if begins <= ends:
            found.append(Step(begins, ends, one.regimen, one.mg_per_day, one.reason))
    return tuple(found)


LEADING = ("severity", "presence", "frequency", "amount", "interference")
"""Which attribute of a symptom speaks for it where an instrument asks several."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How an instrument asks about symptoms: item -> (symptom, answer -> part of the worst answer, whether the item leads)."""

    items: Mapping[str, tuple[str, Mapping[int | str, float], bool]]

    def levels(self, answers: Answers) -> dict[str, tuple[float, str]]:
        """Symptom -> (0 to 1, item) of one response; a symptom of which nothing usable was said is not there.

        The item that leads speaks. Where it was not asked because another says the lowest, that says the lowest.
        """
        found: dict[str, tuple[float, str]] = {}
        for id_, answer in answers.items():
            asked = self.items.get(id_)
            if asked is None or isinstance(answer, list) or answer is None or (part := asked[1].get(answer)) is None:
                continue
            symptom, _, leads = asked
            if leads:
                found[symptom] = (part, id_)
            elif not part:
                found.setdefault(symptom, (part, id_))
        return found


def asked(instrument: Instrument) -> Asked:
    """The items that say how bad a symptom was. An item with an attribute and no symptom is about the instrument's own subject."""
    symptoms: dict[str, list[tuple[int, str]]] = {}
    for item in instrument.items:
        if item.attribute in LEADING and item.codes and len(item.codes) > 1:
            symptoms.setdefault(item.symptom or instrument.id, []).append((LEADING.index(item.attribute), item.id))
    items = {}
    for symptom, ranked in symptoms.items():
        leader = min(ranked)[1]
        for _, id_ in ranked:
            codes = instrument.by_id[id_].codes
            items[id_] = (symptom, {code: nth / (len(codes) - 1) for nth, code in enumerate(codes)}, id_ == leader)
    return Asked(items)


@dataclass(frozen=True, slots=True)
class Point:
    """What one response said on a local day, to be drawn: ``value`` of a symptom 0 to 1, of a score the score; ``about``: the item."""

    day: date
    value: float
    occurrence: str
    about: str = ""


def worst(points: Sequence[Point], first: date, width: int) -> tuple[Point, ...]:
    """The worst point of each ``width`` days counted from ``first``; of equals the latest."""
    kept: dict[int, Point] = {}
    for point in points:
        place = (point.day - first).days // width
        if place not in kept or point.value >= kept[place].value:
            kept[place] = point
    return tuple(kept[place] for place in sorted(kept))


def stacked(bars: Sequence[tuple[date, date]]) -> tuple[int, ...]:
    """For each bar (first and last day) the lowest row in which it touches none of those before it."""
    ends: list[date] = []
    rows = []
    for first, last in bars:
        row = next((nth for nth, end in enumerate(ends) if end < first), len(ends))
        ends[row : row + 1] = [last]
        rows.append(row)
    return tuple(rows)
