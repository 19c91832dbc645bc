"""The part of a study's file about other medicines: which are not allowed, and by which names and codes they are known."""

from __future__ import annotations

from qol_server.library.documents import Report, place
from qol_server.library.fields import Distance, Many, Name, OneOf, Shape, Text, Told
from qol_server.trial.protocol import ConcomitantRule

RULE = ("[a-z][a-z0-9_]{0,39}", "a word of lower-case letters, digits and _")
ATC = ("[A-Z]([0-9]{2}([A-Z]([A-Z]([0-9]{2})?)?)?)?", "the beginning of an ATC code, such as L04 or M01AE01")


class ConcomitantShape(Shape):
    id = Name(*RULE, required=True, note="name of the rule")
    rule = OneOf(("never", "not_for_disease", "allowed", "stopped_before"), required=True, note="what holds for these medicines")
    medicines = Text(required=True, note="which medicines, in words")
    before = Distance(note="for `stopped_before`: so long before entry")
    note = Text(default="", note="the rule in words")
    substances = Many(Text(most=80), default=(), note="names that stand as whole words in the name of such a medicine, accents aside")
    atc = Many(Name(*ATC), default=(), note="beginnings of the ATC codes of such medicines")
    source = Text(default="", note="where `substances` and `atc` are from")
    like = Many(Name(*RULE), default=(), note="earlier rules, the medicines of which this rule is about too")


def concomitant_rules(parts: list[Told], report: Report) -> tuple[ConcomitantRule, ...]:
    """The rules in their order; every mistake goes into ``report``."""
    found: dict[str, ConcomitantRule] = {}
    for part in parts:
        if (part["rule"] == "stopped_before") != (part["before"] is not None):
            report.wrong(
                place(part.raw, "before"),
                '"before" and the rule stopped_before go together',
                "rule: stopped_before with before, or neither",
            )
        if part["id"] in found:
            report.wrong(place(part.raw, "id"), f'"{part["id"]}" stands twice in concomitant_rules', "each once")
        for index, name in enumerate(part["like"]):
            if name not in found:
                report.unknown(place(part.raw, "like", index), "earlier rule", name, found)
        like = [found[name] for name in part["like"] if name in found]
        found[part["id"]] = ConcomitantRule(
            id=part["id"],
            rule=part["rule"],
            medicines=part["medicines"],
            before=part["before"],
            note=part["note"],
            substances=(*part["substances"], *(name for rule in like for name in rule.substances)),
            atc=(*part["atc"], *(code for rule in like for code in rule.atc)),
            source=part["source"],
        )
    return tuple(found.values())
