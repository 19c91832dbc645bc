"""What the alert rules cost a sync that brings answers: two studies side by side, one of which only records, sent the same."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.ingest import PATH
from bench.study import SLUG, Template, batches, template
from qol_server.app import create_app
from qol_server.intake.study import open_study
from qol_server.settings import Settings

YEAR = 427  # entries of one participant
WARM = 10  # requests that are not counted


def measure(folder: Path, *, participants: int) -> dict[str, Any]:
    """By entries in a request: microseconds of processor time of a sync without the rules (``off``) and with them, and their ratio.

    The participants send a year of answers. Both studies are asked in this process and in turn, and nothing waits for the disk,
    which would hide the cost. ``alerts`` is what the rules raised, ``diaries`` how many symptom diaries there were.
    """
    now = datetime.now(UTC)
    made = [template(folder / name, participants, now, alerts=alerts) for name, alerts in (("off", False), ("on", True))]
    found: dict[str, Any] = {"participants": participants}
    for size in (20, 1):
        copies = [one.copy(folder / f"copy-{nth}-{size}") for nth, one in enumerate(made)]
        off, on = _interleaved(made, copies, size, YEAR * participants // size)
        found[f"batch_{size}"] = {
            "size": size, "off_us": round(off * 1e6), "on_us": round(on * 1e6), "ratio": round(on / off, 3), **_raised(copies[1]),
        }  # fmt: skip
    return found


def _interleaved(made: Sequence[Template], copies: Sequence[Settings], size: int, requests: int) -> list[float]:
    """Seconds of processor time of a sync in each of the studies: means, as what raises an alert is rare and dear."""
    clients = [create_app(Settings(copy.data, durable=False)).test_client() for copy in copies]
    spent: list[list[float]] = [[] for _ in made]
    for number, asked in enumerate(zip(*(batches(one, one.phones, size, requests) for one in made), strict=True)):
        for nth in (0, 1) if number % 2 else (1, 0):
            phone = made[nth].phones[asked[nth].phone]
            headers = {"Content-Type": "application/x-ndjson", "Authorization": f"Bearer {phone.token}"}
            body = asked[nth].whole(phone, datetime.now(UTC))
            began = time.process_time()
            answer = clients[nth].post(PATH, data=body, headers=headers)
            spent[nth].append(time.process_time() - began)
            if answer.status_code != 200:
                raise RuntimeError(f"a sync was answered {answer.status_code}: {answer.text}")
    return [statistics.fmean(times[WARM:]) for times in spent]


def _raised(settings: Settings) -> dict[str, int]:
    study = open_study(settings, SLUG)
    try:
        tx = study.store.read()
        alerts = tx.one("SELECT count(*) FROM entries WHERE kind = 'alert.raised'")[0]
        return {"alerts": alerts, "diaries": tx.one("SELECT count(*) FROM responses WHERE assessment = 'symptoms'")[0]}
    finally:
        study.store.close()
