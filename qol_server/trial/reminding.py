"""Which reminders and call tasks are due now: each rung of an unanswered assignment once, whatever the number of ticks."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from qol_server.trial.participant import Participant
from qol_server.trial.protocol import Period, Protocol, Rung
from qol_server.trial.schedule import Assignment, State, add, has_ended, instant, local, state

LAPSE = timedelta(hours=24)  # a message that could not be sent for so long is not sent any more
ALWAYS_END = ("death", "withdrawal.contact", "withdrawal.questionnaires", "withdrawal.consent")

Identity = tuple[str, str, int, str]


@dataclass(frozen=True, slots=True)
class Reminder:
    """One message by one channel, or one task for the staff, about one occurrence."""

    participant: str
    occurrence: str
    rung: int  # index in the assessment's ladder, from 0
    channel: str  # "push", "email" …; of a task its name, "call"
    is_task: bool
    at: datetime  # UTC: when it became due

    @property
    def identity(self) -> Identity:
        """What may exist only once: participant, occurrence, rung, channel."""
        return self.participant, self.occurrence, self.rung, self.channel


def due(
    protocol: Protocol,
    participant: Participant,
    assignments: Iterable[Assignment],
    ledger: Container[Identity],
    answered: Container[str],
    now: datetime,
    since: datetime | None = None,
) -> tuple[Reminder, ...]:
    """The reminders to intend at ``now`` (aware), in order of their instants.

    ``ledger``: identities intended before, whatever became of them. ``answered``: occurrences answered, served by another
    response, or under review. ``since``: when the participant was enrolled or paired; what was due before is not caught up.

    Of the messages about one occurrence only the latest rung that has come is due, and none that comes before one already
    intended: after an outage there is one message, not a burst. A message more than 24 hours late has lapsed: it is never
    returned again. Tasks have a ladder of their own and do not lapse while the assignment can still be answered.
    """
    found: list[Reminder] = []
    for assignment in assignments:
        rungs = protocol.reminders.get(assignment.assessment, ())
        if rungs and is_wanted(protocol, participant, assignment, answered, now):
            ladder = [(moment(rung, assignment, participant), index, rung) for index, rung in enumerate(rungs)]
            for is_task in (False, True):
                of_a_sort = [step for step in ladder if bool(step[2].task) == is_task]
                found += _latest(participant, assignment, of_a_sort, ledger, now, since)
    return tuple(sorted(found, key=lambda one: (one.at, one.occurrence, one.rung, one.channel)))


def _latest(
    participant: Participant,
    assignment: Assignment,
    ladder: list[tuple[datetime, int, Rung]],
    ledger: Container[Identity],
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
        if reminder.identity not in ledger:
            yield reminder


def _names(rung: Rung) -> tuple[str, ...]:
    return rung.by if rung.task is None else (rung.task,)


def moment(rung: Rung, assignment: Assignment, participant: Participant) -> datetime:
    """The UTC instant of a rung: a day at the participant's hour, counted from the target day, never before it opens.

    Days of a distance are calendar days (the same local hour whatever the clocks do), its minutes are elapsed time.
    """
    after = rung.after or Period()
    day = assignment.opens if rung.at == "open" else add(assignment.target, Period(after.months, after.days))
    at = instant(day, time(participant.reminder_hour), participant.time_zone) + timedelta(minutes=after.minutes)
    return max(at, instant(assignment.opens, assignment.opens_at, participant.time_zone))


def is_wanted(protocol: Protocol, participant: Participant, assignment: Assignment, answered: Container[str], now: datetime) -> bool:
    """Whether anybody should be reminded of this assignment at all at ``now``.

    No: before consent, after death or withdrawal of contact, questionnaires or consent, after an end of its assessment,
    when it is answered, served or under review, not expected (a held day of a dose diary), not open yet, or closed.
    """
    wall = local(now, participant.time_zone)
    today = wall.date()
    if not assignment.opens <= today <= assignment.closes or assignment.occurrence in answered:
        return False
    if state(assignment, wall) not in (State.OPEN, State.LATE):
        return False
    consents = participant.anchors.get("consent", ())
    if not consents or today < min(consents):
        return False
    assessment = protocol.assessments.get(assignment.assessment)
    return not has_ended((*ALWAYS_END, *(assessment.ends if assessment else ())), participant, today)


def still_due(
    reminder: Reminder,
    protocol: Protocol,
    participant: Participant,
    assignments: Iterable[Assignment],
    answered: Container[str],
    now: datetime,
) -> bool:
    """The check at the moment of sending: False where it was answered, ended, held, moved or closed since it was intended."""
    return any(is_wanted(protocol, participant, one, answered, now) for one in assignments if one.occurrence == reminder.occurrence)
