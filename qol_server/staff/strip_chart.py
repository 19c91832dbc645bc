"""Draws the strip of a participant as SVG: dose, holds, missed and unknown days, visits, alerts, adverse events, symptoms and scores
on one axis of time.

Nothing is told by colour alone: every state has a height or a pattern of its own, and every mark its words. Marks of a row can be
reached by the keyboard one by one while they are few; where there are many, the row is one stop that says them in sum, and the
tables beside the strip hold each of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from html import escape as escaped

from markupsafe import Markup

from qol_server.trial import strip
from qol_server.trial.schedule import State
from qol_server.trial.strip import Point
from qol_server.views.history import History

WIDTH, LEFT, RIGHT = 1000, 170, 56
PLOT = WIDTH - LEFT - RIGHT
ROW, SCORE_ROW, DOSE_ROW = 16, 34, 44
DATE_ROOM = 78  # for the name of a day
FEW = 40  # marks of a row that are stops of the keyboard one by one
COLUMNS = 120  # a symptom has at most so many marks in a row
LANES, SCORES = 16, 18  # rows that are drawn; the tables hold the others too
SHAPES = {
    State.ANSWERED: "answered", State.MISSED: "missed", State.LATE: "late", State.OPEN: "open", State.UNDER_REVIEW: "review",
    State.NOT_EXPECTED: "not-expected",
}  # fmt: skip


escape = lru_cache(maxsize=4096)(escaped)
"""Text for markup; a strip and its tables say the same few hundred words and days thousands of times."""


@dataclass(frozen=True, slots=True)
class Words:
    """What the strip says: ``t`` gives the words of a key, ``day`` a day, ``name`` the name of a symptom, scale, assessment or anchor,
    ``level`` how bad a symptom was by an instrument, ``url`` where something is shown ("": nowhere for this person)."""

    t: Callable[..., str]
    day: Callable[[date], str]
    name: Callable[[str, str], str]
    level: Callable[[str, Point], str]
    url: Callable[[str, str], str]


@dataclass(slots=True)
class _Pen:
    """Collects the parts of the drawing from the top down."""

    history: History
    words: Words
    y: float = 26
    parts: list[str] = field(default_factory=list)

    def x(self, day: date) -> float:
        """Where a day begins."""
        span = (self.history.last - self.history.first).days + 1
        place = min(max((day - self.history.first).days, 0), span)
        return LEFT + PLOT * place / span

    def width(self, first: date, last: date) -> float:
        return max(self.x(last + timedelta(days=1)) - self.x(first), 1.5)

    def row(self, label: str, height: float, marks: Sequence[str], summary: str, *, is_stop: bool) -> None:
        """A row: its label, its marks, its summary; ``is_stop``: one stop of the keyboard, instead of its marks."""
        base, label = f"{self.y + height + 2:.1f}", escape(label)
        opening = (
            f'<g role="group" class="row" aria-label="{label}: {escape(summary)}"{IN if is_stop else ""}>'
            f'<line class="rule" x1="0" x2="{WIDTH}" y1="{base}" y2="{base}"/>'
            f'<text class="label" x="{LEFT - 10}" y="{self.y + height / 2 + 4:.1f}">{label}</text>'
        )
        self.parts += [opening, *marks, "</g>"]
        self.y += height + 4


def _mark(shape: str, words: str, *, href: str = "", stop: bool = True) -> str:
    """A shape with its words: a link where it leads somewhere."""
    said = escape(words)
    if href:
        return f'<a href="{escape(href)}" aria-label="{said}"{"" if stop else OUT}><title>{said}</title>{shape}</a>'
    return f'<g role="img" aria-label="{said}"{IN if stop else ""}><title>{said}</title>{shape}</g>'


IN, OUT = ' tabindex="0"', ' tabindex="-1"'


def _rect(css: str, x: float, y: float, width: float, height: float) -> str:
    return f'<rect class="{css}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>'


def draw(history: History, words: Words) -> Markup:
    """The whole strip."""
    pen = _Pen(history, words)
    _dose(pen)
    _days(pen)
    _visits(pen)
    _alerts(pen)
    _events(pen)
    _symptoms(pen)
    _scores(pen)
    height = pen.y + 4
    title = escape(words.t("strip.title", number=history.participant.number))
    desc = escape(words.t("strip.desc", first=words.day(history.first), last=words.day(history.last)))
    head = (
        f'<svg class="strip" viewBox="0 0 {WIDTH} {height:.0f}" role="group" aria-labelledby="strip-title strip-desc"'
        f' xmlns="http://www.w3.org/2000/svg"><title id="strip-title">{title}</title><desc id="strip-desc">{desc}</desc>'
    )
    # every text went through escape(), every number through a format of its own
    return Markup("".join((head, PATTERNS, *_axis(pen, height), *pen.parts, "</svg>")))  # noqa: S704


PATTERNS = (
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect class="hatch-ground" width="6" height="6"/><line class="hatch-line" x1="0" y1="0" x2="0" y2="6"/></pattern>'
    '<pattern id="dots" width="5" height="5" patternUnits="userSpaceOnUse"><circle class="hatch-dot" cx="2" cy="2" r="1"/>'
    "</pattern></defs>"
)


def _axis(pen: _Pen, height: float) -> list[str]:
    """Lines for weeks, months or years, so that at most a dozen are named; the dates that matter have lines of their own."""
    first, last = pen.history.first, pen.history.last
    drawn = []
    for day in _ticks(first, last, (last - first).days + 1):
        x = pen.x(day)
        drawn.append(
            f'<line class="tick" x1="{x:.1f}" x2="{x:.1f}" y1="20" y2="{height:.0f}"/>'
            f'<text class="date" x="{min(x + 2, WIDTH - DATE_ROOM):.1f}" y="14">{escape(pen.words.day(day))}</text>'
        )
    for name, times in pen.history.participant.anchors.items():
        for day in times:
            if first <= day <= last:
                x, said = pen.x(day), escape(f"{pen.words.name('anchor', name)}, {pen.words.day(day)}")
                drawn.append(f'<line class="anchor" x1="{x:.1f}" x2="{x:.1f}" y1="20" y2="{height:.0f}"><title>{said}</title></line>')
    return drawn


def _ticks(first: date, last: date, days: int) -> list[date]:
    if days <= 90:
        step = 7 if days <= 60 else 14
        return [first + timedelta(days=n) for n in range(0, days, step)]
    months = (last.year - first.year) * 12 + last.month - first.month
    every = next(each for each in (1, 2, 3, 6, 12, 24, 60, 1200) if months / each <= 10)
    begun = first.year * 12 + first.month - 1
    found = [date(month // 12, month % 12 + 1, 1) for month in range(begun + 1, begun + months + 1) if month % min(every, 12) == 0]
    return found[:: max(1, every // 12)]


def _dose(pen: _Pen) -> None:
    steps = pen.history.steps
    most = max((step.mg_per_day for step in steps), default=None)
    if not most:
        return
    marks = []
    for step in steps:
        x, width = pen.x(step.first), pen.width(step.first, step.last)
        height = float(step.mg_per_day / most) * (DOSE_ROW - 14)
        shape = _rect("dose" if step.regimen else "held", x, pen.y + DOSE_ROW - max(height, 3), width, max(height, 3))
        level = pen.words.t("strip.hold") if step.regimen is None else pen.words.t("strip.mg", mg=plain(float(step.mg_per_day)))
        if width > 42:
            shape += f'<text class="value" x="{x + 3:.1f}" y="{pen.y + DOSE_ROW - max(height, 3) - 3:.1f}">{escape(level)}</text>'
        marks.append(_mark(shape, f"{level}, {_span(pen, step.first, step.last)}", stop=len(steps) <= FEW))
    pen.row(pen.words.t("strip.dose"), DOSE_ROW, marks, pen.words.t("strip.steps", n=len(steps)), is_stop=len(steps) > FEW)


def _days(pen: _Pen) -> None:
    runs = strip.runs(pen.history.days)
    if not runs:
        return
    tall = {strip.Dose.TAKEN: 8, strip.Dose.HELD: 4, strip.Dose.NOTHING_DUE: 2}
    marks = []
    for run in runs:
        height = tall.get(run.dose, ROW)
        shape = _rect(f"day-{run.dose}", pen.x(run.first), pen.y + ROW - height, pen.width(run.first, run.last), height)
        said = f"{pen.words.t(f'strip.day.{run.dose}')}, {_span(pen, run.first, run.last)}"
        marks.append(_mark(shape, said, stop=len(runs) <= FEW))
    counts = {dose: sum(run.days for run in runs if run.dose is dose) for dose in strip.Dose}
    told = ", ".join(pen.words.t("strip.days", what=pen.words.t(f"strip.day.{dose}"), n=n) for dose, n in counts.items() if n)
    pen.row(pen.words.t("strip.taking"), ROW, marks, told, is_stop=len(runs) > FEW)


def _visits(pen: _Pen) -> None:
    for assessment in dict.fromkeys(one.assignment.assessment for one in pen.history.windows):
        windows = [one for one in pen.history.windows if one.assignment.assessment == assessment and one.state in SHAPES]
        marks = []
        for one in windows:
            first, last = one.assignment.opens, min(one.assignment.due, pen.history.last)
            shape = _rect(f"visit-{SHAPES[one.state]}", pen.x(first), pen.y + 3, pen.width(first, last) - 1, ROW - 6)
            if one.on is not None:
                shape += f'<circle class="given" cx="{pen.x(one.on):.1f}" cy="{pen.y + ROW / 2:.1f}" r="4"/>'
            state = pen.words.t(f"strip.state.{one.state}")
            said = f"{one.assignment.visit}, {_span(pen, first, last)}{pen.words.t('desk.colon')}{state}"
            href = "" if one.by is None else pen.words.url("answers", one.by)
            marks.append(_mark(shape, said, href=href, stop=len(windows) <= FEW))
        if marks:
            answered = sum(one.state is State.ANSWERED for one in windows)
            label = pen.words.name("assessment", assessment)
            pen.row(label, ROW, marks, pen.words.t("strip.visits", answered=answered, n=len(windows)), is_stop=len(windows) > FEW)


def _alerts(pen: _Pen) -> None:
    alerts = pen.history.alerts
    marks = []
    beside = Counter[date]()
    for one in alerts:
        x, y = pen.x(one.day) + 9 * beside[one.day], pen.y + ROW - 2
        beside[one.day] += 1
        css = "alert-expected" if one.expected else f"alert-{one.urgency}"
        shape = f'<path class="{css}" d="M{x:.1f} {y:.1f}l6 0l-6 -13l-6 13z"/>'
        said = f"{one.rule}, {pen.words.day(one.day)}{pen.words.t('desk.colon')}{pen.words.t(f'strip.urgency.{one.urgency}')}"
        if one.expected:
            said += f", {pen.words.t('strip.expected')}"
        marks.append(_mark(shape, said, href=pen.words.url("case", one.case) if one.case else "", stop=len(alerts) <= FEW))
    if marks:
        pen.row(pen.words.t("strip.alerts"), ROW, marks, pen.words.t("strip.count", n=len(marks)), is_stop=len(alerts) > FEW)


def _events(pen: _Pen) -> None:
    events = sorted((one for one in pen.history.events if one.withdrawn is None), key=lambda one: (one.event.start, one.ae))
    last = pen.history.last
    rows = strip.stacked([(one.event.start, one.event.end or last) for one in events])
    marks = []
    for one, row in zip(events, rows, strict=True):
        end = one.event.end or last
        x, y = max(pen.x(one.event.start), LEFT), pen.y + row * ROW
        width = pen.width(max(one.event.start, pen.history.first), end)
        shape = _rect(("event-signed" if one.counts else "event-open"), x, y + 2, width, ROW - 4)
        shape += f'<text class="grade" x="{x + 3:.1f}" y="{y + ROW - 5:.1f}">{one.event.grade}</text>'
        until = pen.words.t("strip.goes_on") if one.event.end is None else pen.words.day(end)
        state = pen.words.t("strip.signed" if one.counts else "strip.not_signed")
        said = pen.words.t("strip.event", term=one.event.term, grade=one.event.grade, first=pen.words.day(one.event.start), last=until)
        marks.append(_mark(shape, f"{said}, {state}", href=pen.words.url("ae", one.ae), stop=len(events) <= FEW))
    if marks:
        pen.row(
            pen.words.t("strip.events"), ROW * (max(rows) + 1), marks, pen.words.t("strip.count", n=len(marks)), is_stop=len(events) > FEW
        )


def lanes(history: History) -> list[tuple[str, str, Sequence[Point]]]:
    """The symptoms of which anything but the lowest was said, the worst first: instrument, symptom, points."""
    found = [(one, symptom, points) for (one, symptom), points in history.symptoms.items() if any(point.value for point in points)]
    return sorted(found, key=lambda lane: (-max(point.value for point in lane[2]), lane[0], lane[1]))


def _symptoms(pen: _Pen) -> None:
    width = -(-((pen.history.last - pen.history.first).days + 1) // COLUMNS)
    for instrument, symptom, all_points in lanes(pen.history)[:LANES]:
        points = [point for point in strip.worst(all_points, pen.history.first, width) if point.value]
        across = max(PLOT * width / ((pen.history.last - pen.history.first).days + 1) - 0.5, 3)
        marks = []
        for point in points:
            height = 3 + (ROW - 4) * point.value
            level = max(1, round(point.value * 4))
            shape = _rect(f"level-{level}", pen.x(point.day), pen.y + ROW - height, across, height)
            said = f"{pen.words.level(instrument, point)}, {pen.words.day(point.day)}"
            marks.append(_mark(shape, said, href=pen.words.url("answers", point.occurrence), stop=False))
        worst = max(points, key=lambda point: (point.value, point.day))
        told = pen.words.t("strip.worst", level=pen.words.level(instrument, worst), day=pen.words.day(worst.day), n=len(all_points))
        lane = [_rect("lane", LEFT, pen.y, PLOT, ROW), *marks]
        pen.row(pen.words.name("symptom", symptom), ROW, lane, told, is_stop=True)


def _scores(pen: _Pen) -> None:
    for (_, scale), points in list(pen.history.scores.items())[:SCORES]:
        top = max(100, *(point.value for point in points)) if max(point.value for point in points) > 4 else 4
        at = [(pen.x(point.day), pen.y + SCORE_ROW - 4 - (SCORE_ROW - 8) * point.value / top) for point in points]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
        first, last = points[0], points[-1]
        told = pen.words.t("strip.score", first=plain(first.value), last=plain(last.value), day=pen.words.day(last.day), n=len(points))
        shape = (
            f'<rect class="lane" x="{LEFT}" y="{pen.y:.1f}" width="{PLOT}" height="{SCORE_ROW}"/><polyline class="score" points="{line}"/>'
        )
        marks = [shape]
        for (x, y), point in zip(at, points, strict=True):
            dot = f'<circle class="score-dot" cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
            said = f"{plain(point.value)}, {pen.words.day(point.day)}"
            marks.append(_mark(dot, said, href=pen.words.url("scores", point.occurrence), stop=False))
        marks.append(f'<text class="value" x="{WIDTH - RIGHT + 6}" y="{at[-1][1] + 4:.1f}">{plain(last.value)}</text>')
        pen.row(pen.words.name("scale", scale), SCORE_ROW, marks, told, is_stop=True)


def _span(pen: _Pen, first: date, last: date) -> str:
    return pen.words.day(first) if first == last else pen.words.t("strip.span", first=pen.words.day(first), last=pen.words.day(last))


def plain(value: float) -> str:
    """A number with one decimal at most."""
    return f"{value:.1f}".removesuffix(".0")
