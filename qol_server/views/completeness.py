"""The view `completeness`: of what was expected by a day, how much was answered, for each assessment."""

from __future__ import annotations

from dataclasses import dataclass

from qol_server.views.reading import Views


@dataclass(frozen=True, slots=True)
class Completeness:
    """``expected``: windows whose last day on time has passed while a response was expected; ``answered`` of them, late or not."""

    assessment: str
    expected: int
    answered: int

    @property
    def rate(self) -> float | None:
        """The completion rate, 0 to 1; None where nothing was expected."""
        return self.answered / self.expected if self.expected else None


def completeness(views: Views, day: str) -> list[Completeness]:
    """By assessment, as of the local day (YYYY-MM-DD) on which the views were drawn."""
    rows = views.store.read().all(
        "SELECT assessment, count(*) AS expected, sum(served_by IS NOT NULL) AS answered FROM windows"
        " WHERE expected = 1 AND due < ? GROUP BY assessment ORDER BY assessment",
        (day,),
    )
    return [Completeness(row["assessment"], row["expected"], row["answered"]) for row in rows]
