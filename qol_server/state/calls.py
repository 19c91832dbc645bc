"""Call tasks as folded: what somebody should telephone about, who looks after it, what was tried, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import orjson

from qol_server.state import participants
from qol_server.store import Row, Tx
from qol_server.trial.diary import DOSE_DIARY
from qol_server.trial.facts import Entry
from qol_server.trial.schedule import Assignment
from qol_server.trial.watching import APPEALS, Task

PLACES = {task: place for place, task in enumerate(Task)}
ORDERS: dict[str, tuple[str, ...]] = {
    "urgency": ("place", "position"),
    "age": ("position",),
    "participant": ("participant", "position"),
}
"""How open calls can be sorted: name -> columns; each order ends with the position, so that it is total."""

# What the entries do


def raised(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """``last_day``: of a call about unknown days, the last of them when it was raised."""
    days = sorted(fact.get("days", ()))
    tx.run(
        "INSERT INTO calls (position, participant, site, task, place, occurrence, rung, days, last_day, device, about, what, raised_at,"
        " state, attempts, version) SELECT ?1, ?2, site, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 'open', 0, ?1 FROM roster"
        " WHERE participant = ?2",
        (
            entry.position, entry.participant, fact["task"], PLACES[Task(fact["task"])], entry.occurrence, fact.get("rung"),
            orjson.dumps(days).decode(), max(days, default=None), fact.get("device"), fact.get("about"), fact.get("what"),
            entry.received_at,
        ),
    )  # fmt: skip


def taken(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    tx.run("UPDATE calls SET owner = ?, version = ? WHERE position = ?", (entry.actor, entry.position, fact["call"]))


def attempted(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """Whoever tries looks after the call, unless somebody does already."""
    tx.run(
        "UPDATE calls SET state = 'attempted', attempts = attempts + 1, owner = coalesce(owner, ?), version = ? WHERE position = ?",
        (entry.actor, entry.position, fact["call"]),
    )
    tx.run(
        'INSERT INTO call_attempts (position, "call", at, actor, channel, reached, note) VALUES (?, ?, ?, ?, ?, ?, ?)',
        (entry.position, fact["call"], entry.received_at, entry.actor, fact["channel"], int(fact["reached"]), fact["note"]),
    )


def closed(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    tx.run(
        "UPDATE calls SET state = 'closed', closed_at = ?1, closed_by = ?2, owner = coalesce(owner, ?2), reason = ?3, version = ?4"
        " WHERE position = ?5",
        (entry.received_at, entry.actor, entry.reason, entry.position, fact["call"]),
    )


def settled(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    tx.run(
        "UPDATE calls SET state = 'closed', closed_at = ?, closed_by = ?, settled = ?, version = ? WHERE position = ?",
        (entry.received_at, entry.actor, fact["why"], entry.position, fact["call"]),
    )


def overdue_listed(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """Of each site the last one is kept; the journal has them all."""
    tx.run(
        "INSERT INTO digests (site, week, made_at, lines, position) VALUES (?, ?, ?, ?, ?) ON CONFLICT (site) DO UPDATE SET"
        " week = excluded.week, made_at = excluded.made_at, lines = excluded.lines, position = excluded.position",
        (fact["site"], fact["week"], entry.received_at, orjson.dumps(fact["lines"]).decode(), entry.position),
    )


# What people look at


def call(tx: Tx, position: int) -> Row | None:
    """The call that the entry at this position raised."""
    return tx.one("SELECT * FROM calls WHERE position = ?", (position,))


def attempts(tx: Tx, position: int) -> list[Row]:
    """What was tried: at, actor, channel, reached, note; oldest first."""
    return tx.all('SELECT * FROM call_attempts WHERE "call" = ? ORDER BY position', (position,))


def open_tasks(
    tx: Tx,
    sites: Sequence[str],
    *,
    task: str | None = None,
    owner: str | None = None,
    participant: str | None = None,
    order: str = "urgency",
    after: Sequence[int | str] | None = None,
    limit: int = 50,
) -> list[Row]:
    """The open calls of these sites, a page at a time.

    ``order``: one of ORDERS. ``after``: where the page before ended (``page_end`` of its last row).
    """
    columns = ORDERS[order]
    where, given = ["state <> 'closed'", "site IN (SELECT value FROM json_each(?))"], [orjson.dumps(list(sites)).decode()]
    for column, value in (("task", task), ("owner", owner), ("participant", participant)):
        if value is not None:
            where.append(f"{column} = ?")
            given.append(value)
    if after is not None:
        where.append(f"({', '.join(columns)}) > ({', '.join('?' * len(columns))})")
        given.extend(after)  # type: ignore[arg-type]
    return tx.all(f"SELECT * FROM calls WHERE {' AND '.join(where)} ORDER BY {', '.join(columns)} LIMIT {int(limit)}", tuple(given))  # noqa: S608


def page_end(row: Row, order: str = "urgency") -> list[int | str]:
    """Where the page that ends with this row ends."""
    return [row[column] for column in ORDERS[order]]


def count_open(tx: Tx, sites: Sequence[str]) -> int:
    """How many calls are open at these sites."""
    row = tx.one(
        "SELECT count(*) AS n FROM calls WHERE state <> 'closed' AND site IN (SELECT value FROM json_each(?))",
        (orjson.dumps(list(sites)).decode(),),
    )
    return 0 if row is None else int(row["n"])


def closed_lately(tx: Tx, sites: Sequence[str], limit: int = 20) -> list[Row]:
    """The calls of these sites that were raised last of those that are closed."""
    return tx.all(
        "SELECT * FROM calls WHERE state = 'closed' AND site IN (SELECT value FROM json_each(?)) ORDER BY position DESC LIMIT ?",
        (orjson.dumps(list(sites)).decode(), limit),
    )


def digest(tx: Tx, site: str) -> Row | None:
    """The last weekly digest of a site: week (its Monday), made_at, lines (JSON)."""
    return tx.one("SELECT * FROM digests WHERE site = ?", (site,))


# What the decisions ask


def appeals(tx: Tx) -> list[Row]:
    """The calls that a participant's own doing raised and that nobody took yet, each with its site; oldest first."""
    return tx.all(
        "SELECT position, participant, site, raised_at FROM calls WHERE state <> 'closed' AND owner IS NULL"
        " AND place IN (SELECT value FROM json_each(?)) ORDER BY position",
        (orjson.dumps([PLACES[task] for task in APPEALS]).decode(),),
    )


def open_of(tx: Tx, participant: str) -> list[Row]:
    """The participant's open calls."""
    return tx.all("SELECT * FROM calls WHERE participant = ? AND state <> 'closed' ORDER BY position", (participant,))


def with_open(tx: Tx) -> list[str]:
    """The participants with an open call."""
    return [row["participant"] for row in tx.all("SELECT DISTINCT participant FROM calls WHERE state <> 'closed' ORDER BY participant")]


def latest(tx: Tx, participant: str, task: str, occurrence: str | None = None, device: str | None = None) -> Row | None:
    """The participant's call of this sort that was raised last; of one occurrence or phone where that is named."""
    return tx.one(
        "SELECT * FROM calls WHERE participant = ?1 AND task = ?2 AND (?3 IS NULL OR occurrence = ?3) AND (?4 IS NULL OR device = ?4)"
        " ORDER BY position DESC LIMIT 1",
        (participant, task, occurrence, device),
    )


def unreported(tx: Tx, participant: str, days: Sequence[str]) -> tuple[int, int]:
    """Of these days of the dose diary: how many are due and unreported, and how many were reported or are under review."""
    row = tx.one(
        "SELECT sum(a.expected AND NOT a.retired AND NOT had) AS open, sum(had) AS had FROM (SELECT a.*, (EXISTS (SELECT 1 FROM responses r"
        " WHERE r.participant = a.participant AND r.occurrence = a.occurrence AND r.current = 1) OR EXISTS (SELECT 1 FROM quarantine q"
        " WHERE q.participant = a.participant AND q.occurrence = a.occurrence)) AS had FROM assignments a WHERE a.participant = ?"
        " AND a.opens IN (SELECT value FROM json_each(?)) AND a.instrument = ?) a",
        (participant, orjson.dumps(list(days)).decode(), DOSE_DIARY),
    )
    return (0, 0) if row is None else (row["open"] or 0, row["had"] or 0)


def standing(tx: Tx, participant: str, occurrence: str, opens_by: date) -> tuple[bool, bool]:
    """Whether an occurrence is asked for in a window that opens by a day, and whether something was received for it."""
    row = tx.one(
        "SELECT a.expected AND NOT a.retired AND a.opens <= ? AS asked,"
        " EXISTS (SELECT 1 FROM responses r WHERE r.participant = a.participant"
        " AND r.occurrence = a.occurrence AND r.current = 1) OR EXISTS (SELECT 1 FROM quarantine q WHERE q.participant = a.participant"
        " AND q.occurrence = a.occurrence) AS received FROM assignments a WHERE a.participant = ? AND a.occurrence = ?",
        (opens_by.isoformat(), participant, occurrence),
    )
    return (False, False) if row is None else (bool(row["asked"]), bool(row["received"]))


def times_settled(tx: Tx, participant: str, task: str, occurrence: str) -> int:
    """How many calls of this sort about an occurrence closed by themselves: it can be raised anew."""
    row = tx.one(
        "SELECT count(*) AS n FROM calls WHERE participant = ? AND task = ? AND occurrence = ? AND settled IS NOT NULL",
        (participant, task, occurrence),
    )
    return 0 if row is None else int(row["n"])


_EXPECTED = "SELECT * FROM assignments WHERE participant = ? AND retired = 0 AND expected = 1"


def opened(tx: Tx, participant: str, since: date, today: date) -> list[Assignment]:
    """What opened between two days, with the one before of each assessment, so that its distance is known."""
    rows = tx.all(f"{_EXPECTED} AND opens BETWEEN ? AND ?", (participant, since.isoformat(), today.isoformat()))
    before = tx.all(
        "SELECT a.* FROM (SELECT assessment, max(opens) AS last FROM assignments WHERE participant = ?1 AND retired = 0 AND expected = 1"
        " AND opens < ?2 GROUP BY assessment) b JOIN assignments a ON a.participant = ?1 AND a.opens = b.last"
        " AND a.assessment = b.assessment AND a.retired = 0 AND a.expected = 1",
        (participant, since.isoformat()),
    )
    return [participants.assignment(row) for row in (*before, *rows)]


def answered_since(tx: Tx, participant: str, since: date) -> set[str]:
    """The occurrences opening from a day on for which something was received."""
    rows = tx.all(
        "SELECT a.occurrence FROM assignments a WHERE a.participant = ? AND a.opens >= ? AND (EXISTS (SELECT 1 FROM responses r"
        " WHERE r.participant = a.participant AND r.occurrence = a.occurrence AND r.current = 1) OR EXISTS (SELECT 1 FROM quarantine q"
        " WHERE q.participant = a.participant AND q.occurrence = a.occurrence))",
        (participant, since.isoformat()),
    )
    return {row["occurrence"] for row in rows}


def asked_soon(tx: Tx, today: date, until: date, quiet_since: date) -> list[str]:
    """The participants for whom something opens after today and by ``until``, and nothing opened from ``quiet_since`` to today."""
    rows = tx.all(
        "SELECT participant FROM roster p WHERE ended_on IS NULL"
        " AND EXISTS (SELECT 1 FROM assignments a WHERE a.participant = p.participant AND a.opens > ?1 AND a.opens <= ?2"
        " AND a.retired = 0 AND a.expected = 1)"
        " AND NOT EXISTS (SELECT 1 FROM assignments a WHERE a.participant = p.participant AND a.opens BETWEEN ?3 AND ?1"
        " AND a.retired = 0 AND a.expected = 1) ORDER BY participant",
        (today.isoformat(), until.isoformat(), quiet_since.isoformat()),
    )
    return [row["participant"] for row in rows]


def around(tx: Tx, participant: str, due_after: date, opens_by: date) -> list[Assignment]:
    """What is expected of a participant between two days."""
    rows = tx.all(f"{_EXPECTED} AND opens <= ? AND due > ?", (participant, opens_by.isoformat(), due_after.isoformat()))
    return [participants.assignment(row) for row in rows]


def beginnings(tx: Tx, numbers: Sequence[str], most: int) -> dict[str, tuple[list[Assignment], set[str]]]:
    """By participant, the first ``most`` assignments of each assessment, and which of them were answered."""
    rows = tx.all(
        "SELECT * FROM (SELECT a.*, row_number() OVER (PARTITION BY a.participant, a.assessment ORDER BY a.opens) AS nth,"
        " EXISTS (SELECT 1 FROM responses r WHERE r.participant = a.participant AND r.occurrence = a.occurrence AND r.current = 1)"
        " AS answered FROM json_each(?) n JOIN assignments a ON a.participant = n.value AND a.retired = 0 AND a.expected = 1"
        " AND a.opens <= (SELECT date(min(b.opens), '+120 days') FROM assignments b WHERE b.participant = n.value)) WHERE nth <= ?",
        (orjson.dumps(list(numbers)).decode(), most),
    )
    found: dict[str, tuple[list[Assignment], set[str]]] = {number: ([], set()) for number in numbers}
    for row in rows:
        listed, answered = found[row["participant"]]
        listed.append(participants.assignment(row))
        if row["answered"]:
            answered.add(row["occurrence"])
    return found


def reasons(tx: Tx, participant: str) -> list[Row]:
    """The participant's calls that somebody closed with a reason for missing data: task, occurrence, days, last_day, closed_at, reason."""
    return tx.all(
        "SELECT task, occurrence, days, last_day, closed_at, reason FROM calls"
        " WHERE participant = ? AND task IN (?, ?) AND reason IS NOT NULL"
        " ORDER BY position",
        (participant, Task.OVERDUE, Task.UNKNOWN_DAYS),
    )
