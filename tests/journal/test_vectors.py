"""The worked journals hold for a verifier that knows only the written format, and the server still writes them so."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from qol_server import journal
from tests.journal import books, stranger

NAMES = sorted(path.stem for path in books.VECTORS.glob("*.json"))
PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "journal.md"


def read(name: str) -> dict[str, Any]:
    return json.loads((books.VECTORS / f"{name}.json").read_text(encoding="utf-8"))


def test_every_case_is_written_down() -> None:
    assert set(books.CASES) == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_stranger_finds_every_worked_journal_in_order(name: str) -> None:
    assert stranger.first_bad(*stranger.of_vector(read(name))) is None


@pytest.mark.parametrize("name", NAMES)
def test_a_stranger_finds_a_changed_field_in_it(name: str) -> None:
    study, entries = stranger.of_vector(read(name))
    entries[-1]["actor"] = "staff:eve"
    assert stranger.first_bad(study, entries) == len(entries)


@pytest.mark.parametrize("name", NAMES)
def test_the_server_still_writes_the_same_bytes(name: str) -> None:
    assert books.vector(name) == read(name)


def test_the_page_works_the_first_example_out_in_full() -> None:
    page, entries = PAGE.read_text(encoding="utf-8"), read("three-entries")["entries"]
    assert hashlib.sha256(b"qol-journal/1\n" + books.STUDY.encode()).hexdigest() in page
    for one in entries:
        assert one["body"] in page
        assert one["digest"] in page
    assert read("three-entries")["head_message"].removeprefix("qol-head/1\n") in page


def test_the_page_shows_the_tables_as_they_are() -> None:
    page = " ".join(PAGE.read_text(encoding="utf-8").split())
    for statement in re.split(r";\n(?=CREATE)", journal.SCHEMA.strip()):
        assert " ".join(statement.rstrip(";").split()) in page


def test_a_file_and_its_vector_are_the_same_to_a_stranger(tmp_path: Path) -> None:
    path = tmp_path / "toy.db"
    books.book(path, books.CASES["unicode"][1]).close()
    assert stranger.first_bad(*stranger.of_file(path)) is None
    study, entries = stranger.of_vector(read("unicode"))
    assert stranger.of_file(path) == (study, [{name: one[name] for name in stranger.COLUMNS} for one in entries])
