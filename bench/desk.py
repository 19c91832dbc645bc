"""What pages of the staff's desk cost with many open cases and years of diaries, and whether the journal's length matters."""

from __future__ import annotations

import gc
import statistics
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.study import SLUG, Template, fill
from qol_server.access import sessions
from qol_server.app import create_app
from qol_server.intake import staff as accounts
from qol_server.intake.record import record
from qol_server.intake.study import open_study
from qol_server.settings import Settings
from qol_server.staff.door import SESSION
from qol_server.trial.alerting import URGENCIES
from qol_server.trial.facts import Kind, server_id
from qol_server.trial.roles import Grant, Role

LOGIN = "bench@hospital.example"
LONGER = 10
"""So many times as long is the second journal."""


def measure(template: Template, folder: Path, *, cases: int, entries: int, diary: int, rounds: int) -> dict[str, Any]:
    """Server times of the worklist and of one participant's page, of eight weeks and of all the time, in milliseconds, in this process.

    ``entries``: of the shorter journal, besides the cases'; ``diary``: of the participant whose page is asked for.
    """
    probe, others = template.phones[0], template.phones[1:]
    person = f"/participants/{probe.participant}"
    pages = {"worklist": "/worklist?all=1", "participant": person, "all": f"{person}?period=all", "rows": f"{person}?period=all&rows=all"}
    found: dict[str, Any] = {"cases": cases, "entries": entries, "diary": diary, "days": template.days}
    for name, length in (("short", entries), ("long", entries * LONGER)):
        settings = template.copy(folder / name)
        fill(template, settings, [probe], diary)
        fill(template, settings, others, length - diary)
        _open_cases(template, settings, cases)
        found[name] = {page: _times(settings, path, rounds) for page, path in pages.items()}
    return found | {page: round(found["long"][page]["median_ms"] / found["short"][page]["median_ms"], 3) for page in pages}


def _open_cases(template: Template, settings: Settings, many: int) -> None:
    """Cases that nobody has acknowledged, of all participants, each with something that was found."""
    study, now = open_study(Settings(settings.data, durable=False), SLUG), datetime.now(UTC)

    def work(tx: Any) -> None:
        for nth in range(many):
            number = template.phones[nth % len(template.phones)].participant
            case = server_id(SLUG, Kind.CASE_OPENED, number, "bench", nth)
            urgency, findings = str(URGENCIES[nth % 3]), [["nausea.severity", "3", None, None]]
            alert = {
                "rule": "severe-symptom", "urgency": urgency, "given": 1, "root": None, "captured_at": None, "late": False,
                "failed": False, "expected": None, "findings": findings,
            }  # fmt: skip
            about = {"actor": "server", "now": now, "participant": number, "nth": nth}
            raised = record(tx, study, Kind.ALERT_RAISED, alert, **about)
            known = [["severe-symptom", "nausea.severity", "3"]]
            fact = {
                "case": case, "assessment": "symptoms", "urgency": urgency, "captured_at": None, "alerts": [raised.position],
                "known": known,
            }  # fmt: skip
            record(tx, study, Kind.CASE_OPENED, fact, **about)

    study.store.write(work)
    study.store.close()


def _times(settings: Settings, path: str, rounds: int) -> dict[str, float]:
    """Median and 95th percentile of one page, asked for again and again by a nurse of the whole study."""
    app, now = create_app(settings), datetime.now(UTC)
    staff = accounts.open_staff(settings, now)
    if not accounts.accounts.every(staff.store.read()):
        accounts.add(staff, LOGIN, "Bench", "en", actor="staff:bench", now=now, password="quiet tall lamps on rivers")  # noqa: S106
        accounts.give_role(staff, LOGIN, Grant(Role.NURSE, SLUG, None), actor="staff:bench", now=now)
    client = app.test_client()
    client.set_cookie(SESSION, staff.store.write(lambda tx: sessions.open_(tx, LOGIN, now)), domain="localhost", secure=True)
    gc.collect()
    gc.freeze()  # what is loaded at the start stays, as in a worker of `qol serve`
    spent, size = [], 0
    for number in range(rounds + 5):
        began = time.perf_counter()
        answer = client.get(f"/{SLUG}/staff{path}", base_url="https://localhost")
        if answer.status_code != 200:
            raise RuntimeError(f"{path} was answered {answer.status_code}")
        if number >= 5:
            spent.append(1000 * (time.perf_counter() - began))
            size = len(answer.data)
    gc.unfreeze()
    p95 = sorted(spent)[-(-len(spent) * 95 // 100) - 1]
    return {"median_ms": round(statistics.median(spent), 1), "p95_ms": round(p95, 1), "kb": round(size / 1000, 1)}
