"""One study as the server holds it: its journal file, its documents in every version, its signing key."""

from __future__ import annotations

import re
import secrets
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import orjson

from qol_server import journal, keys, library
from qol_server.access import pairing
from qol_server.contacts import Contacts
from qol_server.journal import Head
from qol_server.keys import SigningKey
from qol_server.settings import Settings
from qol_server.state import documents, schema
from qol_server.state.fold import Folder
from qol_server.store import Store, Tx
from qol_server.trial import facts, problems, response
from qol_server.trial.instrument import Instrument
from qol_server.trial.problems import Refused
from qol_server.trial.protocol import Protocol

T = TypeVar("T")

_SLUG = re.compile(r"[a-z][a-z0-9-]{1,39}")


class Study:
    """An open study. Documents never change under their version, so what is made of them is kept for good."""

    def __init__(self, slug: str, store: Store, key: SigningKey, contacts: Contacts) -> None:
        self.slug = slug
        self.store = store
        self.key = key
        self.contacts = contacts
        self.folder = Folder(self.protocol)
        self.epoch = journal.identity(store.read())[1]
        self._reading = threading.RLock()  # documents are read once, however many threads want them first
        self._instruments: dict[str, Instrument] = {}
        self._checkers: dict[str, response.Checker] = {}
        self._wordings: dict[str, library.Wording] = {}
        self._protocols: dict[str, Protocol] = {}
        self._in_force: dict[tuple[int, str, str], tuple[str | None, str | None]] = {}
        self._signed: tuple[Head, dict[str, Any]] | None = None

    # documents

    def instrument(self, tx: Tx, version: str) -> Instrument:
        """The instrument of a version. Raises LookupError where the study never adopted it."""
        return self._once(self._instruments, version, lambda: library.instrument_from(*documents.text(tx, "instrument", version)))

    def checker(self, tx: Tx, version: str) -> response.Checker:
        """The compiled answer check of an instrument's version. Raises LookupError."""
        return self._once(self._checkers, version, lambda: response.compile(self.instrument(tx, version)))

    def wording(self, tx: Tx, version: str) -> library.Wording:
        """The wording pack of a version. Raises LookupError."""

        def read() -> library.Wording:
            text, name = documents.text(tx, "wording", version)
            instrument = self.current(tx, "instrument", name)
            if instrument is None:
                raise LookupError(name)
            return library.wording_from(text, name, self.instrument(tx, instrument))

        return self._once(self._wordings, version, read)

    def protocol(self, tx: Tx, version: str) -> Protocol:
        """The protocol of a version. Raises LookupError."""

        def read() -> Protocol:
            instruments = {i.id: i for i in (self.instrument(tx, each) for each in documents.versions(tx, "instrument"))}
            text, name = documents.text(tx, "protocol", version)
            return library.protocol_from(text, name, instruments)

        return self._once(self._protocols, version, read)

    def _once(self, kept: dict[str, T], version: str, read: Callable[[], T]) -> T:
        found = kept.get(version)
        if found is None:
            with self._reading:
                found = kept.get(version)
                if found is None:
                    found = kept[version] = read()
        return found

    def warm(self) -> None:
        """Read the documents in force, so that no phone waits for it."""
        tx = self.store.read()
        protocol = self.folder.protocol(tx)
        for name in sorted({a.instrument for a in protocol.assessments.values()}) if protocol is not None else ():
            version = self.current(tx, "instrument", name)
            if version is not None:
                self.checker(tx, version)

    def current(self, tx: Tx, kind: str, name: str, language: str | None = None) -> str | None:
        """The version in force of an instrument, a wording (in a language) or the protocol."""
        row = documents.in_force(tx, kind, name, language)
        return None if row is None else row["version"]

    def in_force(self, tx: Tx, revision: int, instrument: str, language: str) -> tuple[str | None, str | None]:
        """The versions in force of an instrument and its wording, as they are at a revision of the study."""
        key = (revision, instrument, language)
        if key not in self._in_force:
            self._in_force = {kept: versions for kept, versions in self._in_force.items() if kept[0] >= revision}
            self._in_force[key] = (self.current(tx, "instrument", instrument), self.current(tx, "wording", instrument, language))
        return self._in_force[key]

    def protocol_in_force(self, tx: Tx) -> Protocol:
        """The protocol that was adopted last. Raises Refused(study-not-active) before the first."""
        protocol = self.folder.protocol(tx)
        if protocol is None:
            raise Refused(problems.STUDY_NOT_ACTIVE, f"{self.slug} has no protocol yet. Adopt one with: qol study adopt FILE")
        return protocol

    def every_protocol(self, tx: Tx) -> list[Protocol]:
        """All protocols ever adopted, oldest first."""
        return [self.protocol(tx, version) for version in documents.versions(tx, "protocol")]

    def is_active(self, tx: Tx) -> bool:
        return documents.is_active(tx)

    # heads

    def signed_head(self, head: Head) -> dict[str, Any]:
        """The head with the server's signature; one signature serves all who ask between two commits."""
        kept = self._signed
        if kept is None or kept[0] != head:
            message = facts.head_message(self.slug, self.epoch, head.position, head.digest)
            signed = {"position": head.position, "digest": head.digest, "signature": self.key.sign(message), "key": self.key.id}
            self._signed = kept = (head, signed)
        return dict(kept[1])

    def head(self, tx: Tx) -> Head:
        return journal.head(tx, self.slug)


def path_of(settings: Settings, slug: str) -> Path:
    return settings.studies / f"{slug}.db"


def slugs(settings: Settings) -> list[str]:
    """The short names of the studies in the data folder, in order."""
    return sorted(path.stem for path in settings.studies.glob("*.db")) if settings.studies.is_dir() else []


def open_study(settings: Settings, slug: str) -> Study:
    """Open a study of the data folder. Raises Refused(study-unknown)."""
    path = path_of(settings, slug)
    if not _SLUG.fullmatch(slug) or not path.is_file():
        there = f"There: {', '.join(slugs(settings)) or 'none'}." if settings.data.is_dir() else "There is no such folder."
        raise Refused(problems.STUDY_UNKNOWN, f"There is no study {slug!r} in {settings.data}. {there}")
    return Study(slug, Store(path, durable=settings.durable), keys.load(settings.keys), _contacts(settings, slug))


def _contacts(settings: Settings, slug: str) -> Contacts:
    return Contacts(settings.contacts / f"{slug}.db", settings.keys, durable=settings.durable)


def create_study(settings: Settings, slug: str, *, actor: str, now: datetime) -> Study:
    """Make a study's file with an empty journal, its state, and its first entry. Raises Refused(study-exists, bad-value)."""
    if not _SLUG.fullmatch(slug) or slug in library.RESERVED:
        raise Refused(
            problems.BAD_VALUE,
            f"{slug!r} cannot name a study: 2 to 40 small letters, digits and hyphens, and none of {', '.join(sorted(library.RESERVED))}.",
        )
    path = path_of(settings, slug)
    if path.exists():
        raise Refused(problems.STUDY_EXISTS, f"{path} exists already.")
    key = keys.load(settings.keys)
    settings.studies.mkdir(mode=0o700, parents=True, exist_ok=True)
    epoch = f"e_{secrets.token_hex(8)}"
    store = Store(path, durable=settings.durable)

    def build(tx: Tx) -> None:
        journal.create(tx, slug, epoch)
        schema.create(tx)
        pairing.create(tx)

    store.write(build)
    study = Study(slug, store, key, _contacts(settings, slug))
    fact = {"study": slug, "epoch": epoch, "public_key": key.public_hex}
    from qol_server.intake.record import record  # the recorder works on an open study

    store.write(lambda tx: record(tx, study, facts.Kind.STUDY_CREATED, fact, actor=actor, now=now))
    return study


def fact_of(line: bytes) -> Mapping[str, Any]:
    """What the line of an ordinary entry says."""
    return orjson.loads(line)  # type: ignore[no-any-return]
