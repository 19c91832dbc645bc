"""What was given to one occurrence and what was made of it: every answer with its corrections, every score with where it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from flask import Response

from qol_server.staff import course
from qol_server.staff.desk import Desk, Pages, number_site
from qol_server.staff.findings import Speaker
from qol_server.staff.participant import PATH, words_of
from qol_server.state import history
from qol_server.store import Row
from qol_server.trial import problems, scoring
from qol_server.trial.instrument import Instrument
from qol_server.trial.participant import Participant
from qol_server.trial.problems import CATALOGUE, Refused
from qol_server.trial.roles import Permission
from qol_server.views.history import baseline

PAGES = Pages()


@dataclass(frozen=True, slots=True)
class Given:
    """One response. ``shown``: item, question, answer in words, and what stood there in the response that it corrects (None: the same).

    ``blanked``: a redaction took what it said.
    """

    row: Row
    shown: Sequence[tuple[str, str, str, str | None]]
    mode: str
    by: str
    blanked: bool


@PAGES.get(f"{PATH}/answers/<occurrence>", Permission.PARTICIPANT_SEE, at=number_site)
def answers(desk: Desk, number: str, occurrence: str) -> Response:
    """Every response to it in the order of the journal, what each correction changed, and what is under review."""
    rows, reviewed = _rows(desk, number, occurrence)
    speaker, facts = Speaker(desk), {row["id"]: _fact(row) for row in rows}
    given = []
    for row in rows:
        fact = facts[row["id"]]
        before = None if row["supersedes"] is None else facts.get(row["supersedes"], {}).get("answers")
        shown = _shown(desk, speaker, occurrence, fact.get("answers", {}), before)
        given.append(Given(row, shown, fact.get("mode", ""), fact.get("by", ""), not fact))
    told = [(row, CATALOGUE[row["problem"]].title if row["problem"] in CATALOGUE else row["problem"]) for row in reviewed]
    return desk.page(
        "responses/answers.html", title=desk.t("given.title", occurrence=_name(desk, occurrence)), number=number, occurrence=occurrence,
        given=given, reviewed=told,
        zone=desk.participant(number).time_zone, in_words=lambda key, code: course.said(desk, key, code),
        may_see_scores=desk.may(Permission.SCORES_SEE, number_site(desk, number)),
    )  # fmt: skip


def _rows(desk: Desk, number: str, occurrence: str) -> tuple[list[Row], list[Row]]:
    rows, reviewed = history.of_occurrence(desk.tx, number, occurrence), history.under_review(desk.tx, number, occurrence)
    if not rows and not reviewed:
        raise Refused(problems.NOT_FOUND)
    return rows, reviewed


def _fact(row: Row) -> Mapping[str, Any]:
    return orjson.loads(row["line"]) if row["line"] else {}


def _name(desk: Desk, occurrence: str) -> str:
    """The assessment in words and the visit; the id of what was given without a calendar says nothing to anybody."""
    assessment, _, visit = occurrence.partition("@")
    asked = desk.protocol.assessments.get(assessment)
    name = course.said(desk, f"assessment.{assessment}", assessment)
    return name if asked is not None and asked.ad_hoc else f"{name}, {visit}"


def _shown(
    desk: Desk, speaker: Speaker, occurrence: str, given: Mapping[str, Any], before: Mapping[str, Any] | None
) -> list[tuple[str, str, str, str | None]]:
    """The answers in words; with what stood there before where a correction changed it."""
    assessment = occurrence.partition("@")[0]
    items = dict.fromkeys([*(before or {}), *given])
    shown = []
    for item in items:
        now, earlier = _said(desk, speaker, assessment, item, given), _said(desk, speaker, assessment, item, before or {})
        changed = before is not None and before.get(item, ...) != given.get(item, ...)
        shown.append((item, speaker.question(assessment, item), now, earlier if changed else None))
    return shown


def _said(desk: Desk, speaker: Speaker, assessment: str, item: str, given: Mapping[str, Any]) -> str:
    if item not in given:
        return desk.t("given.not_asked")
    answer = given[item]
    if answer is None:
        return desk.t("given.not_answered")
    return ", ".join(speaker.answer(assessment, item, str(each)) for each in (answer if isinstance(answer, list) else [answer]))


# Where scores come from


@dataclass(frozen=True, slots=True)
class Used:
    """An item of a scale: its code in the response and in words; ``code`` "": it has no usable answer."""

    item: str
    question: str
    code: str
    label: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """One score. ``terms``: of a summary the scales that it is made of. ``earlier``: what the responses before it gave, oldest first."""

    scale: str
    kind: str
    score: scoring.Score
    items: Sequence[Used]
    terms: Sequence[str]
    change: Fraction | None
    earlier: Sequence[tuple[int, Fraction | None]]

    @property
    def answered(self) -> int:
        return sum(bool(item.code) for item in self.items)


@PAGES.get(f"{PATH}/scores/<occurrence>", Permission.SCORES_SEE, at=number_site)
def scores(desk: Desk, number: str, occurrence: str) -> Response:
    """Each score of the response that counts, with its items, the rule and its version, and the change since baseline."""
    rows, _ = _rows(desk, number, occurrence)
    current = next((row for row in reversed(rows) if row["current"] and row["occurrence"] == occurrence and row["line"]), None)
    if current is None:
        raise Refused(problems.NOT_FOUND)
    instrument = desk.study.instrument(desk.tx, current["version"])
    first = baseline(desk.study, desk.tx, number, current["assessment"], before_treatment(desk.participant(number), desk.now))
    since = next((where for _, where in first.values()), None)
    found = _provenance(desk, rows, current, instrument, first)
    return desk.page(
        "responses/scores.html", title=desk.t("scored.title", occurrence=_name(desk, occurrence)), number=number, occurrence=occurrence,
        row=current, instrument=instrument, method=scoring.method_version(instrument), found=found,
        baseline=since, words=words_of(desk, number), zone=desk.participant(number).time_zone, exact_value=exact,
        in_words=lambda key, code: course.said(desk, key, code),
    )  # fmt: skip


def before_treatment(person: Participant, now: datetime) -> datetime:
    """Until when a response can be a baseline: it was given before the day of the first dose; while that is not known, until now."""
    starts = person.anchors.get("treatment_start", ())
    return datetime.combine(starts[0], time(), ZoneInfo(person.time_zone)).astimezone(UTC) if starts else now


def _provenance(
    desk: Desk, rows: Sequence[Row], current: Row, instrument: Instrument, first: Mapping[str, tuple[Fraction, str]]
) -> list[Provenance]:
    speaker, answers_ = Speaker(desk), _fact(current)["answers"]
    earlier = []
    for row in rows:
        if row["position"] != current["position"] and row["line"]:
            of = desk.study.instrument(desk.tx, row["version"])
            earlier.append((row["position"], scoring.scorer(of).of(_fact(row)["answers"])))
    kinds = {scale.id: (scale.kind, scale.items) for scale in instrument.scales}
    terms = {
        summary.id: [f"100 − {term.scale}" if term.reversed else term.scale for term in summary.terms] for summary in instrument.summaries
    }
    found = []
    for scale, score in scoring.scorer(instrument).of(answers_).items():
        kind, items = kinds.get(scale, ("summary", ()))
        base = first.get(scale)
        is_baseline = base is not None and base[1] == current["occurrence"]
        change = None if base is None or score.value is None or is_baseline else score.value - base[0]
        used = [_used(speaker, current["assessment"], instrument, item, answers_) for item in items]
        before = [(position, scored[scale].value) for position, scored in earlier if scale in scored]
        found.append(Provenance(scale, kind, score, used, terms.get(scale, ()), change, before))
    return found


def _used(speaker: Speaker, assessment: str, instrument: Instrument, item: str, given: Mapping[str, Any]) -> Used:
    value = scoring.value_of(instrument.by_id[item], given.get(item))
    labels = {str(code): label for code, label in speaker.answers(assessment, item)}
    code = "" if value is None else str(value)
    return Used(item, speaker.question(assessment, item), code, labels.get(code, ""))


def exact(value: Fraction | None) -> str:
    """A score with two decimals at most."""
    return "" if value is None else f"{float(value):.2f}".rstrip("0").rstrip(".")
