"""What a list of participants shows beside each number: asked for a page of numbers at once, never for one at a time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import orjson

from qol_server.state import participants, reminders
from qol_server.store import Tx
from qol_server.trial.protocol import Protocol
from qol_server.trial.schedule import Assignment

_OF_A = "a.participant IN (SELECT value FROM json_each(?))"
_OF_ASSESSMENT = "a.occurrence > n.value || '@' AND a.occurrence < n.value || 'A'"  # "A" follows "@": the key finds them


@dataclass(frozen=True, slots=True)
class Completion:
    """Of the assignments whose last day on time is over: how many were expected, and for how many of them there is a response."""

    expected: int = 0
    answered: int = 0


def at_sites(tx: Tx, sites: Collection[str]) -> list[str]:
    """The numbers of these sites' participants, in order."""
    rows = tx.all("SELECT participant FROM roster WHERE site IN (SELECT value FROM json_each(?)) ORDER BY participant", (_json(sites),))
    return [row["participant"] for row in rows]


def without_consent(tx: Tx, sites: Collection[str], versions: Collection[str]) -> list[str]:
    """The numbers of these sites' participants, of those that take part, who signed none of these versions."""
    rows = tx.all(
        "SELECT p.participant FROM roster p WHERE p.site IN (SELECT value FROM json_each(?)) AND p.ended_on IS NULL AND NOT EXISTS"
        " (SELECT 1 FROM consents c WHERE c.participant = p.participant AND c.version IN (SELECT value FROM json_each(?)))",
        (_json(sites), _json(versions)),
    )
    return [row["participant"] for row in rows]


def completion(tx: Tx, protocol: Protocol, today: Mapping[str, date]) -> dict[str, Completion]:
    """By number; ``today``: number -> the participant's own day. One response may serve two visits, and is counted for both."""
    due = "a.participant = k.value ->> 0 AND a.due < k.value ->> 1 AND a.retired = 0 AND a.expected = 1"
    answered = "EXISTS (SELECT 1 FROM responses r WHERE r.participant = a.participant AND r.occurrence = a.occurrence AND r.current = 1)"
    asked = _json([(number, day.isoformat()) for number, day in today.items()])
    rows = tx.all(
        f"SELECT a.participant, count(*) AS expected, sum({answered}) AS answered FROM json_each(?) k CROSS JOIN assignments a ON {due}"  # noqa: S608
        " GROUP BY a.participant",
        (asked,),
    )
    found = {row["participant"]: Completion(row["expected"], row["answered"]) for row in rows}
    lending = {a.id for a in protocol.assessments.values() for visit in a.visits if visit.served_by}
    lending |= {visit.served_by for a in protocol.assessments.values() for visit in a.visits if visit.served_by}
    open_ones = tx.all(
        "SELECT a.participant, a.occurrence FROM json_each(?) k CROSS JOIN json_each(?) n"  # noqa: S608
        f" CROSS JOIN assignments a ON {due} AND {_OF_ASSESSMENT} WHERE NOT {answered}",
        (asked, _json(lending)),
    )
    served = {number: reminders.served(tx, protocol, number) for number in {row["participant"] for row in open_ones}}
    for row in open_ones:
        if row["occurrence"] in served[row["participant"]]:
            known = found[row["participant"]]
            found[row["participant"]] = Completion(known.expected, known.answered + 1)
    return found


def open_cases(tx: Tx, numbers: Sequence[str]) -> dict[str, int]:
    """By number, how many cases are not resolved."""
    rows = tx.all(
        f"SELECT a.participant, count(*) AS n FROM cases a WHERE {_OF_A} AND a.state <> 'resolved' GROUP BY a.participant",  # noqa: S608
        (_json(numbers),),
    )
    return {row["participant"]: row["n"] for row in rows}


def open_calls(tx: Tx, numbers: Sequence[str]) -> dict[str, int]:
    """By number, how many call tasks wait."""
    rows = tx.all(
        f"SELECT a.participant, count(*) AS n FROM calls a WHERE {_OF_A} AND a.closed_at IS NULL GROUP BY a.participant",  # noqa: S608
        (_json(numbers),),
    )
    return {row["participant"]: row["n"] for row in rows}


def to_come(tx: Tx, numbers: Sequence[str], first: date, assessments: Collection[str]) -> dict[str, list[Assignment]]:
    """By number, what these assessments expect with a target on a day or later, the nearest first."""
    rows = tx.all(
        f"SELECT a.* FROM json_each(?) k CROSS JOIN json_each(?) n CROSS JOIN assignments a ON a.participant = k.value AND {_OF_ASSESSMENT}"  # noqa: S608
        " WHERE a.retired = 0 AND a.expected = 1 AND a.target >= ? ORDER BY a.target, a.occurrence",
        (_json(numbers), _json(assessments), first.isoformat()),
    )
    found: dict[str, list[Assignment]] = {}
    for row in rows:
        found.setdefault(row["participant"], []).append(participants.assignment(row))
    return found


def on_day(tx: Tx, sites: Collection[str], day: date, assessments: Collection[str]) -> list[tuple[str, str, Assignment, bool]]:
    """(site, number, assignment, answered) of these assessments with their target on a day, in order of site and number."""
    rows = tx.all(
        "SELECT p.site, a.*, EXISTS (SELECT 1 FROM responses r WHERE r.participant = a.participant AND r.occurrence = a.occurrence"  # noqa: S608
        f" AND r.current = 1) AS answered FROM roster p CROSS JOIN json_each(?1) n CROSS JOIN assignments a ON {_OF_ASSESSMENT}"
        " AND a.participant = p.participant WHERE p.site IN (SELECT value FROM json_each(?2)) AND a.target = ?3 AND a.retired = 0"
        " AND a.expected = 1 ORDER BY p.site, a.participant, a.occurrence",
        (_json(assessments), _json(sites), day.isoformat()),
    )
    return [(row["site"], row["participant"], participants.assignment(row), bool(row["answered"])) for row in rows]


def _json(values: Collection[object]) -> str:
    return orjson.dumps(list(values)).decode()
