"""A case on its page: what was found, when it was entered and received, what happened since, and what to do now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from flask import Response

from qol_server.intake import casework
from qol_server.intake.reporting import Made
from qol_server.intake.study import fact_of
from qol_server.staff import people
from qol_server.staff.desk import Desk, Pages
from qol_server.staff.findings import Said, Speaker, code
from qol_server.staff.forms import Form
from qol_server.staff.look import exact
from qol_server.state import cases, messages, notices
from qol_server.store import Row
from qol_server.trial import problems, seriousness
from qol_server.trial.adverse_events import Serious
from qol_server.trial.alerting import URGENCIES
from qol_server.trial.cases import Case, Way, next_step, rungs
from qol_server.trial.problems import Refused
from qol_server.trial.protocol import Site
from qol_server.trial.roles import Permission

PAGES = Pages()
CASE = "/cases/<case>"
ACTS = {
    "acknowledge": Permission.CASE_WORK, "take": Permission.CASE_WORK, "hand": Permission.CASE_WORK, "contact": Permission.CASE_WORK,
    "note": Permission.CASE_WORK, "advise": Permission.MESSAGE_SEND, "serious": Permission.CASE_WORK, "retract": Permission.CASE_WORK,
    "report": Permission.CASE_WORK, "resolve": Permission.CASE_RESOLVE, "expect": Permission.EXPECTED_LEVEL_SET,
    "adverse_event": Permission.ADVERSE_EVENT_WRITE,
}  # fmt: skip
"""What the page offers, and what it takes to do it."""


def case_site(desk: Desk, case: str, **_: object) -> str | None:
    """The site of the case whose id stands in the address."""
    row = cases.row(desk.tx, case)
    return None if row is None else str(row["site"])


# What is shown


@dataclass(frozen=True, slots=True)
class Found:
    """One alert as the page shows it. ``because``: who said, and why, that it is expected; "" where it is not."""

    rule: str
    urgency: str
    findings: list[Said]
    captured_at: str | None
    received_at: str
    is_late: bool
    is_failed: bool
    is_under_review: bool
    is_again: bool
    because: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of what happened: when, who, what, and the words that somebody wrote with it."""

    at: str
    who: str
    what: str
    words: str


@PAGES.get(CASE, Permission.WORKLIST_SEE, at=case_site)
def show(desk: Desk, case: str) -> Response:
    """The case, with the forms of what the person may do."""
    row = the_row(desk, case)
    there, site, speaker = cases.of_row(row), desk.protocol.site(row["site"]), Speaker(desk)
    acts = {name for name, permission in ACTS.items() if desk.may(permission, site.id)}
    reasons, participant = desk.protocol.reasons, desk.participant(there.participant)
    if desk.failure is not None and desk.failure.problem is problems.CASE_CHANGED:  # whoever comes second sees who was first
        stands = desk.t("case.changed", state=desk.t(f"state.{there.state}"), owner=named(desk, there.owner))
        desk.failure = Refused(problems.CASE_CHANGED, stands)
    return desk.page(
        "cases/show.html", title=desk.t("case.title", number=there.participant), case=row, there=there, zone=site.time_zone,
        apart=people.apart(desk, participant),
        about=speaker.title(there.assessment), owner=named(desk, there.owner), is_mine=there.owner == desk.actor,
        next_step=next_step(there, rungs(there, desk.protocol), site), acts=acts,
        report=None if there.serious is None else seriousness.clock(there.serious, desk.now),
        found=[found(desk, speaker, there.assessment, alert) for alert in _latest_first(cases.alerts_of(desk.tx, case))],
        suppressed=[found(desk, speaker, there.assessment, alert) for alert in cases.explained_beside(desk.tx, case)],
        told=[(named(desk, f"staff:{one['login']}"), one["outcome"], one["told_at"]) for one in notices.of_case(desk.tx, case)],
        steps=_steps(desk, there, site), colleagues=desk.colleagues(Permission.CASE_WORK, [site.id]), language_of=participant.language,
        ways=[(way, desk.t(f"way.{way}")) for way in Way], criteria=[(one, desk.t(f"serious.{one}")) for one in Serious],
        actions=[(one, code(desk, one)) for one in reasons.get("case_action", ())],
        outcomes=[(one, code(desk, one)) for one in reasons.get("case_outcome", ())],
        wall=wall(desk, site.id),
    )  # fmt: skip


def _latest_first(alerts: list[Row]) -> list[Row]:
    """The alerts of the latest survey first; of one survey the most urgent."""
    return sorted(alerts, key=lambda alert: (-alert["given"], URGENCIES.index(alert["urgency"]), alert["position"]))


def the_row(desk: Desk, case: str) -> Row:
    """The row of a case, which the door has already looked at. Raises Refused(case-unknown)."""
    row = cases.row(desk.tx, case)
    if row is None:
        raise Refused(problems.CASE_UNKNOWN)
    return row


def named(desk: Desk, actor: str | None) -> str:
    """Who it is: "you", a colleague by name, the rules, the clock; nobody."""
    if actor == desk.actor:
        return desk.t("who.me")
    return desk.t("who.nobody") if actor is None else desk.who(actor)


def found(desk: Desk, speaker: Speaker, assessment: str, alert: Row) -> Found:
    """An alert in words."""
    said = [speaker.say(assessment, *finding) for finding in orjson.loads(alert["findings"])]
    return Found(
        alert["rule"], alert["urgency"], said, alert["captured_at"], alert["at"], bool(alert["late"]), bool(alert["failed"]),
        bool(alert["under_review"]), bool(alert["again"]), "" if alert["reason"] is None else _because(desk, alert),
    )  # fmt: skip


def _because(desk: Desk, alert: Row) -> str:
    return desk.t("case.suppressed.because", who=named(desk, alert["actor"]), reason=alert["reason"])


def _steps(desk: Desk, case: Case, site: Site) -> list[Step]:
    """What happened, the latest first."""
    sent = {message["id"]: message for message in messages.of(desk.tx, case.participant)}
    return [_step(desk, step, site, sent) for step in reversed(cases.steps(desk.tx, case.id))]


def _step(desk: Desk, step: Row, site: Site, sent: Mapping[str, Row]) -> Step:
    if not step["line"]:
        return Step(step["received_at"], named(desk, step["actor"]), desk.t("step.blanked"), "")
    fact = {"by": desk.who(step["actor"]), **fact_of(step["line"])}
    message = sent.get(fact.get("message", ""))
    words = message["text"] if message is not None else fact.get("note") or fact.get("reference") or step["reason"] or ""
    return Step(step["received_at"], named(desk, step["actor"]), _what(desk, step["kind"], fact, site, message), words)


def _what(desk: Desk, kind: str, fact: Mapping[str, Any], site: Site, message: Row | None) -> str:
    key = f"step.{kind}"
    match kind:
        case "case.contacted":
            return desk.t(f"{key}.{'yes' if fact['reached'] else 'no'}", way=desk.t(f"way.{fact['channel']}"))
        case "case.advised" if message is not None and message["read_at"]:
            return desk.t(f"{key}.read", when=exact(message["read_at"], desk.language, site.time_zone, desk.wall))
    said: dict[str, Callable[[Any], str]] = {
        "urgency": lambda it: desk.t(f"urgency.{it}"), "step": str, "owner": lambda it: named(desk, it), "to": str,
        "by": desk.person,
        "action": lambda it: code(desk, it), "outcome": lambda it: code(desk, it), "criterion": lambda it: desk.t(f"serious.{it}"),
    }  # fmt: skip
    told = {name: say(fact[name]) for name, say in said.items() if name in fact}
    moments = [fact[name] for name in ("due_at", "aware_at", "reported_at") if name in fact]
    return desk.t(key, **told, when=exact(moments[0], desk.language, site.time_zone, desk.wall) if moments else "")


# What is done


def _seen(form: Form) -> int:
    """The version of the case that the page showed."""
    return form.whole("seen")


def _instant(desk: Desk, site: str, wall: datetime | None) -> datetime:
    """The instant of a time on the site's wall; the present where none could be read (the form is checked before it is used)."""
    return desk.now if wall is None else wall.replace(tzinfo=ZoneInfo(desk.protocol.site(site).time_zone)).astimezone(UTC)


def made(desk: Desk, site: str) -> tuple[int, Made]:
    """The form with which a report to the sponsor is recorded, checked: the version that the page showed, and the report."""
    form = desk.form("report")
    seen, at = _seen(form), _instant(desk, site, form.moment("reported_at"))
    by, to = form.one_of("by", [code for code, _ in desk.people(Permission.CASE_WORK, [site])]), form.text("to", most=200)
    reference = form.text("reference", required=False, most=200)
    form.check()
    return seen, Made(at, by, to, reference)


def wall(desk: Desk, site: str) -> str:
    """The present on the site's wall, as a field for an instant proposes it."""
    return desk.now.astimezone(ZoneInfo(desk.protocol.site(site).time_zone)).strftime("%Y-%m-%dT%H:%M")


@PAGES.post(f"{CASE}/acknowledge", Permission.CASE_WORK, at=case_site, page=show)
def acknowledge(desk: Desk, case: str) -> Response:
    """Acknowledge and take: one tap, on the page where all of it stands, for it says that somebody has read it."""
    form = desk.form("acknowledge")
    seen = _seen(form)
    form.check()
    casework.acknowledge(desk.study, case, seen=seen, actor=desk.actor, now=desk.now, form=desk.form_id)
    return desk.go(CASE, done="case.acknowledged", case=case)


@PAGES.post(f"{CASE}/take", Permission.CASE_WORK, at=case_site, page=show)
def take(desk: Desk, case: str) -> Response:
    form = desk.form("take")
    seen = _seen(form)
    form.check()
    casework.assign(desk.study, case, seen=seen, owner=desk.actor, actor=desk.actor, now=desk.now, form=desk.form_id)
    return desk.go(CASE, done="case.acknowledged", case=case)


@PAGES.post(f"{CASE}/hand", Permission.CASE_WORK, at=case_site, page=show)
def hand(desk: Desk, case: str) -> Response:
    form = desk.form("hand")
    owner = form.one_of("owner", [actor for actor, _ in desk.colleagues(Permission.CASE_WORK, [the_row(desk, case)["site"]])])
    seen, reason = _seen(form), form.text("reason", required=False, most=500)
    form.check()
    casework.assign(desk.study, case, seen=seen, owner=owner, actor=desk.actor, now=desk.now, form=desk.form_id, reason=reason or None)
    return desk.go(CASE, done="case.assigned", case=case)


@PAGES.post(f"{CASE}/contact", Permission.CASE_WORK, at=case_site, page=show)
def contact(desk: Desk, case: str) -> Response:
    form = desk.form("contact")
    channel, reached = form.one_of("channel", list(Way)), form.one_of("reached", ("yes", "no"))
    seen, note = _seen(form), form.text("note", required=False)
    form.check()
    casework.contact(
        desk.study, case, seen=seen, channel=Way(channel), reached=reached == "yes", note=note, actor=desk.actor, now=desk.now,
        form=desk.form_id,
    )  # fmt: skip
    return desk.go(CASE, done="case.contacted", case=case)


@PAGES.post(f"{CASE}/note", Permission.CASE_WORK, at=case_site, page=show)
def note(desk: Desk, case: str) -> Response:
    form = desk.form("note")
    seen, text = _seen(form), form.text("note")
    form.check()
    casework.note(desk.study, case, seen=seen, note=text, actor=desk.actor, now=desk.now, form=desk.form_id)
    return desk.go(CASE, done="case.noted", case=case)


@PAGES.post(f"{CASE}/advise", Permission.MESSAGE_SEND, at=case_site, page=show)
def advise(desk: Desk, case: str) -> Response:
    form = desk.form("advise")
    seen, text = _seen(form), form.text("text")
    form.check()
    casework.advise(desk.study, case, seen=seen, text=text, actor=desk.actor, now=desk.now, form=desk.form_id)
    return desk.go(CASE, done="case.advised", case=case)


@PAGES.post(f"{CASE}/serious", Permission.CASE_WORK, at=case_site, page=show)
def serious(desk: Desk, case: str) -> Response:
    form = desk.form("serious")
    seen, criterion = _seen(form), form.one_of("criterion", list(Serious))
    aware_at = _instant(desk, the_row(desk, case)["site"], form.moment("aware_at"))
    form.check()
    casework.state_serious(
        desk.study, case, seen=seen, criterion=Serious(criterion), aware_at=aware_at, actor=desk.actor, now=desk.now, form=desk.form_id
    )
    return desk.go(CASE, done="case.serious", case=case)


@PAGES.post(f"{CASE}/retract", Permission.CASE_WORK, at=case_site, page=show)
def retract(desk: Desk, case: str) -> Response:
    form = desk.form("retract")
    seen, reason = _seen(form), form.text("reason", most=500)
    form.check()
    casework.retract_serious(desk.study, case, seen=seen, reason=reason, actor=desk.actor, now=desk.now, form=desk.form_id)
    return desk.go(CASE, done="case.retracted", case=case)


@PAGES.post(f"{CASE}/report", Permission.CASE_WORK, at=case_site, page=show)
def reported(desk: Desk, case: str) -> Response:
    seen, report = made(desk, the_row(desk, case)["site"])
    casework.report_serious(desk.study, case, report, seen=seen, actor=desk.actor, now=desk.now, form=desk.form_id)
    return desk.go(CASE, done="case.reported", case=case)


@PAGES.post(f"{CASE}/resolve", Permission.CASE_RESOLVE, at=case_site, page=show)
def resolve(desk: Desk, case: str) -> Response:
    form, reasons = desk.form("resolve"), desk.protocol.reasons
    action = form.one_of("action", reasons.get("case_action", ()))
    outcome = form.one_of("outcome", reasons.get("case_outcome", ()))
    seen, reason = _seen(form), form.text("reason", most=500)
    form.check()
    casework.resolve(
        desk.study, case, seen=seen, action=action, outcome=outcome, reason=reason, actor=desk.actor, now=desk.now, form=desk.form_id
    )
    return desk.go("/worklist", done="case.resolved")
