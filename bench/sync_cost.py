"""What an empty sync costs as the study and as one participant grow: two copies side by side, asked in turn."""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from bench import server as servers
from bench.ingest import PATH
from bench.study import Paired, Template, batches, fill
from qol_server.app import create_app
from qol_server.client import HttpTransport
from qol_server.settings import Settings

Send = Callable[[str, bytes, dict[str, str]], bytes]
"""Posts a body to a path with headers; gives the answer's body."""


def measure(template: Template, folder: Path, *, study: int, participant: int, rounds: int) -> dict[str, Any]:
    """The median empty sync in microseconds of a small and a large study, and of a participant with few and many entries.

    ``ratio`` is the cost at the end divided by the cost at the start.
    """
    probe, others = template.phones[0], template.phones[1:]
    start = template.copy(folder / "start")
    large = template.copy(folder / "large")
    fill(template, large, others, study)
    long = template.copy(folder / "long")
    fill(template, long, [probe], participant)
    return {
        "study_entries": study, "participant_entries": participant,
        "study": _compare(template, probe, start, large, rounds), "participant": _compare(template, probe, start, long, rounds),
    }  # fmt: skip


def _compare(template: Template, phone: Paired, start: Settings, end: Settings, rounds: int) -> dict[str, Any]:
    inside = _interleaved(template, phone, [_in_process(start), _in_process(end)], rounds)
    with ExitStack() as stack:
        senders = []
        for settings in (start, end):
            port = servers.free_port()
            command = servers.granian(port, workers=1, threads=4)
            server = stack.enter_context(servers.running(command, port, settings.data, workers=1))
            senders.append(_over_http(server.address))
        outside = _interleaved(template, phone, senders, rounds)
    return {"in_process": inside, "http": outside}


def _interleaved(template: Template, phone: Paired, senders: list[Send], rounds: int) -> dict[str, float]:
    bodies = [_empty_sync(template, phone, send) for send in senders]
    headers = _headers(phone)
    spent: list[list[float]] = [[] for _ in senders]
    for number in range(rounds + 20):
        for nth, send in enumerate(senders):
            began = time.perf_counter()
            send(PATH, bodies[nth], headers)
            if number >= 20:
                spent[nth].append(time.perf_counter() - began)
    at_start, at_end = (statistics.median(times) for times in spent)
    return {"start_us": round(at_start * 1e6, 1), "end_us": round(at_end * 1e6, 1), "ratio": round(at_end / at_start, 3)}


def _headers(phone: Paired) -> dict[str, str]:
    return {"Content-Type": "application/x-ndjson", "Authorization": f"Bearer {phone.token}"}


def _empty_sync(template: Template, phone: Paired, send: Send) -> bytes:
    """The body of a sync that has nothing to say and is told nothing: the cursor has been brought up to date."""
    batch = next(batches(template, [phone], 0, 1))
    told = dataclasses.replace(phone)
    while True:
        body = batch.whole(told, datetime.now(UTC))
        said = orjson.loads(send(PATH, body, _headers(phone)))
        if said["feed"]["cursor"] == told.cursor and not said["feed"]["changes"]:
            return body
        told.cursor, told.witness = said["feed"]["cursor"], said["head"]


def _in_process(settings: Settings) -> Send:
    client = create_app(settings).test_client()

    def send(path: str, body: bytes, headers: dict[str, str]) -> bytes:
        answer = client.post(path, data=body, headers=headers)
        if answer.status_code != 200:
            raise RuntimeError(f"a sync was answered {answer.status_code}: {answer.text}")
        return answer.data

    return send


def _over_http(address: str) -> Send:
    transport = HttpTransport(address)

    def send(path: str, body: bytes, headers: dict[str, str]) -> bytes:
        reply = transport(path, body, headers)
        if reply.status != 200:
            raise RuntimeError(f"a sync was answered {reply.status}: {reply.body.decode(errors='replace')}")
        return reply.body

    return send
