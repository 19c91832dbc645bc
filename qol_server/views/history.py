"""One participant's history between two days, read from the state: it costs what the participant's own entries cost.

No view has to catch up for it, and how long the journal is does not matter; every look-up goes by an index of the participant.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from qol_server.clock import stamp
from qol_server.state import adverse_events, history, participants
from qol_server.state.adverse_events import Recorded
from qol_server.store import Row, Tx
from qol_server.trial import diary, schedule, scoring, strip
from qol_server.trial.diary import DOSE_DIARY, DoseDay
from qol_server.trial.instrument import Answers
from qol_server.trial.participant import Participant
from qol_server.trial.schedule import Assignment, State
from qol_server.trial.strip import Point
from qol_server.views.reading import Source
from qol_server.views.windows import serving


@dataclass(frozen=True, slots=True)
class Window:
    """A visit with its state on the last day; ``by``: the occurrence whose response serves it."""

    assignment: Assignment
    state: State
    by: str | None
    on: date | None


@dataclass(frozen=True, slots=True)
class Alert:
    """What a rule found; ``expected``: a level that is usual for the participant explains it."""

    day: date
    rule: str
    urgency: str
    occurrence: str | None
    case: str | None
    expected: bool


@dataclass(frozen=True, slots=True)
class History:
    """Everything between ``first`` and ``last``, both included. ``symptoms``: instrument and symptom -> points; ``scores``:
    instrument and scale -> points, of those that have a value."""

    participant: Participant
    first: date
    last: date
    days: tuple[DoseDay, ...]
    steps: tuple[strip.Step, ...]
    windows: tuple[Window, ...]
    alerts: tuple[Alert, ...]
    events: tuple[Recorded, ...]
    symptoms: Mapping[tuple[str, str], Sequence[Point]] = field(default_factory=dict)
    scores: Mapping[tuple[str, str], Sequence[Point]] = field(default_factory=dict)


def read(source: Source, tx: Tx, number: str, first: date, now: datetime) -> History:
    """The history from a day to the local day of ``now``. Raises LookupError where there is no such participant."""
    participant = participants.load(tx, number)
    if participant is None:
        raise LookupError(number)
    zone = ZoneInfo(participant.time_zone)
    last = now.astimezone(zone).date()
    since = stamp(datetime.combine(first, time(), zone).astimezone(UTC))
    given = [row for row in history.given(tx, number, since) if row["line"]]
    symptoms, scores = _measured(source, tx, given)
    return History(
        participant, first, last, _dose_days(tx, participant, given, first, last), strip.steps(participant, first, last),
        _windows(source, tx, participant, first, last),
        tuple(_alert(row, zone) for row in history.alerts(tx, number, since)),
        tuple(each for each in adverse_events.of_participant(tx, number) if (each.event.end or last) >= first),
        symptoms, scores,
    )  # fmt: skip


def _measured(
    source: Source, tx: Tx, given: Sequence[Row]
) -> tuple[dict[tuple[str, str], list[Point]], dict[tuple[str, str], list[Point]]]:
    """The symptoms and the scores of the responses, each in time."""
    symptoms: dict[tuple[str, str], list[Point]] = {}
    scores: dict[tuple[str, str], list[Point]] = {}
    rules: dict[str, tuple[strip.Asked, scoring.Scorer]] = {}
    for row in given:
        if row["instrument"] == DOSE_DIARY:
            continue
        name, occurrence, day = row["instrument"], row["occurrence"], date.fromisoformat(row["captured_at"][:10])
        if row["version"] not in rules:
            instrument = source.instrument(tx, row["version"])
            rules[row["version"]] = (strip.asked(instrument), scoring.scorer(instrument))
        asked, scorer = rules[row["version"]]
        answers = orjson.loads(row["line"])["answers"]
        if scorer.scales:
            for scale, score in scorer.of(answers).items():
                if score.value is not None:
                    scores.setdefault((name, scale), []).append(Point(day, float(score.value), occurrence))
        for symptom, (part, item) in asked.levels(answers).items():
            symptoms.setdefault((name, symptom), []).append(Point(day, part, occurrence, item))
    return symptoms, scores


def _dose_days(tx: Tx, participant: Participant, given: Sequence[Row], first: date, last: date) -> tuple[DoseDay, ...]:
    span = history.diary_span(tx, participant.number, DOSE_DIARY)
    if span is None:
        return ()
    by_day: dict[date, Answers] = {}
    said_at: dict[date, datetime] = {}
    for row in given:
        if row["instrument"] == DOSE_DIARY:
            try:
                day = date.fromisoformat(row["occurrence"].partition("@")[2])
            except ValueError:
                continue
            by_day[day], said_at[day] = orjson.loads(row["line"])["answers"], datetime.fromisoformat(row["began"])
    begin = max(first, min([date.fromisoformat(span[0]), *by_day]))
    end = min(last, max([date.fromisoformat(span[1]), *by_day]))
    return diary.reported_days(participant, by_day, begin, end, last, said_at) if begin <= end else ()


def _windows(source: Source, tx: Tx, participant: Participant, first: date, last: date) -> tuple[Window, ...]:
    """What is asked at visits; the days of the diaries are not among them."""
    protocol = source.folder.protocol(tx)
    daily = [name for name, one in (protocol.assessments.items() if protocol else ()) if one.daily is not None or one.ad_hoc]
    rows = history.assignments(tx, participant.number, first.isoformat(), last.isoformat(), daily)
    listed = [participants.assignment(row) for row in rows]
    captured = {name: date.fromisoformat(day) for name, day in history.answered(tx, participant.number, daily).items()}
    by_occurrence = serving(listed, captured)
    reviewed = {row["occurrence"] for row in history.under_review(tx, participant.number)}
    evening = datetime.combine(last, time.max)
    found = []
    for one in listed:
        by = by_occurrence.get(one.occurrence)
        state = schedule.state(one, evening, answered=by is not None, under_review=one.occurrence in reviewed)
        found.append(Window(one, state, by, None if by is None else captured[by]))
    return tuple(found)


def _alert(row: Row, zone: ZoneInfo) -> Alert:
    told: Any = row["captured_at"] or row["at"]
    day = date.fromisoformat(told[:10]) if row["captured_at"] else datetime.fromisoformat(told).astimezone(zone).date()
    return Alert(day, row["rule"], row["urgency"], row["occurrence"], row["case"], row["expected"] is not None)


def local_day(participant: Participant, now: datetime) -> date:
    """The day that it is where the participant is."""
    return now.astimezone(ZoneInfo(participant.time_zone)).date()


def first_day(participant: Participant, now: datetime) -> date:
    """The first day of which anything can be known: the earliest of the participant's dates."""
    dates = [day for days in participant.anchors.values() for day in days] + [one.day for one in participant.prescriptions]
    return min([*dates, local_day(participant, now)])


def last_visit(tx: Tx, number: str, assessment: str, today: date) -> date | None:
    """The target day of the latest visit of an assessment before today that was expected."""
    day = history.last_target(tx, number, assessment, today.isoformat())
    return None if day is None else date.fromisoformat(day)


def baseline(source: Source, tx: Tx, number: str, assessment: str, before: datetime) -> dict[str, tuple[Fraction, str]]:
    """Scale -> (score, occurrence) of the first response to an assessment, where it was before an instant."""
    row = history.first_of(tx, number, assessment, stamp(before.astimezone(UTC)))
    if row is None or not row["line"]:
        return {}
    scorer = scoring.scorer(source.instrument(tx, row["version"]))
    scored = scorer.of(orjson.loads(row["line"])["answers"])
    return {scale: (score.value, row["occurrence"]) for scale, score in scored.items() if score.value is not None}
