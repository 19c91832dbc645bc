"""Durable ingest over HTTP: how many entries a second become durable, beside raw SQLite and a route that does nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
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


THREADS = 16  # of a worker, as `qol serve` has them


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
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT), **more}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {(done.stderr or done.stdout).strip()[-2000:]}")
    return done.stdout


def measure_once(
    template: Template, folder: Path, bodies: Path, size: int, clients: int, seconds: float, workers: int, preload: Path | None = None
) -> dict[str, Any]:
    """One run of `qol serve` on a fresh copy of the study, checked afterwards entry by entry."""
    with tempfile.TemporaryDirectory(dir=folder) as run:
        settings = template.copy(Path(run) / "data")
        port = servers.free_port()
        with servers.running(servers.serve(port, workers=workers), port, settings.data, workers=workers, preload=preload) as server:
            before = warm_up(server, template)
            found = load(server, bodies, clients, seconds, Path(run) / "result")
        check(settings, before + found["requests"] * size, clients * size)
    return {"batch": size, "clients": clients, **found, "entries_per_second": round(found["requests_per_second"] * size, 1)}


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


def hello(settings: Settings, clients: int, seconds: float, *, workers: int) -> float:
    """Requests a second of a route that does nothing, in the same application under the same granian."""
    port = servers.free_port()
    command = servers.granian(port, workers=workers, threads=THREADS, application="bench.hello:application")
    with servers.running(command, port, settings.data, workers=workers) as server:
        how = ["--threads", "1", "--connections", str(clients), "--duration", f"{max(1, round(seconds))}s"]
        said = _run(["wrk", *how, f"{server.address}/hello"], {})
    return float(said.split("Requests/sec:")[1].split()[0])


def slow_disk(folder: Path) -> Path | None:
    """The library that makes each sync five milliseconds slower; None where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    made = folder / "slow_disk.so"
    _run([compiler, "-O2", "-shared", "-fPIC", "-o", str(made), str(ROOT / "bench" / "slow_disk.c"), "-ldl"], {})
    return made


def measure(template: Template, folder: Path, *, seconds: float, rounds: int, clients: tuple[int, ...], workers: int) -> dict[str, Any]:
    """Every combination of batch and clients, the best of some rounds, on this disk and on one with slower syncs.

    Each batch has ``raw`` (SQLite alone, one transaction a request) and ``hello`` (requests a second of the route that does
    nothing) from the same minutes, and in its runs what they are as parts of these.
    """
    slow = slow_disk(folder)
    found: dict[str, Any] = {"workers": workers, "threads": THREADS, "seconds": seconds, "best_of": rounds}
    still = template.copy(folder / "hello")
    tried = [[hello(still, count, seconds / 2, workers=workers) for count in clients] for _ in range(rounds)]
    doing_nothing = dict(zip(clients, map(max, zip(*tried, strict=True)), strict=True))
    for size in (20, 1):
        bodies = pool(template, folder, size, seconds)
        for name, preload, tries in (("disk", None, rounds), ("slow_disk", slow, 1)):
            if name == "slow_disk" and slow is None:
                found["slow_disk"] = "not measured: there is no C compiler (cc)"
                continue
            alone = max((raw(bodies, folder, seconds / 2, preload) for _ in range(tries)), key=lambda one: one["entries_per_second"])
            runs = []
            for _ in range(tries):  # round after round, so that a busy minute of the machine does not hit one number only
                runs += [measure_once(template, folder, bodies, size, count, seconds, workers, preload) for count in clients]
            best = [max((run for run in runs if run["clients"] == count), key=lambda run: run["requests_per_second"]) for count in clients]
            for run in best:
                run["of_raw_sqlite"] = round(run["entries_per_second"] / alone["entries_per_second"], 3)
                run["of_hello"] = round(run["requests_per_second"] / doing_nothing[run["clients"]], 3)
            found.setdefault(name, {})[f"batch_{size}"] = {"raw_sqlite": alone, "runs": best}
        shutil.rmtree(bodies)
    return found | {"hello_requests_per_second": {str(count): round(value) for count, value in doing_nothing.items()}}
