"""Call tasks: raised when something did not happen or somebody asks for a call, worked by people, closed when they settle."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import orjson

from qol_server.access import pairing
from qol_server.intake import pausing
from qol_server.intake.record import is_done, record
from qol_server.intake.study import Study, fact_of
from qol_server.logs import log_failure
from qol_server.state import calls, participants, reminders
from qol_server.store import Row, StoreBusy, StoreFull, Tx
from qol_server.trial import diary, problems, watching
from qol_server.trial.cases import Way
from qol_server.trial.facts import Entry, Kind
from qol_server.trial.participant import Participant
from qol_server.trial.problems import Refused
from qol_server.trial.protocol import Period, Protocol
from qol_server.trial.schedule import add, local
from qol_server.trial.watching import Known, State, Task

log = logging.getLogger(__name__)

SERVER, CLOCK = "server", "clock"
A_DAY = timedelta(days=1)  # a participant's own day is that of UTC or a neighbour


@dataclass(frozen=True, slots=True)
class Found:
    """Something to call about. ``nth`` tells it from others of its task: the same thing is raised once. ``fact``: what else to say."""

    participant: str
    task: Task
    nth: str
    occurrence: str | None = None
    fact: Mapping[str, Any] = field(default_factory=dict)


# What the clock finds


def watch(study: Study, now: datetime) -> Counter[str]:
    """Raise the calls about what did not happen, and close those that have settled; returns how many of each task, and "settled".

    Any number of clocks may do so at once. What was called about and goes on is raised again after four weeks.
    """

    def look(tx: Tx) -> tuple[list[Found], list[str]]:
        protocol = study.protocol_in_force(tx)
        found = [*_overdue(tx, protocol, now), *_silences(tx, protocol, now), *_phones(tx, protocol, now), *_refreshes(tx, protocol, now)]
        moved = [number for number in calls.with_open(tx) if _settled(tx, study, number, now)]
        return [one for one in found if _is_new(tx, one, now)], moved

    found, moved = study.store.snapshot(look)
    if not found and not moved:
        return Counter()

    def work(tx: Tx) -> Counter[str]:
        done = Counter(settled=sum(settle(tx, study, number, now, actor=CLOCK) for number in moved))
        for one in found:
            if _is_new(tx, one, now):  # asked anew: another clock, or the ladder of the reminders, may have been first
                done[one.task] += _raise(tx, study, one, CLOCK, now)
        return done

    return study.store.write(work)


def _raise(tx: Tx, study: Study, one: Found, actor: str, now: datetime) -> bool:
    again = 0 if one.occurrence is None else calls.times_settled(tx, one.participant, one.task, one.occurrence)
    head = record(
        tx, study, Kind.CALL_RAISED, {"task": one.task, **one.fact}, actor=actor, now=now, participant=one.participant,
        occurrence=one.occurrence, nth=f"{one.task}/{one.nth}/{again}",
    )  # fmt: skip
    return head is not None


def _is_new(tx: Tx, one: Found, now: datetime) -> bool:
    """Whether nobody is asked to call about this already, nor was a short while ago. One silence is one call."""
    if one.task is Task.OVERDUE:
        return not reminders.was_called(tx, one.participant, one.occurrence or "")
    standing = {Task(row["task"]) for row in calls.open_of(tx, one.participant) if row["device"] in (None, one.fact.get("device"))}
    if one.task is Task.UNKNOWN_DAYS:
        return not standing & {Task.UNKNOWN_DAYS, Task.SILENT_PHONE}
    if one.task is Task.SILENT_PHONE:
        return not standing & {Task.SILENT_PHONE, Task.UNKNOWN_DAYS, Task.OVERDUE}
    closed_at = _closed_by_somebody(tx, one.participant, one.task, one.fact.get("device"))
    is_told = one.task is Task.CLOCK_SUSPECT and closed_at is not None and now < closed_at + watching.LOOK_BACK
    return one.task not in standing and not is_told


def _closed_by_somebody(tx: Tx, number: str, task: Task, device: str | None = None) -> datetime | None:
    """When somebody closed the last call of this sort; None where the last one is open, settled by itself, or there is none."""
    row = calls.latest(tx, number, task, device=device)
    return None if row is None or row["reason"] is None else datetime.fromisoformat(row["closed_at"])


def _overdue(tx: Tx, protocol: Protocol, now: datetime) -> Iterator[Found]:
    for one in reminders.waiting(tx, now, closed_for=watching.OVERDUE_FOR):
        number = one.participant.number
        overdue = [each for each in one.assignments if watching.is_overdue(each, one.participant, now)]
        if overdue and watching.may_be_asked(protocol.consents, one.participant, now):
            served = reminders.served(tx, protocol, number)
            yield from (
                Found(number, Task.OVERDUE, each.target.isoformat(), each.occurrence) for each in overdue if each.occurrence not in served
            )


def _silences(tx: Tx, protocol: Protocol, now: datetime) -> Iterator[Found]:
    day, at_least = now.date(), protocol.calls.unknown_days
    for number in reminders.silent(tx, at_least, day - watching.LOOK_BACK, day):
        participant = participants.load(tx, number)
        if participant is None or not watching.may_be_asked(protocol.consents, participant, now):
            continue
        today = local(now, participant.time_zone).date()
        first = max([today - watching.LOOK_BACK, *participant.anchors.get("treatment_start", ())[:1]])
        lines, under_review = reminders.diary_days(tx, number, first, today)
        answers = {of: fact_of(line)["answers"] for of, line in lines.items()}
        days = diary.dose_days(participant, answers, first, today - A_DAY)
        received = max(under_review, default=date.min)  # something was sent for that day, whatever it is worth
        silence = watching.silence([one for one in days if one.day > received], today, at_least)
        if silence and _told(tx, participant) < silence[0]:
            yield Found(number, Task.UNKNOWN_DAYS, silence[0].isoformat(), fact={"days": [of.isoformat() for of in silence]})


def _told(tx: Tx, participant: Participant) -> date:
    """The last day of which somebody was told, or knew when they closed the call, that nobody reported it."""
    row = calls.latest(tx, participant.number, Task.UNKNOWN_DAYS)
    if row is None:
        return date.min
    told = date.fromisoformat(row["last_day"])
    return told if row["reason"] is None else max(told, local(datetime.fromisoformat(row["closed_at"]), participant.time_zone).date())


def _phones(tx: Tx, protocol: Protocol, now: datetime) -> Iterator[Found]:
    """Phones that are silent, whose clock is wrong, or of which entries are missing."""
    limits, of_each = protocol.calls, dict[str, list[Row]]()
    for row in pairing.in_use(tx):
        of_each.setdefault(row["participant"], []).append(row)
    for number, phones in of_each.items():
        found = [
            *(
                Found(number, Task.CLOCK_SUSPECT, f"{row['device']}/{row['at']}", fact={"device": row["device"]})
                for row in phones
                if watching.clock_is_wrong(row["skew"], limits)
            ),
            *(
                Found(number, Task.SEQUENCE_GAP, f"{row['device']}/{row['contiguous_to']}", fact={"device": row["device"]})
                for row in phones
                if row["gap_since"] is not None and datetime.fromisoformat(row["gap_since"]) + watching.length(limits.sequence_gap) <= now
            ),
        ]
        seen = max(datetime.fromisoformat(row["at"]) for row in phones)
        may_be_silent = now - seen >= A_DAY  # no limit is shorter: the look into the calendar is kept for those
        participant = participants.load(tx, number) if found or may_be_silent else None
        if participant is not None and watching.may_be_called(participant, now):
            yield from found
            if may_be_silent:
                yield from _silent(tx, protocol, participant, seen, now)


def _silent(tx: Tx, protocol: Protocol, participant: Participant, seen: datetime, now: datetime) -> Iterator[Found]:
    number = participant.number
    closed_at = _closed_by_somebody(tx, number, Task.SILENT_PHONE)
    since = seen if closed_at is None else max(seen, closed_at + watching.LOOK_BACK)
    first = since.date() - A_DAY
    opened = calls.opened(tx, number, first, now.date() + A_DAY)
    missed = watching.missed_by_phone(opened, calls.answered_since(tx, number, first), participant, since, protocol.calls, now)
    if missed is not None:
        yield Found(number, Task.SILENT_PHONE, f"{missed.occurrence}/{missed.opens}")


def _refreshes(tx: Tx, protocol: Protocol, now: datetime) -> Iterator[Found]:
    limits, day = protocol.calls, now.date()
    ahead, after = (watching.length(period) for period in (limits.refresh_ahead, limits.refresh_after))
    for number in calls.asked_soon(tx, day - A_DAY, day + ahead + A_DAY, min(day - after + ahead, day) + 2 * A_DAY):
        participant = participants.load(tx, number)
        if participant is None or not watching.may_be_called(participant, now):
            continue
        today = local(now, participant.time_zone).date()
        last_due = add(today, Period(-limits.refresh_after.months, -limits.refresh_after.days - 1))
        one = watching.to_refresh(calls.around(tx, number, last_due, today + ahead + A_DAY), limits, today)
        if one is not None:
            yield Found(number, Task.CONTACT_REFRESH, one.opens.isoformat(), one.occurrence)


# What phones send


def hear(tx: Tx, study: Study, number: str, came: Sequence[tuple[Entry, Mapping[str, Any] | None]], now: datetime) -> None:
    """Whoever asks for help gets a call task at once, and what came may settle calls. Nothing that goes wrong keeps an entry out."""
    tx.run("SAVEPOINT calls")
    try:
        for entry, fact in came:
            if entry.kind == Kind.HELP_ASKED and fact is not None:
                asked = {"about": entry.position, "what": fact["what"]}
                _raise(tx, study, Found(number, Task.HELP, str(entry.position), fact=asked), SERVER, now)
        if came:
            settle(tx, study, number, now)
    except (StoreBusy, StoreFull):
        raise
    except Exception as failure:
        if not tx.connection.in_transaction:
            raise
        log_failure(log, "calls could not be brought up to what came", failure)
        tx.run("ROLLBACK TO calls")
    tx.run("RELEASE calls")


# What settles


def settle(tx: Tx, study: Study, number: str, now: datetime, actor: str = SERVER) -> int:
    """Close the participant's calls that nobody needs to make any more, each with why; returns how many.

    To be called in the transaction of what may have settled them: an answer, a death, a withdrawal.
    """
    found = _settled(tx, study, number, now)
    for position, why in found:
        fact = {"call": position, "why": why}
        record(tx, study, Kind.CALL_SETTLED, fact, actor=actor, now=now, participant=number, nth=position)
    return len(found)


def _settled(tx: Tx, study: Study, number: str, now: datetime) -> list[tuple[int, str]]:
    rows = calls.open_of(tx, number)
    participant = participants.load(tx, number) if rows else None
    if participant is None:
        return []
    protocol = study.protocol_in_force(tx)
    found = []
    for row in rows:
        raised_at = datetime.fromisoformat(row["raised_at"])
        why = watching.settled(Task(row["task"]), raised_at, _known(tx, protocol, participant, row, raised_at, now), protocol.calls)
        if why is not None:
            found.append((int(row["position"]), str(why)))
    return found


def _known(tx: Tx, protocol: Protocol, participant: Participant, row: Row, raised_at: datetime, now: datetime) -> Known:
    task, number = Task(row["task"]), participant.number
    if task in watching.APPEALS:
        return Known(watching.may_be_answered(participant, raised_at, now))
    if not watching.takes_part(participant, now):
        return Known(False)
    if task is Task.UNKNOWN_DAYS:
        waiting, had = calls.unreported(tx, number, orjson.loads(row["days"]))
        return Known(True, asked=waiting > 0, received=not waiting and had > 0)
    if task in (Task.OVERDUE, Task.CONTACT_REFRESH):
        # a date that was corrected may have moved the window: overdue is what has opened, and contact is refreshed before it does
        ahead = watching.length(protocol.calls.refresh_ahead) if task is Task.CONTACT_REFRESH else timedelta(0)
        asked, received = calls.standing(tx, number, row["occurrence"], local(now, participant.time_zone).date() + ahead)
        return Known(True, asked=asked, received=received or row["occurrence"] in reminders.served(tx, protocol, number))
    phones = [one for one in pairing.in_use(tx, number) if row["device"] in (None, one["device"])]
    return Known(
        True, seen=max((datetime.fromisoformat(one["at"]) for one in phones), default=None), skew=phones[0]["skew"] if phones else None,
        gap=any(one["gap_since"] for one in phones), in_use=bool(phones),
    )  # fmt: skip


# What people do


def take(study: Study, call: int, *, seen: int, actor: str, now: datetime, form: str | None = None) -> None:
    """Say that one looks after a call. ``seen``: its version as the page showed it; ``form``: the id of the form that it
    was done with, if there was one. Raises Refused(call-unknown, call-changed)."""
    _with(study, call, seen, lambda tx, row: _step(tx, study, row, Kind.CALL_TAKEN, {}, actor, now, form=form), form)


def attempt(
    study: Study, call: int, *, seen: int, channel: Way, reached: bool, note: str | None, actor: str, now: datetime, form: str | None = None
) -> None:
    """Write down that somebody tried to reach the participant. Raises Refused(call-unknown, call-changed)."""
    fact = {"channel": channel, "reached": reached, "note": (note or "").strip() or None}
    _with(study, call, seen, lambda tx, row: _step(tx, study, row, Kind.CALL_ATTEMPTED, fact, actor, now, form=form), form)


def close(study: Study, call: int, *, seen: int, reason: str, note: str | None, actor: str, now: datetime, form: str | None = None) -> None:
    """Be done with a call. ``reason``: one of ``watching.codes``. Raises Refused(call-unknown, call-changed, bad-value).

    Of a questionnaire or a diary it becomes the reason for the missing data: nobody is reminded of it any more.
    Where the participant died, the contact is paused at once and without an end.
    """

    def work(tx: Tx, row: Row) -> None:
        allowed = watching.codes(study.protocol_in_force(tx), Task(row["task"]))
        if reason not in allowed:
            raise Refused(problems.BAD_VALUE, f"{reason!r} is not a reason here. Allowed: {', '.join(allowed)}.")
        _step(tx, study, row, Kind.CALL_CLOSED, {"note": (note or "").strip() or None}, actor, now, reason, form)
        if reason == pausing.DIED:
            pausing.pause_after_death(tx, study, row["participant"], actor=actor, now=now)

    _with(study, call, seen, work, form)


def _with(study: Study, call: int, seen: int, work: Callable[[Tx, Row], object], form: str | None) -> None:
    """Do something with an open call that is still as it was seen: whoever comes second is told who was first; a form that is sent
    twice is done once."""

    def check(tx: Tx) -> None:
        row = calls.call(tx, call)
        if row is None:
            raise Refused(problems.CALL_UNKNOWN)
        if is_done(tx, study, (Kind.CALL_TAKEN, Kind.CALL_ATTEMPTED, Kind.CALL_CLOSED), row["participant"], form, row["occurrence"]):
            return
        if row["version"] != seen or row["state"] == State.CLOSED:
            by = row["closed_by"] or row["owner"]
            raise Refused(problems.CALL_CHANGED, f"The call is {row['state']}{f' by {by}' if by else ''}. Look at it again.")
        work(tx, row)

    study.store.write(check)


def _step(
    tx: Tx, study: Study, row: Row, kind: Kind, fact: Mapping[str, Any], actor: str, now: datetime, reason: str | None = None,
    form: str | None = None,
) -> None:  # fmt: skip
    record(
        tx, study, kind, {"call": row["position"], **fact}, actor=actor, now=now, participant=row["participant"],
        occurrence=row["occurrence"], reason=reason, nth=form or f"{row['position']}/{row['version']}",
    )  # fmt: skip


# The weekly digest


@dataclass(frozen=True, slots=True)
class Line:
    """Something overdue: whose, of which assessment, and its last day on time. No visit: its name may tell of an illness."""

    participant: str
    assessment: str
    due: date


def digest(study: Study, site: str, now: datetime) -> tuple[Line, ...]:
    """What is overdue at a site at ``now``, by participant and day. It says nothing of health and may be sent by mail."""
    return study.store.snapshot(lambda tx: _overdue_at(tx, study, now)).get(site, ())


def _overdue_at(tx: Tx, study: Study, now: datetime) -> dict[str, tuple[Line, ...]]:
    protocol, found = study.protocol_in_force(tx), dict[str, list[Line]]()
    for one in reminders.waiting(tx, now, closed_for=watching.OVERDUE_FOR):
        overdue = [each for each in one.assignments if watching.belongs_in_digest(each, one.participant, now)]
        if overdue and watching.may_be_asked(protocol.consents, one.participant, now):
            served = reminders.served(tx, protocol, one.participant.number)
            found.setdefault(one.participant.site, []).extend(
                Line(one.participant.number, each.assessment, each.due) for each in overdue if each.occurrence not in served
            )
    return {site: tuple(sorted(lines, key=lambda line: (line.participant, line.due, line.assessment))) for site, lines in found.items()}


def make_digests(study: Study, now: datetime) -> int:
    """Journal the digest of each site that has none for its week yet; returns how many."""

    def due(tx: Tx) -> list[tuple[str, str]]:
        weeks = {site.id: watching.digest_week(now, site.time_zone).isoformat() for site in study.protocol_in_force(tx).sites.values()}
        made = {site: calls.digest(tx, site) for site in weeks}
        return [(site, week) for site, week in weeks.items() if (row := made[site]) is None or row["week"] < week]

    def work(tx: Tx) -> int:
        overdue, made = _overdue_at(tx, study, now), 0
        for site, week in due(tx):
            lines = [[line.participant, line.assessment, line.due.isoformat()] for line in overdue.get(site, ())]
            fact = {"site": site, "week": week, "lines": lines}
            made += record(tx, study, Kind.OVERDUE_LISTED, fact, actor=CLOCK, now=now, nth=f"{site}/{week}") is not None
        return made

    return study.store.write(work) if study.store.snapshot(due) else 0
