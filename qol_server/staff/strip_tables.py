"""The tables beside the strip of a participant: the same facts, row by row, with links to where each comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from typing import TypeVar

from markupsafe import Markup

from qol_server.staff.strip_chart import Words, escape, lanes, plain
from qol_server.trial import strip
from qol_server.trial.strip import Point
from qol_server.views.history import Alert, History, Window

T = TypeVar("T")
Cell = str | tuple[str, str]
"""A text, or a text and the address that it leads to."""


@dataclass(frozen=True, slots=True)
class Table:
    """``rows``: how many there are; ``shown``: how many of them, the latest, ``html`` has, the table itself."""

    title: str
    rows: int
    shown: int
    html: Markup


def tables(told: History, words: Words, said: Callable[[str, str], str], most: int | None) -> list[Table]:
    """All of them, but for those that would be empty, each with its latest rows, at ``most`` so many.

    ``said``: the words of a key, else the code.
    """
    t, day = words.t, words.day

    made = [
        _table(t("table.steps"), _heads(t, "from", "to", "what", "reason"), told.steps, lambda one: (
            day(one.first), day(one.last), t("strip.mg", mg=plain(float(one.mg_per_day))) if one.regimen else t("strip.hold"),
            said(f"reason.{one.reason}", one.reason)), most),
        _table(t("table.runs"), _heads(t, "from", "to", "days", "what"), strip.runs(told.days), lambda run: (
            day(run.first), day(run.last), str(run.days), t(f"strip.day.{run.dose}")), most),
        _table(t("table.windows"), _heads(t, "visit", "from", "to", "state", "answers", "scores"), told.windows,
               lambda one: _visit(one, words, said), most),
        _table(t("table.alerts"), _heads(t, "day", "rule", "state", "case"), told.alerts, lambda one: _alert(one, words), most),
        _table(t("strip.events"), [t("ae.term"), t("ae.grade"), *_heads(t, "from", "to", "state")], told.events, lambda one: (
            (one.event.term, words.url("ae", one.ae)), str(one.event.grade), day(one.event.start),
            day(one.event.end) if one.event.end else t("strip.goes_on"), t(f"ae.state.{'withdrawn' if one.withdrawn else 'signed'}")
            if one.withdrawn or one.counts else t("strip.not_signed")), most),
    ]  # fmt: skip
    worse = {(instrument, symptom): points for instrument, symptom, points in lanes(told)}
    made += _measured(t("table.symptoms"), "answers", worse, "symptom", words, words.level, most)
    made += _measured(t("table.values"), "scores", told.scores, "scale", words, lambda _, point: plain(point.value), most)
    return [table for table in made if table.rows]


def _heads(t: Callable[[str], str], *keys: str) -> list[str]:
    return [t(f"table.{key}") for key in keys]


def _visit(one: Window, words: Words, said: Callable[[str, str], str]) -> Sequence[Cell]:
    asked = one.assignment
    given: list[Cell] = ["", ""]
    if one.by is not None and one.on is not None:
        given = [(words.day(one.on), words.url("answers", one.by)), (words.t("table.scores"), words.url("scores", one.by))]
    due = "" if asked.due.year == date.max.year else words.day(asked.due)
    name = f"{words.name('assessment', asked.assessment)}, {asked.visit}"
    return name, words.day(asked.opens), due, said(f"strip.state.{one.state}", one.state), *given


def _alert(one: Alert, words: Words) -> Sequence[Cell]:
    urgency = words.t(f"strip.urgency.{one.urgency}") + (f", {words.t('strip.expected')}" if one.expected else "")
    return words.day(one.day), one.rule, urgency, (words.t("table.case"), words.url("case", one.case)) if one.case else ""


def _measured(
    title: str, area: str, found: Mapping[tuple[str, str], Sequence[Point]], kind: str, words: Words, shown: Callable[[str, Point], str],
    most: int | None,
) -> Iterator[Table]:  # fmt: skip
    """One table for each instrument: responses in rows, symptoms or scales in columns."""
    for instrument in dict.fromkeys(instrument for instrument, _ in found):
        names = [name for of, name in found if of == instrument]
        rows: dict[str, tuple[date, dict[str, Point]]] = {}
        for name in names:
            for point in found[instrument, name]:
                rows.setdefault(point.occurrence, (point.day, {}))[1][name] = point
        listed = sorted(((day, occurrence, points) for occurrence, (day, points) in rows.items()), key=itemgetter(0, 1))
        heads = [*_heads(words.t, "day", "asked_in"), *(words.name(kind, name) for name in names)]

        def cells(one: tuple[date, str, dict[str, Point]], instrument: str = instrument, names: Sequence[str] = names) -> Sequence[Cell]:
            day, occurrence, points = one
            values = (shown(instrument, points[name]) if name in points else "" for name in names)
            return words.day(day), (occurrence.partition("@")[2][:12], words.url(area, occurrence)), *values

        yield _table(title, heads, listed, cells, most)


def _table(title: str, heads: Iterable[str], rows: Sequence[T], cells: Callable[[T], Sequence[Cell]], most: int | None) -> Table:
    latest = rows if most is None else rows[-most:]
    body = ["<tr>" + "".join(map(_cell, cells(row))) + "</tr>" for row in latest]
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in heads)
    html = f"<table><caption>{escape(title)}</caption><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
    return Table(title, len(rows), len(latest), Markup(html))  # noqa: S704 - every text went through escape()


def _cell(cell: Cell) -> str:
    if isinstance(cell, str):
        return f"<td>{escape(cell)}</td>"
    text, href = cell
    return f'<td><a href="{escape(href)}">{escape(text)}</a></td>' if href else f"<td>{escape(text)}</td>"
