"""The doctor names what is lacking and what to do about it, and is content with a sound data folder."""

from __future__ import annotations

import json
import sqlite3
from collections import namedtuple

import pytest

from tests.cli.desk import Desk


def levels(desk: Desk) -> dict[str, str]:
    desk.run("doctor", "--json")
    return {one["about"]: one["level"] for one in json.loads(desk.out)["findings"]}


def test_without_a_data_folder_it_says_how_to_make_one(desk: Desk) -> None:
    assert desk.run("doctor") == 1
    assert "qol init" in desk.out


def test_a_sound_folder_is_well(desk: Desk) -> None:
    desk.demonstration()
    found = levels(desk)
    assert desk.run("doctor") == 0
    assert (found["Python"], found["SQLite"], found["keys"], found["desminib"], found["time zones"]) == ("ok",) * 5
    assert found["clock"] == "warn"


def test_a_key_that_others_may_read_is_bad(desk: Desk) -> None:
    desk.demonstration()
    (desk.data / "keys" / "journal.pem").chmod(0o640)
    assert levels(desk)["keys"] == "bad"


def test_keys_that_are_gone_are_bad_and_not_made_anew_lightly(desk: Desk) -> None:
    desk.data.mkdir()
    assert levels(desk)["keys"] == "bad"
    assert desk.run("doctor") == 1
    assert "Bring keys back from their copy" in desk.out


@pytest.mark.parametrize(
    "damage",
    ["DROP TRIGGER entries_stay", "DROP TRIGGER entries_are_final; UPDATE entries SET actor = 'staff:eve' WHERE position = 4"],
)
def test_a_journal_that_was_touched_is_bad(desk: Desk, damage: str) -> None:
    desk.demonstration()
    connection = sqlite3.connect(desk.data / "studies" / "desminib.db")
    connection.executescript(damage)
    connection.close()
    assert levels(desk)["desminib"] == "bad"
    assert desk.run("doctor") == 1
    assert "qol verify desminib" in desk.out


def test_a_file_that_is_no_journal_is_bad_and_the_others_are_looked_at(desk: Desk) -> None:
    desk.demonstration()
    (desk.data / "studies" / "broken.db").write_bytes(b"not a database" * 100)
    found = levels(desk)
    assert (found["broken"], found["desminib"]) == ("bad", "ok")


@pytest.mark.parametrize(("free", "level"), [(10 * 1024**3, "ok"), (1024**3, "warn"), (1024**2, "bad")])
def test_a_full_disk_is_foreseen(desk: Desk, monkeypatch: pytest.MonkeyPatch, free: int, level: str) -> None:
    desk.run("init")
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _path: usage(free, 0, free))
    assert levels(desk)["disk"] == level
