"""The generated pages of docs/reference are those that the code gives now, and the glossary defines each word once."""

from __future__ import annotations

import re

import pytest

from qol_server.trial.facts import Kind
from qol_server.trial.participant import Participant
from qol_server.trial.problems import CATALOGUE
from tests.docs import generate
from tests.shape.project import ROOT
from tests.trial.rulebook import RULES
from tests.trial.worked import EXAMPLES, read

GLOSSARY = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
DEFINED = re.findall(r"^\*\*(.+?)\*\*", GLOSSARY, re.MULTILINE)


@pytest.mark.parametrize("page", generate.PAGES)
def test_the_page_is_what_the_code_says(page: str) -> None:
    written = (generate.REFERENCE / page).read_text(encoding="utf-8")
    assert written == generate.PAGES[page](), f"docs/reference/{page} is out of date; run: ./qol test --write-docs"


def test_every_worked_example_that_can_be_printed_stands_in_the_rules() -> None:
    page = generate.PAGES["rules.md"]()
    examples = [path.stem for path in EXAMPLES.glob("*.yaml") if read(path.stem).get("rule") in RULES]
    assert [name for name in examples if f"<!-- examples: {name} -->" not in page] == []


def test_every_kind_of_entry_is_described_and_no_other() -> None:
    assert generate.ABOUT.keys() == {kind.value for kind in Kind}


def test_every_problem_gives_advice_in_whole_sentences() -> None:
    for problem in CATALOGUE.values():
        assert problem.advice.endswith("."), problem.name
        assert not problem.title.endswith("."), problem.name


def test_every_command_appears_with_its_options() -> None:
    page = generate.cli()
    assert "## qol\n" in page
    assert "## qol test\n" in page
    assert "--json" in page


def test_the_glossary_defines_each_word_once_and_in_order() -> None:
    assert len(DEFINED) > 40
    assert len({word.lower() for word in DEFINED}) == len(DEFINED)
    assert [word.lower() for word in DEFINED] == sorted(word.lower() for word in DEFINED)


def test_the_nouns_of_the_journal_are_in_the_glossary() -> None:
    for noun in ("entry", "kind", "participant", "occurrence", "receipt", "quarantine", "head", "seal"):
        assert noun in DEFINED, noun
    assert Participant.__name__.lower() in DEFINED
