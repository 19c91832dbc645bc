"""Which levels are usual for a participant: those in force and of earlier, what they have suppressed, how one is set or ended."""

from __future__ import annotations

from flask import Response, request

from qol_server.intake import expecting
from qol_server.intake.expecting import LONGEST_EXPECTED
from qol_server.staff.cases import found, named
from qol_server.staff.desk import Desk, Pages, number_site
from qol_server.staff.findings import Said, Speaker
from qol_server.state import cases, levels
from qol_server.store import Row
from qol_server.trial.facts import Kind
from qol_server.trial.instrument import ItemType
from qol_server.trial.roles import Permission
from qol_server.trial.schedule import local

PAGES = Pages()
PATH = "/participants/<number>/expected"
SHOWN = 50  # suppressed alerts


@PAGES.get(PATH, Permission.WORKLIST_SEE, at=number_site)
def show(desk: Desk, number: str) -> Response:
    """The participant's expected levels; ``case`` in the address: where the reader comes from."""
    participant, speaker = desk.participant(number), Speaker(desk)
    today = local(desk.now, participant.time_zone).date()
    suppressed = [
        found(desk, speaker, (row["occurrence"] or "").partition("@")[0], row) for row in cases.suppressed(desk.tx, number, SHOWN)
    ]
    usual = _told(desk, speaker, levels.usual(desk.tx, number, today))
    return desk.page(
        "expected/show.html", title=desk.t("expected.title", number=number), number=number, suppressed=suppressed, usual=usual,
        ending=[(str(row["position"]), f"{said.what} {said.value}") for said, row, _, _ in usual],
        earlier=_told(desk, speaker, levels.earlier(desk.tx, number, today)),
        zone=desk.protocol.site(participant.site).time_zone, choices=_choices(desk, speaker), last=today + LONGEST_EXPECTED, today=today,
        days=LONGEST_EXPECTED.days, may_set=desk.may(Permission.EXPECTED_LEVEL_SET, participant.site), case=request.args.get("case", ""),
    )  # fmt: skip


def _told(desk: Desk, speaker: Speaker, rows: list[Row]) -> list[tuple[Said, Row, str, str]]:
    """Levels in words: what it is, its row, who said so and why, and how it ended ("" while it is in force)."""
    owners = _asked(desk, speaker)
    return [
        (
            speaker.say(owners.get(row["item"], ""), row["item"], str(row["level"])), row,
            desk.t("case.suppressed.because", who=named(desk, row["actor"]), reason=row["reason"]), _end(desk, row),
        )
        for row in rows
    ]  # fmt: skip


def _end(desk: Desk, row: Row) -> str:
    if row["end_kind"] == Kind.LEVEL_ENDED:
        return desk.t("expected.ended.early", who=named(desk, row["end_actor"]), reason=row["end_reason"])
    return desk.t("expected.ended.replaced", who=named(desk, row["end_actor"])) if row["ended_at"] else ""


@PAGES.post(PATH, Permission.EXPECTED_LEVEL_SET, at=number_site, page=show)
def expect(desk: Desk, number: str) -> Response:
    """Set a level as expected, with the reason and its last day."""
    form = desk.form("expect")
    chosen = form.one_of("level", [code for code, _ in _choices(desk, Speaker(desk))])
    until, reason = form.day("until"), form.text("reason", most=500)
    form.check()
    item, _, level = chosen.rpartition("=")
    assert until is not None, "the form was checked"  # noqa: S101
    expecting.expect(desk.study, number, item, int(level), until, reason=reason, actor=desk.actor, now=desk.now, form=desk.form_id)
    return desk.go(PATH, done="level.expected", number=number)


@PAGES.post(f"{PATH}/end", Permission.EXPECTED_LEVEL_SET, at=number_site, page=show)
def end(desk: Desk, number: str) -> Response:
    """End a level that is in force, with the reason; one that was ended or replaced meanwhile is not."""
    form = desk.form("end")
    level = form.one_of("level", [str(position) for position in levels.said(desk.tx, number)])
    reason = form.text("reason", most=500)
    form.check()
    expecting.end(desk.study, number, int(level), reason=reason, actor=desk.actor, now=desk.now)
    return desk.go(PATH, done="level.ended", number=number)


def _asked(desk: Desk, speaker: Speaker) -> dict[str, str]:
    """Every item with numbered answers that the study asks, but for what is told when something happens -> an assessment that asks it."""
    return {
        item.id: assessment
        for assessment, asked in desk.protocol.assessments.items()
        if not asked.ad_hoc
        for item in speaker.items(assessment)
        if item.type is ItemType.CHOICE and any(isinstance(code, int) and code > 0 for code in item.codes)
    }


def _choices(desk: Desk, speaker: Speaker) -> list[tuple[str, str]]:
    """Each level that can be expected: "item=level", and in words."""
    return [
        (f"{item}={code}", f"{speaker.question(assessment, item)} {label}")
        for item, assessment in _asked(desk, speaker).items()
        for code, label in speaker.answers(assessment, item)
        if isinstance(code, int) and code > 0
    ]
