"""A draft of a study's alert rules: put in the place of those of its protocol, of which nothing else changes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, ScalarEvent

from qol_server.library.documents import Mark, Mistake, Report, StudyFileError, parse
from qol_server.library.protocols import protocol_from
from qol_server.trial.instrument import Instrument
from qol_server.trial.protocol import Protocol

NAME = "draft"
MOST_CHARACTERS = 50_000
MOST_VALUES = 4_000
DEEPEST = 24
"""Levels of lists and keys within each other; as many as the deepest condition needs."""
_KEY = re.compile(r"[A-Za-z_\"'{.]|---")
_ALERTS = re.compile(r"alerts\s*:")
_LIST = re.compile(r"-(\s|$)")


class DraftTooLarge(Exception):
    """A draft is longer or deeper than it may be; ``line``: of the draft, where it is."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line}")
        self.line = line


def with_alerts(protocol: bytes, draft: bytes, name: str, instruments: Mapping[str, Instrument]) -> tuple[bytes, Protocol]:
    """The protocol's document with the alert rules of the draft, and what it says.

    ``draft``: the part ``alerts:`` of a protocol file, the list below it, or a whole file, of which only that part counts.
    Raises DraftTooLarge before anything is made of it, and StudyFileError; the lines that they name are the draft's.
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
    _must_be_small("\n".join(block), first)
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


def _must_be_small(block: str, first: int) -> None:
    """Read no further than it takes to know that this is too much; what cannot be read is told later. ``first``: lines before it."""
    if len(block) > MOST_CHARACTERS:
        raise DraftTooLarge(max(1, first + 1))
    depth = values = 0
    try:
        for event in YAML().parse(block):
            depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
            values += isinstance(event, ScalarEvent | AliasEvent)
            if depth > DEEPEST or values > MOST_VALUES:
                raise DraftTooLarge(max(1, first + event.start_mark.line + 1))
    except (YAMLError, RecursionError):
        return


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
