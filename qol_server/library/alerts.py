"""Alert rules of a protocol: the shape of each kind, and what they must name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from qol_server.library.documents import Mapped, Report, did_you_mean, listed, place
from qol_server.library.fields import Amount, Code, Field, Flag, Many, Name, OneOf, Part, Shape, Text, Told, Whole, told, whole
from qol_server.library.instrument_shape import ATTRIBUTES, DOCUMENT_ID, ITEM_ID, UNIT, WORD, ConditionField
from qol_server.library.instruments import check_compare, compares
from qol_server.trial import alerting
from qol_server.trial.alerting import URGENCIES, Rule, Urgency
from qol_server.trial.instrument import Compare, Condition, Instrument, ItemType

LIMITS = ("at_least", "at_most", "above", "below")
RULE_ID = ("[a-z][a-z0-9-]{0,39}", "a short name of lower-case letters, digits and -")


class ConditionRule(Field):
    """Answers of one response."""

    says = ConditionField.says

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Condition:
        pinned = Mapped(value.mark)
        pinned.update({key: part for key, part in value.items() if key != "instrument"})
        pinned.marks = value.marks
        return ConditionField().deserialize(pinned)  # type: ignore[no-any-return]


class AnyItemShape(Shape):
    any_item = Many(Name(*ITEM_ID), required=True, least=1, note="at least one of these items")
    equals = Code(required=True, key="is", note="was answered with this")
    instrument = Name(*DOCUMENT_ID, note="where more than one instrument has the items")


class AttributeShape(Shape):
    instrument = Name(*DOCUMENT_ID, required=True, note="instrument")
    attribute = OneOf(ATTRIBUTES, required=True, note="any item with this attribute")
    at_least = Whole(0, 100, required=True, note="is answered with this or more")


class RiseShape(Shape):
    instrument = Name(*DOCUMENT_ID, required=True, note="instrument")
    attribute = OneOf(ATTRIBUTES, note="only items with this attribute")
    rise = Whole(1, 100, required=True, note="any item rose by this or more")
    over = Many(OneOf(("previous", "baseline")), required=True, least=1, note="over which earlier answer")


class DropShape(Shape):
    score = Name(*WORD, required=True, note="a scale")
    drop = Amount(required=True, note="fell by this or more")
    over = OneOf(("previous", "baseline"), required=True, note="from which earlier score")


class ScoreRiseShape(Shape):
    score = Name(*WORD, required=True, note="a scale")
    rise = Amount(required=True, note="rose by this or more")
    over = OneOf(("previous", "baseline"), required=True, note="from which earlier score")


class ScoreLevelShape(Shape):
    score = Name(*WORD, required=True, note="a scale")
    at_least = Amount(note="is this or more")
    at_most = Amount(note="is this or less")
    above = Amount(note="is more than this")
    below = Amount(note="is less than this")

    def one_of(self) -> Iterable[tuple[str, ...]]:
        return (LIMITS,)


class GradeShape(Shape):
    instrument = Name(*DOCUMENT_ID, required=True, note="instrument")
    any_score_at_least = Amount(required=True, note="any scale of the instrument, such as any composite grade, is this or more")


class NotTakenShape(Shape):
    stated_not_taken_in_a_row = Whole(1, 60, required=True, note="days in a row on which no dose was taken, as stated by the participant")


class DayDoseShape(Shape):
    day_dose_above = OneOf(
        ("prescribed",), required=True, note="the day's sum of intakes is above what was prescribed that day, also on a held day"
    )


KINDS: Mapping[str, type[Shape]] = {
    "any_item": AnyItemShape,
    "drop": DropShape,
    "any_score_at_least": GradeShape,
    "rise": RiseShape,
    "attribute": AttributeShape,
    "stated_not_taken_in_a_row": NotTakenShape,
    "day_dose_above": DayDoseShape,
    "score": ScoreLevelShape,
}


class When(Field):
    """What raises the alert."""

    says = f"a condition {ConditionField.says}, or a mapping with one of {listed(KINDS)}"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, Mapped):
            raise self.refused(value)
        if {"item", "all", "any"} & set(value):
            return ConditionRule().deserialize(value)
        for word, shape in KINDS.items():
            if word in value:
                return Part(ScoreRiseShape if word == "rise" and "score" in value else shape).deserialize(value)
        raise told("This does not say what raises the alert", self.says)


def rule_of(data: Told) -> Rule:
    """One alert rule, of which the shape was checked."""
    return Rule(
        id=data["id"], when=_when(data["when"]), urgency=Urgency(data["urgency"]), instrument=data.raw["when"].get("instrument"),
        advice=data["advice"], enabled=data["enabled"],
    )  # fmt: skip


def _when(said: Any) -> alerting.When:
    if not isinstance(said, Told):
        return alerting.Answered(said)
    if "any_item" in said:
        return alerting.AnyItem(tuple(said["any_item"]), said["equals"])
    if "any_score_at_least" in said:
        return alerting.ScoreLevel("at_least", said["any_score_at_least"])
    if "stated_not_taken_in_a_row" in said:
        return alerting.NotTaken(said["stated_not_taken_in_a_row"])
    if "day_dose_above" in said:
        return alerting.OverPrescription()
    if "drop" in said:
        return alerting.ScoreChange(said["score"], -said["drop"], said["over"])
    if "score" in said and "rise" in said:
        return alerting.ScoreChange(said["score"], said["rise"], said["over"])
    if "score" in said:
        [op] = [op for op in LIMITS if said[op] is not None]
        return alerting.ScoreLevel(op, said[op], said["score"])
    if "rise" in said:
        return alerting.Rise(said["rise"], tuple(said["over"]), said["attribute"])
    return alerting.Level(said["attribute"], said["at_least"])


class AlertShape(Shape):
    id = Name(*RULE_ID, required=True, note="name of the rule")
    when = When(required=True, note="what raises it")
    urgency = OneOf(URGENCIES, required=True, note="`now`: the phone shows the advice before the next question; otherwise after sending")
    advice = Name(*RULE_ID, note="which of the study's `advice` the participant is shown; `now` without one: to call the site")
    enabled = Flag(default=True, note="default yes")
    unit = Name(*UNIT, note="of the limit; it must be the unit of the items that it is compared with")
    on_phone_from = Amount(note="the phone shows the advice from this value on, below the limit of the rule")
    note = Text(note="why the rule is as it is")
    cite = Text(note="where the limit comes from")


def check_alerts(data: Told, instruments: Mapping[str, Instrument], in_use: Iterable[str], complete: bool, report: Report) -> None:
    """Every rule names instruments, items, scales, attributes and advice that exist in the study.

    ``in_use``: ids of the instruments that the assessments ask. ``complete``: these are all known, so that an item that
    none of them has is a mistake.
    """
    used = {name: instruments[name] for name in in_use if name in instruments}
    advice = data.raw.get("advice")
    known_advice = list(advice) if isinstance(advice, Mapped) else []
    seen: set[str] = set()
    for rule in whole(data.get("alerts")):
        if rule["id"] in seen:
            report.wrong(place(rule.raw, "id"), f'The alert "{rule["id"]}" stands twice', "each id once")
        seen.add(rule["id"])
        if rule["advice"] is not None and rule["advice"] not in known_advice:
            report.unknown(place(rule.raw, "advice"), "advice", rule["advice"], known_advice)
        _check_when(rule["when"], rule.raw["when"], used, complete, report)
        _check_unit(rule, used, complete, report)


def _check_when(when: Any, raw: Mapped, used: Mapping[str, Instrument], complete: bool, report: Report) -> None:
    name = raw.get("instrument")
    if name is not None and name not in used:
        if complete:
            message = f'No assessment of this study asks the instrument "{name}"{did_you_mean(name, used)}'
            report.wrong(place(raw, "instrument"), message, listed(used))
        return
    asked = {name: used[name]} if name is not None else used
    if not isinstance(when, Told):
        for compare, stated in compares(when, raw):
            _check_item(compare, stated, asked, complete, report)
    elif "any_item" in when:
        for index, item in enumerate(when["any_item"]):
            mark = Mapped(place(raw, "any_item", index))
            mark.marks = {"is": place(raw, "is"), "item": place(raw, "any_item", index)}
            mark.update({"is": None, "item": None})
            _check_item(Compare(item, "is", when["equals"]), mark, asked, complete, report)
    elif "score" in when:
        scales = [scale.id for instrument in asked.values() for scale in instrument.scales]
        scales += [summary.id for instrument in asked.values() for summary in instrument.summaries]
        if complete and when["score"] not in scales:
            report.unknown(place(raw, "score"), "scale", when["score"], scales)
    elif "any_score_at_least" in when:
        if not used[when["instrument"]].scales:
            report.wrong(place(raw, "instrument"), f'"{name}" has no scales', "an instrument that is scored")
    elif when.get("attribute") is not None:
        attributes = {item.attribute for instrument in asked.values() for item in instrument.items if item.attribute}
        if when["attribute"] not in attributes:
            message = f'No item of "{name}" has the attribute "{when["attribute"]}"'
            report.wrong(place(raw, "attribute"), message, listed(sorted(attributes)))
    elif "rise" in when and not any(item.codes or item.type is ItemType.INTEGER for one in asked.values() for item in one.items):
        report.wrong(place(raw, "instrument"), f'"{name}" has no item that could rise', "an instrument with numbered choices")


def _check_unit(rule: Told, used: Mapping[str, Instrument], complete: bool, report: Report) -> None:
    """A limit that says its unit is compared with numbers in that unit alone."""
    if rule["unit"] is None:
        return
    name = rule.raw["when"].get("instrument")
    asked = [instrument for instrument in used.values() if name in (None, instrument.id)]
    compared = () if isinstance(rule["when"], Told) else tuple(compares(rule["when"], rule.raw["when"]))
    items = {compare.item for compare, _ in compared if compare.op in LIMITS}
    units = {instrument.by_id[item].unit for instrument in asked for item in items if item in instrument.by_id}
    if complete and units != {rule["unit"]}:
        fits = listed(sorted(unit for unit in units if unit is not None)) if units - {None} else "no unit, because nothing here has one"
        report.wrong(place(rule.raw, "unit"), f'Not everything that "{rule["id"]}" compares is in "{rule["unit"]}"', fits)


def _check_item(compare: Compare, raw: Any, asked: Mapping[str, Instrument], complete: bool, report: Report) -> None:
    holders = [instrument for instrument in asked.values() if compare.item in instrument.by_id]
    for instrument in holders:
        check_compare(compare, raw, instrument.by_id[compare.item], report)
    if not holders and complete:
        report.unknown(place(raw, "item"), "item", compare.item, [item for instrument in asked.values() for item in instrument.by_id])
