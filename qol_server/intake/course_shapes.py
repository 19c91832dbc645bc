"""What the entries about a participant's course must hold: what is taken back, prescribed otherwise, taken besides."""

from __future__ import annotations

import re

from marshmallow import Schema, fields

from qol_server.intake.shapes import AnswersField, Day, Matching, Moment, OneOf, Shape, Text, Whole, Zone, sha256_field, uuid_field
from qol_server.trial.facts import Kind
from qol_server.trial.medicines import Purpose, Why
from qol_server.trial.prescribing import Doubt

ATC = re.compile(r"[A-Z]([0-9]{2}([A-Z]([A-Z]([0-9]{2})?)?)?)?")


class AnchorRevoked(Shape):
    """What was recorded as the ``nth`` time never happened, or not to this participant."""

    anchor = Text(64, required=True)
    nth = Whole(1, 99, required=True)


class PrescriptionCorrected(Shape):
    """The prescription at position ``corrects`` holds from another day, or (null) was never made."""

    corrects = Whole(1, 2**53, required=True)
    day = Day(required=True, allow_none=True, data_key="from")
    confirmed = fields.List(OneOf(*Doubt), required=True)


class WithdrawalRevoked(Shape):
    """The withdrawal was recorded by mistake, such as for somebody else."""

    kind = Text(40, required=True)


class MedicineFinding(Shape):
    rule = Text(64, required=True)
    why = OneOf(*Why, required=True)


class MedicineRecorded(Shape):
    """A concomitant medicine, whole. ``findings``: which of the protocol's rules it touches, and why. ``deviation``: what was
    decided about that. No ``end``: it is still taken, or nobody knows."""

    medicine = uuid_field(required=True)
    name = Text(200, required=True)
    code = Matching(ATC, "M01AE01", required=True, allow_none=True)
    indication = Text(500, required=True)
    purpose = OneOf(*Purpose, required=True)
    start = Day(required=True, allow_none=True)
    end = Day(required=True, allow_none=True)
    ongoing = fields.Boolean(required=True)
    dose = Text(200, required=True)
    findings = fields.List(fields.Nested(MedicineFinding), required=True)
    deviation = Text(1000, required=True, allow_none=True)


COURSE_SHAPES: dict[Kind, Schema] = {
    Kind.ANCHOR_REVOKED: AnchorRevoked(),
    Kind.PRESCRIPTION_CORRECTED: PrescriptionCorrected(),
    Kind.WITHDRAWAL_REVOKED: WithdrawalRevoked(),
    Kind.MEDICINE_RECORDED: MedicineRecorded(),
    Kind.MEDICINE_CHANGED: MedicineRecorded(),
}


class AnswersTyped(Shape):
    """What staff typed for a participant, by telephone or from paper; it has no phone and no running number.

    ``scan``: where the paper can be found.
    """

    id = uuid_field(required=True)
    kind = OneOf(Kind.RESPONSE_GIVEN, required=True)
    captured_at = Moment(required=True)
    time_zone = Zone(required=True)
    occurrence = Text(128, required=True)
    instrument = Text(64, required=True)
    version = sha256_field(required=True)
    wording = sha256_field(required=True, allow_none=True)
    protocol = sha256_field(required=True)
    language = Text(20, required=True)
    mode = OneOf("telephone", "paper", required=True)
    by = OneOf("participant", "proxy", "staff", required=True)
    answers = AnswersField(required=True)
    supersedes = uuid_field(allow_none=True)
    reason = Text(500, allow_none=True)
    scan = Text(200, allow_none=True)
