"""The open cases as people work through them: which ones, in which order, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import orjson

from qol_server.store import Row, Tx
from qol_server.trial.alerting import Urgency


class Order(StrEnum):
    """In which order cases are shown."""

    URGENCY = "urgency"  # then those that wait longest
    OLDEST = "oldest"
    NEWEST = "newest"
    PARTICIPANT = "participant"


class Standing(StrEnum):
    """How a case stands, where only some are wanted."""

    WAITING = "waiting"  # nobody has acknowledged it
    ESCALATED = "escalated"  # … and a step of the escalation was taken
    TAKEN = "taken"
    STALLED = "stalled"  # … and nothing was done with it for a time
    SERIOUS = "serious"  # its report is still to be made


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which open cases are asked for. ``owner``: an actor, or "" for those that nobody owns."""

    sites: tuple[str, ...]
    urgency: Urgency | None = None
    owner: str | None = None
    assessment: str | None = None
    standing: Standing | None = None
    order: Order = Order.URGENCY


_OPEN = "state <> 'resolved' AND site IN (SELECT value FROM json_each(?))"
_STANDS = {
    Standing.WAITING: "state = 'raised'",
    Standing.ESCALATED: "state = 'raised' AND steps > 0",
    Standing.TAKEN: "state = 'acknowledged'",
    Standing.STALLED: "state = 'acknowledged' AND stalled > 0",
    Standing.SERIOUS: "serious IS NOT NULL AND reported_at IS NULL",
}
# the columns of each order, the last of them unique, and whether they go down
_ORDERS: dict[Order, tuple[tuple[str, ...], bool]] = {
    Order.URGENCY: (("place", "since", '"case"'), False),
    Order.OLDEST: (("since", '"case"'), False),
    Order.NEWEST: (("since", '"case"'), True),
    Order.PARTICIPANT: (("participant", "since", '"case"'), False),
}

Key = Sequence[str | int]
"""Where a page ends: what the order looks at, of its last case."""


def page(tx: Tx, wanted: Wanted, after: Key | None, limit: int) -> list[Row]:
    """At most ``limit`` cases after a key, in order. Its cost does not grow with the pages before it.

    Raises ValueError for a key of another order.
    """
    columns, goes_down = _ORDERS[wanted.order]
    where, given = _where(wanted)
    keyed: tuple[str | int, ...] = ()
    if after is not None:
        if len(after) != len(columns):
            raise ValueError(after)
        where += f" AND ({', '.join(columns)}) {'<' if goes_down else '>'} ({', '.join('?' * len(columns))})"
        keyed = tuple(after)
    order = ", ".join(f"{column} DESC" if goes_down else column for column in columns)
    return tx.all(f"SELECT * FROM cases WHERE {where} ORDER BY {order} LIMIT ?", (*given, *keyed, limit))  # noqa: S608 - only our own words


def key(wanted: Wanted, row: Row) -> Key:
    """The key of a case in this order."""
    return [row[column.strip('"')] for column in _ORDERS[wanted.order][0]]


@dataclass(frozen=True, slots=True)
class Load:
    """All open cases of some sites: how many, how many of them nobody has acknowledged, and when the latest clock began."""

    total: int
    waiting: int
    latest: str


def load(tx: Tx, sites: Sequence[str]) -> Load:
    row = tx.one(
        f"SELECT count(*) AS total, coalesce(sum(state = 'raised'), 0) AS waiting, coalesce(max(since), '') AS latest FROM cases"  # noqa: S608
        f" WHERE {_OPEN}",
        (orjson.dumps(list(sites)).decode(),),
    )
    assert row is not None  # noqa: S101
    return Load(row["total"], row["waiting"], row["latest"])


def count(tx: Tx, wanted: Wanted) -> int:
    """How many cases there are."""
    where, given = _where(wanted)
    row = tx.one(f"SELECT count(*) AS n FROM cases WHERE {where}", given)  # noqa: S608 - only our own words
    assert row is not None  # noqa: S101
    return int(row["n"])


def _where(wanted: Wanted) -> tuple[str, tuple[str, ...]]:
    parts, given = [_OPEN], [orjson.dumps(wanted.sites).decode()]
    for column, value in (("urgency", wanted.urgency), ("assessment", wanted.assessment), ("owner", wanted.owner or None)):
        if value is not None:
            parts.append(f"{column} = ?")
            given.append(str(value))
    if wanted.owner == "":
        parts.append("owner IS NULL")
    if wanted.standing is not None:
        parts.append(_STANDS[wanted.standing])
    return " AND ".join(parts), tuple(given)
