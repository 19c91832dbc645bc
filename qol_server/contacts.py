"""Where participants can be reached: kept apart from the journal, encrypted, erasable, and every look is written down."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from qol_server import keys
from qol_server.clock import stamp
from qol_server.store import Row, Store, Tx
from qol_server.trial.problems import DATA_FOLDER, Refused

PUSH = "push"  # by device: the subscription that its browser gave
PERSON = "person"  # one value: name, telephones and the like, as a JSON object
NONCE = 12

# The master key wraps a key for each participant, and that one their values: without its row in ``wrapped`` they are noise.
_SCHEMA = """
CREATE TABLE IF NOT EXISTS wrapped (participant TEXT PRIMARY KEY, master TEXT NOT NULL, key BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS contacts (
  participant TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, value BLOB NOT NULL, since TEXT NOT NULL,
  PRIMARY KEY (participant, kind, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS looks (
  at TEXT NOT NULL, who TEXT NOT NULL, why TEXT NOT NULL, participant TEXT NOT NULL, kind TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS looks_participant ON looks (participant)
"""


@dataclass(frozen=True, slots=True)
class Look:
    """Who read a participant's contacts of a kind, when and what for."""

    at: str
    who: str
    why: str
    kind: str


class Contacts:
    """The contacts of one study, in a file of their own that is made at the first use.

    A value has a participant, a kind (``push``; names, telephones and addresses fit as well) and a name within the kind.
    """

    def __init__(self, path: Path, key_folder: Path, *, durable: bool = True) -> None:
        self.path = path
        self._keys = key_folder
        self._store = Store(path, durable=durable)

    def put(self, participant: str, kind: str, name: str, value: bytes, now: datetime) -> None:
        """Keep a value; an earlier one of this name goes. Raises StoreBusy, StoreFull, Refused(data-folder)."""
        master = keys.contacts_key(self._keys, make=not self.path.exists())
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)

        def work(tx: Tx) -> None:
            for statement in _SCHEMA.split(";"):
                tx.run(statement)
            key = _key_of(tx, participant, master) or _new_key(tx, participant, master)
            tx.run(
                "INSERT INTO contacts (participant, kind, name, value, since) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (participant, kind, name) DO UPDATE SET value = excluded.value, since = excluded.since",
                (participant, kind, name, _seal(key, value, _of(participant, kind, name)), stamp(now)),
            )

        self._store.write(work)

    def read(self, participant: str, kind: str, *, who: str, why: str, now: datetime) -> dict[str, bytes]:
        """Name -> value; that they were read is kept before they are returned. Raises Refused(data-folder)."""
        if not self.names(participant, kind):
            return {}
        master = keys.contacts_key(self._keys, make=False)

        def work(tx: Tx) -> dict[str, bytes]:
            rows = tx.all("SELECT name, value FROM contacts WHERE participant = ? AND kind = ? ORDER BY name", (participant, kind))
            key = _key_of(tx, participant, master)
            if not rows or key is None:  # taken away meanwhile
                return {}
            look = (stamp(now), who, why, participant, kind)
            tx.run("INSERT INTO looks (at, who, why, participant, kind) VALUES (?, ?, ?, ?, ?)", look)
            return {row["name"]: _open(key, row["value"], _of(participant, kind, row["name"])) for row in rows}

        return self._store.write(work)

    def names(self, participant: str, kind: str) -> list[str]:
        """Which values there are, without a look at them."""
        rows = self._rows("SELECT name FROM contacts WHERE participant = ? AND kind = ? ORDER BY name", participant, kind)
        return [row["name"] for row in rows]

    def remove(self, participant: str, kind: str, name: str) -> None:
        """Take one value away; nothing happens where there is none."""
        if name in self.names(participant, kind):
            values = (participant, kind, name)
            self._wipe(lambda tx: tx.run("DELETE FROM contacts WHERE participant = ? AND kind = ? AND name = ?", values))

    def erase(self, participant: str) -> None:
        """Destroy the participant's key and all values, so that no copy of this file can be read for them once it is renewed."""

        def work(tx: Tx) -> None:
            tx.run("DELETE FROM wrapped WHERE participant = ?", (participant,))
            tx.run("DELETE FROM contacts WHERE participant = ?", (participant,))

        if self.path.exists():
            self._wipe(work)

    def looks(self, participant: str) -> list[Look]:
        """Who read the participant's contacts, oldest first; this stays after they were erased."""
        rows = self._rows("SELECT at, who, why, kind FROM looks WHERE participant = ? ORDER BY rowid", participant)
        return [Look(*row) for row in rows]

    def close(self) -> None:
        self._store.close()

    def _rows(self, sql: str, *values: str) -> list[Row]:
        if not self.path.exists():
            return []
        tx = self._store.read()
        there = tx.one("SELECT 1 FROM sqlite_master WHERE name = 'looks'")  # another process may just be making the file
        return [] if there is None else tx.all(sql, values)

    def _wipe(self, work: Callable[[Tx], object]) -> None:
        """Delete so that the bytes are gone from the file and from the log beside it."""

        def delete(tx: Tx) -> None:
            tx.run("PRAGMA secure_delete=ON")
            work(tx)

        self._store.write(delete)
        self._store.read().all("PRAGMA wal_checkpoint(TRUNCATE)")


def _of(participant: str, kind: str, name: str) -> bytes:
    """What a sealed value is bound to: moved to another place it does not open."""
    return f"qol-contacts/1\x1f{participant}\x1f{kind}\x1f{name}".encode()


def _seal(key: bytes, value: bytes, bound_to: bytes) -> bytes:
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, value, bound_to)


def _open(key: bytes, sealed: bytes, bound_to: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], bound_to)
    except InvalidTag:
        raise Refused(DATA_FOLDER, "A contact was changed outside of this software, or its key was; it cannot be read.") from None


def _name(master: bytes) -> str:
    return hashlib.sha256(b"qol-contacts/1" + master).hexdigest()[:16]


def _new_key(tx: Tx, participant: str, master: bytes) -> bytes:
    key = AESGCM.generate_key(256)
    row = (participant, _name(master), _seal(master, key, _of(participant, "", "")))
    tx.run("INSERT INTO wrapped (participant, master, key) VALUES (?, ?, ?)", row)
    return key


def _key_of(tx: Tx, participant: str, master: bytes) -> bytes | None:
    row = tx.one("SELECT master, key FROM wrapped WHERE participant = ?", (participant,))
    if row is None:
        return None
    if row["master"] != _name(master):
        raise Refused(DATA_FOLDER, f"The contacts were kept under the key {row['master']}; {keys.CONTACTS_FILE} is another. Bring it back.")
    return _open(master, row["key"], _of(participant, "", ""))
