"""Concomitant medicines as folded: each as it was last recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from qol_server.store import Row, Tx
from qol_server.trial.facts import Entry


def keep(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """A medicine, whole, in place of what was known of it. ``version``: the position that last said it."""
    tx.run(
        'INSERT INTO medicines (medicine, participant, name, code, indication, purpose, start, "end", ongoing, dose, findings, deviation,'
        " version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (medicine) DO UPDATE SET name = excluded.name,"
        " code = excluded.code, indication = excluded.indication, purpose = excluded.purpose, start = excluded.start,"
        ' "end" = excluded."end", ongoing = excluded.ongoing, dose = excluded.dose, findings = excluded.findings,'
        " deviation = excluded.deviation, version = excluded.version",
        (
            fact["medicine"], entry.participant, fact["name"], fact["code"], fact["indication"], fact["purpose"], fact["start"],
            fact["end"], int(fact["ongoing"]), fact["dose"], orjson.dumps(fact["findings"]).decode(), fact["deviation"], entry.position,
        ),
    )  # fmt: skip


def of(tx: Tx, participant: str) -> list[Row]:
    """A participant's medicines: what is still taken first, then by the day on which it began."""
    return tx.all(
        "SELECT * FROM medicines WHERE participant = ? ORDER BY ongoing DESC, coalesce(start, '') DESC, name, medicine", (participant,)
    )


def one(tx: Tx, participant: str, medicine: str) -> Row | None:
    """One medicine of a participant, or None."""
    return tx.one("SELECT * FROM medicines WHERE participant = ? AND medicine = ?", (participant, medicine))
