"""Where the commands find study files: those that come with the software, and those beside the file that is named."""

from __future__ import annotations

import re
from pathlib import Path

from qol_server.cli.common import fail

_WORDING = re.compile(rb"(?m)^wording:[^\r\n]*")


def protocol_source(name: str) -> tuple[Path, bytes]:
    """The file and bytes of a protocol: a path, or the id of a study that comes with the software."""
    from qol_server import library

    path = Path(name)
    if not path.exists():
        shipped = library.shipped_studies()
        if name not in shipped:
            fail(f"There is no file {name!r}, nor a study of that name among those shipped.", advice=f"Shipped: {', '.join(shipped)}.")
        path = shipped[name]
    text = path.read_bytes()
    _must_begin_with("study", text, path, "The file is not a protocol", "study: ID at the top")
    return path, text


def with_stand_in(protocol: bytes) -> bytes:
    """The protocol with ``wording: stand-in``, otherwise byte for byte as it was."""
    replaced, count = _WORDING.subn(b"wording: stand-in", protocol)
    return replaced if count else protocol.rstrip(b"\r\n") + b"\nwording: stand-in\n"


def instrument_of(wording: bytes, file: Path) -> str:
    """The id of the instrument that a wording pack is for. Raises StudyFileError where it does not say."""
    return _must_begin_with("wording", wording, file, "The file is not a wording pack", "wording: ID of the instrument, at the top")


def _must_begin_with(key: str, text: bytes, file: Path, otherwise: str, allowed: str) -> str:
    from qol_server.library.documents import Mark, Report, StudyFileError, parse

    report = Report(str(file))
    name = parse(text, report).get(key)
    if not isinstance(name, str):
        report.wrong(Mark(1, 1), otherwise, allowed)
        raise StudyFileError(report.mistakes)
    return name


def instruments_in_reach(file: Path, text: bytes, folder: Path | None) -> dict[str, bytes]:
    """Id -> document of the instruments that a protocol or wording pack names.

    They are looked for among the shipped ones and in ``folder``, or in the folders ``instruments`` near ``file``.
    """
    from qol_server import library

    near = [folder] if folder else [parent / "instruments" for parent in list(file.resolve().parents)[:3]]
    paths = library.shipped_instruments()
    for each in near:
        paths |= {path.stem: path for path in sorted(each.glob("*.yaml"))}
    return {name: path.read_bytes() for name, path in paths.items() if name.encode() in text}


def watched(protocol: bytes) -> bytes:
    """The protocol with its alerts turned on: for demonstrations, in which somebody watches."""
    return protocol.replace(b"alerts: record-only", b"alerts: on")
