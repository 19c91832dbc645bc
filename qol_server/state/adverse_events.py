"""Adverse events as folded: what is recorded of each, whether a signature holds, and where its steps stand in the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import orjson

from qol_server.clock import stamp
from qol_server.store import Row, Tx
from qol_server.trial.adverse_events import Action, AdverseEvent, Outcome, Serious
from qol_server.trial.facts import Entry


@dataclass(frozen=True, slots=True)
class Recorded:
    """One adverse event as it stands.

    ``content``: position of the entry that says what it is; ``signed``: of the signature that holds for that, ``withdrawn``: of
    its withdrawal, ``version``: of its last entry. ``signed_before``: a signature was broken by a change. ``given``: position of
    the response that reported it.
    """

    ae: str
    participant: str
    event: AdverseEvent
    dictionary: str
    given: int | None
    case: str | None
    recorded_at: str
    content: int
    signed: int | None
    signed_at: str | None
    signed_by: str | None
    signed_before: bool
    withdrawn: int | None
    version: int

    @property
    def counts(self) -> bool:
        """Whether it is an adverse event in the data."""
        return self.signed is not None and self.withdrawn is None


# What the entries do


def recorded(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    tx.run(
        "INSERT INTO adverse_events (ae, participant, start, fact, recorded_at, content, signed_before, version)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?6)",
        (fact["ae"], entry.participant, fact["start"], orjson.dumps(fact).decode(), entry.received_at, entry.position),
    )
    _step(tx, entry, fact)


def changed(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """What is recorded now is no longer what was signed."""
    tx.run(
        "UPDATE adverse_events SET start = ?1, fact = ?2, content = ?4, signed_before = signed_before OR signed IS NOT NULL, signed = NULL,"
        " signed_at = NULL, signed_by = NULL, version = ?4 WHERE ae = ?3",
        (fact["start"], orjson.dumps(fact).decode(), fact["ae"], entry.position),
    )
    _step(tx, entry, fact)


def signed(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """A signature holds for the content that it names: the door lets no other pass."""
    tx.run(
        "UPDATE adverse_events SET signed = ?1, signed_at = ?2, signed_by = ?3, version = ?1 WHERE ae = ?4",
        (entry.position, entry.received_at, entry.actor, fact["ae"]),
    )
    _step(tx, entry, fact)


def withdrawn(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    tx.run("UPDATE adverse_events SET withdrawn = ?1, version = ?1 WHERE ae = ?2", (entry.position, fact["ae"]))
    _step(tx, entry, fact)


def _step(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    tx.run("INSERT INTO adverse_event_steps (ae, position) VALUES (?, ?)", (fact["ae"], entry.position))


# What is asked


def one(tx: Tx, ae: str) -> Recorded | None:
    """The adverse event of this id."""
    row = tx.one("SELECT * FROM adverse_events WHERE ae = ?", (ae,))
    return None if row is None else _recorded(row)


def of_participant(tx: Tx, number: str) -> list[Recorded]:
    """Those of a participant, the withdrawn too, the latest start first."""
    rows = tx.all("SELECT * FROM adverse_events WHERE participant = ? ORDER BY start DESC, ae", (number,))
    return [_recorded(row) for row in rows]


def in_the_data(tx: Tx) -> list[tuple[Recorded, str, str | None]]:
    """Those that count, each with its site and the id of the response that reported it; by participant, start and id."""
    rows = tx.all(
        "SELECT a.*, p.site, r.id AS report FROM adverse_events a JOIN roster p USING (participant)"
        " LEFT JOIN responses r ON r.position = json_extract(a.fact, '$.given')"
        " WHERE a.signed IS NOT NULL AND a.withdrawn IS NULL ORDER BY a.participant, a.start, a.ae"
    )
    return [(_recorded(row), row["site"], row["report"]) for row in rows]


def serious_since(tx: Tx, aware: datetime) -> list[tuple[Recorded, str]]:
    """The serious ones of which a site knows since after an instant, each with its site; none whose case has the clock itself."""
    rows = tx.all(
        'SELECT a.*, p.site FROM adverse_events a JOIN roster p USING (participant) LEFT JOIN cases c ON c."case" ='
        " json_extract(a.fact, '$.case') WHERE a.withdrawn IS NULL AND json_extract(a.fact, '$.aware_at') > ? AND c.serious IS NULL"
        " ORDER BY json_extract(a.fact, '$.aware_at'), a.ae",
        (stamp(aware),),
    )
    return [(_recorded(row), row["site"]) for row in rows]


def steps(tx: Tx, ae: str) -> list[int]:
    """The positions of all entries about it, in order."""
    return [row["position"] for row in tx.all("SELECT position FROM adverse_event_steps WHERE ae = ? ORDER BY position", (ae,))]


def content(fact: Mapping[str, Any]) -> AdverseEvent:
    """What an entry that records or changes one says."""
    aware = fact["aware_at"]
    return AdverseEvent(
        term=fact["term"], grade=fact["grade"], start=date.fromisoformat(fact["start"]),
        end=None if fact["end"] is None else date.fromisoformat(fact["end"]), relation=fact["relation"], action=Action(fact["action"]),
        outcome=Outcome(fact["outcome"]), serious=frozenset(Serious(each) for each in fact["serious"]),
        aware_at=None if aware is None else datetime.fromisoformat(aware), words=fact["words"],
    )  # fmt: skip


def _recorded(row: Row) -> Recorded:
    fact = orjson.loads(row["fact"])
    return Recorded(
        row["ae"], row["participant"], content(fact), fact["dictionary"], fact["given"], fact["case"], row["recorded_at"], row["content"],
        row["signed"], row["signed_at"], row["signed_by"], bool(row["signed_before"]), row["withdrawn"], row["version"],
    )  # fmt: skip
