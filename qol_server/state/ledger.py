"""What became of each message to a participant, as folded: intended, tried, sent, delivered, shown, opened; or not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from qol_server.state.responses import utc
from qol_server.store import Row, Tx
from qol_server.trial.facts import Entry
from qol_server.trial.reminding import Identity, Outcome, Standing

NOTED = {"reminder-shown": "shown_at", "reminder-opened": "opened_at", "reminder-dismissed": "dismissed_at"}
"""What a phone notes of a message -> the column that keeps when; its ``about`` is the id of the message's first intent."""
_THIS = "WHERE participant = ? AND occurrence = ? AND rung = ? AND channel = ?"

# What the entries do


def intend(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """A message is about to be handed to its channel, for the first time or once more."""
    tx.run(
        "INSERT INTO reminders (participant, occurrence, rung, channel, at, outcome, position, id, tries, intended_at, claimed_at)"
        " VALUES (?1, ?2, ?3, ?4, ?5, 'intended', ?6, ?7, 1, ?8, ?8) ON CONFLICT (participant, occurrence, rung, channel)"
        " DO UPDATE SET outcome = 'intended', tries = tries + 1, until = NULL, claimed_at = excluded.claimed_at",
        (*_identity(entry, fact), fact["at"], entry.position, entry.id, entry.received_at),
    )


def defer(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    tx.run(f"UPDATE reminders SET outcome = 'deferred', until = ?, why = ? {_THIS}", (fact["until"], entry.reason, *_identity(entry, fact)))  # noqa: S608


def settle(outcome: Outcome) -> Any:
    """What an entry does that says what became of a message in the end."""

    def handle(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
        tx.run(
            f"UPDATE reminders SET outcome = ?, until = NULL, why = ?, settled_at = ? {_THIS}",  # noqa: S608
            (str(outcome), entry.reason, entry.received_at, *_identity(entry, fact)),
        )

    return handle


def deliver(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """The channel says that the message has arrived."""
    tx.run(
        f"UPDATE reminders SET delivered_at = coalesce(delivered_at, ?) {_THIS}",  # noqa: S608
        (entry.received_at, *_identity(entry, fact)),
    )


def note(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """The first time that any of the participant's phones showed it, by that phone's clock."""
    column = NOTED.get(fact["what"])
    if column is not None:
        try:
            at = utc(fact.get("noted_at") or fact["captured_at"])
        except OverflowError:  # a clock at the end of the calendar
            at = entry.received_at
        tx.run(
            f"UPDATE reminders SET {column} = coalesce({column}, ?) WHERE id = ? AND participant = ?",  # noqa: S608
            (at, fact.get("about"), entry.participant),
        )


def _identity(entry: Entry, fact: Mapping[str, Any]) -> tuple[str | None, str | None, int, str]:
    return entry.participant, entry.occurrence, fact["rung"], fact["channel"]


# What the decisions ask


def standing(row: Row) -> Standing:
    """Where a message stands, by the columns outcome, tries and until."""
    return Standing(Outcome(row["outcome"]), row["tries"], None if row["until"] is None else datetime.fromisoformat(row["until"]))


def outcome(tx: Tx, identity: Identity) -> Outcome | None:
    """What became of a message; None where it was never intended."""
    row = tx.one(f"SELECT outcome FROM reminders {_THIS}", identity)  # noqa: S608
    return None if row is None else Outcome(row["outcome"])


def of_id(tx: Tx, id_: str) -> Row | None:
    """The message whose first intent has this id."""
    return tx.one("SELECT * FROM reminders WHERE id = ?", (id_,))


def without_outcome(tx: Tx, before: str) -> list[Row]:
    """Messages that were last intended before this instant (RFC 3339 UTC) and of which nothing more is known."""
    return tx.all("SELECT * FROM reminders WHERE outcome = 'intended' AND claimed_at < ? ORDER BY position", (before,))


def deferred(tx: Tx, *, participant: str | None = None, until: str | None = None) -> list[Row]:
    """Messages that wait to be tried again: of one participant, or those whose wait is over by an instant."""
    return tx.all(
        "SELECT * FROM reminders WHERE outcome = 'deferred' AND participant = coalesce(?, participant) AND until <= coalesce(?, until)"
        " ORDER BY position",
        (participant, until),
    )


def of_participant(tx: Tx, participant: str, limit: int, after: int) -> list[Row]:
    """Messages to a participant, the latest first, each with ``answered_at``: when its occurrence was first answered."""
    return tx.all(
        "SELECT m.*, (SELECT min(e.received_at) FROM responses r JOIN entries e USING (position) WHERE r.participant = m.participant"
        " AND r.occurrence = m.occurrence) AS answered_at FROM (SELECT * FROM reminders WHERE participant = ?"
        " ORDER BY intended_at DESC, position DESC LIMIT ? OFFSET ?) m ORDER BY m.intended_at DESC, m.position DESC",
        (participant, limit, after),
    )
