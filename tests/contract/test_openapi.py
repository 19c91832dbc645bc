"""The OpenAPI document names every route, kind and feed type, and what the server really sends fits it without a rest."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

import questionnaires
from qol_server import journal
from qol_server.api import answer_schemas, feed
from qol_server.api.answers import permissions
from qol_server.api.openapi import OPERATIONS, document
from qol_server.intake import conduct
from qol_server.trial.facts import PHONE_KINDS, Kind
from tests import people
from tests.api import rig

DOCUMENT = document(people.SLUG)
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]


def check(name: str, value: Any) -> None:
    """Raises ValidationError where a value does not fit the schema of this name; formats count."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": {"schemas": SCHEMAS}}
    jsonschema_rs.Draft202012Validator(schema, validate_formats=True).validate(value)


def test_it_is_openapi_3_1_with_schemas_that_are_json_schemas() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    for schema in SCHEMAS.values():
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema"} | schema)


def test_every_reference_leads_somewhere() -> None:
    text = json.dumps(DOCUMENT)
    targets = {part.partition('"')[0] for part in text.split('"$ref": "#/components/schemas/')[1:]}
    assert targets <= SCHEMAS.keys()


def test_every_kind_and_feed_type_has_its_schema() -> None:
    assert {kind.value for kind in Kind} <= SCHEMAS.keys()
    assert {f"feed.{name}" for name in feed.TYPES} <= SCHEMAS.keys()
    assert answer_schemas.FEED_DATA.keys() == set(feed.TYPES)
    assert {part["$ref"].rpartition("/")[2] for part in SCHEMAS["Entry"]["oneOf"]} == {kind.value for kind in PHONE_KINDS}


def test_every_route_but_those_of_the_apps_files_and_of_pages_is_described_with_its_permission(trial: people.Trial) -> None:
    declared = {route.replace("<slug>", "{study}"): permission for route, permission in permissions(trial._client.application).items()}
    described = {f"{operation.method} {operation.path}": operation.permission for operation in OPERATIONS}
    for_people = ("GET /{study}/app", "GET /staff/", "POST /staff/", "GET /{study}/staff/", "POST /{study}/staff/")
    machines = {route: permission for route, permission in declared.items() if route != "GET /" and not route.startswith(for_people)}
    assert described == machines


def test_the_server_serves_this_document(trial: people.Trial) -> None:
    assert json.loads(trial._client.get(f"/{people.SLUG}/api/v1/openapi.json").data) == DOCUMENT


def is_closed(schema: dict[str, Any]) -> bool:
    return "properties" not in schema or schema.get("additionalProperties") is False


def test_answers_allow_nothing_that_is_not_described() -> None:
    def walk(part: Any, where: str) -> list[str]:
        if isinstance(part, dict):
            here = [] if is_closed(part) else [where]
            return here + [found for key, below in part.items() for found in walk(below, f"{where}/{key}")]
        return [found for n, below in enumerate(part) for found in walk(below, f"{where}/{n}")] if isinstance(part, list) else []

    assert [found for name in answer_schemas.ANSWERS for found in walk(SCHEMAS[name], name)] == []


def controls(value: Any) -> set[str]:
    """Control characters in any text of a value."""
    if isinstance(value, str):
        return {letter for letter in value if ord(letter) < 32 and letter not in "\n\t"}
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {letter for part in parts for letter in controls(part)}


@pytest.fixture(scope="module")
def said(original: people.Trial, tmp_path_factory: pytest.TempPathFactory) -> tuple[people.Trial, list[dict[str, Any]]]:
    """A study lived through, and every answer that a phone got in it."""
    trial = rig.reopened(original, Path(tmp_path_factory.mktemp("lived")) / "data")
    number = rig.ada(trial)
    for path in (Path(questionnaires.__file__).parent / "wording").rglob("*.yaml"):
        conduct.import_wording(trial.study, path.parent.name, path.read_bytes(), None, actor=people.DATA_MANAGER, now=trial.now)
    phone, old = trial.phone(number), trial.phone(number)
    answers: list[dict[str, Any]] = []

    def sync(**fields: Any) -> None:
        answers.append(rig.send(trial, phone, [entry.line for entry in phone.client.waiting()], **fields).said)
        answers.append(phone.sync())

    sync(cursor=None)
    sync(cursor=None, language="en")
    first = phone.answer("dose@2026-03-02", people.TAKEN)
    phone.answer("qol@BASELINE", people.C30)
    phone.answer("symptoms@W0", {"headache": 9})
    sync()
    trial.at("2026-03-09 21:00", "Europe/Paris")
    phone.answer("dose@2026-03-02", people.FORGOTTEN, supersedes=first.id, reason="wrong_answer")
    phone.answer("dose@2026-03-03", people.TAKEN)
    phone.something_happened()
    phone.client.seal("preference.set", captured_at=trial.now, time_zone="Europe/Paris", reminder_hour=20, language="en")
    message = conduct.send_message(trial.study, number, "À jeudi !", actor=people.NURSE, now=trial.now, about=first.id)
    phone.client.seal("app.noted", captured_at=trial.now, time_zone="Europe/Paris", what="message-read", about=message)
    phone.client.seal("help.asked", captured_at=trial.now, time_zone="Europe/Paris", what="pause", note="…")
    sync(cursor=None)
    trial.hold(number, date(2026, 3, 10))
    trial.prescribe(number, "800", date(2026, 3, 12))
    trial.anchor(number, "treatment_start", date(2026, 3, 4), reason="typing mistake")
    sync()
    other = trial.phone(number, replaces=True)
    answers.append(rig.send(trial, old, [b"rubbish", rig.entry(trial, 9)]).said)
    conduct.adopt(
        trial.study, people.protocol().replace(b"wording: stand-in", b'wording: stand-in\nminimum_app: "3"'), people.instruments(),
        actor=people.DATA_MANAGER, now=trial.now,
    )  # fmt: skip
    answers.append(rig.send(trial, other, [rig.entry(trial, 1)], app="1").said)
    answers.append(rig.send(trial, other, [], app="4").said)
    trial.withdraw(number, "consent", date(2026, 3, 9))
    answers.append(rig.send(trial, other, [rig.entry(trial, 2, captured_at="2026-03-10T08:00:00+01:00")], app="4").said)
    return trial, answers


def test_every_answer_of_a_lived_through_study_fits(said: tuple[people.Trial, list[dict[str, Any]]]) -> None:
    _, answers = said
    for answer in answers:
        check("Synced", answer)
        assert controls(answer) == set()
    changes = [change for answer in answers for change in answer["feed"]["changes"]]
    for change in changes:
        if change["op"] == "put":
            check(f"feed.{change['type']}", change["data"])
    assert {change["type"] for change in changes} == set(feed.TYPES)
    assert {change["op"] for change in changes} == {"put", "retire"}
    statuses = {result["status"] for answer in answers for result in answer["results"]}
    assert {"stored", "duplicate", "quarantined"} <= statuses


def test_rules_travel_with_their_advice_in_the_participants_language(said: tuple[people.Trial, list[dict[str, Any]]]) -> None:
    studies = [c["data"] for answer in said[1] for c in answer["feed"]["changes"] if c["type"] == "study"]
    for study in studies:
        assert {rule["urgency"] for rule in study["rules"]} == {"now", "same-day"}
        assert study["advice"].keys() >= {rule["advice"] for rule in study["rules"] if "advice" in rule}
    assert len({json.dumps(study["advice"], sort_keys=True) for study in studies}) == 2


def test_every_line_of_the_journal_fits_the_schema_of_its_kind(said: tuple[people.Trial, list[dict[str, Any]]]) -> None:
    trial, _ = said
    seen = set()
    for entry in journal.every(trial.study.store.read(), None):
        seen.add(entry.kind)
        if entry.kind == Kind.ENTRY_QUARANTINED:
            continue
        fact = json.loads(entry.line)
        check(entry.kind, fact)
        check("Entry", fact) if entry.kind in PHONE_KINDS else None
        if entry.kind not in PHONE_KINDS:
            assert fact.keys() <= SCHEMAS[entry.kind]["properties"].keys(), entry.kind
    assert seen >= PHONE_KINDS | {Kind.ENTRY_QUARANTINED, Kind.ANCHOR_SET, Kind.DEVICE_REPLACED, Kind.WITHDRAWAL_RECORDED}


def test_pairing_health_and_problems_fit(trial: people.Trial) -> None:
    check("Paired", rig.pair(trial, rig.code(trial, rig.ada(trial))).said)
    check("Problem", rig.pair(trial, "wrong").said)
    check("Problem", rig.pair(trial, "wrong", app=...).said)
    check("Health", json.loads(trial._client.get("/health").data))


def test_what_is_not_described_is_noticed() -> None:
    with pytest.raises(jsonschema_rs.ValidationError):
        check("Problem", {"type": "urn:qol:problem:busy", "title": "", "detail": "", "extra": 1})
    with pytest.raises(jsonschema_rs.ValidationError):
        check("Entry", {"kind": "photo.taken"})
