"""Reads a study file (YAML 1.2) so that every value knows its line, and collects what is wrong with it."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

_DEEPEST = 32
MOST_LISTED = 40  # names in one message
_WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,14})")
_NUMBER_LIKE = re.compile(
    r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_SURROGATE_OR_NUL = re.compile("[\ud800-\udfff\x00]")
_TAGS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp", "merge"))


class Mark(NamedTuple):
    """A place in a file; both count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong in a study file: where, what, and what is allowed there."""

    file: str
    line: int
    column: int
    message: str
    allowed: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}." + (f" Allowed: {self.allowed}." if self.allowed else "")


class StudyFileError(Exception):
    """A study file cannot be used; ``mistakes`` are all of them, in the order of their lines."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = list(mistakes)
        super().__init__("\n".join(str(mistake) for mistake in self.mistakes))


class Bare(str):
    """A number that was written without quotes and is not a plain whole number: 1.5, 01, 1e3."""


class Mapped(dict[str, Any]):
    """A mapping of the file; keys are text as written, ``marks`` are the places of the keys."""

    def __init__(self, mark: Mark) -> None:
        super().__init__()
        self.mark = mark
        self.marks: dict[Any, Mark] = {}


class Listed(list[Any]):
    """A list of the file; ``marks`` are the places of its elements."""

    def __init__(self, mark: Mark) -> None:
        super().__init__()
        self.mark = mark
        self.marks: dict[Any, Mark] = {}


def version(text: bytes) -> str:
    """The name of a document: the SHA-256 (hex) of its bytes."""
    return hashlib.sha256(text).hexdigest()


def place(node: Any, *path: Any) -> Mark:
    """The mark of what ``path`` leads to from ``node``, or of the nearest thing above it that exists."""
    mark: Mark = getattr(node, "mark", Mark(1, 1))
    for step in path:
        if not isinstance(node, Mapped | Listed) or step not in node.marks:
            break
        mark = node.marks[step]
        node = node[step]
    return mark


def listed(values: Iterable[Any]) -> str:
    """``values`` as a person would list them."""
    return ", ".join(str(value) for value in values) or "none"


def did_you_mean(word: Any, known: Iterable[Any]) -> str:
    """`` (did you mean "…"?)`` where one of ``known`` is near to ``word``, else nothing."""
    names = {str(name).lower(): str(name) for name in known}
    near = difflib.get_close_matches(str(word).lower(), names, n=1, cutoff=0.6)
    return f' (did you mean "{names[near[0]]}"?)' if near else ""


class Report:
    """Collects the mistakes of one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._mistakes: dict[Mistake, None] = {}  # each once, in the order in which they were found

    def wrong(self, mark: Mark, message: str, allowed: str = "") -> None:
        self._mistakes[Mistake(self.file, mark.line, mark.column, message, allowed)] = None

    def unknown(self, mark: Mark, kind: str, name: Any, known: Iterable[Any]) -> None:
        """``name`` is none of the ``known`` things of a ``kind``."""
        known = list(dict.fromkeys(known))
        more = f" … ({len(known)} in all)" if len(known) > MOST_LISTED else ""
        self.wrong(mark, f'There is no {kind} "{name}"{did_you_mean(name, known)}', listed(known[:MOST_LISTED]) + more)

    @property
    def mistakes(self) -> list[Mistake]:
        return sorted(self._mistakes, key=lambda mistake: (mistake.line, mistake.column))

    def stop_if_wrong(self) -> None:
        if self._mistakes:
            raise StudyFileError(self.mistakes)


def parse(text: bytes, report: Report) -> Mapped:
    """The document's top mapping. Raises StudyFileError where it cannot be read; duplicate keys are reported and dropped."""
    try:
        decoded = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + 1
        report.wrong(Mark(line, 1), "The file is not UTF-8 text", "UTF-8")
        raise StudyFileError(report.mistakes) from None
    try:
        node = YAML(typ="rt").compose(decoded)
    except Exception as error:  # on broken input the parser raises more than its own errors
        report.wrong(_mark_of_error(error, decoded), f"The file cannot be read as YAML: {_cause(error)}", "one YAML 1.2 document")
        raise StudyFileError(report.mistakes) from None
    if not isinstance(node, MappingNode):
        report.wrong(Mark(1, 1), "The file does not hold keys and values", "a YAML mapping with instrument:, study: or wording: at the top")
        raise StudyFileError(report.mistakes)
    value = _value(node, report, 0)
    if not isinstance(value, Mapped):  # the top itself has an anchor or a tag, which was reported
        raise StudyFileError(report.mistakes)
    return value


def _mark_of_error(error: Exception, decoded: str) -> Mark:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    if mark is not None:
        return Mark(mark.line + 1, mark.column + 1)
    position = getattr(error, "position", None)
    return Mark(decoded.count("\n", 0, position) + 1, 1) if isinstance(position, int) else Mark(1, 1)


def _cause(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or type(error).__name__
    return str(problem).splitlines()[0].rstrip(".")


def _value(node: Node, report: Report, depth: int) -> Any:
    mark = Mark(node.start_mark.line + 1, node.start_mark.column + 1)
    if node.anchor:
        report.wrong(mark, f'"&{node.anchor}" and "*{node.anchor}" are not understood here', "write the value out each time")
        return None
    if depth > _DEEPEST:
        report.wrong(mark, "The file is nested too deeply", f"at most {_DEEPEST} levels")
        return None
    if str(node.tag) not in _TAGS:
        report.wrong(mark, f'The tag "{node.tag}" is not understood here', "values without tags")
        return None
    if isinstance(node, ScalarNode):
        return _scalar(node, mark, report)
    if not isinstance(node, MappingNode):
        elements = Listed(mark)
        for index, part in enumerate(node.value):
            elements.append(_value(part, report, depth + 1))
            elements.marks[index] = Mark(part.start_mark.line + 1, part.start_mark.column + 1)
        return elements
    mapped = Mapped(mark)
    for key, value in _pairs(node, report):
        where = Mark(key.start_mark.line + 1, key.start_mark.column + 1)
        if key.value in mapped:
            report.wrong(where, f'The key "{key.value}" stands twice, first in line {mapped.marks[key.value].line}', "each key once")
            continue
        if key.value == "<<" and not key.style:
            report.wrong(where, '"<<" is not understood here', "write the keys out")
            continue
        mapped[key.value] = _value(value, report, depth + 1)
        mapped.marks[key.value] = where
    return mapped


def _pairs(node: MappingNode, report: Report) -> Iterator[tuple[ScalarNode, Node]]:
    for key, value in node.value:
        if isinstance(key, ScalarNode) and not key.anchor and not _SURROGATE_OR_NUL.search(key.value):
            yield key, value
        else:
            report.wrong(Mark(key.start_mark.line + 1, key.start_mark.column + 1), "A key must be a plain word", "text before the colon")


def _scalar(node: ScalarNode, mark: Mark, report: Report) -> Any:
    text: str = node.value
    if _SURROGATE_OR_NUL.search(text):
        report.wrong(mark, "The text holds a character that cannot be stored (NUL or half of a pair)", "ordinary text")
        return None
    if node.style is not None:
        return text.replace("\a", "") if node.style == ">" else text  # the parser marks where lines were folded with BEL
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in ("true", "True", "TRUE", "false", "False", "FALSE"):
        return text.lower() == "true"
    if _WHOLE.fullmatch(text):
        return int(text)
    return Bare(text) if _NUMBER_LIKE.fullmatch(text) else text
