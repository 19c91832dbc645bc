"""The rules on other medicines: the worked examples, and what holds for every name."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from qol_server.trial.medicines import Medicine, Purpose, belongs, findings, plain
from qol_server.trial.protocol import ConcomitantRule
from tests.library.test_shipped import DESMINIB
from tests.trial.trials import participant
from tests.trial.worked import EXAMPLES

WORKED = YAML(typ="safe", pure=True).load(EXAMPLES / "medicines-desminib.yaml")


def _day(day: object) -> date | None:
    return None if day is None else date.fromisoformat(str(day))


@pytest.mark.parametrize("case", WORKED["cases"], ids=lambda case: case["title"])
def test_the_worked_examples(case):
    said = case["medicine"]
    medicine = Medicine(
        said["name"], said.get("code"), Purpose(said.get("purpose", "other")), _day(said.get("start")), _day(said.get("end"))
    )
    one = participant({name: str(day) for name, day in WORKED["anchors"].items()})
    assert {found.rule.id: str(found.why) for found in findings(DESMINIB.concomitant_rules, medicine, one)} == case["found"]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([name for rule in DESMINIB.concomitant_rules for name in rule.substances]), st.text(max_size=20))
def test_a_substance_is_found_whatever_stands_beside_it(substance, beside):
    rule = next(rule for rule in DESMINIB.concomitant_rules if substance in rule.substances)
    assert belongs(rule, Medicine(f"{beside} {substance.upper()} {beside}"))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=40))
def test_a_name_compared_twice_is_the_same_name(name):
    assert plain(plain(name)) == plain(name)


def test_a_group_without_lists_finds_nothing():
    assert not belongs(ConcomitantRule("x", "never", "any"), Medicine("anything", "L01AA01"))


def test_every_group_of_the_shipped_study_names_its_source():
    assert [rule.id for rule in DESMINIB.concomitant_rules if rule.substances and not rule.source] == ["earlier_treatment"]
