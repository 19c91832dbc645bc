"""What one participant gave, raised and was asked, in time: read by the participant's own indexes, whatever the journal's length."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from qol_server.store import Row, Tx


def ad_hoc(tx: Tx, number: str, instrument: str, without: Sequence[int]) -> list[Row]:
    """The current responses to an instrument that is asked without a calendar, latest first, but for the positions ``without``."""
    return tx.all(
        "SELECT position, occurrence, captured_at FROM responses WHERE participant = ?1 AND current = 1 AND instrument = ?2"
        " AND position NOT IN (SELECT value FROM json_each(?3)) ORDER BY began DESC",
        (number, instrument, orjson.dumps(list(without)).decode()),
    )
