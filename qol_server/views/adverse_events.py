"""The views `adverse_events`, what investigators signed, and `adverse_event_reports`, what participants entered in the diary."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from qol_server.clock import stamp
from qol_server.library import terminology
from qol_server.state import adverse_events
from qol_server.state.adverse_events import Recorded
from qol_server.trial.adverse_events import Action, Outcome, Serious
from qol_server.trial.instrument import Item, ItemType
from qol_server.views.reading import Views
from qol_server.views.tables import ANSWERS, WHO, Column, Columns, Type, day, text, whole, yes_no

ADVERSE_EVENT_DIARY = "adverse-event-diary"  # the instrument whose responses are reports

SIGNED: Columns = (
    *WHO,
    text("ae", "The adverse event's id."),
    text("words", "What it was, as it was told.", free_text=True),
    text("dictionary", "The dictionary of the term, with its version."),
    text("term", "The dictionary's term."),
    text("term_group", "The dictionary's group of the term: the system organ class."),
    whole("grade", "The grade, 1 to 5; only one that the dictionary defines for the term."),
    day("start", "The first day."),
    day("end", "The last day; empty: it went on when it was signed, or is not known."),
    text("relation", "How it is related to the study drug.", "a code of the study's list relation"),
    text("action", "What was done with the study drug because of it.", ", ".join(Action)),
    text("outcome", "What became of it.", ", ".join(Outcome)),
    yes_no("serious", "Whether it is serious."),
    text("serious_because", "Why it is serious, with spaces between.", ", ".join(Serious)),
    text("aware_at", "When the site learnt that it is serious, UTC.", "RFC 3339"),
    text("report", "The journal entry's id of the response that reported it; empty: none."),
    text("case", "The case in which it was worked; empty: none."),
    text("recorded_at", "When it was recorded first, UTC.", "RFC 3339"),
    text("signed_at", "When it was signed as it stands here, UTC.", "RFC 3339"),
    text("signed_by", "Who signed it."),
    Column("position", Type.INTEGER, "The position of the journal entry that was signed.", "", "1 or more"),
)

_TYPES = {ItemType.INTEGER: Type.INTEGER, ItemType.DECIMAL: Type.NUMBER, ItemType.DATE: Type.DAY}
_OF_RESPONSE = [column for column in ANSWERS if column.name not in ("instrument", "assessment", "item", "answer", "number", "status")]
_NAMES = [column.name for column in _OF_RESPONSE]


def signed(views: Views) -> tuple[Columns, list[tuple[Any, ...]]]:
    """Those with a signature that holds, by participant and first day. A change takes one out until it is signed again."""
    tx = views.store.read()
    return SIGNED, [_signed(one, site, report) for one, site, report in adverse_events.in_the_data(tx)]


def _signed(one: Recorded, site: str, report: str | None) -> tuple[Any, ...]:
    event = one.event
    term = terminology.terms(one.dictionary)[event.term.casefold()]
    return (
        one.participant, site, one.ae, event.words, one.dictionary, event.term, term.group, event.grade, event.start.isoformat(),
        None if event.end is None else event.end.isoformat(), event.relation, str(event.action), str(event.outcome),
        int(bool(event.serious)), " ".join(each for each in Serious if each in event.serious),
        None if event.aware_at is None else stamp(event.aware_at), report, one.case, one.recorded_at, one.signed_at, one.signed_by,
        one.content,
    )  # fmt: skip


def reports(views: Views) -> tuple[Columns, list[tuple[Any, ...]]]:
    """The responses, superseded ones too, by participant and position. Items that only an older version has come last."""
    tx = views.store.read()
    versions = tx.all("SELECT version FROM documents WHERE kind = 'instrument' AND name = ? ORDER BY revision DESC", (ADVERSE_EVENT_DIARY,))
    items: dict[str, Item] = {}
    for row in versions:
        items |= {item.id: item for item in views.source.instrument(tx, row["version"]).items if item.id not in items}
    found: dict[int, list[Any]] = {}
    given: dict[int, dict[str, Any]] = {}
    for row in tx.all("SELECT * FROM answers WHERE instrument = ? ORDER BY participant, position, nth", (ADVERSE_EVENT_DIARY,)):
        if row["position"] not in found:
            found[row["position"]] = [row[name] for name in _NAMES]
        given.setdefault(row["position"], {})[row["item"]] = _value(items[row["item"]], row)
    rows = [(*fixed, *(given[position].get(item) for item in items)) for position, fixed in found.items()]
    return columns(items.values()), rows


def columns(items: Iterable[Item]) -> Columns:
    """What every response has, and a column for each of the diary's items."""
    return (*_OF_RESPONSE, *(_column(item) for item in items))


def _value(item: Item, row: Any) -> Any:
    match _type(item):
        case Type.INTEGER:
            return None if row["number"] is None else int(row["number"])
        case Type.NUMBER:
            return row["number"]
    return row["answer"] if row["status"] == "answered" or _type(item) is Type.TEXT else None


def _type(item: Item) -> Type:
    if item.type is ItemType.CHOICE and all(isinstance(code, int) for code in item.codes):
        return Type.INTEGER
    return _TYPES.get(item.type, Type.TEXT)


def _column(item: Item) -> Column:
    allowed = ", ".join(str(code) for code in item.codes)
    name = f"item_{item.id}" if item.id in _NAMES else item.id
    about = f"The item {item.id} of the adverse-event diary."
    return Column(name, _type(item), about, item.unit or "", allowed, item.type is ItemType.TEXT)
