"""The hours in which a site watches what participants enter, and clocks that run in them alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from qol_server.trial.protocol import MIDNIGHT, Period, Site
from qol_server.trial.schedule import add, instant, local

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
LONGEST_WAIT = 370
"""Days looked ahead for hours: a site that watches on no day within a year is as good as one that never says."""


def next_cover(site: Site, since: datetime) -> datetime | None:
    """The first instant (UTC) from ``since`` on at which somebody watches; None where that is not within a year."""
    first = local(since, site.time_zone).date()
    return next((max(start, since) for start, end in _following(site, first) if end > since), None)


def _hours(site: Site, day: date) -> list[tuple[datetime, datetime]]:
    """The hours of one local day as UTC instants, in order; they do not overlap."""
    if day in site.holidays:
        return []
    found: list[tuple[datetime, datetime]] = []
    for hours in sorted((each for each in site.coverage if DAYS[day.weekday()] in each.days), key=lambda each: each.start):
        end_day = day if hours.to != MIDNIGHT else day + timedelta(days=1)
        start, end = instant(day, hours.start, site.time_zone), instant(end_day, hours.to, site.time_zone)
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found


def _following(site: Site, first: date) -> Iterator[tuple[datetime, datetime]]:
    for ordinal in range(first.toordinal(), first.toordinal() + LONGEST_WAIT):
        yield from _hours(site, date.fromordinal(ordinal))


def elapsed(site: Site, since: datetime, period: Period, *, always: bool) -> datetime:
    """The instant (UTC) at which ``period`` has passed since ``since``.

    ``always``: by the clock on the wall. Otherwise, and where the site says its hours, the clock stands still outside them:
    minutes count in the hours alone, and a day is a day on which somebody watches, at the same local time of day.
    """
    if always or next_cover(site, since) is None:
        at = local(since, site.time_zone)
        moved = instant(add(at.date(), Period(period.months, period.days)), at.time(), site.time_zone)
        return moved + timedelta(minutes=period.minutes)
    at = since
    if period.months or period.days:
        at = _days_later(site, at, Period(period.months, period.days))
    return _minutes_later(site, at, timedelta(minutes=period.minutes))


def covered(site: Site, start: datetime, end: datetime) -> timedelta:
    """For how long somebody watched between two instants; nothing where the study's file does not say when."""
    first, last = local(start, site.time_zone).date(), local(end, site.time_zone).date()
    days = (date.fromordinal(ordinal) for ordinal in range(first.toordinal(), last.toordinal() + 1))
    spans = ((max(begin, start), min(until, end)) for day in days for begin, until in _hours(site, day))
    return sum((until - begin for begin, until in spans if until > begin), timedelta())


def _days_later(site: Site, since: datetime, period: Period) -> datetime:
    """The same time of day so many watched days later; of months, the first watched day from the day on that they lead to."""
    start = next_cover(site, since) or since
    at = local(start, site.time_zone)
    day = add(at.date(), Period(months=period.months))
    left = period.days
    for _ in range(LONGEST_WAIT):
        if left <= 0 and _hours(site, day):
            break
        day += timedelta(days=1)
        left -= bool(_hours(site, day))
    return instant(day, at.time(), site.time_zone)


def _minutes_later(site: Site, since: datetime, left: timedelta) -> datetime:
    end = since
    for start, end in _following(site, local(since, site.time_zone).date()):
        begin = max(start, since)
        if end <= begin:
            continue
        if left <= end - begin:
            return begin + left
        left -= end - begin
    return end
