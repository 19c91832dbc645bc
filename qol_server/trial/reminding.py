"""Which reminders and call tasks are due now: each rung of an unanswered assignment once, whatever the number of ticks."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from qol_server.trial.consenting import collecting_pauses
from qol_server.trial.participant import Participant
from qol_server.trial.protocol import Period, Protocol, Quiet, Rung
from qol_server.trial.schedule import Assignment, State, add, has_ended, instant, local, state

LAPSE = timedelta(hours=24)  # a message that could not be sent for so long is not sent any more
MOST_TRIES = 6
"""How often a message is handed to a channel that says each time that it did not take it and may be asked again."""
FIRST_WAIT = _MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
ALWAYS_END = ("death", "withdrawal.contact", "withdrawal.questionnaires", "withdrawal.consent")

Identity = tuple[str, str, int, str]


class Outcome(StrEnum):
    """What became of a message."""

    INTENDED = "intended"  # on its way, or nobody knows
    DEFERRED = "deferred"  # the channel did not take it and may be asked again
    SENT = "sent"
    CANCELLED = "cancelled"
    FAILED = "failed"  # the channel refused it, or nobody knows: it is never sent again by this one


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one message stands; ``until``: of one deferred, from when it may be tried again (UTC)."""

    outcome: Outcome
    tries: int = 1
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Reminder:
    """One message by one channel, or one task for the staff, about one occurrence."""

    participant: str
    occurrence: str
    rung: int  # index in the assessment's ladder, from 0
    channel: str  # "push", "email" …; of a task its name, "call"
    is_task: bool
    at: datetime  # UTC: when it became due
    nth: int = 1  # which try it is, from 1

    @property
    def identity(self) -> Identity:
        """What may exist only once: participant, occurrence, rung, channel."""
        return self.participant, self.occurrence, self.rung, self.channel


def due(
    protocol: Protocol,
    participant: Participant,
    assignments: Iterable[Assignment],
    ledger: Mapping[Identity, Standing],
    answered: Container[str],
    now: datetime,
    since: datetime | None = None,
) -> tuple[Reminder, ...]:
    """The reminders to intend at ``now`` (aware), in order of their instants.

    ``ledger``: where each stands that was intended before. ``answered``: occurrences answered, served by another response, or
    under review. ``since``: when the participant was enrolled or paired; what was due before is not caught up.

    Of the messages about one occurrence only the latest rung that has come is due, and none that comes before one already
    intended: after an outage there is one message, not a burst. Of the channels of a rung the first is due, and the next one
    when all before it have failed. A message more than 24 hours late has lapsed: it is never returned again. In quiet hours no
    message is due, but in the hour that the participant chose. Tasks have a ladder of their own, know no quiet hours and do not
    lapse while the assignment can be answered.
    """
    found: list[Reminder] = []
    is_quiet = after_quiet(protocol.quiet_hours, now, participant) > now
    for assignment in assignments:
        rungs = protocol.reminders.get(assignment.assessment, ())
        if rungs and is_wanted(protocol, participant, assignment, answered, now):
            ladder = [(moment(rung, assignment, participant, protocol.quiet_hours), index, rung) for index, rung in enumerate(rungs)]
            for is_task in (True,) if is_quiet else (False, True):
                of_a_sort = [step for step in ladder if bool(step[2].task) == is_task]
                found += _latest(participant, assignment, of_a_sort, ledger, now, since)
    return tuple(sorted(found, key=lambda one: (one.at, one.occurrence, one.rung, one.channel)))


def _latest(
    participant: Participant,
    assignment: Assignment,
    ladder: list[tuple[datetime, int, Rung]],
    ledger: Mapping[Identity, Standing],
    now: datetime,
    since: datetime | None,
) -> Iterator[Reminder]:
    come = [step for step in ladder if step[0] <= now and (since is None or since <= step[0])]
    if not come:
        return
    at, index, rung = max(come, key=lambda step: step[:2])
    is_late = rung.task is None and now - at > LAPSE
    # a later rung can have been intended before this one where the participant has chosen a later hour since
    later = [(step[1], name) for step in ladder if step[:2] > (at, index) for name in _names(step[2])]
    overtaken = any((participant.number, assignment.occurrence, n, name) in ledger for n, name in later)
    for name in () if is_late or overtaken else _names(rung):
        reminder = Reminder(participant.number, assignment.occurrence, index, name, rung.task is not None, at)
        stands = ledger.get(reminder.identity)
        if stands is None:
            yield reminder
        elif stands.outcome is Outcome.DEFERRED and stands.until is not None and stands.until <= now:
            yield replace(reminder, nth=stands.tries + 1)
        if stands is None or stands.outcome is not Outcome.FAILED:
            return  # it is sent, or on its way, or waits: the next channel is for what has failed


def _names(rung: Rung) -> tuple[str, ...]:
    return rung.by if rung.task is None else (rung.task,)


def moment(rung: Rung, assignment: Assignment, participant: Participant, quiet: Quiet | None = None) -> datetime:
    """The UTC instant of a rung: a day at the participant's hour, counted from the target day, never before it opens.

    Days of a distance are calendar days (the same local hour whatever the clocks do), its minutes are elapsed time. A message
    that falls in ``quiet`` hours waits for their end.
    """
    after = rung.after or Period()
    day = assignment.opens if rung.at == "open" else add(assignment.target, Period(after.months, after.days))
    at = instant(day, time(participant.reminder_hour), participant.time_zone) + timedelta(minutes=after.minutes)
    at = max(at, instant(assignment.opens, assignment.opens_at, participant.time_zone))
    return at if rung.task else after_quiet(quiet, at, participant)


def after_quiet(quiet: Quiet | None, at: datetime, participant: Participant) -> datetime:
    """``at``, or the end (UTC) of the quiet hours in which it falls on the participant's wall clock.

    The hour that the participant chose to be reminded at is never quiet: they are awake then.
    """
    zone = participant.time_zone
    wall = local(at, zone)
    hour = wall.time()
    chosen = instant(wall.date(), time(participant.reminder_hour), zone)
    if quiet is None or not quiet.holds(hour) or chosen <= at < chosen + _HOUR:
        return at
    day = wall.date() if hour < quiet.end else add(wall.date(), Period(days=1))
    end = instant(day, quiet.end, zone)
    if end <= at:  # in the hour that comes twice
        end = datetime.combine(day, quiet.end.replace(fold=1), ZoneInfo(zone)).astimezone(UTC)
    while not quiet.holds(local(end - _MINUTE, zone).time()):  # in the hour that is skipped they end where it begins
        end -= _MINUTE
    return end


def next_try(reminder: Reminder, now: datetime, asked: timedelta) -> datetime | None:
    """When a message that its channel did not take may be tried again; None when it has been tried often enough, or lapses first.

    ``asked``: how long the channel wants to be left alone. Each wait is twice the one before, or as long as was asked.
    """
    until = now + max(asked, FIRST_WAIT * 2 ** (reminder.nth - 1))
    return until if reminder.nth < MOST_TRIES and until - reminder.at <= LAPSE else None


def is_wanted(protocol: Protocol, participant: Participant, assignment: Assignment, answered: Container[str], now: datetime) -> bool:
    """Whether anybody should be reminded of this assignment at all at ``now``.

    No: before consent, or while it is needed again and collecting pauses for it; after death or withdrawal of contact,
    questionnaires or consent; after an end of its assessment; while contact is paused; when it is answered, served or under
    review, not expected (a held day of a dose diary), not open yet, or closed.
    """
    wall = local(now, participant.time_zone)
    today = wall.date()
    if not assignment.opens <= today <= assignment.closes or assignment.occurrence in answered:
        return False
    if state(assignment, wall) not in (State.OPEN, State.LATE):
        return False
    consents = participant.anchors.get("consent", ())
    if not consents or today < min(consents) or is_to_be_left_alone(participant, now):
        return False
    if collecting_pauses(protocol.consents, participant.consents, today):
        return False
    assessment = protocol.assessments.get(assignment.assessment)
    return not has_ended(assessment.ends if assessment else (), participant, today)


def is_to_be_left_alone(participant: Participant, now: datetime) -> bool:
    """Whether nothing may be sent at ``now``, whatever it is about: after death or a withdrawal, or while contact is paused."""
    today = local(now, participant.time_zone).date()
    return participant.is_paused(today) or has_ended(ALWAYS_END, participant, today)
