"""Prints the columns of the tidy export into docs/reference/export-tidy.md, between its marks."""

from __future__ import annotations

import re
from pathlib import Path

from qol_server import library
from qol_server.exports.codebook import CODEBOOK
from qol_server.views import adverse_events, people, tables
from qol_server.views.adverse_events import ADVERSE_EVENT_DIARY
from qol_server.views.tables import Columns

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "export-tidy.md"
MARKS = re.compile(r"(<!-- columns: (?P<name>[a-z_]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def files() -> dict[str, Columns]:
    """File -> columns, as the study that is shipped has them."""
    instruments = library.load_instruments(library.shipped_instruments())
    protocol = library.protocol_from(library.shipped_studies()["desminib"].read_bytes(), "desminib", instruments)
    return {
        "answers": tables.ANSWERS,
        "scores": tables.SCORES,
        "windows": tables.WINDOWS,
        "doses": tables.DOSES,
        "dose_summary": tables.DOSE_SUMMARY,
        "adverse_events": adverse_events.SIGNED,
        "adverse_event_reports": adverse_events.columns(instruments[ADVERSE_EVENT_DIARY].items),
        "participants": people.columns([(name, 1) for name in protocol.anchors], list(protocol.withdrawals)),
        "codebook": CODEBOOK,
    }


def export_tidy() -> str:
    """The page with the columns as the code has them now; what stands outside the marks is written by hand."""
    columns = files()
    return MARKS.sub(lambda found: found[1] + table(columns[found["name"]]) + found[3], PAGE.read_text("utf-8"))


def table(columns: Columns) -> str:
    rows = [f"| `{one.name}` | {one.type} | {one.meaning} | {one.unit} | {one.allowed} |" for one in columns]
    return "\n".join(["", "| Column | Type | Meaning | Unit | Allowed |", "|---|---|---|---|---|", *rows, "", ""])
