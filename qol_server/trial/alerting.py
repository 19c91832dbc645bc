"""Which answers should make somebody act: the study's alert rules, judged on one response and on what came before it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from qol_server.trial import diary, scoring
from qol_server.trial.instrument import All, Answer, Answers, Compare, Condition, Instrument, Item
from qol_server.trial.participant import Participant
from qol_server.trial.response import compile as checker_of
from qol_server.trial.response import holds, number_of

PREVIOUS, BASELINE = "previous", "baseline"
"""What a rule may compare with: of what was given to the same assessment before, the last and the first."""
LONGEST_RUN = 400
"""Days looked back over for doses not taken in a row: held days neither count nor break a run."""


class Urgency(StrEnum):
    """How soon somebody must act; the first is the most urgent."""

    NOW = "now"
    SAME_DAY = "same-day"
    THIS_WEEK = "this-week"


URGENCIES = tuple(Urgency)


def most_urgent(urgencies: Iterable[Urgency]) -> Urgency:
    """The most urgent of some (at least one)."""
    return min(urgencies, key=URGENCIES.index)


# What raises an alert


@dataclass(frozen=True, slots=True)
class Answered:
    """Answers of one response satisfy a condition."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class AnyItem:
    """At least one of these items was answered with this."""

    items: tuple[str, ...]
    value: int | str


@dataclass(frozen=True, slots=True)
class Level:
    """Any item with this attribute is answered with this or more."""

    attribute: str
    at_least: int


@dataclass(frozen=True, slots=True)
class Rise:
    """Any item, or any with this attribute, rose by this or more over an earlier answer: "previous" or "baseline"."""

    by: int
    over: tuple[str, ...]
    attribute: str | None = None


@dataclass(frozen=True, slots=True)
class ScoreChange:
    """A score rose by this or more over an earlier one; with a negative ``by`` it fell by as much or more."""

    score: str
    by: Decimal
    over: str


@dataclass(frozen=True, slots=True)
class ScoreLevel:
    """A score satisfies a comparison; ``score`` None: any scale of the instrument, such as any composite grade."""

    op: str
    limit: Decimal
    score: str | None = None


@dataclass(frozen=True, slots=True)
class NotTaken:
    """No dose was taken on so many days in a row, as the participant stated. A day that is not known ends the row."""

    days: int


@dataclass(frozen=True, slots=True)
class OverPrescription:
    """More was taken on a day than was prescribed for it; any dose while none is prescribed."""


When = Answered | AnyItem | Level | Rise | ScoreChange | ScoreLevel | NotTaken | OverPrescription


@dataclass(frozen=True, slots=True)
class Rule:
    """One alert rule; ``instrument`` None: of any that has the items or scales."""

    id: str
    when: When
    urgency: Urgency
    instrument: str | None = None
    advice: str | None = None
    enabled: bool = True

    def compares_with(self, which: str, instrument: str) -> bool:
        """Whether it compares responses of an instrument with PREVIOUS or BASELINE ones."""
        over = self.when.over if isinstance(self.when, Rise) else (self.when.over,) if isinstance(self.when, ScoreChange) else ()
        return self.enabled and self.instrument in (None, instrument) and which in over

    @property
    def is_about_dose(self) -> bool:
        return isinstance(self.when, NotTaken | OverPrescription)

    @property
    def may_be_expected(self) -> bool:
        """Whether an expected level may keep it from making a case: never what is urgent now, nor a dose above the prescribed one."""
        return self.urgency is not Urgency.NOW and not self.is_about_dose


# What the rules look at, and what they find


@dataclass(frozen=True, slots=True)
class Earlier:
    """A response given before, with the instrument version that it names."""

    instrument: Instrument
    answers: Answers


@dataclass(frozen=True, slots=True)
class Seen:
    """What the rules may look at. The answers need not be usable: what cannot be read satisfies nothing.

    ``earlier``: "previous" and "baseline", each where there is one. ``day``: of a dose diary, the day it tells about;
    ``doses`` gives the current answers of another of its days, none where there are none. ``said_at``: when the first of the
    response's corrections was captured.
    """

    instrument: Instrument
    answers: Answers
    participant: Participant
    earlier: Mapping[str, Earlier] = field(default_factory=dict)
    day: date | None = None
    doses: Callable[[date], Answers] = lambda _day: {}
    said_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that satisfied a rule: an item or scale (or "dose", "days") with its value, and what it is compared with."""

    subject: str
    value: str
    before: str | None = None
    over: str | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """A rule that is raised, with what raised it; ``failed``: the rule could not be judged, so somebody must look."""

    rule: Rule
    findings: tuple[Finding, ...]
    failed: bool = False


def judge(rules: Iterable[Rule], seen: Seen) -> tuple[Alert, ...]:
    """The alerts that these rules raise, most urgent first. A rule that stumbles is an alert itself; never raises."""
    raised = [alert for rule in rules if rule.enabled and _concerns(rule, seen) for alert in _judged(rule, seen)]
    return tuple(sorted(raised, key=lambda alert: (URGENCIES.index(alert.rule.urgency), alert.rule.id)))


def _concerns(rule: Rule, seen: Seen) -> bool:
    if rule.is_about_dose:
        return seen.instrument.id == diary.DOSE_DIARY and seen.day is not None
    return rule.instrument in (None, seen.instrument.id)


def _judged(rule: Rule, seen: Seen) -> list[Alert]:
    try:
        findings = tuple(_JUDGES[type(rule.when)](rule.when, seen))
    except Exception:  # whatever it is, safety does not hang on it: people decide
        return [Alert(rule, (), failed=True)]
    return [Alert(rule, findings)] if findings else []


# Levels


def level_of(instrument: Instrument, item: str, answers: Answers) -> int | Decimal | None:
    """The number that an item says; one that was not asked because its branch does not hold says its lowest code.

    Somebody who was never sick was not asked how badly: the week after, "severe" is a rise all the same.
    """
    asked = instrument.by_id.get(item)
    if asked is None or answers.get(item) is not None:
        return number_of(answers.get(item))
    codes = [code for code in asked.codes if isinstance(code, int)]
    branch = asked.ask_when
    is_skipped = branch is not None and item not in answers and _is_told(branch, instrument, answers) and not holds(branch, answers)
    return min(codes) if codes and is_skipped else None


def _is_told(condition: Condition, instrument: Instrument, answers: Answers) -> bool:
    """Whether every item that a condition looks at was answered, and not with a coded non-answer."""
    if isinstance(condition, Compare):
        answer, item = answers.get(condition.item), instrument.by_id.get(condition.item)
        return answer is not None and item is not None and answer not in item.non_answers
    return all(_is_told(part, instrument, answers) for part in condition.parts)


def _answered(when: Answered, seen: Seen) -> Iterator[Finding]:
    if holds(when.condition, seen.answers):
        for item in dict.fromkeys(_satisfied(when.condition, seen.answers)):
            yield Finding(item, _said(seen.answers.get(item)))


def _satisfied(condition: Condition, answers: Answers) -> Iterator[str]:
    """The items whose comparisons hold."""
    if isinstance(condition, Compare):
        if holds(condition, answers):
            yield condition.item
    elif not isinstance(condition, All) or holds(condition, answers):
        for part in condition.parts:
            yield from _satisfied(part, answers)


def _any_item(when: AnyItem, seen: Seen) -> Iterator[Finding]:
    for item in when.items:
        if item in seen.answers and holds(Compare(item, "is", when.value), seen.answers):
            yield Finding(item, _said(seen.answers[item]))


def _level(when: Level, seen: Seen) -> Iterator[Finding]:
    for item in _with(when.attribute, seen.instrument):
        if holds(Compare(item.id, "at_least", when.at_least), seen.answers):
            yield Finding(item.id, _said(seen.answers[item.id]))


def _rise(when: Rise, seen: Seen) -> Iterator[Finding]:
    for item in _with(when.attribute, seen.instrument):
        now = level_of(seen.instrument, item.id, seen.answers)
        for which in when.over:
            earlier = seen.earlier.get(which)
            then = None if earlier is None else level_of(earlier.instrument, item.id, earlier.answers)
            if now is not None and then is not None and now - then >= when.by:
                yield Finding(item.id, str(now), str(then), which)
                break  # over which one matters less than that it rose


def _with(attribute: str | None, instrument: Instrument) -> Iterator[Item]:
    return (item for item in instrument.items if attribute is None or item.attribute == attribute)


# Scores


def _score_change(when: ScoreChange, seen: Seen) -> Iterator[Finding]:
    earlier = seen.earlier.get(when.over)
    now = scores_of(seen.instrument, seen.answers).get(when.score)
    then = scores_of(earlier.instrument, earlier.answers).get(when.score) if earlier is not None else None
    if now is not None and then is not None:
        change = now - then
        if change >= Fraction(when.by) if when.by > 0 else change <= Fraction(when.by):
            yield Finding(when.score, _decimal(now), _decimal(then), when.over)


def _score_level(when: ScoreLevel, seen: Seen) -> Iterator[Finding]:
    compare = _COMPARISONS[when.op]
    for scale, value in scores_of(seen.instrument, seen.answers).items():
        if when.score in (None, scale) and value is not None and compare(value, Fraction(when.limit)):
            yield Finding(scale, _decimal(value))


_COMPARISONS: Mapping[str, Callable[[Fraction, Fraction], bool]] = {
    "at_least": lambda value, limit: value >= limit,
    "at_most": lambda value, limit: value <= limit,
    "above": lambda value, limit: value > limit,
    "below": lambda value, limit: value < limit,
}


def scores_of(instrument: Instrument, answers: Answers) -> dict[str, Fraction | None]:
    """The scores of what can be used of the answers."""
    checker = checker_of(instrument)
    usable = {
        item: answer for item, answer in answers.items() if item in instrument.by_id and checker.check({item: answer}).problem is None
    }
    return {scale: score.value for scale, score in scoring.scores(instrument, usable).items()}


def _decimal(value: Fraction) -> str:
    """A score as people write it: at most two places."""
    return f"{float(value):.2f}".rstrip("0").rstrip(".")


# Doses


UNKNOWN = "unknown"
"""What a finding says of a dose of unknown size."""
PRESCRIBED = "prescribed"
"""What a dose was too much over."""


def _over_prescription(_when: OverPrescription, seen: Seen) -> Iterator[Finding]:
    day = _day(seen, 0)
    how_much_is_unknown = not day.planned_intakes and day.unknown  # whatever was taken, none was prescribed
    if day.over_mg > 0 or how_much_is_unknown:
        taken = UNKNOWN if how_much_is_unknown else f"{day.recorded_mg.normalize():f} mg"
        yield Finding("dose", taken, f"{day.planned_mg.normalize():f} mg", PRESCRIBED)


def _not_taken(when: NotTaken, seen: Seen) -> Iterator[Finding]:
    in_a_row = 0
    for back in range(LONGEST_RUN):
        day = _day(seen, back)
        if day.planned_intakes and day.stated_missed_intakes == day.planned_intakes and not day.recorded_mg:
            in_a_row += 1
        elif not day.held or day.recorded_mg:
            break
    if in_a_row >= when.days and _day(seen, 0).stated_missed_intakes:
        yield Finding("days", str(in_a_row))


def _day(seen: Seen, back: int) -> diary.DoseDay:
    assert seen.day is not None, "a rule about doses concerns dose diaries only"  # noqa: S101
    day = seen.day - timedelta(days=back)
    answers = seen.answers if back == 0 else seen.doses(day)  # of another day it is asked whether a dose was taken, never how much
    return diary.dose_day(seen.participant, day, answers, seen.said_at if back == 0 else None)


def _said(answer: Answer) -> str:
    return ", ".join(str(one) for one in answer) if isinstance(answer, list) else str(answer)


_JUDGES: Mapping[type, Callable[..., Iterator[Finding]]] = {
    Answered: _answered,
    AnyItem: _any_item,
    Level: _level,
    Rise: _rise,
    ScoreChange: _score_change,
    ScoreLevel: _score_level,
    NotTaken: _not_taken,
    OverPrescription: _over_prescription,
}


# Expected levels


@dataclass(frozen=True, slots=True)
class Expected:
    """A level of a symptom's item that is usual for one participant, until a day; ``position``: of the entry that says so."""

    item: str
    level: int
    until: date
    position: int = 0


def expected_by(alert: Alert, levels: Sequence[Expected], today: date) -> Expected | None:
    """The expected level that explains the whole alert, or None: each finding is an item at or below a level in force.

    A rise is explained by the level that it reached. What is urgent now, and doses, are never explained.
    """
    if alert.failed or not alert.rule.may_be_expected or not alert.findings:
        return None
    in_force = {one.item: one for one in levels if today <= one.until}
    explaining = [in_force.get(finding.subject) for finding in alert.findings]
    for finding, one in zip(alert.findings, explaining, strict=True):
        value = number_of(finding.value)
        if one is None or value is None or value > one.level:
            return None
    return explaining[0]
