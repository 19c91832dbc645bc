"""The view `adverse_events`: one row for each response to the adverse-event diary, its items as columns."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from qol_server.trial.instrument import Item, ItemType
from qol_server.views.reading import Views
from qol_server.views.tables import ANSWERS, Column, Columns, Type

ADVERSE_EVENT_DIARY = "adverse-event-diary"  # the instrument whose responses are listed here

_TYPES = {ItemType.INTEGER: Type.INTEGER, ItemType.DECIMAL: Type.NUMBER, ItemType.DATE: Type.DAY}
_OF_RESPONSE = [column for column in ANSWERS if column.name not in ("instrument", "assessment", "item", "answer", "number", "status")]
_NAMES = [column.name for column in _OF_RESPONSE]


def table(views: Views) -> tuple[Columns, list[tuple[Any, ...]]]:
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
    return Column(name, _type(item), f"The item {item.id} of the adverse-event diary.", "", allowed, item.type is ItemType.TEXT)
