"""What can be said of one line of a phone before the journal is asked: form, shape, instrument, answers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from qol_server.intake.catalogue import FITS, SHAPES
from qol_server.intake.lines import parse
from qol_server.intake.shapes import faults
from qol_server.intake.study import Study
from qol_server.store import Tx
from qol_server.trial import problems
from qol_server.trial.facts import PHONE_KINDS, Kind
from qol_server.trial.problems import Problem

_KINDS = {str(kind): kind for kind in PHONE_KINDS}


@dataclass(slots=True)
class Line:
    """One line of a batch on its way in. ``number`` counts from 1, the envelope's line included."""

    number: int
    raw: bytes
    body: bytes
    fact: dict[str, Any] | None = None
    problem: Problem | None = None
    detail: str = ""
    notes: tuple[str, ...] = ()
    id: str | None = None

    @property
    def seq(self) -> int | None:
        seq = None if self.fact is None else self.fact.get("device_seq")
        return seq if type(seq) is int and seq > 0 else None


def examine(study: Study, tx: Tx, number: int, raw: bytes) -> Line:
    """Everything that can be said of a line without the present state: form, shape, instrument, answers."""
    line = Line(number, raw, hashlib.sha256(raw).digest())
    parsed = parse(raw)
    if isinstance(parsed, Problem):
        line.problem = parsed
        return line
    line.fact = parsed
    id_ = parsed.get("id")
    line.id = id_ if isinstance(id_, str) else None
    name = parsed.get("kind")
    kind = _KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        line.problem, line.detail = problems.UNKNOWN_KIND, "The kind must be one of " + ", ".join(sorted(_KINDS)) + "."
        return line
    if not FITS[kind](parsed) and (wrong := SHAPES[kind].validate(parsed)):
        line.problem = problems.BAD_ENTRY
        line.detail = " ".join(f"{fault['where']}: {fault['what']}" for fault in faults(wrong))
    elif kind is Kind.RESPONSE_GIVEN:
        examine_answers(study, tx, line, parsed)
    return line


def examine_answers(study: Study, tx: Tx, line: Line, fact: dict[str, Any]) -> None:
    """Note on a response's line why its answers cannot be used, or what is to be remarked about them."""
    try:
        checker = study.checker(tx, fact["version"])
    except LookupError:
        known = study.current(tx, "instrument", fact["instrument"]) is not None
        line.problem = problems.UNKNOWN_VERSION if known else problems.UNKNOWN_INSTRUMENT
        return
    if checker.instrument.id != fact["instrument"]:
        line.problem, line.detail = problems.UNKNOWN_VERSION, f"This version is one of {checker.instrument.id}."
        return
    verdict = checker.check(fact["answers"])
    line.problem, line.detail, line.notes = verdict.problem, verdict.detail, verdict.notes
