"""The reference of the study files lists the keys that the checker knows, and its examples are true."""

from __future__ import annotations

import re
from datetime import date

from qol_server.library import period, reference
from qol_server.trial.schedule import add
from tests.library.reference_page import PAGE, renewed


def test_the_tables_of_keys_are_those_of_the_code():
    page = PAGE.read_text(encoding="utf-8")
    assert renewed(page) == page, "renew it with: python -m tests.library.reference_page"


def test_every_key_says_what_it_means():
    rows = [re.split(r"(?<!\\)\|", line) for line in reference().splitlines() if line.startswith("| `")]
    assert len(rows) > 100
    for row in rows:
        assert len(row) == 5
        assert all(cell.strip() for cell in row[1:4]), row


def test_months_are_counted_as_the_page_says():
    start = date(2026, 1, 31)
    assert add(start, period("P1M")) == date(2026, 2, 28)
    assert add(start, period("P2M")) == date(2026, 3, 31)
