"""Where the project's files are, for the tests of its shape."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def files(*patterns: str) -> list[Path]:
    """The files under version control, and those about to be, that match; all of the tree where there is no git."""
    if (ROOT / ".git").exists():
        command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split("\0")
        paths = [ROOT / name for name in listed if name]
    else:
        paths = [path for path in ROOT.rglob("*") if not {".venv", "__pycache__", "node_modules"} & set(path.parts)]
    return sorted({path for path in paths if path.is_file() and any(path.match(pattern) for pattern in patterns or ("*",))})


def name(path: Path) -> str:
    """The path as a reader of the project writes it."""
    return path.relative_to(ROOT).as_posix()


def python_packages() -> list[Path]:
    """The Python files that are installed."""
    return [path for path in files("*.py") if name(path).split("/")[0] in ("qol_server", "scheduler", "wsgi.py")]
