"""Durable ingest over HTTP: how many entries a second become durable, beside raw SQLite and a route that does nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import server as servers
from bench.server import ROOT, Server
from bench.study import SLUG, Batch, Template, batches, write_pool
from qol_server import journal
from qol_server.client import HttpTransport
from qol_server.intake.study import open_study
from qol_server.settings import Settings

PATH = f"/{SLUG}/api/v1/sync"
FASTEST = {0: 6_000, 1: 4_000, 20: 900}
"""Requests a second for which a pool is made, by entries in a batch; a faster server ends its run early."""


@dataclass(frozen=True, slots=True)
class Machine:
    """How the server is started, and a folder for what a run leaves behind."""

    folder: Path
    command: Callable[[int], list[str]]


def pool(template: Template, folder: Path, size: int, seconds: float) -> Path:
    """Write a pool that lasts for so many seconds; returns its folder."""
    where = folder / f"pool-{size}"
    where.mkdir()
    write_pool(template, list(batches(template, template.phones, size, int(FASTEST[size] * seconds) + 100)), where)
    return where


def load(server: Server, bodies: Path, clients: int, seconds: float, result: Path) -> dict[str, Any]:
    """Send a pool with ``clients`` connections; requests a second, latencies in milliseconds, the workers' processor time."""
    command = [
        "wrk", "--threads", "1", "--connections", str(clients), "--duration", f"{max(1, round(seconds))}s", "--timeout", "20s",
        "--script", str(ROOT / "bench" / "load.lua"), server.address, "--", str(bodies), PATH,
    ]  # fmt: skip
    before = server.cpu_seconds()
    _run(command, {"QOL_BENCH_RESULT": str(result)})
    used = server.cpu_seconds() - before
    said, problem = result.read_text().split("\n", 1)
    found: dict[str, Any] = json.loads(said)
    if found["failed"] or found["broken"]:
        raise RuntimeError(f"{found['failed']} requests were refused and {found['broken']} broke off: {problem.strip()}")
    if found["exhausted"]:
        raise RuntimeError("the server was faster than the pool of bodies is large; raise FASTEST in bench/ingest.py")
    took = found["microseconds"] / 1e6
    return {
        "requests": found["requests"], "requests_per_second": round(found["requests"] / took, 1), "p50_ms": found["p50"],
        "p99_ms": found["p99"], "worst_ms": found["worst"], "server_cpu": round(used / took, 2),
        "cpu_ms_per_request": round(1000 * used / max(1, found["requests"]), 3),
    }  # fmt: skip


def _run(command: list[str], more: dict[str, str]) -> str:
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), **more}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {(done.stderr or done.stdout).strip()[-2000:]}")
    return done.stdout


def measure_once(
    template: Template, machine: Machine, bodies: Path, size: int, clients: int, seconds: float, preload: Path | None = None
) -> dict[str, Any]:
    """One run on a fresh copy of the study, checked afterwards entry by entry."""
    with tempfile.TemporaryDirectory(dir=machine.folder) as run:
        settings = template.copy(Path(run) / "data")
        port = servers.free_port()
        with servers.running(machine.command(port), port, settings.data, preload=preload) as server:
            before = warm_up(server, template)
            found = load(server, bodies, clients, seconds, Path(run) / "result")
        check(settings, before + found["requests"] * size, clients * size)
    return {
        "batch": size, "clients": clients, **found, "entries_per_second": round(found["requests_per_second"] * size, 1),
    }  # fmt: skip


def warm_up(server: Server, template: Template) -> int:
    """Let every worker read the study and its instruments; returns how many entries that took."""
    told = list(batches(template, template.spare, 40, len(template.spare), seed=2))

    def send(batch: Batch) -> None:
        phone = template.spare[batch.phone]
        headers = {"Content-Type": "application/x-ndjson", "Authorization": f"Bearer {phone.token}"}
        post = HttpTransport(server.address)
        for _ in range(3):  # the second and third time as duplicates
            reply = post(PATH, batch.whole(phone, datetime.now(UTC)), headers)
            if reply.status != 200:
                raise RuntimeError(f"the warm-up was answered {reply.status}: {reply.body.decode(errors='replace')}")
        post.close()

    with ThreadPoolExecutor(len(told)) as senders:
        list(senders.map(send, told))
    return sum(batch.entries for batch in told)


def check(settings: Settings, acknowledged: int, under_way: int) -> None:
    """That all that was acknowledged, and nothing twice, stands in an unbroken journal. Raises RuntimeError."""
    study = open_study(settings, SLUG)
    try:
        tx = study.store.read()
        counts = dict(tx.all("SELECT kind, count(*) FROM entries WHERE kind IN ('response.given', 'entry.quarantined') GROUP BY kind"))
        stored, kept = counts.get("response.given", 0), counts.get("entry.quarantined", 0)
        second = tx.one("SELECT count(*) FROM responses WHERE current = 0")[0]
        # what was in flight when the time was over was stored, and nobody heard of it
        if kept or second or not acknowledged <= stored <= acknowledged + under_way:
            raise RuntimeError(f"{acknowledged} entries were acknowledged, {stored} stored, {kept} put aside, {second} given twice")
        _, broken = journal.verify(study.store)
        if broken is not None:
            raise RuntimeError(f"the journal breaks at {broken.position}: {broken.why}")
    finally:
        study.store.close()


def raw(bodies: Path, folder: Path, seconds: float, preload: Path | None = None) -> dict[str, float]:
    """Raw SQLite with the same bodies, in a process of its own."""
    with tempfile.TemporaryDirectory(dir=folder) as run:
        command = [sys.executable, "-m", "bench.raw_sqlite", str(bodies / "bodies"), str(Path(run) / "raw.db"), str(seconds)]
        found: dict[str, float] = json.loads(_run(command, {} if preload is None else {"LD_PRELOAD": str(preload)}))
    return {name: round(value, 1) for name, value in found.items()}


def hello(machine: Machine, settings: Settings, clients: int, seconds: float, *, workers: int, threads: int) -> float:
    """Requests a second of a route that does nothing, in the same application under the same gunicorn."""
    port = servers.free_port()
    command = servers.gunicorn(port, workers=workers, threads=threads, application="bench.hello:application")
    with servers.running(command, port, settings.data) as server:
        said = _run(["wrk", "--threads", "1", "--connections", str(clients), "--duration", f"{max(1, round(seconds))}s", f"{server.address}/hello"], {})
    return float(said.split("Requests/sec:")[1].split()[0])


def slow_disk(folder: Path) -> Path | None:
    """The library that makes each sync five milliseconds slower; None where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    made = folder / "slow_disk.so"
    _run([compiler, "-O2", "-shared", "-fPIC", "-o", str(made), str(ROOT / "bench" / "slow_disk.c"), "-ldl"], {})
    return made


__all__ = ["Batch", "Machine", "check", "hello", "load", "measure_once", "pool", "raw", "slow_disk"]
