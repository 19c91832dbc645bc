"""Makes a study's views from its journal: one way for the live file, for a rebuild, and for the past in a temporary store.

A view store holds a fold of the journal of its own, up to the position that it has read, and the rows made from it. It
therefore never shows anything from after that position, however far the journal has grown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache, partial
from typing import Any, Protocol

import orjson

from qol_server import journal
from qol_server.state import participants, schema
from qol_server.state.fold import Folder
from qol_server.store import Store, Tx
from qol_server.trial import schedule
from qol_server.trial.facts import PHONE_KINDS, Entry, Kind
from qol_server.trial.instrument import Instrument
from qol_server.trial.scoring import METHODS
from qol_server.views import doses, windows
from qol_server.views.responses import Reader, Slice
from qol_server.views.tables import SCHEMA

SLICE = 1000  # entries read in one transaction: bounds how long others wait for the file

Notice = Callable[[Tx, Entry, Mapping[str, Any]], tuple[str, ...]]
"""The flags that the door noticed about a phone's entry, given the state before it."""


class Source(Protocol):
    """A study as its views need it. Documents are looked up in the state that a transaction sees."""

    slug: str
    store: Store
    folder: Folder

    def instrument(self, tx: Tx, version: str) -> Instrument:
        """The instrument of a version."""


@cache
def layout() -> str:
    """Names the tables and the scoring methods: a file that was made with others is wiped and made again."""
    store = Store(None)
    store.write(_make)
    made = [row["sql"] for row in store.read().all("SELECT sql FROM sqlite_master ORDER BY name")]
    store.close()
    return hashlib.sha256(repr((made, sorted((name, method.version) for name, method in METHODS.items()))).encode()).hexdigest()


def _make(tx: Tx) -> None:
    for row in tx.all("SELECT type, name FROM sqlite_master WHERE type IN ('view', 'table') AND name NOT LIKE 'sqlite_%'"):
        tx.run(f'DROP {row["type"]} IF EXISTS "{row["name"]}"')
    schema.create(tx)
    for statement in SCHEMA:
        tx.run(statement)


def _begin(tx: Tx) -> None:
    _make(tx)
    tx.run("INSERT INTO reading (only, layout, position, digest, moment) VALUES (1, ?, 0, NULL, NULL)", (layout(),))


def _prepare(tx: Tx) -> None:
    there = tx.one("SELECT 1 FROM sqlite_master WHERE name = 'reading'")
    made_with = None if there is None else tx.one("SELECT layout FROM reading")
    if made_with is None or made_with["layout"] != layout():
        _begin(tx)


def reached(store: Store) -> int:
    """The journal position that a file of views has read, as it is; 0 where none was begun."""
    tx = store.read()
    there = tx.one("SELECT 1 FROM sqlite_master WHERE name = 'reading'")
    row = None if there is None else tx.one("SELECT position FROM reading")
    return 0 if row is None else int(row["position"])


class Views:
    """The views of one study in one store, read up to a position."""

    def __init__(self, source: Source, store: Store, notice: Notice) -> None:
        self.source = source
        self.store = store
        self._notice = notice
        self._readers: dict[str, Reader] = {}
        store.write(_prepare)

    def wipe(self) -> None:
        """Forget everything; the next reading begins at the journal's first entry."""
        self.store.write(_begin)

    # reading

    def position(self) -> int:
        """The journal position up to which everything has been read."""
        return int(self._reading(self.store.read())["position"])

    def moment(self) -> datetime | None:
        """When the last entry that was read had been received; None before the first."""
        moment = self._reading(self.store.read())["moment"]
        return None if moment is None else datetime.fromisoformat(moment)

    @staticmethod
    def _reading(tx: Tx) -> Any:
        return tx.one("SELECT position, digest, moment FROM reading")

    def catch_up(self, up_to: int | None = None) -> int:
        """Read what the journal has beyond the position read, in slices; returns the position reached.

        Safe to do by several processes at once. After it, the views show at least what was in the journal when it was called.
        What was read from another journal, such as the one before a restore, is forgotten first.
        """
        while self.store.write(lambda tx: self._read_slice(tx, up_to)):
            pass
        return self.position()

    def _read_slice(self, tx: Tx, up_to: int | None) -> bool:
        source = self.source.store.read()
        read = self._reading(tx)
        if read["position"] and journal.digest_at(source, self.source.slug, read["position"]) != read["digest"]:
            _begin(tx)
            read = self._reading(tx)
        entries = journal.read(source, read["position"], up_to, SLICE)
        if any(entry.kind == Kind.ENTRY_REDACTED and _shows(tx, entry.occurrence) for entry in entries):
            _begin(tx)  # what was read before it was blanked must go; redactions are rare
            return True
        rows = Slice()
        for entry in entries:
            self._read(tx, entry, rows)
        rows.write(tx)
        if entries:
            last = entries[-1]
            digest = journal.digest_at(source, self.source.slug, last.position)
            tx.run("UPDATE reading SET position = ?, digest = ?, moment = ?", (last.position, digest, last.received_at))
            touched = {entry.participant for entry in entries if entry.participant is not None}
            tx.many("DELETE FROM drawn WHERE participant = ?", ((number,) for number in touched))
        if any(entry.kind == Kind.PROTOCOL_ADOPTED for entry in entries):
            tx.run("DELETE FROM drawn")
        return len(entries) == SLICE

    def _read(self, tx: Tx, entry: Entry, rows: Slice) -> None:
        if entry.kind == Kind.ENTRY_QUARANTINED:
            self.source.folder.fold(tx, entry, {})
            return
        if not entry.line:  # blanked by a logged redaction: what it said is gone from every view, of the past too
            return
        fact = orjson.loads(entry.line)
        noticed = self._notice(tx, entry, fact) if entry.kind in PHONE_KINDS else ()
        self.source.folder.fold(tx, entry, fact, noticed)
        if entry.kind == Kind.RESPONSE_GIVEN:
            rows.add(entry, fact, self._reader(tx, fact["version"]))
        elif entry.kind == Kind.PROTOCOL_ADOPTED:
            for number in participants.numbers(tx):
                self.source.folder.recalendar(tx, number, entry.position)

    def _reader(self, tx: Tx, version: str) -> Reader:
        if version not in self._readers:
            self._readers[version] = Reader(self.source.instrument(tx, version))
        return self._readers[version]

    # what depends on the day

    def draw(self, moment: datetime | None = None) -> None:
        """Bring `windows`, `doses` and `dose_summary` to the local day of a moment (default: of the last entry that was read)."""
        moment = moment or self.moment()
        if moment is None:
            return
        drawn = {row["participant"]: row["day"] for row in self.store.read().all("SELECT participant, day FROM drawn")}
        for number in participants.numbers(self.store.read()):
            self.store.write(partial(_draw, number=number, moment=moment, drawn=drawn.get(number)))


def _shows(tx: Tx, redacted: str | None) -> bool:
    """Whether there are rows of the response, or a step of the adverse event, that ``position:N`` names."""
    position = (redacted or "").removeprefix("position:")
    return position.isdigit() and any(
        tx.one(f"SELECT 1 FROM {table} WHERE position = ?", (int(position),))  # noqa: S608 - one of two names
        for table in ("captures", "adverse_event_steps")
    )


def _draw(tx: Tx, number: str, moment: datetime, drawn: str | None) -> None:
    participant = participants.load(tx, number)
    if participant is None:
        return
    day = schedule.local(moment, participant.time_zone).date()
    if drawn == day.isoformat():
        return
    listed = participants.assignments(tx, number)
    days, sums = doses.rows(tx, participant, listed, day)
    for name, rows in (("windows", windows.rows(tx, participant, listed, day)), ("doses", days), ("dose_summary", [sums] if sums else [])):
        tx.run(f"DELETE FROM {name} WHERE participant = ?", (number,))  # noqa: S608 - one of three names
        if rows:
            tx.many(f"INSERT INTO {name} VALUES ({', '.join('?' * len(rows[0]))})", rows)  # noqa: S608 - only marks
    tx.run(
        "INSERT INTO drawn (participant, day) VALUES (?, ?) ON CONFLICT (participant) DO UPDATE SET day = excluded.day",
        (number, day.isoformat()),
    )
