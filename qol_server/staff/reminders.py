"""The ledger of a participant's messages: what was sent by which channel, how far each came, and why one did not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flask import Response, request

from qol_server.contacts import PUSH
from qol_server.intake.delivered import UNDELIVERED
from qol_server.messaging.sending import NO_ADDRESS, NOT_SET_UP
from qol_server.staff import look
from qol_server.staff.course import title_of
from qol_server.staff.desk import Desk, Pages, number_site
from qol_server.state import participants
from qol_server.trial.facts import Kind
from qol_server.trial.reminding import Outcome
from qol_server.trial.roles import Permission
from qol_server.trial.schedule import local
from qol_server.views.ledger import Line, ledger

PAGES = Pages()
A_PAGE = 50  # messages
BADGES = {
    Outcome.SENT: "good", Outcome.INTENDED: "plain", Outcome.DEFERRED: "soon", Outcome.FAILED: "now", Outcome.CANCELLED: "plain",
}  # fmt: skip
_WHY = {
    NO_ADDRESS: "no_address", NOT_SET_UP: "not_set_up", "no phone takes reminders": "no_phone", "the outcome is unknown": "unknown",
    "it is not due any more": "not_due", str(Kind.ANCHOR_SET): "ended", str(Kind.WITHDRAWAL_RECORDED): "ended",
    str(Kind.CONTACT_PAUSED): "paused", UNDELIVERED: "undelivered",
}  # fmt: skip
_ANSWERED = re.compile(r"answered ([0-9]{3})")


@PAGES.get("/participants/<number>/reminders", Permission.PARTICIPANT_SEE, at=number_site)
def show(desk: Desk, number: str) -> Response:
    """The messages, the latest first, a page of them at a time."""
    asked = request.args.get("page", "1")
    page = max(1, int(asked)) if asked.isascii() and asked.isdigit() and len(asked) <= 4 else 1
    participant = desk.participant(number)
    lines = ledger(desk.tx, number, limit=A_PAGE + 1, after=(page - 1) * A_PAGE)
    today = local(desk.now, participant.time_zone).date()
    return desk.page(
        "reminders/show.html", title=desk.t("reminders.title", number=number), number=number, zone=participant.time_zone,
        rows=[_row(desk, line) for line in lines[:A_PAGE]], page=page, has_more=len(lines) > A_PAGE,
        phones=len(desk.study.contacts.names(number, PUSH)),
        pause=participants.the_pause(desk.tx, number) if participant.is_paused(today) else None,
    )  # fmt: skip


def _row(desk: Desk, line: Line) -> dict[str, object]:
    assessment, _, visit = line.occurrence.partition("@")
    return {
        "about": f"{title_of(desk, assessment)} · {look.visit(visit, desk.language)}",
        "channel": desk.t(f"reminders.by.{line.channel}"), "due_at": line.due_at,
        "state": desk.t(f"reminders.state.{line.outcome}"), "badge": BADGES[line.outcome], "why": _why(desk, line),
        "steps": [(desk.t(f"reminders.step.{word}"), at) for word, at in _steps(line)],
    }  # fmt: skip


def _steps(line: Line) -> Iterator[tuple[str, str]]:
    """How far a message came, step by step."""
    steps = (
        ("intended", line.intended_at), ("sent", line.sent_at), ("delivered", line.delivered_at), ("shown", line.shown_at),
        ("opened", line.opened_at), ("dismissed", line.dismissed_at), ("answered", line.answered_at),
    )  # fmt: skip
    yield from ((word, at) for word, at in steps if at is not None)


def _why(desk: Desk, line: Line) -> str:
    if line.why is None or line.outcome is Outcome.SENT:
        return ""
    answered = _ANSWERED.search(line.why)
    if answered is not None:
        return desk.t("reminders.why.answered", status=answered[1])
    return desk.t(f"reminders.why.{_WHY.get(line.why, 'other')}")
