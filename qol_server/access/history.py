"""What happened to each account, found in the server's journal without reading it all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from qol_server import journal
from qol_server.store import Tx
from qol_server.trial.facts import Kind

_SCHEMA = """
CREATE TABLE notes (login TEXT NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (login, position)) STRICT, WITHOUT ROWID
"""

NOTABLE = frozenset({
    Kind.ROLE_GIVEN, Kind.ROLE_TAKEN, Kind.ACCOUNT_RESET, Kind.ACCOUNT_LOCKED, Kind.LOGIN_FAILED, Kind.PASSWORD_CHANGED,
    Kind.PASSKEY_ADDED, Kind.PASSKEY_DOUBTED,
})  # fmt: skip
"""What the holder of an account should look at twice; a log-in from a browser that was not known is it as well."""


def create(tx: Tx) -> None:
    """Make the table."""
    tx.run(_SCHEMA)


@dataclass(frozen=True, slots=True)
class Event:
    """An entry of the server's journal that names an account: when, of which kind, by whom, and what it says."""

    at: str
    kind: str
    actor: str
    fact: Mapping[str, Any]


def note(tx: Tx, login: str, position: int) -> None:
    """The entry at this position is about an account."""
    tx.run("INSERT INTO notes (login, position) VALUES (?, ?)", (login, position))


def of(tx: Tx, login: str, most: int) -> list[Event]:
    """The latest events of an account, the last one first; those whose line was blanked are left out."""
    rows = tx.all("SELECT position FROM notes WHERE login = ? ORDER BY position DESC LIMIT ?", (login, most))
    entries = [journal.one(tx, row["position"]) for row in rows]
    return [Event(each.received_at, each.kind, each.actor, json.loads(each.line)) for each in entries if each is not None and each.line]


def last_study(tx: Tx, login: str) -> str | None:
    """The study in which a role was last given to an account, or taken from it; None where it never had one."""
    row = tx.one(
        "SELECT position FROM notes JOIN entries USING (position) WHERE login = ? AND kind IN (?, ?) ORDER BY position DESC LIMIT 1",
        (login, str(Kind.ROLE_GIVEN), str(Kind.ROLE_TAKEN)),
    )
    entry = None if row is None else journal.one(tx, row["position"])
    return None if entry is None or not entry.line else str(json.loads(entry.line)["study"])


def since_last_visit(events: list[Event]) -> list[Event]:
    """Those of the latest events (the last one first) since the log-in before the present one.

    One from a browser that was not known does not count: whoever got in does not hide it by having been in.
    """
    visits = [nth for nth, event in enumerate(events) if event.kind == Kind.SESSION_OPENED]
    return events[: next((nth for nth in visits[1:] if not is_notable(events[nth])), len(events))]


def is_notable(event: Event) -> bool:
    """Whether the holder of an account should look at it twice: somebody else may be at work."""
    if event.kind == Kind.SESSION_OPENED:
        return not event.fact["known_browser"] and event.fact["by"] != "one-time-code"
    return event.kind in NOTABLE
