"""What the tests of the interface share: copies of one prepared study, raw batches, and the journal read back."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from qol_server import journal
from qol_server.app import create_app
from qol_server.intake import conduct
from qol_server.intake.study import open_study
from qol_server.trial.facts import PHONE_KINDS, Entry, Kind
from tests import people

SYNC = f"/{people.SLUG}/api/v1/sync"
DEVICES = f"/{people.SLUG}/api/v1/devices"
PARIS = ZoneInfo("Europe/Paris")
DAY = date(2026, 3, 2)


def reopened(trial: people.Trial, folder: Path | None = None) -> people.Trial:
    """The same study as a new process sees it, on the same folder or on a copy made in ``folder``.

    Documents never change under their version, so what was made of them is handed on; everything else is read afresh.
    """
    data = trial.settings.data
    if folder is not None:
        data = Path(shutil.copytree(data, folder))
    settings = replace(trial.settings, data=data)
    study = open_study(settings, people.SLUG)
    for cache in ("_instruments", "_checkers", "_wordings", "_protocols"):
        setattr(study, cache, getattr(trial.study, cache))
    made = people.Trial(settings, study, trial.now, trial.versions)
    app = create_app(settings, lambda: made.now)
    app.extensions["qol"]._open[people.SLUG] = study
    made._client = app.test_client()
    return made


def prepared(folder: Path) -> people.Trial:
    """A live study with Ada under treatment since 2 March 2026, 20:00 in Paris on that day."""
    trial = people.trial(folder)
    trial.study.checker(trial.study.store.read(), trial.versions["dose-diary"])
    trial.study.protocol_in_force(trial.study.store.read())
    trial.enrol(people.ADA)
    trial.at("2026-03-02 20:00", "Europe/Paris")
    trial.start_treatment(ada(trial), DAY)
    return trial


def ada(trial: people.Trial) -> str:
    row = trial.study.store.read().one("SELECT participant FROM roster ORDER BY enrolled_at")
    assert row is not None
    return str(row["participant"])


def entry(trial: people.Trial, seq: int, **fields: Any) -> dict[str, Any]:
    """A good entry: the dose of 2 March was taken."""
    usual: dict[str, Any] = {
        "id": str(uuid.uuid4()), "device_seq": seq, "kind": "response.given", "occurrence": "dose@2026-03-02",
        "instrument": "dose-diary", "version": trial.versions["dose-diary"], "language": "fr", "mode": "app", "by": "participant",
        "app": "1.0.0", "captured_at": trial.now.astimezone(PARIS).isoformat(timespec="seconds"), "time_zone": "Europe/Paris",
        "answers": dict(people.TAKEN),
    }  # fmt: skip
    return usual | fields


def line(fact: Mapping[str, Any]) -> bytes:
    return json.dumps(fact, ensure_ascii=False, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, its JSON read."""

    status: int
    headers: Mapping[str, str]
    said: dict[str, Any]

    @property
    def problem(self) -> str:
        assert self.headers["Content-Type"] == "application/problem+json", self.headers
        assert self.said["status"] == self.status
        return str(self.said["type"]).removeprefix("urn:qol:problem:")

    @property
    def results(self) -> list[dict[str, Any]]:
        assert self.status == 200, self.said
        return list(self.said["results"])

    @property
    def statuses(self) -> list[str]:
        return [result["status"] for result in self.results]


def envelope(trial: people.Trial, body: bytes, **fields: Any) -> dict[str, Any]:
    """The envelope that fits a body of lines. A field set to ``...`` is left out."""
    usual: dict[str, Any] = {
        "protocol": "qol-sync/1", "batch": str(uuid.uuid4()), "entries": len(body.split(b"\n")) - 1,
        "digest": hashlib.sha256(body).hexdigest(), "cursor": None, "sent_at": trial.now.astimezone(PARIS).isoformat(),
        "time_zone": "Europe/Paris",
    }  # fmt: skip
    return {name: value for name, value in (usual | fields).items() if value is not ...}


def post(trial: people.Trial, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    answer = trial._client.post(path, data=body, headers=dict(headers))
    return Answer(answer.status_code, answer.headers, json.loads(answer.data))


def send_raw(trial: people.Trial, token: str, whole: bytes, *, packed: bool = False, **headers: str) -> Answer:
    """Post a whole body as it is."""
    usual = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"}
    if packed:
        whole, usual["Content-Encoding"] = gzip.compress(whole, 1), "gzip"
    return post(trial, SYNC, whole, usual | {name.replace("_", "-"): value for name, value in headers.items()})


def send(
    trial: people.Trial, phone: people.Phone, lines: Sequence[bytes | Mapping[str, Any]], *, packed: bool = False, **fields: Any
) -> Answer:
    """Post a batch of lines (bytes as they are, facts as JSON) under an envelope with these fields."""
    body = b"".join((part if isinstance(part, bytes) else line(part)) + b"\n" for part in lines)
    first = json.dumps(envelope(trial, body, **fields)).encode()
    return send_raw(trial, phone.client.token, first + b"\n" + body, packed=packed)


def from_phones(trial: people.Trial) -> list[Entry]:
    """The journal's entries that phones sent, quarantined ones included, in order."""
    kinds = {*PHONE_KINDS, Kind.ENTRY_QUARANTINED}
    return [found for found in journal.every(trial.study.store.read(), None) if found.kind in kinds]


def lines(trial: people.Trial) -> list[bytes]:
    """The bytes that phones sent, in the journal's order."""
    return [found.line for found in from_phones(trial)]


def code(trial: people.Trial, number: str, *, replaces: bool = False) -> str:
    return conduct.offer_pairing(trial.study, number, actor=people.NURSE, now=trial.now, replaces=replaces)[0]


def pair(trial: people.Trial, with_code: str, installation: str | None = None, **fields: Any) -> Answer:
    asked = {
        "code": with_code, "installation_id": installation or str(uuid.uuid4()), "app": "1.0.0", "platform": "test",
        "time_zone": "Europe/Paris",
    }  # fmt: skip
    asked = {name: value for name, value in (asked | fields).items() if value is not ...}
    return post(trial, DEVICES, json.dumps(asked).encode(), {"Content-Type": "application/json"})
