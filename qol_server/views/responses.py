"""What a response says, item by item and scale by scale: the rows behind the views `answers` and `scores`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from qol_server.store import Tx
from qol_server.trial import scoring
from qol_server.trial.facts import Entry
from qol_server.trial.instrument import Instrument, Item, ItemType

Row = tuple[Any, ...]

ANSWERED, NOT_ANSWERED, NON_ANSWER = "answered", "not-answered", "non-answer"


@dataclass(slots=True)
class Reader:
    """Reads responses to one version of an instrument."""

    instrument: Instrument
    scorer: scoring.Scorer = field(init=False)
    method: str = field(init=False)
    _order: dict[str, tuple[int, Item]] = field(init=False)

    def __post_init__(self) -> None:
        self.scorer = scoring.scorer(self.instrument)
        self.method = scoring.method_version(self.instrument)
        self._order = {item.id: (nth, item) for nth, item in enumerate(self.instrument.items)}

    def answers(self, given: Mapping[str, Any]) -> Iterator[Row]:
        """(place in the instrument, item, answer as given, number, status) of each answer."""
        for id_, answer in given.items():
            nth, item = self._order[id_]
            if answer is None:
                yield nth, id_, None, None, NOT_ANSWERED
            elif answer.__class__ is int:
                yield nth, id_, str(answer), float(answer), ANSWERED
            elif isinstance(answer, list):
                yield nth, id_, json.dumps(answer, ensure_ascii=False, separators=(",", ":")), None, ANSWERED
            elif answer in item.non_answers:
                yield nth, id_, answer, None, NON_ANSWER
            else:
                yield nth, id_, answer, float(answer) if item.type is ItemType.DECIMAL else None, ANSWERED

    def scores(self, given: Mapping[str, Any]) -> Iterator[Row]:
        """(place in the instrument, scale, value as float, exact value, why it is missing, method) of each scale and summary."""
        for nth, (scale, score) in enumerate(self.scorer.of(given).items()):
            yield nth, scale, score.as_float, None if score.value is None else str(score.value), score.note, self.method


@dataclass(slots=True)
class Slice:
    """The rows of some entries, written together."""

    captures: list[Row] = field(default_factory=list)
    given: list[Row] = field(default_factory=list)
    scored: list[Row] = field(default_factory=list)

    def add(self, entry: Entry, fact: Mapping[str, Any], reader: Reader) -> None:
        self.captures.append((entry.position, entry.received_at, fact["mode"], fact["by"]))
        self.given.extend((entry.position, *row) for row in reader.answers(fact["answers"]))
        self.scored.extend((entry.position, *row) for row in reader.scores(fact["answers"]))

    def write(self, tx: Tx) -> None:
        tx.many("INSERT INTO captures (position, received_at, mode, given_by) VALUES (?, ?, ?, ?)", self.captures)
        tx.many("INSERT INTO given (position, nth, item, answer, number, status) VALUES (?, ?, ?, ?, ?, ?)", self.given)
        tx.many("INSERT INTO scored (position, nth, scale, value, exact, why, method) VALUES (?, ?, ?, ?, ?, ?, ?)", self.scored)
