"""Reads the worked examples of questionnaires/examples into the nouns of the rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from qol_server.library.alerts import AlertShape, rule_of
from qol_server.library.documents import Report, parse
from qol_server.library.fields import load
from qol_server.trial.alerting import Rule
from qol_server.trial.participant import Participant, Written
from tests.trial.trials import participant, prescription

EXAMPLES = Path(__file__).resolve().parents[2] / "questionnaires" / "examples"


def read(name: str) -> dict[str, Any]:
    """One file of worked examples."""
    document: dict[str, Any] = YAML(typ="safe", pure=True).load((EXAMPLES / f"{name}.yaml").read_text("utf-8"))
    return document


def cases(name: str) -> list[Any]:
    """Its cases, as parameters named by their titles."""
    import pytest

    return [pytest.param(case, id=case["title"]) for case in read(name)["cases"]]


def somebody(case: dict[str, Any]) -> Participant:
    """The participant whom a case describes; a prescription is a regimen or ``hold``, alone or with its reason."""
    anchors = {name: [str(day) for day in (days if isinstance(days, list) else [days])] for name, days in case.get("anchors", {}).items()}
    prescriptions = []
    for day, what in sorted(case.get("prescriptions", {}).items()):
        regimen, reason = what if isinstance(what, list) else (what, "")
        prescriptions.append(prescription(day, None if regimen == "hold" else regimen, reason))
    return participant(
        anchors,
        tuple(prescriptions),
        {kind: str(day) for kind, day in case.get("withdrawals", {}).items()},
        case.get("zone", "Europe/Paris"),
        case.get("hour", 9),
    )


def with_history(case: dict[str, Any]) -> Participant:
    """A participant for whom prescriptions were ``written`` down, and some of them put right."""
    written = []
    for one in case["written"]:
        made = prescription(one["from"], None if one["dose"] == "hold" else one["dose"])
        until = wall(one["wrong_since"]).replace(tzinfo=UTC) if "wrong_since" in one else None
        written.append(Written(made, wall(one["at"]).replace(tzinfo=UTC), until))
    standing = {one.prescription.day: one.prescription for one in written if one.known_until is None}
    return replace(participant(prescriptions=tuple(standing[day] for day in sorted(standing))), written=tuple(written))


def wall(text: Any) -> datetime:
    """A wall-clock time of an example."""
    return text if isinstance(text, datetime) else datetime.fromisoformat(str(text))


def one_day(text: Any) -> date:
    return text if isinstance(text, date) else date.fromisoformat(str(text))


def rule(said: dict[str, Any]) -> Rule:
    """An alert rule, as it would stand in a study's file."""
    text = StringIO()
    YAML().dump({"alerts": [said]}, text)
    report = Report("an example")
    [raw] = parse(text.getvalue().encode(), report)["alerts"]
    loaded = load(AlertShape(), raw, report)
    report.stop_if_wrong()
    return rule_of(loaded)
