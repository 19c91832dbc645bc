"""How answers become scores: one named and versioned method per family of instruments, in exact arithmetic.

Sources: EORTC QLQ-C30 scoring manual, 3rd edition (Fayers 2001), summary score by Giesinger 2016 (J Clin Epidemiol 69:79-88);
PRO-CTCAE composite grades by Basch 2021 (Clin Trials 18:104-114); FACT-G scoring guidelines version 4 (facit.org).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import lcm
from typing import Literal

from .instrument import Instrument, Item, ItemType, Scale, Summary
from .response import allowed

NotAsked = Literal["zero", "missing"]
"""What a part of a PRO-CTCAE set counts as when it is missing and the set's first part is 0."""

Values = Sequence[int | None]
"""The answers to a scale's items, in the scale's order; None: not answered, whatever the reason."""


@dataclass(frozen=True, slots=True)
class Score:
    """``value``: exact, None when missing; ``note``: why it is missing or what was assumed."""

    value: Fraction | None
    items_used: tuple[str, ...]
    note: str = ""

    @property
    def as_float(self) -> float | None:
        """The value as the nearest float."""
        return None if self.value is None else float(self.value)


@dataclass(frozen=True, slots=True)
class ScaleRule:
    """One scale, ready to be scored: ``of`` its values in the order of ``items``.

    ``denominator``: every score of the scale is a whole number of 1/denominator (1: scores are whole numbers).
    """

    id: str
    items: tuple[str, ...]
    of: Callable[[Values], Score]
    denominator: int


@dataclass(frozen=True, slots=True)
class SummaryRule:
    """One score made of scales. ``denominator``: of its terms, so that whole numbers can be added instead of fractions."""

    id: str
    scales: tuple[str, ...]
    reversed: frozenset[str]
    denominator: int
    divisor: int  # 1: the sum of the terms, else their mean
    items: int
    enough_of_all_items: Fraction  # more than this part of the items must have been answered; below 0: no such rule

    def term(self, scale: str, score: Score) -> int | None:
        """What ``score`` of ``scale`` adds to the total, in 1/denominator."""
        if score.value is None:
            return None
        value = 100 - score.value if scale in self.reversed else score.value
        return int(value * self.denominator)

    def value(self, total: int, answered: int) -> Fraction | None:
        """The summary of terms that add up to ``total`` when ``answered`` items were answered and no scale is missing."""
        if answered <= self.enough_of_all_items * self.items:
            return None
        return Fraction(total, self.denominator * self.divisor)

    def of(self, scores: Mapping[str, Score]) -> Score:
        """The summary of the scales' ``scores``; missing unless every one of them is there."""
        used = tuple(item for scale in self.scales for item in scores[scale].items_used)
        terms = [self.term(scale, scores[scale]) for scale in self.scales]
        total = sum(term for term in terms if term is not None)
        if None in terms:
            missing = [scale for scale, term in zip(self.scales, terms, strict=True) if term is None]
            return Score(None, (), f"{', '.join(missing)} missing; all of {', '.join(self.scales)} are needed")
        value = self.value(total, len(used))
        if value is None:
            needed = int(self.enough_of_all_items * self.items) + 1
            return Score(None, (), f"{len(used)} of {self.items} items answered, {needed} are needed")
        return Score(value, used)


@dataclass(frozen=True, slots=True)
class Scorer:
    """The rules of one instrument, ready to be used on many responses."""

    instrument: Instrument
    scales: tuple[ScaleRule, ...]
    summaries: tuple[SummaryRule, ...]

    def of(self, answers: Mapping[str, object]) -> dict[str, Score]:
        """Score one response: scale or summary id -> score, in the instrument's order."""
        items = self.instrument.by_id
        scores = {rule.id: rule.of([value_of(items[item], answers.get(item)) for item in rule.items]) for rule in self.scales}
        return scores | {rule.id: rule.of(scores) for rule in self.summaries}


def scores(instrument: Instrument, answers: Mapping[str, object], *, not_asked: NotAsked = "zero") -> dict[str, Score]:
    """Score one response: scale or summary id -> score; nothing for an instrument without a scoring method.

    None, an absent item and a coded non-answer are missing. An answer that its item does not allow is a ValueError: such a
    response is never scored, and nothing is clipped.
    """
    return scorer(instrument, not_asked).of(answers)


@lru_cache(maxsize=64)
def scorer(instrument: Instrument, not_asked: NotAsked = "zero") -> Scorer:
    """Make the rules of ``instrument``; ValueError when its scales do not fit its method."""
    if instrument.scoring is None:
        return Scorer(instrument, (), ())
    method = _method(instrument)
    if not_asked not in ("zero", "missing"):
        raise ValueError(f"not_asked is zero or missing, not {not_asked!r}")
    rules = {scale.id: method.scale(scale, _items(instrument, scale), not_asked) for scale in instrument.scales}
    summaries = tuple(_summary_rule(summary, rules, method) for summary in instrument.summaries)
    return Scorer(instrument, tuple(rules.values()), summaries)


def method_version(instrument: Instrument) -> str:
    """The method and its version, as "eortc/1": it changes whenever the same answers could give another score.

    Empty for an instrument that is not scored.
    """
    return f"{instrument.scoring}/{_method(instrument).version}" if instrument.scoring else ""


def value_of(item: Item, answer: object) -> int | None:
    """The number that ``answer`` counts as, None when it is missing; ValueError when the item does not allow it."""
    if answer is None or (isinstance(answer, str) and answer in item.non_answers):
        return None
    if type(answer) is int:  # True is no 1
        if item.type is ItemType.CHOICE and answer in item.codes:
            return answer
        if item.type is ItemType.INTEGER and _ends(item)[0] <= answer <= _ends(item)[1]:
            return answer
    raise ValueError(f"{item.id} allows {allowed(item)}")


# The methods. Each makes the rule of one scale from the scale, its items and what a part not asked counts as.


def _eortc(scale: Scale, items: tuple[Item, ...], _not_asked: NotAsked) -> ScaleRule:
    """Linear transformation of the items' mean to 0..100, if at least half of the items are answered."""
    if scale.kind not in ("functional", "symptom", "global") or scale.reversed:
        raise ValueError(f"scale {scale.id}: eortc knows functional, symptom and global scales and reverses no items")
    low, high = _common_ends(scale, items)
    needed = _minimum(scale, (len(items) + 1) // 2)
    span = high - low

    def of(values: Values) -> Score:
        used, total = _answered(scale, values)
        if len(used) < needed:
            return _too_few(scale, used, needed)
        distance = Fraction(100 * (total - low * len(used)), len(used) * span)
        return Score(100 - distance if scale.kind == "functional" else distance, used)

    return ScaleRule(scale.id, scale.items, of, span * lcm(*range(needed, len(items) + 1)))


COMPOSITE_GRADES = {
    "F": "01123",
    "S": "01233",
    "A": "01122",
    "FS": "00000 11122 11222 11233 11233",
    "FI": "00000 11122 11122 11233 11233",
    "SI": "00000 11122 11223 12233 22233",
    "FSI": "00000 00000 00000 00000 00000  01122 11122 12223 22233 22333  01122 11122 22233 22233 22333"
    "  11122 11122 22233 22333 22333  11122 11223 22233 22333 22333",
}
"""Parts of a set -> grade of each combination of their answers 0..4; the last part changes fastest."""


def _pro_ctcae(scale: Scale, items: tuple[Item, ...], not_asked: NotAsked) -> ScaleRule:
    """Composite grade 0..3 of one symptom's parts (frequency, severity, interference, amount); all of them are needed."""
    parts = "".join((item.attribute or "?")[0].upper() for item in items)
    if parts not in COMPOSITE_GRADES or scale.kind != parts or scale.reversed or any(_ends(item) != (0, 4) for item in items):
        raise ValueError(
            f"scale {scale.id}: a composite grade is made of items coded 0 to 4 whose attributes its kind names by their letters: "
            f"{', '.join(COMPOSITE_GRADES)}; not {scale.kind} with {parts}"
        )
    _minimum(scale, len(items))
    grades = [int(digit) for digit in COMPOSITE_GRADES[parts].replace(" ", "")]

    def of(values: Values) -> Score:
        used, _ = _answered(scale, values)
        assumed = values[0] == 0 and not_asked == "zero" and len(used) < len(values)
        position = 0
        for value in values:
            if value is None and not assumed:
                return _too_few(scale, used, len(items))
            position = 5 * position + (value or 0)
        return Score(Fraction(grades[position]), used, "parts not asked count as 0" if assumed else "")

    return ScaleRule(scale.id, scale.items, of, 1)


def _fact(scale: Scale, items: tuple[Item, ...], _not_asked: NotAsked) -> ScaleRule:
    """Sum prorated to all items, if more than half of them are answered."""
    return _prorated_sum(scale, items, _minimum(scale, len(items) // 2 + 1))


def _sum(scale: Scale, items: tuple[Item, ...], _not_asked: NotAsked) -> ScaleRule:
    """Mean of the answered items times the number of items, if ``minimum_answered`` are answered (not given: all)."""
    return _prorated_sum(scale, items, _stated_minimum(scale))


def _mean(scale: Scale, items: tuple[Item, ...], _not_asked: NotAsked) -> ScaleRule:
    """Mean of the answered items, if ``minimum_answered`` are answered (not given: all)."""
    needed = _stated_minimum(scale)
    turn = _turn(scale, items)

    def of(values: Values) -> Score:
        used, total = _answered(scale, values, turn)
        return Score(Fraction(total, len(used)), used) if len(used) >= needed else _too_few(scale, used, needed)

    return ScaleRule(scale.id, scale.items, of, lcm(*range(needed, len(items) + 1)))


def _prorated_sum(scale: Scale, items: tuple[Item, ...], needed: int) -> ScaleRule:
    turn = _turn(scale, items)

    def of(values: Values) -> Score:
        used, total = _answered(scale, values, turn)
        return Score(Fraction(total * len(items), len(used)), used) if len(used) >= needed else _too_few(scale, used, needed)

    return ScaleRule(scale.id, scale.items, of, 1 if needed == len(items) else lcm(*range(needed, len(items) + 1)))


@dataclass(frozen=True, slots=True)
class Method:
    """``version`` grows whenever the same answers could give another score."""

    version: int
    scale: Callable[[Scale, tuple[Item, ...], NotAsked], ScaleRule]
    enough_of_all_items: Fraction = Fraction(-1)


METHODS: dict[str, Method] = {
    "eortc": Method(1, _eortc),
    "pro-ctcae": Method(1, _pro_ctcae),
    "fact": Method(1, _fact, Fraction(80, 100)),
    "sum": Method(1, _sum),
    "mean": Method(1, _mean),
}
"""Every scoring method by the name that an instrument's ``scoring`` gives."""


def _summary_rule(summary: Summary, rules: Mapping[str, ScaleRule], method: Method) -> SummaryRule:
    scales = tuple(term.scale for term in summary.terms)
    unknown = [scale for scale in scales if scale not in rules]
    if unknown or not scales or summary.method not in ("mean", "sum"):
        wrong = ", ".join(unknown) or summary.method
        raise ValueError(f"summary {summary.id}: a summary is the mean or the sum of the instrument's scales; not known here: {wrong}")
    return SummaryRule(
        summary.id,
        scales,
        frozenset(term.scale for term in summary.terms if term.reversed),
        lcm(*(rules[scale].denominator for scale in scales)),
        len(scales) if summary.method == "mean" else 1,
        sum(len(rules[scale].items) for scale in scales),
        method.enough_of_all_items,
    )


def _method(instrument: Instrument) -> Method:
    try:
        return METHODS[instrument.scoring or ""]
    except KeyError:
        raise ValueError(f"{instrument.id}: there is no scoring method {instrument.scoring!r}; there are {', '.join(METHODS)}") from None


def _items(instrument: Instrument, scale: Scale) -> tuple[Item, ...]:
    unknown = [item for item in scale.items if item not in instrument.by_id]
    if unknown or not scale.items or not set(scale.reversed) <= set(scale.items):
        raise ValueError(f"scale {scale.id}: items that the instrument or the scale does not have: {', '.join(unknown or scale.reversed)}")
    items = tuple(instrument.by_id[item] for item in scale.items)
    for item in items:
        _ends(item)
    return items


def _ends(item: Item) -> tuple[int, int]:
    """The lowest and the highest number that ``item`` allows."""
    if item.type is ItemType.CHOICE:
        codes = [code for code in item.codes if isinstance(code, int)]
        if codes and len(codes) == len(item.codes):
            return min(codes), max(codes)
    elif item.type is ItemType.INTEGER and item.at_least is not None and item.at_most is not None:
        return int(item.at_least), int(item.at_most)
    raise ValueError(f"{item.id} cannot be scored: its answers are not whole numbers within limits")


def _common_ends(scale: Scale, items: tuple[Item, ...]) -> tuple[int, int]:
    ends = {_ends(item) for item in items}
    if len(ends) != 1:
        raise ValueError(f"scale {scale.id}: its items do not have the same range")
    return ends.pop()


def _turn(scale: Scale, items: tuple[Item, ...]) -> tuple[int | None, ...]:
    """For each item what its answer is taken from when it is reversed (lowest + highest), else None."""
    return tuple(sum(_ends(item)) if item.id in scale.reversed else None for item in items)


def _minimum(scale: Scale, by_method: int) -> int:
    if scale.minimum_answered not in (None, by_method):
        raise ValueError(f"scale {scale.id}: its method needs {by_method} answered items, the file says {scale.minimum_answered}")
    return by_method


def _stated_minimum(scale: Scale) -> int:
    needed = len(scale.items) if scale.minimum_answered is None else scale.minimum_answered
    if not 1 <= needed <= len(scale.items):
        raise ValueError(f"scale {scale.id}: minimum_answered is from 1 to {len(scale.items)}, not {needed}")
    return needed


def _answered(scale: Scale, values: Values, turn: tuple[int | None, ...] | None = None) -> tuple[tuple[str, ...], int]:
    """The items that were answered and the sum of their values, turned where ``turn`` says so."""
    used = tuple(item for item, value in zip(scale.items, values, strict=True) if value is not None)
    if turn is None:
        return used, sum(value for value in values if value is not None)
    pairs = zip(values, turn, strict=True)
    return used, sum(value if whole is None else whole - value for value, whole in pairs if value is not None)


def _too_few(scale: Scale, used: tuple[str, ...], needed: int) -> Score:
    return Score(None, (), f"{len(used)} of {len(scale.items)} items answered, {needed} {'is' if needed == 1 else 'are'} needed")
