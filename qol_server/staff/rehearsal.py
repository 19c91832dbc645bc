"""Rule rehearsal: draft alert rules beside those in force, on the answers that the study has, and their activation."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

from flask import Response, request

from qol_server.access import accounts
from qol_server.intake import rehearsal
from qol_server.intake.alerting import watches
from qol_server.library import drafts
from qol_server.staff.desk import WHOLE_STUDY, Desk, Pages
from qol_server.state import documents
from qol_server.trial import problems
from qol_server.trial.roles import Permission, Role

PAGES = Pages()
MOST_JUDGED = 100_000
"""Surveys that a page judges again; `qol study rehearse` has no such limit."""
LONGEST_DRAFT = 200_000  # characters
MOST_SHOWN = 50
ROWS = (
    "alerts_a_week", "cases_a_week", "to_look_at_a_week", "alerts", "suppressed", "surveys", "cases", "anew", "participants",
)  # fmt: skip


@PAGES.get("/rehearsal", Permission.RULES_REHEARSE, at=WHOLE_STUDY)
def show(desk: Desk) -> Response:
    """The form, and below it what a draft would make of the answers, once there is one."""
    draft, report = _draft(desk), None
    if draft and not desk.form("rehearse").errors and (desk.failure is None or desk.failure.problem is not problems.BAD_STUDY_FILE):
        report = _report(desk, draft)
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
    rehearsal.read_draft(desk.study, draft.encode())
    return show(desk)


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
    read = rehearsal.read_draft(desk.study, draft.encode())
    day = desk.form("rehearse").day("since", required=False)
    since = None if day is None else datetime.combine(day, time(), UTC)
    told, everybody = rehearsal.compare(desk.study, read.present, read.protocol, since=since, most=MOST_JUDGED)
    tx = desk.staff.store.read()
    nurses = {site: len(accounts.reach(tx, Role.NURSE, desk.study.slug, site)) for site in desk.protocol.sites}
    return rehearsal.as_document(told, nurses) | {"everybody": everybody, "is_changed": read.protocol.alerts != read.present.alerts}
