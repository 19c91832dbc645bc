"""What was prescribed and what was taken: planned, taken, missed and unknown doses of each day, and their sums.

A day's dose is judged against what was prescribed on that day. "Taken" without an amount is the dose that was known to be
prescribed when it was said: whoever said so was told no other. What nobody reported is unknown, never missed: every ratio
has a low bound (unknown counted as not taken) and a high one (unknown counted as taken as prescribed).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from qol_server.trial.instrument import Answer, Answers
from qol_server.trial.participant import Participant, Prescription

DOSE_DIARY = "dose-diary"  # the instrument whose answers these rules read
INTAKES = 6  # it asks for so many intakes a day at most: intake.1 … intake.6
SWALLOWED = frozenset({"taken", "different", "vomited"})
NONE = Decimal(0)


@dataclass(frozen=True, slots=True)
class DoseDay:
    """One local day: what was due and what is known of it. Intakes due = taken + stated missed + unknown."""

    day: date
    planned_mg: Decimal
    planned_intakes: int
    held: bool  # a prescription of 0 mg is in force: nothing is due, so nothing is missed or unknown
    recorded_mg: Decimal  # known to be swallowed, also what was not due
    taken_intakes: int  # of those due
    stated_missed_intakes: int
    stated_missed_mg: Decimal
    unknown_intakes: int
    unknown_mg: Decimal  # what the unknown intakes would have been
    vomited_intakes: int  # swallowed and vomited, also what was not due
    unknown: bool  # something of this day cannot be told
    reason: str = ""  # of the prescription in force

    @property
    def taken_mg(self) -> Decimal | None:
        """What was swallowed, mg; None where a part of it is unknown."""
        return None if self.unknown else self.recorded_mg

    @property
    def over_mg(self) -> Decimal:
        """What is known to be swallowed above what was prescribed that day, mg; on a held day, or outside the treatment, all of it."""
        return max(NONE, self.recorded_mg - self.planned_mg)

    @property
    def unreported(self) -> bool:
        """Whether a dose was due and nothing at all is known of it."""
        return 0 < self.planned_intakes == self.unknown_intakes and not self.recorded_mg


def prescribed(participant: Participant, day: date) -> Prescription | None:
    """The prescription in force on ``day`` (regimen None: a hold); None before the first one."""
    in_force = None
    for prescription in participant.prescriptions:
        if prescription.day > day:
            break
        in_force = prescription
    return in_force


def treatment_days(participant: Participant) -> tuple[date | None, date | None]:
    """The first and the last day of the treatment, both included; None where that is not known.

    It lasts until its end, death, the study's end or a withdrawal from it, whichever comes first.
    """
    starts = participant.anchors.get("treatment_start", ())
    ends = [end for name in ("treatment_end", "death", "study_end") for end in participant.anchors.get(name, ())]
    ends += [participant.withdrawals[kind] for kind in ("treatment", "consent") if kind in participant.withdrawals]
    return starts[0] if starts else None, min(ends, default=None)


def treated(participant: Participant, day: date) -> bool:
    """Whether ``day`` lies in the treatment, its first and last day included."""
    return _within(treatment_days(participant), day)


def _within(treatment: tuple[date | None, date | None], day: date) -> bool:
    first, last = treatment
    return not (first and day < first) and not (last and day > last)


def is_dose_free(participant: Participant, day: date) -> bool:
    """Whether no dose is due on ``day`` because it is held, or lies outside the treatment."""
    prescription = prescribed(participant, day)
    return not treated(participant, day) or (prescription is not None and not prescription.mg_per_day)


def as_known(participant: Participant, at: datetime | None) -> tuple[Prescription, ...]:
    """The prescriptions as they were known at an instant, by day: later ones and corrections were not. As they are known now where
    no instant is known, or where none was written down by then."""
    if at is None:
        return participant.prescriptions
    then: dict[date, Prescription] = {}
    for one in participant.written:
        if one.known_from <= at and (one.known_until is None or at < one.known_until):
            then[one.prescription.day] = one.prescription
    return tuple(then[day] for day in sorted(then)) or participant.prescriptions


def dose_days(
    participant: Participant, responses: Mapping[date, Answers], first: date, last: date, said_at: Mapping[date, datetime] | None = None
) -> tuple[DoseDay, ...]:
    """Each day from ``first`` to ``last``, both included; ``responses``: diary day -> the answers that are current; ``said_at``: when
    the first of their corrections was captured, needed where it matters how much was taken.

    Ask up to yesterday: a day that is not over yet and not answered counts as unknown.
    """
    known: dict[tuple[Prescription | None, Decimal | None, bool, str], tuple[Any, ...]] = {}  # most days are like another
    days, treatment = [], treatment_days(participant)
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        day = date.fromordinal(ordinal)
        answers = responses.get(day, {})
        told = _usual_mg(as_known(participant, (said_at or {}).get(day)), day)
        like = (prescribed(participant, day), told, _within(treatment, day), str(answers))
        if like not in known:
            made = _dose_day(participant, day, answers, told)
            known[like] = tuple(getattr(made, field.name) for field in fields(made))[1:]
        days.append(DoseDay(day, *known[like]))
    return tuple(days)


def reported_days(
    participant: Participant, responses: Mapping[date, Answers], first: date, last: date, today: date, said_at: Mapping[date, datetime]
) -> tuple[DoseDay, ...]:
    """The days from ``first`` to ``last`` that are over, and ``today`` once it was answered, without those before and after the
    treatment on which nothing was taken."""
    last = min(last, today if today in responses else today - timedelta(days=1))
    days, treatment = dose_days(participant, responses, first, last, said_at), treatment_days(participant)
    counted = [nth for nth, one in enumerate(days) if _within(treatment, one.day) or one.recorded_mg]
    return days[counted[0] : counted[-1] + 1] if counted else ()


def dose_day(participant: Participant, day: date, answers: Answers, said_at: datetime | None = None) -> DoseDay:
    """One day by its current answers, as `dose_days` has it; ``said_at``: when they were given, None where that is not known."""
    return _dose_day(participant, day, answers, _usual_mg(as_known(participant, said_at), day))


def _dose_day(participant: Participant, day: date, answers: Answers, told: Decimal | None) -> DoseDay:
    """``told``: one intake as it was known when it was said, which is what was taken where no amount is stated."""
    prescription = prescribed(participant, day)
    in_treatment = treated(participant, day)
    planned_intakes = prescription.intakes_per_day if prescription and prescription.mg_per_day and in_treatment else 0
    usual = _usual_mg(participant.prescriptions, day)
    recorded = missed_mg = unknown_mg = NONE
    taken = missed = unknown = vomited = 0
    unclear = False
    for n in range(1, INTAKES + 1):
        due = n <= planned_intakes
        status = answers.get(f"intake.{n}.status")
        stated = _mg(answers.get(f"intake.{n}.mg"))
        if status == "different" and stated == 0:
            status = "not_taken"
        mg = stated if stated is not None or (status == "different" and due) else told
        if status in SWALLOWED and mg is not None:
            recorded += mg
            taken += due
            vomited += status == "vomited"
        elif status == "not_taken":
            missed += due
            missed_mg += usual or NONE if due else NONE
        elif due:
            unknown += 1
            unknown_mg += usual or NONE
        elif status in SWALLOWED:
            unclear = True
    return DoseDay(
        day=day,
        planned_mg=prescription.mg_per_day if prescription and planned_intakes else NONE,
        planned_intakes=planned_intakes,
        held=bool(prescription and not prescription.mg_per_day and in_treatment),
        recorded_mg=recorded,
        taken_intakes=taken,
        stated_missed_intakes=missed,
        stated_missed_mg=missed_mg,
        unknown_intakes=unknown,
        unknown_mg=unknown_mg,
        vomited_intakes=vomited,
        unknown=bool(unknown or unclear),
        reason=prescription.reason if prescription else "",
    )


def _usual_mg(prescriptions: Sequence[Prescription], day: date) -> Decimal | None:
    """One intake of the dose in force, else of the last one that was, else of the first: what a dose not due is presumed to be."""
    doses = [one for one in prescriptions if one.mg_per_day]
    nearest = [one for one in doses if one.day <= day][-1:] or doses[:1]
    return nearest[0].mg_per_day / nearest[0].intakes_per_day if nearest else None


_AMOUNT = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?")


def _mg(answer: Answer) -> Decimal | None:
    """A stated amount; None where it is absent, a coded non-answer or no amount of usual size."""
    return Decimal(answer) if isinstance(answer, int | str) and _AMOUNT.fullmatch(str(answer)) else None


@dataclass(frozen=True, slots=True)
class DoseSummary:
    """The sums over an interval of days. Percentages are exact fractions, None where nothing was due.

    Relative dose intensity = taken / planned x 100 in mg over the same days; a held day plans nothing (definition as
    TNDOSINT in admiral's derive_param_doseint; with nothing planned it is undefined here, also where a dose was taken:
    ``over_mg`` shows that one). Adherence = intakes taken / intakes due x 100. Low: unknown is not taken; high: as prescribed.
    """

    days: int
    days_treated_planned: int  # a dose was due
    held_days: int
    unknown_days: int  # something of the day is unknown
    planned_mg: Decimal
    taken_mg: Decimal  # recorded
    unknown_mg: Decimal
    missed_mg: Decimal  # stated not taken
    over_mg: Decimal  # each day's excess; a day's excess makes up for no other day
    due_intakes: int
    taken_intakes: int
    missed_intakes: int
    unknown_intakes: int
    vomited_intakes: int
    relative_dose_intensity_low: Fraction | None
    relative_dose_intensity_high: Fraction | None
    adherence_low: Fraction | None
    adherence_high: Fraction | None
    first_dose: date | None  # recorded
    last_dose: date | None
    average_daily_mg_low: Fraction | None  # per day from first to last dose, interruptions included
    average_daily_mg_high: Fraction | None
    interruptions: int  # holds that began after a day with a dose due
    reductions: int  # a lower daily dose than the last one that was not 0
    escalations: int
    first_modification: date | None  # first day of an interruption, reduction or escalation
    first_modification_reason: str | None

    def percent_of(self, mg_per_day: Decimal) -> tuple[Fraction, Fraction] | None:
        """The average daily dose, low and high, in percent of a fixed dose (above 0); None where no dose is recorded."""
        if self.average_daily_mg_low is None or self.average_daily_mg_high is None:
            return None
        return self.average_daily_mg_low * 100 / Fraction(mg_per_day), self.average_daily_mg_high * 100 / Fraction(mg_per_day)


def summarise(days: Sequence[DoseDay]) -> DoseSummary:
    """The sums of these days, which follow each other; a part of a treatment has the changes that happen within it."""
    planned = sum((day.planned_mg for day in days), NONE)
    taken = sum((day.recorded_mg for day in days), NONE)
    unknown = sum((day.unknown_mg for day in days), NONE)
    due = sum(day.planned_intakes for day in days)
    known_intakes = sum(day.taken_intakes for day in days)
    unknown_intakes = sum(day.unknown_intakes for day in days)
    dosed = [index for index, day in enumerate(days) if day.recorded_mg]
    exposed = days[dosed[0] : dosed[-1] + 1] if dosed else ()
    low = sum((day.recorded_mg for day in exposed), NONE)
    high = low + sum((day.unknown_mg for day in exposed), NONE)
    changes = _changes(days)
    return DoseSummary(
        days=len(days),
        days_treated_planned=sum(day.planned_intakes > 0 for day in days),
        held_days=sum(day.held for day in days),
        unknown_days=sum(day.unknown for day in days),
        planned_mg=planned,
        taken_mg=taken,
        unknown_mg=unknown,
        missed_mg=sum((day.stated_missed_mg for day in days), NONE),
        over_mg=sum((day.over_mg for day in days), NONE),
        due_intakes=due,
        taken_intakes=known_intakes,
        missed_intakes=sum(day.stated_missed_intakes for day in days),
        unknown_intakes=unknown_intakes,
        vomited_intakes=sum(day.vomited_intakes for day in days),
        relative_dose_intensity_low=_percent(taken, planned),
        relative_dose_intensity_high=_percent(taken + unknown, planned),
        adherence_low=_percent(known_intakes, due),
        adherence_high=_percent(known_intakes + unknown_intakes, due),
        first_dose=exposed[0].day if exposed else None,
        last_dose=exposed[-1].day if exposed else None,
        average_daily_mg_low=Fraction(low) / len(exposed) if exposed else None,
        average_daily_mg_high=Fraction(high) / len(exposed) if exposed else None,
        interruptions=sum(change == "interruption" for change, _ in changes),
        reductions=sum(change == "reduction" for change, _ in changes),
        escalations=sum(change == "escalation" for change, _ in changes),
        first_modification=changes[0][1].day if changes else None,
        first_modification_reason=changes[0][1].reason if changes else None,
    )


def _percent(part: Decimal | int, whole: Decimal | int) -> Fraction | None:
    return Fraction(part) * 100 / Fraction(whole) if whole else None


def _changes(days: Sequence[DoseDay]) -> list[tuple[str, DoseDay]]:
    """What changed in the prescribed dose and on which day, in order; a restart at the old dose is no change of its own."""
    changes: list[tuple[str, DoseDay]] = []
    dose, held = NONE, False
    for day in days:
        if day.held and not held and dose:
            changes.append(("interruption", day))
        if day.planned_mg and dose and day.planned_mg != dose:
            changes.append(("reduction" if day.planned_mg < dose else "escalation", day))
        dose, held = day.planned_mg or dose, day.held
    return changes


def unknown_days(days: Sequence[DoseDay], today: date) -> int:
    """How many days with a dose due, up to yesterday, nobody reported anything of, in a row; held days neither count nor break it."""
    in_a_row = 0
    yesterday = today - timedelta(days=1)
    for day in sorted((one for one in days if one.day <= yesterday), key=lambda one: one.day, reverse=True):
        if day.unreported:
            in_a_row += 1
        elif not day.held:
            break
    return in_a_row
