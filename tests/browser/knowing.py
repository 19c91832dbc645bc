"""What a phone knows: made of what the server told a phone that lived through the same, for the rules that read it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.api.rig import reopened
from tests.browser.original import Original
from tests.people import Phone, Trial

Known = dict[str, Any]


@pytest.fixture
def trial(original: Original, tmp_path: Path) -> Trial:
    """The prepared study in its own folder: Ada and Ben take their first dose on 2 March 2026."""
    return reopened(original.trial, tmp_path / "data")


@pytest.fixture
def phone(trial: Trial, original: Original) -> Phone:
    return trial.phone(original.numbers["Ada"])


def known(phone: Phone, **more: Any) -> Known:
    """What the app would know if it had lived the life of this phone."""
    entries = []
    for sealed in phone.client.outbox:
        said = json.loads(sealed.line)
        told = {name: said.get(name) for name in ("kind", "occurrence", "instrument", "version", "answers", "supersedes", "captured_at")}
        entries.append(told | {"id": sealed.id, "seq": sealed.seq, "sha256": sealed.sha256, "receipt": sealed.receipt or None})
    pulled = {kind: list(phone.client.pulled(kind)) for kind in ("study", "participation", "instrument", "assignment")}
    return {
        "study": pulled["study"][0], "participation": pulled["participation"][0], "entries": entries, "drafts": {},
        "instruments": {one["id"]: one for one in pulled["instrument"]}, "assignments": pulled["assignment"],
        "statuses": {name: data for (kind, name), data in phone.client.feed.items() if kind == "entry_status"},
    } | more  # fmt: skip


def at(moment: str) -> dict[str, str]:
    day, time = moment.split()
    return {"day": day, "time": time}
