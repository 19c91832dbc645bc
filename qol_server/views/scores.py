"""The runs of the scoring: what came since the last one, and the digest by which a later one can be compared."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from qol_server.store import Tx
from qol_server.trial import facts
from qol_server.views.reading import Views


@dataclass(frozen=True, slots=True)
class Run:
    """One run: the first and last position of the responses that were scored, and how many they are.

    ``methods``: instrument -> method and version, of every instrument scored so far. ``scores``: SHA-256 (hex) of the
    canonical JSON of [position, scale, exact value or null] of each score, in order of position and scale.
    """

    first: int
    last: int
    responses: int
    methods: Mapping[str, str]
    scores: str

    def fact(self) -> dict[str, Any]:
        """What the journal says of it."""
        return asdict(self)


def since(views: Views, after: int) -> Run | None:
    """What the view holds of responses after a position; None where there is nothing."""
    tx = views.store.read()
    rows = tx.all("SELECT position, scale, exact FROM scored WHERE position > ? ORDER BY position, nth", (after,))
    if not rows:
        return None
    digest = hashlib.sha256(facts.canonical([list(row) for row in rows])).hexdigest()
    positions = {row["position"] for row in rows}
    return Run(min(positions), max(positions), len(positions), methods(views), digest)


def methods(views: Views) -> dict[str, str]:
    """Instrument -> scoring method and version, of every instrument scored so far."""
    sql = "SELECT DISTINCT r.instrument, x.method FROM scored x JOIN responses r USING (position) ORDER BY r.instrument"
    return {row["instrument"]: row["method"] for row in views.store.read().all(sql)}


def scored_through(tx: Tx, methods: Mapping[str, str]) -> int:
    """The position up to which the journal's last run scored; 0 before the first, and where a method now has another version."""
    row = tx.one(
        "SELECT l.line FROM entries e JOIN lines l USING (position)"
        " WHERE e.kind = 'scores.computed' AND e.kind <> 'response.given'"  # the second part lets SQLite use the index of kinds
        " ORDER BY e.position DESC LIMIT 1"
    )
    if row is None:
        return 0
    fact = orjson.loads(row["line"])
    changed = any(methods.get(name, version) != version for name, version in fact["methods"].items())
    return 0 if changed else int(fact["last"])
