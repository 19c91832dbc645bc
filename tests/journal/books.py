"""Small journals for the tests of this folder: made in a file, read as rows, and written as worked vectors."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qol_server import journal
from qol_server.store import Store
from qol_server.trial.facts import Entry, Kind, canonical, head_message

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "journal"
STUDY, EPOCH = "toy", "e_0001"
MORNING = "2026-11-22T07:00:00.000Z"
ADA, PHONE = "01-0001-4", "d_1"


def made_by_server(nth: int, kind: Kind = Kind.ANCHOR_SET, **more: Any) -> Entry:
    line = canonical({"anchor": "progression", "date": "2026-11-22", "nth": nth})
    return Entry(kind, f"00000000-0000-5000-8000-{nth:012d}", line, "staff:nora", MORNING, ADA, **more)


def sent_by_phone(nth: int, line: bytes = b"", **more: Any) -> Entry:
    line = line or b'{"kind":"response.given","answers":{"q1":%d}}' % nth
    wanted = {"occurrence": f"qol@M{nth}", "skew": nth} | more
    return Entry(Kind.RESPONSE_GIVEN, f"00000000-0000-4000-8000-{nth:012d}", line, "participant", MORNING, ADA, PHONE, **wanted)


def with_body(entry: Entry) -> tuple[Entry, bytes]:
    return entry, hashlib.sha256(entry.line).digest()


def book(path: Path | None, entries: Sequence[Entry] = (), study: str = STUDY) -> Store:
    """A journal with these entries, in a file or in memory."""
    store = Store(path, durable=False)
    store.write(lambda tx: journal.create(tx, study, EPOCH))
    store.write(lambda tx: journal.append(tx, study, [with_body(entry) for entry in entries]))
    return store


def redact(store: Store, position: int) -> None:
    """What the decision to blank a line comes to: an entry that says so, then the line."""
    entry = Entry(
        Kind.ENTRY_REDACTED, f"00000000-0000-5000-9000-{position:012d}", canonical({"position": position}), "staff:dana", MORNING,
        occurrence=f"position:{position}", reason="a name",
    )  # fmt: skip
    store.write(lambda tx: journal.append(tx, STUDY, [with_body(entry)]))
    store.write(lambda tx: tx.run("UPDATE lines SET line = x'' WHERE position = ?", (position,)))


FIRST = "00000000-0000-4000-8000-000000000001"
CREATED = Entry(Kind.STUDY_CREATED, FIRST, canonical({"epoch": EPOCH, "study": STUDY}), "staff:dana", MORNING)
NOTED = Entry(Kind.APP_NOTED, FIRST, b"{}", "participant", MORNING, ADA, PHONE, -86_400_000)
UNREADABLE = Entry(Kind.ENTRY_QUARANTINED, FIRST, b'\xff\xfe{"kind":\x00', "participant", MORNING, ADA, PHONE, 12, None, None, "unparsable")

CASES: dict[str, tuple[str, list[Entry], int | None]] = {
    "three-entries": (
        "A study is created, an anchor set, a response given.",
        [CREATED, made_by_server(1, reason="typing_mistake"), sent_by_phone(2)],
        None,
    ),
    "unicode": (
        "Text is written as it is; only quotes, backslashes and control characters are escaped.",
        [made_by_server(1, reason='Cléa says "δ → 愛 😀" \\ / \b\t\n\f\r\x00\x1f\x7f\u2028')],
        None,
    ),
    "nulls-and-numbers": (
        "What is not there is null; skew is a whole number and may be negative.",
        [NOTED, sent_by_phone(2, occurrence=None, skew=0, supersedes=FIRST)],
        None,
    ),
    "raw-bytes": (
        "A quarantined line is whatever came: no JSON, not even UTF-8; the spacing of a phone's own JSON is kept.",
        [UNREADABLE, sent_by_phone(2, '{ "by" : "participant",  "text":"\\u00e9 é" }'.encode())],
        None,
    ),
    "redaction": (
        "The line at position 1 was blanked by the entry at position 3; the chain holds.",
        [sent_by_phone(1), sent_by_phone(2)],
        1,
    ),
}
"""Name -> what it shows, its entries, and the position whose line is blanked afterwards."""


def vector(name: str) -> dict[str, Any]:
    """The worked vector of a case: its entries with their digests, and the message that a signature of its head covers."""
    about, entries, blanked = CASES[name]
    store = book(None, entries)
    if blanked is not None:
        redact(store, blanked)
    rows = store.read().all("SELECT e.*, l.line FROM entries e JOIN lines l USING (position) ORDER BY position")
    listed = []
    for row in rows:
        fields = {key: row[key] for key in row.keys() if key not in ("body", "digest", "line")}  # noqa: SIM118 - a row is no mapping
        try:
            line = {"line": row["line"].decode()}
        except UnicodeDecodeError:
            line = {"line_base64": base64.b64encode(row["line"]).decode()}
        listed.append(fields | {"body": row["body"].hex(), "digest": row["digest"].hex()} | line)
    head = listed[-1]
    message = head_message(STUDY, EPOCH, head["position"], head["digest"]).decode()
    return {"about": about, "study": STUDY, "epoch": EPOCH, "entries": listed, "head_message": message}


def write() -> None:
    VECTORS.mkdir(parents=True, exist_ok=True)
    for name in CASES:
        (VECTORS / f"{name}.json").write_text(json.dumps(vector(name), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
