"""What a participant takes besides the study's drug: listed, written down, changed; what the rules have against it is shown."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response

from qol_server.intake import medicating
from qol_server.intake.course_shapes import ATC
from qol_server.intake.medicating import Written
from qol_server.staff.course import said
from qol_server.staff.desk import Desk, Pages, number_site
from qol_server.staff.forms import Form
from qol_server.state import medicines as kept
from qol_server.store import Row
from qol_server.trial import problems
from qol_server.trial.medicines import Medicine, Purpose
from qol_server.trial.problems import Refused
from qol_server.trial.roles import Permission

PAGES = Pages()
_PATH = "/participants/<number>/medicines"
STILL, OVER, NOT_KNOWN = "ongoing", "ended", "not-known"


@PAGES.get(_PATH, Permission.PARTICIPANT_SEE, at=number_site)
def show(desk: Desk, number: str) -> Response:
    """All of them, and the form for another one."""
    return desk.page(
        "medicines/show.html", title=desk.t("medicines.title", number=number), number=number,
        listed=[(row, _found(desk, orjson.loads(row["findings"]))) for row in kept.of(desk.tx, number)],
        may_write=desk.may(Permission.MEDICINE_WRITE, number_site(desk, number)), **_form_values(desk, number, "medicine"),
    )  # fmt: skip


@PAGES.post(_PATH, Permission.MEDICINE_WRITE, at=number_site, page=show)
def write_down(desk: Desk, number: str) -> Response:
    """A medicine; where a rule has something against it, what was decided is asked for."""
    form = desk.form("medicine")
    written = _written(form)
    form.check()
    medicating.write_down(desk.study, number, desk.form_id, written, actor=desk.actor, now=desk.now)
    return desk.go(_PATH, number=number, done="medicines.recorded")


@PAGES.get(f"{_PATH}/<medicine>", Permission.PARTICIPANT_SEE, at=number_site)
def one(desk: Desk, number: str, medicine: str) -> Response:
    """One of them, with the form in which it is changed."""
    row = _row(desk, number, medicine)
    return desk.page(
        "medicines/one.html", title=row["name"], number=number, row=row, found=_found(desk, orjson.loads(row["findings"])),
        may_write=desk.may(Permission.MEDICINE_WRITE, number_site(desk, number)), **_form_values(desk, number, "change", row),
    )  # fmt: skip


@PAGES.post(f"{_PATH}/<medicine>", Permission.MEDICINE_WRITE, at=number_site, page=one)
def change(desk: Desk, number: str, medicine: str) -> Response:
    """What is known of it now, with the reason."""
    form = desk.form("change")
    _row(desk, number, medicine)
    written, reason, seen = _written(form), form.text("reason", most=500), form.whole("seen")
    form.check()
    medicating.change(desk.study, number, medicine, written, actor=desk.actor, now=desk.now, reason=reason, seen=seen)
    return desk.go(_PATH, number=number, done="medicines.changed")


def _row(desk: Desk, number: str, medicine: str) -> Row:
    """Raises Refused(not-found)."""
    row = kept.one(desk.tx, number, medicine)
    if row is None:
        raise Refused(problems.NOT_FOUND)
    return row


def _written(form: Form) -> Written:
    """What the form says; mistakes are noted beside their fields."""
    name, indication = form.text("name", most=200), form.text("indication", most=500)
    code = form.text("code", required=False, most=7).upper()
    if code and not ATC.fullmatch(code):
        form.wrong("code", "medicines.code.wrong")
    purpose = form.one_of("purpose", list(Purpose))
    start, standing = form.day("start", required=False), form.one_of("standing", (STILL, OVER, NOT_KNOWN))
    end = form.day("end", required=standing == OVER)
    medicine = Medicine(name, code or None, Purpose(purpose or Purpose.UNKNOWN), start, end if standing == OVER else None)
    dose, deviation = form.text("dose", required=False, most=200), form.text("deviation", required=False, most=1000)
    return Written(medicine, indication, dose, standing == STILL, deviation)


def _form_values(desk: Desk, number: str, name: str, row: Row | None = None) -> dict[str, Any]:
    """What the form's template needs: what stands now, the choices, and what the rules found in what was just refused."""
    form, found = desk.form(name), []
    if desk.failure is not None and desk.failure.problem is problems.UNCONFIRMED:
        against = medicating.findings(desk.study, desk.tx, number, _written(form).medicine)
        found = _found(desk, [{"rule": each.rule.id, "why": str(each.why)} for each in against])
    there = {} if row is None else dict(row) | {"standing": STILL if row["ongoing"] else OVER if row["end"] else NOT_KNOWN}
    return {
        "form": form, "there": there, "against": found,
        "purposes": [(str(purpose), desk.t(f"medicines.purpose.{purpose}")) for purpose in Purpose],
        "standings": [(standing, desk.t(f"medicines.{standing}")) for standing in (STILL, OVER, NOT_KNOWN)],
    }  # fmt: skip


def _found(desk: Desk, findings: list[dict[str, str]]) -> list[str]:
    """Findings in words: the group of medicines, and what the rule has against it."""
    rules = {rule.id: rule for rule in desk.protocol.concomitant_rules}
    return [
        desk.t(
            f"medicines.why.{each['why']}",
            group=said(desk, f"medicines.group.{each['rule']}", rules[each["rule"]].medicines if each["rule"] in rules else each["rule"]),
        )
        for each in findings
    ]
