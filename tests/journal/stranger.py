"""A verifier of journals written from docs/reference/journal.md alone: it uses the standard library and nothing of ours."""

from __future__ import annotations

import base64
import hashlib
import json
import sqlite3
from pathlib import Path
from typing import Any

COLUMNS = (
    "position", "kind", "id", "participant", "actor", "device", "received_at", "skew", "occurrence", "supersedes", "reason", "body",
    "digest", "line",
)  # fmt: skip


def of_file(path: Path) -> tuple[str, list[dict[str, Any]]]:
    """The study and the entries of a journal file."""
    connection = sqlite3.connect(path)
    (study,) = connection.execute("SELECT study FROM journal").fetchone()
    rows = connection.execute(
        "SELECT e.position, kind, id, participant, actor, device, received_at, skew, occurrence, supersedes, reason, body, digest, line"
        " FROM entries e LEFT JOIN lines l ON l.position = e.position ORDER BY e.position"
    ).fetchall()
    connection.close()
    return study, [dict(zip(COLUMNS, row, strict=True)) for row in rows]


def of_vector(vector: dict[str, Any]) -> tuple[str, list[dict[str, Any]]]:
    """The study and the entries of a worked vector: digests in hex, lines as text or in base64."""
    entries = []
    for one in vector["entries"]:
        line = one["line"].encode() if "line" in one else base64.b64decode(one["line_base64"])
        entries.append({**one, "body": bytes.fromhex(one["body"]), "digest": bytes.fromhex(one["digest"]), "line": line})
    return vector["study"], entries


def first_bad(study: str, entries: list[dict[str, Any]]) -> int | None:
    """The first position that does not hold, or None."""
    redacted = {one["occurrence"] for one in entries if one["kind"] == "entry.redacted"}
    digest = hashlib.sha256(b"qol-journal/1\n" + study.encode("utf-8")).digest()
    for position, one in enumerate(entries, 1):
        blank = one["line"] == b"" and f"position:{position}" in redacted
        if one["position"] != position or one["line"] is None:
            return position
        if hashlib.sha256(one["line"]).digest() != one["body"] and not blank:
            return position
        header = {name: one[name] for name in COLUMNS if name not in ("body", "digest", "line")} | {"body": one["body"].hex()}
        text = json.dumps(header, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        digest = hashlib.sha256(digest + text.encode("utf-8")).digest()
        if digest != one["digest"]:
            return position
    return None
