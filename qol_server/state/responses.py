"""Responses as folded: which one is current for an occurrence, what was noticed about each, what is under review."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from qol_server.clock import stamp
from qol_server.state.participants import touch
from qol_server.store import Row, Tx
from qol_server.trial.facts import Entry
from qol_server.trial.protocol import Protocol

LATE = "late"
SECOND_COMPLETION = "second-completion"
RETIRED = "retired-occurrence"
COMPETING_CORRECTION = "competing-correction"


@dataclass(slots=True)
class Known:
    """What the state says about the entries of one batch of one participant, read at once instead of entry by entry.

    ``windows``: occurrence -> (due day, retired). ``answered``: occurrences with any response. ``superseded``: ids that a
    stored correction names. ``rows`` wait to be written together.
    """

    protocol: Protocol
    windows: dict[str, tuple[str, bool]]
    answered: set[str]
    superseded: set[str]
    rows: list[tuple[Any, ...]] = field(default_factory=list)

    def flush(self, tx: Tx) -> None:
        """Write the rows that wait."""
        if self.rows:
            tx.many(_INSERT, self.rows)
            self.rows.clear()


_INSERT = (
    "INSERT INTO responses (position, participant, id, occurrence, assessment, instrument, version, captured_at, supersedes,"
    " root, superseded, current, flags, revision, began) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


def know(tx: Tx, protocol: Protocol, participant: str | None, ids: Sequence[str], occurrences: Iterable[str]) -> Known:
    """Look up what the entries with these ids and occurrences (at most a few hundred) will need."""
    rows = tx.all(_WINDOWS, (participant, orjson.dumps(sorted(set(occurrences))).decode()))
    superseded = tx.all(_SUPERSEDED, (participant, orjson.dumps(list(ids)).decode()))
    return Known(
        protocol,
        {row["occurrence"]: (row["due"], bool(row["retired"])) for row in rows if row["due"] is not None},
        {row["occurrence"] for row in rows if row["answered"]},
        {row["supersedes"] for row in superseded},
    )


_WINDOWS = """
SELECT o.value AS occurrence, a.due, a.retired,
  EXISTS (SELECT 1 FROM responses r WHERE r.participant = ?1 AND r.occurrence = o.value) AS answered
FROM json_each(?2) o LEFT JOIN assignments a ON a.participant = ?1 AND a.occurrence = o.value
"""
_SUPERSEDED = "SELECT supersedes FROM responses WHERE participant = ?1 AND supersedes IN (SELECT value FROM json_each(?2))"


def give(tx: Tx, entry: Entry, fact: Mapping[str, Any], known: Known, noticed: tuple[str, ...]) -> tuple[str, ...]:
    """Fold a response; returns its flags: those ``noticed`` at the door and those that the calendar and history add.

    A correction names what it supersedes and may arrive before it. Of two corrections of one response the later position
    is current; of two unrelated completions the first stays current and the second is flagged.
    """
    participant, occurrence = entry.participant, entry.occurrence or ""
    is_first = entry.supersedes is None and entry.id not in known.superseded and occurrence not in known.answered
    if not is_first:  # what follows looks at the others
        known.flush(tx)
    assessment = occurrence.partition("@")[0]
    flags = list(noticed)
    window = known.windows.get(occurrence)
    if window is None:
        asked = known.protocol.assessments.get(assessment)
        if asked is None or not asked.ad_hoc:
            flags.append(RETIRED)
    elif window[1]:
        flags.append(RETIRED)
    elif fact["captured_at"][:10] > window[0]:
        flags.append(LATE)
    root, superseded = entry.id, False
    began = utc(fact["captured_at"])
    elsewhere: set[str] = set()
    if entry.supersedes is not None:
        target = tx.one("SELECT root, occurrence, began FROM responses WHERE participant = ? AND id = ?", (participant, entry.supersedes))
        root, began = (entry.supersedes, began) if target is None else (target["root"], target["began"])
        rival = tx.one("SELECT 1 FROM responses WHERE participant = ? AND supersedes = ?", (participant, entry.supersedes))
        if rival is not None:
            flags.append(COMPETING_CORRECTION)
        if target is not None and target["root"] != entry.id:  # two that name each other cannot both be gone
            tx.run(
                "UPDATE responses SET superseded = 1, revision = ? WHERE participant = ? AND id = ?",
                (entry.position, participant, entry.supersedes),
            )
            elsewhere.add(target["occurrence"])
        known.superseded.add(entry.supersedes)
    if entry.id in known.superseded and entry.id != entry.supersedes:  # corrections that arrived before what they correct
        heirs = tx.all("SELECT occurrence FROM responses WHERE participant = ? AND supersedes = ?", (participant, entry.id))
        superseded = True
        elsewhere.update(heir["occurrence"] for heir in heirs)
        tx.run("UPDATE responses SET root = ?, began = ? WHERE participant = ? AND root = ?", (root, began, participant, entry.id))
    if entry.supersedes is not None or superseded:  # a rival may have moved the answer to another occurrence
        rivals = tx.all("SELECT occurrence FROM responses WHERE participant = ? AND root = ? AND superseded = 0", (participant, root))
        elsewhere.update(rival["occurrence"] for rival in rivals)
    others = occurrence in known.answered
    known.answered.add(occurrence)
    if others and entry.supersedes is None and not superseded:
        flags.append(SECOND_COMPLETION)
    alone = not others and not elsewhere
    known.rows.append(
        (
            entry.position, participant, entry.id, occurrence, assessment, fact["instrument"], fact["version"],
            fact["captured_at"], entry.supersedes, root, int(superseded), int(alone and not superseded), " ".join(flags),
            entry.position, began,
        ),
    )  # fmt: skip
    if not is_first:
        known.flush(tx)
    if not alone:
        for name in elsewhere | {occurrence}:
            _choose(tx, participant, name, entry.position)
    return tuple(flags)


def utc(captured_at: str) -> str:
    """An RFC 3339 time with an offset as UTC text that sorts by the instant."""
    return stamp(datetime.fromisoformat(captured_at).astimezone(UTC))


def _choose(tx: Tx, participant: str | None, occurrence: str, position: int) -> None:
    """Mark the response that is current for an occurrence; of the corrections of one response the last, wherever they stand."""
    rows = tx.all(
        "SELECT position, root, superseded OR EXISTS (SELECT 1 FROM responses later WHERE later.participant = r.participant"
        " AND later.supersedes IS NOT NULL AND later.root = r.root AND later.superseded = 0 AND later.position > r.position)"
        " AS superseded, current FROM responses r WHERE participant = ? AND occurrence = ? ORDER BY position",
        (participant, occurrence),
    )
    began: dict[str, int] = {}
    for row in rows:
        began.setdefault(row["root"], row["position"])
    standing = [row for row in rows if not row["superseded"]]
    best = min(standing, key=lambda row: (began[row["root"]], -row["position"]), default=None)
    for row in rows:
        current = int(best is not None and row["position"] == best["position"])
        if current != row["current"]:
            tx.run("UPDATE responses SET current = ?, revision = ? WHERE position = ?", (current, position, row["position"]))


def keep_for_review(tx: Tx, entry: Entry, body: bytes) -> None:
    """Fold a quarantined entry: its occurrence, where it could be read, shows as under review."""
    tx.run(
        "INSERT INTO quarantine (position, participant, device, body, occurrence, problem, revision) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (entry.position, entry.participant, entry.device or entry.actor, body, entry.occurrence, entry.reason, entry.position),
    )
    touch(tx, entry.participant, entry.position)


def answered(tx: Tx, participant: str) -> dict[str, str]:
    """Occurrence -> local day of capture (YYYY-MM-DD) of its current response."""
    rows = tx.all("SELECT occurrence, captured_at FROM responses WHERE participant = ? AND current = 1", (participant,))
    return {row["occurrence"]: row["captured_at"][:10] for row in rows}


def standing(tx: Tx, participant: str, occurrence: str) -> Row | None:
    """The current response of an occurrence: id, position, captured_at, version, received_at, actor, line; None without one."""
    return tx.one(
        "SELECT r.id, r.position, r.captured_at, r.version, e.received_at, e.actor, l.line FROM responses r"
        " JOIN entries e USING (position) JOIN lines l USING (position) WHERE r.participant = ? AND r.occurrence = ? AND r.current = 1",
        (participant, occurrence),
    )


def typed(tx: Tx, participant: str) -> list[Row]:
    """The current responses that staff typed, the last one first: occurrence, captured_at, received_at, actor."""
    return tx.all(
        "SELECT r.occurrence, r.captured_at, e.received_at, e.actor FROM responses r JOIN entries e USING (position)"
        " WHERE r.participant = ? AND r.current = 1 AND e.device IS NULL ORDER BY r.position DESC",
        (participant,),
    )


def under_review(tx: Tx, participant: str) -> set[str]:
    """Occurrences of which something is in quarantine."""
    rows = tx.all("SELECT occurrence FROM quarantine WHERE participant = ? AND occurrence IS NOT NULL", (participant,))
    return {row["occurrence"] for row in rows}


def tally(tx: Tx) -> dict[str, int]:
    """How many responses there are, and how many of them are corrections or came late."""
    row = tx.one(
        "SELECT count(*) AS responses, count(supersedes) AS corrections, count(CASE WHEN ' ' || flags || ' ' LIKE '% late %' THEN 1 END)"
        " AS late FROM responses"
    )
    assert row is not None  # noqa: S101
    return dict(row)
