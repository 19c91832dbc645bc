"""The tidy export: one position, one set of bytes; what is in the files is what the views show."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from datetime import UTC, date, datetime

import orjson
import polars
import pytest

from qol_server import journal, keys
from qol_server.cli import main
from qol_server.exports import tidy
from qol_server.store import Store
from qol_server.trial import facts
from qol_server.trial.facts import Kind
from qol_server.trial.problems import Refused
from qol_server.views.showing import VIEWS
from tests import people
from tests.exports import columns_page
from tests.views.story import FREE_TEXT, four_weeks

NOW = datetime(2026, 3, 27, 9, tzinfo=UTC)
LATER = datetime(2026, 4, 2, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    return four_weeks(tmp_path_factory.mktemp("story"))


@pytest.fixture(scope="module")
def made(story, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports") / "end"
    return tidy.export(story.trial.study, folder, actor=people.DATA_MANAGER, now=NOW, as_of=story.marks["end"])


def export(story, folder, **more):
    return tidy.export(story.trial.study, folder, actor=people.DATA_MANAGER, now=LATER, **more)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def table(folder, name):
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def manifest(folder):
    return json.loads((folder / "manifest.json").read_bytes())


# the same bytes


def test_the_same_command_gives_the_same_bytes(story, tmp_path):
    """The journal of the first export is no reason for a second one to differ."""
    first = export(story, tmp_path / "first")
    second = export(story, tmp_path / "second")
    assert first.position == second.position == story.marks["end"]
    assert contents(tmp_path / "first") == contents(tmp_path / "second")


def test_an_earlier_position_gives_the_same_bytes_after_more_has_come(tmp_path):
    story = four_weeks(tmp_path / "data")
    export(story, tmp_path / "then")
    story.trial.at("2026-03-27 12:00")
    story.trial.anchor(story.ada, "treatment_end", story.trial.now.date())
    phone = story.trial.phone(story.ada, replaces=True)
    phone.answer("dose@2026-03-05", people.TAKEN, supersedes=story.ids["after"], reason="wrong_answer")
    phone.sync()
    export(story, tmp_path / "now")
    export(story, tmp_path / "again", as_of=story.marks["end"])
    assert contents(tmp_path / "again") == contents(tmp_path / "then")
    changed = {name for name, content in contents(tmp_path / "now").items() if content != contents(tmp_path / "then")[name]}
    assert {"answers.csv", "answers.parquet", "doses.csv", "windows.csv", "participants.csv", "manifest.json"} <= changed


def test_every_position_of_a_journal_can_be_exported(story, tmp_path):
    for position in range(1, story.marks["enrolled"] + 1):
        made = export(story, tmp_path / str(position), as_of=position)
        assert made.position == position
    assert table(tmp_path / "1", "participants.csv") == []
    assert len(table(tmp_path / str(story.marks["enrolled"]), "participants.csv")) == 3


# what is in the files


READ = {
    polars.String: str,
    polars.Int64: int,
    polars.Float64: float,
    polars.Date: date.fromisoformat,
    polars.Boolean: {"true": True, "false": False}.__getitem__,
}


@pytest.mark.parametrize("name", VIEWS)
def test_csv_and_parquet_say_the_same(made, name):
    frame = polars.read_parquet(made.folder / f"{name}.parquet")
    text = table(made.folder, f"{name}.csv")
    assert len(text) == frame.height > 0
    for column, kind in frame.schema.items():
        read = READ[kind]
        assert [read(row[column]) if row[column] else None for row in text] == [
            None if value == "" else value for value in frame[column].to_list()
        ], column


def test_columns_have_types(made):
    doses = polars.read_parquet(made.folder / "doses.parquet").schema
    assert (doses["day"], doses["planned_mg"], doses["taken_intakes"], doses["held"]) == (
        polars.Date, polars.Float64, polars.Int64, polars.Boolean,
    )  # fmt: skip


def test_a_file_is_plain_utf_8_with_line_feeds_and_quotes_where_needed(made):
    raw = (made.folder / "adverse_event_reports.csv").read_bytes()
    assert b"\r" not in raw
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert b'"Fell, ""badly"";\nthen rested, \xc3\xa0 la maison \xe2\x98\x82"' in raw
    (event,) = table(made.folder, "adverse_event_reports.csv")
    assert event["what"] == FREE_TEXT


def test_missing_scores_are_empty_and_no_digit_is_lost(made):
    scores = {row["scale"]: row for row in table(made.folder, "scores.csv") if row["occurrence"] == "qol@BASELINE"}
    assert scores["SUMMARY"]["value"] == ""
    assert float(scores["PF"]["value"]) == 100 - 100 * 7 / 15


def test_superseded_answers_are_there_and_marked(story, made):
    rows = [row for row in table(made.folder, "answers.csv") if row["occurrence"] == "dose@2026-03-05" and row["item"] == "intake.1.status"]
    assert [(row["answer"], row["current"]) for row in rows] == [("taken", "false"), ("not_taken", "true")]


# the codebook


def test_the_codebook_explains_every_column_of_every_file(made):
    explained = {(row["file"], row["name"]) for row in table(made.folder, "codebook.csv") if row["kind"] == "column" and row["meaning"]}
    for name in VIEWS:
        columns = set(polars.read_parquet_schema(made.folder / f"{name}.parquet"))
        assert {(name, column) for column in columns} <= explained


def test_the_codebook_explains_every_item_and_scale_that_occurs(made):
    book = table(made.folder, "codebook.csv")
    items = {(row["version"], row["name"]) for row in book if row["kind"] == "item" and row["meaning"]}
    scales = {(row["version"], row["name"]) for row in book if row["kind"] == "scale" and row["meaning"]}
    assert {(row["version"], row["item"]) for row in table(made.folder, "answers.csv")} <= items
    assert {(row["version"], row["scale"]) for row in table(made.folder, "scores.csv")} <= scales
    choices = {(row["name"], row["code"]) for row in book if row["kind"] == "choice" and row["instrument"] == "dose-diary"}
    assert ("status", "not_taken") in choices
    units = {(row["name"], row["unit"]) for row in book if row["kind"] == "item" and row["unit"]}
    assert {("temperature", "°C"), ("intake.1.mg", "mg")} <= units


def test_the_codebook_says_what_is_a_stand_in_and_what_is_free_text(made):
    book = table(made.folder, "codebook.csv")
    c30 = [row for row in book if row["instrument"] == "eortc-qlq-c30" and row["kind"] in ("item", "choice")]
    assert {row["stand_in"] for row in c30} == {"true"}
    assert c30[0]["meaning"] == "Question 1 of eortc-qlq-c30 (stand-in)"
    assert "eortc-qlq-c30" in manifest(made.folder)["note"]
    free = {(row["file"], row["name"]) for row in book if row["free_text"] == "true"}
    assert {
        ("answers", "answer"),
        ("answers", "what"),
        ("adverse_event_reports", "what"),
        ("adverse_event_reports", "comment"),
        ("adverse_events", "words"),
    } <= free
    assert ("adverse_event_reports", "severity") not in free


# manifest and journal


def test_the_manifest_names_the_cut_and_each_file(story, made):
    told = manifest(made.folder)
    assert (told["format"], told["study"], told["position"]) == ("qol-tidy/1", "desminib", story.marks["end"])
    assert told["cut"] == "2026-03-26T15:00:00.000Z"
    for name, about in told["files"].items():
        content = (made.folder / name).read_bytes()
        assert (about["sha256"], about["bytes"]) == (hashlib.sha256(content).hexdigest(), len(content))
    assert set(told["files"]) | {"manifest.json"} == {path.name for path in made.folder.iterdir()}
    assert told["files"]["participants.csv"]["rows"] == 3


def test_the_manifest_is_signed_with_the_head_of_its_position(story, made):
    told = manifest(made.folder)
    head = told["head"]
    assert head["digest"] == journal.digest_at(story.trial.study.store.read(), "desminib", story.marks["end"])
    message = facts.head_message("desminib", told["epoch"], head["position"], head["digest"])
    assert keys.verifies(told["public_key"], message, head["signature"])


def test_an_export_is_journaled_with_the_digests_of_its_files(story, tmp_path):
    export(story, tmp_path / "out")
    entry = journal.one(story.trial.study.store.read(), story.trial.position)
    fact = orjson.loads(entry.line)
    assert (entry.kind, entry.actor, fact["as_of"]) == (Kind.EXPORT_MADE, people.DATA_MANAGER, story.marks["end"])
    assert fact["files"] == {name: hashlib.sha256(content).hexdigest() for name, content in contents(tmp_path / "out").items()}


# where it is written


def test_an_earlier_export_is_replaced_and_nothing_is_left_beside_it(story, tmp_path):
    export(story, tmp_path / "out", as_of=story.marks["14 March"])
    export(story, tmp_path / "out")
    assert manifest(tmp_path / "out")["position"] == story.marks["end"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_empty_folder_is_used(story, tmp_path):
    (tmp_path / "out").mkdir()
    export(story, tmp_path / "out")
    assert manifest(tmp_path / "out")["study"] == "desminib"


@pytest.mark.parametrize("spoil", ["notes.txt", "manifest.json"])
def test_a_folder_with_anything_else_is_left_alone(story, tmp_path, spoil):
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / spoil).write_text("mine")
    head = story.trial.position
    with pytest.raises(Refused, match="holds other files"):
        export(story, folder)
    assert contents(folder) == {spoil: b"mine"}
    assert story.trial.position == head


def test_a_file_added_to_an_export_keeps_it_from_being_replaced(story, tmp_path):
    export(story, tmp_path / "out")
    (tmp_path / "out" / "analysis.R").write_text("mine")
    with pytest.raises(Refused, match="holds other files"):
        export(story, tmp_path / "out")


@pytest.mark.parametrize("position", [0, -1, 10_000])
def test_a_position_that_is_not_in_the_journal_is_refused(story, tmp_path, position):
    with pytest.raises(Refused, match=f"has no position {position}. Allowed: 1 to"):
        export(story, tmp_path / "out", as_of=position)
    assert not (tmp_path / "out").exists()


def test_a_disk_that_fills_leaves_neither_files_nor_an_entry(story, tmp_path, monkeypatch):
    head = story.trial.position

    def full(path, content):
        raise OSError(28, os.strerror(28), str(path))

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    with pytest.raises(OSError, match="No space left"):
        export(story, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
    assert story.trial.position == head


# the commands


def run(capsys, *arguments):
    code = main([str(argument) for argument in arguments])
    return code, capsys.readouterr()


def test_the_command_writes_and_tells(story, tmp_path, capsys):
    data = story.trial.settings.data
    code, said = run(capsys, "export", "tidy", "desminib", "-o", tmp_path / "out", "--data", data, "--as", "dana", "--json")
    told = json.loads(said.out)
    assert (code, told["position"], told["files"]["participants.csv"]["rows"]) == (0, story.marks["end"], 3)
    assert journal.one(story.trial.study.store.read(), story.trial.position).actor == "staff:dana"
    code, said = run(capsys, "export", "tidy", "desminib", "-o", tmp_path / "out", "--data", data)
    assert code == 0
    assert f"desminib as of position {story.marks['end']} is in {tmp_path / 'out'}." in said.out
    assert "stand-in labels for: eortc-qlq-c30" in said.out


@pytest.mark.parametrize(("arguments", "words"), [(("--as-of", "0"), "no position 0"), (("--as-of", "x"), "not a valid integer")])
def test_a_wrong_position_is_wrong_input(story, tmp_path, capsys, arguments, words):
    code, said = run(capsys, "export", "tidy", "desminib", "-o", tmp_path / "out", "--data", story.trial.settings.data, *arguments)
    assert code == 2
    assert words in said.err


def test_an_unknown_study_is_wrong_input(story, tmp_path, capsys):
    code, said = run(capsys, "export", "tidy", "nosuch", "-o", tmp_path / "out", "--data", story.trial.settings.data)
    assert code == 2
    assert "There: desminib" in said.err


def test_rebuild_says_equal_or_what_differs(story, capsys):
    data = story.trial.settings.data
    code, said = run(capsys, "rebuild", "desminib", "--data", data, "--json")
    assert (code, json.loads(said.out)["equal"]) == (0, True)
    Store(data / "views" / "desminib.db", durable=False).write(lambda tx: tx.run("UPDATE windows SET state = 'missed'"))
    code, said = run(capsys, "rebuild", "desminib", "--data", data)
    assert code == 1
    assert "Not equal to what was there:\n  windows: had" in said.out
    code, said = run(capsys, "rebuild", "desminib", "--data", data)
    assert (code, "The views are what they were" in said.out) == (0, True)


def test_a_damaged_file_of_views_is_made_anew(story, capsys):
    data = story.trial.settings.data
    run(capsys, "rebuild", "desminib", "--data", data)
    (data / "views" / "desminib.db").write_bytes(b"this is no database" * 500)
    code, said = run(capsys, "rebuild", "desminib", "--data", data)
    assert code == 1
    assert "could not be read (file is not a database) and was made anew" in said.out
    code, said = run(capsys, "rebuild", "desminib", "--data", data)
    assert (code, "The views are what they were" in said.out) == (0, True)


def test_the_reference_lists_the_columns_that_an_export_has(made):
    for name, columns in columns_page.files().items():
        assert (made.folder / f"{name}.csv").read_text("utf-8").splitlines()[0] == ",".join(column.name for column in columns)
    assert columns_page.PAGE.read_text("utf-8") == columns_page.export_tidy(), "out of date; run: ./qol test --write-docs"
