"""Participants as folded: their dated facts, and the calendar that follows from them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import orjson

from qol_server.store import Row, Tx
from qol_server.trial import schedule
from qol_server.trial.facts import Entry
from qol_server.trial.participant import WITHOUT_END, Consent, Participant, Prescription, Written
from qol_server.trial.protocol import Protocol

ENDS_PARTICIPATION = ("death", "study_end")
"""Anchors after which nothing more is collected; the withdrawal of consent does the same."""


def load(tx: Tx, number: str) -> Participant | None:
    """The participant as the rules see them, or None."""
    return load_all(tx, [number]).get(number)


_AMONG = "participant IN (SELECT value FROM json_each(?))"
STANDING = (
    "p.corrected_by IS NULL AND NOT EXISTS (SELECT 1 FROM prescriptions later WHERE later.participant = p.participant"
    " AND later.day = p.day AND later.corrected_by IS NULL AND later.position > p.position)"
)
"""Of prescriptions ``p``: those that were not corrected, and of one day the last."""


def load_all(tx: Tx, numbers: Sequence[str]) -> dict[str, Participant]:
    """Several participants by number, at the price of one look into each table."""
    among = (orjson.dumps(list(numbers)).decode(),)
    anchors: dict[str, dict[str, list[date]]] = {}
    for row in tx.all(f"SELECT participant, anchor, day FROM anchors WHERE {_AMONG} ORDER BY participant, anchor, nth", among):  # noqa: S608
        anchors.setdefault(row["participant"], {}).setdefault(row["anchor"], []).append(date.fromisoformat(row["day"]))
    prescriptions: dict[str, list[Prescription]] = {}
    written: dict[str, list[Written]] = {}
    for row in tx.all(f"SELECT p.*, {STANDING} AS standing FROM prescriptions p WHERE {_AMONG} ORDER BY position", among):  # noqa: S608
        written.setdefault(row["participant"], []).append(_written(row))
        if row["standing"]:
            prescriptions.setdefault(row["participant"], []).append(_prescription(row))
    withdrawals: dict[str, dict[str, date]] = {}
    for row in tx.all(f"SELECT participant, kind, day FROM withdrawals WHERE {_AMONG}", among):  # noqa: S608
        withdrawals.setdefault(row["participant"], {})[row["kind"]] = date.fromisoformat(row["day"])
    pauses = tx.all(f"SELECT participant, until FROM pauses WHERE {_AMONG}", among)  # noqa: S608
    paused = {row["participant"]: date.fromisoformat(row["until"]) if row["until"] else WITHOUT_END for row in pauses}
    consents: dict[str, list[Consent]] = {}
    for row in tx.all(f"SELECT participant, version, day FROM consents WHERE {_AMONG} ORDER BY participant, day, position", among):  # noqa: S608
        consents.setdefault(row["participant"], []).append(Consent(row["version"], date.fromisoformat(row["day"])))
    unmet: dict[str, list[str]] = {}
    for row in tx.all(
        f"SELECT participant, criterion FROM eligibility v WHERE {_AMONG} AND result = 'not-met' AND NOT EXISTS (SELECT 1 FROM deviations d"  # noqa: S608
        " WHERE d.participant = v.participant AND d.criterion = v.criterion AND d.value = v.value) ORDER BY participant, criterion",
        among,
    ):
        unmet.setdefault(row["participant"], []).append(row["criterion"])
    return {
        row["participant"]: Participant(
            number=row["participant"],
            site=row["site"],
            time_zone=row["time_zone"],
            anchors={name: tuple(days) for name, days in anchors.get(row["participant"], {}).items()},
            prescriptions=tuple(sorted(prescriptions.get(row["participant"], ()), key=lambda one: one.day)),
            withdrawals=withdrawals.get(row["participant"], {}),
            reminder_hour=row["reminder_hour"],
            language=row["language"],
            paused_until=paused.get(row["participant"]),
            consents=tuple(consents.get(row["participant"], ())),
            included=bool(row["included"]),
            unmet=tuple(unmet.get(row["participant"], ())),
            written=tuple(written.get(row["participant"], ())),
        )
        for row in tx.all(f"SELECT * FROM roster WHERE {_AMONG}", among)  # noqa: S608
    }


def _prescription(row: Row) -> Prescription:
    return Prescription(date.fromisoformat(row["day"]), row["regimen"], Decimal(row["mg_per_day"]), row["intakes_per_day"], row["reason"])


def _written(row: Row) -> Written:
    until = row["corrected_at"]
    return Written(_prescription(row), datetime.fromisoformat(row["recorded_at"]), None if until is None else datetime.fromisoformat(until))


def numbers(tx: Tx) -> list[str]:
    """The numbers of all participants, in order."""
    return [row["participant"] for row in tx.all("SELECT participant FROM roster ORDER BY participant")]


def sites(tx: Tx) -> list[str]:
    """The sites that have participants, in order; also those that are no longer in the study's file."""
    return [row["site"] for row in tx.all("SELECT DISTINCT site FROM roster ORDER BY site")]


def site_of(tx: Tx, number: str) -> str | None:
    """The site at which a participant was enrolled, or None where there is no such participant."""
    row = tx.one("SELECT site FROM roster WHERE participant = ?", (number,))
    return None if row is None else str(row["site"])


def enrolled_by(tx: Tx, form: str) -> str | None:
    """Whom a form gave a number; None where it was never sent."""
    row = tx.one("SELECT participant FROM roster WHERE form = ?", (form,))
    return None if row is None else str(row["participant"])


def enrol(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    tx.run(
        "INSERT INTO roster (participant, site, language, time_zone, reminder_hour, enrolled_at, included, ended_on, revision, form)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, NULL, ?, ?)",
        (
            fact["number"], fact["site"], fact["language"], fact["time_zone"], fact["reminder_hour"], entry.received_at,
            int(fact.get("included", True)), entry.position, fact.get("form"),
        ),
    )  # fmt: skip
    for anchor, day in fact["anchors"].items():
        _anchor(tx, entry, anchor, 1, day)


def set_anchor(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    _anchor(tx, entry, fact["anchor"], fact["nth"], fact["date"])


def _anchor(tx: Tx, entry: Entry, anchor: str, nth: int, day: str) -> None:
    number = entry.participant
    tx.run(
        "INSERT INTO anchors (participant, anchor, nth, day, position) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (participant, anchor, nth) DO UPDATE SET day = excluded.day, position = excluded.position",
        (number, anchor, nth, day, entry.position),
    )
    if anchor in ENDS_PARTICIPATION:
        _find_end(tx, number)


def revoke_anchor(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """It did not happen, or not to this participant."""
    tx.run("DELETE FROM anchors WHERE participant = ? AND anchor = ? AND nth = ?", (entry.participant, fact["anchor"], fact["nth"]))
    if fact["anchor"] in ENDS_PARTICIPATION:
        _reopen(tx, entry)


def _reopen(tx: Tx, entry: Entry) -> None:
    """A participation that had ended may go on: its phones were told nothing meanwhile, so they are told all again."""
    _find_end(tx, entry.participant)
    for table in ("assignments", "messages"):
        tx.run(f"UPDATE {table} SET revision = ? WHERE participant = ?", (entry.position, entry.participant))  # noqa: S608


def prescribe(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """Of two prescriptions for one day the later counts; both stay."""
    tx.run(
        "INSERT INTO prescriptions (position, participant, day, regimen, mg_per_day, intakes_per_day, reason, note, actor, recorded_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            entry.position, entry.participant, fact["from"], fact["regimen"], fact["mg_per_day"], fact["intakes_per_day"],
            entry.reason or "", fact.get("note"), entry.actor, entry.received_at,
        ),
    )  # fmt: skip


def correct_prescription(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """A prescription holds from another day, or was never made; as it was written down it stays in the history."""
    if fact["from"] is not None:
        tx.run(
            "INSERT INTO prescriptions (position, participant, day, regimen, mg_per_day, intakes_per_day, reason, note, actor,"
            " recorded_at, corrects) SELECT ?, participant, ?, regimen, mg_per_day, intakes_per_day, reason, note, ?, ?, position"
            " FROM prescriptions WHERE position = ?",
            (entry.position, fact["from"], entry.actor, entry.received_at, fact["corrects"]),
        )
    tx.run(
        "UPDATE prescriptions SET corrected_by = ?, corrected_at = ? WHERE position = ?",
        (entry.position, entry.received_at, fact["corrects"]),
    )


def prescriptions(tx: Tx, number: str) -> list[Row]:
    """Every prescription ever written down, corrected ones too, by day; ``standing``: whether it counts, ``why``: of its correction."""
    return tx.all(
        f"SELECT p.*, {STANDING} AS standing, e.reason AS why FROM prescriptions p LEFT JOIN entries e ON e.position = p.corrected_by"  # noqa: S608
        " WHERE p.participant = ? ORDER BY p.day, p.position",
        (number,),
    )


def withdraw(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    tx.run(
        "INSERT INTO withdrawals (participant, kind, day, position) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (participant, kind) DO UPDATE SET day = excluded.day, position = excluded.position",
        (entry.participant, fact["kind"], fact["date"], entry.position),
    )
    if fact["kind"] == "consent":
        _find_end(tx, entry.participant)


def revoke_withdrawal(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """It was recorded by mistake."""
    tx.run("DELETE FROM withdrawals WHERE participant = ? AND kind = ?", (entry.participant, fact["kind"]))
    if fact["kind"] == "consent":
        _reopen(tx, entry)


def pause(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """All contact rests up to and with a day; a later pause replaces an earlier one."""
    tx.run(
        "INSERT OR REPLACE INTO pauses (participant, until, since, who, why, position) VALUES (?, ?, ?, ?, ?, ?)",
        (entry.participant, fact["until"], entry.received_at, entry.actor, entry.reason or "", entry.position),
    )


def resume(tx: Tx, entry: Entry, _fact: Mapping[str, Any]) -> None:
    tx.run("DELETE FROM pauses WHERE participant = ?", (entry.participant,))


def the_pause(tx: Tx, number: str) -> Row | None:
    """The pause of all contact that was made last and not ended by hand: until (None: without an end), since, who, why."""
    return tx.one("SELECT * FROM pauses WHERE participant = ?", (number,))


def said_dead(tx: Tx, sites: Collection[str]) -> list[Row]:
    """Whose contact is paused without an end, because somebody was told that they died, and whose participation is not recorded as
    ended yet: participant, site, since, who; the longest known first."""
    return tx.all(
        "SELECT p.*, r.site FROM pauses p JOIN roster r USING (participant) WHERE p.until IS NULL AND r.ended_on IS NULL"
        " AND r.site IN (SELECT value FROM json_each(?)) ORDER BY p.since, p.participant",
        (orjson.dumps(list(sites)).decode(),),
    )


def _find_end(tx: Tx, number: str | None) -> None:
    tx.run(
        "UPDATE roster SET ended_on = (SELECT min(day) FROM ("
        "SELECT day FROM anchors WHERE participant = ?1 AND anchor IN (?2, ?3)"
        " UNION ALL SELECT day FROM withdrawals WHERE participant = ?1 AND kind = 'consent')) WHERE participant = ?1",
        (number, *ENDS_PARTICIPATION),
    )


def prefer(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """The participant chose a language or an hour for reminders, or moved to another time zone."""
    for column in ("language", "reminder_hour", "time_zone"):
        if fact.get(column) is not None:
            tx.run(f"UPDATE roster SET {column} = ? WHERE participant = ?", (fact[column], entry.participant))  # noqa: S608
    touch(tx, entry.participant, entry.position)


def touch(tx: Tx, number: str | None, position: int) -> None:
    """Note that something of this participant's feed changed at this position."""
    tx.run("UPDATE roster SET revision = ? WHERE participant = ?", (position, number))


_COLUMNS = (
    "occurrence, assessment, visit, instrument, opens, opens_at, target, due, closes, late_reason_after, served_by, expected, retired"
)


def as_row(assignment: schedule.Assignment) -> tuple[Any, ...]:
    """The columns of an assignment, retired last."""
    reason_after = assignment.late_reason_after
    return (
        assignment.occurrence, assignment.assessment, assignment.visit, assignment.instrument, assignment.opens.isoformat(),
        assignment.opens_at.isoformat("minutes"), assignment.target.isoformat(), assignment.due.isoformat(),
        assignment.closes.isoformat(), None if reason_after is None else reason_after.isoformat(), assignment.served_by,
        int(assignment.expected), 0,
    )  # fmt: skip


def recalendar(tx: Tx, protocol: Protocol, number: str, position: int) -> list[tuple[str, str]]:
    """Bring the participant's assignments up to the facts; returns what changed as (added | moved | retired, occurrence).

    An assignment that the calendar no longer has is marked retired and kept: an answer to it is still ordinary data.
    """
    participant = load(tx, number)
    if participant is None:
        return []
    had = {row["occurrence"]: tuple(row) for row in tx.all(f"SELECT {_COLUMNS} FROM assignments WHERE participant = ?", (number,))}  # noqa: S608
    now = {a.occurrence: as_row(a) for a in schedule.calendar(protocol, participant, date.max)}
    changes = [("moved" if name in had else "added", name) for name, row in now.items() if had.get(name) != row]
    retired = [name for name, row in had.items() if name not in now and not row[-1]]
    tx.many(
        f"INSERT INTO assignments (participant, {_COLUMNS}, revision, earliest)"  # noqa: S608
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?6)"
        " ON CONFLICT (participant, occurrence) DO UPDATE SET instrument = excluded.instrument, opens = excluded.opens,"
        " opens_at = excluded.opens_at, target = excluded.target, due = excluded.due, closes = excluded.closes,"
        " late_reason_after = excluded.late_reason_after, served_by = excluded.served_by, expected = excluded.expected,"
        " retired = 0, revision = excluded.revision, earliest = min(earliest, excluded.earliest)",
        ((number, *now[name], position) for _, name in changes),
    )
    tx.many(
        "UPDATE assignments SET retired = 1, revision = ? WHERE participant = ? AND occurrence = ?",
        ((position, number, name) for name in retired),
    )
    touch(tx, number, position)
    return changes + [("retired", name) for name in retired]


def assignment(row: Row) -> schedule.Assignment:
    """The assignment of a row of the table."""
    reason_after = row["late_reason_after"]
    return schedule.Assignment(
        occurrence=row["occurrence"], assessment=row["assessment"], visit=row["visit"], instrument=row["instrument"],
        opens=date.fromisoformat(row["opens"]), target=date.fromisoformat(row["target"]), due=date.fromisoformat(row["due"]),
        closes=date.fromisoformat(row["closes"]), opens_at=time.fromisoformat(row["opens_at"]),
        late_reason_after=None if reason_after is None else date.fromisoformat(reason_after), served_by=row["served_by"],
        expected=bool(row["expected"]),
    )  # fmt: skip


def assignments(tx: Tx, number: str) -> list[schedule.Assignment]:
    """The participant's assignments that are not retired, in order of opening."""
    rows = tx.all("SELECT * FROM assignments WHERE participant = ? AND retired = 0 ORDER BY opens, occurrence", (number,))
    return [assignment(row) for row in rows]


def one_assignment(tx: Tx, number: str, occurrence: str) -> schedule.Assignment | None:
    """The participant's assignment of this occurrence, retired or not."""
    row = tx.one("SELECT * FROM assignments WHERE participant = ? AND occurrence = ?", (number, occurrence))
    return None if row is None else assignment(row)
