"""The levels that are expected of participants: those that explain alerts now, and those of earlier with how they ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from qol_server.store import Row, Tx
from qol_server.trial.alerting import Expected
from qol_server.trial.facts import Entry


def expect(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """A later word about the same item replaces the earlier one."""
    tx.run(
        "UPDATE expected_levels SET ended = ? WHERE participant = ? AND item = ? AND ended IS NULL",
        (entry.position, entry.participant, fact["item"]),
    )
    tx.run(
        "INSERT INTO expected_levels (position, participant, item, level, until) VALUES (?, ?, ?, ?, ?)",
        (entry.position, entry.participant, fact["item"], fact["level"], fact["until"]),
    )


def end(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    tx.run("UPDATE expected_levels SET ended = ? WHERE position = ? AND ended IS NULL", (entry.position, fact["expected"]))


def expected(tx: Tx, participant: str) -> list[Expected]:
    """The levels of a participant that nobody ended, each until its last day."""
    rows = tx.all("SELECT * FROM expected_levels WHERE participant = ? AND ended IS NULL ORDER BY item", (participant,))
    return [Expected(row["item"], row["level"], date.fromisoformat(row["until"]), row["position"]) for row in rows]


def said(tx: Tx, participant: str) -> list[int]:
    """The positions of the entries that expected a level of a participant, whether it is in force or not."""
    return [row["position"] for row in tx.all("SELECT position FROM expected_levels WHERE participant = ?", (participant,))]


_SAID = (
    "SELECT x.*, e.actor, e.reason, e.received_at, n.kind AS end_kind, n.actor AS end_actor, n.reason AS end_reason,"
    " n.received_at AS ended_at, (SELECT count(*) FROM alerts a WHERE a.participant = x.participant AND a.expected = x.position) AS alerts"
    " FROM expected_levels x JOIN entries e USING (position) LEFT JOIN entries n ON n.position = x.ended WHERE x.participant = ?"
)


def usual(tx: Tx, participant: str, today: date) -> list[Row]:
    """The levels that are expected of a participant on a day: what they are, who said so and why, and how many alerts they explain."""
    return tx.all(f"{_SAID} AND x.ended IS NULL AND x.until >= ? ORDER BY x.item", (participant, today.isoformat()))


def earlier(tx: Tx, participant: str, today: date) -> list[Row]:
    """The levels that were expected of a participant and are not any more, the latest first.

    ``ended_at``, ``end_actor``, ``end_reason``, ``end_kind``: of the entry that ended or replaced it; nothing where it ran out.
    """
    return tx.all(f"{_SAID} AND (x.ended IS NOT NULL OR x.until < ?) ORDER BY x.position DESC", (participant, today.isoformat()))
