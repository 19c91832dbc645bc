"""Whether answers are usable: worked examples, every form of answer, and what must hold for any answers at all."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qol_server.library import load_instruments, shipped_instruments
from qol_server.trial.instrument import All, Any, Compare, Instrument, Item, ItemType, Licence
from qol_server.trial.problems import CATALOGUE, OUT_OF_RANGE, UNKNOWN_ITEM
from qol_server.trial.response import CLEAN, INCOMPLETE, OFF_BRANCH, TEXT_LENGTH, Verdict, allowed, asked, compile, holds
from tests.trial.worked import cases, read

INSTRUMENTS = load_instruments(shipped_instruments())
EXAMPLES = [
    pytest.param(INSTRUMENTS[read(f"answers-{name}")["instrument"]], *case.values, id=f"{name}: {case.id}")
    for name in ("eortc-qlq-c30", "symptom-diary", "adverse-event-diary")
    for case in cases(f"answers-{name}")
]


@pytest.mark.parametrize(("instrument", "case"), EXAMPLES)
def test_worked_examples(instrument, case):
    verdict = compile(instrument).check(case["answers"])
    problem = CATALOGUE[case["problem"]] if "problem" in case else None
    assert (verdict.problem, verdict.item, verdict.notes) == (problem, case.get("item"), tuple(case.get("notes", ())))
    for symptom, items in case.get("asked", {}).items():
        assert [item for item in asked(instrument, case["answers"]) if item.split(".")[0] == symptom] == items


def of_items(*items: Item) -> Instrument:
    return Instrument("made-up", "0", "Made up", Licence("ours"), items)


def usable(item: Item, answer: object) -> bool:
    verdict = compile(of_items(item)).check({item.id: answer})
    assert verdict.problem in (None, OUT_OF_RANGE)
    return verdict.problem is None


# Every form of answer

NUMBER = Item("n", ItemType.INTEGER, at_least=Decimal(0), at_most=Decimal(10))
DECIMAL = Item("d", ItemType.DECIMAL, at_least=Decimal("30.0"), at_most=Decimal("45.0"))
WORDS = Item("w", ItemType.CHOICE, ("no", "yes"))
MIXED = Item("m", ItemType.MULTIPLE, (1, 2, "other"), non_answers=("declined",))
SHORT = Item("s", ItemType.TEXT, max_length=5)
LONG = Item("l", ItemType.TEXT)
DAY = Item("day", ItemType.DATE)
TIME = Item("time", ItemType.TIME)


@pytest.mark.parametrize(
    ("item", "good", "bad"),
    [
        (NUMBER, [0, 10, 7, None], [-1, 11, 7.0, "7", True, False, [7], {}, 10**30]),
        (Item("n", ItemType.INTEGER), [0, -5, 2**53 - 1], [2**53, -(2**53), 10**400]),
        (
            DECIMAL,
            ["30", "30.0", "45.0", "36.65", None],
            ["29.9", "45.01", 36, 36.6, "36,6", "+36", "3e1", " 36", "36 ", "", "36.", ".5", "٣٦"],
        ),
        (DECIMAL, [], ["NaN", "Infinity", "-Infinity", "1_0", "0x20", "3" * 5000, "36." + "0" * 5000]),
        (Item("d", ItemType.DECIMAL), ["-1.5", "0", "-0.0"], ["--1", "1.2.3"]),
        (WORDS, ["no", "yes", None], ["NO", "maybe", "", True, 1, ["yes"]]),
        (MIXED, [[], [1], [2, "other"], None, "declined"], [[1, 1], [3], ["1"], [True], [1.0], [None], [[1]], [{}], 1, "other", (1,)]),
        (SHORT, ["", "abcde", "äöüßé", "😀😀😀😀😀", None], ["abcdef", "a\0", "\ud800", 5, ["a"]]),
        (LONG, ["x" * TEXT_LENGTH], ["x" * (TEXT_LENGTH + 1)]),
        (
            DAY,
            ["2026-11-22", "2024-02-29", "0001-01-01", None],
            ["2026-11-31", "2026-1-1", "20261122", "2026-W47-7", "0000-01-01", "", 20261122],
        ),
        (DAY, [], ["2026-11-22 ", "２０２６-11-22", "2026-11-22T00:00", "2026-11-22\n"]),
        (TIME, ["00:00", "23:59", None], ["24:00", "7:00", "07:60", "07:00:00", "0700", "07:00Z", "07:00\n", 700]),
    ],
)
def test_what_an_item_allows(item, good, bad):
    assert [answer for answer in good if not usable(item, answer)] == []
    assert [answer for answer in bad if usable(item, answer)] == []


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (NUMBER, "a whole number from 0 to 10"),
        (Item("n", ItemType.INTEGER, at_least=Decimal(1)), "a whole number of at least 1"),
        (Item("n", ItemType.INTEGER, at_most=Decimal(9)), "a whole number of at most 9"),
        (DECIMAL, 'a number in quotes, such as "36.6", from 30.0 to 45.0'),
        (Item("d", ItemType.DECIMAL), 'a number in quotes, such as "36.6"'),
        (WORDS, "no, yes"),
        (MIXED, "a list of different codes of 1, 2, other; or declined"),
        (SHORT, "text of at most 5 characters"),
        (DAY, "a date, YYYY-MM-DD"),
        (TIME, "a time of day, HH:MM"),
        (Item("c", ItemType.CHOICE, (1, 2, 3, 4)), "1 to 4"),
        (Item("c", ItemType.CHOICE, (0, 1)), "0, 1"),
        (Item("c", ItemType.CHOICE, (1, 2, 4)), "1, 2, 4"),
    ],
)
def test_the_refusal_says_what_is_allowed_and_not_what_was_written(item, words):
    assert allowed(item) == words
    verdict = compile(of_items(item)).check({item.id: {"secret": "of the patient"}})
    assert verdict == Verdict(OUT_OF_RANGE, f"{item.id} allows {words}", item.id)


def test_the_first_answer_that_cannot_be_used_decides():
    checker = compile(of_items(NUMBER, WORDS))
    assert checker.check({"n": 1, "x": 1, "w": "maybe"}).problem is UNKNOWN_ITEM
    assert checker.check({"n": 1, "w": "maybe", "x": 1}).item == "w"


# Branching

BRANCHED = of_items(
    Item("a", ItemType.CHOICE, (0, 1, 2), non_answers=("declined",), required=True),
    Item("b", ItemType.CHOICE, (0, 1, 2), required=True, ask_when=Compare("a", "at_least", 1)),
    Item("c", ItemType.TEXT, ask_when=Any((Compare("a", "is", 2), Compare("b", "is", 2)))),
)


@pytest.mark.parametrize(
    ("answers", "to_ask", "notes"),
    [
        ({"a": 0}, ("a",), ()),
        ({"a": 1}, ("a", "b"), (INCOMPLETE,)),
        ({"a": 1, "b": 0}, ("a", "b"), ()),
        ({"a": 1, "b": 2, "c": "why"}, ("a", "b", "c"), ()),
        ({"a": 2, "b": 1}, ("a", "b", "c"), ()),
        ({"a": 0, "b": 1}, ("a",), (OFF_BRANCH,)),
        ({"a": 0, "b": None}, ("a",), ()),
        ({"a": "declined"}, ("a",), ()),
        ({"a": None}, ("a",), (INCOMPLETE,)),
        ({"b": 1}, ("a",), (INCOMPLETE, OFF_BRANCH)),
        ({}, ("a",), (INCOMPLETE,)),
    ],
)
def test_what_is_asked_and_what_is_noted(answers, to_ask, notes):
    assert asked(BRANCHED, answers) == to_ask
    assert compile(BRANCHED).check(answers) == Verdict(notes=notes)


@pytest.mark.parametrize(
    ("op", "value", "yes", "no"),
    [
        ("is", 3, [3, [1, 3]], [2, "3", True, 3.0, None, [], [2]]),
        ("is", 1, [1], [True, "1"]),
        ("is", "yes", ["yes", ["no", "yes"]], ["Yes", 1, None]),
        ("is", Decimal("38.0"), ["38.0", "38", 38], ["38.1", None, "hot"]),
        ("in", (1, 2), [1, 2, [2, 3]], [3, None, "1", True]),
        ("at_least", 3, [3, 4, "3", "3.0"], [2, "2.9", None, "declined", "", True, 4.0, [4], {}]),
        ("at_least", Decimal("38.3"), ["38.3", "40", 39], ["38.2", "38,3", None]),
        ("above", 3, [4, "3.01"], [3, 2, None, "na"]),
        ("at_most", 3, [3, -1, "3"], [4, None, "declined"]),
        ("below", 3, [2, "2.99"], [3, None, "declined"]),
    ],
)
def test_comparisons(op, value, yes, no):
    condition = Compare("x", op, value)
    assert [answer for answer in yes if not holds(condition, {"x": answer})] == []
    assert [answer for answer in no if holds(condition, {"x": answer})] == []
    assert not holds(condition, {})


def test_all_and_any():
    one, two = Compare("x", "is", 1), Compare("y", "is", 1)
    seen = {(x, y): (holds(All((one, two)), {"x": x, "y": y}), holds(Any((one, two)), {"x": x, "y": y})) for x in (0, 1) for y in (0, 1)}
    assert seen == {(0, 0): (False, False), (0, 1): (False, True), (1, 0): (False, True), (1, 1): (True, True)}


# Any answers at all

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["declined", "na", "yes", "36.6", "2026-11-22"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=200)
@given(st.data(), st.sampled_from(sorted(INSTRUMENTS)))
def test_every_answer_gets_a_verdict(data, name):
    instrument = INSTRUMENTS[name]
    ids = st.sampled_from([item.id for item in instrument.items]) | st.text(max_size=5)
    answers = data.draw(st.dictionaries(ids, anything, max_size=6))
    verdict = compile(instrument).check(answers)
    if verdict.problem is None:
        assert set(answers) <= set(instrument.by_id)
        assert not any(isinstance(answer, bool | float | dict) for answer in answers.values())
        assert verdict.item is None
    else:
        assert verdict.item in answers
        assert verdict.notes == ()
    assert set(asked(instrument, answers)) <= set(instrument.by_id)


@settings(max_examples=100)
@given(st.data(), st.sampled_from(["eortc-qlq-c30", "pro-ctcae", "fact-g", "symptom-diary"]))
def test_answers_as_a_phone_gives_them_are_clean(data, name):
    instrument = INSTRUMENTS[name]
    answers: dict[str, object] = {}
    for item in instrument.items:
        if item.ask_when is None or holds(item.ask_when, answers):
            codes = item.codes or ("36.6", "40")
            answers[item.id] = data.draw(st.sampled_from([*codes, *item.non_answers, None]))
    assert compile(instrument).check(answers) is CLEAN
    assert set(answers) == set(asked(instrument, answers))
