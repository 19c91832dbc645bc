"""How soon `qol serve` answers, and how much memory a worker keeps after some thousand requests."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import ingest
from bench import server as servers
from bench.files import qol
from bench.study import Template, batches
from qol_server.client import HttpTransport

MB = 1024 * 1024


def start(template: Template, folder: Path, *, rounds: int) -> dict[str, float]:
    """Best of some rounds, in seconds: from the start of `qol serve` to the first 200 of /health; and `qol --help`."""
    settings = template.copy(folder / "start")
    answers = []
    for _ in range(rounds):
        port = servers.free_port()
        with servers.running(servers.serve(port, workers=2), port, settings.data, workers=2) as server:
            answers.append(server.seconds_to_answer)
    return {"serve_seconds": round(min(answers), 2), "help_seconds": round(min(qol(["--help"]) for _ in range(rounds)), 2)}


def memory(template: Template, folder: Path, *, requests: int) -> dict[str, Any]:
    """Memory of the one worker after so many requests, half of them with one entry; ``pss`` counts shared pages in part."""
    with tempfile.TemporaryDirectory(dir=folder) as run:
        settings = template.copy(Path(run) / "data")
        port = servers.free_port()
        with servers.running(servers.serve(port, workers=1), port, settings.data, workers=1) as server:
            ingest.warm_up(server, template)
            post = HttpTransport(server.address)
            told = [list(batches(template, template.phones, size, requests // 2)) for size in (1, 0)]
            for pair in zip(*told, strict=True):
                for batch in pair:
                    phone = template.phones[batch.phone]
                    headers = {"Content-Type": "application/x-ndjson", "Authorization": f"Bearer {phone.token}"}
                    reply = post(ingest.PATH, batch.whole(phone, datetime.now(UTC)), headers)
                    if reply.status != 200:
                        raise RuntimeError(f"a sync was answered {reply.status}: {reply.body.decode(errors='replace')}")
            used = [worker.memory_full_info() for worker in server.workers()]
    return {
        "requests": requests, "rss_mb": round(max(one.rss for one in used) / MB, 1), "pss_mb": round(max(one.pss for one in used) / MB, 1),
    }  # fmt: skip
