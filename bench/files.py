"""What is made of a journal: the tidy export, the views from nothing, and the check of every entry, each as its command."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.server import ROOT
from bench.study import SLUG, Template, fill


def measure(template: Template, folder: Path, *, demo: int, journal: int) -> dict[str, Any]:
    """Seconds of wall clock with start-up. ``demo``: entries that are exported; ``journal``: entries that are verified.

    ``export`` makes the views first, ``export_again`` finds them made.
    """
    small = template.copy(folder / "small")
    fill(template, small, template.phones[:40], demo)
    large = template.copy(folder / "large")
    fill(template, large, template.phones, journal)
    out = ["-o", str(folder / "out")]
    return {
        "export": _timed(demo, small.data, "export", "tidy", SLUG, *out),
        "export_again": _timed(demo, small.data, "export", "tidy", SLUG, *out),
        "rebuild": _timed(demo, small.data, "rebuild", SLUG),
        "verify": _timed(journal, large.data, "verify", SLUG),
    }


def _timed(entries: int, data: Path, *arguments: str) -> dict[str, float]:
    seconds = qol([*arguments, "--data", str(data)])
    return {"entries": entries, "seconds": round(seconds, 2), "entries_per_second": round(entries / seconds)}


def qol(arguments: list[str]) -> float:
    """Seconds that one `qol` command takes. Raises RuntimeError when it fails."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "qol_server.cli", *arguments], env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"qol {' '.join(arguments)} ended with {done.returncode}: {(done.stderr or done.stdout).strip()[-1000:]}")
    return time.perf_counter() - began
