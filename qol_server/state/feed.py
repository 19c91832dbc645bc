"""What of a participant's state changed since a phone last heard of it."""

from __future__ import annotations

from qol_server.state.participants import ENDS_PARTICIPATION, STANDING
from qol_server.store import Row, Tx


def assignments(tx: Tx, participant: str, *, since: int, old_horizon: str, horizon: str) -> list[Row]:
    """Assignments within ``horizon`` that changed after position ``since`` or came into sight after ``old_horizon``.

    One that was moved from within the horizon to a day beyond it is among those that changed. A snapshot (``since`` 0)
    leaves out those that are retired; nobody has to forget what they were never told.
    """
    return tx.all(  # two ranges, each with its index, so that a quiet sync does not read the whole calendar
        "SELECT * FROM assignments WHERE participant = ?1 AND revision > ?2 AND earliest <= ?4 AND (retired = 0 OR ?2 > 0)"
        " UNION SELECT * FROM assignments WHERE participant = ?1 AND opens > ?3 AND earliest <= ?4 AND retired = 0",
        (participant, since, old_horizon, horizon),
    )


def responses(tx: Tx, participant: str, since: int) -> list[Row]:
    """Responses stored or changed after a position."""
    return tx.all("SELECT * FROM responses WHERE participant = ? AND revision > ? ORDER BY id", (participant, since))


def quarantined(tx: Tx, participant: str, since: int) -> list[Row]:
    """What was put aside for review after a position."""
    return tx.all("SELECT * FROM quarantine WHERE participant = ? AND revision > ? ORDER BY position", (participant, since))


def prescriptions(tx: Tx, participant: str) -> list[Row]:
    """The prescriptions that count, holds included, in order of their day."""
    return tx.all(f"SELECT * FROM prescriptions p WHERE participant = ? AND {STANDING} ORDER BY day", (participant,))  # noqa: S608


def end(tx: Tx, participant: str) -> str | None:
    """What ended the participation: "consent" (withdrawn) or the anchor; None while it lasts."""
    row = tx.one(
        "SELECT what FROM (SELECT day, anchor AS what FROM anchors WHERE participant = ?1 AND anchor IN (?2, ?3)"
        " UNION ALL SELECT day, kind FROM withdrawals WHERE participant = ?1 AND kind = 'consent') ORDER BY day, what LIMIT 1",
        (participant, *ENDS_PARTICIPATION),
    )
    return None if row is None else row["what"]


def roster(tx: Tx, participant: str) -> Row:
    """The participant's row of the roster."""
    row = tx.one("SELECT * FROM roster WHERE participant = ?", (participant,))
    if row is None:
        raise LookupError(participant)
    return row
