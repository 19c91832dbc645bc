"""What two sets of alert rules made of the same answers, counted: how much work each makes, and where they differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction

from qol_server.trial.alerting import URGENCIES, Urgency, most_urgent
from qol_server.trial.cases import Turn
from qol_server.trial.rehearsing import Outcome

WEEK = timedelta(days=7)
MOST_LISTED = 200
"""Differences that are listed one by one; all of them are counted."""


@dataclass(slots=True)
class Work:
    """What one set of rules makes. ``surveys``: with an alert that makes or joins a case. ``anew``: times an open or resolved case
    was raised again. ``by_participant``: cases and times raised anew, which somebody has to look at; so are ``by_site`` and ``weeks``
    (by their Mondays, UTC). ``urgencies``: of alerts, the suppressed ones left out."""

    alerts: int = 0
    suppressed: int = 0
    surveys: int = 0
    cases: int = 0
    anew: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    urgencies: Counter[Urgency] = field(default_factory=Counter)
    by_site: Counter[str] = field(default_factory=Counter)
    by_participant: Counter[str] = field(default_factory=Counter)
    weeks: Counter[date] = field(default_factory=Counter)

    @property
    def to_look_at(self) -> int:
        """Cases, and times raised anew: each has a clock that somebody must stop."""
        return self.cases + self.anew

    def add(self, number: str, site: str, outcome: Outcome, since: datetime | None) -> None:
        """Count what was found in one participant's answers, from an instant on (None: from the beginning)."""
        surveys = set()
        for raised in outcome.alerts:
            if since is not None and raised.at < since:
                continue
            self.alerts += 1
            self.rules[raised.alert.rule.id] += 1
            if raised.expected is not None:
                self.suppressed += 1
                continue
            surveys.add(raised.survey.given)
            self.urgencies[raised.alert.rule.urgency] += 1
        self.surveys += len(surveys)
        for moved in outcome.moves:
            if moved.turn is Turn.REPEAT or (since is not None and moved.at < since):
                continue
            self.cases += moved.turn is Turn.OPEN
            self.anew += moved.turn is not Turn.OPEN
            self.by_site[site] += 1
            self.by_participant[number] += 1
            self.weeks[monday(moved.at)] += 1


def monday(moment: datetime) -> date:
    """The first day of the week (UTC) of an instant."""
    return moment.date() - timedelta(days=moment.weekday())


@dataclass(frozen=True, slots=True)
class Difference:
    """A survey of which the two say different things: the rules of each that it raises, none explained by an expected level."""

    at: datetime
    participant: str
    site: str
    occurrence: str
    present: tuple[str, ...]
    draft: tuple[str, ...]
    was: Urgency | None
    will_be: Urgency | None


@dataclass(slots=True)
class Comparison:
    """The present rules beside a draft. ``lost``: surveys of which only the present ones raise an alert, ``gained``: only the draft;
    ``sooner`` and ``later``: both do, with another urgency. ``since``: from when on is counted."""

    since: datetime | None = None
    present: Work = field(default_factory=Work)
    draft: Work = field(default_factory=Work)
    participants: int = 0
    surveys: int = 0
    first: datetime | None = None
    last: datetime | None = None
    counts: Counter[str] = field(default_factory=Counter)
    listed: dict[str, list[Difference]] = field(default_factory=dict)

    def add(self, number: str, site: str, surveys: int, first: datetime, last: datetime, present: Outcome, draft: Outcome) -> None:
        """Count one participant, of whom so many surveys came from the instant ``first`` to ``last``."""
        self.participants += 1
        self.surveys += surveys
        first = first if self.since is None else max(first, self.since)
        self.first = first if self.first is None else min(self.first, first)
        self.last = last if self.last is None else max(self.last, last)
        self.present.add(number, site, present, self.since)
        self.draft.add(number, site, draft, self.since)
        self._compare(number, site, present, draft)

    def _compare(self, number: str, site: str, present: Outcome, draft: Outcome) -> None:
        one, other = _by_survey(present, self.since), _by_survey(draft, self.since)
        for given in sorted(one.keys() | other.keys()):
            mine, its = one.get(given), other.get(given)
            at, occurrence, _ = mine or other[given]
            was, will_be = _urgency(mine), _urgency(its)
            which = _which(was, will_be)
            if which is None:
                continue
            self.counts[which] += 1
            there = self.listed.setdefault(which, [])
            if len(there) < MOST_LISTED:
                there.append(Difference(at, number, site, occurrence, _rules(mine), _rules(its), was, will_be))

    @property
    def weeks(self) -> Fraction:
        """How many weeks were looked at, at least one."""
        if self.first is None or self.last is None:
            return Fraction(1)
        return max(Fraction(1), Fraction(int((self.last - self.first).total_seconds()), int(WEEK.total_seconds())))

    def a_week(self, number: int) -> Fraction:
        """So many in all, by the week."""
        return number / self.weeks

    def a_nurse(self, work: Work, nurses: Mapping[str, int]) -> dict[str, Fraction | None]:
        """By site, what each nurse there has to look at in a week; None where nobody is a nurse."""
        return {
            site: self.a_week(work.by_site[site]) / nurses[site] if nurses.get(site) else None
            for site in sorted(self.present.by_site.keys() | self.draft.by_site.keys() | nurses.keys())
        }


_Found = tuple[datetime, str, dict[str, Urgency]]


def _by_survey(outcome: Outcome, since: datetime | None) -> dict[int, _Found]:
    found: dict[int, _Found] = {}
    for raised in outcome.alerts:
        if raised.expected is None and (since is None or raised.at >= since):
            there = found.setdefault(raised.survey.given, (raised.at, raised.survey.occurrence, {}))
            there[2][raised.alert.rule.id] = raised.alert.rule.urgency
    return found


def _urgency(found: _Found | None) -> Urgency | None:
    return None if found is None else most_urgent(found[2].values())


def _rules(found: _Found | None) -> tuple[str, ...]:
    return () if found is None else tuple(sorted(found[2]))


def _which(was: Urgency | None, will_be: Urgency | None) -> str | None:
    if was == will_be:
        return None
    if was is None or will_be is None:
        return "gained" if was is None else "lost"
    return "sooner" if URGENCIES.index(will_be) < URGENCIES.index(was) else "later"
