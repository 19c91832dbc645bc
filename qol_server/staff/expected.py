"""Which levels are usual for a participant: those in force, what they have suppressed, and the form that sets one."""

from __future__ import annotations

from flask import Response, request

from qol_server.intake import casework
from qol_server.intake.casework import LONGEST_EXPECTED
from qol_server.staff.cases import found, named, site_of
from qol_server.staff.desk import Desk, Pages, number_site
from qol_server.staff.findings import Speaker
from qol_server.state import cases
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
    owners = _asked(desk, speaker)
    usual = [
        (speaker.say(owners.get(row["item"], ""), row["item"], str(row["level"])), row, named(desk, row["actor"]))
        for row in cases.usual(desk.tx, number, today)
    ]
    suppressed = [
        found(desk, speaker, (row["occurrence"] or "").partition("@")[0], row) for row in cases.suppressed(desk.tx, number, SHOWN)
    ]
    return desk.page(
        "expected/show.html", ending=[(row["item"], said.what) for said, row, _ in usual],
        title=desk.t("expected.title", number=number), number=number, usual=usual, suppressed=suppressed,
        zone=site_of(desk, participant.site).time_zone, choices=_choices(desk, speaker), last=today + LONGEST_EXPECTED, today=today,
        days=LONGEST_EXPECTED.days, may_set=desk.may(Permission.EXPECTED_LEVEL_SET, participant.site), case=request.args.get("case", ""),
    )  # fmt: skip


@PAGES.post(PATH, Permission.EXPECTED_LEVEL_SET, at=number_site, page=show)
def expect(desk: Desk, number: str) -> Response:
    """Set a level as expected, with the reason and its last day."""
    form = desk.form("expect")
    chosen = form.one_of("level", [code for code, _ in _choices(desk, Speaker(desk))])
    until, reason = form.day("until"), form.text("reason", most=500)
    form.check()
    item, _, level = chosen.rpartition("=")
    assert until is not None, "the form was checked"  # noqa: S101
    casework.expect(desk.study, number, item, int(level), until, reason=reason, actor=desk.actor, now=desk.now)
    return desk.go(PATH, done="level.expected", number=number)


@PAGES.post(f"{PATH}/end", Permission.EXPECTED_LEVEL_SET, at=number_site, page=show)
def end(desk: Desk, number: str) -> Response:
    """End a level that is in force, with the reason."""
    form = desk.form("end")
    item = form.one_of("item", [one.item for one in cases.expected(desk.tx, number)])
    reason = form.text("reason", most=500)
    form.check()
    casework.stop_expecting(desk.study, number, item, reason=reason, actor=desk.actor, now=desk.now)
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
