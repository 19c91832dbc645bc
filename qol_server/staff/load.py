"""The alert load, in counts: how many alerts, cases, calls and reminders, how fast they are looked at, and how much is noise."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from flask import Response, request

from qol_server.staff.desk import ANY_SITE, Desk, Pages
from qol_server.state import load as counts
from qol_server.store import Row
from qol_server.trial import load
from qol_server.trial.alerting import Urgency
from qol_server.trial.load import Worked
from qol_server.trial.protocol import Site
from qol_server.trial.roles import Permission

PAGES = Pages()
PERIODS = (4, 13, 26, 52)  # weeks
USUAL = 13


@dataclass(frozen=True, slots=True)
class Chart:
    """One count by week, as bars: (Monday, count, height from 0 to 1)."""

    name: str
    total: int
    bars: list[tuple[date, int, float]]


@PAGES.get("/load", Permission.COUNTS_SEE, at=ANY_SITE)
def show(desk: Desk) -> Response:
    """The load of the sites that the person may see."""
    weeks = next((each for each in PERIODS if str(each) == request.args.get("weeks")), USUAL)
    there = desk.sites(Permission.COUNTS_SEE)
    site = request.args.get("site", "")
    sites = (site,) if site in there else there
    since, until = desk.now - timedelta(weeks=weeks), desk.now
    return desk.page(
        "load/show.html", title=desk.t("load.title"), weeks=weeks, periods=PERIODS, site=site if site in there else "", there=there,
        zone=desk.protocol.time_zone, since=since, **_counts(desk, set(sites), since, until),
    )  # fmt: skip


def _counts(desk: Desk, sites: set[str], since: datetime, until: datetime) -> dict[str, Any]:
    tx, names = desk.tx, desk.protocol.sites
    alerts = _of(counts.alerts(tx, since, until), sites)
    calls, reminders = _of(counts.calls(tx, since, until), sites), _of(counts.reminders(tx, since, until), sites)
    responses = _of(counts.responses(tx, since, until), sites)
    cases = [one for one in counts.cases(tx, since, until) if one.site in sites]
    mondays = load.weeks(since.date(), until.date())
    charts = [
        _chart("alerts", _days(alerts, "alerts"), mondays),
        _chart("cases", ((one.opened_at.date(), 1) for one in cases), mondays),
        _chart("calls", _days(calls, "raised"), mondays),
        _chart("reminders", _days(reminders, "sent"), mondays),
    ]
    return {
        "charts": charts, "mondays": mondays, "calls_closed": sum(row["closed"] for row in calls),
        "shares": _shares(alerts, responses),
        "shares_by_site": [(each, _shares(_of(alerts, {each}), _of(responses, {each}))) for each in sorted(sites)],
        "everything": _told(cases, names),
        "by_urgency": [(desk.t(f"urgency.{each}"), _told([one for one in cases if one.urgency is each], names)) for each in Urgency],
        "by_site": [(each, _told([one for one in cases if one.site == each], names)) for each in sorted(sites)],
    }  # fmt: skip


def _of(rows: Iterable[Row], sites: set[str]) -> list[Row]:
    return [row for row in rows if row["site"] in sites]


def _shares(alerts: Sequence[Row], responses: Iterable[Row]) -> dict[str, tuple[int, int, Fraction | None]]:
    """(part, whole, share): of the surveys those that alert, of the alerts those that an expected level explains."""
    surveys, raised, suppressed = (sum(row[what] for row in alerts) for what in ("surveys", "alerts", "suppressed"))
    given = sum(row["n"] for row in responses)
    return {
        "alerting": (surveys, given, load.share(surveys, given)),
        "suppressed": (suppressed, raised, load.share(suppressed, raised)),
    }


def _days(rows: Iterable[Row], what: str) -> Iterable[tuple[date, int]]:
    return ((counts.day_of(row), row[what]) for row in rows)


def _chart(name: str, days: Iterable[tuple[date, int]], mondays: list[date]) -> Chart:
    found = load.by_week(days, mondays)
    most = max([*found, 1])
    return Chart(name, sum(found), [(monday, count, count / most) for monday, count in zip(mondays, found, strict=True)])


def _told(cases: Sequence[Worked], sites: Mapping[str, Site]) -> dict[str, Any]:
    """The times of cases as the page shows them: (median, 90th percentile) in minutes."""
    times = load.times(cases, sites)
    spreads = {
        name: tuple(None if each is None else int(each.total_seconds() // 60) for each in (one.median, one.ninetieth))
        for name, one in (
            ("acknowledged", times.acknowledged_by_clock), ("acknowledged_hours", times.acknowledged_in_hours),
            ("resolved", times.resolved_by_clock), ("resolved_hours", times.resolved_in_hours),
        )
    }  # fmt: skip
    return spreads | {"cases": times.cases, "escalated": times.escalated, "escalated_share": times.escalated_share}
