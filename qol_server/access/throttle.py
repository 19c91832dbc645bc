"""How often a login may be tried: whoever tries wrongly waits longer and longer, and strangers never lock anybody out for good."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from datetime import datetime, timedelta
from math import ceil

from qol_server.clock import stamp
from qol_server.store import Tx
from qol_server.trial.problems import LOGIN_THROTTLED, Refused

FREE_TRIES = 5  # wrong ones in a row before the first wait
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=24)
ADDRESS_TRIES, ADDRESS_WITHIN = 30, timedelta(minutes=10)  # wrong ones; a whole hospital may come from one address
TOLD_EVERY = timedelta(minutes=15)

_SCHEMA = """
CREATE TABLE tries (who BLOB PRIMARY KEY, tries INTEGER NOT NULL, last_at TEXT NOT NULL) STRICT;
CREATE INDEX tries_last_at ON tries (last_at);
CREATE TABLE address_tries (id INTEGER PRIMARY KEY, address BLOB NOT NULL, at TEXT NOT NULL) STRICT;
CREATE INDEX address_tries_at ON address_tries (at);
CREATE TABLE failures (login TEXT NOT NULL, since TEXT NOT NULL, tries INTEGER NOT NULL, PRIMARY KEY (login, since)) STRICT
"""


def create(tx: Tx) -> None:
    """Make the tables; who tried and from where stand in them as keyed digests only."""
    for statement in _SCHEMA.split(";"):
        tx.run(statement)


def wait_after(tries: int) -> timedelta:
    """How long to wait after so many wrong tries in a row: nothing, then 30 s, each time twice as long, at most 15 minutes."""
    if tries < FREE_TRIES:
        return timedelta(0)
    doublings = min(tries - FREE_TRIES, 10)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT)


def network(address: str) -> str | None:
    """What counts as one address: an IPv4 address, or the /64 of an IPv6 one, which one household has to itself.

    None for this machine's own, which stands for everybody whom a reverse proxy passes on, and for what is no address.
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    found = getattr(found, "ipv4_mapped", None) or found
    if found.is_loopback:
        return None
    return str(found if found.version == 4 else ipaddress.ip_network((found, 64), strict=False))


def begin(tx: Tx, who: bytes, address: bytes | None, now: datetime) -> int:
    """Count a try as wrong before it is looked at, so that many at once gain nothing; returns how many there were in a row.

    ``address`` None: not counted against any. Raises Refused(login-throttled) with the seconds to wait; that counts nothing.
    """
    row = tx.one("SELECT tries, last_at FROM tries WHERE who = ? AND last_at > ?", (who, stamp(now - FORGOTTEN_AFTER)))
    tries = 0 if row is None else int(row["tries"])
    waits = [] if row is None else [datetime.fromisoformat(row["last_at"]) + wait_after(tries) - now]
    if address is not None:
        since = stamp(now - ADDRESS_WITHIN)
        tried = tx.all("SELECT at FROM address_tries WHERE address = ? AND at > ? ORDER BY at DESC", (address, since))
        if len(tried) >= ADDRESS_TRIES:
            waits.append(datetime.fromisoformat(tried[ADDRESS_TRIES - 1]["at"]) + ADDRESS_WITHIN - now)
    longest = max(waits, default=timedelta(0))
    if longest > timedelta(0):
        seconds = ceil(longest.total_seconds())
        raise Refused(LOGIN_THROTTLED, f"Try again in {_spoken(seconds)}.", retry_after=seconds)
    tx.run("DELETE FROM tries WHERE last_at <= ?", (stamp(now - FORGOTTEN_AFTER),))
    tx.run("DELETE FROM address_tries WHERE at <= ?", (stamp(now - ADDRESS_WITHIN),))
    tx.run(
        "INSERT INTO tries (who, tries, last_at) VALUES (?, 1, ?)"
        " ON CONFLICT (who) DO UPDATE SET tries = tries + 1, last_at = excluded.last_at",
        (who, stamp(now)),
    )
    if address is not None:
        tx.run("INSERT INTO address_tries (address, at) VALUES (?, ?)", (address, stamp(now)))
    return tries + 1


def _spoken(seconds: int) -> str:
    if seconds < 120:
        return f"{seconds} seconds"
    return f"{ceil(seconds / 60)} minutes"


def forgive(tx: Tx, who: bytes, address: bytes | None) -> None:
    """The try was right: whoever made it begins anew, and their address has one wrong try less."""
    tx.run("DELETE FROM tries WHERE who = ?", (who,))
    if address is not None:
        tx.run("DELETE FROM address_tries WHERE id = (SELECT max(id) FROM address_tries WHERE address = ?)", (address,))


def failed(tx: Tx, login: str | None, now: datetime) -> None:
    """Count a wrong try for the journal; None stands for all logins that nobody has."""
    since = datetime.fromtimestamp(now.timestamp() // TOLD_EVERY.total_seconds() * TOLD_EVERY.total_seconds(), now.tzinfo)
    tx.run(
        "INSERT INTO failures (login, since, tries) VALUES (?, ?, 1) ON CONFLICT (login, since) DO UPDATE SET tries = tries + 1",
        (login or "", stamp(since)),
    )


def told(tx: Tx, now: datetime) -> Iterator[tuple[str | None, str, int]]:
    """Take out what is ready for the journal, quarter hours that are over: login or None, since when, how many wrong tries."""
    rows = tx.all("SELECT login, since, tries FROM failures WHERE since <= ? ORDER BY since, login", (stamp(now - TOLD_EVERY),))
    for row in rows:
        tx.run("DELETE FROM failures WHERE login = ? AND since = ?", (row["login"], row["since"]))
        yield row["login"] or None, row["since"], int(row["tries"])
