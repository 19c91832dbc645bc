"""What is kept to reach a participant as a person, what somebody may look at it for, and which values can be true."""

from __future__ import annotations

import re
from enum import StrEnum

FIELDS = ("name", "telephone", "second_telephone", "email", "channel", "hour", "contact_person", "contact_telephone")
"""The details of one participant. ``channel`` and ``hour``: how and when they want to be reached; ``contact_person``: who else may be."""
CHANNELS = ("telephone", "email", "sms")
LONGEST = 200  # characters

_TELEPHONE = re.compile(r"\+?[0-9(][0-9 ().-]{3,28}[0-9]")
_EMAIL = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]{1,150}\.[^@\s.,;<>\"]{2,30}")
_HOUR = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


class Purpose(StrEnum):
    """What somebody looks at contact details for."""

    CALL = "call"
    EMERGENCY = "emergency"
    VISIT = "visit"
    UPDATE = "update"
    OTHER = "other"


def fits(field: str, value: str) -> bool:
    """Whether a value can stand in a field."""
    if not value or len(value) > LONGEST or any(ord(sign) < 32 for sign in value):
        return False
    if field == "channel":
        return value in CHANNELS
    form = _FORMS.get(field)
    return form is None or form.fullmatch(value) is not None


_FORMS = {"telephone": _TELEPHONE, "second_telephone": _TELEPHONE, "contact_telephone": _TELEPHONE, "email": _EMAIL, "hour": _HOUR}
