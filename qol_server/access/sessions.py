"""Sessions of staff, kept here and not in the browser, and the browsers from which somebody has logged in before."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from qol_server.access import accounts
from qol_server.clock import stamp
from qol_server.store import Tx
from qol_server.trial.roles import Grant

IDLE, ABSOLUTE = timedelta(minutes=30), timedelta(hours=12)
VERIFIED_FOR = timedelta(minutes=10)
NOTED_EVERY = timedelta(minutes=1)
BROWSER_LIFE = timedelta(days=180)

_SCHEMA = """
CREATE TABLE sessions (
  token BLOB PRIMARY KEY, login TEXT NOT NULL REFERENCES accounts (login), opened_at TEXT NOT NULL, used_at TEXT NOT NULL,
  verified_at TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_login ON sessions (login);
CREATE TABLE browsers (
  token BLOB NOT NULL, login TEXT NOT NULL REFERENCES accounts (login), used_at TEXT NOT NULL, PRIMARY KEY (token, login)
) STRICT
"""


def create(tx: Tx) -> None:
    """Make the tables."""
    for statement in _SCHEMA.split(";"):
        tx.run(statement)


@dataclass(frozen=True, slots=True)
class Session:
    """Who is there, what they may (``trial.roles.may`` decides), and since when; the instants are RFC 3339 in UTC."""

    login: str
    name: str
    language: str
    grants: tuple[Grant, ...]
    opened_at: str
    used_at: str
    verified_at: str

    @property
    def actor(self) -> str:
        """To whom entries are attributed."""
        return f"staff:{self.login}"

    def is_verified(self, now: datetime) -> bool:
        """Whether whoever is there proved it within the last ten minutes, as sensitive acts ask for."""
        return self.verified_at > stamp(now - VERIFIED_FOR)


def digest(token: str) -> bytes:
    """What is kept of a token; it has 256 random bits, so that a quick digest is enough."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def open_(tx: Tx, login: str, now: datetime) -> str:
    """Open a session; returns its token."""
    token = secrets.token_urlsafe(32)
    tx.run("DELETE FROM sessions WHERE opened_at <= ? OR used_at <= ?", (stamp(now - ABSOLUTE), stamp(now - IDLE)))
    tx.run(
        "INSERT INTO sessions (token, login, opened_at, used_at, verified_at) VALUES (?, ?, ?, ?, ?)",
        (digest(token), login, *[stamp(now)] * 3),
    )
    return token


def find(tx: Tx, token: str, now: datetime) -> Session | None:
    """The session of a token, or None where there is none (any more)."""
    row = tx.one(
        "SELECT login, name, language, opened_at, used_at, verified_at FROM sessions JOIN accounts USING (login)"
        " WHERE token = ? AND opened_at > ? AND used_at > ?",
        (digest(token), stamp(now - ABSOLUTE), stamp(now - IDLE)),
    )
    if row is None:
        return None
    login, name, language, *instants = row
    return Session(login, name, language, accounts.grants(tx, login), *instants)


def is_due_to_be_noted(session: Session, now: datetime) -> bool:
    """Whether its last use is old enough to be written again: not every page costs a commit."""
    return session.used_at <= stamp(now - NOTED_EVERY)


def used(tx: Tx, token: str, now: datetime) -> None:
    tx.run("UPDATE sessions SET used_at = ? WHERE token = ?", (stamp(now), digest(token)))


def verified(tx: Tx, token: str, now: datetime) -> None:
    tx.run("UPDATE sessions SET used_at = ?, verified_at = ? WHERE token = ?", (stamp(now), stamp(now), digest(token)))


def close(tx: Tx, token: str) -> None:
    tx.run("DELETE FROM sessions WHERE token = ?", (digest(token),))


def close_all(tx: Tx, login: str) -> int:
    """End all sessions of an account; returns how many there were."""
    return tx.run("DELETE FROM sessions WHERE login = ?", (login,))


def close_others(tx: Tx, login: str, token: str) -> int:
    """End all sessions of an account but this one; returns how many there were."""
    return tx.run("DELETE FROM sessions WHERE login = ? AND token <> ?", (login, digest(token)))


def count(tx: Tx, login: str, now: datetime) -> int:
    """How many sessions of an account are open."""
    row = tx.one(
        "SELECT count(*) FROM sessions WHERE login = ? AND opened_at > ? AND used_at > ?", (login, stamp(now - ABSOLUTE), stamp(now - IDLE))
    )
    return 0 if row is None else int(row[0])


# Browsers


def knows(tx: Tx, browser: str | None, login: str, now: datetime) -> bool:
    """Whether the account was logged in to from this browser in the last half year."""
    since = stamp(now - BROWSER_LIFE)
    found = tx.one("SELECT 1 FROM browsers WHERE token = ? AND login = ? AND used_at > ?", (digest(browser or ""), login, since))
    return found is not None


def remember(tx: Tx, browser: str | None, login: str, now: datetime) -> str:
    """Note that the account was logged in to from a browser; returns the browser's token.

    One that was made here stays, for whoever else logs in from there: a ward shares its computer.
    """
    tx.run("DELETE FROM browsers WHERE used_at <= ?", (stamp(now - BROWSER_LIFE),))
    known = tx.one("SELECT 1 FROM browsers WHERE token = ?", (digest(browser or ""),))
    token = browser if browser and known else secrets.token_urlsafe(32)
    tx.run("INSERT OR REPLACE INTO browsers (token, login, used_at) VALUES (?, ?, ?)", (digest(token), login, stamp(now)))
    return token


def forget_browsers(tx: Tx, login: str, but: str | None = None) -> None:
    """Forget from where an account was logged in to, but for one browser."""
    tx.run("DELETE FROM browsers WHERE login = ? AND token <> ?", (login, digest(but or "")))
