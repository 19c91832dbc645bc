"""What did not happen and should make somebody telephone: which calls there are, when each is raised and when it has settled."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from fractions import Fraction

from qol_server.trial.consenting import collecting_pauses
from qol_server.trial.diary import DOSE_DIARY, DoseDay, unknown_days
from qol_server.trial.participant import Participant
from qol_server.trial.protocol import CallLimits, ConsentVersion, Period, Protocol
from qol_server.trial.reminding import ALWAYS_END
from qol_server.trial.schedule import Assignment, add, has_ended, instant, local

LOOK_BACK = timedelta(days=28)
"""How far back unknown days are looked for; what goes on after it was called about is raised again after so long."""
OVERDUE_FOR = timedelta(days=7)
"""How long after its due day a visit without grace is still worth a call."""
DAILY_AT_MOST, WEEKLY_AT_MOST = 2, 10
"""Days between two openings of an assessment, up to which it counts as asked daily, or weekly."""
FIRST_WINDOWS, FIRST_DAYS = 2, 14
"""What is looked at of a series of visits, and of a daily diary, to tell how a participant begins."""
ENOUGH = Fraction(7, 10)
"""Who answers less than this in the beginning is flagged (rule of this project, after the findings of its reference)."""


class Task(StrEnum):
    """What a call is about, in the order in which people should see to it."""

    HELP = "help"  # the participant asked to be called, to pause or to stop
    UNREADABLE = "unreadable"  # a report of which something cannot be read, and of which no case tells
    SILENT_PHONE = "silent-phone"  # the phone was not heard of, though something opened on it
    UNKNOWN_DAYS = "unknown-days"  # days of the dose diary of which nobody said anything
    OVERDUE = "overdue"  # a questionnaire was not answered
    SEQUENCE_GAP = "sequence-gap"  # entries of a phone are missing between others
    CLOCK_SUSPECT = "clock-suspect"  # the phone's clock is wrong
    CONTACT_REFRESH = "contact-refresh"  # a window comes after a long time: is the telephone number still right?


class State(StrEnum):
    """Where a call stands."""

    OPEN = "open"
    ATTEMPTED = "attempted"  # somebody tried
    CLOSED = "closed"


class Settled(StrEnum):
    """Why the system closes a call by itself."""

    ANSWERED = "answered"  # what it asks for was received, or is under review
    NOT_ASKED = "not-asked"  # a hold, a date or an amendment: it is not asked for any more
    ENDED = "ended"  # death, withdrawal or the study's end
    HEARD = "heard"  # the phone was heard of again
    CLOCK_RIGHT = "clock-right"
    ARRIVED = "arrived"  # the missing entries came
    REPLACED = "replaced"  # the phone is not in use any more


MISSING_DATA = (Task.OVERDUE, Task.UNKNOWN_DAYS)
"""Calls that are closed with the reason for what is missing; the others with what came of them."""
REASONS: dict[str, tuple[str, ...]] = {
    "missed": ("too_ill", "did_not_want", "forgot", "technical", "administrative", "language", "not_reachable", "died", "other"),
    "call": ("solved", "informed", "phone_changed", "visit_arranged", "not_reachable", "not_needed", "other"),
}
"""The code lists for closing a call where the study's file has none of that name under ``reasons``."""
APPEALS = (Task.HELP, Task.UNREADABLE)
"""Calls that the participant's own doing raised."""


def codes(protocol: Protocol, task: Task) -> tuple[str, ...]:
    """The reasons with which a call of this sort can be closed."""
    name = "missed" if task in MISSING_DATA else "call"
    return protocol.reasons.get(name) or REASONS[name]


def takes_part(participant: Participant, now: datetime) -> bool:
    """Whether calls make sense at all: consent given, no death, no withdrawal of contact, questionnaires or consent, and not lost.

    Whoever is lost to follow-up was called in vain already; when they are found again, that date is taken back.
    """
    today = local(now, participant.time_zone).date()
    consents = participant.anchors.get("consent", ())
    return bool(consents) and min(consents) <= today and not has_ended((*ALWAYS_END, "study_end", "lost_to_follow_up"), participant, today)


def may_be_called(participant: Participant, now: datetime) -> bool:
    """Whether calls may be raised: not after the end of contact, nor while it is paused. What is open stays open in a pause."""
    return takes_part(participant, now) and not participant.is_paused(local(now, participant.time_zone).date())


def may_be_asked(versions: Sequence[ConsentVersion], participant: Participant, now: datetime) -> bool:
    """Whether calls about what is not reported may be raised: not while collecting pauses for want of a consent either."""
    day = local(now, participant.time_zone).date()
    return may_be_called(participant, now) and not collecting_pauses(versions, participant.consents, day)


def may_be_answered(participant: Participant, asked_at: datetime, now: datetime) -> bool:
    """Whether an appeal of this instant still waits for a call: also after the end of the questionnaires, and when it came
    after the withdrawal of contact, because then they want one."""
    contact = participant.withdrawals.get("contact")
    waived = contact is not None and local(asked_at, participant.time_zone).date() > contact
    ends = ("death", "study_end", "withdrawal.consent", *(() if waived else ("withdrawal.contact",)))
    return not has_ended(ends, participant, local(now, participant.time_zone).date())


# What raises a call


def silence(days: Sequence[DoseDay], today: date, at_least: int) -> tuple[date, ...]:
    """The days up to yesterday in a row of which nobody reported anything, oldest first; empty when fewer than ``at_least``.

    Held days neither count nor break the row (``diary.unknown_days``).
    """
    count = unknown_days(days, today)
    unreported = sorted(day.day for day in days if day.unreported and day.day < today)
    return tuple(unreported[-count:]) if count >= at_least else ()


def is_overdue(assignment: Assignment, participant: Participant, now: datetime) -> bool:
    """Whether an unanswered visit was due before ``now``, for as long as it takes answers and for a week at least.

    Of a dose diary the unknown days tell; it is never overdue here.
    """
    if assignment.instrument == DOSE_DIARY or not assignment.expected:
        return False
    today = local(now, participant.time_zone).date()
    last = date.fromordinal(min(assignment.due.toordinal() + OVERDUE_FOR.days, date.max.toordinal()))
    return assignment.due < today <= max(assignment.closes, last)


def missed_by_phone(
    opened: Iterable[Assignment], answered: Container[str], participant: Participant, seen: datetime, limits: CallLimits, now: datetime
) -> Assignment | None:
    """The first assignment for which the phone should have been heard of; None where its silence is normal.

    ``opened``: the participant's expected assignments, from the one before the last that the phone can know on. ``seen``: when
    it was last heard of (UTC). How long it may be silent follows from how often the assessment opens: a phone between
    half-yearly windows is silent for months, and that is as it should be.
    """
    of_each: dict[str, list[Assignment]] = {}
    for one in sorted(opened, key=lambda one: (one.opens, one.occurrence)):
        if one.expected:
            of_each.setdefault(one.assessment, []).append(one)
    missed = [
        one
        for row in of_each.values()
        for index, one in enumerate(row)
        if (limit := _limit(row, index, limits)) is not None and one.occurrence not in answered
        if seen < instant(one.opens, one.opens_at, participant.time_zone)
        and instant(add(one.opens, limit), one.opens_at, participant.time_zone) <= now
    ]
    return min(missed, key=lambda one: (one.opens, one.occurrence), default=None)


def _limit(row: Sequence[Assignment], index: int, limits: CallLimits) -> Period | None:
    """The limit of one assignment, by its distance from its neighbour of the same assessment."""
    distance = (row[index or min(1, len(row) - 1)].opens - row[max(index - 1, 0)].opens).days
    if 0 < distance <= DAILY_AT_MOST:
        return limits.silent_daily
    return limits.silent_weekly if 0 < distance <= WEEKLY_AT_MOST else limits.silent_seldom


def clock_is_wrong(skew: int | None, limits: CallLimits) -> bool:
    """Whether a phone's clock, ``skew`` milliseconds before ours (negative: behind), is wrong beyond the limit."""
    return skew is not None and timedelta(milliseconds=abs(skew)) >= length(limits.clock_skew)


def length(period: Period) -> timedelta:
    """A distance as elapsed time; a month counts 30 days."""
    return timedelta(days=30 * period.months + period.days, minutes=period.minutes)


def to_refresh(around: Iterable[Assignment], limits: CallLimits, today: date) -> Assignment | None:
    """The window that opens soon after a long time in which nothing was asked; None where there is none.

    ``around``: the participant's expected assignments from ``refresh_after`` ago on. Whoever was never asked before is
    known from enrolment, a moment ago.
    """
    listed = sorted((one for one in around if one.expected), key=lambda one: (one.opens, one.occurrence))
    following = next((one for one in listed if one.opens > today), None)
    if following is None or add(following.opens, Period(-limits.refresh_ahead.months, -limits.refresh_ahead.days)) > today:
        return None
    earlier = [one.due for one in listed if one.opens < following.opens]
    return following if all(add(due, limits.refresh_after) <= following.opens for due in earlier) else None


DIGEST_FROM = timedelta(hours=6)
"""Hour of the site's Monday from which on the week's digest is made."""


def digest_week(now: datetime, zone: str) -> date:
    """The Monday of the latest weekly digest of a site in this time zone: from six in the morning on its own."""
    day = (local(now, zone).replace(tzinfo=None) - DIGEST_FROM).date()
    return day - timedelta(days=day.weekday())


def belongs_in_digest(assignment: Assignment, participant: Participant, now: datetime) -> bool:
    """Whether an unanswered visit's target day has passed while it can still be answered, or it closed within the week."""
    today = local(now, participant.time_zone).date()
    if assignment.instrument == DOSE_DIARY or not assignment.expected:
        return False
    return assignment.target < today and today <= max(assignment.closes, add(assignment.due, Period(days=OVERDUE_FOR.days)))


# What settles it


@dataclass(frozen=True, slots=True)
class Known:
    """What is known now of what a call is about.

    ``takes_part``: the participant may be contacted at all. ``asked``: it is still expected. ``received``: it was answered, is
    served by another response, or is under review. ``seen``: when the phone was last heard of; of a call about no single
    phone, any of the participant's. ``skew``: what the phone's clock showed then, milliseconds. ``gap``: entries of the phone
    are missing. ``in_use``: the phone is.
    """

    takes_part: bool
    asked: bool = True
    received: bool = False
    seen: datetime | None = None
    skew: int | None = None
    gap: bool = True
    in_use: bool = True


def settled(task: Task, raised_at: datetime, known: Known, limits: CallLimits) -> Settled | None:
    """Why a call needs no caller any more; None while it does. What somebody asked for, only somebody can close."""
    if not known.takes_part:
        return Settled.ENDED
    if task in (Task.OVERDUE, Task.UNKNOWN_DAYS, Task.CONTACT_REFRESH):
        return Settled.ANSWERED if known.received else None if known.asked else Settled.NOT_ASKED
    if task in (Task.SILENT_PHONE, Task.CLOCK_SUSPECT, Task.SEQUENCE_GAP) and not known.in_use:
        return Settled.REPLACED
    if task is Task.SILENT_PHONE and known.seen is not None and known.seen >= raised_at:
        return Settled.HEARD
    if task is Task.CLOCK_SUSPECT and not clock_is_wrong(known.skew, limits):
        return Settled.CLOCK_RIGHT
    return Settled.ARRIVED if task is Task.SEQUENCE_GAP and not known.gap else None


# How participants begin


def began_badly(listed: Iterable[Assignment], answered: Container[str], today: date) -> tuple[str, ...]:
    """The assessments of whose first two windows, or first fourteen days of a diary, less than 70 % were answered.

    ``listed``: the participant's assignments, expected or not, from the first on. Counted once all of these have closed; with
    two windows one missed is already too many.
    """
    of_each: dict[str, list[Assignment]] = {}
    for one in sorted(listed, key=lambda one: (one.opens, one.occurrence)):
        if one.expected:
            of_each.setdefault(one.assessment, []).append(one)
    found = []
    for assessment, row in of_each.items():
        is_daily = len(row) > 1 and (row[1].opens - row[0].opens).days == 1
        first = row[: FIRST_DAYS if is_daily else FIRST_WINDOWS]
        is_whole = len(first) == (FIRST_DAYS if is_daily else FIRST_WINDOWS)
        if is_whole and first[-1].closes < today and Fraction(sum(one.occurrence in answered for one in first), len(first)) < ENOUGH:
            found.append(assessment)
    return tuple(sorted(found))


def runs(days: Sequence[date]) -> tuple[tuple[date, date], ...]:
    """Days in order, told as runs of days that follow each other: (first, last) of each."""
    found: list[tuple[date, date]] = []
    for day in days:
        if found and day - found[-1][1] == timedelta(days=1):
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return tuple(found)
