"""Examples of the rule rehearsal's and the load's addresses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tests.staff.rig import House

MILDER = 'alerts:\n  - {id: quiet-fever, when: {item: temperature, at_least: "38.0"}, urgency: same-day}\n'


def _activation(house: House) -> dict[str, Any]:
    study = house.trial.study
    version = study.protocol_in_force(study.store.read()).version
    return {"form": "activate", "draft": MILDER, "amends": version, "reason": "less noise"}


def _nothing(_house: House) -> dict[str, str]:
    return {}


EXAMPLES: Mapping[str, tuple[Callable[[House], dict[str, str]], Callable[[House], dict[str, Any]]]] = {
    "GET /load": (_nothing, _nothing),
    "GET /rehearsal": (_nothing, _nothing),
    "POST /rehearsal": (_nothing, lambda _house: {"form": "rehearse", "draft": MILDER, "since": ""}),
    "POST /rehearsal/activate": (_nothing, _activation),
}
