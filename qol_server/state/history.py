"""What one participant gave, raised and was asked, in time: read by the participant's own indexes, whatever the journal's length."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from qol_server.store import Row, Tx


def ad_hoc(tx: Tx, number: str, instrument: str, without: Sequence[int]) -> list[Row]:
    """The current responses to an instrument that is asked without a calendar, latest first, but for the positions ``without``."""
    return tx.all(
        "SELECT position, occurrence, captured_at FROM responses WHERE participant = ?1 AND current = 1 AND instrument = ?2"
        " AND position NOT IN (SELECT value FROM json_each(?3)) ORDER BY began DESC",
        (number, instrument, orjson.dumps(list(without)).decode()),
    )


def given(tx: Tx, number: str, since: str) -> list[Row]:
    """The current responses that began at or after an instant (RFC 3339, UTC), with their lines, in order."""
    return tx.all(
        "SELECT r.position, r.occurrence, r.assessment, r.instrument, r.version, r.captured_at, r.began, r.flags, l.line FROM responses r"
        " JOIN lines l USING (position) WHERE r.participant = ? AND r.current = 1 AND r.began >= ? ORDER BY r.began, r.position",
        (number, since),
    )


def assignments(tx: Tx, number: str, first: str, last: str, leaving_out: Sequence[str]) -> list[Row]:
    """The assignments whose window touches the days ``first`` to ``last``, but for those of the assessments ``leaving_out``."""
    return tx.all(
        "SELECT * FROM assignments WHERE participant = ?1 AND retired = 0 AND opens <= ?3 AND closes >= ?2"
        " AND assessment NOT IN (SELECT value FROM json_each(?4)) ORDER BY opens, occurrence",
        (number, first, last, orjson.dumps(list(leaving_out)).decode()),
    )


def answered(tx: Tx, number: str, leaving_out: Sequence[str]) -> dict[str, str]:
    """Occurrence -> local day of its current response, but for the assessments ``leaving_out``."""
    rows = tx.all(
        "SELECT occurrence, substr(captured_at, 1, 10) AS day FROM responses WHERE participant = ?1 AND current = 1"
        " AND assessment NOT IN (SELECT value FROM json_each(?2))",
        (number, orjson.dumps(list(leaving_out)).decode()),
    )
    return {row["occurrence"]: row["day"] for row in rows}


def diary_span(tx: Tx, number: str, instrument: str) -> tuple[str, str] | None:
    """The first and last day on which a daily diary is asked; None where it never is."""
    row = tx.one(
        "SELECT min(target) AS first, max(target) AS last FROM assignments WHERE participant = ? AND retired = 0 AND instrument = ?",
        (number, instrument),
    )
    return None if row is None or row["first"] is None else (row["first"], row["last"])


def alerts(tx: Tx, number: str, since: str) -> list[Row]:
    """The alerts raised at or after an instant, in order."""
    return tx.all("SELECT * FROM alerts WHERE participant = ? AND at >= ? ORDER BY position", (number, since))


def open_cases(tx: Tx, number: str) -> list[Row]:
    """The rows of the participant's cases that are not resolved, the most urgent first."""
    return tx.all("SELECT * FROM cases WHERE participant = ? AND state <> 'resolved' ORDER BY place, since, \"case\"", (number,))


def of_occurrence(tx: Tx, number: str, occurrence: str) -> list[Row]:
    """All responses to an occurrence and the corrections of them, whichever occurrence they name, in the order of the journal."""
    return tx.all(
        "SELECT r.*, e.received_at, e.actor, e.reason, e.device, l.line FROM responses r JOIN entries e USING (position)"
        " JOIN lines l USING (position) WHERE r.participant = ?1 AND (r.occurrence = ?2"
        " OR r.root IN (SELECT root FROM responses WHERE participant = ?1 AND occurrence = ?2)) ORDER BY r.position",
        (number, occurrence),
    )


def under_review(tx: Tx, number: str, occurrence: str | None = None) -> list[Row]:
    """What is in quarantine of the participant, or of one occurrence."""
    return tx.all(
        "SELECT q.position, q.occurrence, q.problem, e.received_at, l.line FROM quarantine q JOIN entries e USING (position)"
        " JOIN lines l USING (position) WHERE q.participant = ?1 AND (?2 IS NULL OR q.occurrence = ?2) ORDER BY q.position",
        (number, occurrence),
    )


def first_of(tx: Tx, number: str, assessment: str, before: str) -> Row | None:
    """The current response to an assessment that began first, where it began before an instant."""
    return tx.one(
        "SELECT r.position, r.occurrence, r.version, r.captured_at, l.line FROM responses r JOIN lines l USING (position)"
        " WHERE r.participant = ? AND r.assessment = ? AND r.current = 1 AND r.began < ? ORDER BY r.began LIMIT 1",
        (number, assessment, before),
    )


def ended_on(tx: Tx, number: str) -> str | None:
    """The day on which the participation ended; None while it goes on."""
    row = tx.one("SELECT ended_on FROM roster WHERE participant = ?", (number,))
    return None if row is None else row["ended_on"]


def last_target(tx: Tx, number: str, assessment: str, before: str) -> str | None:
    """The latest target day before a day of an assessment's visits that were expected."""
    row = tx.one(
        "SELECT max(target) AS target FROM assignments WHERE participant = ? AND assessment = ? AND retired = 0 AND expected = 1"
        " AND target < ?",
        (number, assessment, before),
    )
    return None if row is None else row["target"]
