"""A journal that was touched is found out with the place; one that was cut short is, by the heads that were signed."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from qol_server import journal
from qol_server.intake.study import open_study
from qol_server.settings import Settings
from qol_server.store import Tx
from qol_server.trial.facts import Entry, Kind
from tests.cli.desk import Desk

PROTECTIONS = ("entries_are_final", "entries_stay", "lines_are_final", "lines_stay")


def head_of(desk: Desk, file: Path) -> dict[str, Any]:
    """The study's signed head, kept in a file."""
    head = desk.read("study", "show", "desminib")["head"]
    file.write_text(json.dumps(head), encoding="ascii")
    return dict(head)


def touched(desk: Desk, copy: Path, *statements: str) -> Path:
    """A copy of the journal on which somebody ran these statements without its protections."""
    shutil.copy(desk.data / "studies" / "desminib.db", copy)
    connection = sqlite3.connect(copy)
    for trigger in PROTECTIONS:
        connection.execute(f"DROP TRIGGER {trigger}")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()
    return copy


@pytest.fixture
def study(desk: Desk) -> str:
    name = desk.demonstration()
    desk.enrol()
    connection = sqlite3.connect(desk.data / "studies" / "desminib.db")  # what is in the log goes into the file, to be copied
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return name


def test_an_untouched_journal_is_in_order_and_not_changed_by_looking(desk: Desk, study: str) -> None:
    file = desk.data / "studies" / "desminib.db"
    before = file.read_bytes()
    said = desk.read("verify", study)
    assert (said["ok"], said["first_bad"], said["entries"]) == (True, None, desk.read("study", "show", study)["head"]["position"])
    assert desk.read("verify", file)["head"] == said["head"]
    assert file.read_bytes() == before
    desk.run("verify", study)
    assert "entries that were cut off at the end would not be noticed" in desk.out


def test_the_first_bad_position_is_named(desk: Desk, study: str, tmp_path: Path) -> None:
    copy = touched(desk, tmp_path / "copy.db", "UPDATE entries SET actor = 'staff:eve' WHERE position IN (5, 9)")
    assert desk.run("verify", copy) == 1
    assert "does not hold at position 5" in desk.out


def test_a_cut_is_found_by_a_signed_head(desk: Desk, study: str, tmp_path: Path) -> None:
    head = head_of(desk, tmp_path / "head.json")
    assert desk.read("verify", study, "--against", tmp_path / "head.json")["covered_to"] == head["position"]
    cut = touched(desk, tmp_path / "cut.db", "DELETE FROM lines WHERE position > 10", "DELETE FROM entries WHERE position > 10")
    assert desk.run("verify", cut) == 0
    assert desk.run("verify", cut, "--against", tmp_path / "head.json") == 1
    assert "position 11" in desk.out
    assert "cut off" in desk.out


def test_the_seals_of_the_data_folder_are_compared_without_being_asked_for(desk: Desk, study: str) -> None:
    about = desk.read("study", "show", study)
    seals = desk.data / "seals"
    seals.mkdir()
    line = json.dumps(about["head"] | {"study": study, "epoch": about["epoch"]}) + "\n"
    (seals / "desminib.jsonl").write_text(line * 2 + '{"cut', encoding="ascii")
    assert desk.read("verify", study)["signed_heads"] == 2


@pytest.mark.parametrize(("field", "value"), [("digest", "0" * 64), ("position", 3), ("signature", "0" * 128), ("key", "0" * 16)])
def test_a_head_whose_signature_does_not_hold_is_no_witness(desk: Desk, study: str, tmp_path: Path, field: str, value: Any) -> None:
    head = head_of(desk, tmp_path / "head.json") | {field: value}
    (tmp_path / "head.json").write_text(json.dumps(head), encoding="ascii")
    assert desk.run("verify", study, "--against", tmp_path / "head.json", "--json") == 1
    assert "no witness" in json.loads(desk.out)["findings"][0]["why"]


def test_what_is_no_journal_is_said_to_be_none(desk: Desk, study: str, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("notes " * 500, encoding="ascii")
    assert desk.problem("verify", tmp_path / "notes.txt") == ("not-a-journal", 2)
    assert (tmp_path / "notes.txt").read_text(encoding="ascii") == "notes " * 500
    assert desk.problem("verify", "nothing") == ("not-a-journal", 2)
    assert not (desk.data / "studies" / "nothing.db").exists()
    assert desk.run("verify", study, "--against", tmp_path / "notes.txt") == 2
    assert "holds no signed head" in desk.err


def test_what_was_blanked_by_a_redaction_is_named(desk: Desk, study: str) -> None:
    opened = open_study(Settings(desk.data), study)

    def redact(tx: Tx) -> None:
        line = b'{"why":"a name was typed"}'
        entry = Entry(Kind.ENTRY_REDACTED, "5f0c", line, "staff:dana", "2026-03-02T20:00:00.000Z", occurrence="position:3")
        journal.append(tx, study, [(entry, hashlib.sha256(line).digest())])
        empty = Entry(Kind.ENTRY_QUARANTINED, "5f0d", b"", "participant", "2026-03-02T20:00:00.000Z")
        journal.append(tx, study, [(empty, hashlib.sha256(b"").digest())])
        tx.run("UPDATE lines SET line = x'' WHERE position = 3")

    opened.store.write(redact)
    opened.store.close()
    assert desk.read("verify", study)["redacted"] == [3]
    assert desk.run("verify", study) == 0
    assert "1 line is blank by a redaction, at 3" in desk.out
