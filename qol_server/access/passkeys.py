"""Passkeys of staff (WebAuthn): a key that a device keeps and opens for a finger, a face or a PIN, and that proves both factors at once."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import webauthn
from webauthn.helpers import options_to_json_dict, parse_authentication_credential_json, parse_client_data_json
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from qol_server.access.second_factor import ISSUER
from qol_server.clock import stamp
from qol_server.keys import AccountsKey
from qol_server.store import Row, Tx
from qol_server.trial.problems import PASSKEY_REFUSED, Refused

CHALLENGE_LIFE = timedelta(minutes=5)
MOST, LONGEST_NAME, LONGEST_ANSWER = 10, 60, 20_000
_NONCE, _TIME = 16, 8  # bytes of a challenge before its 32 of keyed digest

_SCHEMA = """
CREATE TABLE passkeys (
  id BLOB PRIMARY KEY, login TEXT NOT NULL REFERENCES accounts (login), name TEXT NOT NULL, host TEXT NOT NULL, public_key BLOB NOT NULL,
  count INTEGER NOT NULL, synced INTEGER NOT NULL, added_at TEXT NOT NULL, used_at TEXT
) STRICT;
CREATE INDEX passkeys_login ON passkeys (login);
CREATE TABLE used_challenges (challenge BLOB PRIMARY KEY, at TEXT NOT NULL) STRICT
"""


def create(tx: Tx) -> None:
    """Make the tables; they hold public keys, with which nobody gets in."""
    for statement in _SCHEMA.split(";"):
        tx.run(statement)


class Place(NamedTuple):
    """The server as a browser knows it: the ``host`` that a passkey belongs to, and the ``origin`` of its pages."""

    host: str
    origin: str


@dataclass(frozen=True, slots=True)
class Passkey:
    """``count``: how often its device says it was used (0: it does not count). ``synced``: copies of it may be on other devices."""

    id: bytes
    login: str
    name: str
    host: str
    public_key: bytes
    count: int
    synced: bool
    added_at: str
    used_at: str | None


# Challenges: nothing is kept of those that nobody answers, so that strangers cannot fill the file


def challenge(key: AccountsKey, purpose: str, bound_to: str, now: datetime) -> bytes:
    """A challenge that is good for five minutes and once: for one purpose, and for what it is bound to."""
    begun = secrets.token_bytes(_NONCE) + _milliseconds(now).to_bytes(_TIME, "big")
    return begun + _mark(key, begun, purpose, bound_to)


def _mark(key: AccountsKey, begun: bytes, purpose: str, bound_to: str) -> bytes:
    return key.digest("challenge", f"{purpose}\x1f{bound_to}\x1f{begun.hex()}")


def is_ours(key: AccountsKey, given: bytes, purpose: str, bound_to: str, now: datetime) -> bool:
    """Whether a challenge was made here for this, in the last five minutes."""
    begun = given[: _NONCE + _TIME]
    if not secrets.compare_digest(given[_NONCE + _TIME :], _mark(key, begun, purpose, bound_to)):
        return False
    age = timedelta(milliseconds=_milliseconds(now) - int.from_bytes(begun[_NONCE:], "big"))
    return timedelta(0) <= age < CHALLENGE_LIFE


def _milliseconds(now: datetime) -> int:
    return int(now.timestamp() * 1000)


def use_challenge(tx: Tx, given: bytes, now: datetime) -> bool:
    """Use a challenge up; False where it was used before."""
    tx.run("DELETE FROM used_challenges WHERE at <= ?", (stamp(now - 2 * CHALLENGE_LIFE),))
    return bool(tx.run("INSERT INTO used_challenges (challenge, at) VALUES (?, ?) ON CONFLICT DO NOTHING", (given, stamp(now))))


# What browsers are asked, and what they answer


def handle(key: AccountsKey, login: str) -> bytes:
    """What devices keep an account's passkeys under; it says nothing about whose they are."""
    return key.digest("passkeys", login)


def creation(place: Place, login: str, name: str, owner: bytes, asked: bytes, there: list[Passkey]) -> dict[str, Any]:
    """What ``navigator.credentials.create`` is given, as JSON: a new passkey for an account, on a device that has none of ``there``."""
    options = webauthn.generate_registration_options(
        rp_id=place.host,
        rp_name=ISSUER,
        user_id=owner,
        user_name=login,
        user_display_name=name,
        challenge=asked,
        timeout=int(CHALLENGE_LIFE.total_seconds() * 1000),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=each.id) for each in there],
    )
    return dict(options_to_json_dict(options))


def request(place: Place, asked: bytes) -> dict[str, Any]:
    """What ``navigator.credentials.get`` is given, as JSON: any passkey of this server that the person picks."""
    options = webauthn.generate_authentication_options(
        rp_id=place.host,
        challenge=asked,
        timeout=int(CHALLENGE_LIFE.total_seconds() * 1000),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return dict(options_to_json_dict(options))


@dataclass(frozen=True, slots=True)
class Made:
    """A new passkey as its device describes it, and the challenge that it answered."""

    id: bytes
    public_key: bytes
    count: int
    synced: bool
    challenge: bytes


def made(answer: str, place: Place) -> Made:
    """A new passkey out of the JSON of a browser; whether the challenge is good is for the caller. Raises Refused(passkey-refused)."""
    _short(answer)
    try:
        parsed = webauthn.helpers.parse_registration_credential_json(answer)
        asked = parse_client_data_json(parsed.response.client_data_json).challenge
        found = webauthn.verify_registration_response(
            credential=parsed,
            expected_challenge=asked,
            expected_rp_id=place.host,
            expected_origin=place.origin,
            require_user_verification=True,
        )
    except Exception as broken:  # whatever breaks while it is read, it was no answer of a browser to what was asked
        raise Refused(PASSKEY_REFUSED) from broken
    return Made(found.credential_id, found.credential_public_key, found.sign_count, found.credential_backed_up, asked)


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer to a challenge before it is believed: which passkey it is of, and what account its device says that it is of."""

    id: bytes
    owner: bytes
    challenge: bytes
    answer: Any


def shown(answer: str) -> Shown:
    """Read the JSON that a browser sent. Raises Refused(passkey-refused)."""
    _short(answer)
    try:
        parsed = parse_authentication_credential_json(answer)
        asked = parse_client_data_json(parsed.response.client_data_json).challenge
    except Exception as broken:  # see ``made``
        raise Refused(PASSKEY_REFUSED) from broken
    return Shown(parsed.raw_id, parsed.response.user_handle or b"", asked, parsed)


def _short(answer: str) -> None:
    if len(answer) > LONGEST_ANSWER:
        raise Refused(PASSKEY_REFUSED)


def count_of(given: Shown, passkey: Passkey, place: Place) -> int | None:
    """How often the device says that the passkey was used, where it signed the challenge for these pages and knew its user; else None."""
    try:
        return webauthn.verify_authentication_response(
            credential=given.answer,
            expected_challenge=given.challenge,
            expected_rp_id=place.host,
            expected_origin=place.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,  # ``counted`` compares it with what is kept when nobody else can
            require_user_verification=True,
        ).new_sign_count
    except Exception:  # see ``made``
        return None


# What is kept


def add(tx: Tx, login: str, name: str, place: Place, new: Made, now: datetime) -> bool:
    """Keep a passkey; False where there is one of this id."""
    values = (new.id, login, name, place.host, new.public_key, new.count, int(new.synced), stamp(now))
    return bool(
        tx.run(
            "INSERT INTO passkeys (id, login, name, host, public_key, count, synced, added_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            values,
        )
    )


_COLUMNS = "id, login, name, host, public_key, count, synced, added_at, used_at"


def find(tx: Tx, id_: bytes) -> Passkey | None:
    row = tx.one(f"SELECT {_COLUMNS} FROM passkeys WHERE id = ?", (id_,))  # noqa: S608 - names of columns
    return None if row is None else _passkey(row)


def of(tx: Tx, login: str) -> list[Passkey]:
    """The passkeys of an account, the oldest first."""
    rows = tx.all(f"SELECT {_COLUMNS} FROM passkeys WHERE login = ? ORDER BY added_at, id", (login,))  # noqa: S608 - names of columns
    return [_passkey(row) for row in rows]


def _passkey(row: Row) -> Passkey:
    id_, login, name, host, public_key, count, synced, added_at, used_at = row
    return Passkey(id_, login, name, host, public_key, count, bool(synced), added_at, used_at)


def counted(tx: Tx, id_: bytes, count: int, now: datetime) -> bool:
    """Note a use. False where the device's count did not rise, though it counts: then another device has a copy of the passkey."""
    return bool(
        tx.run(
            "UPDATE passkeys SET count = ?, used_at = ? WHERE id = ? AND (count < ? OR (count = 0 AND ? = 0))",
            (count, stamp(now), id_, count, count),
        )
    )


def name(tx: Tx, login: str, id_: bytes, called: str) -> bool:
    """Call a passkey of an account something else; False where it has none of this id."""
    return bool(tx.run("UPDATE passkeys SET name = ? WHERE login = ? AND id = ?", (called, login, id_)))


def remove(tx: Tx, login: str, id_: bytes) -> bool:
    """Forget a passkey of an account; False where it has none of this id."""
    return bool(tx.run("DELETE FROM passkeys WHERE login = ? AND id = ?", (login, id_)))


def forget(tx: Tx, login: str) -> int:
    """Forget all passkeys of an account; returns how many there were."""
    return tx.run("DELETE FROM passkeys WHERE login = ?", (login,))
