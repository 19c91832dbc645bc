"""What the journal holds: the entry, its kinds, and the exact bytes that its digest covers."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """Every kind of entry, noun and past participle."""

    # what a phone may send
    RESPONSE_GIVEN = "response.given"
    PREFERENCE_SET = "preference.set"
    APP_NOTED = "app.noted"
    HELP_ASKED = "help.asked"
    # what the server makes of what it cannot use
    ENTRY_QUARANTINED = "entry.quarantined"
    ENTRY_REDACTED = "entry.redacted"
    # the study
    STUDY_CREATED = "study.created"
    INSTRUMENT_ADOPTED = "instrument.adopted"
    WORDING_IMPORTED = "wording.imported"
    PROTOCOL_ADOPTED = "protocol.adopted"
    STUDY_ACTIVATED = "study.activated"
    # the participant
    PARTICIPANT_ENROLLED = "participant.enrolled"
    PARTICIPANT_INCLUDED = "participant.included"
    CONSENT_GIVEN = "consent.given"
    ELIGIBILITY_RECORDED = "eligibility.recorded"
    DEVIATION_SIGNED = "deviation.signed"
    CONTACT_WRITTEN = "contact.written"
    CONTACT_SEEN = "contact.seen"
    CONTACT_ERASED = "contact.erased"
    ANCHOR_SET = "anchor.set"
    ANCHOR_REVOKED = "anchor.revoked"
    TREATMENT_PRESCRIBED = "treatment.prescribed"
    PRESCRIPTION_CORRECTED = "prescription.corrected"
    WITHDRAWAL_RECORDED = "withdrawal.recorded"
    WITHDRAWAL_REVOKED = "withdrawal.revoked"
    MEDICINE_RECORDED = "medicine.recorded"
    MEDICINE_CHANGED = "medicine.changed"
    MESSAGE_SENT = "message.sent"
    CONTACT_PAUSED = "contact.paused"
    CONTACT_RESUMED = "contact.resumed"
    # phones
    PAIRING_OFFERED = "pairing.offered"
    DEVICE_PAIRED = "device.paired"
    DEVICE_REPLACED = "device.replaced"
    DEVICE_REVOKED = "device.revoked"
    COPY_ADMITTED = "copy.admitted"
    # the clock
    REMINDER_INTENDED = "reminder.intended"
    REMINDER_DEFERRED = "reminder.deferred"
    REMINDER_SENT = "reminder.sent"
    REMINDER_DELIVERED = "reminder.delivered"
    REMINDER_CANCELLED = "reminder.cancelled"
    REMINDER_FAILED = "reminder.failed"
    SCORES_COMPUTED = "scores.computed"
    CALL_RAISED = "call.raised"
    CALL_TAKEN = "call.taken"
    CALL_ATTEMPTED = "call.attempted"
    CALL_CLOSED = "call.closed"
    CALL_SETTLED = "call.settled"
    OVERDUE_LISTED = "overdue.listed"
    JOURNAL_SEALED = "journal.sealed"
    WITNESS_DISAGREED = "witness.disagreed"
    # accounts of staff, in the server's own journal
    SERVER_CREATED = "server.created"
    ACCOUNT_ADDED = "account.added"
    ACCOUNT_RESET = "account.reset"
    ACCOUNT_CLOSED = "account.closed"
    ACCOUNT_ERASED = "account.erased"
    ACCOUNT_NOTIFIED = "account.notified"
    ACCOUNT_LOCKED = "account.locked"
    ROLE_GIVEN = "role.given"
    ROLE_TAKEN = "role.taken"
    FACTOR_ENROLLED = "factor.enrolled"
    LANGUAGE_CHOSEN = "language.chosen"
    PASSWORD_CHANGED = "password.changed"  # noqa: S105 - a kind of entry
    PASSKEY_ADDED = "passkey.added"
    PASSKEY_REMOVED = "passkey.removed"
    PASSKEY_DOUBTED = "passkey.doubted"
    SESSION_OPENED = "session.opened"
    SESSIONS_ENDED = "sessions.ended"
    LOGIN_FAILED = "login.failed"
    # what somebody must act on
    ALERT_RAISED = "alert.raised"
    CASE_OPENED = "case.opened"
    CASE_REPEATED = "case.repeated"
    CASE_WORSENED = "case.worsened"
    CASE_RELAPSED = "case.relapsed"
    CASE_REOPENED = "case.reopened"
    CASE_CORRECTED = "case.corrected"
    CASE_ACKNOWLEDGED = "case.acknowledged"
    CASE_ESCALATED = "case.escalated"
    CASE_STALLED = "case.stalled"
    CASE_RELEASED = "case.released"
    CASE_RESOLVED = "case.resolved"
    CASE_ASSIGNED = "case.assigned"
    CASE_CONTACTED = "case.contacted"
    CASE_NOTED = "case.noted"
    CASE_ADVISED = "case.advised"
    SERIOUSNESS_STATED = "seriousness.stated"
    SERIOUSNESS_RETRACTED = "seriousness.retracted"
    SERIOUSNESS_REPORTED = "seriousness.reported"
    LEVEL_EXPECTED = "level.expected"
    LEVEL_ENDED = "level.ended"
    STAFF_NOTIFIED = "staff.notified"
    # adverse events, by physicians
    ADVERSE_EVENT_RECORDED = "adverse_event.recorded"
    ADVERSE_EVENT_CHANGED = "adverse_event.changed"
    ADVERSE_EVENT_SIGNED = "adverse_event.signed"
    ADVERSE_EVENT_WITHDRAWN = "adverse_event.withdrawn"
    # copies handed out
    EXPORT_MADE = "export.made"


SERVER = "server"
"""The name of the server's own journal, of accounts and roles; no study has it."""

PHONE_KINDS = frozenset({Kind.RESPONSE_GIVEN, Kind.PREFERENCE_SET, Kind.APP_NOTED, Kind.HELP_ASKED})


def canonical(value: Any) -> bytes:
    """The canonical JSON of ``value``: keys sorted by code point, no white space, UTF-8, numbers are integers.

    Raises ValueError on a float, TypeError on what JSON does not have.
    """
    _refuse_floats(value)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise ValueError(f"{value!r}: decimals travel as strings")
    if isinstance(value, Mapping):
        for part in value.values():
            _refuse_floats(part)
    elif isinstance(value, list | tuple):
        for part in value:
            _refuse_floats(part)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal.

    ``line``: the exact bytes that the phone sent without the line feed, or the canonical JSON that the server made.
    ``received_at``: RFC 3339 UTC with milliseconds. ``skew``: the phone's clock minus the server's, milliseconds, None
    where no phone was involved, or in a copy that was handed in. ``position`` counts 1, 2, 3 … without gaps; 0 means not appended yet.
    """

    kind: str
    id: str
    line: bytes
    actor: str  # "participant", "staff:<name>", "clock", "server"
    received_at: str
    participant: str | None = None
    device: str | None = None
    skew: int | None = None
    occurrence: str | None = None
    supersedes: str | None = None
    reason: str | None = None
    position: int = 0

    def at(self, position: int) -> Entry:
        """This entry at its place in the journal."""
        return Entry(
            self.kind, self.id, self.line, self.actor, self.received_at, self.participant, self.device, self.skew, self.occurrence,
            self.supersedes, self.reason, position,
        )  # fmt: skip


def header(entry: Entry, position: int, body: str) -> dict[str, Any]:
    """All fields of an entry but its line, as the digest covers them; ``body`` is the hex SHA-256 of the line."""
    return {
        "actor": entry.actor,
        "body": body,
        "device": entry.device,
        "id": entry.id,
        "kind": str(entry.kind),
        "occurrence": entry.occurrence,
        "participant": entry.participant,
        "position": position,
        "reason": entry.reason,
        "received_at": entry.received_at,
        "skew": entry.skew,
        "supersedes": entry.supersedes,
    }


def genesis(study: str) -> bytes:
    """The digest before the first entry: binds the chain to the study's short name."""
    return hashlib.sha256(b"qol-journal/1\n" + study.encode()).digest()


def digest(previous: bytes, head: Mapping[str, Any]) -> bytes:
    """SHA-256(previous digest, 32 bytes, followed by the canonical JSON of the header)."""
    return hashlib.sha256(previous + canonical(head)).digest()


def server_id(study: str, kind: str, participant: str | None, occurrence: str | None, nth: int | str) -> str:
    """The name-based id (UUIDv5) of an entry that the server makes: the same fact can be recorded only once."""
    name = "\x1f".join((study, str(kind), participant or "", occurrence or "", str(nth)))
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "urn:qol:" + name))


def head_message(study: str, epoch: str, position: int, digest_hex: str) -> bytes:
    """The bytes that the server's Ed25519 key signs for a head: a first line, then the canonical JSON of its four fields."""
    return f'qol-head/1\n{{"digest":"{digest_hex}","epoch":"{epoch}","position":{position},"study":"{study}"}}'.encode()
