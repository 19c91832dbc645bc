"""What was found of participants' eligibility and consent: values of criteria, signed deviations, the versions that were signed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qol_server.state import participants
from qol_server.store import Row, Tx
from qol_server.trial.facts import Entry


def values(tx: Tx, number: str) -> dict[str, str]:
    """Criterion -> its present value."""
    return {row["criterion"]: row["value"] for row in tx.all("SELECT criterion, value FROM eligibility WHERE participant = ?", (number,))}


def recorded(tx: Tx, number: str) -> list[Row]:
    """Each present value with who recorded it and when: criterion, value, result, actor, received_at."""
    return tx.all(
        "SELECT v.criterion, v.value, v.result, e.actor, e.received_at FROM eligibility v JOIN entries e USING (position)"
        " WHERE v.participant = ? ORDER BY v.position, v.criterion",
        (number,),
    )


def deviations(tx: Tx, number: str) -> set[tuple[str, str]]:
    """(criterion, value), those that an investigator signed for."""
    rows = tx.all("SELECT criterion, value FROM deviations WHERE participant = ?", (number,))
    return {(row["criterion"], row["value"]) for row in rows}


def signed(tx: Tx, number: str) -> list[Row]:
    """Signed deviations, oldest first: criterion, value, meaning, actor, received_at, reason."""
    return tx.all(
        "SELECT d.criterion, d.value, d.meaning, e.actor, e.received_at, e.reason FROM deviations d JOIN entries e USING (position)"
        " WHERE d.participant = ? ORDER BY d.position, d.criterion",
        (number,),
    )


def consents(tx: Tx, number: str) -> list[Row]:
    """Consents, oldest first: version, day, taken_by, actor, received_at."""
    return tx.all(
        "SELECT c.version, c.day, c.taken_by, e.actor, e.received_at FROM consents c JOIN entries e USING (position)"
        " WHERE c.participant = ? ORDER BY c.day, c.position",
        (number,),
    )


def enrol(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """A participant with the first consent, and what is known of the eligibility."""
    participants.enrol(tx, entry, fact)
    _consent(tx, entry, fact["consent_version"], fact["anchors"]["consent"], fact.get("consent_taken_by") or entry.actor)
    record(tx, entry, {"values": fact["eligibility"]})


def consent(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    _consent(tx, entry, fact["version"], fact["date"], fact["taken_by"])
    participants.touch(tx, entry.participant, entry.position)


def _consent(tx: Tx, entry: Entry, version: str, day: str, taken_by: str) -> None:
    tx.run(
        "INSERT INTO consents (participant, version, day, taken_by, position) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (participant, version, day) DO NOTHING",
        (entry.participant, version, day, taken_by, entry.position),
    )


def record(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """A value that stays as it was keeps who recorded it; it may be judged otherwise under an amended protocol."""
    for one in fact["values"]:
        tx.run(
            "INSERT INTO eligibility (participant, criterion, value, result, position) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (participant, criterion) DO UPDATE SET result = excluded.result,"
            " position = CASE WHEN value = excluded.value THEN position ELSE excluded.position END, value = excluded.value",
            (entry.participant, one["criterion"], one["value"], one.get("result", "met"), entry.position),
        )


def deviate(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    for one in fact["criteria"]:
        tx.run(
            "INSERT INTO deviations (participant, criterion, value, meaning, position) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (participant, criterion, value) DO NOTHING",
            (entry.participant, one["criterion"], one["value"], fact["meaning"], entry.position),
        )


def include(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    tx.run("UPDATE roster SET included = 1 WHERE participant = ?", (entry.participant,))
    for anchor, day in fact["anchors"].items():
        participants.set_anchor(tx, entry, {"anchor": anchor, "nth": 1, "date": day})
