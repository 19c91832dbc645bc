"""Reading one line from a phone: strictly, since each leniency here has broken a layer of some server."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from qol_server.trial import problems
from qol_server.trial.problems import Problem

MAX_BYTES = 65536
MAX_DEPTH = 32
BIGGEST = 2**53 - 1  # the largest whole number that every JSON reader keeps exactly

_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"?')  # one that never ends is passed over whole, not searched from each quote in it


class _Unusable(Exception):
    def __init__(self, problem: Problem) -> None:
        self.problem = problem


def parse(line: bytes) -> dict[str, Any] | Problem:
    """The object on the line, or the problem for which the line has to be kept for review.

    Not usable are: more than 64 KiB, deeper than 32, not UTF-8, not one object, a key twice or not ASCII, a number that
    is not a whole one within ±(2^53 - 1), NUL and lone surrogates.
    """
    if len(line) > MAX_BYTES:
        return problems.TOO_LONG
    if line.count(b"{") + line.count(b"[") > MAX_DEPTH and _depth(line) > MAX_DEPTH:
        return problems.TOO_DEEP
    if b"\\u" not in line:
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError:
            return _strictly(line)
        # what comes out byte for byte as it went in has no key twice; anything else is read again, slowly
        if value.__class__ is dict and orjson.dumps(value) == line and _is_plain(value):
            return value
    return _strictly(line)


def _is_plain(value: Any) -> bool:
    """Whether there are only whole numbers of usual size and ASCII keys."""
    parts = value
    if value.__class__ is dict:
        parts = value.values()
        for key in value:
            if not key.isascii():
                return False
    for part in parts:
        kind = part.__class__
        if kind is str or part is None:
            continue
        if kind is int:
            if not -BIGGEST <= part <= BIGGEST:
                return False
        elif kind is dict or kind is list:
            if not _is_plain(part):
                return False
        elif kind is not bool:
            return False
    return True


def _depth(line: bytes) -> int:
    """How deep brackets are nested outside of strings."""
    depth = deepest = 0
    for byte in _STRING.sub(b"", line):
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def _strictly(line: bytes) -> dict[str, Any] | Problem:
    """The slow reading, which names what is wrong."""
    try:
        value = json.loads(
            line.decode("utf-8"), object_pairs_hook=_object, parse_float=_no_float, parse_constant=_no_float, parse_int=_whole
        )
        _check_text(value)
    except UnicodeDecodeError:
        return problems.BAD_TEXT
    except _Unusable as failure:
        return failure.problem
    except (ValueError, RecursionError):
        return problems.UNPARSABLE
    return value if isinstance(value, dict) else problems.UNPARSABLE


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _Unusable(problems.DUPLICATE_KEY)
    if not all(key.isascii() for key in made):
        raise _Unusable(problems.BAD_TEXT)
    return made


def _no_float(_text: str) -> Any:
    raise _Unusable(problems.BAD_NUMBER)


def _whole(text: str) -> int:
    if len(text) > 17 or not -BIGGEST <= int(text) <= BIGGEST:
        raise _Unusable(problems.BAD_NUMBER)
    return int(text)


def _check_text(value: Any) -> None:
    """Refuse NUL and lone surrogates, in keys too."""
    if isinstance(value, str):
        if "\x00" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
            raise _Unusable(problems.BAD_TEXT)
    elif isinstance(value, dict):
        for key, part in value.items():
            _check_text(key)
            _check_text(part)
    elif isinstance(value, list):
        for part in value:
            _check_text(part)
