"""The versions of the consent in a study's file: their keys, and what must hold between them."""

from __future__ import annotations

from typing import Any

from qol_server.library.documents import Report, place
from qol_server.library.fields import DayField, Flag, OneOf, Shape, Text, whole
from qol_server.trial.protocol import ConsentVersion

UNTIL_RENEWED = ("pause", "go_on")


class ConsentShape(Shape):
    version = Text(required=True, most=40, note="version, in quotes, as it is printed on the paper")
    since = DayField(required=True, key="from", note="the first day on which it is signed")
    renew = Flag(default=False, note="`yes`: whoever signed an earlier one has to sign this one too")
    until_renewed = OneOf(UNTIL_RENEWED, note="for `renew`: until then collecting pauses (no reminders, no questionnaires) or goes on")


def consents(loaded: Any, report: Report) -> tuple[ConsentVersion, ...]:
    """The versions in order of time; what contradicts itself in them is reported."""
    made: list[ConsentVersion] = []
    for part in whole(loaded):
        version, since, renew, until = part["version"], part["since"], part["renew"], part["until_renewed"]
        if any(one.version == version for one in made):
            report.wrong(place(part.raw, "version"), f'The consent "{version}" stands twice', "each version once")
        if made and since <= made[-1].since:
            report.wrong(
                place(part.raw, "from"), f'The consent "{version}" does not come after the one before it', f"later than {made[-1].since}"
            )
        if renew and not made:
            report.wrong(place(part.raw, "renew"), "The first consent renews none", "renew: no")
        if renew != (until is not None):
            report.wrong(
                place(part.raw, "until_renewed" if until is not None else "renew"),
                '"renew" and "until_renewed" go together',
                "renew: yes with until_renewed: pause or go_on, or neither",
            )
        made.append(ConsentVersion(version, since, renew, until == "pause"))
    return tuple(made)
