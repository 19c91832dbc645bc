"""Instruments: what must hold between the parts of their files, and the frozen result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from qol_server.library.documents import Mapped, Report, listed, parse, place, version
from qol_server.library.fields import Told, load
from qol_server.library.instrument_shape import InstrumentShape
from qol_server.trial import instrument as trial
from qol_server.trial.instrument import All, Compare, Condition, Instrument, Item, ItemType, Licence, Scale, Summary, Term
from qol_server.trial.scoring import scorer

REPEAT = "{n}"


@lru_cache(maxsize=64)  # reading YAML takes 0.1 s, and a document never changes
def instrument_from(text: bytes, name: str = "the instrument") -> Instrument:
    """The instrument that ``text`` describes; its version is the SHA-256 of ``text``. Raises StudyFileError with all mistakes."""
    report = Report(name)
    data = load(InstrumentShape(), parse(text, report), report)
    found = _Reader(data, report)
    items = tuple(found.items())
    scales = tuple(found.scales())
    summaries = tuple(found.summaries())
    report.stop_if_wrong()
    licence = data["licence"]
    instrument = Instrument(
        id=data["instrument"],
        version=version(text),
        title=data["title"],
        licence=Licence(licence["status"], licence["holder"], licence["note"]),
        items=items,
        scales=scales,
        summaries=summaries,
        scoring=data["scoring"],
        source=data["source"],
    )
    try:
        scorer(instrument)
    except ValueError as error:
        report.wrong(place(data.raw, "scoring"), f"The scales do not fit the method: {error}", f"the rules of {data['scoring']}")
        report.stop_if_wrong()
    return instrument


def compares(condition: Condition, raw: Any) -> Iterator[tuple[Compare, Any]]:
    """Each comparison of a condition together with the mapping of the file that states it."""
    if isinstance(condition, Compare):
        yield condition, raw
        return
    word = "all" if isinstance(condition, All) else "any"
    for part, stated in zip(condition.parts, raw[word], strict=True):
        yield from compares(part, stated)


def check_compare(compare: Compare, raw: Any, item: Item, report: Report) -> None:
    """A comparison must fit what may be answered to ``item``."""
    where = place(raw, compare.op)
    if item.type in (ItemType.CHOICE, ItemType.MULTIPLE):
        values = compare.value if isinstance(compare.value, tuple) else (compare.value,)
        for value in values:
            exact = compare.op in ("is", "in")
            fits = value in item.codes or (exact and value in item.non_answers)
            if not exact and any(isinstance(code, str) for code in item.codes):
                report.wrong(where, f'"{compare.op}" needs numbers, which the choices of "{item.id}" are not', "is, in")
            elif not fits:
                report.wrong(
                    where, f'"{value}" is none of the choices of "{item.id}"', listed((*item.codes, *(item.non_answers if exact else ())))
                )
    elif item.type in (ItemType.INTEGER, ItemType.DECIMAL):
        operand = compare.value
        if isinstance(operand, tuple | str):
            if item.type is ItemType.DECIMAL or isinstance(operand, str):
                report.wrong(where, f'"{compare.op}" cannot be used with "{item.id}"', "at_least, at_most, above, below")
        elif (item.at_least is not None and operand < item.at_least) or (item.at_most is not None and operand > item.at_most):
            report.wrong(where, f'{operand} is outside the range of "{item.id}"', f"{item.at_least} to {item.at_most}")
    elif compare.op not in ("is", "in"):
        report.wrong(where, f'"{compare.op}" needs a number, which "{item.id}" ({item.type}) is not', "is, in")


class _Reader:
    """Makes the parts of an instrument from what the shape loaded; a part with mistakes is reported and left out."""

    def __init__(self, data: Told, report: Report) -> None:
        self.data = data
        self.report = report
        self.lists: Mapping[str, list[int | str]] = data.get("choices") or {}
        self.known: dict[str, Item] = {}
        raw_items = data.raw.get("items")
        self.stated = tuple(_ids(raw_items)) if isinstance(raw_items, Mapped) else ()

    def items(self) -> Iterator[Item]:
        for name, codes in self.lists.items():
            for index, code in enumerate(codes):
                if code in codes[:index]:
                    self.report.wrong(
                        place(self.data.raw, "choices", name, index), f'The code "{code}" stands twice in "{name}"', "each code once"
                    )
        folded: dict[str, str] = {}
        for part, item in self._expanded():
            if item.id.lower() in folded:
                same = folded[item.id.lower()]
                self.report.wrong(
                    place(part.raw),
                    f'The item "{item.id}" stands twice, as "{same}" too (case does not tell items apart)',
                    "each item once",
                )
                continue
            folded[item.id.lower()] = item.id
            self._check(part, item)
            self.known[item.id] = item
            yield item
        self._check_codes()

    def _expanded(self) -> Iterator[tuple[Told, Item]]:
        recalls = self._recalls()
        loaded: Mapping[str, Any] = self.data.get("items") or {}
        for name, part in loaded.items():
            if not isinstance(part, Told):
                continue
            if "repeat" not in part:
                yield part, self._item(name, part, "", recalls.get(name))
                continue
            for nth in range(1, part["repeat"] + 1):
                for inner_name, inner in part["items"].items():
                    yield inner, self._item(f"{name}.{nth}.{inner_name}", inner, str(nth), recalls.get(name))

    def _item(self, name: str, part: Told, nth: str, recall: str | None) -> Item:
        kind = ItemType(part["type"] or ("choice" if part["choices"] else "text"))
        own = part["non_answers"]
        return Item(
            id=name,
            type=kind,
            codes=tuple(self.lists.get(part["choices"] or "", ())),
            choices=part["choices"],
            non_answers=tuple(self.data.get("non_answers") or () if own is None else own),
            required=part["required"],
            at_least=part["at_least"],
            at_most=part["at_most"],
            max_length=part["max_length"],
            unit=part["unit"],
            ask_when=_numbered(part["ask_when"], nth) if part["ask_when"] else None,
            symptom=part["symptom"],
            attribute=part["attribute"],
            code=part["code"],
            recall=recall,
        )

    def _check(self, part: Told, item: Item) -> None:
        wrong, raw = self.report.wrong, part.raw
        chosen = item.type in (ItemType.CHOICE, ItemType.MULTIPLE)
        if part["type"] is None and part["choices"] is None:
            wrong(place(raw), f'The item "{item.id}" has neither "type" nor "choices"', listed(ItemType))
        if chosen and item.choices is None:
            wrong(place(raw, "type"), f'The item "{item.id}" needs "choices"', listed(self.lists))
        if item.choices is not None and not chosen:
            wrong(place(raw, "choices"), f'"choices" does not go with the type {item.type}', "choice, multiple")
        stated_lists = self.data.raw.get("choices")
        known_lists = list(stated_lists) if isinstance(stated_lists, Mapped) else []
        if item.choices is not None and item.choices not in known_lists:
            self.report.unknown(place(raw, "choices"), "list of choices", item.choices, known_lists)
        for limit in ("at_least", "at_most", "unit"):
            if part[limit] is not None and item.type not in (ItemType.INTEGER, ItemType.DECIMAL):
                wrong(place(raw, limit), f'"{limit}" does not go with the type {item.type}', "integer, decimal")
        if item.at_least is not None and item.at_most is not None and item.at_least > item.at_most:
            wrong(
                place(raw, "at_most"), f"The highest value {item.at_most} is below the lowest {item.at_least}", f"{item.at_least} or more"
            )
        if item.max_length is not None and item.type is not ItemType.TEXT:
            wrong(place(raw, "max_length"), f'"max_length" does not go with the type {item.type}', "text")
        for word in item.non_answers:
            if word in item.codes:
                wrong(place(raw, "non_answers"), f'"{word}" is a choice of "{item.id}" already', "a word that is no choice")
        if item.ask_when is not None:
            for compare, stated in compares(item.ask_when, raw["ask_when"]):
                self._check_asked(item, compare, stated)

    def _check_asked(self, item: Item, compare: Compare, stated: Any) -> None:
        where = place(stated, "item")
        if compare.item in self.known:
            check_compare(compare, stated, self.known[compare.item], self.report)
        elif compare.item == item.id or compare.item in self.stated:
            if compare.item not in self._broken():
                self.report.wrong(
                    where, f'"{item.id}" depends on "{compare.item}", which does not stand before it', "an item that stands before it"
                )
        else:
            self.report.unknown(where, "item", compare.item, self.known)

    def _broken(self) -> set[str]:
        """Items that the file states and whose shape is wrong: what refers to them cannot be judged."""
        raw, loaded = self.data.raw.get("items"), self.data.get("items") or {}
        whole = {name for name, part in loaded.items() if isinstance(part, Told)}
        return set(_ids({name: part for name, part in raw.items() if name not in whole})) if isinstance(raw, Mapped) else set()

    def _check_codes(self) -> None:
        seen: dict[str, str] = {}
        for kind in ("items", "scales", "summary"):
            loaded: Mapping[str, Any] = self.data.get(kind) or {}
            for name, part in loaded.items():
                code = part.get("code") if isinstance(part, Told) else None
                if code is None:
                    continue
                if code in seen:
                    self.report.wrong(
                        place(part.raw, "code"), f'The code "{code}" stands twice, at "{seen[code]}" and "{name}"', "each code once"
                    )
                seen.setdefault(code, name)

    def _recalls(self) -> dict[str, str | None]:
        stated: Mapping[str, str | None] = self.data.get("recall") or {}
        names = list(self.data.raw["items"]) if isinstance(self.data.raw.get("items"), Mapped) else []
        if "" in stated:
            return dict.fromkeys(names, stated[""])
        found: dict[str, str | None] = {}
        for span, value in stated.items():
            first, _, last = span.partition("-")
            last = last or first
            if first not in names or last not in names or names.index(first) > names.index(last):
                self.report.wrong(
                    place(self.data.raw, "recall", span), f'"{span}" is no range of items', "FIRST-LAST in the order of the items"
                )
                continue
            for name in names[names.index(first) : names.index(last) + 1]:
                if name in found:
                    self.report.wrong(
                        place(self.data.raw, "recall", span), f'"{name}" has a recall period already', "each item in one range"
                    )
                found[name] = value
        return found

    def scales(self) -> Iterator[Scale]:
        loaded: Mapping[str, Any] = self.data.get("scales") or {}
        for name, part in loaded.items():
            if not isinstance(part, Told):
                continue
            for key in ("items", "reversed"):
                for index, item in enumerate(part[key]):
                    where = place(part.raw, key, index)
                    if item not in self.stated:
                        self.report.unknown(where, "item", item, self.stated)
                    elif key == "reversed" and item not in part["items"]:
                        self.report.wrong(where, f'"{item}" is no item of the scale "{name}"', listed(part["items"]))
                    elif item in part[key][:index]:
                        self.report.wrong(where, f'"{item}" stands twice in the scale "{name}"', "each item once")
                    elif item in self.known and self.known[item].type not in (ItemType.CHOICE, ItemType.INTEGER):
                        kind = self.known[item].type
                        self.report.wrong(where, f'"{item}" is of type {kind} and cannot be scored', "items of type choice or integer")
            least = part["minimum_answered"]
            if least is not None and least > len(part["items"]):
                self.report.wrong(
                    place(part.raw, "minimum_answered"),
                    f"{least} of {len(part['items'])} items can never be answered",
                    f"1 to {len(part['items'])}",
                )
            yield Scale(name, part["kind"], tuple(part["items"]), tuple(part["reversed"]), part["code"], least)
        if self.data.raw.get("scales") and self.data.raw.get("scoring") is None:
            self.report.wrong(
                place(self.data.raw, "scales"), 'There are scales but no method: "scoring" is missing', "the name of a scoring method"
            )

    def summaries(self) -> Iterator[Summary]:
        loaded: Mapping[str, Any] = self.data.get("summary") or {}
        scales = self.data.raw.get("scales") or {}
        for name, part in loaded.items():
            if not isinstance(part, Told):
                continue
            if name in scales:
                self.report.wrong(place(self.data.raw, "summary", name), f'"{name}" is a scale already', "another name")
            key = "mean_of" if part["mean_of"] is not None else "sum_of"
            terms = [Term(term.removeprefix("100-"), term.startswith("100-")) for term in part[key]]
            for index, term in enumerate(terms):
                if term.scale not in scales:
                    self.report.unknown(place(part.raw, key, index), "scale", term.scale, scales)
            yield Summary(name, key.removesuffix("_of"), tuple(terms), part["code"])


def _ids(items: Mapping[str, Any]) -> Iterator[str]:
    """The item ids that a file states, also of items whose shape is wrong."""
    for name, part in items.items():
        times, inner = (part.get("repeat"), part.get("items")) if isinstance(part, Mapped) else (None, None)
        if isinstance(times, int) and isinstance(inner, Mapped):
            yield from (f"{name}.{nth}.{key}" for nth in range(1, min(times, 20) + 1) for key in inner)
        else:
            yield name


def _numbered(condition: Condition, nth: str) -> Condition:
    if isinstance(condition, Compare):
        return Compare(condition.item.replace(REPEAT, nth), condition.op, condition.value) if nth else condition
    parts = tuple(_numbered(part, nth) for part in condition.parts)
    return All(parts) if isinstance(condition, All) else trial.Any(parts)
