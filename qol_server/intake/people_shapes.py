"""What the entries about a participant's way into the study, and about contact details, must hold."""

from __future__ import annotations

import re

from marshmallow import Schema, fields

from qol_server.intake.shapes import Day, Matching, OneOf, Shape, Text, Whole, Zone
from qol_server.trial.contacting import FIELDS, Purpose
from qol_server.trial.eligibility import Result
from qol_server.trial.facts import Kind

ON_PAPER = "on-paper"
TAKER = re.compile(r"on-paper|staff:[^\n]{1,100}")


class EligibilityAnswer(Shape):
    criterion = Text(64, required=True)
    value = Text(64, required=True)


class EligibilityJudged(EligibilityAnswer):
    result = OneOf(*Result)


class ParticipantEnrolled(Shape):
    """A number, given after the first consent. ``anchors`` holds the consent day, and the inclusion day of whoever is included by it.

    ``included``: true where it is not said. ``form``: the id of the form that it was typed into.
    ``consent_taken_by``: as ``taken_by`` of a later consent.
    """

    number = Matching(re.compile(r"\d\d-\d{4}-\d"), "01-0001-5", required=True)
    site = Text(2, required=True)
    language = Text(20, required=True)
    time_zone = Zone(required=True)
    reminder_hour = Whole(0, 23, required=True)
    consent_version = Text(40, required=True)
    consent_taken_by = Matching(TAKER, "staff:nora", required=True)
    anchors = fields.Dict(keys=Text(64), values=Day(), required=True)
    included = fields.Boolean()
    eligibility = fields.List(fields.Nested(EligibilityJudged), required=True)
    form = Text(40)


class ParticipantIncluded(Shape):
    """``anchors``: the inclusion day, where the protocol counts from it."""

    date = Day(required=True)
    anchors = fields.Dict(keys=Text(64), values=Day(), required=True)


class ConsentGiven(Shape):
    """``taken_by``: an actor among the staff; "on-paper" is somebody else, whose name stands on the signed form alone."""

    version = Text(40, required=True)
    date = Day(required=True)
    taken_by = Matching(TAKER, "staff:nora", required=True)


class EligibilityRecorded(Shape):
    """All values that are known by now."""

    values = fields.List(fields.Nested(EligibilityJudged), required=True)


class DeviationSigned(Shape):
    """``meaning``: the sentence that the signer saw and signed."""

    criteria = fields.List(fields.Nested(EligibilityAnswer), required=True)
    meaning = Text(500, required=True)


class ContactWritten(Shape):
    """Which details there are now; never what they say."""

    fields_ = fields.List(OneOf(*FIELDS), required=True, data_key="fields")


class ContactSeen(Shape):
    why = OneOf(*Purpose, required=True)


class ContactErased(Shape):
    """The key is gone; the reason stands in the entry's header."""


PEOPLE_SHAPES: dict[Kind, Schema] = {
    Kind.PARTICIPANT_ENROLLED: ParticipantEnrolled(),
    Kind.PARTICIPANT_INCLUDED: ParticipantIncluded(),
    Kind.CONSENT_GIVEN: ConsentGiven(),
    Kind.ELIGIBILITY_RECORDED: EligibilityRecorded(),
    Kind.DEVIATION_SIGNED: DeviationSigned(),
    Kind.CONTACT_WRITTEN: ContactWritten(),
    Kind.CONTACT_SEEN: ContactSeen(),
    Kind.CONTACT_ERASED: ContactErased(),
}
