"""A draft of a study's alert rules: put in the place of those of its protocol, of which nothing else changes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from qol_server.library.documents import Mark, Mistake, Report, StudyFileError, parse
from qol_server.library.protocols import protocol_from
from qol_server.trial.instrument import Instrument
from qol_server.trial.protocol import Protocol

NAME = "draft"
_KEY = re.compile(r"[A-Za-z_\"'{.]|---")
_ALERTS = re.compile(r"alerts\s*:")
_LIST = re.compile(r"-(\s|$)")


def with_alerts(protocol: bytes, draft: bytes, name: str, instruments: Mapping[str, Instrument]) -> tuple[bytes, Protocol]:
    """The protocol's document with the alert rules of the draft, and what it says.

    ``draft``: the part ``alerts:`` of a protocol file, the list below it, or a whole file, of which only that part counts.
    Raises StudyFileError; the lines that it names are the draft's.
    """
    report = Report(NAME)
    try:
        lines = draft.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        report.wrong(Mark(draft.count(b"\n", 0, error.start) + 1, 1), "The draft is not UTF-8 text", "UTF-8")
        raise StudyFileError(report.mistakes) from None
    first, last = _part(lines)
    if first is None:
        started = next((n for n, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")), 0)
        if not lines or not _LIST.match(lines[started]):
            report.wrong(Mark(1, 1), "There are no alert rules in the draft", "alerts: with a list of rules below it, or the list alone")
            raise StudyFileError(report.mistakes)
        first, last, block = -1, len(lines), ["alerts:", *lines]
    else:
        block = lines[first:last]
    whole = protocol.decode("utf-8-sig").splitlines()
    begin, end = _part(whole)
    if begin is None:
        begin = end = len(whole)
    made = "\n".join([*whole[:begin], *block, *whole[end:]]).encode() + b"\n"
    offset = first
    try:
        parse("\n".join(block).encode(), Report(NAME))  # alone first: what is not closed runs on into what follows
        offset = first - begin
        checked = protocol_from(made, name, instruments)
    except StudyFileError as error:
        moved = [replace(each, file=NAME, line=min(max(1, each.line + offset), len(lines))) for each in error.mistakes]
        raise StudyFileError(moved) from None
    was = protocol_from(protocol, name, instruments)
    if replace(checked, version=was.version, alerts=was.alerts, rules=was.rules) != was:
        report.wrong(Mark(max(first, 0) + 1, 1), "The draft changes more than the alert rules", "alert rules alone")
        raise StudyFileError(report.mistakes)
    return made, checked


def _part(lines: list[str]) -> tuple[int | None, int]:
    """Where the part ``alerts:`` begins and ends (the line after its last) among a file's lines; None where there is none."""
    begin = next((n for n, line in enumerate(lines) if _ALERTS.match(line)), None)
    if begin is None:
        return None, len(lines)
    end = next((n for n in range(begin + 1, len(lines)) if _KEY.match(lines[n])), len(lines))
    while end > begin + 1 and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
        end -= 1  # what stands before the next part belongs to it
    return begin, end


def alerts_of(protocol: bytes) -> str:
    """The part ``alerts:`` of a protocol's document as it is written; "" where it has none."""
    lines = protocol.decode("utf-8-sig").splitlines()
    begin, end = _part(lines)
    return "" if begin is None else "\n".join(lines[begin:end])


def mistakes_told(error: StudyFileError) -> list[dict[str, str]]:
    """The mistakes as a problem tells them: which line of the draft, what is wrong, what is allowed."""
    return [_told(each) for each in error.mistakes]


def _told(mistake: Mistake) -> dict[str, str]:
    return {"where": f"line {mistake.line}", "what": mistake.message, "allowed": mistake.allowed}
