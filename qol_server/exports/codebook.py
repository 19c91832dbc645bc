"""The codebook: what every column, item, choice and scale of an export means, one row each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from qol_server import library
from qol_server.intake.study import Study
from qol_server.state import documents
from qol_server.store import Tx
from qol_server.trial import response, scoring
from qol_server.trial.adverse_events import Action, Outcome, Serious
from qol_server.trial.instrument import Instrument, Item, ItemType, Scale
from qol_server.trial.protocol import Protocol
from qol_server.views.tables import Columns, text, yes_no

CODEBOOK: Columns = (
    text("file", "The file in which the name occurs."),
    text("kind", "What is named.", "column, item, choice, non-answer, scale"),
    text("name", "The name of the column, item or scale; of a choice, the list of choices."),
    text("instrument", "The instrument of an item, choice or scale."),
    text("version", "The instrument's version."),
    text("code", "Of a choice its code, of an item or scale its code in the CDISC terminology where it has one."),
    text("meaning", "What it means; of an item or choice the text that was shown."),
    text("type", "What it holds."),
    text("unit", "The unit of its values."),
    text("allowed", "Which values may occur."),
    yes_no("free_text", "Whether people write freely here: read it before it is passed on."),
    yes_no("stand_in", "Whether the meaning is a stand-in label and not the instrument's wording."),
    text("source", "Where it comes from."),
)
Row = tuple[Any, ...]

CDISC_TERMINOLOGY = "CDISC SDTM controlled terminology, 2025-03-25"
CDISC: Mapping[str, Mapping[str, str]] = {
    "action": {
        Action.DOSE_NOT_CHANGED: "DOSE NOT CHANGED (ACN, C49504)",
        Action.DOSE_REDUCED: "DOSE REDUCED (ACN, C49505)",
        Action.DOSE_RATE_REDUCED: "DOSE RATE REDUCED (ACN, C150826)",
        Action.DOSE_INCREASED: "DOSE INCREASED (ACN, C49503)",
        Action.DRUG_INTERRUPTED: "DRUG INTERRUPTED (ACN, C49501)",
        Action.DRUG_WITHDRAWN: "DRUG WITHDRAWN (ACN, C49502)",
        Action.NOT_APPLICABLE: "NOT APPLICABLE (ACN, C48660)",
        Action.UNKNOWN: "UNKNOWN (ACN, C17998)",
    },
    "outcome": {
        Outcome.RECOVERED: "RECOVERED/RESOLVED (OUT, C49498)",
        Outcome.RECOVERED_WITH_SEQUELAE: "RECOVERED/RESOLVED WITH SEQUELAE (OUT, C49495)",
        Outcome.RECOVERING: "RECOVERING/RESOLVING (OUT, C49496)",
        Outcome.NOT_RECOVERED: "NOT RECOVERED/NOT RESOLVED (OUT, C49494)",
        Outcome.FATAL: "FATAL (OUT, C48275)",
        Outcome.UNKNOWN: "UNKNOWN (OUT, C17998)",
    },
    "serious_because": {
        Serious.DEATH: "AESDTH",
        Serious.LIFE_THREATENING: "AESLIFE",
        Serious.HOSPITALISATION: "AESHOSP",
        Serious.DISABILITY: "AESDISAB",
        Serious.CONGENITAL_ANOMALY: "AESCONG",
        Serious.OTHER: "AESMIE",
    },
}
"""Of each code in ``adverse_events`` the value in the CDISC terminology with its list and number, or the SDTM variable."""


@dataclass(frozen=True, slots=True)
class Codebook:
    """The rows, and the instruments whose meaning is told by stand-in labels."""

    rows: list[Row]
    stand_in: tuple[str, ...]


def codebook(study: Study, tx: Tx, protocol: Protocol | None, files: Mapping[str, Columns]) -> Codebook:
    """Explain ``files`` (name -> columns) and every instrument that the study had adopted in the state that ``tx`` sees."""
    rows: list[Row] = []
    for file, columns in files.items():
        rows += [
            (file, "column", one.name, None, None, None, one.meaning, str(one.type), one.unit, one.allowed, one.free_text, False, None)
            for one in columns
        ]
    stand_in = set()
    instruments = [study.instrument(tx, version) for version in documents.versions(tx, "instrument")]
    for instrument in sorted(instruments, key=lambda one: one.id):
        words = _wording(study, tx, instrument, protocol)
        if words.stand_in:
            stand_in.add(instrument.id)
        rows += _instrument(instrument, words)
    rows += [
        ("adverse_events", "choice", name, None, None, str(code), cdisc, None, None, None, False, False, CDISC_TERMINOLOGY)
        for name, codes in CDISC.items()
        for code, cdisc in codes.items()
    ]
    return Codebook(rows, tuple(sorted(stand_in)))


def _wording(study: Study, tx: Tx, instrument: Instrument, protocol: Protocol | None) -> library.Wording:
    """The imported wording, in English where the study has it, else stand-in labels."""
    languages = ("en",) if protocol is None else tuple(sorted(protocol.languages, key=lambda one: one != "en"))
    for language in languages:
        version = study.current(tx, "wording", instrument.id, language)
        if version is not None:
            try:
                return study.wording(tx, version)
            except library.StudyFileError:  # made for an earlier version of the instrument
                continue
    return library.stand_in_wording(instrument, "en")


def _instrument(instrument: Instrument, words: library.Wording) -> Iterator[Row]:
    who = (instrument.id, instrument.version)
    for item in instrument.items:
        yield (
            "answers", "item", item.id, *who, item.code, words.items.get(item.id), _type(item), item.unit, response.allowed(item),
            item.type is ItemType.TEXT, words.stand_in, instrument.source,
        )  # fmt: skip
    for name, codes in {item.choices: item.codes for item in instrument.items if item.choices}.items():
        labels = words.choices.get(name, {})
        for code in codes:
            yield "answers", "choice", name, *who, str(code), labels.get(code), None, None, None, False, words.stand_in, None
    for name in dict.fromkeys(name for item in instrument.items for name in item.non_answers):
        yield "answers", "non-answer", name, *who, name, words.non_answers.get(name), None, None, None, False, words.stand_in, None
    method = scoring.method_version(instrument)
    for scale in instrument.scales:
        yield "scores", "scale", scale.id, *who, scale.code, _scale(scale), "number", None, method, False, False, instrument.source
    for summary in instrument.summaries:
        terms = ", ".join(f"100 - {term.scale}" if term.reversed else term.scale for term in summary.terms)
        meaning = f"{summary.method} of {terms}"
        yield "scores", "scale", summary.id, *who, summary.code, meaning, "number", None, method, False, False, instrument.source


def _scale(scale: Scale) -> str:
    turned = f"; reversed: {', '.join(scale.reversed)}" if scale.reversed else ""
    return f"{scale.kind}, of {', '.join(scale.items)}{turned}"


def _type(item: Item) -> str:
    recall = f", recall {item.recall}" if item.recall else ""
    return f"{item.type}{recall}"
