"""The first line of a sync and the bytes behind it: unpacked within bounds, counted, and compared with what was promised."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO

from marshmallow import fields

from qol_server.intake.lines import parse
from qol_server.intake.shapes import Fits, Moment, OneOf, Shape, Text, Whole, Zone, faults, sha256_field, signature_field, uuid_field
from qol_server.trial import problems
from qol_server.trial.problems import Problem, Refused

PROTOCOL = "qol-sync/1"
LIMITS = {"entries": 200, "bytes": 1_048_576, "entry_bytes": 65_536}
_CHUNK = 65_536


class Queue(Shape):
    """What waits on the phone."""

    unsent = Whole(0, 10_000_000, required=True)
    oldest = Moment(allow_none=True)


class Witness(Shape):
    """The last head that the phone was shown."""

    position = Whole(0, 2**53 - 1, required=True)
    digest = sha256_field(required=True)
    signature = signature_field(required=True)


class EnvelopeShape(Shape):
    """The first line of a sync."""

    protocol = OneOf(PROTOCOL, required=True)
    batch = uuid_field(required=True)
    entries = Whole(0, 1_000_000, required=True)
    digest = sha256_field(required=True)
    seqs = fields.List(Whole(1, 2**53 - 1))
    epoch = Text(64, allow_none=True)
    cursor = Text(2000, allow_none=True)
    sent_at = Moment(required=True)
    time_zone = Zone(required=True)
    queue = fields.Nested(Queue, allow_none=True)
    witness = fields.Nested(Witness, allow_none=True)
    language = Text(20, allow_none=True)
    app = Text(40, allow_none=True)


_SHAPE = EnvelopeShape()
_FITS = Fits(_SHAPE)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What the first line says; ``fields`` are its checked fields."""

    batch: str
    sent_at: datetime
    seqs: tuple[int, ...] | None
    cursor: str | None
    language: str | None
    app: str | None
    epoch: str | None
    witness: dict[str, Any] | None
    queue: dict[str, Any] | None


def unpack(stream: BinaryIO, encoding: str, most: int = LIMITS["bytes"]) -> bytes:
    """The body, unpacked and never more than ``most`` bytes. Raises Refused(too-large, media-type, truncated)."""
    packed = encoding.strip().lower()
    if packed in ("", "identity"):
        return _bounded(iter(lambda: stream.read(_CHUNK), b""), lambda chunk, _: chunk, most)
    if packed != "gzip":
        raise Refused(problems.MEDIA_TYPE, f"The encoding {encoding!r} is not taken; use gzip or none.")
    machine = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        body = _bounded(iter(lambda: stream.read(_CHUNK), b""), machine.decompress, most)
    except zlib.error as broken:
        raise Refused(problems.TRUNCATED, "The gzip data is damaged.") from broken
    if not machine.eof:
        raise Refused(problems.TRUNCATED, "The gzip data ends too early.")
    return body


def _bounded(chunks: Any, convert: Callable[[bytes, int], bytes], most: int) -> bytes:
    whole = bytearray()
    for chunk in chunks:
        whole += convert(chunk, most + 1 - len(whole))  # a bomb is stopped here, not in memory
        if len(whole) > most:
            raise Refused(problems.TOO_LARGE, f"The body is larger than {most} bytes when unpacked.")
    return bytes(whole)


def split(body: bytes) -> tuple[Envelope, list[bytes]]:
    """The envelope and the lines of entries, each without its line feed.

    Raises Refused(bad-envelope) for the first line, Refused(truncated) where count or digest do not fit it, and
    Refused(too-large) for more than 200 entries.
    """
    first, _, rest = body.partition(b"\n")
    said = parse(first)
    if isinstance(said, Problem):
        raise Refused(problems.BAD_ENVELOPE, "The first line is not a JSON object.")
    if not _FITS(said) and (wrong := _SHAPE.validate(said)):
        raise Refused(problems.BAD_ENVELOPE, "The envelope has wrong or missing fields.", errors=faults(wrong))
    lines = rest.split(b"\n")
    if lines[-1] == b"":  # a line feed ends the last line; it does not begin another
        lines.pop()
    if len(lines) != said["entries"] or hashlib.sha256(rest).hexdigest() != said["digest"]:
        raise Refused(problems.TRUNCATED, f"The envelope promises {said['entries']} lines; what came does not fit it.")
    if len(lines) > LIMITS["entries"]:
        raise Refused(problems.TOO_LARGE, f"The batch has {len(lines)} entries; at most {LIMITS['entries']} are taken at once.")
    seqs = said.get("seqs")
    if seqs is not None and len(seqs) != len(lines):
        raise Refused(problems.BAD_ENVELOPE, f"seqs names {len(seqs)} numbers for {len(lines)} lines.")
    return Envelope(
        said["batch"], datetime.fromisoformat(said["sent_at"]), None if seqs is None else tuple(seqs), said.get("cursor"),
        said.get("language"), said.get("app"), said.get("epoch"), said.get("witness"), said.get("queue"),
    ), lines  # fmt: skip
