"""The bad inputs: each has broken some layer of some server. By name: how it is made of a good entry, and what it is kept for."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.api.rig import line

Good = dict[str, Any]
Bad = tuple[Callable[[Good], bytes], str]


def _with(problem: str, **fields: Any) -> Bad:
    """The entry with these fields instead; ``...`` takes one away."""
    return lambda good: line({name: value for name, value in (good | fields).items() if value is not ...}), problem


def _answers(problem: str, answers: Any) -> Bad:
    return _with(problem, answers=answers)


def _raw(problem: str, raw: bytes) -> Bad:
    """These bytes alone."""
    return lambda good: raw, problem


def _text(problem: str, old: bytes, new: bytes) -> Bad:
    """The entry's bytes with one part replaced, where no JSON library would write it."""

    def make(good: Good) -> bytes:
        made = line(good)
        assert old in made, old
        return made.replace(old, new, 1)

    return make, problem


def _comment(problem: str, text: bytes) -> Bad:
    """A comment of these bytes, between quotes."""
    return _text(problem, b'"answers":{', b'"answers":{"comment":"' + text + b'",')


def _number(problem: str, number: bytes) -> Bad:
    """An unknown field with this number."""
    return _text(problem, b'{"id"', b'{"extra":' + number + b',"id"')


def _nested(deep: int) -> bytes:
    return b"[" * deep + b"]" * deep


NOT_JSON: dict[str, Bad] = {
    "an empty line": _raw("unparsable", b""),
    "blanks": _raw("unparsable", b"   "),
    "a carriage return": _raw("unparsable", b"\r"),
    "a word": _raw("unparsable", b"hello"),
    "a list": _raw("unparsable", b"[1,2,3]"),
    "a text": _raw("unparsable", b'"text"'),
    "a number": _raw("unparsable", b"7"),
    "null": _raw("unparsable", b"null"),
    "true": _raw("unparsable", b"true"),
    "an HTML page": _raw("unparsable", b"<html><body>Please log in</body></html>"),
    "random bytes": _raw("bad-text", bytes(range(128, 255))),
    "zeros": _raw("unparsable", b"\x00" * 100),
    "half an entry": (lambda good: line(good)[:-20], "unparsable"),
    "two entries on a line": (lambda good: line(good) * 2, "unparsable"),
    "rubbish behind": (lambda good: line(good) + b"}", "unparsable"),
    "a byte-order mark": (lambda good: b"\xef\xbb\xbf" + line(good), "unparsable"),
    "single quotes": (lambda good: line(good).replace(b'"', b"'"), "unparsable"),
    "a trailing comma": (lambda good: line(good)[:-1] + b",}", "unparsable"),
    "a comment": (lambda good: line(good) + b"// fine", "unparsable"),
    "UTF-16": (lambda good: json.dumps(good).encode("utf-16").replace(b"\n", b" "), "bad-text"),
    "a raw control character": _comment("unparsable", b"a\x01b"),
    "a raw tab": _comment("unparsable", b"a\tb"),
    "a bad escape": _comment("unparsable", rb"\x41"),
    "half an escape": _comment("unparsable", rb"\u00"),
}

TEXT: dict[str, Bad] = {
    "invalid UTF-8": _comment("bad-text", b"\xff\xfe"),
    "overlong UTF-8": _comment("bad-text", b"\xc0\xaf"),
    "a surrogate in UTF-8": _comment("bad-text", b"\xed\xa0\x80"),
    "cut UTF-8": _comment("bad-text", b"\xe2\x82"),
    "Latin-1": _comment("bad-text", "naïve".encode("latin-1")),
    "a lone high surrogate": _comment("bad-text", rb"\ud800"),
    "a lone low surrogate": _comment("bad-text", rb"x\udfffy"),
    "surrogates in the wrong order": _comment("bad-text", rb"\udc00\ud800"),
    "NUL": _comment("bad-text", rb"a\u0000b"),
    "NUL in a key": _text("bad-text", b'"answers":{', rb'"answers":{"a\u0000":1,'),
    "a lone surrogate in a key": _text("bad-text", b'"answers":{', rb'"answers":{"\ud800":1,'),
    "a key that is not ASCII": _text("bad-text", b'"answers":{', '"answers":{"réponse":1,'.encode()),
    "an escaped key that is not ASCII": _text("bad-text", b'"answers":{', rb'"answers":{"\u00e9":1,'),
    "NUL in the id": _text("bad-text", b'{"id":"', rb'{"id":"\u0000'),
}

NUMBERS: dict[str, Bad] = {
    "NaN": _number("bad-number", b"NaN"),
    "Infinity": _number("bad-number", b"Infinity"),
    "minus Infinity": _number("bad-number", b"-Infinity"),
    "a float": _number("bad-number", b"1.5"),
    "2.0": _number("bad-number", b"2.0"),
    "an exponent": _number("bad-number", b"1e3"),
    "an endless exponent": _number("bad-number", b"1e400"),
    "a 5,000-digit integer": _number("bad-number", b"9" * 5000),
    "2^53": _number("bad-number", b"9007199254740992"),
    "2^64": _number("bad-number", b"18446744073709551616"),
    "minus 2^63": _number("bad-number", b"-9223372036854775808"),
    "a leading zero": _number("unparsable", b"007"),
    "a plus sign": _number("unparsable", b"+1"),
    "hexadecimal": _number("unparsable", b"0x10"),
    "2.0 as an answer": _text("bad-number", b'"answers":{', b'"answers":{"intake.2.status":2.0,'),
}

FORM: dict[str, Bad] = {
    "33 deep": _number("too-deep", _nested(32)),
    "5,000 deep": _number("too-deep", _nested(5000)),
    "objects 40 deep": _number("too-deep", b'{"a":' * 40 + b"1" + b"}" * 40),
    "30,000 open brackets": _raw("too-deep", b"[" * 30_000),
    "a key twice": _text("duplicate-key", b'{"id"', b'{"kind":"help.asked","id"'),
    "a key twice, one escaped": _text("duplicate-key", b'{"id"', rb'{"\u006bind":"help.asked","id"'),
    "a key twice in the answers": _text("duplicate-key", b'"answers":{', b'"answers":{"comment":"a","comment":"b",'),
    "a key twice in a list": _number("duplicate-key", b'[{"a":1,"a":2}]'),
    "a line of 65,537 bytes": (lambda good: line(good) + b" " * (65_537 - len(line(good))), "line-too-long"),
    "a line of 300 KiB": _comment("line-too-long", b"x" * 300_000),
}

FIELDS: dict[str, Bad] = {
    **{f"no {name}": _with("bad-entry", **{name: ...}) for name in (
        "id", "device_seq", "captured_at", "time_zone", "occurrence", "instrument", "version", "mode", "by", "answers",
    )},
    "no kind": _with("unknown-kind", kind=...),
    "a kind of the server": _with("unknown-kind", kind="participant.enrolled"),
    "a kind of tomorrow": _with("unknown-kind", kind="photo.taken"),
    "a kind that is a list": _with("unknown-kind", kind=["response.given"]),
    "a kind that is null": _with("unknown-kind", kind=None),
    "an id that is a number": _with("bad-entry", id=7),
    "an id that is no UUID": _with("bad-entry", id="me"),
    "an id with a line feed": _with("bad-entry", id="3f0e8e6e-8f3c-4a5e-9d8e-0c5a2b1f7d10\n"),
    "an id that is a list": _with("bad-entry", id=["3f0e8e6e-8f3c-4a5e-9d8e-0c5a2b1f7d10"]),
    "a sequence as text": _with("bad-entry", device_seq="1"),
    "a sequence of zero": _with("bad-entry", device_seq=0),
    "a negative sequence": _with("bad-entry", device_seq=-1),
    "a sequence that is true": _with("bad-entry", device_seq=True),
    "a time without offset": _with("bad-entry", captured_at="2026-03-02T20:00:00"),
    "a time of words": _with("bad-entry", captured_at="yesterday evening"),
    "a time as a number": _with("bad-entry", captured_at=1_772_478_000),
    "a week date": _with("bad-entry", captured_at="2026-W10-1T20:00:00+01:00"),
    "the 30th of February": _with("bad-entry", captured_at="2026-02-30T20:00:00+01:00"),
    "digits of another script": _with("bad-entry", captured_at="٢٠٢٦-03-02T20:00:00+01:00"),
    "a zone of nowhere": _with("bad-entry", time_zone="Mars/Base"),
    "a path as a zone": _with("bad-entry", time_zone="../../etc/passwd"),
    "a zone as an object": _with("bad-entry", time_zone={}),
    "an occurrence without a visit": _with("bad-entry", occurrence="dose"),
    "an occurrence with blanks": _with("bad-entry", occurrence="dose@2026-03-02 "),
    "an occurrence as a list": _with("bad-entry", occurrence=["dose@2026-03-02"]),
    "an endless occurrence": _with("bad-entry", occurrence="dose@" + "9" * 1000),
    "an instrument as a number": _with("bad-entry", instrument=30),
    "a version as a number": _with("bad-entry", version=3),
    "a version in capitals": _with("bad-entry", version="A" * 64),
    "a mode of tomorrow": _with("bad-entry", mode="telepathy"),
    "a mode as a list": _with("bad-entry", mode=["app"]),
    "by nobody": _with("bad-entry", by=None),
    "answers as a list": _with("bad-entry", answers=[1, 2]),
    "answers as text": _with("bad-entry", answers="taken"),
    "answers as null": _with("bad-entry", answers=None),
    "supersedes a number": _with("bad-entry", supersedes=1),
    "an endless reason": _with("bad-entry", reason="x" * 501),
    "a language as an object": _with("bad-entry", language={}),
    "an hour of 24": _with("bad-entry", kind="preference.set", reminder_hour=24),
    "an hour that is true": _with("bad-entry", kind="preference.set", reminder_hour=True),
    "a note of nothing": _with("bad-entry", kind="app.noted"),
    "a help of another kind": _with("bad-entry", kind="help.asked", what="pizza"),
}  # fmt: skip

MEANING: dict[str, Bad] = {
    "an unknown instrument": _with("unknown-instrument", instrument="sf-36", version="0" * 64),
    "an unknown version": _with("unknown-instrument-version", version="0" * 64),
    "a version of another instrument": _with("unknown-instrument-version", instrument="eortc-qlq-c30"),
    "an unknown item": _answers("unknown-item", {"intake.7.status": "taken"}),
    "an item with an endless name": _answers("unknown-item", {"x" * 5000: 1}),
    "a code that is not listed": _answers("answer-out-of-range", {"intake.1.status": "swallowed"}),
    "true for a code": _answers("answer-out-of-range", {"intake.1.status": True}),
    "a number for a code": _answers("answer-out-of-range", {"intake.1.status": 1}),
    "an object as an answer": _answers("answer-out-of-range", {"intake.1.status": {"code": "taken"}}),
    "a list as an answer": _answers("answer-out-of-range", {"intake.1.status": ["taken"]}),
    "a list of lists": _answers("answer-out-of-range", {"intake.1.status": [["taken"]]}),
    "empty text for a code": _answers("answer-out-of-range", {"intake.1.status": ""}),
    "a decimal as a number": _answers("answer-out-of-range", {"intake.1.mg": 400}),
    "a decimal with a comma": _answers("answer-out-of-range", {"intake.1.mg": "400,5"}),
    "a decimal in another script": _answers("answer-out-of-range", {"intake.1.mg": "٤٠٠"}),
    "a decimal that is too large": _answers("answer-out-of-range", {"intake.1.mg": "10001"}),
    "a decimal that is NaN": _answers("answer-out-of-range", {"intake.1.mg": "NaN"}),
    "a time of 24:00": _answers("answer-out-of-range", {"intake.1.time": "24:00"}),
    "an endless comment": _answers("answer-out-of-range", {"comment": "x" * 501}),
    "an assessment of no protocol": _with("unknown-occurrence", occurrence="sleep@M3"),
    "a day before the study": _with("unknown-occurrence", occurrence="dose@1999-01-01"),
    "a day that does not exist": _with("unknown-occurrence", occurrence="dose@2026-02-30"),
    "a visit of no schedule": _with("unknown-occurrence", occurrence="qol@M4711"),
    "a clock in 1970": _with("clock-beyond-a-year", captured_at="1970-01-01T00:00:00Z"),
    "a clock in the year 1": _with("clock-beyond-a-year", captured_at="0001-01-01T00:00:00+14:00"),
    "a clock in 2031": _with("clock-beyond-a-year", captured_at="2031-03-02T20:00:00+01:00"),
    "a clock in 9999": _with("clock-beyond-a-year", captured_at="9999-12-31T23:59:59-14:00"),
}

CORPUS: dict[str, Bad] = NOT_JSON | TEXT | NUMBERS | FORM | FIELDS | MEANING
