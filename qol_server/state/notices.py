"""What staff were told by e-mail, as folded: of each step of a case or call and each week's digest, to whom, and with what outcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qol_server.store import Row, Tx
from qol_server.trial.facts import Entry


def tell(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """A notice is about to be sent, or what became of it."""
    tx.run(
        'INSERT INTO notices (about, login, "case", outcome, tries, until, why, told_at, position) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)'
        " ON CONFLICT (about, login) DO UPDATE SET outcome = excluded.outcome, tries = excluded.tries, until = excluded.until,"
        " why = excluded.why, told_at = excluded.told_at, position = excluded.position",
        (
            fact["about"], fact["login"], fact.get("case"), fact["outcome"], fact["try"], fact.get("until"), entry.reason,
            entry.received_at, entry.position,
        ),
    )  # fmt: skip


def of(tx: Tx, about: str) -> list[Row]:
    """Whom something was told to: login, outcome, tries, until, why, told_at."""
    return tx.all("SELECT * FROM notices WHERE about = ? ORDER BY login", (about,))


def of_case(tx: Tx, case: str) -> list[Row]:
    """Whom a case was told to, in the order of the journal."""
    return tx.all('SELECT * FROM notices WHERE "case" = ? ORDER BY position', (case,))
