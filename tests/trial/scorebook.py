"""Prints the scoring methods and their worked examples into docs/reference/scoring.md, between its marks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qol_server.library import load_instruments, shipped_instruments
from qol_server.trial.scoring import METHODS, method_version
from tests.trial.rulebook import table
from tests.trial.worked import read

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "scoring.md"
MARKS = re.compile(r"(<!-- scoring: (?P<name>[a-z0-9-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def scoring() -> str:
    """The page with its tables as code and files have them now; what stands outside the marks is written by hand."""
    return MARKS.sub(lambda found: f"{found[1]}\n{_part(found['name'])}\n\n{found[3]}", PAGE.read_text("utf-8"))


def _part(name: str) -> str:
    if name == "methods":
        return _methods()
    document = read("scores-pro-ctcae-grades" if name == "grades" else name)
    return _grades(document) if name == "grades" else f"{_source(document)}\n\n{_cases(document)}"


def _methods() -> str:
    instruments = load_instruments(shipped_instruments()).values()
    rows = []
    for name, method in METHODS.items():
        users = [instrument for instrument in instruments if instrument.scoring == name]
        assert all(method_version(instrument) == f"{name}/{method.version}" for instrument in users)
        what = " ".join((method.scale.__doc__ or "").split())
        rows.append([f"`{name}/{method.version}`", what, ", ".join(instrument.id for instrument in users) or "-"])
    return table(["Method", "A scale is", "Used by"], rows)


def _grades(document: Mapping[str, Any]) -> str:
    rows = [
        [pattern, *(" ".join(combinations.get(grade, [])) for grade in (1, 2, 3))] for pattern, combinations in document["grades"].items()
    ]
    return f"{_source(document)}\n\n{table(['Parts', 'Grade 1', 'Grade 2', 'Grade 3'], rows)}"


def _cases(document: Mapping[str, Any]) -> str:
    rows = [[case["title"], _answers(case), _pairs(case["scores"]) or "none", case.get("source", "")] for case in document["cases"]]
    return table(["", "Answers", "Scores", "Source"], rows)


def _answers(case: Mapping[str, Any]) -> str:
    """Neighbours with the same answer share a place: "q1 … q28: 1"."""
    groups: list[tuple[list[str], Any]] = []
    for item, answer in case["answers"].items():
        if groups and groups[-1][1] == answer:
            groups[-1][0].append(item)
        else:
            groups.append(([item], answer))
    shown = [
        f"{items[0] if len(items) == 1 else f'{items[0]} … {items[-1]}' if len(items) > 2 else ', '.join(items)}: "
        f"{'not answered' if answer is None else answer}"
        for items, answer in groups
    ]
    return "; ".join(([f"not asked: {case['not_asked']}"] if "not_asked" in case else []) + shown)


def _pairs(scores: Mapping[str, Any]) -> str:
    return "; ".join(f"{name} {value}" for name, value in scores.items())


def _source(document: Mapping[str, Any]) -> str:
    return " ".join(document["source"].split())
