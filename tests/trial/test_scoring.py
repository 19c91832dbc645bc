"""Scores of the shipped questionnaires: worked examples, other programs' results, and what must hold for any answers."""

from __future__ import annotations

import csv
from fractions import Fraction
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qol_server.library import load_instruments, shipped_instruments
from qol_server.trial.scoring import method_version, scores
from tests.trial.worked import cases, read

VECTORS = Path(__file__).resolve().parents[1] / "vectors"
INSTRUMENTS = load_instruments(shipped_instruments())
C30, PRO_CTCAE, FACT_G = INSTRUMENTS["eortc-qlq-c30"], INSTRUMENTS["pro-ctcae"], INSTRUMENTS["fact-g"]
C30_SCALES = {scale.id: scale for scale in C30.scales}
IN_SUMMARY = {term.scale: term.reversed for term in C30.summaries[0].terms}
TOLERANCE = 1e-9


def exact(text: object) -> Fraction:
    """ "16 2/3" of an example."""
    return sum((Fraction(part) for part in str(text).split()), Fraction(0))


def present(found):
    return {name: score.value for name, score in found.items() if score.value is not None}


EXAMPLES = [
    pytest.param(read(f"scores-{name}")["instrument"], *case.values, id=f"{name}: {case.id}")
    for name in ("eortc-qlq-c30", "pro-ctcae", "fact-g")
    for case in cases(f"scores-{name}")
]


@pytest.mark.parametrize(("instrument", "case"), EXAMPLES)
def test_worked_examples(instrument, case):
    found = scores(INSTRUMENTS[instrument], case["answers"], not_asked=case.get("not_asked", "zero"))
    assert present(found) == {score: exact(value) for score, value in case["scores"].items()}


# Other programs


def rows(name):
    with (VECTORS / name).open(newline="") as file:
        return list(csv.DictReader(file))


def number(cell):
    return None if cell in ("", "NA") else int(cell)


def same(score, cell):
    return score.value is None if cell in ("", "NA") else score.value is not None and abs(score.as_float - float(cell)) <= TOLERANCE


@pytest.mark.parametrize(("row", "expected"), [*zip(rows("c30_input.csv"), rows("c30_expected.csv"), strict=True)])
def test_the_same_as_proscorer(row, expected):
    found = scores(C30, {item.id: number(row[item.id]) for item in C30.items})
    assert len(found) == 16
    assert [name for name, score in found.items() if not same(score, expected[name])] == []


@pytest.mark.parametrize(("not_asked", "name"), [("zero", "impute"), ("missing", "noimpute")])
def test_the_same_as_proae(not_asked, name):
    for row, expected in zip(rows("proctcae_impute_input.csv"), rows(f"proctcae_{name}_expected.csv"), strict=True):
        answers = {column.split("_")[1]: number(cell) for column, cell in row.items() if column != "id"}
        found = scores(PRO_CTCAE, answers, not_asked=not_asked)
        grades = {f"C{column.split('_')[1]}": cell for column, cell in expected.items() if column.endswith("_COMP")}
        assert len(grades) == 7
        assert [(row["id"], grade) for grade, cell in grades.items() if not same(found[grade], cell)] == []


# QLQ-C30

answers_to_c30 = st.fixed_dictionaries({}, optional={item.id: st.none() | st.sampled_from(item.codes) for item in C30.items})
complete_c30 = st.fixed_dictionaries({item.id: st.sampled_from(item.codes) for item in C30.items})


@settings(max_examples=150)
@given(answers_to_c30)
def test_a_score_is_between_0_and_100_and_its_scale_is_at_least_half_answered(answers):
    for name, score in scores(C30, answers).items():
        assert score.value is None or 0 <= score.value <= 100
        assert (score.value is None) == bool(score.note)
        if name in C30_SCALES:
            items = C30_SCALES[name].items
            answered = tuple(item for item in items if answers.get(item) is not None)
            assert (score.value is not None) == (2 * len(answered) >= len(items))
            assert score.items_used == (answered if score.value is not None else score.items_used)


@settings(max_examples=100)
@given(answers_to_c30)
def test_the_summary_is_the_mean_of_its_thirteen_scales_or_missing(answers):
    found = scores(C30, answers)
    terms = [found[scale].value for scale in IN_SUMMARY]
    assert len(terms) == 13
    if None in terms:
        assert found["SUMMARY"].value is None
    else:
        turned = [100 - value if turn else value for value, turn in zip(terms, IN_SUMMARY.values(), strict=True)]
        assert found["SUMMARY"].value == sum(turned) / 13


@settings(max_examples=100)
@given(complete_c30, st.sampled_from([item.id for item in C30.items]))
def test_a_worse_answer_never_improves_a_score(answers, item):
    codes = C30.by_id[item].codes
    if answers[item] == codes[-1]:
        answers = answers | {item: codes[-2]}
    before, after = scores(C30, answers), scores(C30, answers | {item: answers[item] + 1})
    touched = [scale for scale in C30.scales if item in scale.items]
    assert len(touched) == 1
    for scale in C30.scales:
        change = after[scale.id].value - before[scale.id].value
        if scale not in touched:
            assert change == 0
        else:
            assert change < 0 if scale.kind == "functional" else change > 0
    if touched[0].id in IN_SUMMARY:
        assert after["SUMMARY"].value < before["SUMMARY"].value


@given(
    st.lists(st.none() | st.integers(1, 4), min_size=5, max_size=5).flatmap(lambda cells: st.tuples(st.just(cells), st.permutations(cells)))
)
def test_which_item_of_a_scale_an_answer_was_given_to_does_not_matter(orders):
    first, second = (scores(C30, dict(zip(C30_SCALES["PF"].items, cells, strict=True)))["PF"].value for cells in orders)
    assert first == second


@given(st.lists(st.none() | st.integers(1, 4), min_size=2, max_size=2))
def test_a_functional_scale_is_a_symptom_scale_turned_round(cells):
    functional = scores(C30, dict(zip(C30_SCALES["RF"].items, cells, strict=True)))["RF"].value
    symptom = scores(C30, dict(zip(C30_SCALES["NV"].items, cells, strict=True)))["NV"].value
    assert (functional is None and symptom is None) or functional == 100 - symptom


@given(st.lists(st.integers(1, 4), min_size=3, max_size=5))
def test_missing_items_count_as_the_mean_of_those_answered(cells):
    score = scores(C30, dict(zip(C30_SCALES["PF"].items, cells, strict=False)))["PF"]
    assert score.value == (1 - (Fraction(sum(cells), len(cells)) - 1) / 3) * 100


@pytest.mark.parametrize("wrong", [0, 5, -1, 2.0, "2", True, [2], "declined to say"])
def test_an_answer_that_is_not_allowed_is_never_scored(wrong):
    with pytest.raises(ValueError, match="q3 allows 1 to 4"):
        scores(C30, {"q3": wrong})


def test_quality_of_life_has_its_own_range():
    assert scores(C30, {"q29": 7, "q30": 6})["QL"].value == Fraction(275, 3)
    with pytest.raises(ValueError, match="q30 allows 1 to 7"):
        scores(C30, {"q30": 8})


# PRO-CTCAE

GRADES = read("scores-pro-ctcae-grades")


def test_every_combination_has_the_published_grade():
    tried = 0
    for pattern, grades in GRADES["grades"].items():
        expected = {combination: grade for grade, combinations in grades.items() for combination in combinations}
        sets = [scale for scale in PRO_CTCAE.scales if scale.kind == pattern]
        assert sets
        for digits in product("01234", repeat=len(pattern)):
            for scale in sets:
                found = scores(PRO_CTCAE, dict(zip(scale.items, map(int, digits), strict=True)))[scale.id]
                assert found.value == expected.pop("".join(digits), 0) if scale is sets[-1] else found.value is not None
            tried += 1
        assert expected == {}
    assert tried == GRADES["combinations"] == 215


def test_sets_by_pattern():
    by_pattern: dict[str, list[int]] = {}
    for scale in PRO_CTCAE.scales:
        by_pattern.setdefault(scale.kind, []).append(int(scale.id[1:]))
    assert by_pattern == {
        "F": [16, 67],
        "S": [1, 2, 4, 6, 7, 15, 21, 25, 26, 28, 30, 36, 45, 60, 61, 66, 68, 71, 72, 80],
        "A": [27, 59],
        "FS": [9, 10, 11, 13, 14, 23, 74, 75, 77, 78],
        "FI": [18, 62, 63, 65],
        "SI": [3, 8, 19, 20, 39, 40, 41, 44, 46, 47, 52, 53],
        "FSI": [17, 22, 48, 49, 50, 51, 54, 55, 56],
    }


@pytest.mark.parametrize("pattern", ["F", "S", "A", "FS", "FI", "SI", "FSI"])
def test_more_of_a_symptom_is_never_a_lower_grade(pattern):
    scale = next(scale for scale in PRO_CTCAE.scales if scale.kind == pattern)

    def grade(values):
        return scores(PRO_CTCAE, dict(zip(scale.items, values, strict=True)))[scale.id].value

    for values in product(range(5), repeat=len(pattern)):
        for place, value in enumerate(values):
            if value < 4:
                assert grade(values) <= grade((*values[:place], value + 1, *values[place + 1 :]))


@given(st.lists(st.none() | st.integers(0, 4), min_size=3, max_size=3))
def test_parts_that_were_not_asked_count_as_zero_only_after_a_zero(values):
    answers = dict(zip(("17A", "17B", "17C"), values, strict=True))
    strict, lenient = (scores(PRO_CTCAE, answers, not_asked=rule)["C17"] for rule in ("missing", "zero"))
    if None not in values:
        assert strict == lenient
        assert strict.note == ""
    elif values[0] == 0:
        assert (strict.value, lenient.value) == (None, 0)
        assert lenient.note == "parts not asked count as 0"
    else:
        assert strict.value is lenient.value is None


def test_a_coded_non_answer_is_missing():
    item = next(item for item in PRO_CTCAE.items if item.non_answers and item.attribute != "presence")
    grade = next(scale.id for scale in PRO_CTCAE.scales if item.id in scale.items)
    assert scores(PRO_CTCAE, {item.id: item.non_answers[0]})[grade].value is None
    with pytest.raises(ValueError, match=item.id):
        scores(PRO_CTCAE, {item.id: "no such answer"})


# FACT-G


@settings(max_examples=100)
@given(st.fixed_dictionaries({}, optional={item.id: st.none() | st.sampled_from(item.codes) for item in FACT_G.items}))
def test_fact_g_prorates_and_adds_up(answers):
    found = scores(FACT_G, answers)
    answered_of_all = 0
    for scale in FACT_G.scales:
        given_values = [
            4 - answers[item] if item in scale.reversed else answers[item] for item in scale.items if answers.get(item) is not None
        ]
        answered_of_all += len(given_values)
        if 2 * len(given_values) > len(scale.items):
            assert found[scale.id].value == Fraction(sum(given_values), len(given_values)) * len(scale.items)
        else:
            assert found[scale.id].value is None
    parts = [found[scale.id].value for scale in FACT_G.scales]
    if None in parts or answered_of_all * 5 <= 27 * 4:
        assert found["FACTG"].value is None
    else:
        assert found["FACTG"].value == sum(parts)
        assert len(found["FACTG"].items_used) == answered_of_all


def test_versions():
    assert {name: method_version(instrument) for name, instrument in INSTRUMENTS.items() if instrument.scoring} == {
        "eortc-qlq-c30": "eortc/1",
        "fact-g": "fact/1",
        "pro-ctcae": "pro-ctcae/1",
    }
    assert method_version(INSTRUMENTS["dose-diary"]) == ""
    assert scores(INSTRUMENTS["dose-diary"], {}) == {}
