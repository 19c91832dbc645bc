"""Pairing codes and device tokens: hashed at rest, single use, and safe to retry after a lost answer."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson

from qol_server.clock import stamp
from qol_server.store import Row, Tx
from qol_server.trial import problems
from qol_server.trial.problems import Problem

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
LIFE = timedelta(hours=24)
TRIES, TRIES_WITHIN = 10, timedelta(minutes=10)  # wrong codes from one address
TRIES_IN_ALL = 100  # … and from all addresses together

_SCHEMA = """
CREATE TABLE pairing_codes (
  code BLOB PRIMARY KEY, participant TEXT NOT NULL, expires_at TEXT NOT NULL, replaces INTEGER NOT NULL, installation TEXT,
  device TEXT
) STRICT;
CREATE TABLE tokens (token BLOB PRIMARY KEY, device TEXT NOT NULL, used INTEGER NOT NULL) STRICT;
CREATE INDEX tokens_device ON tokens (device);
CREATE TABLE wrong_codes (address TEXT NOT NULL, at TEXT NOT NULL) STRICT;
CREATE TABLE sightings (device TEXT PRIMARY KEY, at TEXT NOT NULL, unsent INTEGER NOT NULL, oldest TEXT, skew INTEGER) STRICT
"""


def create(tx: Tx) -> None:
    """Make the tables; they hold secrets' digests and sightings, and are no part of the journal's truth."""
    for statement in _SCHEMA.split(";"):
        tx.run(statement)


def normalised(code: str) -> str:
    """A code as it was meant: upper case, without hyphens and spaces, and with O, I and L read as digits."""
    return code.upper().translate(str.maketrans("OIL", "011", "- "))


def code_digest(code: str) -> bytes:
    """What is kept of a code. Slow on purpose: not to be made while others wait for the file."""
    # ten characters are few enough that a fast digest of a stolen file could be searched within the code's life
    return hashlib.scrypt(normalised(code).encode("utf-8", "replace"), salt=b"qol-pairing-code", n=4096, r=8, p=1, dklen=32)


def _token_digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def offer(tx: Tx, participant: str, now: datetime, *, replaces: bool) -> tuple[str, str]:
    """Make a code for a participant; returns it as ``XXXX-XXXX-XX`` and the instant (RFC 3339) until which it is good."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(10))
    expires = stamp(now + LIFE)
    tx.run(
        "INSERT INTO pairing_codes (code, participant, expires_at, replaces, installation, device) VALUES (?, ?, ?, ?, NULL, NULL)",
        (code_digest(letters), participant, expires, int(replaces)),
    )
    return f"{letters[:4]}-{letters[4:8]}-{letters[8:]}", expires


@dataclass(frozen=True, slots=True)
class Claim:
    """What a code is good for: its participant, the device it already made (a retry) or None, and if old phones go."""

    participant: str
    device: str | None
    replaces: bool
    digest: bytes


def throttled(tx: Tx, address: str, now: datetime) -> int:
    """Seconds to wait before another code may be tried from this address; 0 when it may now."""
    since = stamp(now - TRIES_WITHIN)
    row = tx.one("SELECT count(*) AS total, sum(address = ?) AS own, min(at) AS first FROM wrong_codes WHERE at > ?", (address, since))
    if row is None or ((row["own"] or 0) < TRIES and row["total"] < TRIES_IN_ALL):
        return 0
    opens = datetime.fromisoformat(row["first"]) + TRIES_WITHIN
    return max(1, int((opens - now).total_seconds()) + 1)


def claim(tx: Tx, digest: bytes, installation: str, address: str, now: datetime) -> Claim | Problem:
    """Look the digest of a code up for an installation. One that opens nothing is counted against the address."""
    found = _look_up(tx, digest, installation, now)
    if isinstance(found, Problem):
        tx.run("DELETE FROM wrong_codes WHERE at <= ?", (stamp(now - TRIES_WITHIN),))
        tx.run("INSERT INTO wrong_codes (address, at) VALUES (?, ?)", (address, stamp(now)))
    return found


def _look_up(tx: Tx, digest: bytes, installation: str, now: datetime) -> Claim | Problem:
    row = tx.one("SELECT * FROM pairing_codes WHERE code = ?", (digest,))
    if row is None:
        return problems.CODE_UNKNOWN
    if row["device"] is not None:
        if row["installation"] != installation:
            return problems.CODE_USED
        status = tx.one("SELECT status FROM devices WHERE device = ?", (row["device"],))
        if status is not None and status["status"] == "revoked":
            return problems.DEVICE_REVOKED
        return Claim(row["participant"], row["device"], False, digest)
    if row["expires_at"] <= stamp(now):
        return problems.CODE_EXPIRED
    return Claim(row["participant"], None, bool(row["replaces"]), digest)


def use(tx: Tx, claimed: Claim, installation: str, device: str) -> None:
    """Bind a code to the installation and device that it paired."""
    tx.run("UPDATE pairing_codes SET installation = ?, device = ? WHERE code = ?", (installation, device, claimed.digest))


def issue_token(tx: Tx, device: str) -> str:
    """A fresh token (256 random bits) for a device. Older ones live until this one is first used."""
    token = secrets.token_urlsafe(32)
    tx.run("INSERT INTO tokens (token, device, used) VALUES (?, ?, 0)", (_token_digest(token), device))
    return token


@dataclass(frozen=True, slots=True)
class Phone:
    """The device behind a token, and what an answer to it needs, read in one row."""

    device: str
    participant: str
    status: str  # active | replaced | revoked
    app: str
    token_used: bool
    participant_revision: int
    study_revision: int
    archived_through: int
    protocol: str
    contiguous_to: int
    ahead: str
    last_seq: int
    last_captured: str | None
    language: str
    time_zone: str
    enrolled_at: str
    ended_on: str | None
    seen_at: str | None


_PHONE = """
SELECT d.device, d.participant, d.status, d.app, {used}, r.revision, s.revision, s.archived_through, s.protocol, d.contiguous_to, d.ahead,
  d.last_seq, d.last_captured, r.language, r.time_zone, r.enrolled_at, r.ended_on, g.at
FROM {found} JOIN roster r ON r.participant = d.participant JOIN study s LEFT JOIN sightings g ON g.device = d.device
WHERE {which} = ?
"""
_BY_TOKEN = _PHONE.format(used="t.used", found="tokens t JOIN devices d ON d.device = t.device", which="t.token")
_BY_NAME = _PHONE.format(used="1", found="devices d", which="d.device")


def phone(tx: Tx, token: str) -> Phone | None:
    """The phone that a token belongs to, or None."""
    row = tx.one(_BY_TOKEN, (_token_digest(token),))
    return None if row is None else Phone(*row)


def phone_named(tx: Tx, device: str) -> Phone | None:
    """The phone of this id, or None; for staff, who hold no token of it."""
    row = tx.one(_BY_NAME, (device,))
    return None if row is None else Phone(*row)


def token_used(tx: Tx, token: str, device: str) -> None:
    """Note a token's first use: from now on the device's older ones are no longer good."""
    digest = _token_digest(token)
    tx.run("UPDATE tokens SET used = 1 WHERE token = ?", (digest,))
    tx.run("DELETE FROM tokens WHERE device = ? AND token <> ?", (device, digest))


def active_devices(tx: Tx, participant: str) -> list[str]:
    """The participant's phones that are neither replaced nor revoked."""
    rows = tx.all("SELECT device FROM devices WHERE participant = ? AND status = 'active' ORDER BY paired_at", (participant,))
    return [row["device"] for row in rows]


def phones(tx: Tx, participant: str) -> list[Row]:
    """The participant's phones in order of pairing: device, status, app, platform, paired_at, at (last seen), unsent, oldest."""
    return tx.all(
        "SELECT d.device, d.status, d.app, d.platform, d.paired_at, s.at, s.unsent, s.oldest FROM devices d"
        " LEFT JOIN sightings s USING (device) WHERE d.participant = ? ORDER BY d.paired_at",
        (participant,),
    )


def at_hand(tx: Tx, participants: Sequence[str]) -> dict[str, Row]:
    """By participant, of the phones that are neither replaced nor revoked: phones (how many), at (last seen), unsent."""
    rows = tx.all(
        "SELECT d.participant, count(*) AS phones, max(s.at) AS at, sum(coalesce(s.unsent, 0)) AS unsent FROM devices d"
        " LEFT JOIN sightings s USING (device) WHERE d.status = 'active' AND d.participant IN (SELECT value FROM json_each(?))"
        " GROUP BY d.participant",
        (orjson.dumps(list(participants)).decode(),),
    )
    return {row["participant"]: row for row in rows}


def waiting(tx: Tx, participant: str, now: datetime) -> list[str]:
    """The instants until which the participant's codes that nobody has used yet are good, the last first."""
    rows = tx.all(
        "SELECT expires_at FROM pairing_codes WHERE participant = ? AND device IS NULL AND expires_at > ? ORDER BY expires_at DESC",
        (participant, stamp(now)),
    )
    return [row["expires_at"] for row in rows]


SEEN_EVERY = timedelta(minutes=5)


def seen(tx: Tx, device: str, now: datetime, unsent: int, oldest: str | None, skew: int) -> None:
    """Note when a device was last seen, what it says is waiting on it, and how many milliseconds its clock is before ours."""
    tx.run(
        "INSERT INTO sightings (device, at, unsent, oldest, skew) VALUES (?, ?, ?, ?, ?) ON CONFLICT (device) DO UPDATE SET"
        " at = excluded.at, unsent = excluded.unsent, oldest = excluded.oldest, skew = excluded.skew",
        (device, stamp(now), unsent, oldest, skew),
    )


_IN_USE = """
SELECT d.participant, d.device, d.contiguous_to, d.gap_since, coalesce(s.at, d.paired_at) AS at, s.skew
FROM devices d LEFT JOIN sightings s USING (device) WHERE d.status = 'active'
"""


def in_use(tx: Tx, participant: str | None = None) -> list[Row]:
    """The phones that are neither replaced nor revoked: participant, device, at (last seen, or paired), skew, gap_since, contiguous_to."""
    if participant is None:
        return tx.all(_IN_USE + "ORDER BY d.participant, d.device")
    return tx.all(_IN_USE + "AND d.participant = ? ORDER BY d.device", (participant,))


def is_due_to_be_seen(phone: Phone, now: datetime) -> bool:
    """Whether the last sighting of a device is old enough to be written again."""
    return phone.seen_at is None or phone.seen_at <= stamp(now - SEEN_EVERY)
