"""How much work the alerts of a study are: times to acknowledge and to resolve, shares, and counts by the week."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction

from qol_server.trial.alerting import Urgency
from qol_server.trial.covering import covered
from qol_server.trial.protocol import Site


@dataclass(frozen=True, slots=True)
class Worked:
    """One case. ``since``: from when its clock counts; ``steps``: of the escalation that were taken since then."""

    site: str
    urgency: Urgency
    opened_at: datetime
    since: datetime
    acknowledged_at: datetime | None
    resolved_at: datetime | None
    steps: int


@dataclass(frozen=True, slots=True)
class Spread:
    """Of so many durations: the median and the 90th percentile, None where there are none."""

    count: int
    median: timedelta | None
    ninetieth: timedelta | None


def spread(durations: Iterable[timedelta]) -> Spread:
    """The nearest rank: the smallest duration that at least half (nine tenths) of them do not exceed."""
    ordered = sorted(durations)
    return Spread(len(ordered), _rank(ordered, 50), _rank(ordered, 90))


def _rank(ordered: Sequence[timedelta], percent: int) -> timedelta | None:
    return ordered[-(-len(ordered) * percent // 100) - 1] if ordered else None


@dataclass(frozen=True, slots=True)
class Times:
    """Times of some cases: ``by_clock`` on the wall, ``in_hours`` only while the site watches. To acknowledge counts from when a case
    was raised last, to resolve from when it was opened; whoever resolves what nobody acknowledged has acknowledged it."""

    cases: int
    escalated: int
    acknowledged_by_clock: Spread
    acknowledged_in_hours: Spread
    resolved_by_clock: Spread
    resolved_in_hours: Spread

    @property
    def escalated_share(self) -> Fraction | None:
        """Of the cases those for which a step of the escalation was taken on the clock that counts."""
        return share(self.escalated, self.cases)


def share(part: int, whole: int) -> Fraction | None:
    """A part of a whole, from 0 to 1; None of nothing."""
    return Fraction(part, whole) if whole else None


def times(cases: Sequence[Worked], sites: Mapping[str, Site]) -> Times:
    """The times of these cases. Of a site without hours somebody watches always."""
    acknowledged = [(one, one.since, one.acknowledged_at or one.resolved_at) for one in cases]
    resolved = [(one, one.opened_at, one.resolved_at) for one in cases]
    return Times(
        len(cases), sum(one.steps > 0 for one in cases),
        *(spread(_lasted(listed, how)) for listed in (acknowledged, resolved) for how in (_on_the_wall, _within(sites))),
    )  # fmt: skip


_Span = tuple[Worked, datetime, datetime | None]
_How = Callable[[Worked, datetime, datetime], timedelta]


def _lasted(spans: Iterable[_Span], how: _How) -> Iterable[timedelta]:
    return [how(one, start, end) for one, start, end in spans if end is not None]


def _on_the_wall(_one: Worked, start: datetime, end: datetime) -> timedelta:
    return end - start


def _within(sites: Mapping[str, Site]) -> _How:
    def lasted(one: Worked, start: datetime, end: datetime) -> timedelta:
        site = sites.get(one.site)
        return end - start if site is None or not site.coverage else covered(site, start, end)

    return lasted


def weeks(first: date, last: date) -> list[date]:
    """The Mondays of all weeks from that of one day to that of another."""
    monday = first - timedelta(days=first.weekday())
    return [monday + timedelta(days=7 * n) for n in range((last - monday).days // 7 + 1)]


def by_week(counts: Iterable[tuple[date, int]], mondays: Sequence[date]) -> list[int]:
    """Counts of days, summed for each week."""
    sums = dict.fromkeys(mondays, 0)
    for day, count in counts:
        monday = day - timedelta(days=day.weekday())
        if monday in sums:
            sums[monday] += count
    return list(sums.values())
