"""Adverse events as folded: what is recorded of each, whether a signature holds, and where its steps stand in the journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import orjson

from qol_server.clock import stamp
from qol_server.store import Row, Tx
from qol_server.trial.adverse_events import Action, AdverseEvent, Outcome, Serious
from qol_server.trial.facts import Entry
from qol_server.trial.seriousness import Report, stated


@dataclass(frozen=True, slots=True)
class Recorded:
    """One adverse event as it stands.

    ``content``: position of the entry that says what it is; ``signed``: of the signature that holds for that, ``withdrawn``: of
    its withdrawal, ``version``: of its last entry. ``signed_before``: a signature was broken by a change. ``given``: position of
    the response that reported it. ``report``: what has to be reported of a serious one, with the earliest knowledge that was ever
    said since it is; what was reported of its case after that counts for it too.
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
    report: Report | None

    @property
    def counts(self) -> bool:
        """Whether it is an adverse event in the data."""
        return self.signed is not None and self.withdrawn is None


# What the entries do


def recorded(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    tx.run(
        "INSERT INTO adverse_events (ae, participant, start, fact, recorded_at, content, signed_before, version, \"case\", aware_at)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, ?6, ?7, ?8)",
        (
            fact["ae"], entry.participant, fact["start"], _kept(fact), entry.received_at, entry.position, fact["case"],
            fact["aware_at"],
        ),
    )  # fmt: skip
    _step(tx, entry, fact)


def changed(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """What is recorded now is no longer what was signed; one that is not serious any more has no clock, and no report."""
    there = one(tx, fact["ae"])
    report = _to_report(None if there is None else there.report, content(fact))
    tx.run(
        "UPDATE adverse_events SET aware_at = ?1, reported_at = CASE WHEN ?1 IS NULL THEN NULL ELSE reported_at END WHERE ae = ?2",
        (None if report is None else stamp(report.aware_at), fact["ae"]),
    )
    tx.run(
        "UPDATE adverse_events SET start = ?1, fact = ?2, content = ?4, signed_before = signed_before OR signed IS NOT NULL, signed = NULL,"
        " signed_at = NULL, signed_by = NULL, version = ?4 WHERE ae = ?3",
        (fact["start"], _kept(fact), fact["ae"], entry.position),
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


def reported(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """It was reported to the sponsor."""
    tx.run("UPDATE adverse_events SET reported_at = ?, version = ? WHERE ae = ?", (fact["reported_at"], entry.position, fact["ae"]))
    _step(tx, entry, fact)


def _kept(fact: Mapping[str, Any]) -> str:
    """The fact as the table keeps it, the same whether it was just recorded or is read from the journal."""
    return orjson.dumps(fact, option=orjson.OPT_SORT_KEYS).decode()


def _to_report(before: Report | None, event: AdverseEvent) -> Report | None:
    """What is to be reported of an event as it is recorded now."""
    first = next((each for each in Serious if each in event.serious), None)
    return None if first is None or event.aware_at is None else stated(before, first, event.aware_at)


def _step(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    tx.run("INSERT INTO adverse_event_steps (ae, position) VALUES (?, ?)", (fact["ae"], entry.position))


# What is asked

_EACH = (
    "SELECT a.*, CASE WHEN c.serious IS NOT NULL AND c.reported_at >= a.aware_at THEN c.reported_at END AS with_case"
    ' FROM adverse_events a LEFT JOIN cases c ON c."case" = a."case"'
)
"""Each with the report of its case, where that can have told of it: nobody reports what they do not know yet."""


def one(tx: Tx, ae: str) -> Recorded | None:
    """The adverse event of this id."""
    row = tx.one(f"{_EACH} WHERE a.ae = ?", (ae,))
    return None if row is None else _recorded(row)


def of_participant(tx: Tx, number: str) -> list[Recorded]:
    """Those of a participant, the withdrawn too, the latest start first."""
    rows = tx.all(f"{_EACH} WHERE a.participant = ? ORDER BY a.start DESC, a.ae", (number,))
    return [_recorded(row) for row in rows]


def in_the_data(tx: Tx) -> list[tuple[Recorded, str, str | None]]:
    """Those that count, each with its site and the id of the response that reported it; by participant, start and id."""
    rows = tx.all(
        "SELECT a.*, NULL AS with_case, p.site, r.id AS report FROM adverse_events a JOIN roster p USING (participant)"
        " LEFT JOIN responses r ON r.position = json_extract(a.fact, '$.given')"
        " WHERE a.signed IS NOT NULL AND a.withdrawn IS NULL ORDER BY a.participant, a.start, a.ae"
    )
    return [(_recorded(row), row["site"], row["report"]) for row in rows]


def unreported(tx: Tx) -> list[tuple[Recorded, str]]:
    """The serious ones that nobody has reported, each with its site, the longest known first; none of whose case an earlier clock
    still runs, which is ended for both."""
    rows = tx.all(
        'SELECT a.*, NULL AS with_case, p.site FROM adverse_events a JOIN roster p USING (participant) LEFT JOIN cases c ON c."case" ='
        ' a."case" AND c.serious IS NOT NULL WHERE a.aware_at IS NOT NULL AND a.reported_at IS NULL AND a.withdrawn IS NULL'
        " AND (c.serious IS NULL OR CASE WHEN c.reported_at IS NULL THEN c.aware_at > a.aware_at ELSE c.reported_at < a.aware_at END)"
        " ORDER BY a.aware_at, a.ae"
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
    event = content(fact)
    reported_at = row["reported_at"] or row["with_case"]
    report = None if row["aware_at"] is None else _to_report(None, event)
    if report is not None:
        report = replace(
            report,
            aware_at=datetime.fromisoformat(row["aware_at"]),
            reported_at=None if reported_at is None else datetime.fromisoformat(reported_at),
        )
    return Recorded(
        row["ae"], row["participant"], event, fact["dictionary"], fact["given"], fact["case"], row["recorded_at"], row["content"],
        row["signed"], row["signed_at"], row["signed_by"], bool(row["signed_before"]), row["withdrawn"], row["version"],
        report,
    )  # fmt: skip
