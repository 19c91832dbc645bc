"""What the clock asks for: assignments that wait for an answer, what was said about them, days that nobody reported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import orjson

from qol_server.state import ledger, participants
from qol_server.store import Tx
from qol_server.trial import schedule
from qol_server.trial.diary import DOSE_DIARY
from qol_server.trial.participant import Participant
from qol_server.trial.protocol import Protocol
from qol_server.trial.reminding import Identity, Standing
from qol_server.trial.schedule import Assignment

TASK = "call"
_A_DAY = timedelta(days=1)
_BETWEEN = "WHERE participant = ? AND occurrence > ? AND occurrence < ?"


@dataclass(frozen=True, slots=True)
class Waiting:
    """One participant with what waits for an answer around now, and what was said about it.

    ``assignments``: expected, nothing was received for them (but see ``served``), and no call was closed with why not.
    ``ledger``: where the messages and calls about them stand. ``since``: when the first phone was paired, before
    that when the participant was enrolled.
    """

    participant: Participant
    assignments: tuple[Assignment, ...]
    ledger: Mapping[Identity, Standing]
    since: datetime


def waiting(tx: Tx, now: datetime, *, closed_for: timedelta = timedelta(0), only: str | None = None) -> list[Waiting]:
    """The participants with something open on this day anywhere on earth, or closed for at most ``closed_for``.

    ``only``: ask for one participant. The cost follows what is open, not what was ever assigned.
    """
    day = now.astimezone(UTC).date()  # the participant's own day is this one or a neighbour
    # for one participant the index of all that is to come would be the wrong one: the plus keeps it out
    window = "a.opens <= ? AND a.closes >= ?" if only is None else "+a.opens <= ? AND +a.closes >= ? AND a.participant = ?"
    rows = tx.all(
        f"SELECT a.* FROM assignments a WHERE a.retired = 0 AND a.expected = 1 AND {window}"  # noqa: S608
        " AND NOT EXISTS (SELECT 1 FROM responses r WHERE r.participant = a.participant AND r.occurrence = a.occurrence"
        " AND r.current = 1) AND NOT EXISTS (SELECT 1 FROM quarantine q WHERE q.participant = a.participant"
        " AND q.occurrence = a.occurrence) AND NOT EXISTS (SELECT 1 FROM calls c WHERE c.participant = a.participant"
        " AND c.task = 'overdue' AND c.occurrence = a.occurrence AND c.reason IS NOT NULL) ORDER BY a.participant, a.occurrence",
        ((day + _A_DAY).isoformat(), (day - _A_DAY - closed_for).isoformat(), *(() if only is None else (only,))),
    )
    grouped: dict[str, list[Assignment]] = {}
    for row in rows:
        grouped.setdefault(row["participant"], []).append(participants.assignment(row))
    loaded = participants.load_all(tx, list(grouped))
    since = {row["participant"]: datetime.fromisoformat(row["since"]) for row in tx.all(_SINCE)}
    stands = _ledger(tx, [(row["participant"], row["occurrence"]) for row in rows])
    return [Waiting(loaded[number], tuple(assignments), stands.get(number, {}), since[number]) for number, assignments in grouped.items()]


_SINCE = """
SELECT r.participant, coalesce(min(d.paired_at), r.enrolled_at) AS since
FROM roster r LEFT JOIN devices d ON d.participant = r.participant GROUP BY r.participant
"""


def _ledger(tx: Tx, about: list[tuple[str, str]]) -> dict[str, dict[Identity, Standing]]:
    """By participant, where the messages and calls about these occurrences stand."""
    found: dict[str, dict[Identity, Standing]] = {}
    asked = (orjson.dumps(about).decode(),)
    of_calls = f"'{TASK}' AS channel, 'sent' AS outcome, 1 AS tries, NULL AS until"
    by_ladder = " AND t.task = 'overdue' AND t.rung IS NOT NULL"
    for table, columns, only in (("reminders", "channel, outcome, tries, until", ""), ("calls", of_calls, by_ladder)):
        sql = (
            f"SELECT t.participant, t.occurrence, t.rung, {columns} FROM json_each(?) k CROSS JOIN {table} t"  # noqa: S608
            f" ON t.participant = k.value ->> 0 AND t.occurrence = k.value ->> 1{only}"
        )
        for row in tx.all(sql, asked):
            identity = (row["participant"], row["occurrence"], row["rung"], row["channel"])
            found.setdefault(row["participant"], {})[identity] = ledger.standing(row)
    return found


def served(tx: Tx, protocol: Protocol, number: str) -> set[str]:
    """The participant's occurrences that a response serves, of the assessments where that can be another one's response."""
    lent = {(a.id, visit.served_by) for a in protocol.assessments.values() for visit in a.visits if visit.served_by}
    listed: list[Assignment] = []
    given: dict[str, date] = {}
    for name in {name for pair in lent for name in pair}:
        of_assessment = (number, f"{name}@", f"{name}A")  # "A" follows "@"
        for row in tx.all(f"SELECT * FROM assignments {_BETWEEN} AND retired = 0", of_assessment):  # noqa: S608
            listed.append(participants.assignment(row))
        for row in tx.all(f"SELECT occurrence, captured_at FROM responses {_BETWEEN} AND current = 1", of_assessment):  # noqa: S608
            given[row["occurrence"]] = date.fromisoformat(row["captured_at"][:10])
    return set(schedule.served(listed, given))


def was_called(tx: Tx, participant: str, occurrence: str) -> bool:
    """Whether a call about this unanswered occurrence was raised that is open, or that somebody closed."""
    return (
        tx.one(
            "SELECT 1 FROM calls WHERE participant = ? AND task = 'overdue' AND occurrence = ? AND settled IS NULL",
            (participant, occurrence),
        )
        is not None
    )


def silent(tx: Tx, at_least: int, first: date, last: date) -> list[str]:
    """The participants with so many dose days between two days, both included, for which nothing was received."""
    rows = tx.all(
        "SELECT a.participant FROM roster p CROSS JOIN assignments a ON a.participant = p.participant AND a.opens BETWEEN ? AND ?"
        " WHERE a.instrument = ? AND a.expected = 1 AND a.retired = 0 AND NOT EXISTS (SELECT 1 FROM responses r"
        " WHERE r.participant = a.participant AND r.occurrence = a.occurrence AND r.current = 1)"
        " GROUP BY a.participant HAVING count(*) >= ? ORDER BY a.participant",
        (first.isoformat(), last.isoformat(), DOSE_DIARY, at_least),
    )
    return [row["participant"] for row in rows]


def diary_days(tx: Tx, participant: str, first: date, last: date) -> tuple[dict[date, bytes], set[date]]:
    """The lines of the current dose responses by diary day, and the days of which something is under review."""
    of_days = (
        " FROM assignments a {} WHERE a.participant = ? AND a.opens BETWEEN ? AND ? AND a.instrument = ?",
        (participant, first.isoformat(), last.isoformat(), DOSE_DIARY),
    )
    answers = (
        "JOIN responses r ON r.participant = a.participant AND r.occurrence = a.occurrence AND r.current = 1 JOIN lines l USING (position)"
    )
    given = tx.all("SELECT a.opens, l.line" + of_days[0].format(answers), of_days[1])
    reviewed = "JOIN quarantine q ON q.participant = a.participant AND q.occurrence = a.occurrence"
    under_review = tx.all("SELECT a.opens" + of_days[0].format(reviewed), of_days[1])
    return {date.fromisoformat(row["opens"]): row["line"] for row in given}, {date.fromisoformat(row["opens"]) for row in under_review}
