"""One run of all measurements: what is measured with what size, on which machine, and what is aimed at."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from bench import alerts_cost, app, desk, files, footprint, ingest, scoring, sync_cost
from bench.study import template
from qol_server.store import driver

PARTS = ("ingest", "alerts", "sync", "scoring", "export", "start", "memory", "app", "desk")
WARD = 100  # participants whose pages and cases the desk has
OWN = ("alerts", "scoring", "desk")  # need no study, or make their own


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured: of the full run and of the quick one."""

    participants: int
    seconds: float
    rounds: int
    clients: tuple[int, ...]
    study: int
    participant: int
    syncs: int
    rows: int
    demo: int
    requests: int
    starts: int
    visits: int
    cases: int
    journal: int
    diary: int
    pages: int
    years: int
    alerting: int


FULL = Size(200, 4, 2, (1, 8, 32), 100_000, 1_800, 1_000, scoring.ROWS, 17_000, 5_000, 3, 5, 10_000, 10_000, 2_100, 100, 5, 12)
QUICK = Size(40, 2, 1, (8,), 5_000, 900, 200, 50_000, 2_000, 1_000, 1, 2, 2_000, 2_000, 840, 20, 2, 2)


def run(names: tuple[str, ...], *, quick: bool, say: Callable[[str], None]) -> dict[str, Any]:
    """Measure the named parts (all without names) in a temporary folder; the results by part, and the machine."""
    size = QUICK if quick else FULL
    wanted = names or PARTS
    began = time.monotonic()
    found: dict[str, Any] = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "quick": quick}
    with tempfile.TemporaryDirectory(prefix="qol-bench-") as name:
        folder = Path(name)
        found["machine"] = machine(folder)
        made = None
        for part in PARTS:
            if part not in wanted:
                continue
            if made is None and part not in OWN:
                say(f"making a study of {size.participants} participants …")
                made = template(folder / "template", size.participants)
            say(f"measuring {part} …")
            own = folder / part
            own.mkdir()
            found[part] = _MEASURES[part](made, own, size)
    found["machine"]["load_at_end"] = round(os.getloadavg()[0], 2)
    found["seconds"] = round(time.monotonic() - began, 1)
    return found


_MEASURES: dict[str, Callable[[Any, Path, Size], dict[str, Any]]] = {
    "ingest": lambda made, folder, size: ingest.measure(
        made, folder, seconds=size.seconds, rounds=size.rounds, clients=size.clients, workers=min(os.cpu_count() or 1, 4)
    ),
    "alerts": lambda _made, folder, size: alerts_cost.measure(folder, participants=size.alerting),
    "sync": lambda made, folder, size: sync_cost.measure(made, folder, study=size.study, participant=size.participant, rounds=size.syncs),
    "scoring": lambda _made, _folder, size: scoring.measure(size.rows),
    "export": lambda made, folder, size: files.measure(made, folder, demo=size.demo, journal=size.study),
    "start": lambda made, folder, size: footprint.start(made, folder, rounds=size.starts),
    "memory": lambda made, folder, size: footprint.memory(made, folder, requests=size.requests),
    "app": lambda made, folder, size: app.measure(made, folder, rounds=size.visits),
    "desk": lambda _made, folder, size: desk.measure(
        template(folder / "template", WARD, years=size.years),
        folder,
        cases=size.cases,
        entries=size.journal,
        diary=size.diary,
        rounds=size.pages,
    ),
}


def machine(folder: Path) -> dict[str, Any]:
    """What the numbers depend on; ``fsync_ms`` is the median of 50 small durable writes in the folder that is measured in."""
    where = max(
        (p for p in psutil.disk_partitions(all=True) if folder.resolve().is_relative_to(p.mountpoint)), key=lambda p: len(p.mountpoint)
    )
    times = []
    with (folder / "fsync").open("wb") as file:
        for _ in range(50):
            file.write(b"x" * 4096)
            file.flush()
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - began)
    return {
        "cores": os.cpu_count(), "python": platform.python_version(), "system": platform.platform(),
        "sqlite": ".".join(map(str, driver.VERSION)), "file_system": where.fstype, "fsync_ms": round(1000 * sorted(times)[25], 3),
        "load_at_start": round(os.getloadavg()[0], 2),
    }  # fmt: skip
