"""The dictionaries of adverse events that come with the software: their terms, and which grades each of them has."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from qol_server.trial.adverse_events import Term

DICTIONARIES = {"CTCAE 5.0": "ctcae-5.0.csv"}
"""Name -> file. Common Terminology Criteria for Adverse Events, U.S. National Cancer Institute: terms, system organ classes and
which grades are defined; not their definitions, and no codes of MedDRA, which is licensed."""


@cache
def terms(dictionary: str) -> Mapping[str, Term]:
    """The terms of a dictionary by their names in small letters, in the order of the dictionary. Raises KeyError."""
    text = (files("questionnaires") / "terminology" / DICTIONARIES[dictionary]).read_text("utf-8")
    rows = csv.DictReader(text.splitlines())
    found = [Term(row["term"], row["group"], tuple(int(grade) for grade in row["grades"])) for row in rows]
    return MappingProxyType({term.name.casefold(): term for term in found})
