"""The page of one participant: who it is, what waits, and the strip of dose, visits, alerts, adverse events, symptoms and scores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from urllib.parse import quote

from flask import Response, request

from qol_server.access import pairing
from qol_server.staff import course, look, people, strip_chart
from qol_server.staff.desk import Desk, Pages, number_site
from qol_server.staff.strip_chart import Words
from qol_server.staff.strip_tables import tables
from qol_server.state import adverse_events, calls, history
from qol_server.trial import diary
from qol_server.trial.participant import Participant
from qol_server.trial.participation import DONE, Standing, standing
from qol_server.trial.roles import Permission
from qol_server.trial.strip import Point
from qol_server.views.history import first_day, local_day, read

PAGES = Pages()
PATH = "/participants/<number>"
ROWS = 60  # of a table, where no more are asked for: eight weeks and more of a daily diary
PERIODS = {"8w": timedelta(weeks=8), "6m": timedelta(days=183), "all": None}


@PAGES.get(PATH, Permission.PARTICIPANT_SEE, at=number_site)
def show(desk: Desk, number: str) -> Response:
    """The whole page. ``?period=`` 8w (at first), 6m or all; ``?rows=all``: of the tables every row, however many."""
    person = desk.participant(number)
    period = request.args.get("period", "8w")
    period = period if period in PERIODS else "8w"
    told = read(desk.study, desk.tx, number, first_of(person, desk.now, PERIODS[period]), desk.now)
    words = words_of(desk, number)
    may_see_cases = desk.may(Permission.WORKLIST_SEE, person.site)
    most = None if request.args.get("rows") == "all" else ROWS

    def said(key: str, code: str) -> str:
        return course.said(desk, key, code)

    return desk.page(
        "participant/show.html", title=desk.t("clinic.title", number=number), number=number, person=person, period=period,
        periods=list(PERIODS), told=told, words=words, drawing=strip_chart.draw(told, words),
        tables=tables(told, words, said, most), flags=_flags(desk, person, told.last), site=_site(desk, person),
        cases=history.open_cases(desk.tx, number) if may_see_cases else [], calls=calls.open_of(desk.tx, number) if may_see_cases else [],
        may_see_cases=may_see_cases, in_words=said,
        reason_of=lambda code: course.reason_of(desk, code), prescribed=diary.prescribed(person, told.last),
        treated=diary.treated(person, told.last), next_steps=_next_steps(desk, person, told.last),
    )  # fmt: skip


def first_of(person: Participant, now: datetime, length: timedelta | None) -> date:
    """The first day of a period that ends today; nothing is shown of the time before anything was known."""
    begun = first_day(person, now)
    return begun if length is None else max(begun, local_day(person, now) - length)


def _next_steps(desk: Desk, person: Participant, today: date) -> list[tuple[str, str]]:
    """What is still to be done before the participant's app can ask anything, in order: (part of the address, words)."""
    where = standing(person, today)
    if history.ended_on(desk.tx, person.number) is not None or where in DONE:
        return []
    steps = []
    if where is Standing.SCREENING and desk.may(Permission.PARTICIPANT_ENROL, person.site):
        steps.append(("eligibility", desk.t("clinic.next.eligibility")))
    if where is Standing.INCLUDED and desk.may(Permission.ANCHOR_WRITE, person.site):
        steps.append(("dates", desk.t("clinic.next.dates")))
    if person.included and desk.may(Permission.PHONE_PAIR, person.site) and not pairing.in_use(desk.tx, person.number):
        steps.append(("phones", desk.t("clinic.next.phones")))
    return steps


def _site(desk: Desk, person: Participant) -> str:
    site = desk.protocol.sites.get(person.site)
    return person.site if site is None else f"{person.site} {site.name}"


@dataclass(frozen=True, slots=True)
class Flag:
    """Something to notice at the top of the page; ``kind`` as of a badge."""

    kind: str
    words: str


def _flags(desk: Desk, person: Participant, today: date) -> list[Flag]:
    flags = []
    ended = history.ended_on(desk.tx, person.number)
    if ended is not None:
        flags.append(Flag("plain", desk.t("clinic.ended", day=day_of(desk.language)(date.fromisoformat(ended)))))
    else:
        where = standing(person, today)
        flags.append(Flag(people.GRAVITY[where], desk.t(f"standing.{where}")))
    if people.renewal(desk, person):
        flags.append(Flag("soon", desk.t("people.consent_needed")))
    if person.included and person.unmet:
        flags.append(Flag("soon", desk.t("people.deviation_needed")))
    prescribed = diary.prescribed(person, today)
    if prescribed is not None and prescribed.regimen is None and diary.treated(person, today):
        flags.append(Flag("soon", desk.t("clinic.held")))
    reviewed = len(history.under_review(desk.tx, person.number))
    if reviewed:
        flags.append(Flag("soon", desk.t("clinic.under_review", n=reviewed)))
    waiting = sum(one.signed is None and one.withdrawn is None for one in adverse_events.of_participant(desk.tx, person.number))
    if waiting:
        flags.append(Flag("soon", desk.t("clinic.to_sign", n=waiting)))
    return flags


# The words of the strip


def day_of(language: str) -> Callable[[date], str]:
    """Days as ``look.day`` writes them."""
    return lambda one: look.day(one, language)


def words_of(desk: Desk, number: str) -> Words:
    """What a strip or a table of this participant says, for whoever looks."""

    def name(kind: str, code: str) -> str:
        return course.anchor_of(desk, code) if kind == "anchor" else course.said(desk, f"{kind}.{code}", code)

    may_see_cases = desk.may(Permission.WORKLIST_SEE, number_site(desk, number))
    here = desk.url(PATH, number=number)

    @cache
    def url(kind: str, code: str) -> str:
        if kind == "case":
            return desk.url("/cases/<case>", case=code) if may_see_cases else ""
        if kind == "call":
            return desk.url("/calls/<int:call>", call=code)
        return f"{here}/{'adverse-events' if kind == 'ae' else kind}/{quote(code, safe='')}"

    return Words(desk.t, day_of(desk.language), name, _levels(desk), url)


def _levels(desk: Desk) -> Callable[[str, Point], str]:
    """How bad a symptom was, by the labels of the instrument in the person's language, else as so much of so much."""
    known: dict[tuple[str, str], list[str]] = {}

    def labels(instrument: str, item: str) -> list[str]:
        if (instrument, item) not in known:
            version = desk.study.current(desk.tx, "instrument", instrument)
            asked = None if version is None else desk.study.instrument(desk.tx, version).by_id.get(item)
            wording = desk.study.current(desk.tx, "wording", instrument, desk.language)
            choices = {} if wording is None or asked is None else desk.study.wording(desk.tx, wording).choices.get(asked.choices or "", {})
            codes = () if asked is None else asked.codes
            known[instrument, item] = [choices.get(code, str(code)) for code in codes]
        return known[instrument, item]

    def level(instrument: str, point: Point) -> str:
        found = known.get((instrument, point.about)) or labels(instrument, point.about)
        return found[round(point.value * (len(found) - 1))] if found else f"{point.value:.2f}"

    return level
