"""The documents that a study adopted, every version of them, and which of them are in force."""

from __future__ import annotations

from qol_server.store import Row, Tx


def text(tx: Tx, kind: str, version: str) -> tuple[bytes, str]:
    """A document's bytes and the name of what it describes. Raises LookupError where the study never adopted it."""
    row = tx.one("SELECT text, name FROM documents WHERE version = ? AND kind = ?", (version, kind))
    if row is None:
        raise LookupError(version)
    return row["text"].encode(), row["name"]


def in_force(tx: Tx, kind: str, name: str, language: str | None = None) -> Row | None:
    """The document (version, licence, stand_in, text) in force of an instrument, a wording in a language, or the protocol."""
    return tx.one(
        "SELECT version, licence, stand_in, text FROM documents WHERE kind = ? AND name = ? AND language IS ? AND current = 1",
        (kind, name, language),
    )


def versions(tx: Tx, kind: str) -> list[str]:
    """All versions of one kind of document that were ever adopted, oldest first."""
    return [row["version"] for row in tx.all("SELECT version FROM documents WHERE kind = ? ORDER BY revision", (kind,))]


def is_active(tx: Tx) -> bool:
    """Whether the study has been activated."""
    row = tx.one("SELECT status FROM study")
    return row is not None and row["status"] == "active"
