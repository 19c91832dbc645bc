"""What the entries about alerts and cases must hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from qol_server.intake.shapes import Day, Moment, OneOf, Shape, Text, Whole, uuid_field
from qol_server.trial.adverse_events import Serious
from qol_server.trial.alerting import URGENCIES
from qol_server.trial.cases import Way
from qol_server.trial.facts import Kind

LONGEST_NOTE = 2000  # characters


class AlertRaised(Shape):
    """What one rule found in one response. ``given``: position of the response, or of the entry under review; ``root``: id of the
    first response of its corrections. ``expected``: position of the expected level that explains it, so that no case is made.
    ``findings``: [item or scale, value, value before, over which]; none where the rule could not be judged. ``again``: whether
    something of it had been better in the response before, after its case knew it."""

    rule = Text(40, required=True)
    urgency = OneOf(*URGENCIES, required=True)
    given = Whole(1, 2**53, required=True)
    root = uuid_field(required=True, allow_none=True)
    captured_at = Text(40, required=True, allow_none=True)
    late = fields.Boolean(required=True)
    failed = fields.Boolean(required=True)
    again = fields.Boolean()
    expected = Whole(1, 2**53, required=True, allow_none=True)
    findings = fields.List(fields.List(Text(100, allow_none=True)), required=True)


class CaseStep(Shape):
    """Something that happens to a case."""

    case = uuid_field(required=True)


class CaseRaised(CaseStep):
    """A survey's alerts make a case, or join it. ``known``: all that it knows now, [rule, item or scale, worst level].

    ``restarts``: whether its clock begins anew; where it is not said, it does when the case is opened, worsened or reopened."""

    assessment = Text(64, required=True)
    urgency = OneOf(*URGENCIES, required=True)
    captured_at = Text(40, required=True, allow_none=True)
    alerts = fields.List(Whole(1, 2**53), required=True)
    known = fields.List(fields.List(Text(100, allow_none=True)), required=True)
    restarts = fields.Boolean()


class CaseCorrected(CaseStep):
    """The participant corrected a response on which the case rests. ``given``: position of the correction."""

    given = Whole(1, 2**53, required=True)


class CaseEscalated(CaseStep):
    """Nobody acknowledged the case in time. ``due_at``: when the step was due."""

    step = Whole(1, 9, required=True)
    due_at = Moment(required=True)


class CaseStalled(CaseStep):
    """Nothing was done in time with a case that somebody looks after. ``due_at``: when the step was due."""

    step = Whole(1, 9, required=True)
    due_at = Moment(required=True)


class CaseReleased(CaseStep):
    """``owner``: who looked after the case and cannot work on it any more, as an actor."""

    owner = Text(120, required=True)


class CaseResolved(CaseStep):
    action = Text(40, required=True)
    outcome = Text(40, required=True)


class LevelExpected(Shape):
    """A level of an item that is usual for this participant, up to and with a day."""

    item = Text(64, required=True)
    level = Whole(0, 100, required=True)
    until = Day(required=True)


class LevelEnded(Shape):
    """``expected``: position of the entry that expected the level."""

    expected = Whole(1, 2**53, required=True)


class CaseAssigned(CaseStep):
    """``owner``: who looks after the case from now on, as an actor: "staff:nora"."""

    owner = Text(120, required=True)


class CaseContacted(CaseStep):
    """An attempt to reach the participant."""

    channel = OneOf(*Way, required=True)
    reached = fields.Boolean(required=True)
    note = Text(LONGEST_NOTE, required=True)


class CaseNoted(CaseStep):
    note = Text(LONGEST_NOTE, required=True)


class CaseAdvised(CaseStep):
    """``message``: id of the message that was sent."""

    message = uuid_field(required=True)


class SeriousnessStated(CaseStep):
    """``aware_at``: when the site came to know; 24 hours count from then."""

    criterion = OneOf(*Serious, required=True)
    aware_at = Moment(required=True)


class SeriousnessReported(Shape):
    """A report to the sponsor, of a case, of an adverse event (``ae``), or of an event and the case it comes from. ``by``: who made
    it; ``to``: whoever received it; ``reference``: how it was made, and under which number."""

    case = uuid_field()
    ae = uuid_field()
    reported_at = Moment(required=True)
    by = Text(100)
    to = Text(200, required=True)
    reference = Text(200)

    @validates_schema
    def is_about_something(self, data: Mapping[str, Any], **_: object) -> None:
        """Raises ValidationError where neither a case nor an adverse event is named."""
        if not {"case", "ae"} & data.keys():
            raise ValidationError("Names neither a case nor an adverse event.")


CASE_SHAPES: dict[Kind, Schema] = {
    Kind.ALERT_RAISED: AlertRaised(),
    Kind.CASE_OPENED: CaseRaised(),
    Kind.CASE_REPEATED: CaseRaised(),
    Kind.CASE_WORSENED: CaseRaised(),
    Kind.CASE_RELAPSED: CaseRaised(),
    Kind.CASE_REOPENED: CaseRaised(),
    Kind.CASE_CORRECTED: CaseCorrected(),
    Kind.CASE_ACKNOWLEDGED: CaseStep(),
    Kind.CASE_ESCALATED: CaseEscalated(),
    Kind.CASE_STALLED: CaseStalled(),
    Kind.CASE_RELEASED: CaseReleased(),
    Kind.CASE_RESOLVED: CaseResolved(),
    Kind.LEVEL_EXPECTED: LevelExpected(),
    Kind.LEVEL_ENDED: LevelEnded(),
    Kind.CASE_ASSIGNED: CaseAssigned(),
    Kind.CASE_CONTACTED: CaseContacted(),
    Kind.CASE_NOTED: CaseNoted(),
    Kind.CASE_ADVISED: CaseAdvised(),
    Kind.SERIOUSNESS_STATED: SeriousnessStated(),
    Kind.SERIOUSNESS_RETRACTED: CaseStep(),
    Kind.SERIOUSNESS_REPORTED: SeriousnessReported(),
}
"""The shape of each kind's line."""
