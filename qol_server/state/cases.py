"""Alerts and cases as folded: what was found in each response, and where each case stands."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from qol_server.clock import stamp
from qol_server.state import participants
from qol_server.store import Row, Tx
from qol_server.trial.adverse_events import Serious
from qol_server.trial.alerting import URGENCIES, Finding, Urgency
from qol_server.trial.cases import Case, Known, State
from qol_server.trial.facts import Entry
from qol_server.trial.seriousness import Report, stated

# What the entries do


def alert(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """An alert was raised; the case that it belongs to says so itself."""
    tx.run(
        "INSERT INTO alerts (position, participant, at, given, root, rule, urgency, occurrence, captured_at, late, failed, again, expected,"
        " findings) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            entry.position, entry.participant, entry.received_at, fact["given"], fact["root"], fact["rule"], fact["urgency"],
            entry.occurrence, fact["captured_at"], int(fact["late"]), int(fact["failed"]), int(fact.get("again", False)), fact["expected"],
            orjson.dumps(fact["findings"]).decode(),
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
    _join(tx, entry, fact)


def repeated(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """Another survey says what the case knows."""
    tx.run('UPDATE cases SET surveys = surveys + 1, known = ? WHERE "case" = ?', (_known(fact), fact["case"]))
    _join(tx, entry, fact)


def raised_anew(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """It got worse, or is back: whoever looked after the case looks again; the clock begins anew unless the entry says that it goes on."""
    tx.run(
        "UPDATE cases SET state = 'raised', surveys = surveys + 1, urgency = ?, place = ?, known = ?, news_at = ?,"
        ' acknowledged_at = NULL, stalled = 0, resolved_at = NULL, action = NULL, outcome = NULL WHERE "case" = ?',
        (fact["urgency"], _place(fact), _known(fact), entry.received_at, fact["case"]),
    )
    if fact.get("restarts", True):
        tx.run(
            'UPDATE cases SET steps = 0, since = ?, captured_at = ? WHERE "case" = ?',
            (entry.received_at, fact["captured_at"], fact["case"]),
        )
    _join(tx, entry, fact)


def corrected(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """An answer was corrected on which the case rests; that closes nothing."""
    tx.run('UPDATE cases SET corrected = 1 WHERE "case" = ?', (fact["case"],))
    _keep(tx, entry, fact)


def acknowledged(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    tx.run(
        "UPDATE cases SET state = 'acknowledged', owner = ?, acknowledged_at = ? WHERE \"case\" = ?",
        (entry.actor, entry.received_at, fact["case"]),
    )
    act(tx, entry, fact)
    _keep(tx, entry, fact)
    _read(tx, entry, fact)


def act(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """Somebody did something with the case of a fact: the time in which nothing was done begins anew."""
    tx.run('UPDATE cases SET acted_at = ?, stalled = 0, released = NULL WHERE "case" = ?', (entry.received_at, fact["case"]))


def escalated(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    tx.run('UPDATE cases SET steps = ? WHERE "case" = ?', (fact["step"], fact["case"]))
    _keep(tx, entry, fact)


def stalled(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    tx.run('UPDATE cases SET stalled = ? WHERE "case" = ?', (fact["step"], fact["case"]))
    _keep(tx, entry, fact)


def released(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """It is nobody's again. If somebody had acknowledged it, its clock begins anew; if not, it goes on."""
    tx.run('UPDATE cases SET owner = NULL, released = ? WHERE "case" = ?', (fact["owner"], fact["case"]))
    tx.run(
        "UPDATE cases SET state = 'raised', since = ?, steps = 0, stalled = 0, acknowledged_at = NULL"
        " WHERE \"case\" = ? AND state = 'acknowledged'",
        (entry.received_at, fact["case"]),
    )
    _keep(tx, entry, fact)


def resolved(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    tx.run(
        "UPDATE cases SET state = 'resolved', resolved_at = ?, action = ?, outcome = ?, owner = coalesce(owner, ?) WHERE \"case\" = ?",
        (entry.received_at, fact["action"], fact["outcome"], entry.actor, fact["case"]),
    )
    _keep(tx, entry, fact)
    _read(tx, entry, fact)


def assigned(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """Somebody else looks after the case; whether it was acknowledged stays as it is."""
    tx.run('UPDATE cases SET owner = ? WHERE "case" = ?', (fact["owner"], fact["case"]))
    act(tx, entry, fact)
    _keep(tx, entry, fact)


def contacted(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    reached = int(fact["reached"])
    tx.run('UPDATE cases SET contacts = contacts + 1, reached = reached + ? WHERE "case" = ?', (reached, fact["case"]))
    act(tx, entry, fact)
    _keep(tx, entry, fact)


def noted(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """A note, or a message to the participant: the timeline has it."""
    act(tx, entry, fact)
    _keep(tx, entry, fact)


def stated_serious(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """The 24 hours count from the earliest knowledge that was said; a case that was done with is open again."""
    there = row(tx, fact["case"])
    before = None if there is None else serious(there)
    aware = stated(before, Serious(fact["criterion"]), datetime.fromisoformat(fact["aware_at"])).aware_at
    tx.run(
        "UPDATE cases SET serious = ?1, aware_at = ?2, resolved_at = NULL, action = NULL, outcome = NULL, owner = coalesce(owner, ?3),"
        " state = CASE state WHEN 'resolved' THEN 'acknowledged' ELSE state END WHERE \"case\" = ?4",
        (fact["criterion"], stamp(aware), entry.actor, fact["case"]),
    )
    act(tx, entry, fact)
    _keep(tx, entry, fact)


def retracted(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    tx.run('UPDATE cases SET serious = NULL, aware_at = NULL, reported_at = NULL WHERE "case" = ?', (fact["case"],))
    act(tx, entry, fact)
    _keep(tx, entry, fact)


def reported(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    tx.run('UPDATE cases SET reported_at = ? WHERE "case" = ?', (fact["reported_at"], fact["case"]))
    act(tx, entry, fact)
    _keep(tx, entry, fact)


def _join(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """The alerts become the case's; one that was known late makes it late."""
    positions = orjson.dumps(fact["alerts"]).decode()
    tx.run('UPDATE alerts SET "case" = ? WHERE position IN (SELECT value FROM json_each(?))', (fact["case"], positions))
    tx.run(
        "UPDATE cases SET late = late OR (SELECT max(late) FROM alerts WHERE position IN (SELECT value FROM json_each(?)))"
        ' WHERE "case" = ?',
        (positions, fact["case"]),
    )
    _keep(tx, entry, fact)


def _keep(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """One more step of the case."""
    tx.run('INSERT INTO case_steps ("case", position) VALUES (?, ?)', (fact["case"], entry.position))
    tx.run('UPDATE cases SET version = ? WHERE "case" = ?', (entry.position, fact["case"]))


def _read(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """Somebody has read what the case rests on, with its corrections: the participant's phones are told when."""
    tx.run(
        "UPDATE responses SET read_at = ?1, revision = ?2 WHERE read_at IS NULL AND participant = ?3 AND occurrence IN"
        ' (SELECT occurrence FROM alerts WHERE "case" = ?4) AND root IN (SELECT root FROM alerts WHERE "case" = ?4)',
        (entry.received_at, entry.position, entry.participant, fact["case"]),
    )
    tx.run(
        'UPDATE quarantine SET read_at = ?, revision = ? WHERE read_at IS NULL AND position IN (SELECT given FROM alerts WHERE "case" = ?)',
        (entry.received_at, entry.position, fact["case"]),
    )
    participants.touch(tx, entry.participant, entry.position)


def _place(fact: Mapping[str, Any]) -> int:
    return URGENCIES.index(Urgency(fact["urgency"]))


def _known(fact: Mapping[str, Any]) -> str:
    return orjson.dumps(fact["known"]).decode()


# What the decisions ask


def told(known: Known) -> list[list[str | None]]:
    """What a case knows, as its entries say it: [[rule, item, level or None]]."""
    return [[rule, subject, None if level is None else str(level)] for (rule, subject), level in sorted(known.items())]


def of_row(row: Row) -> Case:
    """The case of a row of the table."""
    known = {(rule, subject): None if level is None else Decimal(level) for rule, subject, level in orjson.loads(row["known"])}
    return Case(
        id=row["case"], participant=row["participant"], assessment=row["assessment"], state=State(row["state"]),
        urgency=Urgency(row["urgency"]), since=datetime.fromisoformat(row["since"]), version=row["version"], known=known,
        steps=row["steps"], owner=row["owner"], resolved_at=_moment(row["resolved_at"]), serious=serious(row),
        news_at=_moment(row["news_at"]), acted_at=_moment(row["acted_at"]), stalled=row["stalled"],
    )  # fmt: skip


def serious(row: Row) -> Report | None:
    """What was said of a case's seriousness, of its row."""
    if row["serious"] is None:
        return None
    return Report(Serious(row["serious"]), datetime.fromisoformat(row["aware_at"]), _moment(row["reported_at"]))


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def row(tx: Tx, id_: str) -> Row | None:
    """The row of a case."""
    return tx.one('SELECT * FROM cases WHERE "case" = ?', (id_,))


def case(tx: Tx, id_: str) -> Case | None:
    """The case of this id."""
    found = row(tx, id_)
    return None if found is None else of_row(found)


def latest(tx: Tx, participant: str, about: str) -> Case | None:
    """The participant's case about an assessment, or about one occurrence of what happened, that was opened last."""
    row = tx.one(
        'SELECT * FROM cases WHERE participant = ?1 AND (assessment = ?2 OR "case" IN'
        ' (SELECT "case" FROM alerts WHERE participant = ?1 AND occurrence = ?2)) ORDER BY opened_at DESC, version DESC LIMIT 1',
        (participant, about),
    )
    return None if row is None else of_row(row)


def waiting(tx: Tx) -> list[tuple[Case, str]]:
    """The cases that nobody has acknowledged, each with its site."""
    return [(of_row(row), row["site"]) for row in tx.all("SELECT * FROM cases WHERE state = 'raised' ORDER BY \"case\"")]


def taken(tx: Tx, *, stalled: bool = False) -> list[tuple[Case, str]]:
    """The cases that somebody looks after, each with its site; ``stalled``: only those with which nothing was done for a time."""
    where = " AND stalled > 0" if stalled else ""
    rows = tx.all(f"SELECT * FROM cases WHERE state = 'acknowledged'{where} ORDER BY \"case\"")  # noqa: S608 - only our own words
    return [(of_row(row), row["site"]) for row in rows]


def owners(tx: Tx) -> list[tuple[str, str]]:
    """Who owns open cases, and at which sites."""
    rows = tx.all("SELECT DISTINCT owner, site FROM cases WHERE state <> 'resolved' AND owner IS NOT NULL ORDER BY owner, site")
    return [(row["owner"], row["site"]) for row in rows]


def owned(tx: Tx, owner: str, site: str) -> list[Case]:
    """The open cases of a site that somebody owns."""
    rows = tx.all("SELECT * FROM cases WHERE state <> 'resolved' AND owner = ? AND site = ? ORDER BY \"case\"", (owner, site))
    return [of_row(row) for row in rows]


def unreported(tx: Tx) -> list[tuple[Case, str]]:
    """The serious cases that were not reported, each with its site."""
    rows = tx.all("SELECT * FROM cases WHERE state <> 'resolved' AND serious IS NOT NULL AND reported_at IS NULL ORDER BY \"case\"")
    return [(of_row(row), row["site"]) for row in rows]


def still_open(tx: Tx, site: str | None = None) -> list[Row]:
    """The rows of the cases that are not resolved, most urgent and longest waiting first."""
    where, given = ("", ()) if site is None else (" AND site = ?", (site,))
    return tx.all(f"SELECT * FROM cases WHERE state <> 'resolved'{where} ORDER BY place, since, \"case\"", given)  # noqa: S608


def lately_resolved(tx: Tx, limit: int) -> list[Row]:
    """Of the cases that were resolved last, at most so many: since when they waited, and when they were resolved."""
    return tx.all("SELECT since, resolved_at FROM cases WHERE state = 'resolved' ORDER BY resolved_at DESC LIMIT ?", (limit,))


def tally(tx: Tx) -> dict[str, int]:
    """How many alerts were raised, how many of them an expected level explained, and how the cases of the others stand.

    ``nowhere``: alerts that are neither explained nor in a case; there must not be any.
    """
    row = tx.one(
        "SELECT count(*) AS alerts, count(expected) AS suppressed,"
        ' count(CASE WHEN expected IS NULL AND "case" IS NULL THEN 1 END) AS nowhere,'
        " (SELECT count(*) FROM cases) AS cases, (SELECT count(*) FROM cases WHERE state = 'raised') AS waiting_cases,"
        " (SELECT count(*) FROM cases WHERE state = 'acknowledged') AS taken_cases,"
        " (SELECT count(*) FROM cases WHERE state = 'resolved') AS resolved_cases FROM alerts"
    )
    assert row is not None  # noqa: S101
    return dict(row)


def beginning_with(tx: Tx, beginning: str) -> list[Row]:
    """The cases, open or not, whose id begins so; at most two."""
    if not beginning:
        return []
    return tx.all('SELECT * FROM cases WHERE "case" >= ? AND "case" < ? ORDER BY "case" LIMIT 2', (beginning, beginning + "~"))


def alerts_of(tx: Tx, id_: str) -> list[Row]:
    """The alerts of a case, in the order of the journal; ``under_review``: what they were found in is not used as it is."""
    return tx.all(f'{_ALERTS} WHERE a."case" = ? ORDER BY a.position', (id_,))


def found_in(tx: Tx, given: int, rule: str) -> list[Finding]:
    """What the alerts of a rule found in one response, oldest first."""
    rows = tx.all("SELECT findings FROM alerts WHERE given = ? AND rule = ? ORDER BY position", (given, rule))
    return [Finding(*finding) for row in rows for finding in orjson.loads(row["findings"])]


def explained_beside(tx: Tx, id_: str) -> list[Row]:
    """The alerts that an expected level explained in the surveys of a case, with who said so and why."""
    return tx.all(f'{_ALERTS} WHERE a.expected IS NOT NULL AND a.given IN (SELECT given FROM alerts WHERE "case" = ?)', (id_,))  # noqa: S608


_ALERTS = (
    "SELECT a.*, q.position IS NOT NULL AS under_review, e.actor, e.reason FROM alerts a"
    " LEFT JOIN quarantine q ON q.position = a.given LEFT JOIN entries e ON e.position = a.expected"
)


def given_id(tx: Tx, id_: str) -> str | None:
    """The id of the entry that the latest alert of a case was found in."""
    row = tx.one(
        'SELECT e.id FROM alerts a JOIN entries e ON e.position = a.given WHERE a."case" = ? ORDER BY a.position DESC LIMIT 1', (id_,)
    )
    return None if row is None else str(row["id"])


def steps(tx: Tx, id_: str) -> list[Row]:
    """What happened to a case, oldest first: kind, actor, received_at, reason, and the line (empty where it was blanked)."""
    return tx.all(
        "SELECT e.position, e.kind, e.actor, e.received_at, e.reason, l.line FROM case_steps s JOIN entries e USING (position)"
        ' JOIN lines l USING (position) WHERE s."case" = ? ORDER BY s.position',
        (id_,),
    )


def cases_resting_on(tx: Tx, participant: str, root: str) -> list[str]:
    """The cases with an alert that was found in a response, or in a correction of it."""
    rows = tx.all('SELECT DISTINCT "case" FROM alerts WHERE participant = ? AND root = ? AND "case" IS NOT NULL', (participant, root))
    return [row["case"] for row in rows]


def suppressed(tx: Tx, participant: str, limit: int) -> list[Row]:
    """The alerts of a participant that an expected level explained, latest first, with who said so and why."""
    return tx.all(f"{_ALERTS} WHERE a.participant = ? AND a.expected IS NOT NULL ORDER BY a.position DESC LIMIT ?", (participant, limit))
