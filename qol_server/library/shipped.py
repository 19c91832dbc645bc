"""The study files that come with the software, and the check of any file by its kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path

from qol_server.library.documents import Mark, Mistake, Report, StudyFileError, parse, place
from qol_server.library.instruments import instrument_from
from qol_server.library.protocols import protocol_from
from qol_server.library.wordings import wording_from
from qol_server.trial.instrument import Instrument

KINDS = ("instrument", "study", "wording")  # in this order: a study has a key "wording" of its own


def _folder() -> Path:
    return Path(str(files("questionnaires")))


def _by_name(folder: Path) -> dict[str, Path]:
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def shipped_instruments() -> dict[str, Path]:
    """Id -> file of each instrument that comes with the software."""
    return _by_name(_folder() / "instruments")


def shipped_wordings(instrument: str) -> dict[str, Path]:
    """Language -> file of each wording of ``instrument`` that comes with the software."""
    return _by_name(_folder() / "wording" / instrument)


def shipped_studies() -> dict[str, Path]:
    """Id -> file of each study that comes with the software."""
    return _by_name(_folder() / "studies")


def load_instruments(paths: Mapping[str, Path]) -> dict[str, Instrument]:
    """Id -> instrument of each file. Raises StudyFileError on the first file that has mistakes."""
    return {name: instrument_from(path.read_bytes(), str(path)) for name, path in paths.items()}


def check(path: str | Path) -> list[Mistake]:
    """All mistakes of a study file: an instrument, a study or a wording, as its top key says. Raises OSError where it cannot be read.

    A study and a wording may name the shipped instruments and those in the folder ``instruments`` of their own collection.
    """
    path = Path(path)
    text, name = path.read_bytes(), str(path)
    report = Report(name)
    try:
        top = parse(text, report)
        kind = next((kind for kind in KINDS if kind in top), None)
        if kind is None:
            report.wrong(Mark(1, 1), "The file does not say what it is", "instrument: ID, study: ID or wording: ID at the top")
            return report.mistakes
        if kind == "instrument":
            instrument_from(text, name)
        elif kind == "study":
            protocol_from(text, name, load_instruments(_within_reach(path)))
        else:
            within_reach = _within_reach(path)
            if top["wording"] not in within_reach:
                report.unknown(place(top, "wording"), "instrument", top["wording"], within_reach)
                return report.mistakes
            wording_from(text, name, *load_instruments({top["wording"]: within_reach[top["wording"]]}).values())
    except StudyFileError as error:
        return error.mistakes
    return []


def _within_reach(path: Path) -> dict[str, Path]:
    found = shipped_instruments()
    for folder in _collections(path.resolve()):
        found |= _by_name(folder)
    return found


def _collections(path: Path) -> Iterator[Path]:
    """The folders ``instruments`` beside the file's own folder: ``studies/x.yaml`` and ``wording/<instrument>/<language>.yaml``."""
    for parent in (path.parent.parent.parent, path.parent.parent):
        yield parent / "instruments"
