"""How answers leave: JSON made by one encoder, problems as RFC 9457 documents, and the permission of each route."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import orjson
from flask import Flask, Response

from qol_server.trial.problems import Problem, Refused

F = TypeVar("F", bound=Callable[..., Any])

PROBLEM_TYPE = "urn:qol:problem:"
ANYBODY = "anybody"  # no secret needed
CODE = "pairing-code"  # whoever holds an unused pairing code
PHONE = "phone"  # a paired device's token
GATEWAY = "gateway"  # whoever shares the secret of text messages


def permission(name: str) -> Callable[[F], F]:
    """Declare who may use a route; an app with an undeclared route does not start."""

    def declare(view: F) -> F:
        view.permission = name  # type: ignore[attr-defined]
        return view

    return declare


def permissions(app: Flask) -> dict[str, str]:
    """Route -> permission of every route of the app. Raises LookupError for a route without one."""
    declared = {}
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        name = getattr(view, "permission", None)
        if name is None:
            raise LookupError(f"the route {rule.rule} declares no permission")
        declared[f"{'/'.join(sorted((rule.methods or set()) - {'HEAD', 'OPTIONS'}))} {rule.rule}"] = name
    return declared


def json_answer(payload: Any, status: int = 200) -> Response:
    """A JSON answer that no cache keeps."""
    return Response(orjson.dumps(payload), status, {"Cache-Control": "no-store"}, content_type="application/json")


def problem_document(problem: Problem, detail: str = "") -> dict[str, Any]:
    """A problem inside an answer, as for one line of a batch."""
    return {"type": PROBLEM_TYPE + problem.name, "title": problem.title, "detail": detail or problem.advice}


def problem_answer(refused: Refused, instance: str) -> Response:
    """A whole answer that is a problem."""
    problem = refused.problem
    document = problem_document(problem, refused.detail) | {
        "status": problem.status, "instance": instance, "retryable": problem.retryable, "errors": refused.errors,
    }  # fmt: skip
    answer = Response(orjson.dumps(document), problem.status, {"Cache-Control": "no-store"}, content_type="application/problem+json")
    if problem.status == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="qol-sync"'
    if refused.retry_after is not None or problem.status == 503:
        answer.headers["Retry-After"] = str(refused.retry_after or 2)
    return answer
