"""Whether the answers of one response are usable: checked item by item against the instrument version they name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from .instrument import All, Any, Compare, Condition, Instrument, Item, ItemType
from .problems import OUT_OF_RANGE, UNKNOWN_ITEM, Problem

INCOMPLETE = "incomplete"
"""Note: an item that is required and was to be asked has no answer and no coded non-answer."""
OFF_BRANCH = "off-branch"
"""Note: an item was answered although its ``ask_when`` does not hold for the other answers."""

TEXT_LENGTH = 2000
"""Characters of a text answer whose item names no ``max_length``."""
LARGEST_INTEGER = 2**53 - 1
"""Whole numbers up to this size are the same number in every JSON reader."""

_DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,10})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # NUL and lone surrogates have no place in a database or in UTF-8

Test = Callable[[object], bool]


@dataclass(frozen=True, slots=True)
class Verdict:
    """``problem``: why the response cannot be used (None: it can); ``detail`` names the item, never what was written.

    ``notes`` are flags of a usable response: ``incomplete``, ``off-branch``.
    """

    problem: Problem | None = None
    detail: str = ""
    item: str | None = None
    notes: tuple[str, ...] = ()


CLEAN = Verdict()


def compile(instrument: Instrument) -> Checker:
    """Make the checker of one instrument version; keep it by ``instrument.version``, making it costs as much as 100 checks."""
    return Checker(instrument)


@dataclass(slots=True)
class Checker:
    """Checks answers against one instrument version."""

    instrument: Instrument
    _whole: dict[str, frozenset[int]] = field(init=False, repr=False)
    _other: dict[str, Test] = field(init=False, repr=False)
    _required: frozenset[str] = field(init=False, repr=False)
    _branches: dict[str, Condition] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # Almost every answer is a small whole number: one look into a set decides it, a call is made for the rest only.
        self._whole = {item.id: _small_integers(item) for item in self.instrument.items}
        self._other = {item.id: _test(item) for item in self.instrument.items}
        self._required = frozenset(item.id for item in self.instrument.items if item.required)
        self._branches = {item.id: item.ask_when for item in self.instrument.items if item.ask_when is not None}

    def check(self, answers: Mapping[str, object]) -> Verdict:
        """Judge ``answers`` (item id -> answer); the first answer that cannot be used decides."""
        whole = self._whole
        unanswered = False
        for item, answer in answers.items():
            try:
                integers = whole[item]
            except KeyError:
                return Verdict(UNKNOWN_ITEM, f"{self.instrument.id} has no item {item[:60]!r}", item)
            if answer is None:
                unanswered = True
            elif answer.__class__ is int and answer in integers:
                continue
            elif not self._other[item](answer):
                return Verdict(OUT_OF_RANGE, f"{item} allows {allowed(self.instrument.by_id[item])}", item)
        if self._branches or unanswered or not self._required <= answers.keys():
            return self._noted(answers)
        return CLEAN

    def _noted(self, answers: Mapping[str, object]) -> Verdict:
        notes = []
        if any(answers.get(item) is None and not self._is_skipped(item, answers) for item in self._required):
            notes.append(INCOMPLETE)
        if any(answer is not None and self._is_skipped(item, answers) for item, answer in answers.items()):
            notes.append(OFF_BRANCH)
        return Verdict(notes=tuple(notes)) if notes else CLEAN

    def _is_skipped(self, item: str, answers: Mapping[str, object]) -> bool:
        condition = self._branches.get(item)
        return condition is not None and not holds(condition, answers)


def asked(instrument: Instrument, answers: Mapping[str, object]) -> tuple[str, ...]:
    """The items that are to be asked, in order, given these answers: those without ``ask_when`` or whose ``ask_when`` holds."""
    return tuple(item.id for item in instrument.items if item.ask_when is None or holds(item.ask_when, answers))


def holds(condition: Condition, answers: Mapping[str, object]) -> bool:
    """Whether ``condition`` is true of ``answers``.

    A missing answer, a coded non-answer and anything that is not of the kind compared with never satisfy a comparison.
    Of several choices, one that satisfies ``is`` or ``in`` is enough. Never raises, whatever the answers are: alert rules
    read unusable responses too.
    """
    match condition:
        case Compare():
            return _compare(condition, answers.get(condition.item))
        case All():
            return all(holds(part, answers) for part in condition.parts)
        case Any():
            return any(holds(part, answers) for part in condition.parts)


def allowed(item: Item) -> str:
    """Say in words what may be answered to ``item``."""
    match item.type:
        case ItemType.CHOICE:
            text = _codes(item)
        case ItemType.MULTIPLE:
            text = f"a list of different codes of {_codes(item)}"
        case ItemType.INTEGER:
            text = f"a whole number{_range(item)}"
        case ItemType.DECIMAL:
            text = f'a number in quotes, such as "36.6",{_range(item)}'.rstrip(",")
        case ItemType.TEXT:
            text = f"text of at most {item.max_length or TEXT_LENGTH} characters"
        case ItemType.DATE:
            text = "a date, YYYY-MM-DD"
        case ItemType.TIME:
            text = "a time of day, HH:MM"
    return f"{text}; or {', '.join(item.non_answers)}" if item.non_answers else text


def _compare(condition: Compare, answer: object) -> bool:
    value = condition.value
    if condition.op == "in":
        return isinstance(value, tuple) and any(_same(one, each) for one in value for each in _each(answer))
    if condition.op == "is":
        return any(_same(value, each) for each in _each(answer))
    number, limit = number_of(answer), number_of(value)
    if number is None or limit is None:
        return False
    match condition.op:
        case "at_least":
            return number >= limit
        case "at_most":
            return number <= limit
        case "above":
            return number > limit
        case "below":
            return number < limit
    raise ValueError(f"{condition.op!r} is no comparison; use is, in, at_least, at_most, above or below")


def _each(answer: object) -> list[object]:
    return answer if isinstance(answer, list) else [answer]


def _same(value: object, answer: object) -> bool:
    if isinstance(value, Decimal):
        return number_of(answer) == value
    return type(answer) is type(value) and answer == value  # True is no 1 and "1" is no 1


def number_of(answer: object) -> int | Decimal | None:
    """The number that an answer says; None where it says none."""
    if type(answer) is int or type(answer) is Decimal:
        return answer
    return Decimal(answer) if isinstance(answer, str) and _DECIMAL.fullmatch(answer) else None


def _small_integers(item: Item) -> frozenset[int]:
    return frozenset(code for code in item.codes if type(code) is int) if item.type is ItemType.CHOICE else frozenset()


def _test(item: Item) -> Test:
    """What decides about an answer that is neither None nor one of the item's integer codes."""
    usual = _TESTS[item.type](item)
    if not item.non_answers:
        return usual
    coded = frozenset(item.non_answers)
    return lambda answer: (isinstance(answer, str) and answer in coded) or usual(answer)


def _choice(item: Item) -> Test:
    codes = frozenset(code for code in item.codes if isinstance(code, str))
    return lambda answer: isinstance(answer, str) and answer in codes


def _multiple(item: Item) -> Test:
    codes = frozenset((type(code), code) for code in item.codes)

    def test(answer: object) -> bool:
        if not isinstance(answer, list) or not all(type(code) in (int, str) for code in answer):
            return False
        return len(set(answer)) == len(answer) and all((type(code), code) in codes for code in answer)

    return test


def _integer(item: Item) -> Test:
    low = -LARGEST_INTEGER if item.at_least is None else item.at_least
    high = LARGEST_INTEGER if item.at_most is None else item.at_most
    return lambda answer: type(answer) is int and low <= answer <= high


def _decimal(item: Item) -> Test:
    def test(answer: object) -> bool:
        if not isinstance(answer, str) or not _DECIMAL.fullmatch(answer):
            return False
        number = Decimal(answer)
        return (item.at_least is None or number >= item.at_least) and (item.at_most is None or number <= item.at_most)

    return test


def _text(item: Item) -> Test:
    longest = item.max_length or TEXT_LENGTH
    return lambda answer: isinstance(answer, str) and len(answer) <= longest and not _UNSTORABLE.search(answer)


def _date(_item: Item) -> Test:
    def test(answer: object) -> bool:
        if not isinstance(answer, str) or not _DATE.fullmatch(answer):
            return False
        try:
            date.fromisoformat(answer)
        except ValueError:
            return False
        return True

    return test


def _time(_item: Item) -> Test:
    return lambda answer: isinstance(answer, str) and _TIME.fullmatch(answer) is not None


_TESTS: dict[ItemType, Callable[[Item], Test]] = {
    ItemType.CHOICE: _choice,
    ItemType.MULTIPLE: _multiple,
    ItemType.INTEGER: _integer,
    ItemType.DECIMAL: _decimal,
    ItemType.TEXT: _text,
    ItemType.DATE: _date,
    ItemType.TIME: _time,
}


def _codes(item: Item) -> str:
    codes = item.codes
    whole = [code for code in codes if isinstance(code, int)]
    if len(whole) == len(codes) > 2 and whole == list(range(whole[0], whole[0] + len(whole))):
        return f"{whole[0]} to {whole[-1]}"
    return ", ".join(str(code) for code in codes)


def _range(item: Item) -> str:
    if item.at_least is not None and item.at_most is not None:
        return f" from {item.at_least} to {item.at_most}"
    if item.at_least is not None:
        return f" of at least {item.at_least}"
    return f" of at most {item.at_most}" if item.at_most is not None else ""
