"""The way into the study at the desk: consent and criteria typed in, judged in the open, and a deviation signed where one is accepted."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

import orjson
from flask import Response

from qol_server.intake import enrolling
from qol_server.intake.enrolling import Enrolment
from qol_server.staff import look
from qol_server.staff.desk import ANY_SITE, Desk, Pages, number_site
from qol_server.staff.forms import Form
from qol_server.staff.people import GRAVITY, enrols_at, renewal, today
from qol_server.state import screening
from qol_server.trial import consenting, eligibility, problems, schedule
from qol_server.trial.eligibility import Limit, Result, said
from qol_server.trial.participation import standing
from qol_server.trial.problems import Refused
from qol_server.trial.protocol import Criterion
from qol_server.trial.roles import Permission

PAGES = Pages()
_CONSENT, _ELIGIBILITY = "/participants/<number>/consent", "/participants/<number>/eligibility"
HOURS = [str(hour) for hour in range(24)]


# Somebody new


@PAGES.get("/participants/new", Permission.PARTICIPANT_ENROL, at=ANY_SITE)
def new(desk: Desk) -> Response:
    """The form: where, which consent, and each criterion."""
    sites = _open_sites(desk)
    zone = desk.protocol.sites[sites[0]].time_zone
    day = schedule.local(desk.now, zone).date()
    in_force = consenting.in_force(desk.protocol.consents, day)
    form = desk.form("enrol")
    return desk.page(
        "enrolling/new.html", title=desk.t("enrol.title"), sites=[(site, f"{site} {desk.protocol.sites[site].name}") for site in sites],
        versions=[(one.version, one.version) for one in desk.protocol.consents], version=in_force.version if in_force else "", day=day,
        criteria=_asked(desk), languages=desk.protocol.languages, hours=[(hour, f"{int(hour):02}:00") for hour in HOURS],
        takers=desk.people(Permission.PARTICIPANT_ENROL, sites),
        open_ones="as_it_is" in form.errors or form.is_ticked("as_it_is"),
    )  # fmt: skip


@PAGES.post("/participants/new", Permission.PARTICIPANT_ENROL, at=ANY_SITE, page=new)
def enrol(desk: Desk) -> Response:
    """Give a number. What is not met or not known has to be meant: every criterion is named first."""
    form, protocol = desk.form("enrol"), desk.protocol
    site = form.one_of("site", _open_sites(desk))
    version = form.one_of("version", [one.version for one in protocol.consents]) if protocol.consents else form.text("version", most=40)
    day = form.day("consent_day")
    taken_by = form.one_of("taken_by", _takers(desk, [site] if site else _open_sites(desk)))
    language, hour = form.one_of("language", protocol.languages), form.one_of("hour", HOURS)
    values = _values(desk, form)
    if day is not None and site and version and "version" not in form.errors:
        here = schedule.local(desk.now, protocol.sites[site].time_zone).date()
        try:
            enrolling.must_be_in_force(protocol, version, day, here)
        except Refused:
            _explain_consent(desk, form, day, here)
    open_ones = [one for one in eligibility.judge_all(protocol.eligibility, values) if one.blocks]
    if open_ones and not form.is_ticked("as_it_is"):
        form.wrong("as_it_is", "enrol.as_it_is.wrong")
        for one in open_ones:
            if one.result is Result.NOT_MET:
                form.wrong(_field(one.criterion), "criterion.not_met", must=must_be(desk, one.criterion))
            else:
                form.wrong(_field(one.criterion), "criterion.unknown")
    form.check()
    assert day is not None, "it was checked"  # noqa: S101
    who = Enrolment(site, version, day, values, language, None, int(hour), taken_by)
    number = enrolling.screen(desk.study, who, actor=desk.actor, now=desk.now, form=desk.form_id)
    return desk.go(_ELIGIBILITY, done="enrol.included" if not open_ones else "enrol.screening", number=number)


def _open_sites(desk: Desk) -> list[str]:
    """Where the person may enrol. Raises Refused(not-allowed) where an amendment dropped all of their sites."""
    there = enrols_at(desk)
    if not there:
        raise Refused(problems.NOT_ALLOWED)
    return there


def _takers(desk: Desk, sites: Collection[str]) -> list[str]:
    """Who may have taken a consent at one of these sites."""
    return [code for code, _ in desk.people(Permission.PARTICIPANT_ENROL, sites)]


def _explain_consent(desk: Desk, form: Form, day: date, here: date) -> None:
    listed = consenting.in_force(desk.protocol.consents, day)
    if day > here:
        form.wrong("consent_day", "consent.future")
    elif listed is None:
        form.wrong("consent_day", "consent.none_then", day=look.day(desk.protocol.consents[0].since, desk.language))
    else:
        form.wrong("version", "consent.other", version=listed.version, day=look.day(day, desk.language))


# Consent


@PAGES.get(_CONSENT, Permission.PARTICIPANT_SEE, at=number_site)
def consent(desk: Desk, number: str) -> Response:
    """What was signed when, who took it, and what has to be signed again."""
    participant = desk.participant(number)
    day = today(desk, participant)
    in_force = consenting.in_force(desk.protocol.consents, day)
    return desk.page(
        "enrolling/consent.html", title=desk.t("consent.title", number=number), number=number, day=day,
        history=[(row, desk.person(row["taken_by"])) for row in screening.consents(desk.tx, number)],
        takers=desk.people(Permission.PARTICIPANT_ENROL, [participant.site]),
        needed=renewal(desk, participant), zone=_zone(desk, participant.site),
        versions=[(one.version, one.version) for one in desk.protocol.consents], version=in_force.version if in_force else "",
        may_write=desk.may(Permission.PARTICIPANT_ENROL, participant.site),
    )  # fmt: skip


@PAGES.post(_CONSENT, Permission.PARTICIPANT_ENROL, at=number_site, page=consent)
def sign_again(desk: Desk, number: str) -> Response:
    """Record that the participant signed."""
    form, participant, versions = desk.form("consent"), desk.participant(number), desk.protocol.consents
    version = form.one_of("version", [one.version for one in versions]) if versions else form.text("version", most=40)
    day = form.day("consent_day")
    taken_by = form.one_of("taken_by", _takers(desk, [participant.site]))
    here = today(desk, participant)
    if day is not None and version and "version" not in form.errors:
        try:
            enrolling.must_be_in_force(desk.protocol, version, day, here)
        except Refused:
            _explain_consent(desk, form, day, here)
    form.check()
    assert day is not None, "it was checked"  # noqa: S101
    enrolling.give_consent(desk.study, number, version, day, actor=desk.actor, now=desk.now, taken_by=taken_by)
    return desk.go(_CONSENT, done="consent.given", number=number)


# Eligibility


@PAGES.get(_ELIGIBILITY, Permission.PARTICIPANT_SEE, at=number_site)
def criteria(desk: Desk, number: str) -> Response:
    """Each criterion with its value, who recorded it and when, what is open, and the deviations that were signed."""
    participant, tx = desk.participant(number), desk.tx
    judged = enrolling.standing_of(desk.study, tx, number)
    unmet = {one.criterion.id: one.value for one in judged if one.result is Result.NOT_MET and one.blocks}
    where = standing(participant, today(desk, participant))
    return desk.page(
        "enrolling/eligibility.html", title=desk.t("eligibility.title", number=number), number=number, participant=participant,
        judged=judged, recorded={row["criterion"]: row for row in screening.recorded(tx, number)}, signed=screening.signed(tx, number),
        criteria=_asked(desk, {one.criterion.id: one.value or "" for one in judged}), unmet=unmet, standing=where, gravity=GRAVITY,
        seen=orjson.dumps(unmet).decode(), unknown=[one for one in judged if one.result is Result.UNKNOWN],
        zone=_zone(desk, participant.site), may_write=desk.may(Permission.PARTICIPANT_ENROL, participant.site),
        may_sign=desk.may(Permission.DEVIATION_SIGN, participant.site), meaning=_meaning(desk), labels=_label(desk), must=_must(desk),
    )  # fmt: skip


@PAGES.post(_ELIGIBILITY, Permission.PARTICIPANT_ENROL, at=number_site, page=criteria)
def set_values(desk: Desk, number: str) -> Response:
    """Record values; one that replaces another needs a reason."""
    form = desk.form("values")
    values = _values(desk, form)
    reason = form.text("reason", required=False, most=500)
    known = screening.values(desk.tx, number)
    if not reason and any(known.get(name, value) != value for name, value in values.items()):
        form.wrong("reason", "eligibility.reason.wrong")
    form.check()
    before = desk.participant(number).included
    judged = enrolling.set_values(desk.study, number, values, actor=desk.actor, now=desk.now, reason=reason or None)
    included = not before and not any(one.blocks for one in judged)
    return desk.go(_ELIGIBILITY, done="enrol.included" if included else "eligibility.recorded", number=number)


@PAGES.post(f"{_ELIGIBILITY}/deviation", Permission.DEVIATION_SIGN, at=number_site, page=criteria, step_up=True)
def sign(desk: Desk, number: str) -> Response:
    """An investigator signs that what is not met is accepted, for the values that are shown."""
    form = desk.form("deviation")
    reason = form.text("reason", most=500)
    form.check()
    before = desk.participant(number).included
    judged = enrolling.sign_deviation(
        desk.study, number, _seen(form.typed("seen")), meaning=_meaning(desk), reason=reason, actor=desk.actor, now=desk.now
    )
    included = not before and not any(one.blocks for one in judged)
    return desk.go(_ELIGIBILITY, done="enrol.included" if included else "deviation.signed", number=number)


def _seen(text: str) -> Mapping[str, str]:
    """What the signer saw. Raises Refused(eligibility-changed) for what our page did not write."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise Refused(problems.ELIGIBILITY_CHANGED)
    return found


def _meaning(desk: Desk) -> str:
    return desk.t("deviation.meaning")


# Criteria in words


def must_be(desk: Desk, criterion: Criterion) -> str:
    """What a value has to be, in words: "above 1 000 /mm3", "yes"."""
    parts = []
    for limit, wanted in eligibility.limits(criterion):
        if limit is Limit.IS:
            parts.append(desk.t(f"form.{wanted}").lower())
        else:
            parts.append(desk.t(f"limit.{limit.replace(' ', '_')}", number=look.number(wanted, desk.language)))
    return f"{desk.t('limit.and').join(parts)} {said(criterion.unit, desk.language)}".rstrip()


def _asked(desk: Desk, values: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """The criteria as fields of a form: name, label, what is asked, what it must be, its limits for the script, its value now."""
    return [
        {
            "name": _field(one), "label": said(one.note, desk.language) or one.id, "ask": one.ask, "must": must_be(desk, one),
            "limits": orjson.dumps(eligibility.limits(one)).decode(), "value": (values or {}).get(one.id, ""),
        }
        for one in desk.protocol.eligibility
    ]  # fmt: skip


def _field(criterion: Criterion) -> str:
    return f"criterion_{criterion.id}"


def _values(desk: Desk, form: Form) -> dict[str, str]:
    """Criterion -> value of what was filled in; what cannot be read is marked."""
    values: dict[str, str] = {}
    for one in desk.protocol.eligibility:
        typed = form.typed(_field(one)).strip()
        if typed:
            try:
                values[one.id] = eligibility.read(one, typed)
            except ValueError:
                form.wrong(_field(one), "criterion.unread")
    return values


def _label(desk: Desk) -> dict[str, str]:
    return {one.id: said(one.note, desk.language) or one.id for one in desk.protocol.eligibility}


def _must(desk: Desk) -> dict[str, str]:
    return {one.id: must_be(desk, one) for one in desk.protocol.eligibility}


def _zone(desk: Desk, site: str) -> str:
    return desk.protocol.site(site).time_zone
