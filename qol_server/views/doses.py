"""The views `doses` and `dose_summary`: what was prescribed and what was taken, day by day and in sum."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from qol_server.store import Tx
from qol_server.trial import diary, schedule
from qol_server.trial.diary import DOSE_DIARY, DoseDay
from qol_server.trial.participant import Participant
from qol_server.trial.schedule import Assignment

Row = tuple[Any, ...]

_ANSWERS = (
    "SELECT r.occurrence, r.id, r.captured_at, r.began, g.item, g.answer FROM responses r LEFT JOIN given g USING (position)"
    " WHERE r.participant = ? AND r.instrument = ? AND r.current = 1"
)


def rows(tx: Tx, participant: Participant, listed: Sequence[Assignment], today: date) -> tuple[list[Row], Row | None]:
    """The diary days among one participant's assignments as of a local day, and their sums; (nothing, None) without any.

    The days are those of the diary that are over, and today once it was answered. Days outside the treatment are left out
    unless a dose was taken on one of them, before or after; also where the calendar has such a day no longer, because the end
    of treatment was recorded after it or the start was corrected.
    """
    occurrences = {one.target: one.occurrence for one in listed if one.instrument == DOSE_DIARY and one.opens <= today}
    if not occurrences:
        return [], None
    assessment, _ = schedule.parse(min(occurrences.values()))
    answers: dict[str, dict[str, str | None]] = {}
    entries: dict[str, tuple[str, str]] = {}
    began: dict[str, datetime] = {}
    for row in tx.all(_ANSWERS, (participant.number, DOSE_DIARY)):
        entries[row["occurrence"]] = (row["id"], row["captured_at"][:10])
        began[row["occurrence"]] = datetime.fromisoformat(row["began"])
        given = answers.setdefault(row["occurrence"], {})
        if row["item"] is not None:
            given[row["item"]] = row["answer"]
    occurrences |= {day: name for name in answers if (day := _day_of(name)) is not None and day not in occurrences and day <= today}
    by_day = {day: answers[name] for day, name in occurrences.items() if name in answers}
    said_at = {day: began[name] for day, name in occurrences.items() if name in began}
    days = diary.reported_days(participant, by_day, min(occurrences), max(occurrences), today, said_at)
    who = (participant.number, participant.site)
    named = [(day, occurrences.get(day.day, f"{assessment}@{day.day}")) for day in days]
    made = [(*who, *_day(day, name, *entries.get(name, (None, None)))) for day, name in named]
    return made, ((*who, *_sums(days)) if days else None)


def _day_of(occurrence: str) -> date | None:
    try:
        return date.fromisoformat(schedule.parse(occurrence)[1])
    except ValueError:
        return None


def _day(one: DoseDay, occurrence: str, entry: str | None, captured: str | None) -> Row:
    return (
        one.day.isoformat(), occurrence, float(one.planned_mg), one.planned_intakes, int(one.held), _float(one.taken_mg),
        float(one.recorded_mg), float(one.stated_missed_mg), float(one.unknown_mg), float(one.over_mg), one.taken_intakes,
        one.stated_missed_intakes, one.unknown_intakes, one.vomited_intakes, int(one.unknown), one.reason, entry, captured,
    )  # fmt: skip


def _sums(days: Sequence[DoseDay]) -> Row:
    sums = diary.summarise(days)
    return (
        days[0].day.isoformat(), days[-1].day.isoformat(), sums.days, sums.days_treated_planned, sums.held_days, sums.unknown_days,
        float(sums.planned_mg), float(sums.taken_mg), float(sums.missed_mg), float(sums.unknown_mg), float(sums.over_mg),
        sums.due_intakes, sums.taken_intakes, sums.missed_intakes, sums.unknown_intakes, sums.vomited_intakes,
        _float(sums.relative_dose_intensity_low), _float(sums.relative_dose_intensity_high), _float(sums.adherence_low),
        _float(sums.adherence_high), _iso(sums.first_dose), _iso(sums.last_dose), _float(sums.average_daily_mg_low),
        _float(sums.average_daily_mg_high), sums.interruptions, sums.reductions, sums.escalations, _iso(sums.first_modification),
        sums.first_modification_reason,
    )  # fmt: skip


def _float(value: Decimal | Fraction | None) -> float | None:
    return None if value is None else float(value)


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
