"""Counts for the page of the alert load, by site and day (UTC); each looks at the period alone, however long the journal is."""

from __future__ import annotations

from datetime import date, datetime

from qol_server import journal
from qol_server.clock import stamp
from qol_server.store import Row, Tx
from qol_server.trial.alerting import Urgency
from qol_server.trial.load import Worked


def alerts(tx: Tx, since: datetime, until: datetime) -> list[Row]:
    """site, day, alerts, suppressed, and the surveys with an alert that is not."""
    return _in_period(
        tx, since, until,
        "SELECT r.site, substr(a.at, 1, 10) AS day, count(*) AS alerts, count(a.expected) AS suppressed,"
        " count(DISTINCT CASE WHEN a.expected IS NULL THEN a.given END) AS surveys FROM alerts a JOIN roster r USING (participant)"
        " WHERE a.position BETWEEN ? AND ? GROUP BY 1, 2",
    )  # fmt: skip


def responses(tx: Tx, since: datetime, until: datetime) -> list[Row]:
    """site, n: how many responses came."""
    return _in_period(
        tx, since, until,
        "SELECT r.site, count(*) AS n FROM responses s JOIN roster r USING (participant) WHERE s.position BETWEEN ? AND ? GROUP BY 1",
    )  # fmt: skip


def calls(tx: Tx, since: datetime, until: datetime) -> list[Row]:
    """site, day, raised: how many calls were asked for; closed: how many of these are closed."""
    return _in_period(
        tx, since, until,
        "SELECT site, substr(raised_at, 1, 10) AS day, count(*) AS raised, count(closed_at) AS closed FROM calls"
        " WHERE position BETWEEN ? AND ? GROUP BY 1, 2",
    )  # fmt: skip


def reminders(tx: Tx, since: datetime, until: datetime) -> list[Row]:
    """site, day, sent: how many reminders a channel took."""
    return _in_period(
        tx, since, until,
        "SELECT r.site, substr(e.received_at, 1, 10) AS day, count(*) AS sent FROM entries e INDEXED BY entries_kind"
        " JOIN roster r USING (participant) WHERE e.kind = 'reminder.sent' AND e.kind <> 'response.given' AND e.position BETWEEN ? AND ?"
        " GROUP BY 1, 2",
    )  # fmt: skip


def cases(tx: Tx, since: datetime, until: datetime) -> list[Worked]:
    """The cases that were opened."""
    rows = tx.all(
        "SELECT site, urgency, opened_at, since, acknowledged_at, resolved_at, steps FROM cases WHERE opened_at >= ? AND opened_at < ?",
        (stamp(since), stamp(until)),
    )
    return [
        Worked(
            row["site"], Urgency(row["urgency"]), datetime.fromisoformat(row["opened_at"]), datetime.fromisoformat(row["since"]),
            _moment(row["acknowledged_at"]), _moment(row["resolved_at"]), row["steps"],
        )
        for row in rows
    ]  # fmt: skip


def day_of(row: Row) -> date:
    """The day of a count."""
    return date.fromisoformat(row["day"])


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _in_period(tx: Tx, since: datetime, until: datetime, sql: str) -> list[Row]:
    first, last = journal.after(tx, stamp(since)), journal.after(tx, stamp(until))
    return tx.all(sql, (first, last - 1))
