"""Call tasks at the desk: whom to telephone and what about, what was tried, and the reason that closes a call."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
from flask import Response, request

from qol_server import journal
from qol_server.access import pairing
from qol_server.intake import calls as callwork
from qol_server.intake.catalogue import LONGEST_NOTE
from qol_server.intake.pausing import DIED
from qol_server.intake.study import fact_of
from qol_server.staff import look, people
from qol_server.staff.cases import named
from qol_server.staff.desk import ANY_SITE, Desk, Pages
from qol_server.staff.findings import Speaker, code
from qol_server.state import calls, participants
from qol_server.store import Row
from qol_server.trial import problems, watching
from qol_server.trial.cases import Way
from qol_server.trial.participant import WITHOUT_END
from qol_server.trial.problems import Refused
from qol_server.trial.roles import Permission
from qol_server.trial.schedule import Assignment, local
from qol_server.trial.watching import Task

PAGES = Pages()
LIST, ONE = "/calls", "/calls/<int:call>"
PAGE = 50  # calls
LARGEST = 2**63  # no position reaches it
LAST_DAYS = 5  # of unknown ones that the list names
TOLD = (Task.OVERDUE, Task.UNKNOWN_DAYS, Task.UNREADABLE)
"""Calls in which the participant tells what is missing."""


def call_site(desk: Desk, call: int, **_: object) -> str | None:
    """The site of the call whose position stands in the address."""
    row = calls.call(desk.tx, call) if call < LARGEST else None
    return None if row is None else str(row["site"])


# The list


@dataclass(frozen=True, slots=True)
class Line:
    """One call as the list shows it. ``badly``: the assessments of which the participant answered too little in the beginning;
    ``apart``: what has to be known of the participant before anybody calls, in words."""

    call: Row
    task: str
    about: str
    owner: str
    zone: str
    badly: tuple[str, ...]
    apart: str


@PAGES.get(LIST, Permission.WORKLIST_SEE, at=ANY_SITE)
def listed(desk: Desk) -> Response:
    """The open calls of the person's sites; filters, order and page stand in the address, so that they survive a reload."""
    sites = desk.sites(Permission.WORKLIST_SEE)
    filters, order = _filters(sites), _order()
    wanted = (filters["site"],) if "site" in filters else sites
    chosen = {"task": filters.get("task"), "owner": desk.actor if "mine" in filters else None, "participant": filters.get("participant")}
    rows = calls.open_tasks(desk.tx, wanted, order=order, after=_after(order), limit=PAGE + 1, **chosen)
    following = None
    if len(rows) > PAGE:
        end = "~".join(str(part) for part in calls.page_end(rows[PAGE - 1], order))
        following = desk.url(LIST, query=filters | {"order": order, "after": end})
    return desk.page(
        "calls/list.html", title=desk.t("calls.title"), lines=_lines(desk, rows[:PAGE]), following=following, filters=filters, order=order,
        total=calls.count_open(desk.tx, sites), closed=_lines(desk, calls.closed_lately(desk.tx, wanted)), sites=sites,
        orders=list(calls.ORDERS), tasks=list(Task),
        said_dead=[(row, _zone(desk, row["site"])) for row in participants.said_dead(desk.tx, wanted)],
    )  # fmt: skip


def _filters(sites: tuple[str, ...]) -> dict[str, str]:
    """The filters that the address names, without those that say nothing."""
    allowed: dict[str, Collection[str]] = {"site": set(sites), "task": set(Task), "mine": {"yes"}}
    found = {name: request.args.get(name, "") for name in allowed}
    number = request.args.get("participant", "").strip()
    return {name: value for name, value in found.items() if value in allowed[name]} | ({"participant": number} if number else {})


def _order() -> str:
    order = request.args.get("order", "")
    return order if order in calls.ORDERS else next(iter(calls.ORDERS))


def _after(order: str) -> list[int | str] | None:
    """Where the page before ended; the first page for what is no such place."""
    parts = request.args.get("after", "").split("~")
    key = [int(part) if re.fullmatch("[0-9]{1,9}", part) else part for part in parts]
    return key if len(key) == len(calls.ORDERS[order]) and isinstance(key[-1], int) else None


def _lines(desk: Desk, rows: list[Row]) -> list[Line]:
    numbers = [row["participant"] for row in rows]
    badly, apart = flags(desk, numbers), people.all_apart(desk, numbers)
    return [
        Line(
            row,
            desk.t(f"calls.task.{row['task']}"),
            _about(desk, row),
            named(desk, row["owner"]),
            _zone(desk, row["site"]),
            badly[row["participant"]],
            apart[row["participant"]],
        )
        for row in rows
    ]


def flags(desk: Desk, numbers: list[str]) -> dict[str, tuple[str, ...]]:
    """By participant, the assessments of whose first two windows, or first fourteen days, less than 70 % were answered."""
    there = participants.load_all(desk.tx, numbers)
    begun = calls.beginnings(desk.tx, sorted(there), watching.FIRST_DAYS)
    return {
        number: tuple(_title(desk, name) for name in watching.began_badly(*begun[number], local(desk.now, one.time_zone).date()))
        for number, one in there.items()
    }


# One call


@dataclass(frozen=True, slots=True)
class Tried:
    """An attempt to reach the participant, in words."""

    at: str
    who: str
    way: str
    reached: bool
    note: str | None


@PAGES.get(ONE, Permission.WORKLIST_SEE, at=call_site)
def show(desk: Desk, call: int) -> Response:
    """What to do, what was tried, and how the call can be closed."""
    row = _row(desk, call)
    participant = desk.participant(row["participant"])
    if desk.failure is not None and desk.failure.problem is problems.CALL_CHANGED:  # whoever comes second sees who was first
        said = desk.t("calls.changed", state=desk.t(f"calls.state.{row['state']}"), who=named(desk, row["closed_by"] or row["owner"]))
        desk.failure = Refused(problems.CALL_CHANGED, said)
    appeal = _appeal(desk, row)
    return desk.page(
        "calls/show.html", title=desk.t("calls.one", task=desk.t(f"calls.task.{row['task']}"), number=participant.number), call=row,
        participant=participant, about=_about(desk, row, most=31), zone=_zone(desk, row["site"]), owner=named(desk, row["owner"]),
        closed_by=named(desk, row["closed_by"]), is_mine=row["owner"] == desk.actor, window=_window(desk, row), phones=_phones(desk, row),
        appeal=appeal, asked=None if appeal is None else desk.t(f"calls.help.{appeal['what']}"),
        tried=[_tried(desk, one) for one in calls.attempts(desk.tx, call)], badly=flags(desk, [participant.number])[participant.number],
        reasons=[(one, code(desk, one)) for one in watching.codes(desk.protocol, Task(row["task"]))], why=_why(desk, row),
        ways=[(str(way), desk.t(f"way.{way}")) for way in Way], is_data=Task(row["task"]) in watching.MISSING_DATA,
        enter=_entering(desk, row), apart=people.apart(desk, participant),
        paused=participant.is_paused(local(desk.now, participant.time_zone).date()),
        said_dead=participant.paused_until == WITHOUT_END,
    )  # fmt: skip


@PAGES.post(f"{ONE}/take", Permission.CALL_CLOSE, at=call_site, page=show)
def take(desk: Desk, call: int) -> Response:
    form = desk.form("take")
    seen = form.whole("seen")
    form.check()
    callwork.take(desk.study, call, seen=seen, actor=desk.actor, now=desk.now, form=desk.form_id)
    return desk.go(ONE, done="calls.taken", call=call)


@PAGES.post(f"{ONE}/attempt", Permission.CALL_CLOSE, at=call_site, page=show)
def attempt(desk: Desk, call: int) -> Response:
    form = desk.form("attempt")
    way, reached = form.one_of("way", [str(one) for one in Way]), form.one_of("reached", ("yes", "no"))
    note, seen = form.text("note", required=False, most=LONGEST_NOTE), form.whole("seen")
    form.check()
    callwork.attempt(
        desk.study, call, seen=seen, channel=Way(way), reached=reached == "yes", note=note, actor=desk.actor, now=desk.now,
        form=desk.form_id,
    )  # fmt: skip
    return desk.go(ONE, done="calls.attempted", call=call)


@PAGES.post(f"{ONE}/close", Permission.CALL_CLOSE, at=call_site, page=show)
def close(desk: Desk, call: int) -> Response:
    form = desk.form("close")
    why = form.one_of("reason", watching.codes(desk.protocol, Task(_row(desk, call)["task"])))
    note, seen = form.text("note", required=False, most=LONGEST_NOTE), form.whole("seen")
    form.check()
    callwork.close(desk.study, call, seen=seen, reason=why, note=note, actor=desk.actor, now=desk.now, form=desk.form_id)
    if why == DIED:
        return desk.go("/participants/<number>/dates", number=_row(desk, call)["participant"], done="calls.contact_paused")
    return desk.go(ONE, done="calls.closed", call=call)


def _row(desk: Desk, call: int) -> Row:
    row = calls.call(desk.tx, call)
    if row is None:
        raise Refused(problems.CALL_UNKNOWN)
    return row


def _entering(desk: Desk, row: Row) -> str | None:
    """Where what is told on the telephone can be typed in; None where the call is about something else, or the person may not."""
    if Task(row["task"]) not in TOLD or not desk.may(Permission.ANSWER_ENTER, row["site"]):
        return None
    here = "/participants/<number>/enter" + ("" if row["occurrence"] is None else "/<occurrence>")
    return desk.url(here, number=row["participant"], occurrence=row["occurrence"])


def _window(desk: Desk, row: Row) -> Assignment | None:
    return None if row["occurrence"] is None else participants.one_assignment(desk.tx, row["participant"], row["occurrence"])


def _phones(desk: Desk, row: Row) -> list[Row]:
    """The phones in use that the call is about, with when each was heard of."""
    if Task(row["task"]) not in (Task.SILENT_PHONE, Task.CLOCK_SUSPECT, Task.SEQUENCE_GAP, Task.UNKNOWN_DAYS):
        return []
    return [one for one in pairing.in_use(desk.tx, row["participant"]) if row["device"] in (None, one["device"])]


def _appeal(desk: Desk, row: Row) -> Mapping[str, Any] | None:
    """What the participant asked for, and wrote with it; None where the call is about something else, or it was blanked."""
    if row["what"] is None:
        return None
    [entry] = journal.read(desk.tx, row["about"] - 1, row["about"], 1)
    return {"what": row["what"], "note": fact_of(entry.line).get("note") if entry.line else None}


def _tried(desk: Desk, one: Row) -> Tried:
    return Tried(one["at"], named(desk, one["actor"]), desk.t(f"way.{one['channel']}"), bool(one["reached"]), one["note"])


def _why(desk: Desk, row: Row) -> str:
    """How a closed call ended, in words."""
    return code(desk, row["reason"]) if row["reason"] else desk.t(f"calls.settled.{row['settled']}") if row["settled"] else ""


# The weekly digest


@PAGES.get(f"{LIST}/digest", Permission.WORKLIST_SEE, at=ANY_SITE)
def digest(desk: Desk) -> Response:
    """What was overdue at each of the person's sites on its last Monday."""
    made = [(site, calls.digest(desk.tx, site)) for site in desk.sites(Permission.WORKLIST_SEE)]
    said = [
        (
            _site(desk, site), row,
            [] if row is None else [(number, _title(desk, about), due) for number, about, due in orjson.loads(row["lines"])],
            _zone(desk, site),
        )
        for site, row in made
    ]  # fmt: skip
    return desk.page("calls/digest.html", title=desk.t("calls.digest"), sites=said)


# Words


def _about(desk: Desk, row: Row, most: int = LAST_DAYS) -> str:
    """What a call is about, in a few words."""
    if row["what"] is not None:
        return desk.t(f"calls.help.{row['what']}")
    if row["occurrence"] is not None:
        assessment, _, visit = row["occurrence"].partition("@")
        return f"{_title(desk, assessment)} ({visit})"
    days = [date.fromisoformat(day) for day in orjson.loads(row["days"])]
    shown = ", ".join(_run(desk, first, last) for first, last in watching.runs(days[-most:]))
    return desk.t("calls.days.more", n=len(days) - most, days=shown) if len(days) > most else shown


def _run(desk: Desk, first: date, last: date) -> str:
    if first == last:
        return look.day(first, desk.language)
    return desk.t("calls.days.run", first=look.day(first, desk.language), last=look.day(last, desk.language))


def _title(desk: Desk, assessment: str) -> str:
    return Speaker(desk).title(assessment)


def _site(desk: Desk, site: str) -> str:
    there = desk.protocol.site(site)
    return site if there.name == site else f"{site} {there.name}"


def _zone(desk: Desk, site: str) -> str:
    return desk.protocol.site(site).time_zone
