"""Examples of the addresses about the way into the study and about contact details."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qol_server.intake import enrolling, vault
from tests import people
from tests.staff.rig import House

ONE = "/participants/<number>"
CRITERIA = {f"criterion_{name}": value for name, value in people.ELIGIBLE.items()}
NEWCOMER = {
    "form": "enrol", "site": "01", "version": "1.0", "consent_day": "2026-03-02", "taken_by": "on-paper", "language": "fr", "hour": "9",
    **CRITERIA,
}  # fmt: skip
DETAILS = {"name": "Zsazsa Quillfeather", "telephone": "+33 6 12 34 56 78", "email": "zsazsa@quillfeather.example"}
UNMET = '{"anc":"900"}'


def ada(house: House) -> dict[str, str]:
    return {"number": house.ada}


def nothing(_house: House) -> dict[str, Any]:
    return {}


def unmet(house: House) -> dict[str, str]:
    """Ada, whose neutrophils turned out too few."""
    enrolling.set_values(house.trial.study, house.ada, {"anc": "900"}, actor=people.NURSE, now=house.now, reason="transcribed wrongly")
    return ada(house)


def kept(house: House) -> dict[str, str]:
    """Ada, of whom there are contact details."""
    vault.write(house.trial.study, house.ada, DETAILS, actor=people.NURSE, now=house.now)
    return ada(house)


Both = tuple[Callable[[House], dict[str, str]], Callable[[House], dict[str, Any]]]

EXAMPLES: dict[str, Both] = {
    "GET /participants": (lambda _house: {}, nothing),
    "GET /visits": (lambda _house: {}, nothing),
    "GET /participants/new": (lambda _house: {}, nothing),
    "POST /participants/new": (lambda _house: {}, lambda _house: NEWCOMER),
    f"GET {ONE}/consent": (ada, nothing),
    f"POST {ONE}/consent": (ada, lambda _house: {"form": "consent", "version": "1.0", "consent_day": "2026-03-02", "taken_by": "on-paper"}),
    f"GET {ONE}/eligibility": (ada, nothing),
    f"POST {ONE}/eligibility": (ada, lambda _house: {"form": "values", **CRITERIA, "criterion_anc": "3100", "reason": "measured again"}),
    f"POST {ONE}/eligibility/deviation": (unmet, lambda _house: {"form": "deviation", "seen": UNMET, "reason": "agreed"}),
    f"GET {ONE}/contact": (kept, nothing),
    f"POST {ONE}/contact/show": (kept, lambda _house: {"form": "show", "why": "call"}),
    f"POST {ONE}/contact": (ada, lambda _house: {"form": "write", "seen": "0", **DETAILS}),
    f"POST {ONE}/contact/erase": (kept, lambda house: {"form": "erase", "reason": "asked for", "seen": str(house.trial.position)}),
}
