"""The adverse events of a participant: listed, recorded from a case, a report or by themselves, changed, signed, withdrawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from flask import Response, request
from markupsafe import Markup

from qol_server import journal
from qol_server.intake import adverse_events
from qol_server.intake.adverse_event_shapes import LONGEST_WORDS
from qol_server.intake.adverse_events import DICTIONARY, Origin
from qol_server.library import terminology
from qol_server.staff.cases import made, wall
from qol_server.staff.desk import Desk, Pages, number_site
from qol_server.staff.words import WORDS
from qol_server.state import adverse_events as folded
from qol_server.state import cases, history, past
from qol_server.state.adverse_events import Recorded
from qol_server.trial import problems, seriousness
from qol_server.trial.adverse_events import Action, AdverseEvent, Outcome, Serious
from qol_server.trial.problems import Refused
from qol_server.trial.roles import Permission
from qol_server.views.adverse_events import ADVERSE_EVENT_DIARY

PAGES = Pages()
_LIST = "/participants/<number>/adverse-events"
_ONE = f"{_LIST}/<ae>"
GRADES = ("1", "2", "3", "4", "5")


@PAGES.get(_LIST, Permission.PARTICIPANT_SEE, at=number_site)
def listed(desk: Desk, number: str) -> Response:
    """All of a participant's, and the reports of the diary that none was made of."""
    recorded = folded.of_participant(desk.tx, number)
    reports = history.ad_hoc(desk.tx, number, ADVERSE_EVENT_DIARY, [each.given for each in recorded if each.given is not None])
    return desk.page(
        "adverse_events/list.html", title=desk.t("ae.of", number=number), number=number, recorded=recorded, state=state, reports=reports,
        site=number_site(desk, number), words_of=_said(desk),
    )  # fmt: skip


@PAGES.get(f"{_LIST}/new", Permission.ADVERSE_EVENT_WRITE, at=number_site)
def new(desk: Desk, number: str) -> Response:
    """The empty form, or with what a case (``?case=``) or a report (``?given=``, its position) says already."""
    origin = _origin(desk, number)
    return desk.page(
        "adverse_events/new.html", title=desk.t("ae.new"), number=number, proposed=_proposed(desk, number, origin), origin=origin,
        **_choices(desk),
    )  # fmt: skip


@PAGES.post(f"{_LIST}/new", Permission.ADVERSE_EVENT_WRITE, at=number_site, page=new)
def record(desk: Desk, number: str) -> Response:
    form = desk.form("event")
    event = _typed(desk, number)
    form.check()
    ae = adverse_events.prepare(desk.study, number, event, _origin(desk, number), form=desk.form_id, actor=desk.actor, now=desk.now)
    return desk.go(_ONE, done="ae.recorded", number=number, ae=ae)


@PAGES.get(_ONE, Permission.PARTICIPANT_SEE, at=number_site)
def show(desk: Desk, number: str, ae: str) -> Response:
    """What is recorded, whether a signature holds, and everything that was done."""
    found = _found(desk, number, ae)
    given = None if found.given is None else past.began(desk.tx, found.given)
    return desk.page(
        "adverse_events/show.html", title=desk.t("ae.one", term=found.event.term), number=number, found=found, state=state(found),
        term=terminology.terms(found.dictionary)[found.event.term.casefold()], steps=_steps(desk, found), site=number_site(desk, number),
        zone=_zone(desk, number), given=given, clock=None if found.report is None else seriousness.clock(found.report, desk.now),
        wall=wall(desk, number_site(desk, number) or ""), proposed=_as_typed(desk, number, found.event), words_of=_said(desk),
        **_choices(desk),
    )  # fmt: skip


@PAGES.post(f"{_ONE}/change", Permission.ADVERSE_EVENT_WRITE, at=number_site, page=show)
def change(desk: Desk, number: str, ae: str) -> Response:
    _found(desk, number, ae)
    form = desk.form("event")
    event = _typed(desk, number)
    reason, seen = form.text("reason", most=500), form.whole("seen")
    form.check()
    adverse_events.change(desk.study, ae, event, reason=reason, seen=seen, actor=desk.actor, now=desk.now, form=desk.form_id)
    return desk.go(_ONE, done="ae.changed", number=number, ae=ae)


@PAGES.post(f"{_ONE}/sign", Permission.ADVERSE_EVENT_SIGN, at=number_site, page=show, step_up=True)
def sign(desk: Desk, number: str, ae: str) -> Response:
    _found(desk, number, ae)
    form = desk.form("sign")
    seen = form.whole("seen")
    form.check()
    meaning = desk.t("ae.sign.meaning")
    adverse_events.sign(desk.study, ae, meaning=meaning, seen=seen, actor=desk.actor, now=desk.now, form=desk.form_id)
    return desk.go(_ONE, done="ae.signed", number=number, ae=ae)


@PAGES.post(f"{_ONE}/report", Permission.CASE_WORK, at=number_site, page=show)
def report(desk: Desk, number: str, ae: str) -> Response:
    """Record the report to the sponsor, as on the page of a case."""
    _found(desk, number, ae)
    seen, told = made(desk, number_site(desk, number) or "")
    adverse_events.report(desk.study, ae, told, seen=seen, actor=desk.actor, now=desk.now, form=desk.form_id)
    return desk.go(_ONE, done="ae.reported", number=number, ae=ae)


@PAGES.post(f"{_ONE}/withdraw", Permission.ADVERSE_EVENT_SIGN, at=number_site, page=show, step_up=True)
def withdraw(desk: Desk, number: str, ae: str) -> Response:
    _found(desk, number, ae)
    form = desk.form("withdraw")
    reason, seen = form.text("reason", most=500), form.whole("seen")
    form.check()
    adverse_events.withdraw(desk.study, ae, reason=reason, seen=seen, actor=desk.actor, now=desk.now, form=desk.form_id)
    return desk.go(_ONE, done="ae.withdrawn", number=number, ae=ae)


def _found(desk: Desk, number: str, ae: str) -> Recorded:
    found = folded.one(desk.tx, ae)
    if found is None or found.participant != number:
        raise Refused(problems.ADVERSE_EVENT_UNKNOWN)
    return found


def state(found: Recorded) -> str:
    """How it stands: withdrawn, signed, broken (signed before its last change) or open."""
    if found.withdrawn is not None:
        return "withdrawn"
    if found.signed is not None:
        return "signed"
    return "broken" if found.signed_before else "open"


# What is typed


def _zone(desk: Desk, number: str) -> str:
    """Where the hours of the site are meant."""
    return desk.protocol.site(number_site(desk, number) or "").time_zone


def _typed(desk: Desk, number: str) -> AdverseEvent:
    """What the form says; every mistake is noted beside its field."""
    form = desk.form("event")
    aware = form.moment("aware_at", required=False)
    start = form.day("start")
    grade = form.one_of("grade", GRADES)
    action, outcome = form.one_of("action", tuple(Action)), form.one_of("outcome", tuple(Outcome))
    term, words = form.text("term", most=100), form.text("words", required=False, most=LONGEST_WORDS)
    relation = form.one_of("relation", adverse_events.relations(desk.study, desk.tx))
    end, serious = form.day("end", required=False), form.many_of("serious", tuple(Serious))
    form.check()
    event = AdverseEvent(
        term=term, grade=int(grade), start=start or date.min, end=end, relation=relation, action=Action(action), outcome=Outcome(outcome),
        serious=frozenset(Serious(each) for each in serious), words=words,
        aware_at=None if aware is None else aware.replace(tzinfo=ZoneInfo(_zone(desk, number))).astimezone(UTC),
    )  # fmt: skip
    for mistake in adverse_events.review(desk.study, desk.tx, desk.participant(number), event, desk.now):
        form.wrong(mistake.where, f"ae.wrong.{mistake.what}", **mistake.values)
    return event


def _origin(desk: Desk, number: str) -> Origin:
    """The case and the report that the address or the form names, where they are the participant's."""
    given, case = request.values.get("given", ""), request.values.get("case", "")
    found = past.began(desk.tx, int(given)) if given.isdecimal() and len(given) < 16 else None
    there = cases.case(desk.tx, case) if case else None
    origin = Origin(
        int(given) if found is not None and found["participant"] == number else None,
        case if there is not None and there.participant == number else None,
    )
    if origin.case is not None and origin.given is None:
        rests_on = [row["given"] for row in cases.alerts_of(desk.tx, origin.case) if past.began(desk.tx, row["given"]) is not None]
        origin = Origin(rests_on[-1] if rests_on else None, origin.case)
    return origin


def _proposed(desk: Desk, number: str, origin: Origin) -> dict[str, object]:
    """What the form begins with: days and words of the report, the seriousness of the case. Never a grade."""
    proposed: dict[str, object] = dict.fromkeys(field.name for field in fields(AdverseEvent))
    proposed["serious"] = []
    if origin.given is not None:
        entry = journal.one(desk.tx, origin.given)
        answers = orjson.loads(entry.line)["answers"] if entry is not None and entry.line else {}
        proposed |= {"start": answers.get("started"), "end": answers.get("ended"), "words": (answers.get("what") or "")[:LONGEST_WORDS]}
    there = None if origin.case is None else cases.case(desk.tx, origin.case)
    if there is not None and there.serious is not None:
        proposed |= {"serious": [there.serious.criterion], "aware_at": _wall(desk, number, there.serious.aware_at)}
    return proposed


def _as_typed(desk: Desk, number: str, event: AdverseEvent) -> dict[str, object]:
    proposed: dict[str, object] = {field.name: getattr(event, field.name) for field in fields(event)}
    return proposed | {"serious": sorted(event.serious), "aware_at": _wall(desk, number, event.aware_at)}


def _wall(desk: Desk, number: str, moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(ZoneInfo(_zone(desk, number))).strftime("%Y-%m-%dT%H:%M")


# What is shown


def _said(desk: Desk) -> Callable[[str, object], str]:
    """The words of a code; of one that a study's own list made up, the code."""

    def said(what: str, code: object) -> str:
        key = f"serious.{code}" if what == "serious" else f"ae.{what}.{code}"  # a case is serious for the same reasons
        return desk.t(key) if key in WORDS else str(code).replace("_", " ")

    return said


def _choices(desk: Desk) -> dict[str, Any]:
    said = _said(desk)
    return {
        "terms": _terms(desk.language, desk.t("ae.term.grades", grades="{grades}")),
        "dictionary": DICTIONARY,
        "relations": [(code, said("relation", code)) for code in adverse_events.relations(desk.study, desk.tx)],
        "actions": [(code, said("action", code)) for code in Action],
        "outcomes": [(code, said("outcome", code)) for code in Outcome],
        "reasons": [(code, said("serious", code)) for code in Serious],
        "grades": [(grade, grade) for grade in GRADES],
    }


_MADE: dict[str, Markup] = {}


def _terms(language: str, pattern: str) -> Markup:
    """The terms as the options of a list, each with its grades; made once for each language."""
    if language not in _MADE:
        option = Markup('<option value="{}">{}</option>')
        told = ((term.name, pattern.format(grades=", ".join(map(str, term.grades)))) for term in terminology.terms(DICTIONARY).values())
        _MADE[language] = Markup("\n").join(option.format(name, grades) for name, grades in told)
    return _MADE[language]


@dataclass(frozen=True, slots=True)
class Step:
    """One entry about an adverse event. ``differs``: (field, before, after) of a change; ``meaning``: of a signature;
    ``report``: what the entry of a report says."""

    verb: str
    at: str
    actor: str
    reason: str | None
    differs: Sequence[tuple[str, str, str]]
    meaning: str = ""
    report: Mapping[str, Any] | None = None


_SHOWN = ("term", "grade", "words", "start", "end", "relation", "action", "outcome", "serious", "aware_at")


def _steps(desk: Desk, found: Recorded) -> list[Step]:
    steps: list[Step] = []
    before: Mapping[str, Any] = {}
    for position in folded.steps(desk.tx, found.ae):
        entry = journal.one(desk.tx, position)
        if entry is None or not entry.line:
            continue
        fact = orjson.loads(entry.line)
        verb = entry.kind.partition(".")[2]
        differs = []
        if verb == "changed":
            differs = [
                (name, _plain(desk, name, before[name]), _plain(desk, name, fact[name])) for name in _SHOWN if before[name] != fact[name]
            ]
        if verb in ("recorded", "changed"):
            before = fact
        report = fact if verb == "reported" else None
        told = (entry.received_at, desk.who(entry.actor), entry.reason, differs)
        steps.append(Step(verb, *told, fact.get("meaning", ""), report))
    return steps


def _plain(desk: Desk, name: str, value: Any) -> str:
    """A recorded value in words."""
    if value is None or value in ("", []):
        return desk.t("ae.history.nothing")
    if name in ("relation", "action", "outcome"):
        return _said(desk)(name, value)
    return ", ".join(_said(desk)(name, each) for each in value) if isinstance(value, list) else str(value)
