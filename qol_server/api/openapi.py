"""The description of the HTTP interface in OpenAPI 3.1, made of the same schemas that check what comes in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema

from qol_server import __version__
from qol_server.api.answer_schemas import ANSWERS, ref
from qol_server.api.answers import ANYBODY, CODE, GATEWAY, PHONE, PROBLEM_TYPE
from qol_server.api.delivery import DeliveryReport
from qol_server.api.envelope import EnvelopeShape
from qol_server.api.patient import PairingRequest
from qol_server.api.push import PushSubscription
from qol_server.intake.catalogue import SHAPES
from qol_server.trial import problems
from qol_server.trial.facts import PHONE_KINDS, Kind
from qol_server.trial.problems import Problem

Document = dict[str, Any]

NDJSON = "application/x-ndjson"
JSON = "application/json"
PROBLEM_JSON = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Operation:
    """One route with its method: who may use it, what it takes and answers, and what can go wrong.

    ``answer``: media type, and the name of the schema for JSON; None for an answer without a body. ``problems`` leaves out what
    every route can answer.
    """

    name: str
    method: str
    path: str
    permission: str
    summary: str
    description: str
    status: int
    answer: tuple[str, str | None] | None
    problems: tuple[Problem, ...] = ()
    takes: Document | None = None


_IN_STUDY = "/{study}/api/v1"
_WRITING = (problems.BUSY, problems.STORAGE_FULL)
_OF_A_PHONE = (problems.TOKEN_UNKNOWN, problems.DEVICE_REVOKED, problems.STUDY_UNKNOWN)
_BATCH = (
    "**Line 1** is the envelope (schema `Envelope`). **Every further line** is one entry (schema `Entry`), byte for byte as the"
    " phone froze it. `entries` counts the lines after the first and `digest` is the SHA-256 of all bytes after the first line feed."
)

OPERATIONS = (
    Operation(
        "pair", "POST", f"{_IN_STUDY}/devices", CODE, "Pair a phone with a code",
        "The same code and installation again, also later, give the same device and a fresh token: a lost answer costs nothing."
        " The older token lives until the fresh one is first used.",
        201, (JSON, "Paired"),
        (
            problems.NOT_JSON, problems.TRUNCATED, problems.DEVICE_REVOKED, problems.STUDY_UNKNOWN, problems.CODE_UNKNOWN,
            problems.CODE_EXPIRED,
            problems.CODE_USED, problems.STUDY_NOT_ACTIVE, problems.TOO_LARGE, problems.MEDIA_TYPE, problems.BAD_REQUEST,
            problems.TOO_MANY_TRIES, *_WRITING,
        ),
        {"required": True, "content": {JSON: {"schema": ref("PairingRequest")}}},
    ),
    Operation(
        "sync", "POST", f"{_IN_STUDY}/sync", PHONE, "Send entries, take receipts, read the feed",
        "What is acknowledged as stored, duplicate or quarantined is durable. Nothing inside the limits is refused: what cannot"
        " be used is kept for review. After any problem that is not a 200 everything on the phone still waits.",
        200, (JSON, "Synced"),
        (
            problems.BAD_ENVELOPE, problems.TRUNCATED, problems.TOKEN_UNKNOWN, problems.DEVICE_REVOKED, problems.STUDY_UNKNOWN,
            problems.TOO_LARGE, problems.MEDIA_TYPE, problems.APP_TOO_OLD, *_WRITING,
        ),
        {
            "required": True,
            "description": _BATCH,
            "content": {
                NDJSON: {
                    "schema": {"type": "string", "contentMediaType": NDJSON, "description": _BATCH},
                    "x-first-line": ref("Envelope"), "x-every-further-line": ref("Entry"),
                },
            },
        },
    ),
    Operation(
        "push_key", "GET", f"{_IN_STUDY}/push", PHONE, "The key for web push",
        "With it (`applicationServerKey`) a browser subscribes; when it is another than that of a subscription, the phone subscribes"
        " anew.",
        200, (JSON, "PushKey"), _OF_A_PHONE,
    ),
    Operation(
        "subscribe", "PUT", f"{_IN_STUDY}/push", PHONE, "Keep this phone's subscription to web push",
        "One for each phone; another replaces it. It is kept apart from the journal, encrypted, and goes when the phone is replaced or"
        " locked out, when contact ends, and when the push service no longer knows it.",
        204, None,
        (
            problems.NOT_JSON, problems.TRUNCATED, problems.DEVICE_REPLACED, problems.NOT_CONTACTED, problems.TOO_LARGE,
            problems.MEDIA_TYPE, problems.BAD_REQUEST, *_OF_A_PHONE, *_WRITING, problems.DATA_FOLDER,
        ),
        {"required": True, "content": {JSON: {"schema": ref("PushSubscription")}}},
    ),
    Operation(
        "unsubscribe", "DELETE", f"{_IN_STUDY}/push", PHONE, "Forget this phone's subscription to web push",
        "Nothing happens where there is none.", 204, None, (*_OF_A_PHONE, *_WRITING),
    ),
    Operation(
        "delivery", "POST", f"{_IN_STUDY}/delivery", GATEWAY, "Report what became of a text message",
        "From the gateway for text messages, signed as the messages to it are: `QoL-Timestamp` and `QoL-Signature`. The same report"
        " again changes nothing.",
        204, None,
        (
            problems.NOT_SIGNED, problems.NOT_JSON, problems.TOO_LARGE, problems.BAD_REQUEST, problems.MESSAGE_UNKNOWN,
            problems.STUDY_UNKNOWN, *_WRITING,
        ),
        {"required": True, "content": {JSON: {"schema": ref("DeliveryReport")}}},
    ),
    Operation(
        "openapi", "GET", f"{_IN_STUDY}/openapi.json", ANYBODY, "This description", "OpenAPI 3.1.", 200, (JSON, None),
        (problems.STUDY_UNKNOWN,),
    ),
    Operation(
        "docs", "GET", f"{_IN_STUDY}/docs", ANYBODY, "This description, to be read", "One page, without scripts.", 200,
        ("text/html", None), (problems.STUDY_UNKNOWN,),
    ),
    Operation(
        "docs_style", "GET", f"{_IN_STUDY}/docs.css", ANYBODY, "The page's style sheet", "Used by the page alone.", 200,
        ("text/css", None), (problems.STUDY_UNKNOWN,),
    ),
    Operation(
        "health", "GET", "/health", ANYBODY, "Whether the server lives",
        "200 while every study can be read, else 503 with the same body.", 200, (JSON, "Health"),
    ),
)  # fmt: skip
_ANYWHERE = (problems.METHOD_NOT_ALLOWED, problems.INTERNAL)

_HEADERS: dict[int, Document] = {
    401: {"WWW-Authenticate": {"description": "The scheme, `Bearer`.", "required": True, "schema": {"type": "string"}}},
    405: {"Allow": {"description": "The methods of this address.", "required": True, "schema": {"type": "string"}}},
}
_RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "required": True, "schema": {"type": "integer", "minimum": 1}}}
_HEADERS |= dict.fromkeys((429, 503, 507), _RETRY_AFTER)


def document(slug: str) -> Document:
    """The OpenAPI document of one study's interface."""
    plugin = MarshmallowPlugin(schema_name_resolver=_component)
    spec = APISpec(
        "QoL Server", __version__, "3.1.0", plugins=[plugin],
        info={"description": "How a phone pairs, syncs its entries and learns what is due: the protocol `qol-sync/1`."},
        servers=[{"url": "/"}],
    )  # fmt: skip
    spec.components.security_scheme("token", {"type": "http", "scheme": "bearer", "description": "What pairing gave the phone."})
    spec.components.schema("PairingRequest", schema=PairingRequest)
    spec.components.schema("Envelope", schema=EnvelopeShape)
    spec.components.schema("PushSubscription", schema=PushSubscription)
    spec.components.schema("DeliveryReport", schema=DeliveryReport)
    for kind in Kind:
        shape = SHAPES.get(kind)
        fields = {"type": "object"} if shape is None else plugin.converter.schema2jsonschema(shape)  # type: ignore[union-attr]
        spec.components.schema(kind.value, _kind(kind, fields))
    for name, schema in ANSWERS.items():
        spec.components.schema(name, schema)
    spec.components.schema("Entry", _entry())
    for operation in OPERATIONS:
        path = operation.path.replace("{study}", slug)
        spec.path(path, operations={operation.method.lower(): _operation(operation, path)})
    made = spec.to_dict()
    _mend_examples(made["components"]["schemas"])
    return made


def _component(schema: type[Schema] | Schema) -> str:
    made = schema if isinstance(schema, type) else type(schema)
    return made.__name__


def _entry() -> Document:
    kinds = sorted(kind.value for kind in PHONE_KINDS)
    return {
        "description": "What a phone may send. A field that is not described is kept with the line and not read.",
        "oneOf": [ref(kind) for kind in kinds],
        "discriminator": {"propertyName": "kind", "mapping": {kind: f"#/components/schemas/{kind}" for kind in kinds}},
    }


def _kind(kind: Kind, fields: Document) -> Document:
    """What the line of one kind of entry holds."""
    shape = SHAPES.get(kind)
    said = "" if shape is None else (type(shape).__doc__ or "").strip()
    if kind in PHONE_KINDS:
        fields["properties"]["kind"] = {"type": "string", "const": kind.value}
    return {
        "title": kind.value,
        "description": f"{said} Made by a phone." if kind in PHONE_KINDS else f"{said} Made by the server.",
    } | fields


def _mend_examples(part: Any) -> None:
    """OpenAPI 3.1 takes lists of examples; those that describe a form in words go."""
    if isinstance(part, dict):
        if "type" in part and isinstance(part.get("example"), str):
            example = part.pop("example")
            if re.search(part.get("pattern", ""), example):
                part["examples"] = [example]
        for below in part.values():
            _mend_examples(below)
    elif isinstance(part, list):
        for below in part:
            _mend_examples(below)


def _operation(operation: Operation, path: str) -> Document:
    answers: Document = {str(operation.status): {"description": operation.summary + "."}}
    if operation.answer is not None:
        kind, schema = operation.answer
        content: Document = {"schema": ref(schema)} if schema else {"schema": {"type": "object" if kind == JSON else "string"}}
        answers[str(operation.status)]["content"] = {kind: content}
    by_status: dict[int, list[Problem]] = {}
    for problem in (*operation.problems, *_ANYWHERE):
        by_status.setdefault(problem.status, []).append(problem)
    answers |= {str(status): _problems(status, found, path) for status, found in sorted(by_status.items())}
    if operation.name == "health":
        answers["503"] = {"description": "A study cannot be read.", "content": {JSON: {"schema": ref("Health")}}}
    made: Document = {
        "operationId": operation.name, "summary": operation.summary, "description": operation.description, "responses": answers,
        "security": [{"token": []}] if operation.permission == PHONE else [], "x-permission": operation.permission,
    }  # fmt: skip
    return made | ({} if operation.takes is None else {"requestBody": operation.takes})


def _problems(status: int, found: Iterable[Problem], path: str) -> Document:
    examples = {
        problem.name: {
            "value": {
                "type": PROBLEM_TYPE + problem.name, "title": problem.title, "detail": problem.advice, "status": problem.status,
                "instance": path, "retryable": problem.retryable, "errors": [],
            }
        }
        for problem in found
    }  # fmt: skip
    answer: Document = {
        "description": " Or: ".join(f"{problem.title}." for problem in found),
        "content": {PROBLEM_JSON: {"schema": ref("Problem"), "examples": examples}},
    }
    return answer | ({"headers": _HEADERS[status]} if status in _HEADERS else {})
