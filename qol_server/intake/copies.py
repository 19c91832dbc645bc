"""A copy of what waited on a phone, saved there and handed in at the site: checked whole, then admitted as a sync would be."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from marshmallow import fields

from qol_server.access import pairing
from qol_server.intake.admit import admit
from qol_server.intake.examine import examine
from qol_server.intake.lines import parse
from qol_server.intake.record import record
from qol_server.intake.shapes import Moment, OneOf, Shape, Text, Whole, faults, sha256_field, uuid_field
from qol_server.intake.study import Study
from qol_server.store import Tx
from qol_server.trial import problems
from qol_server.trial.facts import Kind
from qol_server.trial.problems import Problem, Refused

AT_ONCE = 200  # entries in one transaction, as in a sync


class FirstLine(Shape):
    """Whose copy it is, and what must follow."""

    copy = OneOf("qol-copy/1", required=True)
    study = Text(64, required=True)
    participant = Text(40, required=True)
    device = uuid_field(required=True)
    app = Text(40, required=True)
    saved_at = Moment(required=True)
    entries = Whole(0, 1_000_000, required=True)
    seqs = fields.List(Whole(1, 2**53 - 1), required=True)
    digest = sha256_field(required=True)


_FIRST = FirstLine()


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy that is what it says: its first line, and its entries byte for byte."""

    said: Mapping[str, Any]
    lines: tuple[bytes, ...]


def read_copy(content: bytes) -> Copy:
    """A copy that arrived whole. Raises Refused(not-a-copy, damaged-copy)."""
    first, _, rest = content.partition(b"\n")
    said = parse(first)
    if isinstance(said, Problem) or "copy" not in said:
        raise Refused(problems.NOT_A_COPY)
    if wrong := _FIRST.validate(said):
        raise Refused(problems.NOT_A_COPY, "Its first line has wrong or missing fields.", errors=faults(wrong))
    lines = rest.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    if hashlib.sha256(rest).hexdigest() != said["digest"] or not len(lines) == said["entries"] == len(said["seqs"]):
        raise Refused(problems.DAMAGED_COPY, f"Its first line promises {said['entries']} entries; what follows does not fit it.")
    return Copy(said, tuple(lines))


def hand_in(study: Study, copy: Copy, *, actor: str, now: datetime) -> dict[str, int]:
    """Admit a copy's entries as the phone's own; returns how many are stored, duplicate, quarantined or to be tried again.

    Raises Refused(copy-of-another-study, device-unknown, device-revoked): nothing was taken.
    """
    said = copy.said
    if said["study"] != study.slug:
        raise Refused(problems.OTHER_STUDY, f"It was saved in {said['study']}, and this is {study.slug}.")
    tx = study.store.read()
    phone = pairing.phone_named(tx, said["device"])
    if phone is None or phone.participant != said["participant"]:
        raise Refused(problems.DEVICE_UNKNOWN, f"{said['participant']} never had the phone {said['device']} here.")
    if phone.status == "revoked":
        raise Refused(problems.DEVICE_REVOKED, "Nothing is taken from a phone that was reported lost.")
    fact = {name: said[name] for name in ("saved_at", "entries", "digest")}

    def note(tx: Tx) -> None:
        record(
            tx, study, Kind.COPY_ADMITTED, fact, actor=actor, now=now, participant=phone.participant, device=phone.device,
            nth=said["digest"],
        )  # fmt: skip

    if not copy.lines:
        study.store.write(note)
    became: Counter[str] = Counter(stored=0, duplicate=0, quarantined=0, retry=0)
    for start in range(0, len(copy.lines), AT_ONCE):
        part = copy.lines[start : start + AT_ONCE]
        lines = [examine(study, tx, number, raw) for number, raw in enumerate(part, start + 2)]
        admitted = admit(study, phone, lines, said["seqs"][start : start + AT_ONCE], now=now, skew=None, also=note)
        became.update(result.status for result in admitted.results)
    return dict(became)
