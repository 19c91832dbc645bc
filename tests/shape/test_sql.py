"""SQL is written where rows are kept, and nowhere else."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KEEPERS = {"store", "state", "views", "access"}
SQL = re.compile(r"\bSELECT\b.*\bFROM\b|\bINSERT INTO\b|\bUPDATE \w+ SET\b|\bDELETE FROM\b", re.DOTALL)


def elsewhere() -> list[Path]:
    own = (ROOT / "qol_server").rglob("*.py")
    kept = [
        path
        for path in own
        if not KEEPERS & set(path.relative_to(ROOT / "qol_server").parts) and path.name not in ("journal.py", "contacts.py")
    ]
    return sorted([*kept, *(ROOT / "scheduler").glob("*.py")])


def texts(source: str) -> list[str]:
    return [node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant) and isinstance(node.value, str)]


@pytest.mark.parametrize("path", elsewhere(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_sql_outside_its_layers(path: Path) -> None:
    assert [text for text in texts(path.read_text(encoding="utf-8")) if SQL.search(text)] == []


def test_the_search_finds_sql() -> None:
    assert any(SQL.search(text) for text in texts((ROOT / "qol_server/journal.py").read_text(encoding="utf-8")))
