"""The shape of an instrument's file: every key, its kind of value and what it means."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from marshmallow import ValidationError

from qol_server.library.documents import Bare, Listed, Mapped, listed
from qol_server.library.fields import Amount, Code, Field, Flag, Many, Name, OneOf, Part, Shape, Table, Text, Whole, period, told
from qol_server.trial import instrument as trial
from qol_server.trial.instrument import All, Compare, Condition, ItemType
from qol_server.trial.scoring import METHODS

DOCUMENT_ID = ("[a-z][a-z0-9-]{0,39}", "a short name of lower-case letters, digits and -")
ITEM_ID = ("[A-Za-z0-9][A-Za-z0-9_]*(?:\\.[A-Za-z0-9_]+)*", "an item id of letters, digits, _ and .")
WORD = ("[A-Za-z][A-Za-z0-9_]{0,39}", "a word of letters, digits and _")
UNIT = ("\\S{1,12}", "a unit of at most 12 characters, such as °C or mg")
CDISC_CODE = ("[A-Z][A-Z0-9]{0,7}", "a test code of at most 8 capitals and digits")
COMPARISONS = ("is", "in", "at_least", "at_most", "above", "below")
LICENCES = ("ours", "public_domain", "free_with_attribution", "license_required", "unknown")
ATTRIBUTES = ("frequency", "severity", "interference", "amount", "presence")


DEEPEST_CONDITION = 8
"""How deep "all" and "any" may stand within each other."""


class ConditionField(Field):
    """When something holds: one comparison with one item, or ``all`` or ``any`` of several."""

    says = f"{{item: ID, one of {listed(COMPARISONS)}: VALUE}}, {{all: [...]}} or {{any: [...]}}"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Condition:
        return self._read(value, 0)

    def _read(self, value: Any, depth: int) -> Condition:
        if not isinstance(value, Mapped):
            raise self.refused(value)
        if depth > DEEPEST_CONDITION:
            raise told('"all" and "any" stand too deep within each other', f"at most {DEEPEST_CONDITION} of them")
        for word, made in (("all", All), ("any", trial.Any)):
            if word in value:
                return made(self._parts(value, word, depth))
        ops = [key for key in value if key in COMPARISONS]
        strange = [key for key in value if key not in (*COMPARISONS, "item")]
        if strange:
            raise ValidationError({strange[0]: [(f'The key "{strange[0]}" is not known here', self.says)]})
        if "item" not in value or len(ops) != 1 or not isinstance(value["item"], str):
            raise told("A condition needs an item and exactly one comparison", self.says)
        return Compare(str(value["item"]), ops[0], self._operand(ops[0], value[ops[0]]))

    def _parts(self, value: Mapped, word: str, depth: int) -> tuple[Condition, ...]:
        if len(value) != 1 or not isinstance(value[word], Listed) or not value[word]:
            raise told(f'"{word}" stands alone and holds a list of conditions', self.says)
        parts: list[Condition] = []
        errors: dict[str, Any] = {}
        for index, part in enumerate(value[word]):
            try:
                parts.append(self._read(part, depth + 1))
            except ValidationError as error:
                errors.setdefault(word, {})[index] = error.messages
        if errors:
            raise ValidationError(errors)
        return tuple(parts)

    def _operand(self, op: str, value: Any) -> int | str | Decimal | tuple[int | str, ...]:
        try:
            if op == "in":
                return tuple(Many(Code(), least=1).deserialize(value))
            if op == "is":
                return Code().deserialize(value)  # type: ignore[no-any-return]
            return value if isinstance(value, int) and not isinstance(value, bool) else Amount().deserialize(value)
        except ValidationError as error:
            raise ValidationError({op: error.messages}) from None


class Recall(Field):
    """The recall period: of all items, or of ranges of items."""

    says = "a duration such as P7D, none, or a mapping from FIRST-LAST item to one of these"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, Mapped):
            return {"": self._one(value)}
        errors: dict[str, Any] = {}
        found: dict[str, str | None] = {}
        for key, part in value.items():
            try:
                found[key] = self._one(part)
            except ValidationError as error:
                errors[key] = error.messages
        if errors:
            raise ValidationError(errors)
        return found

    def _one(self, value: Any) -> str | None:
        if value == "none":
            return None
        try:
            if not isinstance(value, str) or isinstance(value, Bare):
                raise ValueError
            period(value)
        except ValueError:
            raise self.refused(value) from None
        return str(value)


class LicenceShape(Shape):
    status = OneOf(
        LICENCES, required=True, note="`license_required` and `unknown` need a recorded licence before a live study may use the wording"
    )
    holder = Text(default="", note="who owns the wording")
    note = Text(default="", note="conditions, in a sentence")


class ItemShape(Shape):
    type = OneOf([str(kind) for kind in ItemType], note="`choice` where `choices` is given")
    choices = Name(*WORD, note="name of a list under `choices`; for `choice` and `multiple`")
    non_answers = Many(Name(*WORD), note="coded non-answers that may be given instead; replaces the list of the whole instrument")
    required = Flag(default=False, note="an answer must be given wherever the item is asked; default no")
    at_least = Amount(note="lowest value; for `integer` and `decimal`")
    at_most = Amount(note="highest value; for `integer` and `decimal`")
    max_length = Whole(1, 20000, note="most characters; for `text`")
    unit = Name(*UNIT, note="in which the number is asked for; for `integer` and `decimal`")
    ask_when = ConditionField(note="asked only when this holds; names items that stand before it")
    symptom = Name("[A-Za-z0-9_]{1,40}", "a word of letters, digits and _", note="the symptom that the item is about")
    attribute = OneOf(ATTRIBUTES, note="what of the symptom is asked")
    code = Name(*CDISC_CODE, note="CDISC test code")


class RepeatShape(Shape):
    repeat = Whole(2, 20, required=True, note="how often the group stands; `{n}` counts 1, 2, 3 …")
    items = Table(
        Name(*ITEM_ID),
        Part(ItemShape),
        required=True,
        least=1,
        note="the group's items; `intake: {repeat: 6, items: {mg: …}}` gives `intake.1.mg` … `intake.6.mg`",
    )


class ItemOrRepeat(Field):
    """An item, or a group of items that is repeated."""

    says = "an item, or a group with repeat and items"

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        repeated = isinstance(value, Mapped) and "repeat" in value
        return Part(RepeatShape if repeated else ItemShape).deserialize(value)


class ScaleShape(Shape):
    kind = Name(*WORD, required=True, note="what the scoring method calls it: functional, symptom, global, FS, SI, sum …")
    items = Many(Name(*ITEM_ID), required=True, least=1, note="items of the scale")
    reversed = Many(Name(*ITEM_ID), default=(), note="those of them that count the other way round")
    code = Name(*CDISC_CODE, note="CDISC test code")
    minimum_answered = Whole(1, 200, note="fewest answered items with which the scale is scored")


class SummaryShape(Shape):
    mean_of = Many(Text(), least=1, note="scales; `100-FA` means 100 minus FA")
    sum_of = Many(Text(), least=1, note="scales")
    code = Name(*CDISC_CODE, note="CDISC test code")

    def one_of(self) -> Iterable[tuple[str, ...]]:
        return [("mean_of", "sum_of")]


class InstrumentShape(Shape):
    instrument = Name(*DOCUMENT_ID, required=True, note="id of the instrument")
    title = Text(required=True, note="name of the instrument")
    licence = Part(LicenceShape, required=True, note="who owns the wording")
    source = Text(required=True, note="where structure and codes come from")
    recall = Recall(note="recall period of all items, or by ranges of items; default none")
    non_answers = Many(Name(*WORD), default=(), note="coded non-answers that every item takes unless it has a list of its own")
    choices = Table(Name(*WORD), Many(Code(), least=2), default={}, note="lists of codes, in the order in which they are shown")
    items = Table(Name(*ITEM_ID), ItemOrRepeat(), required=True, least=1, note="items in the order in which they are asked")
    scales = Table(Name(*WORD), Part(ScaleShape), default={}, note="scores made of items")
    scoring = OneOf(METHODS, note="name of the scoring method")
    summary = Table(Name(*WORD), Part(SummaryShape), default={}, note="scores made of scales")
