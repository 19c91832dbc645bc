"""A licensed wording is taken in with its reference; what is lacking becomes less until the study may go live."""

from __future__ import annotations

from pathlib import Path

from qol_server import library
from tests.cli.desk import Desk


def pack(folder: Path, language: str, stand_in: str = "no") -> Path:
    """A pack of labels of our own making that passes for a licensed one."""
    path = library.shipped_instruments()["eortc-qlq-c30"]
    text = library.stand_in_document(library.instrument_from(path.read_bytes(), path.name), language)
    file = folder / f"{language}.yaml"
    file.write_bytes(text.replace(b"stand_in: yes", f"stand_in: {'true' if stand_in == 'yes' else 'false'}".encode()))
    return file


def test_a_study_goes_live_when_every_wording_has_its_licence(desk: Desk, tmp_path: Path) -> None:
    desk.run("init")
    desk.run("study", "adopt", "desminib")
    assert desk.read("wording", "import", "desminib", pack(tmp_path, "en"), "--licence", "EORTC-1")["lacks"] == [
        "eortc-qlq-c30 has no wording in fr."
    ]
    unlicensed = desk.read("wording", "import", "desminib", pack(tmp_path, "fr"))
    assert len(unlicensed["lacks"]) == 1
    assert "no licence reference" in unlicensed["lacks"][0]
    assert desk.problem("study", "activate", "desminib") == ("not-licensed", 1)


def test_a_pack_with_mistakes_or_for_nothing_known_is_refused(desk: Desk, tmp_path: Path) -> None:
    desk.run("init")
    desk.run("study", "adopt", "desminib")
    broken = tmp_path / "broken.yaml"
    broken.write_bytes(pack(tmp_path, "en").read_bytes().replace(b'  "q7":', b'  "q77":'))
    assert desk.problem("wording", "import", "desminib", broken) == ("bad-study-file", 2)
    assert desk.problem("wording", "import", "desminib", library.shipped_studies()["desminib"]) != ("internal", 3)
    assert desk.run("wording", "import", "desminib", tmp_path / "nothing.yaml") == 2
    assert desk.run("wording", "import", "desminib", pack(tmp_path, "en"), "--licence", "  ") == 2
    assert "it is blank" in desk.err


def test_a_live_study_takes_no_stand_in_labels(desk: Desk, tmp_path: Path) -> None:
    desk.run("init")
    desk.run("study", "adopt", "desminib")
    for language in ("en", "fr"):
        desk.run("wording", "import", "desminib", pack(tmp_path, language), "--licence", "EORTC-1")
    assert desk.run("study", "activate", "desminib") == 0
    assert "do not use" not in desk.out
    assert desk.problem("wording", "import", "desminib", pack(tmp_path, "en", "yes")) == ("stand-in-wording", 1)
    assert desk.problem("study", "adopt", "desminib", "--stand-in") == ("stand-in-wording", 1)
