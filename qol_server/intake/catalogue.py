"""One catalogue of what each kind of entry must hold; it checks the shape, the rules of trial/ check the meaning."""

from __future__ import annotations

import re

from marshmallow import Schema, fields

from qol_server.intake.adverse_event_shapes import ADVERSE_EVENT_SHAPES
from qol_server.intake.case_shapes import CASE_SHAPES
from qol_server.intake.course_shapes import COURSE_SHAPES
from qol_server.intake.people_shapes import PEOPLE_SHAPES
from qol_server.intake.shapes import (
    AnswersField,
    Day,
    Fits,
    Matching,
    Moment,
    OneOf,
    Shape,
    Text,
    Whole,
    Zone,
    sha256_field,
    signature_field,
    uuid_field,
)
from qol_server.intake.staff_shapes import STAFF_SHAPES
from qol_server.trial.cases import Way
from qol_server.trial.facts import PHONE_KINDS, Kind
from qol_server.trial.prescribing import Doubt
from qol_server.trial.watching import Settled, Task

_OCCURRENCE = re.compile(r"[a-z][a-z0-9-]{0,63}@[A-Za-z0-9#_.:-]{1,64}")

LONGEST_MESSAGE = 2000  # characters
LONGEST_NOTE = 1000


class PhoneEntry(Shape):
    """What every entry of a phone holds."""

    id = uuid_field(required=True)
    device_seq = Whole(1, 2**53 - 1, required=True)
    kind = Text(40, required=True)
    captured_at = Moment(required=True)
    time_zone = Zone(required=True)
    app = Text(40)


class ResponseGiven(PhoneEntry):
    """What was given to one occurrence of an assessment, or a correction of it."""

    occurrence = Matching(_OCCURRENCE, "qol@M3", required=True)
    instrument = Text(64, required=True)
    version = sha256_field(required=True)
    wording = sha256_field(allow_none=True)
    protocol = sha256_field(allow_none=True)
    language = Text(20)
    mode = OneOf("app", "telephone", "paper", required=True)
    by = OneOf("participant", "typed-for", "proxy", "staff", required=True)
    opened_at = Moment(allow_none=True)
    answers = AnswersField(required=True)
    supersedes = uuid_field(allow_none=True)
    reason = Text(500, allow_none=True)


class PreferenceSet(PhoneEntry):
    """A choice of the participant about the app."""

    language = Text(20, allow_none=True)
    reminder_hour = Whole(0, 23, allow_none=True)


class AppNoted(PhoneEntry):
    """Something the app noticed. ``noted_at``: when, where it could be sealed only later, such as a reminder shown by night."""

    what = OneOf("reminder-shown", "reminder-opened", "reminder-dismissed", "message-read", "storage-lost", required=True)
    about = Text(128, allow_none=True)
    noted_at = Moment(allow_none=True)


class HelpAsked(PhoneEntry):
    """The participant wants to pause, to stop, or to be called."""

    what = OneOf("pause", "stop", "call-me", required=True)
    note = Text(2000, allow_none=True)


class StudyCreated(Shape):
    study = Text(40, required=True)
    epoch = Text(40, required=True)
    public_key = sha256_field(required=True)


class _Document(Shape):
    version = sha256_field(required=True)
    text = Text(4_000_000, required=True)


class InstrumentAdopted(_Document):
    """A whole instrument document."""

    instrument = Text(64, required=True)


class WordingImported(_Document):
    """A whole wording pack; ``licence`` is the reference under which it may be used here."""

    instrument = Text(64, required=True)
    language = Text(20, required=True)
    licence = Text(200, allow_none=True)
    stand_in = fields.Boolean(required=True)


class ProtocolAdopted(_Document):
    """A whole protocol document."""

    study = Text(40, required=True)
    amends = sha256_field(allow_none=True)


class StudyActivated(Shape):
    protocol = sha256_field(required=True)


class AnchorSet(Shape):
    anchor = Text(64, required=True)
    nth = Whole(1, 99, required=True)
    date = Day(required=True)


class TreatmentPrescribed(Shape):
    """A regimen from a day on; without a regimen it is a hold. ``confirmed``: what was odd about it and is meant so."""

    day = Day(required=True, data_key="from")
    regimen = Text(40, required=True, allow_none=True)
    mg_per_day = Matching(re.compile(r"\d{1,5}(\.\d{1,3})?"), "400", required=True)
    intakes_per_day = Whole(0, 6, required=True)
    note = Text(500, allow_none=True)
    confirmed = fields.List(OneOf(*Doubt))


class WithdrawalRecorded(Shape):
    kind = Text(40, required=True)
    date = Day(required=True)


class MessageSent(Shape):
    """A text from the site to the participant; ``about``: the id of the entry that it answers."""

    text = Text(LONGEST_MESSAGE, required=True)
    language = Text(20, required=True)
    about = uuid_field(allow_none=True)


class PairingOffered(Shape):
    expires_at = Moment(required=True)
    replaces = fields.Boolean(required=True)


class DevicePaired(Shape):
    installation_id = uuid_field(required=True)
    app = Text(40, required=True)
    platform = Text(40, required=True)
    time_zone = Zone(required=True, allow_none=True)


class DeviceChanged(Shape):
    device = Text(40, required=True)


class CopyAdmitted(Shape):
    """What waited on a phone came as a file; ``digest``: of all its entries."""

    saved_at = Moment(required=True)
    entries = Whole(0, 1_000_000, required=True)
    digest = sha256_field(required=True)


class ReminderStep(Shape):
    rung = Whole(0, 99, required=True)
    channel = Text(20, required=True)
    at = Moment(required=True)


class ReminderDeferred(ReminderStep):
    """The channel did not take it and may be asked again from ``until`` on."""

    until = Moment(required=True)


class ContactPaused(Shape):
    """Nobody writes or calls up to and with a day; null: until somebody says otherwise."""

    until = Day(required=True, allow_none=True)


class ContactResumed(Shape):
    """The pause ends before its day, or one without an end was an error."""


class StaffNotified(Shape):
    """A mail to one member of staff. ``about``: what it tells of, a case, call or report with a step, or a site's week.

    ``template``: which of the sentences that messages may say. ``try``: from 1.
    """

    about = Text(200, required=True)
    template = Text(40, required=True)
    site = Text(2, required=True)
    step = Whole(0, 9, required=True)
    case = uuid_field(allow_none=True)
    login = Text(100, required=True)
    channel = OneOf("email", required=True)
    nth = Whole(1, 99, required=True, data_key="try")
    outcome = OneOf("intended", "sent", "deferred", "failed", required=True)
    until = Moment(allow_none=True)


class ScoresComputed(Shape):
    """One run of the scoring: what it covered, and the SHA-256 of the scores as canonical JSON."""

    first = Whole(0, 2**53, required=True)
    last = Whole(0, 2**53, required=True)
    responses = Whole(0, 2**53, required=True)
    methods = fields.Dict(keys=Text(64), values=Text(64), required=True)
    scores = sha256_field(required=True)


class CallRaised(Shape):
    """A call task. ``rung``: of the reminders that asked for it. ``days``: those that nobody reported. ``device``: the phone that
    it is about. ``about``: position of the entry that raised it; ``what``: what the participant asks for there."""

    task = OneOf(*Task, required=True)
    rung = Whole(0, 99)
    days = fields.List(Day())
    device = Text(40)
    about = Whole(1, 2**53)
    what = OneOf("pause", "stop", "call-me")


class CallStep(Shape):
    """Something that happens to a call. ``call``: position of the entry that raised it."""

    call = Whole(1, 2**53, required=True)


class CallAttempted(CallStep):
    """Somebody tried to reach the participant."""

    channel = OneOf(*Way, required=True)
    reached = fields.Boolean(required=True)
    note = Text(LONGEST_NOTE, required=True, allow_none=True)


class CallClosed(CallStep):
    """Somebody is done with a call; the reason is the entry's."""

    note = Text(LONGEST_NOTE, required=True, allow_none=True)


class CallSettled(CallStep):
    """Nobody needs to call any more."""

    why = OneOf(*Settled, required=True)


class OverdueListed(Shape):
    """What was overdue at a site on a Monday. ``lines``: [participant, assessment, last day on time], no visit: its name may tell
    of an illness."""

    site = Text(2, required=True)
    week = Day(required=True)
    lines = fields.List(fields.List(Text(64)), required=True)


class SignedHead(Shape):
    position = Whole(0, 2**53, required=True)
    digest = sha256_field(required=True)
    signature = signature_field(required=True)
    key = Text(64)


class ExportMade(Shape):
    format = Text(40, required=True)
    as_of = Whole(0, 2**53, required=True)
    files = fields.Dict(keys=Text(200), values=sha256_field(), required=True)


class QuarantinedLine(Shape):
    """The line of a quarantined entry is whatever the phone sent."""


SHAPES: dict[Kind, Schema] = {
    Kind.RESPONSE_GIVEN: ResponseGiven(),
    Kind.PREFERENCE_SET: PreferenceSet(),
    Kind.APP_NOTED: AppNoted(),
    Kind.HELP_ASKED: HelpAsked(),
    Kind.ENTRY_QUARANTINED: QuarantinedLine(),
    Kind.STUDY_CREATED: StudyCreated(),
    Kind.INSTRUMENT_ADOPTED: InstrumentAdopted(),
    Kind.WORDING_IMPORTED: WordingImported(),
    Kind.PROTOCOL_ADOPTED: ProtocolAdopted(),
    Kind.STUDY_ACTIVATED: StudyActivated(),
    Kind.ANCHOR_SET: AnchorSet(),
    Kind.TREATMENT_PRESCRIBED: TreatmentPrescribed(),
    Kind.WITHDRAWAL_RECORDED: WithdrawalRecorded(),
    Kind.MESSAGE_SENT: MessageSent(),
    Kind.CONTACT_PAUSED: ContactPaused(),
    Kind.CONTACT_RESUMED: ContactResumed(),
    Kind.PAIRING_OFFERED: PairingOffered(),
    Kind.DEVICE_PAIRED: DevicePaired(),
    Kind.DEVICE_REPLACED: DeviceChanged(),
    Kind.DEVICE_REVOKED: DeviceChanged(),
    Kind.COPY_ADMITTED: CopyAdmitted(),
    Kind.REMINDER_INTENDED: ReminderStep(),
    Kind.REMINDER_DEFERRED: ReminderDeferred(),
    Kind.REMINDER_SENT: ReminderStep(),
    Kind.REMINDER_DELIVERED: ReminderStep(),
    Kind.REMINDER_CANCELLED: ReminderStep(),
    Kind.REMINDER_FAILED: ReminderStep(),
    Kind.STAFF_NOTIFIED: StaffNotified(),
    Kind.SCORES_COMPUTED: ScoresComputed(),
    Kind.CALL_RAISED: CallRaised(),
    Kind.CALL_TAKEN: CallStep(),
    Kind.CALL_ATTEMPTED: CallAttempted(),
    Kind.CALL_CLOSED: CallClosed(),
    Kind.CALL_SETTLED: CallSettled(),
    Kind.OVERDUE_LISTED: OverdueListed(),
    Kind.JOURNAL_SEALED: SignedHead(),
    Kind.WITNESS_DISAGREED: SignedHead(),
    Kind.EXPORT_MADE: ExportMade(),
    **ADVERSE_EVENT_SHAPES,
    **CASE_SHAPES,
    **COURSE_SHAPES,
    **PEOPLE_SHAPES,
    **STAFF_SHAPES,
}
"""The shape of each kind's line."""

FITS: dict[Kind, Fits] = {kind: Fits(SHAPES[kind]) for kind in PHONE_KINDS}
"""The quick check of what phones send."""
