"""The ledger of messages: how far each one came, and whether any was sent twice, too late, or to somebody to be left alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import orjson

from qol_server.state import ledger as folded
from qol_server.store import Row, Tx
from qol_server.trial.facts import Kind
from qol_server.trial.reminding import ALWAYS_END, Outcome
from qol_server.trial.schedule import local


@dataclass(frozen=True, slots=True)
class Line:
    """One message about an occurrence by one channel, and when it came so far (RFC 3339 UTC; None: not, or nobody says).

    ``why``: why it was not taken, failed or was cancelled. ``delivered_at`` is what the channel says, or the first sign of the
    message on a phone. ``answered_at``: when the first answer to the occurrence was received, with or without the message.
    """

    occurrence: str
    rung: int
    channel: str
    due_at: str
    outcome: Outcome
    tries: int
    why: str | None
    until: str | None
    intended_at: str
    settled_at: str | None
    delivered_at: str | None
    shown_at: str | None
    opened_at: str | None
    dismissed_at: str | None
    answered_at: str | None

    @property
    def sent_at(self) -> str | None:
        return self.settled_at if self.outcome is Outcome.SENT else None


def ledger(tx: Tx, number: str, *, limit: int = -1, after: int = 0) -> list[Line]:
    """The messages to a participant, the latest first: ``limit`` of them (-1: all) after so many."""
    return [_line(row) for row in folded.of_participant(tx, number, limit, after)]


def _line(row: Row) -> Line:
    signs = [row[sign] for sign in ("shown_at", "opened_at", "dismissed_at") if row[sign] is not None]
    return Line(
        row["occurrence"], row["rung"], row["channel"], row["at"], Outcome(row["outcome"]), row["tries"], row["why"], row["until"],
        row["intended_at"], row["settled_at"], row["delivered_at"] or min(signs, default=None), row["shown_at"], row["opened_at"],
        row["dismissed_at"], row["answered_at"],
    )  # fmt: skip


# What must never be


_WATCHED = (
    Kind.REMINDER_INTENDED, Kind.REMINDER_DEFERRED, Kind.REMINDER_SENT, Kind.REMINDER_CANCELLED, Kind.REMINDER_FAILED,
    Kind.ANCHOR_SET, Kind.ANCHOR_REVOKED, Kind.WITHDRAWAL_RECORDED, Kind.WITHDRAWAL_REVOKED, Kind.CONTACT_PAUSED, Kind.CONTACT_RESUMED,
)  # fmt: skip
_FROM: dict[Kind, tuple[Kind | None, ...]] = {
    Kind.REMINDER_INTENDED: (None, Kind.REMINDER_DEFERRED),
    Kind.REMINDER_DEFERRED: (Kind.REMINDER_INTENDED,),
    Kind.REMINDER_SENT: (Kind.REMINDER_INTENDED,),
    Kind.REMINDER_FAILED: (Kind.REMINDER_INTENDED, Kind.REMINDER_SENT),  # a gateway may report so later
    Kind.REMINDER_CANCELLED: (Kind.REMINDER_DEFERRED,),
}
"""What a message may have been before each of its entries."""


@dataclass(slots=True)
class _Person:
    """What is known, at a position of the journal, of whether a participant may be written to."""

    zone: str
    ends: dict[str, date] = field(default_factory=dict)
    paused_until: date | None = None

    def is_to_be_left_alone(self, at: str) -> bool:
        today = local(datetime.fromisoformat(at), self.zone).date()
        return any(day <= today for day in self.ends.values()) or (self.paused_until is not None and today <= self.paused_until)


def ledger_faults(tx: Tx) -> list[str]:
    """What must never be, found in the whole journal: each names the position of the entry at which it shows; none is well.

    A message that was claimed twice without its channel having said that it did not take it; two channels of a rung of which the
    first had not failed; a rung after one that was due later; a message that was claimed after something for its occurrence was
    received, after death or a withdrawal of contact, questionnaires or consent had become known, or during a pause.
    """
    return list(_faults(tx))


def _faults(tx: Tx) -> Iterator[str]:
    received: dict[tuple[str, str], int] = {
        (row["participant"], row["occurrence"]): row["position"]
        for row in tx.all(
            "SELECT participant, occurrence, min(position) AS position FROM entries WHERE occurrence IS NOT NULL"
            " AND kind IN ('response.given', 'entry.quarantined') GROUP BY participant, occurrence"
        )
    }
    people = {row["participant"]: _Person(row["time_zone"]) for row in tx.all("SELECT participant, time_zone FROM roster")}
    stands: dict[tuple[str, str, int], dict[str, Kind]] = {}
    due: dict[tuple[str, str], str] = {}  # of each occurrence, when the latest of its rungs was due
    watched = orjson.dumps([str(kind) for kind in _WATCHED]).decode()
    for row in tx.all(
        "SELECT e.position, e.kind, e.participant, e.occurrence, e.received_at, l.line FROM entries e JOIN lines l USING (position)"
        " WHERE e.kind IN (SELECT value FROM json_each(?)) ORDER BY e.position",
        (watched,),
    ):
        kind, fact, person = Kind(row["kind"]), orjson.loads(row["line"]), people[row["participant"]]
        if kind not in _FROM:
            _learn(person, kind, fact)
            continue
        of_rung = stands.setdefault((row["participant"], row["occurrence"], fact["rung"]), {})
        before = of_rung.get(fact["channel"])
        where = f"position {row['position']}: "
        if before not in _FROM[kind]:
            yield f"{where}{kind} after {before or 'nothing'}"
        of_rung[fact["channel"]] = kind
        if kind is Kind.REMINDER_INTENDED:
            if any(other is not Kind.REMINDER_FAILED for channel, other in of_rung.items() if channel != fact["channel"]):
                yield f"{where}a second channel, of which the first had not failed"
            of = row["participant"], row["occurrence"]
            if fact["at"] < due.setdefault(of, fact["at"]):
                yield f"{where}a message after one that was due later"
            due[of] = max(due[of], fact["at"])
            answer = received.get(of)
            if answer is not None and answer < row["position"]:
                yield f"{where}a message after what position {answer} received"
            if person.is_to_be_left_alone(row["received_at"]):
                yield f"{where}a message to somebody to be left alone"


def _learn(person: _Person, kind: Kind, fact: dict[str, Any]) -> None:
    if kind is Kind.CONTACT_PAUSED:
        person.paused_until = date.fromisoformat(fact["until"])
    elif kind is Kind.CONTACT_RESUMED:
        person.paused_until = None
    else:
        name = fact["anchor"] if "anchor" in fact else f"withdrawal.{fact['kind']}"
        if kind in (Kind.ANCHOR_REVOKED, Kind.WITHDRAWAL_REVOKED):
            person.ends.pop(name, None)
        elif name in ALWAYS_END:
            person.ends[name] = date.fromisoformat(fact["date"])
