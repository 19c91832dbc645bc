"""A study is made of files, amended with its participants in view, and goes live only when nothing is lacking."""

from __future__ import annotations

from pathlib import Path

import pytest

from qol_server import library
from tests.cli.desk import Desk

SHIPPED = library.shipped_studies()["desminib"]


@pytest.fixture
def amended(tmp_path: Path) -> Path:
    """The shipped protocol with a window that closes earlier, in stand-in labels."""
    path = tmp_path / "studies" / "desminib.yaml"
    path.parent.mkdir()
    text = SHIPPED.read_text(encoding="utf-8").replace("wording: live", "wording: stand-in").replace("grace: P13D", "grace: P6D")
    path.write_text(text, encoding="utf-8")
    return path


def test_good_files_are_said_to_be_good(desk: Desk) -> None:
    said = desk.read("study", "check", SHIPPED, *library.shipped_instruments().values())
    assert said["mistakes"] == []


def test_each_mistake_names_its_file_and_line(desk: Desk, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_bytes(SHIPPED.read_bytes().replace(b"time_zone: Europe/Paris\nlanguages", b"time_zone: Europe/Pariss\nlanguages"))
    line = wrong.read_text(encoding="utf-8").splitlines().index("time_zone: Europe/Pariss") + 1
    assert desk.run("study", "check", wrong) == 1
    assert f"{wrong}:{line}: " in desk.out
    assert desk.run("study", "check", wrong, tmp_path / "nothing.yaml") == 2
    assert "nothing.yaml: cannot be read" in desk.out


def test_an_empty_folder_says_how_to_begin(desk: Desk) -> None:
    desk.run("init")
    assert desk.run("study", "list") == 0
    assert "qol study adopt" in desk.out


def test_a_live_study_names_each_licence_and_wording_that_it_lacks(desk: Desk) -> None:
    desk.run("init")
    assert desk.run("study", "adopt", "desminib") == 0
    assert desk.run("study", "activate", "desminib") == 1
    assert "eortc-qlq-c30 has no wording in fr." in desk.err
    assert "eortc-qlq-c30 has no wording in en." in desk.err
    about = desk.read("study", "show", "desminib")
    assert about["status"] == "draft"
    assert len(about["lacks"]) == 2
    assert about["instruments"]["dose-diary"]["wordings"] == {"fr": "shipped", "en": "shipped"}


def test_a_demonstration_goes_live_in_stand_in_labels_and_says_so(desk: Desk) -> None:
    desk.run("init")
    desk.run("study", "adopt", "desminib", "--stand-in")
    assert desk.run("study", "activate", "desminib") == 0
    assert "do not use it with patients" in desk.out
    about = desk.read("study", "show", "desminib")
    assert about["status"] == "active"
    assert about["instruments"]["eortc-qlq-c30"]["wordings"] == {"fr": "stand-in", "en": "stand-in"}
    assert desk.run("study", "show", "desminib") == 0
    assert "a demonstration, not for patients" in desk.out


def test_a_demonstration_never_becomes_live(desk: Desk) -> None:
    desk.demonstration()
    assert desk.problem("study", "adopt", "desminib") == ("stand-in-wording", 1)


def test_a_preview_of_a_new_study_makes_none(desk: Desk) -> None:
    desk.run("init")
    assert desk.read("study", "adopt", "desminib", "--preview") == {"study": "desminib", "new": True, "touched": {}}
    assert desk.read("study", "list") == {"studies": []}


def test_a_preview_of_an_amendment_names_whom_it_would_touch(desk: Desk, amended: Path) -> None:
    desk.demonstration()
    number = desk.enrol()
    desk.run("participant", "anchor", "desminib", number, "treatment_start", "2026-02-01")
    head = desk.read("study", "show", "desminib")["head"]
    assert desk.read("study", "adopt", amended, "--preview")["touched"] == {number: {"moved": 12}}
    assert desk.read("study", "show", "desminib")["head"] == head


def test_an_amendment_names_whom_it_touches_and_why(desk: Desk, amended: Path) -> None:
    desk.demonstration()
    number = desk.enrol()
    desk.run("participant", "anchor", "desminib", number, "treatment_start", "2026-02-01")
    before = desk.read("study", "show", "desminib")["protocol"]["version"]
    said = desk.read("study", "adopt", amended, "--reason", "amendment 2", "--as", "dana")
    assert (said["amends"], said["touched"]) == (before, {number: {"moved": 12}})
    assert desk.read("study", "show", "desminib")["amendments"] == 1
    assert desk.run("study", "adopt", amended) == 0
    assert "in force already" in desk.out


def test_a_protocol_that_is_not_there_or_has_mistakes_makes_no_study(desk: Desk, tmp_path: Path) -> None:
    desk.run("init")
    assert desk.run("study", "adopt", "nothing") == 2
    assert "Shipped: desminib" in desk.err
    wrong = tmp_path / "wrong.yaml"
    wrong.write_bytes(SHIPPED.read_bytes().replace(b"registry: NCT00287846", b"registry: 7"))
    assert desk.problem("study", "adopt", wrong) == ("bad-study-file", 2)
    assert desk.run("study", "adopt", library.shipped_instruments()["dose-diary"]) == 2
    assert "The file is not a protocol. Allowed: study: ID at the top." in desk.err
    assert len(desk.err.splitlines()) == 2
    assert desk.read("study", "list") == {"studies": []}


def test_without_keys_it_says_how_to_make_them(desk: Desk) -> None:
    assert desk.run("study", "adopt", "desminib") == 3
    assert "qol init" in desk.err


@pytest.mark.parametrize("words", [["show", "nothing"], ["activate", "nothing"]])
def test_an_unknown_study_is_named(desk: Desk, words: list[str]) -> None:
    desk.run("init")
    assert desk.problem("study", *words) == ("study-unknown", 2)


def test_draft_rules_are_rehearsed_and_mistakes_named_by_their_lines(desk: Desk, tmp_path: Path) -> None:
    slug = desk.demonstration()
    draft = tmp_path / "draft.yaml"
    draft.write_text('- {id: fever, when: {item: temperature, at_least: "39"}, urgency: now}\n', encoding="utf-8")
    told = desk.read("study", "rehearse", slug, draft)
    assert (told["surveys"], told["present"]["alerts"], told["draft"]["cases"]) == (0, 0, 0)
    assert desk.run("study", "rehearse", slug, draft, "--since", "2026-01-01") == 0
    assert "to look at a week" in desk.out
    draft.write_text("\n- {id: fever, when: {item: tempreature, at_least: 39}, urgency: now}\n", encoding="utf-8")
    assert desk.problem("study", "rehearse", slug, draft) == ("bad-study-file", 2)
    assert desk.run("study", "rehearse", slug, draft) == 2
    assert "line 2: There is no item" in desk.err
