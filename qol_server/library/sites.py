"""Sites: their keys in a study's file, and when somebody there watches what participants enter."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from qol_server.library.documents import Report, place
from qol_server.library.fields import Clock, DayField, Many, OneOf, Part, Shape, Text, Told, Zone, whole
from qol_server.trial.protocol import MIDNIGHT, Coverage, Site

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class CoverageShape(Shape):
    days = Many(OneOf(WEEKDAYS), required=True, least=1, most=7, note="days of the week")
    start = Clock(required=True, key="from", note="from this hour, at the site")
    to = Clock(required=True, note='until this hour; "00:00" is the end of the day')


class SiteShape(Shape):
    name = Text(required=True, note="name of the site")
    time_zone = Zone(note="default: the study's")
    phone = Text(default="", most=40, note="number that the participants call")
    coverage = Many(
        Part(CoverageShape), default=(), note="hours in which somebody watches what participants enter; none: the file does not say"
    )
    holidays = Many(DayField(), default=(), note="days on which nobody does")


def sites(loaded: Mapping[str, Any] | None, time_zone: Any, report: Report) -> dict[str, Site]:
    """The sites by id; what contradicts itself in them is reported."""
    made: dict[str, Site] = {}
    for name, part in (loaded or {}).items():
        if not isinstance(part, Told):
            continue
        coverage = tuple(_hours(hours, report) for hours in whole(part["coverage"]))
        _each_once(part["holidays"], part.raw.get("holidays"), "holidays", report)
        made[name] = Site(name, part["name"], part["time_zone"] or time_zone, part["phone"], coverage, tuple(part["holidays"]))
    return made


def _hours(part: Told, report: Report) -> Coverage:
    _each_once(part["days"], part.raw["days"], "days", report)
    if part["to"] != MIDNIGHT and part["to"] <= part["start"]:
        report.wrong(place(part.raw, "to"), "The hours end before they begin", 'later than from, or "00:00" for the end of the day')
    return Coverage(tuple(part["days"]), part["start"], part["to"])


def _each_once(values: list[str] | list[date], raw: Any, what: str, report: Report) -> None:
    for index, value in enumerate(values):
        if value in values[:index]:
            report.wrong(place(raw, index), f'"{value}" stands twice in {what}', "each once")
