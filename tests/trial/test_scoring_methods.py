"""Sums and means with their missing rules, and files whose scales do not fit their method."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qol_server.trial.instrument import Instrument, Item, ItemType, Licence, Scale, Summary, Term
from qol_server.trial.scoring import METHODS, method_version, scorer, scores

ITEMS = tuple(Item(f"i{n}", ItemType.CHOICE, (0, 1, 2, 3), non_answers=("declined",)) for n in range(1, 5))
IDS = tuple(item.id for item in ITEMS)


def made(method: str, scale: Scale, *, items: tuple[Item, ...] = ITEMS, summaries: tuple[Summary, ...] = ()) -> Instrument:
    return Instrument("made-up", "0", "Made up", Licence("ours"), items, (scale,), summaries, method)


def value(instrument: Instrument, *cells: object) -> Fraction | None:
    return scores(instrument, dict(zip(IDS, cells, strict=False)))["T"].value


@pytest.mark.parametrize(
    ("method", "minimum", "cells", "expected"),
    [
        ("sum", None, (0, 1, 2, 3), 6),
        ("sum", None, (0, 1, 2, None), None),
        ("sum", None, (0, 1, 2, "declined"), None),
        ("sum", 3, (0, 1, 2), 4),
        ("sum", 3, (0, 1, 3), Fraction(16, 3)),
        ("sum", 3, (0, 1), None),
        ("mean", None, (0, 1, 2, 3), Fraction(3, 2)),
        ("mean", None, (1, 2, 3), None),
        ("mean", 1, (None, 2), 2),
        ("mean", 2, (1, None, 2), Fraction(3, 2)),
        ("mean", 2, (), None),
    ],
)
def test_sums_and_means(method, minimum, cells, expected):
    assert value(made(method, Scale("T", method, IDS, minimum_answered=minimum)), *cells) == expected


@pytest.mark.parametrize("method", ["sum", "mean"])
@given(cells=st.lists(st.none() | st.integers(0, 3), min_size=4, max_size=4), minimum=st.integers(1, 4))
def test_a_reversed_scale_mirrors_the_scale(method, cells, minimum):
    usual = value(made(method, Scale("T", method, IDS, minimum_answered=minimum)), *cells)
    turned = value(made(method, Scale("T", method, IDS, reversed=IDS, minimum_answered=minimum)), *cells)
    answered = 4 - cells.count(None)
    assert (usual is not None) == (turned is not None) == (answered >= minimum)
    if usual is not None:
        assert usual + turned == (12 if method == "sum" else 3)


@given(st.lists(st.none() | st.integers(0, 3), min_size=4, max_size=4), st.integers(1, 4))
def test_a_sum_is_the_mean_times_the_number_of_items(cells, minimum):
    mean, total = (value(made(method, Scale("T", method, IDS, minimum_answered=minimum)), *cells) for method in ("mean", "sum"))
    assert (mean is None and total is None) or total == 4 * mean


@given(st.lists(st.none() | st.integers(0, 3), min_size=4, max_size=4), st.integers(1, 4), st.sampled_from(["sum", "mean"]))
def test_every_score_is_a_whole_number_of_its_denominator(cells, minimum, method):
    (rule,) = scorer(made(method, Scale("T", method, IDS, minimum_answered=minimum))).scales
    score = rule.of(cells)
    assert score.value is None or (score.value * rule.denominator).denominator == 1


def test_a_summary_of_sums():
    scale = Scale("T", "sum", IDS[:2])
    both = Instrument(
        "made-up",
        "0",
        "Made up",
        Licence("ours"),
        ITEMS,
        (scale, replace(scale, id="U", items=IDS[2:])),
        (Summary("ALL", "sum", (Term("T"), Term("U"))), Summary("TURNED", "mean", (Term("T"), Term("U", reversed=True)))),
        "sum",
    )
    found = scores(both, {"i1": 1, "i2": 2, "i3": 3, "i4": 0})
    assert {name: score.value for name, score in found.items()} == {"T": 3, "U": 3, "ALL": 6, "TURNED": 50}
    assert found["ALL"].items_used == IDS
    missing = scores(both, {"i1": 1, "i2": 2})["ALL"]
    assert (missing.value, missing.items_used, missing.note) == (None, (), "U missing; all of T, U are needed")


def test_whole_numbers_within_limits_are_scored_like_codes():
    tens = tuple(Item(name, ItemType.INTEGER, at_least=Decimal(0), at_most=Decimal(10)) for name in IDS)
    scale = Scale("T", "mean", IDS, reversed=("i4",))
    assert value(made("mean", scale, items=tens), 10, 0, 5, 10) == Fraction(15, 4)
    with pytest.raises(ValueError, match="i1 allows a whole number from 0 to 10"):
        value(made("mean", scale, items=tens), 11)


def test_a_missing_score_says_why():
    score = scores(made("mean", Scale("T", "mean", IDS, minimum_answered=3)), {"i1": 1})["T"]
    assert (score.value, score.as_float, score.items_used, score.note) == (None, None, (), "1 of 4 items answered, 3 are needed")


@pytest.mark.parametrize(
    ("instrument", "words"),
    [
        (made("magic", Scale("T", "sum", IDS)), "there is no scoring method 'magic'; there are eortc"),
        (made("sum", Scale("T", "sum", ("i1", "i9"))), "scale T: .* i9"),
        (made("sum", Scale("T", "sum", ())), "scale T"),
        (made("sum", Scale("T", "sum", IDS[:2], reversed=("i4",))), "scale T: .* i4"),
        (made("sum", Scale("T", "sum", IDS, minimum_answered=5)), "from 1 to 4, not 5"),
        (made("sum", Scale("T", "sum", IDS, minimum_answered=0)), "from 1 to 4, not 0"),
        (made("eortc", Scale("T", "sum", IDS)), "functional, symptom and global"),
        (made("eortc", Scale("T", "symptom", IDS, reversed=IDS)), "reverses no items"),
        (made("eortc", Scale("T", "symptom", IDS, minimum_answered=3)), "its method needs 2 answered items, the file says 3"),
        (made("fact", Scale("T", "subscale", IDS, minimum_answered=2)), "its method needs 3 answered items, the file says 2"),
        (made("eortc", Scale("T", "symptom", IDS), items=(*ITEMS[:3], Item("i4", ItemType.CHOICE, (1, 2)))), "do not have the same range"),
        (made("sum", Scale("T", "sum", IDS), items=(*ITEMS[:3], Item("i4", ItemType.TEXT))), "i4 cannot be scored"),
        (made("sum", Scale("T", "sum", IDS), items=(*ITEMS[:3], Item("i4", ItemType.CHOICE, ("no", "yes")))), "i4 cannot be scored"),
        (made("pro-ctcae", Scale("T", "S", IDS[:1])), "a composite grade is made of"),
        (made("sum", Scale("T", "sum", IDS), summaries=(Summary("X", "sum", (Term("U"),)),)), "summary X: .* U"),
        (made("sum", Scale("T", "sum", IDS), summaries=(Summary("X", "median", (Term("T"),)),)), "summary X: .* median"),
    ],
)
def test_a_file_that_does_not_fit_its_method_is_never_scored(instrument, words):
    with pytest.raises(ValueError, match=words):
        scores(instrument, {})


def test_the_rule_for_parts_not_asked_has_two_names():
    with pytest.raises(ValueError, match="zero or missing"):
        scores(made("sum", Scale("T", "sum", IDS)), {}, not_asked="one")


@pytest.mark.parametrize("method", sorted(METHODS))
def test_a_version_names_method_and_number(method):
    assert method_version(made(method, Scale("T", "sum", IDS))) == f"{method}/{METHODS[method].version}"
