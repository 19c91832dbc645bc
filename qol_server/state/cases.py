"""Alerts and cases as folded: what was found in each response, where each case stands, which levels are expected."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import orjson

from qol_server.store import Row, Tx
from qol_server.trial.alerting import URGENCIES, Expected, Urgency
from qol_server.trial.cases import Case, Known, State
from qol_server.trial.facts import Entry

# What the entries do


def alert(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """An alert was raised; the case that it belongs to says so itself."""
    tx.run(
        "INSERT INTO alerts (position, participant, given, root, rule, urgency, occurrence, captured_at, late, failed, expected, findings)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            entry.position, entry.participant, fact["given"], fact["root"], fact["rule"], fact["urgency"], entry.occurrence,
            fact["captured_at"], int(fact["late"]), int(fact["failed"]), fact["expected"], orjson.dumps(fact["findings"]).decode(),
        ),
    )  # fmt: skip


def opened(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """A case begins; its clock counts from the receipt of what raised it."""
    tx.run(
        'INSERT INTO cases ("case", participant, site, assessment, state, urgency, place, opened_at, since, captured_at, known, surveys,'
        " steps, version) SELECT ?1, ?2, site, ?3, 'raised', ?4, ?5, ?6, ?6, ?7, ?8, 1, 0, ?9 FROM roster WHERE participant = ?2",
        (
            fact["case"], entry.participant, fact["assessment"], fact["urgency"], _place(fact), entry.received_at, fact["captured_at"],
            _known(fact), entry.position,
        ),
    )  # fmt: skip
    _join(tx, fact)


def repeated(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """Another survey says what the case knows."""
    tx.run(
        'UPDATE cases SET surveys = surveys + 1, known = ?, version = ? WHERE "case" = ?',
        (_known(fact), entry.position, fact["case"]),
    )
    _join(tx, fact)


def raised_anew(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """It got worse: whoever looked after the case looks again, and the clock begins anew."""
    tx.run(
        "UPDATE cases SET state = 'raised', surveys = surveys + 1, steps = 0, since = ?, urgency = ?, place = ?, known = ?,"
        ' acknowledged_at = NULL, resolved_at = NULL, action = NULL, outcome = NULL, version = ? WHERE "case" = ?',
        (entry.received_at, fact["urgency"], _place(fact), _known(fact), entry.position, fact["case"]),
    )
    _join(tx, fact)


def corrected(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """An answer was corrected on which the case rests; that closes nothing."""
    tx.run('UPDATE cases SET version = ? WHERE "case" = ?', (entry.position, fact["case"]))


def acknowledged(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    tx.run(
        "UPDATE cases SET state = 'acknowledged', owner = ?, acknowledged_at = ?, version = ? WHERE \"case\" = ?",
        (entry.actor, entry.received_at, entry.position, fact["case"]),
    )


def escalated(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    tx.run('UPDATE cases SET steps = ?, version = ? WHERE "case" = ?', (fact["step"], entry.position, fact["case"]))


def resolved(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    tx.run(
        "UPDATE cases SET state = 'resolved', resolved_at = ?, action = ?, outcome = ?, owner = coalesce(owner, ?), version = ?"
        ' WHERE "case" = ?',
        (entry.received_at, fact["action"], fact["outcome"], entry.actor, entry.position, fact["case"]),
    )


def expect(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """A later word about the same item replaces the earlier one."""
    tx.run(
        "INSERT INTO expected_levels (participant, item, level, until, position) VALUES (?, ?, ?, ?, ?) ON CONFLICT (participant, item)"
        " DO UPDATE SET level = excluded.level, until = excluded.until, position = excluded.position",
        (entry.participant, fact["item"], fact["level"], fact["until"], entry.position),
    )


def _join(tx: Tx, fact: Mapping[str, Any]) -> None:
    tx.run(
        'UPDATE alerts SET "case" = ? WHERE position IN (SELECT value FROM json_each(?))',
        (fact["case"], orjson.dumps(fact["alerts"]).decode()),
    )


def _place(fact: Mapping[str, Any]) -> int:
    return URGENCIES.index(Urgency(fact["urgency"]))


def _known(fact: Mapping[str, Any]) -> str:
    return orjson.dumps(fact["known"]).decode()


# What the decisions ask


def told(known: Known) -> list[list[str | None]]:
    """What a case knows, as its entries say it: [[rule, item, level or None]]."""
    return [[rule, subject, None if level is None else str(level)] for (rule, subject), level in sorted(known.items())]


def _case(row: Row) -> Case:
    known = {(rule, subject): None if level is None else Decimal(level) for rule, subject, level in orjson.loads(row["known"])}
    resolved_at = row["resolved_at"]
    return Case(
        id=row["case"], participant=row["participant"], assessment=row["assessment"], state=State(row["state"]),
        urgency=Urgency(row["urgency"]), since=datetime.fromisoformat(row["since"]), version=row["version"], known=known,
        steps=row["steps"], owner=row["owner"], resolved_at=None if resolved_at is None else datetime.fromisoformat(resolved_at),
    )  # fmt: skip


def case(tx: Tx, id_: str) -> Case | None:
    """The case of this id."""
    row = tx.one('SELECT * FROM cases WHERE "case" = ?', (id_,))
    return None if row is None else _case(row)


def latest(tx: Tx, participant: str, assessment: str) -> Case | None:
    """The participant's case about an assessment that was opened last."""
    row = tx.one(
        "SELECT * FROM cases WHERE participant = ? AND assessment = ? ORDER BY opened_at DESC, version DESC LIMIT 1",
        (participant, assessment),
    )
    return None if row is None else _case(row)


def waiting(tx: Tx) -> list[tuple[Case, str]]:
    """The cases that nobody has acknowledged, each with its site."""
    return [(_case(row), row["site"]) for row in tx.all("SELECT * FROM cases WHERE state = 'raised' ORDER BY \"case\"")]


def still_open(tx: Tx, site: str | None = None) -> list[Row]:
    """The rows of the cases that are not resolved, most urgent and longest waiting first."""
    where, given = ("", ()) if site is None else (" AND site = ?", (site,))
    return tx.all(f"SELECT * FROM cases WHERE state <> 'resolved'{where} ORDER BY place, since, \"case\"", given)  # noqa: S608


def beginning_with(tx: Tx, beginning: str) -> list[Row]:
    """The cases, open or not, whose id begins so; at most two."""
    if not beginning:
        return []
    return tx.all('SELECT * FROM cases WHERE "case" >= ? AND "case" < ? ORDER BY "case" LIMIT 2', (beginning, beginning + "~"))


def alerts_of(tx: Tx, id_: str) -> list[Row]:
    """The alerts of a case, in the order of the journal."""
    return tx.all('SELECT * FROM alerts WHERE "case" = ? ORDER BY position', (id_,))


def cases_resting_on(tx: Tx, participant: str, root: str) -> list[str]:
    """The cases with an alert that was found in a response, or in a correction of it."""
    rows = tx.all('SELECT DISTINCT "case" FROM alerts WHERE participant = ? AND root = ? AND "case" IS NOT NULL', (participant, root))
    return [row["case"] for row in rows]


def expected(tx: Tx, participant: str) -> list[Expected]:
    """The levels that are usual for a participant."""
    rows = tx.all("SELECT * FROM expected_levels WHERE participant = ?", (participant,))
    return [Expected(row["item"], row["level"], date.fromisoformat(row["until"]), row["position"]) for row in rows]


# What was given before and after a response


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


def before(tx: Tx, participant: str, assessment: str, occurrence: str, moment: str, *, first: bool = False) -> Row | None:
    """The current response to another occurrence of the assessment that began last before ``moment``, or first of all."""
    order = "ASC" if first else "DESC"
    return tx.one(f"{_IN_TIME} AND r.began < ? ORDER BY r.began {order} LIMIT 1", (participant, assessment, occurrence, moment))


def after(tx: Tx, participant: str, assessment: str, occurrence: str, moment: str) -> Row | None:
    """The current response to another occurrence of the assessment that began first after ``moment``."""
    return tx.one(f"{_IN_TIME} AND r.began > ? ORDER BY r.began LIMIT 1", (participant, assessment, occurrence, moment))


def current(tx: Tx, participant: str, occurrence: str) -> Row | None:
    """The current response to an occurrence, with its line."""
    return tx.one(
        "SELECT r.position, r.version, r.occurrence, r.root, r.began, l.line FROM responses r JOIN lines l USING (position)"
        " WHERE r.participant = ? AND r.occurrence = ? AND r.current = 1",
        (participant, occurrence),
    )
