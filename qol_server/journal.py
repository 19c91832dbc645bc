"""The truth: a study's entries in one total order, chained by digest, that can be added to and never changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import orjson

from qol_server.store import Row, Store, Tx
from qol_server.trial import facts
from qol_server.trial.facts import Entry, Kind

FORMAT = "qol-journal/1"

# ``strict`` tables hold each value to its column's type; ``entries`` has what the digest covers, ``lines`` the bytes.
# What phones send and what the server makes are told apart in an identity: a phone that guesses the id of a fact which
# the server has yet to record, such as its own revocation, must not keep it out.
SCHEMA = """
CREATE TABLE journal (format TEXT NOT NULL, study TEXT NOT NULL, epoch TEXT NOT NULL) STRICT;
CREATE TABLE entries (
  position INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  participant TEXT,
  actor TEXT NOT NULL,
  device TEXT,
  received_at TEXT NOT NULL,
  skew INTEGER,
  occurrence TEXT,
  supersedes TEXT,
  reason TEXT,
  body BLOB NOT NULL,
  digest BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX entries_identity ON entries (
  participant, id, kind IN ('response.given', 'preference.set', 'app.noted', 'help.asked')
);
CREATE UNIQUE INDEX entries_server_identity ON entries (id) WHERE participant IS NULL;
CREATE UNIQUE INDEX entries_quarantine ON entries (device, body) WHERE kind = 'entry.quarantined';
CREATE INDEX entries_kind ON entries (kind, position) WHERE kind <> 'response.given';
CREATE TABLE lines (position INTEGER PRIMARY KEY REFERENCES entries (position), line BLOB NOT NULL) STRICT;
CREATE TRIGGER entries_are_final BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'journal entries are never changed'); END;
CREATE TRIGGER entries_stay BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'journal entries are never deleted'); END;
CREATE TRIGGER lines_stay BEFORE DELETE ON lines BEGIN SELECT RAISE(ABORT, 'journal lines are never deleted'); END;
CREATE TRIGGER lines_are_final BEFORE UPDATE ON lines WHEN NEW.position <> OLD.position OR NEW.line <> x'' OR NOT EXISTS (
  SELECT 1 FROM entries WHERE kind = 'entry.redacted' AND occurrence = 'position:' || OLD.position
) BEGIN SELECT RAISE(ABORT, 'journal lines are never changed'); END;
"""

COLUMNS = "position, kind, id, participant, actor, device, received_at, skew, occurrence, supersedes, reason, body, digest"


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry's position and digest (hex); position 0 is the digest before the first entry."""

    position: int
    digest: str


@dataclass(frozen=True, slots=True)
class Break:
    """Where and why a journal does not hold."""

    position: int
    why: str


def create(tx: Tx, study: str, epoch: str) -> None:
    """Make the journal's tables in an empty file."""
    for statement in _statements(SCHEMA):
        tx.run(statement)
    tx.run("INSERT INTO journal (format, study, epoch) VALUES (?, ?, ?)", (FORMAT, study, epoch))


def _statements(script: str) -> Iterator[str]:
    """The statements of a script; a trigger's body ends with END."""
    statement = ""
    for part in script.split(";"):
        statement += part + ";"
        if "BEGIN" not in statement or statement.rstrip().endswith("END;"):
            if statement.strip(" \n;"):
                yield statement.strip()
            statement = ""


def identity(tx: Tx) -> tuple[str, str]:
    """The study's short name and the journal's epoch."""
    row = tx.one("SELECT study, epoch FROM journal")
    if row is None:
        raise LookupError("the file has no journal")
    return row["study"], row["epoch"]


def head(tx: Tx, study: str) -> Head:
    """The last position and digest."""
    row = tx.one("SELECT position, digest FROM entries ORDER BY position DESC LIMIT 1")
    return Head(0, facts.genesis(study).hex()) if row is None else Head(row["position"], row["digest"].hex())


def digest_at(tx: Tx, study: str, position: int) -> str | None:
    """The digest (hex) at a position, 0 being before the first entry; None where the journal does not reach."""
    if position == 0:
        return facts.genesis(study).hex()
    row = tx.one("SELECT digest FROM entries WHERE position = ?", (position,))
    return None if row is None else row["digest"].hex()


def stored(tx: Tx, participant: str, ids: Sequence[str]) -> dict[str, tuple[bytes, Head]]:
    """Of these ids, those that entries of the participant have: id -> (SHA-256 of the line, receipt)."""
    marks = ",".join("?" * len(ids))
    rows = tx.all(
        f"SELECT id, body, position, digest FROM entries WHERE participant = ? AND id IN ({marks})",  # noqa: S608 - only marks
        (participant, *ids),
    )
    return {row["id"]: (row["body"], Head(row["position"], row["digest"].hex())) for row in rows}


def has(tx: Tx, kind: str, participant: str | None, id_: str) -> bool:
    """Whether an entry of this kind with this id was recorded for the participant (or for none)."""
    return tx.one("SELECT 1 FROM entries WHERE participant IS ? AND id = ? AND kind = ?", (participant, id_, kind)) is not None


def append(tx: Tx, study: str, entries: Sequence[tuple[Entry, bytes]]) -> list[Head]:
    """Add entries, each with the SHA-256 of its line, in this order; returns each one's receipt.

    Must run inside ``Store.write``. Raises the engine's IntegrityError when an identity is taken.
    """
    last = head(tx, study)
    position, previous = last.position, bytes.fromhex(last.digest)
    rows, lines, receipts = [], [], []
    for entry, body in entries:
        position += 1
        # orjson's sorted output is facts.canonical() for a header, which holds only text, integers and null
        sealed = orjson.dumps(facts.header(entry, position, body.hex()), option=orjson.OPT_SORT_KEYS)
        previous = hashlib.sha256(previous + sealed).digest()
        rows.append(
            (
                position, str(entry.kind), entry.id, entry.participant, entry.actor, entry.device, entry.received_at,
                entry.skew, entry.occurrence, entry.supersedes, entry.reason, body, previous,
            )
        )  # fmt: skip
        lines.append((position, entry.line))
        receipts.append(Head(position, previous.hex()))
    tx.many(f"INSERT INTO entries ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)  # noqa: S608
    tx.many("INSERT INTO lines (position, line) VALUES (?, ?)", lines)
    return receipts


def _entry(row: Row) -> Entry:
    return Entry(
        kind=row["kind"], id=row["id"], line=row["line"], actor=row["actor"], received_at=row["received_at"],
        participant=row["participant"], device=row["device"], skew=row["skew"], occurrence=row["occurrence"],
        supersedes=row["supersedes"], reason=row["reason"], position=row["position"],
    )  # fmt: skip


_NAMES = ", ".join("e." + name for name in COLUMNS.split(", "))
_READ = f"SELECT {_NAMES}, l.line FROM entries e JOIN lines l USING (position)"  # noqa: S608


def read(tx: Tx, after: int, up_to: int | None = None, limit: int = 1000) -> list[Entry]:
    """At most ``limit`` entries after a position (and not past ``up_to``), in order."""
    rows = tx.all(_READ + " WHERE e.position > ? AND e.position <= ? ORDER BY e.position LIMIT ?", (after, up_to or 1 << 62, limit))
    return [_entry(row) for row in rows]


def every(tx: Tx, up_to: int | None = None) -> Iterator[Entry]:
    """All entries in order, read in slices."""
    after = 0
    while slice_ := read(tx, after, up_to):
        yield from slice_
        after = slice_[-1].position


def one(tx: Tx, position: int) -> Entry | None:
    """The entry at a position."""
    found = read(tx, position - 1, position)
    return found[0] if found else None


def of_kind(tx: Tx, kind: Kind) -> list[Entry]:
    """All entries of one kind, in order."""
    return [_entry(row) for row in tx.all(_READ + " WHERE e.kind = ? ORDER BY e.position", (kind,))]


def since(tx: Tx, kinds: Sequence[Kind], at: str) -> list[Entry]:
    """The entries of some kinds that were received at an instant (RFC 3339) or later, in order."""
    marks = ", ".join("?" * len(kinds))
    rows = tx.all(_READ + f" WHERE e.kind IN ({marks}) AND e.received_at >= ? ORDER BY e.position", (*kinds, at))
    return [_entry(row) for row in rows]


def of_participant(tx: Tx, participant: str, kinds: Sequence[Kind] = tuple(Kind)) -> list[Entry]:
    """The entries of one participant, all or those of some kinds, in order."""
    marks = ", ".join("?" * len(kinds))
    rows = tx.all(_READ + f" WHERE e.participant = ? AND e.kind IN ({marks}) ORDER BY e.position", (participant, *kinds))
    return [_entry(row) for row in rows]


def latest(tx: Tx, *, leaving_out: Sequence[str] = ()) -> int:
    """The position of the last entry that is of none of these kinds; 0 in an empty journal."""
    marks = ", ".join("?" * len(leaving_out))
    row = tx.one(f"SELECT max(position) AS position FROM entries WHERE kind NOT IN ({marks})", leaving_out)  # noqa: S608 - only marks
    return int(row["position"] or 0) if row is not None else 0


def after(tx: Tx, moment: str) -> int:
    """The position of the first entry that was received at an instant (RFC 3339 UTC) or later, or the one after the last.

    Halves the journal until it is found: receipts go up, but for what a clock that was set back leaves within its own span.
    """
    low, high = 1, latest(tx) + 1
    while low < high:
        middle = (low + high) // 2
        row = tx.one("SELECT received_at FROM entries WHERE position = ?", (middle,))
        if row is not None and row["received_at"] < moment:
            low = middle + 1
        else:
            high = middle
    return low


def unprotected(tx: Tx) -> list[str]:
    """The triggers that keep entries from being changed and that the file does not have as they should be."""
    there = {row["sql"] for row in tx.all("SELECT sql FROM sqlite_master WHERE type = 'trigger'")}
    wanted = [statement.rstrip(";") for statement in _statements(SCHEMA) if statement.startswith("CREATE TRIGGER")]
    return [statement.split()[2] for statement in wanted if statement not in there]


def structure(tx: Tx) -> list[str]:
    """What SQLite finds wrong with the structure of the file; empty when nothing."""
    return [row[0] for row in tx.all("PRAGMA quick_check(3)") if row[0] != "ok"]


def verify(store: Store, progress: Callable[[int], None] = lambda _: None, *, after: int = 0) -> tuple[Head, Break | None]:
    """Check every entry of a journal file against its chain; returns the head reached and the first break, if any.

    Recomputes each line's SHA-256, each digest, the unbroken count of positions, and that nothing stands beside them.
    ``after``: believe the entries up to this position, for a quick look at the newest.
    """
    try:
        tx = store.read()
        row = tx.one("SELECT format, study FROM journal")
        if row is None or row["format"] != FORMAT:
            return Head(0, ""), Break(0, f"the journal is not of the format {FORMAT}")
        previous = bytes.fromhex(digest_at(tx, row["study"], after) or "")
        redacted = {row["occurrence"] for row in tx.all("SELECT occurrence FROM entries WHERE kind = ?", (Kind.ENTRY_REDACTED,))}
        cursor = tx.connection.execute(  # walked to its end right here; the connection is this thread's own
            _READ.replace("JOIN lines", "LEFT JOIN lines") + " WHERE e.position > ? ORDER BY e.position",
            (after or -(1 << 62),),
        )
    except Exception as failure:
        return Head(0, ""), Break(0, f"the journal cannot be read: {failure}")
    position = after
    cursor.row_factory = None
    try:
        for expected, row in enumerate(cursor, after + 1):
            found = row[0]
            if found != expected:
                return Head(position, previous.hex()), Break(expected, f"position {expected} is missing; the next one there is {found}")
            why, fresh = _check(previous, row, f"position:{expected}" in redacted)
            if why:
                return Head(position, previous.hex()), Break(expected, why)
            previous, position = fresh, expected
            if expected % 1000 == 0:
                progress(expected)
        spare = tx.one("SELECT min(position) AS position FROM lines WHERE position > ? OR position < 1", (position,))
    except Exception as failure:
        return Head(position, previous.hex()), Break(position + 1, f"the file is damaged: {failure}")
    finally:
        cursor.close()
    if spare is not None and spare["position"] is not None:
        return Head(position, previous.hex()), Break(spare["position"], "there is a line without an entry")
    return Head(position, previous.hex()), None


def _check(previous: bytes, row: tuple[object, ...], redacted: bool) -> tuple[str, bytes]:
    """What is wrong with one row of the journal ('' when nothing), and its recomputed digest."""
    position, kind, id_, participant, actor, device, received_at, skew, occurrence, supersedes, reason, body, digest, line = row
    if not isinstance(body, bytes) or len(body) != 32:
        return "the SHA-256 of the line is not 32 bytes", b""
    if not isinstance(line, bytes):
        return "the line is missing", b""
    if hashlib.sha256(line).digest() != body and (line or not redacted):
        return "the line does not fit its SHA-256", b""
    sealed = orjson.dumps(
        {
            "actor": actor, "body": body.hex(), "device": device, "id": id_, "kind": kind, "occurrence": occurrence,
            "participant": participant, "position": position, "reason": reason, "received_at": received_at, "skew": skew,
            "supersedes": supersedes,
        }
    )  # fmt: skip
    fresh = hashlib.sha256(previous + sealed).digest()
    return ("" if fresh == digest else "the digest does not fit the entry and its predecessor"), fresh


def redacted(tx: Tx) -> list[int]:
    """The positions whose lines were blanked by a redaction, in order."""
    empty = hashlib.sha256(b"").digest()  # a phone may have sent an empty line
    rows = tx.all("SELECT position FROM lines JOIN entries USING (position) WHERE line = x'' AND body <> ? ORDER BY position", (empty,))
    return [row["position"] for row in rows]


def tally(tx: Tx) -> dict[str, int]:
    """How many entries there are of each kind."""
    return {row["kind"]: row["entries"] for row in tx.all("SELECT kind, count(*) AS entries FROM entries GROUP BY kind ORDER BY kind")}
