"""What a participant gave before and after a response, as the alert rules look back and ahead."""

from __future__ import annotations

from datetime import date

import orjson

from qol_server.store import Row, Tx
from qol_server.trial.diary import DOSE_DIARY

_IN_TIME = (
    "SELECT r.position, r.version, r.occurrence, r.root, r.began, l.line FROM responses r JOIN lines l USING (position)"
    " WHERE r.participant = ? AND r.assessment = ? AND r.current = 1 AND r.occurrence <> ?"
)


def began(tx: Tx, position: int) -> Row | None:
    """The response at a position of the journal: occurrence, assessment, root, began (UTC), current."""
    return tx.one(
        "SELECT participant, occurrence, assessment, instrument, version, root, began, current FROM responses WHERE position = ?",
        (position,),
    )


def corrections(tx: Tx, position: int) -> list[int]:
    """Where in the journal the responses stand that correct the one at a position."""
    rows = tx.all(
        "SELECT c.position FROM responses r JOIN responses c ON c.participant = r.participant AND c.supersedes = r.id"
        " WHERE r.position = ? ORDER BY c.position",
        (position,),
    )
    return [row["position"] for row in rows]


def before(tx: Tx, participant: str, assessment: str, occurrence: str, moment: str, *, first: bool = False) -> Row | None:
    """The current response to another occurrence of the assessment that began last before ``moment``, or first of all."""
    order = "ASC" if first else "DESC"
    return tx.one(f"{_IN_TIME} AND r.began < ? ORDER BY r.began {order} LIMIT 1", (participant, assessment, occurrence, moment))


def after(tx: Tx, participant: str, assessment: str, occurrence: str, moment: str) -> Row | None:
    """The current response to another occurrence of the assessment that began first after ``moment``."""
    return tx.one(f"{_IN_TIME} AND r.began > ? ORDER BY r.began LIMIT 1", (participant, assessment, occurrence, moment))


def known_since(tx: Tx, case: str, rule: str, subject: str) -> str | None:
    """When the first response was begun (UTC) in which a rule found something for a case; None where it did in none."""
    rows = tx.all(
        'SELECT r.began, a.findings FROM alerts a JOIN responses r ON r.position = a.given WHERE a."case" = ? AND a.rule = ?'
        " ORDER BY r.began",
        (case, rule),
    )
    return next((row["began"] for row in rows if subject in (finding[0] for finding in orjson.loads(row["findings"]))), None)


def dose_days(tx: Tx, participant: str, since: date) -> list[Row]:
    """The current responses to dose diaries about the days from ``since`` on, each with its line, in the order of the days."""
    return tx.all(
        "SELECT r.position, r.version, r.occurrence, r.root, r.began, l.line FROM responses r JOIN lines l USING (position)"
        " WHERE r.participant = ? AND r.instrument = ? AND r.current = 1 AND substr(r.occurrence, instr(r.occurrence, '@') + 1) >= ?"
        " ORDER BY substr(r.occurrence, instr(r.occurrence, '@') + 1), r.occurrence",
        (participant, DOSE_DIARY, since.isoformat()),
    )


def current(tx: Tx, participant: str, occurrence: str) -> Row | None:
    """The current response to an occurrence, with its line."""
    return tx.one(
        "SELECT r.position, r.version, r.occurrence, r.root, r.began, l.line FROM responses r JOIN lines l USING (position)"
        " WHERE r.participant = ? AND r.occurrence = ? AND r.current = 1",
        (participant, occurrence),
    )
