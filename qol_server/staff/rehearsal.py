"""Rule rehearsal: draft alert rules beside those in force, on the answers that the study has, and their activation."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, time
from time import thread_time
from typing import Any

from flask import Response, request

from qol_server.access import accounts
from qol_server.intake import rehearsal
from qol_server.intake.alerting import watches
from qol_server.library import drafts
from qol_server.staff.desk import WHOLE_STUDY, Desk, Pages
from qol_server.state import documents
from qol_server.trial import problems
from qol_server.trial.problems import Refused
from qol_server.trial.roles import Permission, Role

PAGES = Pages()
LONGEST = 15.0
"""Seconds of computing that a page may cost; `qol study rehearse` has no such limit."""
LONGEST_DRAFT = 200_000  # characters
MOST_SHOWN = 50
ROWS = (
    "alerts_a_week", "cases_a_week", "to_look_at_a_week", "alerts", "suppressed", "surveys", "cases", "anew", "participants",
)  # fmt: skip


@PAGES.get("/rehearsal", Permission.RULES_REHEARSE, at=WHOLE_STUDY)
def show(desk: Desk) -> Response:
    """The form; below it, where an activation was refused, what the draft would make once more."""
    draft, report = _draft(desk), None
    if desk.form("activate").is_posted:
        with suppress(Refused):  # the page says already what is wrong
            report = _report(desk, draft)
    return _page(desk, draft, report)


def _page(desk: Desk, draft: str, report: dict[str, Any] | None) -> Response:
    text, _ = documents.text(desk.tx, "protocol", desk.protocol.version)
    return desk.page(
        "rehearsal/show.html", title=desk.t("rehearsal.title"), draft=draft or drafts.alerts_of(text), report=report, rows=ROWS,
        version=desk.protocol.version, is_watched=watches(desk.protocol), most=MOST_SHOWN,
    )  # fmt: skip


@PAGES.post("/rehearsal", Permission.RULES_REHEARSE, at=WHOLE_STUDY, page=show)
def rehearse(desk: Desk) -> Response:
    """Judge the answers again."""
    form = desk.form("rehearse")
    form.day("since", required=False)
    draft = _draft(desk)
    if not draft.strip():
        form.wrong("draft", "form.required")
    if len(draft) > LONGEST_DRAFT:
        form.wrong("draft", "form.too_long", most=LONGEST_DRAFT)
    form.check()
    return _page(desk, draft, _report(desk, draft))


@PAGES.post("/rehearsal/activate", Permission.RULES_ACTIVATE, at=WHOLE_STUDY, page=show, step_up=True)
def activate(desk: Desk) -> Response:
    """Put the draft into force."""
    form = desk.form("activate")
    reason = form.text("reason")
    form.check()
    rehearsal.activate(desk.study, _draft(desk).encode(), amends=form.typed("amends"), actor=desk.actor, now=desk.now, reason=reason)
    return desk.go("/rehearsal", done="rehearsal.activated")


def _draft(desk: Desk) -> str:
    """What was uploaded, pasted or rehearsed before; "" where there is none."""
    file = request.files.get("file")
    if file is not None and file.filename:
        file.seek(0)  # it may have been read for this request already
        return str(file.read(LONGEST_DRAFT * 4), "utf-8", "replace")
    for name in ("rehearse", "activate"):
        if desk.form(name).is_posted:
            return desk.form(name).typed("draft").replace("\r\n", "\n")
    return ""


def _report(desk: Desk, draft: str) -> dict[str, Any]:
    """What the draft would make of the answers, of as many participants as there is time for."""
    day = desk.form("rehearse").day("since", required=False)
    since = None if day is None else datetime.combine(day, time(), UTC)
    try:
        with rehearsal.turn(desk.study, desk.actor):
            until = thread_time() + LONGEST
            read = rehearsal.read_draft(desk.study, draft.encode())
            told, left = rehearsal.compare(desk.study, read.present, read.protocol, since=since, is_over=lambda: thread_time() > until)
    except rehearsal.SomebodyElse as other:
        raise Refused(problems.REHEARSAL_RUNS, desk.t("rehearsal.runs", who=desk.who(other.actor))) from None
    tx = desk.staff.store.read()
    nurses = {site: len(accounts.reach(tx, Role.NURSE, desk.study.slug, site)) for site in desk.protocol.sites}
    return rehearsal.as_document(told, nurses) | {"left": left, "is_changed": read.protocol.alerts != read.present.alerts}
