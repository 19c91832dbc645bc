"""The view `completeness`: of what was expected by a day, how much was answered, for each assessment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from qol_server.views.reading import Views


@dataclass(frozen=True, slots=True)
class Completeness:
    """``expected``: windows whose last day on time has passed while a response was expected; ``answered`` of them, late or not.
    ``reasons``: why others were missed, as the site's calls found: code -> how many."""

    assessment: str
    expected: int
    answered: int
    reasons: Mapping[str, int]

    @property
    def rate(self) -> float | None:
        """The completion rate, 0 to 1; None where nothing was expected."""
        return self.answered / self.expected if self.expected else None


def completeness(views: Views, day: str) -> list[Completeness]:
    """By assessment, as of the local day (YYYY-MM-DD) on which the views were drawn."""
    tx = views.store.read()
    reasons: dict[str, dict[str, int]] = {}
    for row in tx.all(
        "SELECT assessment, reason, count(*) AS n FROM windows WHERE expected = 1 AND due < ? AND reason IS NOT NULL"
        " GROUP BY assessment, reason ORDER BY assessment, n DESC, reason",
        (day,),
    ):
        reasons.setdefault(row["assessment"], {})[row["reason"]] = row["n"]
    rows = tx.all(
        "SELECT assessment, count(*) AS expected, sum(served_by IS NOT NULL) AS answered FROM windows"
        " WHERE expected = 1 AND due < ? GROUP BY assessment ORDER BY assessment",
        (day,),
    )
    return [Completeness(row["assessment"], row["expected"], row["answered"], reasons.get(row["assessment"], {})) for row in rows]
