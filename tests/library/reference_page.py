"""Puts the tables of keys into docs/reference/study-files.md; run as `python -m tests.library.reference_page`."""

from __future__ import annotations

from pathlib import Path

from qol_server.library import reference

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "study-files.md"
BEGIN = "<!-- keys: written from the code by `python -m tests.library.reference_page`; do not edit -->\n"
END = "<!-- keys: end -->\n"


def renewed(page: str) -> str:
    """``page`` with the tables that the code gives now between its two marks."""
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{reference()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
