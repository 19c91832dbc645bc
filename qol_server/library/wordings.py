"""Wording packs: the texts of one instrument in one language, and stand-in labels where the wording may not be shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from qol_server.library.documents import Mapped, Report, listed, parse, place, version
from qol_server.library.fields import Flag, Name, Part, Shape, Table, Text, Told, load
from qol_server.library.instrument_shape import DOCUMENT_ID, ITEM_ID, WORD
from qol_server.trial.instrument import Instrument

LANGUAGE = ("[a-z]{2,3}(-[A-Z]{2})?", "a language code such as en, fr or pt-BR")
ANSWERED_BY = ("participant", "typed-for", "proxy")

_STAND_IN = {
    "en": {
        "title": "{} (stand-in labels)",
        "item": "Question {} of {} (stand-in)",
        "declined": "I prefer not to answer",
        "na": "Not applicable",
        "not_sexually_active": "Not sexually active",
        "participant": "I answer myself",
        "typed-for": "Somebody types my answers for me",
        "proxy": "Somebody answers for me",
    },
    "fr": {
        "title": "{} (libellés provisoires)",
        "item": "Question {} de {} (libellé provisoire)",
        "declined": "Je préfère ne pas répondre",
        "na": "Sans objet",
        "not_sexually_active": "Pas d’activité sexuelle",
        "participant": "Je réponds moi-même",
        "typed-for": "Quelqu’un saisit mes réponses pour moi",
        "proxy": "Quelqu’un répond à ma place",
    },
}


@dataclass(frozen=True, slots=True)
class Wording:
    """The texts of one instrument in one language; ``version`` is the SHA-256 (hex) of the document's bytes.

    ``items``: item id -> text. ``choices``: name of the list -> code -> label. ``by``: who answered -> label.
    ``licence``: reference under which the wording may be used. ``stand_in``: labels without the instrument's wording.
    """

    instrument: str
    language: str
    version: str
    title: str
    items: Mapping[str, str]
    choices: Mapping[str, Mapping[int | str, str]]
    non_answers: Mapping[str, str] = field(default_factory=dict)
    by: Mapping[str, str] = field(default_factory=dict)
    introduction: str = ""
    licence: str = ""
    stand_in: bool = False


class WordingLicenceShape(Shape):
    reference = Text(required=True, note="the licence or permission under which the texts may be used; `ours` for our own")
    holder = Text(default="", note="who owns the texts")
    note = Text(default="", note="conditions, in a sentence")


class WordingShape(Shape):
    wording = Name(*DOCUMENT_ID, required=True, note="id of the instrument")
    language = Name(*LANGUAGE, required=True, note="language of the texts")
    title = Text(required=True, note="name that the patient sees")
    licence = Part(WordingLicenceShape, required=True, note="why the texts may be used")
    stand_in = Flag(default=False, note="labels that only stand in for a licensed wording; never for a live study")
    introduction = Text(default="", note="what stands before the first question")
    items = Table(
        Name(ITEM_ID[0] + "|[A-Za-z0-9_]+\\.\\{n\\}\\.[A-Za-z0-9_]+", ITEM_ID[1]),
        Text(),
        required=True,
        note="item -> question; of a repeated group once, with `{n}` in id and text",
    )
    choices = Table(Name(*WORD), Table(Name("-?[A-Za-z0-9_]+", "a code"), Text()), default={}, note="list -> code -> label")
    non_answers = Table(Name(*WORD), Text(), default={}, note="coded non-answer -> label")
    by = Table(Name("participant|typed-for|proxy", listed(ANSWERED_BY)), Text(), default={}, note="who answered -> label")


@lru_cache(maxsize=64)
def wording_from(text: bytes, name: str, instrument: Instrument) -> Wording:
    """The wording that ``text`` holds for ``instrument``; nothing may be missing or too much. Raises StudyFileError with all mistakes."""
    report = Report(name)
    data = load(WordingShape(), parse(text, report), report)
    if data.get("wording") not in (None, instrument.id):
        report.wrong(place(data.raw, "wording"), f'This is the wording of "{data["wording"]}"', instrument.id)
        report.stop_if_wrong()
    items = _items(data, instrument, report)
    lists = {item.choices: item.codes for item in instrument.items if item.choices}
    _same(data.raw, ("choices",), "list of choices", lists, report)
    choices: dict[str, dict[int | str, str]] = {}
    for list_name, labels in (data.get("choices") or {}).items():
        codes = {str(code): code for code in lists.get(list_name, ())}
        if list_name in lists:
            _same(data.raw, ("choices", list_name), "code", codes, report)
        choices[list_name] = {codes[code]: label for code, label in labels.items() if code in codes}
    _same(
        data.raw,
        ("non_answers",),
        "coded non-answer",
        dict.fromkeys(word for item in instrument.items for word in item.non_answers),
        report,
    )
    if data.raw.get("by"):
        _same(data.raw, ("by",), "way of answering", dict.fromkeys(ANSWERED_BY), report)
    report.stop_if_wrong()
    return Wording(
        instrument=instrument.id,
        language=data["language"],
        version=version(text),
        title=data["title"],
        items=items,
        choices=choices,
        non_answers=data["non_answers"],
        by=data["by"],
        introduction=data["introduction"],
        licence=data["licence"]["reference"],
        stand_in=data["stand_in"],
    )


def _items(data: Told, instrument: Instrument, report: Report) -> dict[str, str]:
    """The text of each item; a text for ``intake.{n}.mg`` serves each repetition."""
    given: Mapping[str, str] = data.get("items") or {}
    stated = data.raw.get("items")
    if not isinstance(stated, Mapped):
        return {}
    found: dict[str, str] = {}
    used: set[str] = set()
    for item in instrument.items:
        pattern, nth = _unnumbered(item.id)
        key = item.id if item.id in stated else pattern
        if key not in stated:
            report.wrong(place(data.raw, "items"), f'The item "{item.id}" has no text', "a text for each item")
            continue
        used.add(key)
        found[item.id] = given.get(key, "").replace("{n}", nth)
    for key in stated:
        if key not in used:
            report.unknown(place(data.raw, "items", key), "item", key, instrument.by_id)
    return found


def _unnumbered(item: str) -> tuple[str, str]:
    """``intake.2.mg`` -> ``("intake.{n}.mg", "2")``; an id without a number as it is."""
    parts = item.split(".")
    if len(parts) == 3 and parts[1].isdigit():
        return f"{parts[0]}.{{n}}.{parts[2]}", parts[1]
    return item, ""


def _same(raw: Mapped, path: tuple[str, ...], kind: str, known: Mapping[Any, Any], report: Report) -> None:
    """The keys at ``path`` are exactly the known ones."""
    node: Any = raw
    for step in path:
        node = node.get(step) if isinstance(node, Mapped) else None
    stated = node if isinstance(node, Mapped) else {}
    for key in stated:
        if key not in known:
            report.unknown(place(raw, *path, key), kind, key, known)
    for key in known:
        if key not in stated:
            report.wrong(place(raw, *path), f'The {kind} "{key}" has no text', listed(known))


def stand_in_document(instrument: Instrument, language: str) -> bytes:
    """A wording pack of stand-in labels for ``instrument``: the same bytes each time. Raises KeyError where it is not en or fr."""
    words = _STAND_IN[language]

    def quoted(text: object) -> str:
        return json.dumps(str(text), ensure_ascii=False)

    lists = {item.choices: item.codes for item in instrument.items if item.choices}
    non_answers = dict.fromkeys(word for item in instrument.items for word in item.non_answers)
    lines = [
        f"wording: {instrument.id}",
        f"language: {language}",
        f"title: {quoted(words['title'].format(instrument.title))}",
        "licence: {reference: none, note: stand-in labels for demonstrations; they are not the wording of the instrument}",
        "stand_in: yes",
        "items:",
        *(f"  {quoted(item.id)}: {quoted(words['item'].format(nth, instrument.id))}" for nth, item in enumerate(instrument.items, 1)),
        *(["choices:"] if lists else []),
    ]
    for name, codes in lists.items():
        lines += [f"  {name}:", *(f"    {quoted(code)}: {quoted(code)}" for code in codes)]
    lines += ["non_answers:"] if non_answers else []
    lines += [f"  {word}: {quoted(words.get(word, word))}" for word in non_answers]
    lines += ["by:", *(f"  {who}: {quoted(words[who])}" for who in ANSWERED_BY)]
    return ("\n".join(lines) + "\n").encode()


def stand_in_wording(instrument: Instrument, language: str) -> Wording:
    """The stand-in labels of ``instrument``, as read from their own document."""
    return wording_from(stand_in_document(instrument, language), f"stand-in wording of {instrument.id} ({language})", instrument)
