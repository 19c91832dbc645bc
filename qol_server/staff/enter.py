"""Answers given by telephone or on paper are typed in: what can be entered, and the instrument's own form."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from flask import Response

from qol_server.intake import typed
from qol_server.library import Wording
from qol_server.staff.course import reason_of, title_of
from qol_server.staff.desk import Desk, Pages, number_site
from qol_server.staff.forms import Form
from qol_server.state import participants, responses
from qol_server.state.responses import SECOND_COMPLETION
from qol_server.trial import diary, problems, response, schedule
from qol_server.trial.instrument import Answer, Answers, Instrument, Item, ItemType, as_data
from qol_server.trial.participant import Participant
from qol_server.trial.problems import Refused
from qol_server.trial.roles import Permission
from qol_server.trial.schedule import State

PAGES = Pages()
_PATH = "/participants/<number>/enter"
NEW = "new"
"""Stands for the visit of what has no calendar, before it is stored."""
MODES, WHO = ("telephone", "paper"), ("participant", "proxy", "staff")
MOST_MISSED = 40  # windows that are over, the last ones
TOLERANCE = timedelta(minutes=5)  # between the clocks of the nurse and the server
_INTAKE = re.compile(r"intake\.([1-9])\.[a-z]+")
_WHOLE = re.compile(r"-?[0-9]{1,15}")


@PAGES.get(_PATH, Permission.ANSWER_ENTER, at=number_site)
def choose(desk: Desk, number: str) -> Response:
    """What is open, late or missed, what has no calendar, and what was typed already."""
    participant = desk.participant(number)
    here = schedule.local(desk.now, participant.time_zone)
    calendar = [one for one in participants.assignments(desk.tx, number) if one.opens <= here.date()]
    serving = schedule.served(calendar, {name: _day(at) for name, at in responses.answered(desk.tx, number).items()})
    states = [(one, schedule.state(one, here, answered=one.occurrence in serving)) for one in calendar]
    return desk.page(
        "enter/choose.html", title=desk.t("enter.title", number=number), number=number, zone=participant.time_zone,
        open=[one for one, state in states if state in (State.OPEN, State.LATE)],
        missed=[one for one, state in states if state is State.MISSED][: -MOST_MISSED - 1 : -1],
        ad_hoc=[one.id for one in desk.protocol.assessments.values() if one.ad_hoc], typed=responses.typed(desk.tx, number)[:MOST_MISSED],
        title_of=lambda assessment: title_of(desk, assessment),
    )  # fmt: skip


def _day(captured: str) -> Any:
    return datetime.fromisoformat(captured[:10]).date()


@dataclass(frozen=True, slots=True)
class Sheet:
    """The form of one occurrence: its instrument in the words of the participant, and the response that stands, if any."""

    occurrence: str
    participant: Participant
    instrument: Instrument
    wording: Wording
    items: tuple[Item, ...]
    standing: Any

    @property
    def is_typed(self) -> bool:
        return self.standing is not None and self.standing["actor"].startswith("staff:")


def _sheet(desk: Desk, number: str, occurrence: str) -> Sheet:
    """Raises Refused(not-found) for what the study does not ask, or has no words for."""
    participant = desk.participant(number)
    assessment, _, visit = occurrence.partition("@")
    asked, tx = desk.protocol.assessments.get(assessment), desk.tx
    if asked is None or not visit or ((visit == NEW) and not asked.ad_hoc):
        raise Refused(problems.NOT_FOUND)
    version = desk.study.current(tx, "instrument", asked.instrument)
    words = desk.study.current(tx, "wording", asked.instrument, participant.language)
    if version is None or words is None:
        raise Refused(problems.NOT_FOUND)
    instrument = desk.study.instrument(tx, version)
    standing = responses.standing(tx, number, occurrence)
    return Sheet(
        occurrence, participant, instrument, desk.study.wording(tx, words), tuple(_shown(instrument, participant, visit)), standing
    )


def _shown(instrument: Instrument, participant: Participant, visit: str) -> list[Item]:
    """The items on the form: of a dose diary's intakes those prescribed on the day, and one more."""
    if instrument.id != diary.DOSE_DIARY:
        return list(instrument.items)
    most = _prescribed(participant, visit) + 1
    return [item for item in instrument.items if (found := _INTAKE.fullmatch(item.id)) is None or int(found[1]) <= most]


def _prescribed(participant: Participant, visit: str) -> int:
    try:
        in_force = diary.prescribed(participant, _day(visit))
    except ValueError:
        return 1
    return 1 if in_force is None else in_force.intakes_per_day


@PAGES.get(f"{_PATH}/<occurrence>", Permission.ANSWER_ENTER, at=number_site)
def sheet(desk: Desk, number: str, occurrence: str) -> Response:
    """The instrument's form in the participant's language; of what was typed already, with what stands."""
    there = _sheet(desk, number, occurrence)
    here = schedule.local(desk.now, there.participant.time_zone)
    standing = orjson.loads(there.standing["line"]) if there.is_typed else {}
    answers = standing.get("answers", {})
    codes = desk.protocol.reasons.get("correction", ())
    return desk.page(
        "enter/sheet.html", title=desk.t("enter.of", what=there.wording.title, number=number), number=number, there=there,
        entry=str(uuid.uuid4()), now_there=(standing.get("captured_at") or here.isoformat())[:16], standing=standing,
        reasons=[(code, reason_of(desk, code)) for code in codes], items=[_Shown.of(there, item, answers) for item in there.items],
        can_keep=desk.form("answers").error("keep") != "",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Shown:
    """One question as the form shows it. ``choices``: (code, label), coded non-answers last."""

    item: Item
    name: str
    text: str
    choices: tuple[tuple[str, str], ...]
    typed: Any
    when: str  # JSON of the condition under which it is asked; ""
    hint: str

    @classmethod
    def of(cls, there: Sheet, item: Item, answers: Mapping[str, Any]) -> _Shown:
        labels = there.wording.choices.get(item.choices or "", {})
        choices = [(str(code), labels.get(code, str(code))) for code in item.codes]
        choices += [(code, there.wording.non_answers.get(code, code)) for code in item.non_answers]
        answer = answers.get(item.id)
        when = "" if item.ask_when is None else orjson.dumps(as_data(item.ask_when)).decode()
        bounds = [str(bound) for bound in (item.at_least, item.at_most) if bound is not None]
        return cls(item, f"item.{item.id}", there.wording.items[item.id], tuple(choices), answer, when, " – ".join(bounds))

    @property
    def kind(self) -> str:
        """radio, checkbox, or the type of an input."""
        if self.item.type is ItemType.MULTIPLE:
            return "checkbox"
        if self.item.type is ItemType.CHOICE:
            return "radio"
        return {ItemType.DATE: "date", ItemType.TIME: "time"}.get(self.item.type, "text")


@PAGES.post(f"{_PATH}/<occurrence>", Permission.ANSWER_ENTER, at=number_site, page=sheet)
def enter(desk: Desk, number: str, occurrence: str) -> Response:
    """What was typed goes through the phones' door. What no answer can be is asked about once, then kept for review."""
    form, there = desk.form("answers"), _sheet(desk, number, occurrence)
    entry = form.typed("entry")
    zone = ZoneInfo(there.participant.time_zone)
    mode, by = form.one_of("mode", MODES), form.one_of("by", WHO)
    answered = form.moment("answered")
    if answered is not None and answered.replace(tzinfo=zone) > desk.now + TOLERANCE:
        form.wrong("answered", "enter.future")
    answers, odd = _answers(form, there)
    if odd and not form.is_ticked("keep"):
        for item in odd:
            form.wrong(f"item.{item}", "enter.not_allowed")
        form.wrong("keep", "enter.keep.ask")
    supersedes = form.typed("supersedes") or None
    codes = desk.protocol.reasons.get("correction", ())
    reason = (form.one_of("reason", codes) if codes else form.text("reason", most=500)) if supersedes else ""
    scan = form.text("scan", required=False, most=200)
    form.check()
    assert answered is not None, "checked"  # noqa: S101
    what = typed.Typed(
        entry, occurrence if not occurrence.endswith(f"@{NEW}") else f"{occurrence.removesuffix(NEW)}{entry}", there.instrument.id,
        there.instrument.version, there.wording.version, there.wording.language, mode, by, answered.replace(tzinfo=zone),
        there.participant.time_zone, answers, scan, supersedes, reason,
    )  # fmt: skip
    result = typed.enter(desk.study, number, what, actor=desk.actor, now=desk.now)
    done = "kept" if result.status == "quarantined" else "second" if SECOND_COMPLETION in result.flags else "stored"
    return desk.go(_PATH, number=number, done=f"enter.{done}")


def _answers(form: Form, there: Sheet) -> tuple[Answers, list[str]]:
    """Item id -> answer, and the items of which the answer is none that they allow.

    A question that was to be asked and stands empty is "not answered"; one that was not to be asked is left out.
    """
    given: dict[str, Answer] = {}
    for item in there.items:
        found = _answer(form, item)
        if found is not None:
            given[item.id] = found
    asked = set(response.asked(there.instrument, given))
    most = _prescribed(there.participant, there.occurrence.partition("@")[2])
    blank = [item.id for item in there.items if item.id in asked and item.id not in given and not _is_extra(item.id, most)]
    checker = response.compile(there.instrument)
    odd = [item for item, answer in given.items() if checker.check({item: answer}).problem is not None]
    order = [item.id for item in there.items]
    return {item: given.get(item) for item in order if item in given or item in blank}, odd


def _is_extra(item: str, most: int) -> bool:
    """Whether an empty question says nothing: an intake beyond those prescribed, the reason for a late diary."""
    found = _INTAKE.fullmatch(item)
    return item == "late_reason" or (found is not None and int(found[1]) > max(1, most))


def _answer(form: Form, item: Item) -> Answer:
    name = f"item.{item.id}"
    codes: dict[str, int | str] = {str(code): code for code in item.codes} | {code: code for code in item.non_answers}
    if item.type is ItemType.MULTIPLE:
        chosen = form.many_of(name, list(codes))
        alone = [code for code in chosen if code in item.non_answers]
        return alone[0] if alone and len(chosen) == 1 else [codes[code] for code in chosen] or None
    text = form.text(name, required=False)
    if not text:
        return None
    if text in codes:
        return codes[text]
    if item.type is ItemType.INTEGER and _WHOLE.fullmatch(text):
        return int(text)
    return text.replace(",", ".") if item.type is ItemType.DECIMAL else text
