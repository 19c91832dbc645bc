"""What is prescribed to a participant: what is in force when, a new dose or a hold, and a wrongly dated one put right."""

from __future__ import annotations

import re
from datetime import date

from flask import Response

from qol_server.intake import conduct, prescribing
from qol_server.staff import look
from qol_server.staff.course import reason_of
from qol_server.staff.desk import Desk, Pages, number_site
from qol_server.state import participants
from qol_server.store import Row
from qol_server.trial import problems, schedule
from qol_server.trial.prescribing import TOMORROW, Doubt
from qol_server.trial.problems import Refused
from qol_server.trial.roles import Permission

PAGES = Pages()
_PATH = "/participants/<number>/treatment"
HOLD = "hold"
DOUBTS = tuple(str(doubt) for doubt in Doubt)


@PAGES.get(_PATH, Permission.PARTICIPANT_SEE, at=number_site)
def show(desk: Desk, number: str) -> Response:
    """What is in force when, what was ever written down, and the form for what comes next."""
    participant, treatment = desk.participant(number), desk.protocol.treatment
    history = participants.prescriptions(desk.tx, number)
    standing = [row for row in history if row["standing"]]
    today = schedule.local(desk.now, participant.time_zone).date()
    in_force = [row for row in standing if row["day"] <= today.isoformat()]
    return desk.page(
        "treatment/show.html", title=desk.t("treatment.title", number=number), number=number, today=today, treatment=treatment,
        standing=[(row, _until(row, standing)) for row in standing], history=history, now_on=in_force[-1] if in_force else None,
        tomorrow=today + TOMORROW, last=prescribing.last(history), reasons=_reasons(desk), doubts=_doubts(desk, "prescribe"),
        zone=desk.protocol.site(participant.site).time_zone,
        reason_of=lambda code: reason_of(desk, code), may_write=desk.may(Permission.PRESCRIPTION_WRITE, participant.site),
        regimens=[] if treatment is None else list(treatment.regimens.values()),
    )  # fmt: skip


def _until(row: Row, standing: list[Row]) -> date | None:
    """The last day of a prescription; None for the one that is not followed by another."""
    later = [date.fromisoformat(one["day"]) for one in standing if one["day"] > row["day"]]
    return date.fromordinal(min(later).toordinal() - 1) if later else None


def _reasons(desk: Desk) -> list[tuple[str, str]]:
    codes = dict.fromkeys((*desk.protocol.reasons.get("hold", ()), *desk.protocol.reasons.get("dose_change", ())))
    return [(code, reason_of(desk, code)) for code in codes]


def _doubts(desk: Desk, form: str) -> list[tuple[str, str]]:
    """What is odd about what was just refused, also what was confirmed already, in words."""
    refused = desk.failure
    if refused is None or refused.problem is not problems.UNCONFIRMED:
        return []
    odd = {each["what"] for each in refused.errors} | set(desk.form(form).many_of("confirm", DOUBTS))
    return [(doubt, desk.t(f"doubt.{doubt}")) for doubt in DOUBTS if doubt in odd]


@PAGES.post(_PATH, Permission.PRESCRIPTION_WRITE, at=number_site, page=show)
def prescribe(desk: Desk, number: str) -> Response:
    """A dose or a hold from a day on."""
    form, treatment = desk.form("prescribe"), desk.protocol.treatment
    what = form.one_of("what", [HOLD, *(treatment.regimens if treatment else ())])
    day = form.day("day")
    codes = desk.protocol.reasons.get("hold" if what == HOLD else "dose_change", ())
    reason = form.one_of("reason", codes) if codes else form.text("reason", most=60)
    note, seen = form.text("note", required=False, most=500), form.whole("seen")
    confirmed = form.many_of("confirm", DOUBTS)
    form.check()
    assert day is not None  # noqa: S101 - checked
    conduct.prescribe(
        desk.study, number, None if what == HOLD else what, day, actor=desk.actor, now=desk.now, reason=reason, note=note,
        confirmed=confirmed, seen=seen,
    )  # fmt: skip
    return desk.go(_PATH, number=number, done="treatment.prescribed")


@PAGES.get(f"{_PATH}/<position>", Permission.PARTICIPANT_SEE, at=number_site)
def one(desk: Desk, number: str, position: str) -> Response:
    """One prescription, and the form in which its day is put right."""
    history = participants.prescriptions(desk.tx, number)
    row = next((each for each in history if str(each["position"]) == position), None)
    if row is None:
        raise Refused(problems.NOT_FOUND)
    site = number_site(desk, number)
    return desk.page(
        "treatment/one.html", title=desk.t("treatment.one", day=look.day(row["day"], desk.language)), number=number, row=row,
        doubts=_doubts(desk, "correct"),
        last=prescribing.last(history), reason_of=lambda code: reason_of(desk, code), zone=desk.protocol.site(site or "").time_zone,
        may_write=desk.may(Permission.PRESCRIPTION_WRITE, site) and row["corrected_by"] is None,
    )  # fmt: skip


@PAGES.post(f"{_PATH}/<position>", Permission.PRESCRIPTION_WRITE, at=number_site, page=one)
def correct(desk: Desk, number: str, position: str) -> Response:
    """It holds from another day, or was never prescribed."""
    form = desk.form("correct")
    how = form.one_of("how", ("moved", "never"))
    day = form.day("day", required=how == "moved")
    reason, seen, confirmed = form.text("reason", most=500), form.whole("seen"), form.many_of("confirm", DOUBTS)
    form.check()
    made = int(position) if re.fullmatch("[0-9]{1,15}", position) else 0
    prescribing.correct(
        desk.study, number, made, day if how == "moved" else None, actor=desk.actor, now=desk.now, reason=reason, confirmed=confirmed,
        seen=seen,
    )  # fmt: skip
    return desk.go(_PATH, number=number, done="treatment.corrected")
