"""Accounts of staff, the roles they were given, and what they prove themselves with."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from qol_server.access.pairing import ALPHABET
from qol_server.clock import stamp
from qol_server.store import Row, Tx
from qol_server.trial.problems import ACCOUNT_UNKNOWN, BAD_VALUE, Refused
from qol_server.trial.roles import Grant, Role

LANGUAGES = ("en", "fr")
LONGEST_LOGIN, LONGEST_NAME = 100, 100
SET_UP_LIFE = timedelta(hours=72)
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._+-]*(@[a-z0-9][a-z0-9.-]*)?", re.ASCII)
LONGEST_EMAIL = 254
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9][A-Za-z0-9.-]*", re.ASCII)

# Passwords are salted and slow; a second factor is sealed, codes are keyed digests: both are worth nothing without the key.
_SCHEMA = """
CREATE TABLE accounts (
  login TEXT PRIMARY KEY, name TEXT NOT NULL, language TEXT NOT NULL, email TEXT, added_at TEXT NOT NULL, closed_at TEXT, last_login TEXT,
  password TEXT, factor BLOB, last_step INTEGER NOT NULL
) STRICT;
CREATE TABLE grants (
  login TEXT NOT NULL REFERENCES accounts (login), role TEXT NOT NULL, study TEXT NOT NULL, site TEXT NOT NULL,
  PRIMARY KEY (login, role, study, site)
) STRICT;
CREATE TABLE set_ups (
  login TEXT PRIMARY KEY REFERENCES accounts (login), code BLOB NOT NULL UNIQUE, expires_at TEXT NOT NULL, password TEXT, factor BLOB
) STRICT;
CREATE TABLE recovery_codes (login TEXT NOT NULL REFERENCES accounts (login), code BLOB NOT NULL, PRIMARY KEY (login, code)) STRICT
"""


def create(tx: Tx) -> None:
    """Make the tables."""
    for statement in _SCHEMA.split(";"):
        tx.run(statement)


def exist(tx: Tx) -> bool:
    """Whether the tables are there: another process may have made the file at the same time."""
    return tx.one("SELECT 1 FROM sqlite_master WHERE name = 'accounts'") is not None


@dataclass(frozen=True, slots=True)
class Account:
    """``set_up_until``: the instant (RFC 3339) until which its one-time code is good, while one waits to be used.

    Without ``has_password`` nobody can log in; without ``has_factor`` the password alone is enough. ``closed_at``: since when nobody
    may; its roles stand for what they were.
    """

    login: str
    name: str
    language: str
    added_at: str
    closed_at: str | None
    last_login: str | None
    has_password: bool
    has_factor: bool
    set_up_until: str | None
    grants: tuple[Grant, ...]


class Reach(NamedTuple):
    """How somebody is told of something: their address, where they gave one, and the language of what is written to them."""

    login: str
    email: str | None
    language: str


@dataclass(frozen=True, slots=True)
class Proof:
    """What an account proves itself with: the kept password, the sealed second factor, and the last time step that was used."""

    password: str | None
    factor: bytes | None
    last_step: int


@dataclass(frozen=True, slots=True)
class SetUp:
    """A one-time code that is good: whose it is, and what its holder has chosen so far."""

    login: str
    name: str
    password: str | None
    factor: bytes | None


def canonical(login: str) -> str:
    """A login as it is kept: without spaces around it, in small letters, and without what no text can hold."""
    return login.strip().lower().encode("utf-8", "replace").decode()


def add(tx: Tx, login: str, name: str, language: str, email: str | None, now: datetime) -> bool:
    """Add an account without password and roles; False where the login is taken. Raises Refused(bad-value)."""
    if not _LOGIN.fullmatch(login) or len(login) > LONGEST_LOGIN:
        raise Refused(BAD_VALUE, f"{login!r} is no login: it is like n.keller or nora@ward.example, at most {LONGEST_LOGIN} characters.")
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise Refused(BAD_VALUE, f"{name!r} is no name: 1 to {LONGEST_NAME} printable characters.")
    _check_language(language)
    if email is not None and (not _EMAIL.fullmatch(email) or len(email) > LONGEST_EMAIL):
        raise Refused(BAD_VALUE, f"{email!r} is no e-mail address, or longer than {LONGEST_EMAIL} characters.")
    return bool(
        tx.run(
            "INSERT INTO accounts (login, name, language, email, added_at, last_step) VALUES (?, ?, ?, ?, ?, 0) ON CONFLICT DO NOTHING",
            (login, name, language, email, stamp(now)),
        )
    )


def _check_language(language: str) -> None:
    if language not in LANGUAGES:
        raise Refused(BAD_VALUE, f"{language!r} is no language of the staff's pages. Allowed: {', '.join(LANGUAGES)}.")


def speak(tx: Tx, login: str, language: str) -> bool:
    """Show an account the desk in another language; False where it is that one already. Raises Refused(bad-value)."""
    _check_language(language)
    return bool(tx.run("UPDATE accounts SET language = ? WHERE login = ? AND language <> ?", (language, login, language)))


def close(tx: Tx, login: str, now: datetime) -> bool:
    """Forget what an account proves itself with and let nobody in any more; False where it is closed already."""
    closed = tx.run(
        "UPDATE accounts SET closed_at = ?, password = NULL, factor = NULL WHERE login = ? AND closed_at IS NULL", (stamp(now), login)
    )
    tx.run("DELETE FROM recovery_codes WHERE login = ?", (login,))
    tx.run("DELETE FROM set_ups WHERE login = ?", (login,))
    return bool(closed)


def forget_person(tx: Tx, login: str) -> None:
    """Keep the login in the place of the name, and no address."""
    tx.run("UPDATE accounts SET name = login, email = NULL WHERE login = ?", (login,))


_ACCOUNT = """
SELECT a.login, a.name, a.language, a.added_at, a.closed_at, a.last_login, a.password IS NOT NULL AS has_password,
  a.factor IS NOT NULL AS has_factor, s.expires_at FROM accounts a LEFT JOIN set_ups s USING (login)
"""


def find(tx: Tx, login: str) -> Account:
    """The account of a login. Raises Refused(account-unknown)."""
    row = tx.one(_ACCOUNT + " WHERE a.login = ?", (login,))
    if row is None:
        raise Refused(ACCOUNT_UNKNOWN, f"Nobody has the login {login!r}.")
    return _account(tx, row)


def name_of(tx: Tx, login: str) -> str | None:
    """The name of an account's holder, whether it is closed or not; None where nobody ever had the login."""
    row = tx.one("SELECT name FROM accounts WHERE login = ?", (login,))
    return None if row is None else str(row["name"])


def every(tx: Tx) -> list[Account]:
    """All accounts, by login."""
    return [_account(tx, row) for row in tx.all(_ACCOUNT + " ORDER BY a.login")]


def _account(tx: Tx, row: Row) -> Account:
    login = row["login"]
    return Account(
        login, row["name"], row["language"], row["added_at"], row["closed_at"], row["last_login"], bool(row["has_password"]),
        bool(row["has_factor"]), row["expires_at"], grants(tx, login),
    )  # fmt: skip


# Roles


def grants(tx: Tx, login: str) -> tuple[Grant, ...]:
    """The roles of an account and where it has them."""
    rows = tx.all("SELECT role, study, site FROM grants WHERE login = ? ORDER BY study, role, site", (login,))
    return tuple(Grant(Role(row["role"]), row["study"], row["site"] or None) for row in rows)


def give(tx: Tx, login: str, grant: Grant) -> bool:
    """Give a role; False where the account has it already."""
    values = (login, str(grant.role), grant.study, grant.site or "")
    return bool(tx.run("INSERT INTO grants (login, role, study, site) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", values))


def take(tx: Tx, login: str, grant: Grant) -> bool:
    """Take a role away; False where the account does not have it."""
    values = (login, str(grant.role), grant.study, grant.site or "")
    return bool(tx.run("DELETE FROM grants WHERE login = ? AND role = ? AND study = ? AND site = ?", values))


def reach(tx: Tx, role: Role, study: str, site: str | None) -> list[Reach]:
    """Whoever has a role at a site (None: in the study as a whole) and whose account is not closed, by login."""
    rows = tx.all(
        "SELECT DISTINCT login, email, language FROM accounts JOIN grants USING (login)"
        " WHERE role = ? AND study = ? AND site IN ('', ?) AND closed_at IS NULL ORDER BY login",
        (str(role), study, site or ""),
    )
    return [Reach(*row) for row in rows]


def address(tx: Tx, login: str) -> Reach:
    """How the holder of an account is told of something about it."""
    row = tx.one("SELECT login, email, language FROM accounts WHERE login = ?", (login,))
    return Reach(login, None, LANGUAGES[0]) if row is None else Reach(*row)


def able(tx: Tx, role: Role, study: str) -> set[str]:
    """Whoever has a role for all sites of a study and can come in with it: the account is set up and was not closed.

    One that is locked can: it waits for minutes, and in a browser that knows it not at all.
    """
    rows = tx.all(
        "SELECT login FROM accounts JOIN grants USING (login) WHERE role = ? AND study = ? AND site = '' AND closed_at IS NULL"
        " AND password IS NOT NULL",
        (str(role), study),
    )
    return {row["login"] for row in rows}


# What an account proves itself with


def proof(tx: Tx, login: str) -> Proof | None:
    """What an account proves itself with, or None where there is no such account."""
    row = tx.one("SELECT password, factor, last_step FROM accounts WHERE login = ?", (login,))
    return None if row is None else Proof(row["password"], row["factor"], row["last_step"])


def set_password(tx: Tx, login: str, kept: str) -> None:
    tx.run("UPDATE accounts SET password = ? WHERE login = ?", (kept, login))


def use_step(tx: Tx, login: str, step: int) -> None:
    """From now on the digits of this time step and of those before it are not good any more."""
    tx.run("UPDATE accounts SET last_step = ? WHERE login = ?", (step, login))


def use_recovery_code(tx: Tx, login: str, code: bytes) -> bool:
    """Use a recovery code up; False where it is none of the account's, or was used."""
    return bool(tx.run("DELETE FROM recovery_codes WHERE login = ? AND code = ?", (login, code)))


def logged_in(tx: Tx, login: str, now: datetime) -> None:
    tx.run("UPDATE accounts SET last_login = ? WHERE login = ?", (stamp(now), login))


# One-time codes


def new_code() -> str:
    """A one-time code of 100 random bits, ``XXXXX-XXXXX-XXXXX-XXXXX``: too many to be tried, so tries need not be counted."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(4))


def offer(tx: Tx, login: str, code: bytes, now: datetime) -> str:
    """Forget what the account proved itself with, and let a new code set it up; returns until when (RFC 3339) the code is good.

    One that was closed is open again.
    """
    tx.run("UPDATE accounts SET password = NULL, factor = NULL, closed_at = NULL WHERE login = ?", (login,))
    tx.run("DELETE FROM recovery_codes WHERE login = ?", (login,))
    until = stamp(now + SET_UP_LIFE)
    tx.run("INSERT OR REPLACE INTO set_ups (login, code, expires_at) VALUES (?, ?, ?)", (login, code, until))
    return until


def offered(tx: Tx, code: bytes, now: datetime) -> SetUp | None:
    """The set-up that a code is good for."""
    row = tx.one(
        "SELECT login, name, s.password, s.factor FROM set_ups s JOIN accounts USING (login) WHERE code = ? AND expires_at > ?",
        (code, stamp(now)),
    )
    return None if row is None else SetUp(*row)


def choose(tx: Tx, login: str, code: bytes, password: str, factor: bytes) -> bool:
    """Keep what the holder of a code chose until the second factor is proved; False where the code was used meanwhile."""
    return bool(tx.run("UPDATE set_ups SET password = ?, factor = ? WHERE login = ? AND code = ?", (password, factor, login, code)))


def finish(tx: Tx, login: str, step: int, recovery: list[bytes]) -> None:
    """Make what was chosen the account's own, use the code up, and keep the digests of the recovery codes."""
    tx.run(
        "UPDATE accounts SET (password, factor) = (SELECT password, factor FROM set_ups s WHERE s.login = accounts.login), last_step = ?"
        " WHERE login = ?",
        (step, login),
    )
    tx.run("DELETE FROM set_ups WHERE login = ?", (login,))
    tx.many("INSERT INTO recovery_codes (login, code) VALUES (?, ?)", [(login, code) for code in recovery])
