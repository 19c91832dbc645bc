"""The SQLite that is used: sqlite-utils' own choice, imported without the data-science packages it would pull in."""

from __future__ import annotations

import sys

# sqlite-utils imports pandas and numpy where they are installed, which doubles a worker's memory.
_hidden = {name: sys.modules.pop(name, None) for name in ("numpy", "pandas")}
for _name in _hidden:
    sys.modules[_name] = None  # type: ignore[assignment]
try:
    import sqlite_utils
    from sqlite_utils.utils import sqlite3
finally:
    for _name, _module in _hidden.items():
        if _module is None:
            del sys.modules[_name]
        else:
            sys.modules[_name] = _module

VERSION: tuple[int, ...] = tuple(int(part) for part in sqlite3.sqlite_version.split("."))
WAL_IS_SAFE = VERSION >= (3, 51, 3)
"""Older SQLite can corrupt a database when two connections race to reset the write-ahead log."""

__all__ = ["VERSION", "WAL_IS_SAFE", "sqlite3", "sqlite_utils"]
