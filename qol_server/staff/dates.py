"""Dates of a participant: what happened when, who withdrew from what, a mistake taken back, a pause; each seen before it counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson
from flask import Response

from qol_server import journal
from qol_server.intake import conduct, dating, pausing
from qol_server.intake.dating import As
from qol_server.staff import look
from qol_server.staff.course import anchor_of, title_of, withdrawal_of
from qol_server.staff.desk import Desk, Pages, number_site
from qol_server.staff.forms import Form
from qol_server.staff.words import WORDS
from qol_server.state import participants
from qol_server.trial import problems, rescheduling, schedule
from qol_server.trial.facts import Kind
from qol_server.trial.participant import WITHOUT_END, Participant
from qol_server.trial.problems import Refused
from qol_server.trial.rescheduling import Change, Turn
from qol_server.trial.roles import Permission

PAGES = Pages()
_PATH = "/participants/<number>/dates"
ENDING = ("death", "study_end")
"""Anchors that end a participation; they are confirmed with the password, as every withdrawal is."""
START = "treatment_start"
TAKE_BACK, CONFIRM = "take_back", "confirm"
_HISTORY = (Kind.ANCHOR_SET, Kind.ANCHOR_REVOKED, Kind.WITHDRAWAL_RECORDED, Kind.WITHDRAWAL_REVOKED)


@PAGES.get(_PATH, Permission.PARTICIPANT_SEE, at=number_site)
def show(desk: Desk, number: str) -> Response:
    """What is known, what stops with each withdrawal, and the forms."""
    participant, protocol = desk.participant(number), desk.protocol
    if desk.failure is not None and desk.failure.problem is problems.CHANGED_MEANWHILE:
        desk.failure = Refused(problems.CHANGED_MEANWHILE, _stands(desk, participant))
    today = schedule.local(desk.now, participant.time_zone).date()
    anchors = [(name, anchor_of(desk, name)) for name in protocol.anchors if name not in dating.OF_ENROLMENT]
    kinds = [(f"withdrawal.{kind}", withdrawal_of(desk, kind)) for kind in protocol.withdrawals]
    known = [(name, said) for name, said in (*anchors, *kinds) if _known(participant, name)]
    return desk.page(
        "dates/show.html", title=desk.t("dates.title", number=number), number=number, participant=participant, today=today,
        anchors=[(anchor_of(desk, name), participant.anchors.get(name, ())) for name in protocol.anchors],
        withdrawals=[(withdrawal_of(desk, kind), _effect(desk, f"withdrawal.{kind}"), participant.withdrawals.get(kind))
                     for kind in protocol.withdrawals],
        names=[*anchors, *kinds], known=known,
        pause=participants.the_pause(desk.tx, number) if participant.is_paused(today) else None,
        history=_history(desk, number), may_write=desk.may(Permission.ANCHOR_WRITE, participant.site),
        zone=protocol.site(participant.site).time_zone,
    )  # fmt: skip


def _known(participant: Participant, name: str) -> Sequence[date]:
    """The days recorded under an anchor or ``withdrawal.<kind>``."""
    if name.startswith("withdrawal."):
        kind = name.removeprefix("withdrawal.")
        return [participant.withdrawals[kind]] if kind in participant.withdrawals else []
    return participant.anchors.get(name, ())


def _named(desk: Desk, name: str) -> str:
    return withdrawal_of(desk, name.removeprefix("withdrawal.")) if name.startswith("withdrawal.") else anchor_of(desk, name)


def _stands(desk: Desk, participant: Participant) -> str:
    """What is recorded now of what was asked for, in words: whoever comes second, or sends it twice, is told."""
    name = desk.form(CONFIRM).typed("what")
    days = [look.day(day, desk.language) for day in _known(participant, name)]
    return desk.t("dates.stands", what=_named(desk, name), days=", ".join(days) or desk.t("dates.not_known"))


def _effect(desk: Desk, name: str) -> str:
    """What stops, in words: a withdrawal's from the study's file, an anchor's where it ends something."""
    if name.startswith("withdrawal."):
        texts = desk.protocol.withdrawal_effects.get(name.removeprefix("withdrawal."), {})
        return texts.get(desk.language) or next(iter(texts.values()), "")
    return desk.t(f"effect.{name}") if f"effect.{name}" in WORDS else ""


def _history(desk: Desk, number: str) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for entry in journal.of_participant(desk.tx, number, _HISTORY):
        fact = orjson.loads(entry.line)
        what = _named(desk, fact["anchor"] if "anchor" in fact else f"withdrawal.{fact['kind']}")
        if entry.kind in (Kind.ANCHOR_REVOKED, Kind.WITHDRAWAL_REVOKED):
            what = desk.t("dates.revoked", what=what)
        found.append({"what": what, "day": fact.get("date"), "by": entry.actor, "at": entry.received_at, "why": entry.reason})
    return found


# What is asked for


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form asks for. ``name``: an anchor or ``withdrawal.<kind>``; ``nth``: which time of the anchor; ``seen``: the days that
    stood there when it was looked at."""

    name: str
    day: date | None
    is_taken_back: bool
    again: bool
    reason: str
    nth: int
    seen: Sequence[date]

    @property
    def kind(self) -> str:
        """The kind of withdrawal; "" for an anchor."""
        return self.name.removeprefix("withdrawal.") if self.name.startswith("withdrawal.") else ""

    @property
    def is_grave(self) -> bool:
        return bool(self.kind) or self.name in ENDING

    def become(self) -> As:
        """The participant as they would be."""
        if self.is_taken_back:
            return lambda one: rescheduling.without_withdrawal(one, self.kind) if self.kind else rescheduling.without_anchor(one, self.name)
        day = self.day
        assert day is not None, "checked"  # noqa: S101
        return lambda one: (
            rescheduling.with_withdrawal(one, self.kind, day) if self.kind else rescheduling.with_anchor(one, self.name, self.nth, day)
        )


def _asked(desk: Desk, number: str, form: Form) -> Asked:
    """What a form says, checked against what is known. Raises Refused(form-wrong)."""
    participant, protocol = desk.participant(number), desk.protocol
    names = [name for name in protocol.anchors if name not in dating.OF_ENROLMENT] + [f"withdrawal.{kind}" for kind in protocol.withdrawals]
    is_taken_back = form.name == TAKE_BACK or form.typed("act") == TAKE_BACK
    name = form.one_of("what", names)
    known = _known(participant, name)
    day = known[-1] if is_taken_back and known else None if is_taken_back else form.day("day")
    again = form.is_ticked("again") and bool(known) and not name.startswith("withdrawal.")
    is_confirmed = form.name == CONFIRM  # against what was seen then: it may be done already, or not as it was any more
    reason = form.text("reason", required=is_taken_back or bool(known and not again and not is_confirmed), most=500)
    if is_taken_back and name and not known and not is_confirmed:
        form.wrong("what", "dates.not_known")
    seen = form.days("known") if is_confirmed else known
    form.check()
    return Asked(name, day, is_taken_back, again, reason, len(known) + 1 if again else max(1, len(known)), seen)


# What changes


@PAGES.post(f"{_PATH}/preview", Permission.ANCHOR_WRITE, at=number_site, page=show)
def preview(desk: Desk, number: str) -> Response:
    """What a date, or taking one back, would change; nothing is recorded."""
    asked = _asked(desk, number, desk.form("take_back" if desk.form("take_back").is_posted else "change"))
    changes = dating.preview(desk.study, desk.tx, desk.participant(number), asked.become())
    assert asked.day is not None, "checked"  # noqa: S101
    key = "dates.preview.take" if asked.is_taken_back else "dates.preview.set"
    return desk.page(
        "dates/preview.html", title=desk.t(key, what=_named(desk, asked.name), day=look.day(asked.day, desk.language)), number=number,
        asked=asked, effect="" if asked.is_taken_back else _effect(desk, asked.name), groups=_groups(desk, changes),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Group:
    """Windows of one assessment that share their fate. ``visits``: their names, where they are no days."""

    turn: Turn
    title: str
    count: int
    first: date
    last: date
    visits: tuple[str, ...]


def _groups(desk: Desk, changes: Sequence[Change]) -> list[Group]:
    grouped: dict[tuple[Turn, str], list[Change]] = {}
    for change in changes:
        grouped.setdefault((change.turn, change.window.assessment), []).append(change)
    order = list(Turn)
    return [
        Group(
            turn, title_of(desk, assessment), len(ones), min(one.window.target for one in ones), max(one.window.target for one in ones),
            tuple(one.window.visit for one in ones if one.window.visit != one.window.target.isoformat()),
        )
        for (turn, assessment), ones in sorted(grouped.items(), key=lambda pair: (order.index(pair[0][0]), pair[0][1]))
    ]  # fmt: skip


# What is recorded


@PAGES.post(f"{_PATH}/record", Permission.ANCHOR_WRITE, at=number_site, page=show)
def record(desk: Desk, number: str) -> Response:
    """A date that ends no participation."""
    asked = _asked(desk, number, desk.form(CONFIRM))
    if asked.is_grave:
        desk.form(CONFIRM).wrong("what", "form.choose")
        desk.form(CONFIRM).check()
    return _record(desk, number, asked)


@PAGES.post(f"{_PATH}/end", Permission.ANCHOR_WRITE, at=number_site, page=show, step_up=True)
def end(desk: Desk, number: str) -> Response:
    """A death, the end of the study, a withdrawal; or such a thing taken back."""
    return _record(desk, number, _asked(desk, number, desk.form(CONFIRM)))


def _record(desk: Desk, number: str, asked: Asked) -> Response:
    study, act = desk.study, dict[str, Any]({"reason": asked.reason or None, "seen": asked.seen, "actor": desk.actor, "now": desk.now})
    if asked.is_taken_back:
        take_back = dating.take_back_withdrawal if asked.kind else dating.take_back_anchor
        take_back(study, number, asked.kind or asked.name, **act)
        return desk.go(_PATH, number=number, done="dates.taken_back")
    assert asked.day is not None, "checked"  # noqa: S101
    if asked.kind:
        conduct.withdraw(study, number, asked.kind, asked.day, **act)
    elif asked.name == START and not asked.again:
        conduct.start_treatment(study, number, asked.day, **act)
    else:
        conduct.set_anchor(study, number, asked.name, asked.day, again=asked.again, **act)
    return desk.go(_PATH, number=number, done="dates.recorded")


@PAGES.post(f"{_PATH}/pause", Permission.ANCHOR_WRITE, at=number_site, page=show)
def pause(desk: Desk, number: str) -> Response:
    """Nobody writes or calls, up to a day."""
    form = desk.form("pause")
    until, reason = form.day("until"), form.text("reason", most=500)
    form.check()
    assert until is not None, "checked"  # noqa: S101
    pausing.pause(desk.study, number, until, reason=reason, actor=desk.actor, now=desk.now)
    return desk.go(_PATH, number=number, done="dates.paused")


@PAGES.post(f"{_PATH}/resume", Permission.ANCHOR_WRITE, at=number_site, page=show)
def resume(desk: Desk, number: str) -> Response:
    """A pause ends before its day; of one without an end the reason says why it was an error."""
    form = desk.form("resume")
    reason = form.text("reason", required=desk.participant(number).paused_until == WITHOUT_END, most=500)
    form.check()
    pausing.resume(desk.study, number, reason=reason, actor=desk.actor, now=desk.now)
    return desk.go(_PATH, number=number, done="dates.resumed")
