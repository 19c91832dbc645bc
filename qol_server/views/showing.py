"""Every view by its name: its columns and rows in an order that does not depend on how they came about."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from qol_server.views import adverse_events, people, tables
from qol_server.views.reading import Views
from qol_server.views.tables import Columns

Shown = tuple[Columns, list[tuple[Any, ...]]]

_ORDER = {
    "answers": "participant, position, nth",
    "scores": "participant, position, nth",
    "doses": "participant, day",
    "dose_summary": "participant",
    "windows": "participant, opens, occurrence",
}
_COLUMNS: dict[str, Columns] = {
    "answers": tables.ANSWERS,
    "scores": tables.SCORES,
    "doses": tables.DOSES,
    "dose_summary": tables.DOSE_SUMMARY,
    "windows": tables.WINDOWS,
}


def _stored(name: str) -> Callable[[Views], Shown]:
    columns = _COLUMNS[name]
    listed = ", ".join(column.name for column in columns)
    sql = f"SELECT {listed} FROM {name} ORDER BY {_ORDER[name]}"  # noqa: S608 - names of this module

    def show(views: Views) -> Shown:
        return columns, [tuple(row) for row in views.store.read().all(sql)]

    return show


VIEWS: dict[str, Callable[[Views], Shown]] = {
    "answers": _stored("answers"),
    "scores": _stored("scores"),
    "doses": _stored("doses"),
    "dose_summary": _stored("dose_summary"),
    "adverse_event_reports": adverse_events.reports,
    "adverse_events": adverse_events.signed,
    "windows": _stored("windows"),
    "participants": people.table,
}
"""Name -> what gives its columns and rows. Read up to the position (``catch_up``) and drawn (``draw``) first."""


def digest(views: Views, name: str) -> tuple[int, str]:
    """How many rows a view has, and the SHA-256 (hex) over them."""
    _, rows = VIEWS[name](views)
    sha = hashlib.sha256()
    for row in rows:
        sha.update(repr(row).encode())
    return len(rows), sha.hexdigest()


def rebuild(views: Views) -> tuple[list[str], dict[str, int]]:
    """Wipe the views, make them again up to the same position, and compare.

    Returns a sentence for each view that is not what it was (none: equal), and how many rows each has.
    """
    position = views.catch_up()
    views.draw()
    had = {name: digest(views, name) for name in VIEWS}
    views.wipe()
    views.catch_up(position)
    views.draw()
    has = {name: digest(views, name) for name in VIEWS}
    differences = [
        f"{name}: had {had[name][0]} rows with digest {had[name][1][:16]}, the journal gives {count} with {sha[:16]}"
        for name, (count, sha) in has.items()
        if had[name] != (count, sha)
    ]
    return differences, {name: count for name, (count, _) in has.items()}
