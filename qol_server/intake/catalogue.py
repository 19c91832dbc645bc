"""One catalogue of what each kind of entry must hold; it checks the shape, the rules of trial/ check the meaning."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable
from datetime import date, datetime
from functools import cache, partial
from typing import Any, TypeVar

from marshmallow import EXCLUDE, Schema, ValidationError, fields

from qol_server.trial.facts import PHONE_KINDS, Kind

T = TypeVar("T")

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})")
_SIGNATURE = re.compile(r"[0-9a-f]{128}")
_OCCURRENCE = re.compile(r"[a-z][a-z0-9-]{0,63}@[A-Za-z0-9#_.:-]{1,64}")


class Plain(fields.Field[T]):
    """A field whose whole check is its ``_deserialize``: the hot path is spared an empty list of validators."""

    def _validate(self, value: T) -> None:
        """Nothing more to check."""


@cache
def time_zones() -> frozenset[str]:
    """The names of all IANA time zones."""
    return frozenset(zoneinfo.available_timezones())


class Matching(Plain[str]):
    """Text of a fixed form, kept as it is."""

    def __init__(self, pattern: re.Pattern[str], example: str, **more: Any) -> None:
        super().__init__(**more, metadata={"type": "string", "pattern": f"^{pattern.pattern}$", "example": example})
        self._match = pattern.fullmatch
        self.example = example

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if type(value) is not str or self._match(value) is None:
            raise ValidationError(f"Not of the form {self.example}.")
        return value


class Text(Plain[str]):
    """Text of at most ``longest`` characters, kept as it is."""

    def __init__(self, longest: int, **more: Any) -> None:
        super().__init__(**more, metadata={"type": "string", "maxLength": longest})
        self.longest = longest

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if type(value) is not str or len(value) > self.longest:
            raise ValidationError(f"Not a text of at most {self.longest} characters.")
        return value


class Moment(Plain[str]):
    """An RFC 3339 time with its offset, kept as it was written."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more, metadata={"type": "string", "format": "date-time", "example": "2026-11-22T08:00:00+01:00"})

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if type(value) is str and _MOMENT.fullmatch(value):  # fromisoformat alone takes week dates too
            try:
                datetime.fromisoformat(value)
                return value
            except ValueError:
                pass
        raise ValidationError("Not a time with an offset, like 2026-11-22T08:00:00+01:00.")


class Day(Plain[str]):
    """A calendar day, kept as it was written."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more, metadata={"type": "string", "format": "date", "example": "2026-11-22"})

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        try:
            return date.fromisoformat(value).isoformat()
        except (TypeError, ValueError):
            raise ValidationError("Not a day, like 2026-11-22.") from None


class Zone(Plain[str]):
    """The name of an IANA time zone."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more, metadata={"type": "string", "example": "Europe/Paris"})

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if type(value) is not str or value not in time_zones():
            raise ValidationError("Not the name of a time zone, like Europe/Paris.")
        return value


class Whole(Plain[int]):
    """A whole number from ``least`` to ``most``; no float, no boolean, no text."""

    def __init__(self, least: int, most: int, **more: Any) -> None:
        super().__init__(**more, metadata={"type": "integer", "minimum": least, "maximum": most})
        self.least, self.most = least, most

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int:
        if type(value) is not int or not self.least <= value <= self.most:
            raise ValidationError(f"Not a whole number from {self.least} to {self.most}.")
        return value


class OneOf(Plain[str]):
    """One of a few words."""

    def __init__(self, *words: str, **more: Any) -> None:
        super().__init__(**more, metadata={"type": "string", "enum": list(words)})
        self.words = words

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if value not in self.words:
            raise ValidationError(f"Not one of {', '.join(self.words)}.")
        return value  # type: ignore[no-any-return]


class AnswersField(Plain[dict[str, Any]]):
    """The answers by item id; the compiled instrument checks each, in one pass."""

    def __init__(self, **more: Any) -> None:
        answer = {"type": ["integer", "string", "null", "array"], "items": {"type": ["integer", "string"]}}
        super().__init__(**more, metadata={"type": "object", "additionalProperties": answer})

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise ValidationError("Not an object of answers by item id.")
        return value


def uuid_field(**more: Any) -> Matching:
    return Matching(_UUID, "3f0e8e6e-8f3c-4a5e-9d8e-0c5a2b1f7d10", **more)


def sha256_field(**more: Any) -> Matching:
    return Matching(_SHA256, "a 64-digit lower-case SHA-256", **more)


def signature_field(**more: Any) -> Matching:
    return Matching(_SIGNATURE, "128 lower-case hex digits", **more)


class Shape(Schema):
    """A shape that ignores what it does not know: newer apps may say more than an older server understands."""

    class Meta:
        unknown = EXCLUDE


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
    """Something the app noticed."""

    what = OneOf("reminder-shown", "reminder-opened", "reminder-dismissed", "message-read", "storage-lost", required=True)
    about = Text(128, allow_none=True)


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


class EligibilityAnswer(Shape):
    criterion = Text(64, required=True)
    value = Text(64, required=True)


class ParticipantEnrolled(Shape):
    """Enrolment, after consent; ``anchors`` holds the consent and inclusion days."""

    number = Matching(re.compile(r"\d\d-\d{4}-\d"), "01-0001-5", required=True)
    site = Text(2, required=True)
    language = Text(20, required=True)
    time_zone = Zone(required=True)
    reminder_hour = Whole(0, 23, required=True)
    consent_version = Text(40, required=True)
    anchors = fields.Dict(keys=Text(64), values=Day(), required=True)
    eligibility = fields.List(fields.Nested(EligibilityAnswer), required=True)


class AnchorSet(Shape):
    anchor = Text(64, required=True)
    nth = Whole(1, 99, required=True)
    date = Day(required=True)


class TreatmentPrescribed(Shape):
    """A regimen from a day on; without a regimen it is a hold."""

    day = Day(required=True, data_key="from")
    regimen = Text(40, required=True, allow_none=True)
    mg_per_day = Matching(re.compile(r"\d{1,5}(\.\d{1,3})?"), "400", required=True)
    intakes_per_day = Whole(0, 6, required=True)


class WithdrawalRecorded(Shape):
    kind = Text(40, required=True)
    date = Day(required=True)


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


class ReminderStep(Shape):
    rung = Whole(0, 99, required=True)
    channel = Text(20, required=True)
    at = Moment(required=True)


class ScoresComputed(Shape):
    """One run of the scoring: what it covered, and the SHA-256 of the scores as canonical JSON."""

    first = Whole(0, 2**53, required=True)
    last = Whole(0, 2**53, required=True)
    responses = Whole(0, 2**53, required=True)
    methods = fields.Dict(keys=Text(64), values=Text(64), required=True)
    scores = sha256_field(required=True)


class CallRaised(Shape):
    """A call task: "call" is a ``rung`` of the reminders, "unknown-days" names the ``days`` that nobody reported."""

    task = OneOf("unknown-days", "overdue", "call", required=True)
    rung = Whole(0, 99)
    days = fields.List(Day())


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
    Kind.PARTICIPANT_ENROLLED: ParticipantEnrolled(),
    Kind.ANCHOR_SET: AnchorSet(),
    Kind.TREATMENT_PRESCRIBED: TreatmentPrescribed(),
    Kind.WITHDRAWAL_RECORDED: WithdrawalRecorded(),
    Kind.PAIRING_OFFERED: PairingOffered(),
    Kind.DEVICE_PAIRED: DevicePaired(),
    Kind.DEVICE_REPLACED: DeviceChanged(),
    Kind.DEVICE_REVOKED: DeviceChanged(),
    Kind.REMINDER_INTENDED: ReminderStep(),
    Kind.REMINDER_SENT: ReminderStep(),
    Kind.REMINDER_CANCELLED: ReminderStep(),
    Kind.REMINDER_FAILED: ReminderStep(),
    Kind.SCORES_COMPUTED: ScoresComputed(),
    Kind.CALL_RAISED: CallRaised(),
    Kind.JOURNAL_SEALED: SignedHead(),
    Kind.WITNESS_DISAGREED: SignedHead(),
    Kind.EXPORT_MADE: ExportMade(),
}
"""The shape of each kind's line."""


class Fits:
    """A shape as a bare list of its fields' own checks: says quickly that data fits; what is wrong, the shape itself says."""

    def __init__(self, shape: Schema) -> None:
        self._steps = tuple(
            (field.data_key or name, field.required, field.allow_none, _check_of(field)) for name, field in shape.load_fields.items()
        )

    def __call__(self, data: dict[str, Any]) -> bool:
        """Whether ``data`` fits; False also where the shape has to be asked."""
        try:
            for key, required, allow_none, check in self._steps:
                if key not in data:
                    if required:
                        return False
                elif data[key] is not None:
                    check(data[key])
                elif not allow_none:
                    return False
        except ValidationError:
            return False
        return True


def _check_of(field: fields.Field[Any]) -> Callable[[Any], object]:
    if isinstance(field, fields.Nested):
        inner = Fits(field.schema)

        def check(value: Any) -> None:
            if type(value) is not dict or not inner(value):
                raise ValidationError("")

        return check
    if isinstance(field, fields.List):
        each = _check_of(field.inner)

        def check_all(value: Any) -> None:
            if type(value) is not list:
                raise ValidationError("")
            for one in value:
                each(one)

        return check_all
    return partial(_deserialize, field)


def _deserialize(field: fields.Field[Any], value: Any) -> object:
    return field._deserialize(value, None, None)


FITS: dict[Kind, Fits] = {kind: Fits(SHAPES[kind]) for kind in PHONE_KINDS}
"""The quick check of what phones send."""


def faults(messages: Any, where: str = "") -> list[dict[str, str]]:
    """marshmallow's messages as a flat list of {"where", "what"}."""
    if isinstance(messages, dict):
        return [fault for key, part in messages.items() for fault in faults(part, f"{where}.{key}" if where else str(key))]
    return [{"where": where, "what": str(message)} for message in messages]
