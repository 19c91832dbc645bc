"""Messages to a participant, and which of them were read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qol_server.state import participants
from qol_server.store import Row, Tx
from qol_server.trial.facts import Entry

READ = "message-read"
"""What a phone notes of a message; its ``about`` is the message's id."""


def send(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    tx.run(
        "INSERT INTO messages (participant, id, text, language, about, sent_at, read_at, revision) VALUES (?, ?, ?, ?, ?, ?, NULL, ?)",
        (entry.participant, entry.id, fact["text"], fact["language"], fact.get("about"), entry.received_at, entry.position),
    )
    participants.touch(tx, entry.participant, entry.position)


def read(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """The first time that any of the participant's phones showed it, by that phone's clock."""
    if fact["what"] == READ:
        tx.run(
            "UPDATE messages SET read_at = ?, revision = ? WHERE participant = ? AND id = ? AND read_at IS NULL",
            (fact.get("noted_at") or fact["captured_at"], entry.position, entry.participant, fact.get("about")),
        )


def of(tx: Tx, participant: str, since: int = 0) -> list[Row]:
    """The participant's messages that were sent or read after a position, oldest first."""
    return tx.all("SELECT * FROM messages WHERE participant = ? AND revision > ? ORDER BY sent_at, id", (participant, since))
