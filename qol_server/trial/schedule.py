"""Which assessments a participant is asked for and when: the calendar of assignments and their state on a day."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum
from itertools import count
from zoneinfo import ZoneInfo

from qol_server.trial.diary import DOSE_DIARY, is_dose_free
from qol_server.trial.participant import Participant
from qol_server.trial.protocol import ZERO, Assessment, Daily, Period, Protocol, Visit

OPEN_ENDED = date.max  # the last day of a window whose closing anchor is not known yet
LAST_ORDINAL = date.max.toordinal()
ENTIRE = Period(months=20 * 12)  # no participation lasts longer; the longest follow-up that a regulator asks for is 15 years
REPETITIONS = 99  # an anchor is believed to repeat at most so often


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
    expected: bool = True  # False: an end came before it was due, or the day's dose is held


# Dates and instants


def add(day: date, period: Period) -> date:
    """The date ``period`` from ``day``: months first, clamped to the month's last day, then days.

    Count from the anchor each time (31 January + P2M is 31 March), never from the previous date. A result outside the
    years 1 to 9999 is the first or last date there is. Raises ValueError on minutes: a date has none.
    """
    if period.minutes:
        raise ValueError(f"{period}: a distance between days has no hours or minutes; use days, weeks, months or years")
    moved = day
    if period.months:
        year, month = divmod(day.year * 12 + day.month - 1 + period.months, 12)
        if not date.min.year <= year <= date.max.year:
            return date.min if year < date.min.year else date.max
        moved = date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
    return date.fromordinal(max(1, min(moved.toordinal() + period.days, LAST_ORDINAL))) if period.days else moved


def instant(day: date, at: time, zone: str) -> datetime:
    """The one UTC instant of a local day and hour, on both nights that change the clocks too.

    An hour that the clocks skip counts by the offset before the change, one that comes twice is the first (PEP 495,
    fold 0). Raises ZoneInfoNotFoundError on an unknown zone.
    """
    try:
        return datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)
    except OverflowError:  # the first and last day of the calendar, of which an open-ended window makes use
        return datetime.combine(day, at, UTC)


def local(now: datetime, zone: str) -> datetime:
    """An aware instant as the clock on the wall shows it in ``zone``."""
    return now.astimezone(ZoneInfo(zone))


# The calendar


def calendar(protocol: Protocol, participant: Participant, horizon: date) -> tuple[Assignment, ...]:
    """All assignments that open on or before ``horizon``, sorted by opening day and occurrence.

    Who is not included has none. An assessment whose anchor is not known has none; a series or diary without an end has
    twenty years. Those that an end (anchor or withdrawal) reaches on or before their due day stay listed with ``expected``
    False, and so do dose-diary days on which the treatment is held or over.
    """
    found: dict[str, Assignment] = {}
    for assessment in protocol.assessments.values() if participant.included else ():
        end = min(_ends(assessment.ends, participant), default=None)
        for assignment in _of_assessment(protocol, participant, assessment, horizon, end):
            found.setdefault(assignment.occurrence, assignment)
    return tuple(sorted(found.values(), key=lambda one: (one.opens, one.occurrence)))


def _ends(names: Iterable[str], participant: Participant) -> Iterator[date]:
    for name in names:
        _, withdrawal, kind = name.partition("withdrawal.")
        if not withdrawal:
            yield from participant.anchors.get(name, ())
        elif kind in participant.withdrawals:
            yield participant.withdrawals[kind]


def has_ended(names: Iterable[str], participant: Participant, today: date) -> bool:
    """Whether any of these anchors or ``withdrawal.<kind>`` has come by ``today``."""
    return any(day <= today for day in _ends(names, participant))


def _of_assessment(
    protocol: Protocol, participant: Participant, assessment: Assessment, horizon: date, end: date | None
) -> Iterator[Assignment]:
    for visit in assessment.visits:
        for name, target in _targets(protocol, participant, visit, horizon):
            opens, due, possible = add(target, visit.opens), add(target, visit.due), True
            if visit.until_before:
                before = _first(protocol, participant, visit.until_before)
                possible = before is None or before >= target
                due = OPEN_ENDED if before is None else max(add(before, Period(days=-1)), target)
            if opens <= horizon:
                yield Assignment(
                    occurrence=f"{assessment.id}@{name}",
                    assessment=assessment.id,
                    visit=name,
                    instrument=assessment.instrument,
                    opens=opens,
                    target=target,
                    due=due,
                    closes=add(due, visit.grace),
                    served_by=visit.served_by,
                    expected=possible and not (end is not None and end <= due),
                )
    daily = assessment.daily
    if daily is not None:
        for day in _days(protocol, participant, daily, horizon):
            closes = add(day, daily.closes)
            no_dose = assessment.instrument == DOSE_DIARY and is_dose_free(participant, day)
            yield Assignment(
                occurrence=f"{assessment.id}@{day.isoformat()}",
                assessment=assessment.id,
                visit=day.isoformat(),
                instrument=assessment.instrument,
                opens=day,
                target=day,
                due=closes,
                closes=closes,
                opens_at=daily.opens,
                late_reason_after=add(day, daily.late_reason_after) if daily.late_reason_after else None,
                expected=not no_dose and not (end is not None and end <= closes),
            )


def _first(protocol: Protocol, participant: Participant, anchor: str) -> date | None:
    """The first time an anchor happened; ``last_dose`` is the planned end of treatment while the actual one is unknown."""
    if anchor == "last_dose":
        ended = participant.anchors.get("treatment_end", ())
        if ended:
            return ended[0]
        started = participant.anchors.get("treatment_start", ())
        planned = protocol.treatment.duration if protocol.treatment else None
        return add(started[0], planned) if started and planned else None
    days = participant.anchors.get(anchor, ())
    return days[0] if days else None


def _targets(protocol: Protocol, participant: Participant, visit: Visit, horizon: date) -> Iterator[tuple[str, date]]:
    """Name and target day of each time a visit takes place. Only a plain single visit repeats with its anchor."""
    first = _first(protocol, participant, visit.start)
    if first is None:
        return
    ends = (_first(protocol, participant, anchor) for anchor, _ in visit.until.first_of)
    last = min((add(day, far) for day, (_, far) in zip(ends, visit.until.first_of, strict=True) if day is not None), default=OPEN_ENDED)
    if visit.every is None:
        days = (first,) if visit.until_before else participant.anchors.get(visit.start, (first,))
        for k, day in enumerate(days, 1):
            if day <= last:
                yield (visit.id if k == 1 else f"{visit.id}#{k}"), day
        return
    last = min(last, add(first, ENTIRE))
    later_than = add(first, visit.after) if visit.after else date.min
    previous = first
    for n in count(1):
        target = add(first, _times(visit.every, n))
        if n > (visit.count or n) or not previous < target <= last or add(target, visit.opens) > horizon:
            return
        previous = target
        if target > later_than:
            yield visit_name(visit, n), target


def _days(protocol: Protocol, participant: Participant, daily: Daily, horizon: date) -> Iterator[date]:
    """The days of a diary. A distance from the diary's own start is a length: twelve months of days end the day before."""
    start = _first(protocol, participant, daily.start)
    if start is None:
        return
    last = min(horizon, add(start, ENTIRE))
    for anchor, distance in daily.until.first_of:
        day = _first(protocol, participant, anchor)
        if day is not None:
            is_length = anchor == daily.start and distance != ZERO
            last = min(last, add(add(day, distance), Period(days=-1 if is_length else 0)))
    for ordinal in range(start.toordinal(), last.toordinal() + 1):
        yield date.fromordinal(ordinal)


def _times(period: Period, n: int) -> Period:
    return Period(period.months * n, period.days * n, period.minutes * n)


def visit_name(visit: Visit, n: int) -> str:
    """The name of the n-th visit of a series: ``{n}`` counts periods from the anchor, ``{y}`` and ``{h}`` are year and half.

    Eighteen months from the anchor close the first half of the second year: Y2H1.
    """
    every = visit.every or ZERO
    months = max(1, every.months * n + round(every.days * n * 16 / 487))  # 487/16 = 30.4375 days, the mean month
    year, month = divmod(months - 1, 12)
    return visit.id.replace("{n}", str(n)).replace("{y}", str(year + 1)).replace("{h}", str(month // 6 + 1))


# State


def state(assignment: Assignment, now: datetime, *, answered: bool = False, under_review: bool = False, given_up: bool = False) -> State:
    """The state at ``now``, the wall clock where the participant is (see ``local``).

    ``answered``: a usable response serves it. ``under_review``: what was received is in quarantine. ``given_up``: the site
    knows why there is none and closed its window. What was received counts first, whenever that was; then whether it is
    expected; then the site's word; then the day.
    """
    if answered:
        return State.ANSWERED
    if under_review:
        return State.UNDER_REVIEW
    if not assignment.expected:
        return State.NOT_EXPECTED
    if given_up:
        return State.MISSED
    today = now.date()
    if (today, now.time()) < (assignment.opens, assignment.opens_at):
        return State.UPCOMING
    if today <= assignment.due:
        return State.OPEN
    return State.LATE if today <= assignment.closes else State.MISSED


def served(assignments: Iterable[Assignment], responses: Mapping[str, date]) -> dict[str, str]:
    """Which response serves which assignment: occurrence -> occurrence whose response serves it.

    ``responses``: occurrence -> local day of capture. A response serves its own occurrence. Where windows overlap one form
    is enough: a visit with ``served_by: A`` is served by a response to A captured in [opens, closes], and a response to
    such a visit serves the assignments of A whose time on time, [opens, due], holds its day. Of several, the earliest.
    """
    listed = list(assignments)
    borrowers = {one.occurrence: one.served_by for one in listed if one.served_by}
    by_day = sorted((day, occurrence) for occurrence, day in responses.items())
    serving: dict[str, str] = {}
    for one in listed:
        if one.occurrence in responses:
            serving[one.occurrence] = one.occurrence
            continue
        for day, occurrence in by_day:
            lends = one.served_by is not None and occurrence.startswith(f"{one.served_by}@") and one.opens <= day <= one.closes
            lent_back = borrowers.get(occurrence) == one.assessment and one.opens <= day <= one.due
            if lends or lent_back:
                serving[one.occurrence] = occurrence
                break
    return serving


# The names of occurrences


def parse(occurrence: str) -> tuple[str, str]:
    """Assessment and visit of an occurrence. Raises ValueError where it is not ``<assessment>@<visit>``."""
    assessment, _, visit = occurrence.partition("@")
    if not assessment or not visit:
        raise ValueError(f"{occurrence!r} is not of the form assessment@visit")
    return assessment, visit


_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def could_produce(protocols: Iterable[Protocol], participant: Participant, occurrence: str, entry_id: str) -> bool:
    """Whether any of the adopted protocols could produce this occurrence, whatever the anchors turn out to be.

    True does not mean that it is in today's calendar: a corrected anchor or an amendment may have moved or retired it.
    ``entry_id``: the id of the entry that names it, which an ad-hoc occurrence carries.
    """
    try:
        name, visit = parse(occurrence)
    except ValueError:
        return False
    for protocol in protocols:
        assessment = protocol.assessments.get(name)
        if assessment is None:
            continue
        if assessment.ad_hoc and (visit == entry_id or _UUID.fullmatch(visit)):
            return True
        if assessment.daily is not None and _could_be_diary_day(participant, visit):
            return True
        if any(_could_be_visit(protocol, participant, one, visit) for one in assessment.visits):
            return True
    return False


def is_event(occurrence: str) -> bool:
    """Whether an occurrence is of something that happened: it is named by an id, as no visit and no day is."""
    return _UUID.fullmatch(occurrence.partition("@")[2]) is not None


def _could_be_diary_day(participant: Participant, text: str) -> bool:
    known = [day for days in participant.anchors.values() for day in days]
    if not known or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return False
    try:
        return min(known) <= date.fromisoformat(text) <= add(max(known), ENTIRE)
    except ValueError:
        return False


def _could_be_visit(protocol: Protocol, participant: Participant, visit: Visit, text: str) -> bool:
    if visit.every is None:
        plain, mark, k = text.partition("#")
        repeats = not visit.until_before and re.fullmatch(r"[1-9][0-9]?", k) is not None and 2 <= int(k) <= REPETITIONS
        return plain == visit.id and (not mark or repeats)
    reach = [ENTIRE, *_reach(protocol, participant, visit)]
    for n in _candidates(visit.id, text):
        far = _times(visit.every, n)
        if visit_name(visit, n) == text and n <= (visit.count or n):
            beyond = _most_days(far, visit.after or ZERO) > 0
            return beyond and all(_most_days(limit, far) >= 0 for limit in reach)
    return False


def _candidates(template: str, text: str) -> Iterable[int]:
    before, counted, behind = template.partition("{n}")
    if not counted or "{" in before + behind:
        return range(1, ENTIRE.months + 1)
    digits = text[len(before) : len(text) - len(behind)]
    return (int(digits),) if digits.isascii() and digits.isdigit() and len(digits) <= 4 and int(digits) > 0 else ()


def _reach(protocol: Protocol, participant: Participant, visit: Visit) -> Iterator[Period]:
    """How far from its anchor a series can still have a visit, by each end of which that can be told."""
    start = _first(protocol, participant, visit.start)
    for anchor, distance in visit.until.first_of:
        if anchor == visit.start:
            yield distance
        elif anchor == "last_dose" and visit.start == "treatment_start" and protocol.treatment and protocol.treatment.duration:
            planned = protocol.treatment.duration
            ended = participant.anchors.get("treatment_end", ())
            actual = Period(days=(ended[0] - start).days if ended and start else 0)
            last = max(planned, actual, key=_mean_days)
            yield Period(last.months + distance.months, last.days + distance.days)


def _mean_days(period: Period) -> float:
    return period.months * 487 / 16 + period.days


def _most_days(far: Period, near: Period) -> float:
    """The most days that can lie between two distances from one date; months are up to three days longer than their mean."""
    between = Period(far.months - near.months, far.days - near.days)
    return _mean_days(between) + (3 if between.months else 0)
