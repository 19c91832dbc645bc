"""The summary of a participant for a visit, on one printed page: what happened since the last one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Response, request

from qol_server.staff import course, strip_chart
from qol_server.staff.desk import Desk, Pages, number_site
from qol_server.staff.participant import PATH, words_of
from qol_server.staff.responses import before_treatment
from qol_server.staff.strip_chart import Words
from qol_server.state import history, medicines
from qol_server.state.adverse_events import Recorded
from qol_server.trial import diary
from qol_server.trial.roles import Permission
from qol_server.trial.strip import Point
from qol_server.views.history import History, baseline, first_day, last_visit, local_day, read

PAGES = Pages()
MOST = {"steps": 6, "symptoms": 12, "scores": 20, "cases": 5, "events": 8, "medicines": 6}
"""So many of each, so that it stays one page; the page says how many there are besides."""


@PAGES.get(f"{PATH}/summary", Permission.PARTICIPANT_SEE, at=number_site)
def show(desk: Desk, number: str) -> Response:
    """``?since=`` a day; at first since the last visit of the assessment that the protocol names first."""
    person = desk.participant(number)
    today = local_day(person, desk.now)
    begun = first_day(person, desk.now)
    since = _asked(request.args.get("since", ""), begun, today) or _last_visit(desk, number, begun, today)
    told = read(desk.study, desk.tx, number, since, desk.now)
    words = words_of(desk, number)
    may_see_cases = desk.may(Permission.WORKLIST_SEE, person.site)
    parts: dict[str, Sequence[Any]] = {
        "steps": told.steps[::-1], "symptoms": _symptoms(told, words), "scores": _scores(desk, number, told),
        "cases": history.open_cases(desk.tx, number) if may_see_cases else (), "events": _events(told),
        "medicines": sorted(medicines.of(desk.tx, number), key=lambda row: row["findings"] == "[]"),
    }  # fmt: skip
    shown: dict[str, Any] = {name: part[: MOST[name]] for name, part in parts.items()}
    return desk.page(
        "summary/show.html", title=desk.t("summary.title", number=number), number=number, person=person, since=since, told=told,
        days=(told.last - since).days + 1, words=words, doses=diary.summarise(told.days) if told.days else None, percent=_percent,
        plain=strip_chart.plain, in_words=lambda key, code: course.said(desk, key, code), may_see_cases=may_see_cases,
        more={name: max(0, len(part) - MOST[name]) for name, part in parts.items()}, **shown,
    )  # fmt: skip


def _events(told: History) -> list[Recorded]:
    """The adverse events, the serious ones and the latest first."""
    there = [one for one in told.events if one.withdrawn is None]
    return sorted(sorted(there, key=lambda one: one.event.start, reverse=True), key=lambda one: not one.event.serious)


def _asked(text: str, begun: date, today: date) -> date | None:
    try:
        return min(max(date.fromisoformat(text), begun), today)
    except ValueError:
        return None


def _last_visit(desk: Desk, number: str, begun: date, today: date) -> date:
    """The day after the last visit; before the first one, when everything began."""
    visits = [name for name, one in desk.protocol.assessments.items() if one.visits]
    found = last_visit(desk.tx, number, visits[0], today) if visits else None
    return begun if found is None else max(begun, found)


@dataclass(frozen=True, slots=True)
class Symptom:
    """The worst that was said of a symptom and when, and what was said last."""

    name: str
    worst: str
    on: date
    last: str


def _symptoms(told: History, words: Words) -> list[Symptom]:
    found = []
    for instrument, symptom, points in strip_chart.lanes(told):
        worst = max(points, key=lambda point: (point.value, point.day))
        found.append(
            Symptom(words.name("symptom", symptom), words.level(instrument, worst), worst.day, words.level(instrument, points[-1]))
        )
    return found


@dataclass(frozen=True, slots=True)
class Change:
    """The last score of a scale in the period, the baseline and the difference, as they are written."""

    scale: str
    last: Point
    baseline: str
    change: str


def _scores(desk: Desk, number: str, told: History) -> list[Change]:
    found = []
    before = before_treatment(told.participant, desk.now)
    first: dict[str, dict[str, float]] = {}
    for (_, scale), points in told.scores.items():
        last = points[-1]
        assessment = last.occurrence.partition("@")[0]
        if assessment not in first:
            known = baseline(desk.study, desk.tx, number, assessment, before)
            first[assessment] = {name: float(value) for name, (value, where) in known.items() if where != last.occurrence}
        base = first[assessment].get(scale)
        apart = 0.0 if base is None else round(last.value - base, 1)
        change = "" if base is None else f"{apart:+g}" if apart else "0"
        found.append(Change(scale, last, "" if base is None else strip_chart.plain(base), change))
    return found


def _percent(desk: Desk, ends: Sequence[float | None]) -> str:
    """A ratio with a low and a high bound, as one number where they are the same."""
    low, high = (None if end is None else f"{float(end):.0f}" for end in ends)
    if low is None or high is None:
        return ""
    return desk.t("summary.percent", value=low) if low == high else desk.t("summary.range", low=low, high=high)
