"""Prints the reference of the HTTP interface: the protocol, and the routes with what each may answer."""

from __future__ import annotations

from collections.abc import Iterator

from qol_server.api.docs_page import protocol_text
from qol_server.api.openapi import OPERATIONS, document
from qol_server.app import ONLY_HTTPS, SECURITY_HEADERS

NOTICE = "<!-- Written by `qol test --write-docs` from the code; do not edit. -->"
WHO = {
    "anybody": "anybody", "pairing-code": "whoever has a pairing code", "phone": "a paired phone, by its token",
    "gateway": "the gateway for text messages, by its signature",
}  # fmt: skip


def sync() -> str:
    """The protocol, as the server's own page prints it."""
    title, _, rest = protocol_text().partition("\n")
    return f"{title}\n\n{NOTICE}\n{rest}"


def http() -> str:
    """Every route with who may use it and what it may answer."""
    return "\n".join(_http()) + "\n"


def _http() -> Iterator[str]:
    yield f"# HTTP interface\n\n{NOTICE}\n"
    yield "`{study}` is the study's short name. `GET /{study}/api/v1/openapi.json` describes all of this in OpenAPI 3.1, with every"
    yield "schema; `GET /{study}/api/v1/docs` is the same as a page. The protocol is explained in [sync.md](sync.md), the problems in"
    yield "[problems.md](problems.md). A route that does not declare who may use it keeps the server from starting.\n"
    yield "| Route | Who may use it | What it does |\n|---|---|---|"
    for operation in OPERATIONS:
        yield f"| `{operation.method} {operation.path}` | {WHO[operation.permission]} | {operation.summary} |"
    paths = document("{study}")["paths"]
    for operation in OPERATIONS:
        yield f"\n## {operation.method} {operation.path}\n\n{operation.description}\n\n| Status | What it means |\n|---|---|"
        for status, answer in paths[operation.path][operation.method.lower()]["responses"].items():
            names = [f"`{name}`" for content in answer.get("content", {}).values() for name in content.get("examples", {})]
            headers = "".join(f" With `{name}`." for name in answer.get("headers", {}))
            named = f" ({', '.join(names)})" if names else ""
            yield f"| {status} | {answer['description']}{headers}{named} |"
    yield "\n## Headers of every answer\n"
    yield from (f"- `{name}: {value}`" for name, value in SECURITY_HEADERS.items())
    yield f"- `Strict-Transport-Security: {ONLY_HTTPS}`, where it was asked for over https"
    yield "\nPages of the desk have a stricter `Content-Security-Policy`, and `Referrer-Policy: same-origin`."
    yield "\nJSON answers are `Cache-Control: no-store`."
