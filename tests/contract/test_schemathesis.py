"""Requests made from the OpenAPI document, right and wrong ones: every answer is one that the document describes."""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import positive_data_acceptance

from qol_server.api.answers import PHONE
from qol_server.api.openapi import OPERATIONS, Operation
from tests import people
from tests.api import rig
from tests.api.corpus import CORPUS

UUIDS = st.uuids(version=4).map(str)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON = st.recursive(SCALARS, lambda part: st.lists(part) | st.dictionaries(st.text(), part), max_leaves=8)
FIELDS = st.sampled_from(("cursor", "language", "app", "epoch", "witness", "queue", "seqs", "entries"))
GOOD: dict[str, Any] = {
    "id": "3f0e8e6e-8f3c-4a5e-9d8e-0c5a2b1f7d10", "device_seq": 1, "kind": "help.asked", "what": "call-me",
    "captured_at": "2026-03-02T20:00:00+01:00", "time_zone": "Europe/Paris", "answers": {}, "instrument": "dose-diary",
    "version": "0" * 64, "mode": "app", "by": "participant", "occurrence": "dose@2026-03-02",
}  # fmt: skip


@st.composite
def batches(draw: st.DrawFn) -> bytes:
    """A body for sync: mostly a fitting envelope and lines of all sorts, now and then anything else."""
    good = st.builds(lambda id_, seq: rig.line(GOOD | {"id": id_, "device_seq": seq}), UUIDS, st.integers(1, 50))
    known = st.sampled_from([make(GOOD) for make, _ in CORPUS.values()])
    lines = draw(st.lists(good | known | JSON.map(lambda value: json.dumps(value).encode()), max_size=12))
    body = b"".join(line + b"\n" for line in lines)
    first: dict[str, Any] = {
        "protocol": "qol-sync/1", "batch": str(uuid.uuid4()), "entries": len(lines), "digest": hashlib.sha256(body).hexdigest(),
        "sent_at": "2026-03-02T20:00:00+01:00", "time_zone": "Europe/Paris",
    }  # fmt: skip
    first |= draw(st.dictionaries(FIELDS, JSON, max_size=1))
    return json.dumps(first).encode() + b"\n" + body if draw(st.integers(0, 9)) else draw(st.binary(max_size=300))


schemathesis.openapi.media_type("application/x-ndjson", batches())


@pytest.fixture(scope="module")
def door(original: people.Trial, tmp_path_factory: pytest.TempPathFactory) -> tuple[people.Trial, str]:
    trial = rig.reopened(original, Path(tmp_path_factory.mktemp("described")) / "data")
    return trial, trial.phone(rig.ada(trial)).client.token


@pytest.fixture(scope="module")
def described(door: tuple[people.Trial, str]) -> Any:
    return schemathesis.openapi.from_wsgi(f"/{people.SLUG}/api/v1/openapi.json", door[0]._client.application)


CASES = [(one, mode) for one in OPERATIONS for mode in GenerationMode if one.takes is not None or mode is GenerationMode.POSITIVE]


@pytest.mark.parametrize(("operation", "mode"), CASES, ids=[f"{one.name}-{mode.value}" for one, mode in CASES])
def test_every_answer_is_described(door: tuple[people.Trial, str], described: Any, operation: Operation, mode: GenerationMode) -> None:
    trial, token = door
    found = described[operation.path.replace("{study}", people.SLUG)][operation.method]
    seen: set[int] = set()

    @settings(max_examples=60 if operation.method == "POST" else 5, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=found.as_strategy(generation_mode=mode))
    def talk(case: schemathesis.Case) -> None:
        headers = {"Authorization": f"Bearer {token}"} if operation.permission == PHONE else {}
        # the names of time zones and what the envelope says of the lines are beyond a schema
        answer = case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance])
        seen.add(answer.status_code)
        if operation.name == "pair" and mode is GenerationMode.POSITIVE and answer.status_code == 422:
            assert [fault["where"] for fault in answer.json()["errors"]] == ["time_zone"]
        trial.now += timedelta(minutes=11)  # so that wrong codes are not all that is heard

    talk()
    told = {"pair": 422, "subscribe": 422, "delivery": 401}  # nobody here has a code, a real subscription, the gateway's secret
    assert seen >= {told.get(operation.name, operation.status)}
