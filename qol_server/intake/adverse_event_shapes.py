"""What the entries about adverse events must hold."""

from __future__ import annotations

from marshmallow import Schema, fields

from qol_server.intake.shapes import Day, Moment, OneOf, Shape, Text, Whole, sha256_field, uuid_field
from qol_server.library.terminology import DICTIONARIES
from qol_server.trial.adverse_events import Action, Outcome, Serious
from qol_server.trial.facts import Kind

LONGEST_WORDS = 200  # characters of what it was, as it was told


class AboutAdverseEvent(Shape):
    ae = uuid_field(required=True)


class AdverseEventContent(AboutAdverseEvent):
    """All that is recorded, each time whole. ``given``: position of the response that reported it; ``case``: where it was worked."""

    dictionary = OneOf(*DICTIONARIES, required=True)
    term = Text(100, required=True)
    grade = Whole(1, 5, required=True)
    words = Text(LONGEST_WORDS, required=True)
    start = Day(required=True)
    end = Day(required=True, allow_none=True)
    relation = Text(64, required=True)
    action = OneOf(*Action, required=True)
    outcome = OneOf(*Outcome, required=True)
    serious = fields.List(OneOf(*Serious), required=True)
    aware_at = Moment(required=True, allow_none=True)
    given = Whole(1, 2**53, required=True, allow_none=True)
    case = uuid_field(required=True, allow_none=True)


class AdverseEventSigned(AboutAdverseEvent):
    """``content``, ``body``: position of what was signed and the SHA-256 of its line. ``meaning``: what the signature says."""

    content = Whole(1, 2**53, required=True)
    body = sha256_field(required=True)
    meaning = Text(200, required=True)


ADVERSE_EVENT_SHAPES: dict[Kind, Schema] = {
    Kind.ADVERSE_EVENT_RECORDED: AdverseEventContent(),
    Kind.ADVERSE_EVENT_CHANGED: AdverseEventContent(),
    Kind.ADVERSE_EVENT_SIGNED: AdverseEventSigned(),
    Kind.ADVERSE_EVENT_WITHDRAWN: AboutAdverseEvent(),
}
