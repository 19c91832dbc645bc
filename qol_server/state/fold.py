"""What each kind of entry does to the state."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from qol_server.state import adverse_events, calls, cases, ledger, levels, medicines, messages, notices, participants, responses, screening
from qol_server.state.responses import Known
from qol_server.store import Tx
from qol_server.trial.facts import Entry, Kind
from qol_server.trial.protocol import Protocol
from qol_server.trial.reminding import Outcome

ProtocolOf = Callable[[Tx, str], Protocol]
"""Gives the protocol of a version (the SHA-256 of its document), which the journal adopted earlier."""


class Folder:
    """Folds entries into the state tables of one transaction at a time."""

    def __init__(self, protocol_of: ProtocolOf) -> None:
        self._protocol_of = protocol_of

    def protocol(self, tx: Tx) -> Protocol | None:
        """The protocol in force, or None before the first was adopted."""
        row = tx.one("SELECT protocol FROM study")
        return None if row is None or row["protocol"] is None else self._protocol_of(tx, row["protocol"])

    def know(self, tx: Tx, participant: str | None, ids: Sequence[str], occurrences: Iterable[str]) -> Known:
        """What folding responses with these ids and occurrences needs; one look-up serves a whole batch."""
        protocol = self.protocol(tx)
        assert protocol is not None, "a participant is enrolled under a protocol"  # noqa: S101
        return responses.know(tx, protocol, participant, ids, occurrences)

    def fold(
        self, tx: Tx, entry: Entry, fact: Mapping[str, Any], noticed: tuple[str, ...] = (), known: Known | None = None
    ) -> tuple[str, ...]:
        """Fold one appended entry (its position set) whose line says ``fact``; returns the flags of a response.

        With ``known``, its ``flush`` is the caller's to call when the batch has been folded.
        """
        if entry.kind == Kind.RESPONSE_GIVEN:
            if known is not None:
                return responses.give(tx, entry, fact, known, noticed)
            known = self.know(tx, entry.participant, [entry.id], [entry.occurrence or ""])
            flags = responses.give(tx, entry, fact, known, noticed)
            known.flush(tx)
            return flags
        fold_alone(tx, entry, fact)
        if entry.kind in _MOVES_THE_CALENDAR and entry.participant is not None:
            self.recalendar(tx, entry.participant, entry.position)
        return ()

    def recalendar(self, tx: Tx, participant: str, position: int) -> list[tuple[str, str]]:
        """Bring one participant's assignments up to the facts and the protocol in force."""
        protocol = self.protocol(tx)
        return [] if protocol is None else participants.recalendar(tx, protocol, participant, position)


def fold_alone(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """Fold one entry that is no response, without the calendar that may follow from it."""
    handle = _HANDLERS.get(Kind(entry.kind))
    if handle is not None:
        handle(tx, entry, fact)


_MOVES_THE_CALENDAR = {
    Kind.PARTICIPANT_ENROLLED, Kind.PARTICIPANT_INCLUDED, Kind.ANCHOR_SET, Kind.ANCHOR_REVOKED, Kind.TREATMENT_PRESCRIBED,
    Kind.PRESCRIPTION_CORRECTED, Kind.WITHDRAWAL_RECORDED, Kind.WITHDRAWAL_REVOKED,
}  # fmt: skip


def _adopt(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """An instrument, a wording pack or a protocol: kept whole, named by its SHA-256, never removed."""
    kind = entry.kind.partition(".")[0]
    name = fact["study"] if kind == "protocol" else fact["instrument"]
    language = fact.get("language")
    tx.run("UPDATE documents SET current = 0 WHERE kind = ? AND name = ? AND language IS ?", (kind, name, language))
    tx.run(
        "INSERT INTO documents (version, kind, name, language, licence, stand_in, text, revision, current)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT (version) DO UPDATE SET current = 1, revision = excluded.revision",
        (
            fact["version"], kind, name, language, fact.get("licence"), int(fact.get("stand_in", False)), fact["text"],
            entry.position,
        ),
    )  # fmt: skip
    if kind == "protocol":
        tx.run("UPDATE study SET protocol = ?", (fact["version"],))
    tx.run("UPDATE study SET revision = ?", (entry.position,))


def _activate(tx: Tx, entry: Entry, _fact: Mapping[str, Any]) -> None:
    tx.run("UPDATE study SET status = 'active', revision = ?", (entry.position,))


def _quarantine(tx: Tx, entry: Entry, _fact: Mapping[str, Any]) -> None:
    responses.keep_for_review(tx, entry, hashlib.sha256(entry.line).digest())


def _pair(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    earlier = tx.one(  # a phone that is paired again goes on counting
        "SELECT contiguous_to, ahead, last_seq, last_captured, gap_since FROM devices WHERE participant = ? AND installation = ?"
        " ORDER BY paired_at DESC, rowid DESC LIMIT 1",
        (entry.participant, fact["installation_id"]),
    )
    sequence = (0, "[]", 0, None, None) if earlier is None else tuple(earlier)
    tx.run(
        "INSERT INTO devices (device, participant, installation, status, app, platform, paired_at, contiguous_to, ahead, last_seq,"
        " last_captured, gap_since) VALUES (?, ?, ?, 'active', ?, ?, ?, ?, ?, ?, ?, ?)",
        (entry.device, entry.participant, fact["installation_id"], fact["app"], fact["platform"], entry.received_at, *sequence),
    )
    if fact["time_zone"]:
        tx.run("UPDATE roster SET time_zone = ? WHERE participant = ?", (fact["time_zone"], entry.participant))
        participants.touch(tx, entry.participant, entry.position)


def _set_device(status: str) -> Callable[[Tx, Entry, Mapping[str, Any]], None]:
    def handle(tx: Tx, _entry: Entry, fact: Mapping[str, Any]) -> None:
        tx.run("UPDATE devices SET status = ? WHERE device = ?", (status, fact["device"]))

    return handle


def _note(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    messages.read(tx, entry, fact)
    ledger.note(tx, entry, fact)


def _report(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    """A report to the sponsor ends the clock of all that it names."""
    if "case" in fact:
        cases.reported(tx, entry, fact)
    if "ae" in fact:
        adverse_events.reported(tx, entry, fact)


def _record_adverse_event(tx: Tx, entry: Entry, fact: Mapping[str, Any]) -> None:
    adverse_events.recorded(tx, entry, fact)
    cases.act(tx, entry, fact)  # where it comes from a case


_HANDLERS: dict[Kind, Callable[[Tx, Entry, Mapping[str, Any]], None]] = {
    Kind.INSTRUMENT_ADOPTED: _adopt,
    Kind.WORDING_IMPORTED: _adopt,
    Kind.PROTOCOL_ADOPTED: _adopt,
    Kind.STUDY_ACTIVATED: _activate,
    Kind.PARTICIPANT_ENROLLED: screening.enrol,
    Kind.PARTICIPANT_INCLUDED: screening.include,
    Kind.CONSENT_GIVEN: screening.consent,
    Kind.ELIGIBILITY_RECORDED: screening.record,
    Kind.DEVIATION_SIGNED: screening.deviate,
    Kind.ANCHOR_SET: participants.set_anchor,
    Kind.ANCHOR_REVOKED: participants.revoke_anchor,
    Kind.TREATMENT_PRESCRIBED: participants.prescribe,
    Kind.PRESCRIPTION_CORRECTED: participants.correct_prescription,
    Kind.WITHDRAWAL_RECORDED: participants.withdraw,
    Kind.WITHDRAWAL_REVOKED: participants.revoke_withdrawal,
    Kind.MEDICINE_RECORDED: medicines.keep,
    Kind.MEDICINE_CHANGED: medicines.keep,
    Kind.PREFERENCE_SET: participants.prefer,
    Kind.APP_NOTED: _note,
    Kind.ENTRY_QUARANTINED: _quarantine,
    Kind.DEVICE_PAIRED: _pair,
    Kind.DEVICE_REPLACED: _set_device("replaced"),
    Kind.DEVICE_REVOKED: _set_device("revoked"),
    Kind.REMINDER_INTENDED: ledger.intend,
    Kind.REMINDER_DEFERRED: ledger.defer,
    Kind.REMINDER_SENT: ledger.settle(Outcome.SENT),
    Kind.REMINDER_DELIVERED: ledger.deliver,
    Kind.REMINDER_CANCELLED: ledger.settle(Outcome.CANCELLED),
    Kind.REMINDER_FAILED: ledger.settle(Outcome.FAILED),
    Kind.CONTACT_PAUSED: participants.pause,
    Kind.CONTACT_RESUMED: participants.resume,
    Kind.CALL_RAISED: calls.raised,
    Kind.CALL_TAKEN: calls.taken,
    Kind.CALL_ATTEMPTED: calls.attempted,
    Kind.CALL_CLOSED: calls.closed,
    Kind.CALL_SETTLED: calls.settled,
    Kind.OVERDUE_LISTED: calls.overdue_listed,
    Kind.MESSAGE_SENT: messages.send,
    Kind.ALERT_RAISED: cases.alert,
    Kind.CASE_OPENED: cases.opened,
    Kind.CASE_REPEATED: cases.repeated,
    Kind.CASE_WORSENED: cases.raised_anew,
    Kind.CASE_RELAPSED: cases.raised_anew,
    Kind.CASE_REOPENED: cases.raised_anew,
    Kind.CASE_CORRECTED: cases.corrected,
    Kind.CASE_ACKNOWLEDGED: cases.acknowledged,
    Kind.CASE_ESCALATED: cases.escalated,
    Kind.CASE_STALLED: cases.stalled,
    Kind.CASE_RELEASED: cases.released,
    Kind.CASE_RESOLVED: cases.resolved,
    Kind.CASE_ASSIGNED: cases.assigned,
    Kind.CASE_CONTACTED: cases.contacted,
    Kind.CASE_NOTED: cases.noted,
    Kind.CASE_ADVISED: cases.noted,
    Kind.SERIOUSNESS_STATED: cases.stated_serious,
    Kind.SERIOUSNESS_RETRACTED: cases.retracted,
    Kind.SERIOUSNESS_REPORTED: _report,
    Kind.STAFF_NOTIFIED: notices.tell,
    Kind.LEVEL_EXPECTED: levels.expect,
    Kind.LEVEL_ENDED: levels.end,
    Kind.ADVERSE_EVENT_RECORDED: _record_adverse_event,
    Kind.ADVERSE_EVENT_CHANGED: adverse_events.changed,
    Kind.ADVERSE_EVENT_SIGNED: adverse_events.signed,
    Kind.ADVERSE_EVENT_WITHDRAWN: adverse_events.withdrawn,
}
