"""The worklist: the open cases of the sites that somebody works at, the most urgent first, with the calls to make beside them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson
from flask import Response, request

from qol_server.intake.alerting import watches
from qol_server.staff import people
from qol_server.staff.cases import named
from qol_server.staff.desk import ANY_SITE, Desk, Pages
from qol_server.staff.findings import Said, Speaker
from qol_server.state import adverse_events, calls, cases, participants, worklist
from qol_server.state.adverse_events import Recorded
from qol_server.state.worklist import Order, Standing, Wanted
from qol_server.store import Row
from qol_server.trial import seriousness
from qol_server.trial.alerting import Urgency
from qol_server.trial.cases import Case, State, next_step, rungs
from qol_server.trial.roles import Permission
from qol_server.trial.seriousness import Clock

PAGES = Pages()
PAGE = 50  # cases
SHOWN = 3  # findings of a case
CALLS = 5  # calls beside the cases; the rest have a page of their own
MINE, NOBODYS = "mine", "nobody"
KEPT = "__Host-qol-worklist"
"""The cookie that keeps the filters; it counts in the session in which it was set, and holds nothing about participants."""


@dataclass(frozen=True, slots=True)
class Line:
    """One case as the worklist shows it. ``next_step``: (which, when due) of its clock; ``report``: how a serious one stands.
    ``apart``: what has to be known of the participant before anybody calls, in words."""

    case: Row
    there: Case
    about: str
    apart: str
    findings: list[Said]
    more: int
    zone: str
    owner: str
    may_work: bool
    next_step: tuple[int, datetime] | None
    report: Clock | None


@PAGES.get("/worklist", Permission.WORKLIST_SEE, at=ANY_SITE)
def show(desk: Desk) -> Response:
    """The worklist; filters that were set in this session come back with whoever comes without any."""
    kept = _kept(desk)
    if not request.args and kept:
        return desk.go("/worklist", query=kept)
    filters = _filters(desk)
    answer = desk.page(
        "worklist/show.html", title=desk.t("worklist.title"), filters=filters, choices=_choices(desk), **_rows(desk, filters),
        unsettled=people.unsettled(desk, Permission.WORKLIST_SEE),
        said_dead=len(participants.said_dead(desk.tx, desk.sites(Permission.WORKLIST_SEE))),
        poll=desk.url("/worklist/rows", query=filters | _after()), first=desk.url("/worklist", query=filters or {"all": 1}),
    )  # fmt: skip
    remembered = f"{_mark(desk)}.{urlencode(filters)}" if filters else ""
    answer.set_cookie(KEPT, remembered, path="/", secure=True, httponly=True, samesite="Strict", max_age=None if filters else 0)
    return answer


@PAGES.get("/worklist/rows", Permission.WORKLIST_SEE, at=ANY_SITE, polled=True)
def rows(desk: Desk) -> Response:
    """The cases alone, for the page that is open; nothing is sent where nothing has changed."""
    return desk.part("worklist/rows.html", **_rows(desk, _filters(desk)))


def _rows(desk: Desk, filters: Mapping[str, str]) -> dict[str, Any]:
    sites = desk.sites(Permission.WORKLIST_SEE)
    wanted = _wanted(desk, filters, sites)
    found = _page(desk, wanted)
    speaker = Speaker(desk)
    to_call = calls.open_tasks(desk.tx, sites, limit=CALLS)
    apart = people.all_apart(desk, [row["participant"] for row in (*found[:PAGE], *to_call)])
    following = None
    if len(found) > PAGE:
        after = "~".join(str(part) for part in worklist.key(wanted, found[PAGE - 1]))
        following = desk.url("/worklist", query=dict(filters) | {"after": after})
    load = worklist.load(desk.tx, sites)
    return {
        "lines": [_line(desk, row, speaker, apart[row["participant"]]) for row in found[:PAGE]], "following": following,
        "filtered": bool(filters),
        "shown": worklist.count(desk.tx, wanted) if filters else load.total, "load": load, "is_watched": watches(desk.protocol),
        "calls": [(call, desk.protocol.site(call["site"]).time_zone, apart[call["participant"]]) for call in to_call],
        "reports": _reports(desk, sites),
        "calls_total": calls.count_open(desk.tx, sites),
    }  # fmt: skip


def _reports(desk: Desk, sites: Collection[str]) -> list[tuple[Recorded, Clock, str]]:
    """The serious adverse events that nobody has reported, with their clock and the site's time zone; a case has its own line."""
    return [
        (each, seriousness.clock(each.report, desk.now), desk.protocol.site(site).time_zone)
        for each, site in adverse_events.unreported(desk.tx)
        if site in sites and each.report is not None
    ]


def _page(desk: Desk, wanted: Wanted) -> list[Row]:
    """One case more than a page has; the first page for a key of another order."""
    after = request.args.get("after", "")
    key = [int(part) if re.fullmatch("[0-9]{1,9}", part) else part for part in after.split("~")] if after else None
    try:
        return worklist.page(desk.tx, wanted, key, PAGE + 1)
    except ValueError:
        return worklist.page(desk.tx, wanted, None, PAGE + 1)


def _line(desk: Desk, row: Row, speaker: Speaker, apart: str) -> Line:
    there, site = cases.of_row(row), desk.protocol.site(row["site"])
    findings = speaker.known(there.assessment, orjson.loads(row["known"]))
    return Line(
        row, there, speaker.title(there.assessment), apart, findings[:SHOWN], max(0, len(findings) - SHOWN), site.time_zone,
        named(desk, there.owner), there.state is State.RAISED and desk.may(Permission.CASE_WORK, site.id),
        next_step(there, rungs(there, desk.protocol), site),
        None if there.serious is None else seriousness.clock(there.serious, desk.now),
    )  # fmt: skip


# Filters


def _choices(desk: Desk) -> dict[str, list[tuple[str, str]]]:
    """What can be filtered by, and the order: name -> [(code, words)]."""
    speaker, protocol = Speaker(desk), desk.protocol
    sites = desk.sites(Permission.WORKLIST_SEE)
    return {
        "site": [(site, f"{site} {protocol.site(site).name}") for site in sites] if len(sites) > 1 else [],
        "urgency": [(one, desk.t(f"urgency.{one}")) for one in Urgency],
        "owner": [(one, desk.t(f"worklist.owner.{one}")) for one in (MINE, NOBODYS)],
        "assessment": [(one, speaker.title(one)) for one in protocol.assessments],
        "standing": [(one, desk.t(f"worklist.standing.{one}")) for one in Standing],
        "order": [(one, desk.t(f"worklist.order.{one}")) for one in Order],
    }


def _filters(desk: Desk) -> dict[str, str]:
    """The filters that the address names, without those that say nothing."""
    allowed = {name: {code for code, _ in choices} for name, choices in _choices(desk).items()}
    given = {name: request.args.get(name, "") for name in allowed}
    return {name: code for name, code in given.items() if code in allowed[name] and (name, code) != ("order", Order.URGENCY)}


def _wanted(desk: Desk, filters: Mapping[str, str], sites: tuple[str, ...]) -> Wanted:
    urgency, standing = filters.get("urgency"), filters.get("standing")
    owner = {MINE: desk.actor, NOBODYS: ""}.get(filters.get("owner", ""))
    return Wanted(
        (filters["site"],) if "site" in filters else sites, None if urgency is None else Urgency(urgency), owner,
        filters.get("assessment"), None if standing is None else Standing(standing), Order(filters.get("order", Order.URGENCY)),
    )  # fmt: skip


def _after() -> dict[str, str]:
    return {"after": request.args["after"]} if "after" in request.args else {}


def _mark(desk: Desk) -> str:
    """Stands for the session: on a shared computer nobody works behind another's filters."""
    return hashlib.sha256(f"{desk.study.slug} {desk.session.login} {desk.session.opened_at}".encode()).hexdigest()[:16]


def _kept(desk: Desk) -> dict[str, str]:
    mark, _, query = request.cookies.get(KEPT, "").partition(".")
    return dict(parse_qsl(query)) if mark == _mark(desk) else {}
