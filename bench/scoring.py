"""Scores a large QLQ-C30 file with `qol score` and with a plain pandas program in the same run: rows a second, memory, ratio."""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
ROWS = 1_000_000
INSTRUMENT = "eortc-qlq-c30"
MISSING = 0.02  # part of the cells that are empty
COMPARED = 2_000  # rows of which both results are compared


def measure(rows: int = ROWS) -> dict[str, Any]:
    """Score ``rows`` made-up responses both ways.

    Seconds of wall clock with start-up, reading and writing; ``peak_mb`` of the whole process; ``ratio`` is pandas' time
    divided by ours. Raises RuntimeError when one of the two fails or the results differ.
    """
    with tempfile.TemporaryDirectory() as folder:
        source, ours, theirs = (Path(folder) / name for name in ("answers.csv", "ours.csv", "pandas.csv"))
        _write_answers(source, rows)
        qol = _run([sys.executable, "-m", "qol_server.cli", "score", INSTRUMENT, str(source), "-o", str(ours)], rows)
        pandas = _run([sys.executable, str(Path(__file__)), str(source), str(theirs)], rows)
        _compare(ours, theirs)
    return {"rows": rows, "missing_cells": MISSING, "qol": qol, "pandas": pandas, "ratio": round(pandas["seconds"] / qol["seconds"], 2)}


def _write_answers(path: Path, rows: int) -> None:
    chance = random.Random(1)
    four, seven = ["1", "2", "3", "4", ""], ["1", "2", "3", "4", "5", "6", "7", ""]
    weights_of_four = [(1 - MISSING) / 4] * 4 + [MISSING]
    weights_of_seven = [(1 - MISSING) / 7] * 7 + [MISSING]
    with path.open("w", encoding="ascii") as file:
        file.write(",".join(["participant", "visit", *(f"q{n}" for n in range(1, 31))]) + "\n")
        for row in range(rows):
            cells = chance.choices(four, weights_of_four, k=28) + chance.choices(seven, weights_of_seven, k=2)
            file.write(f"P{row // 8:06d},M{row % 8},{','.join(cells)}\n")


def _run(command: list[str], rows: int) -> dict[str, Any]:
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return {"seconds": round(seconds, 2), "rows_per_second": round(rows / seconds), "peak_mb": round(usage.ru_maxrss / 1024, 1)}


def _compare(ours: Path, theirs: Path) -> None:
    with ours.open(newline="") as first, theirs.open(newline="") as second:
        for number, (mine, other, _) in enumerate(zip(csv.DictReader(first), csv.DictReader(second), range(COMPARED), strict=False), 2):
            for name, cell in mine.items():
                same = cell == other[name] if name in ("participant", "visit") or not cell else abs(float(cell) - float(other[name])) < 1e-9
                if not same:
                    raise RuntimeError(f"row {number}, {name}: {cell!r} and {other[name]!r}")


def _with_pandas(source: str, target: str) -> None:
    """The same scores as somebody would write them for one study: no checks, all of the file in memory."""
    import pandas

    from qol_server.library import instrument_from, shipped_instruments

    path = shipped_instruments()[INSTRUMENT]
    instrument = instrument_from(path.read_bytes(), path.name)
    frame = pandas.read_csv(source)
    out = frame[["participant", "visit"]].copy()
    for scale in instrument.scales:
        items = frame[list(scale.items)]
        span = 6 if scale.kind == "global" else 3
        distance = (items.mean(axis=1) - 1) / span * 100
        score = 100 - distance if scale.kind == "functional" else distance
        out[scale.id] = score.where(2 * items.notna().sum(axis=1) >= len(scale.items))
    terms = [100 - out[term.scale] if term.reversed else out[term.scale] for term in instrument.summaries[0].terms]
    out["SUMMARY"] = pandas.concat(terms, axis=1).mean(axis=1, skipna=False)
    out.to_csv(target, index=False)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        sys.path.insert(0, str(ROOT))
        _with_pandas(*sys.argv[1:])
    else:
        print(json.dumps(measure(), indent=2))
