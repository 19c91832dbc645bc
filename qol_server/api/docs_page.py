"""The interface's description as one page to read: the protocol, the routes, the problems and every schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from html import escape
from importlib.resources import files
from itertools import groupby
from typing import Any

from qol_server.api.openapi import Document
from qol_server.trial.problems import CATALOGUE

_INLINE = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*|\*([^*]+)\*")
_PERMISSIONS = {
    "anybody": "Anybody",
    "pairing-code": "Whoever has a pairing code",
    "phone": "A paired phone, by its token",
    "gateway": "The gateway for text messages, by its signature",
}


def style() -> str:
    """The page's style sheet."""
    return _text("docs.css")


def protocol_text() -> str:
    """The protocol in Markdown, as it is also printed in the reference."""
    return _text("sync.md")


def _text(name: str) -> str:
    return files("qol_server.api").joinpath(name).read_text(encoding="utf-8")


def page(study: str, document: Document) -> str:
    """The whole page for one study's interface, as HTML without scripts."""
    parts = [
        _section("protocol", "", markdown(protocol_text())),
        _section("routes", "Routes", "".join(_routes(document))),
        _section("problems", "Problems", _problems()),
        _section("schemas", "Schemas", "".join(_schemas(document["components"]["schemas"]))),
    ]
    links = "".join(f'<li><a href="#{name}">{name.capitalize()}</a></li>' for name in ("protocol", "routes", "problems", "schemas"))
    title = f"{escape(study)}: HTTP interface"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{title}</title><link rel="stylesheet" href="docs.css"></head>\n<body><a class="skip" href="#main">To the text</a>'
        f'<header><p class="name">{title}</p><nav aria-label="Parts of this page"><ul>{links}'
        '<li><a href="openapi.json">OpenAPI 3.1</a></li></ul></nav></header>\n'
        f'<main id="main">{"".join(parts)}</main>\n'
        f"<footer><p>{escape(document['info']['title'])} {escape(document['info']['version'])}</p></footer></body></html>\n"
    )


def _section(name: str, title: str, content: str) -> str:
    heading = f"<h2>{title}</h2>" if title else ""
    return f'<section id="{name}">{heading}{content}</section>\n'


# Markdown, as far as the protocol's text uses it


def markdown(text: str) -> str:
    """HTML of headings, paragraphs, lists, tables and code; any other sign stands for itself."""
    return "".join(_block(block) for block in _blocks(text))


def _blocks(text: str) -> Iterator[list[str]]:
    """The text's blocks: what blank lines part, with code kept together."""
    inside = False
    block: list[str] = []
    for line in text.splitlines():
        if line.startswith("```"):
            inside = not inside
        if line.strip() or inside:
            block.append(line)
        elif block:
            yield block
            block = []
    if block:
        yield block


def _block(lines: list[str]) -> str:
    first = lines[0]
    if first.startswith("```"):
        return _code("\n".join(lines[1:-1]))
    if first.startswith("#"):
        marks, _, words = first.partition(" ")
        name = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")
        return f'<h{len(marks)} id="{name}">{_inline(words)}</h{len(marks)}>\n'
    if first.startswith("|"):
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
        return table(rows[0], ([_inline(cell) for cell in row] for row in rows[2:]))
    if re.match(r"- |\d+\. ", first):
        kind = "ul" if first.startswith("- ") else "ol"
        items: list[str] = []
        for line in lines:
            if re.match(r"- |\d+\. ", line):
                items.append(line.partition(" ")[2])
            else:
                items[-1] += " " + line.strip()
        return f"<{kind}>{''.join(f'<li>{_inline(item)}</li>' for item in items)}</{kind}>\n"
    return f"<p>{_inline(' '.join(lines))}</p>\n"


def _inline(text: str) -> str:
    made, end = "", 0
    for match in _INLINE.finditer(text):
        made += escape(text[end : match.start()])
        code, strong, soft = match.groups()
        made += f"<code>{escape(code)}</code>" if code else f"<strong>{_inline(strong)}</strong>" if strong else f"<em>{_inline(soft)}</em>"
        end = match.end()
    return made + escape(text[end:])


def _code(text: str) -> str:
    return f'<pre tabindex="0"><code>{escape(text)}</code></pre>\n'


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table that scrolls by itself on a narrow screen; the cells are HTML."""
    top = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="wide" tabindex="0"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>\n'


# Routes, problems, schemas


def _routes(document: Document) -> Iterator[str]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            name = f"route-{operation['operationId']}"
            yield f'<h3 id="{name}"><span class="method">{method.upper()}</span> <code>{escape(path)}</code></h3>\n'
            yield f"<p><strong>{escape(operation['summary'])}.</strong> {_inline(operation['description'])}</p>\n"
            yield f"<p>Who may: {escape(_PERMISSIONS[operation['x-permission']])}.</p>\n"
            for kind, content in operation.get("requestBody", {}).get("content", {}).items():
                said = content["schema"].get("description")
                yield f"<p>Takes <code>{kind}</code>: {_inline(said) if said else _form(content['schema'])}</p>\n"
            yield table(("Status", "Body", "When"), (_answer(status, answer) for status, answer in operation["responses"].items()))


def _answer(status: str, answer: Document) -> list[str]:
    kind, content = next(iter(answer.get("content", {"": {}}).items()))
    names = list(content.get("examples", {}))
    form = f"{escape(kind)}: {_form(content['schema'])}" if content else ""
    body = " ".join(_link(f"problem-{name}", name) for name in names) if names else form
    headers = "".join(f" With <code>{name}</code>." for name in answer.get("headers", {}))
    return [f"<code>{status}</code>", body, escape(answer["description"]) + headers]


def _problems() -> str:
    rows = (
        [
            f'<code id="problem-{problem.name}">{problem.name}</code>', str(problem.status), "yes" if problem.retryable else "no",
            escape(f"{problem.title}. {problem.advice}"),
        ]
        for problem in CATALOGUE.values()
    )  # fmt: skip
    return "<p>Problems are RFC 9457 documents; the name is the last part of <code>type</code>.</p>" + table(
        ("Name", "Status", "Try again", "What happened, what to do"), rows
    )


def _group(name: str) -> str:
    return "The feed" if name.startswith("feed.") else "Kinds of entry" if "." in name else "Requests and answers"


def _schemas(schemas: Document) -> Iterator[str]:
    for title, names in groupby(sorted(schemas, key=lambda name: (_group(name), name)), _group):
        yield f"<h3>{title}</h3>\n"
        for name in names:
            yield f'<h4 id="schema-{name}"><code>{name}</code></h4>\n{_schema(schemas[name])}'


def _schema(schema: Document) -> str:
    said = f"<p>{_inline(schema['description'])}</p>\n" if schema.get("description") else ""
    if "properties" in schema:
        needed = schema.get("required", ())
        rows = (
            [f"<code>{escape(name)}</code>", "yes" if name in needed else "no", _form(part)] for name, part in schema["properties"].items()
        )
        return said + table(("Field", "Always", "Form"), rows)
    choices = schema.get("oneOf") or schema.get("anyOf") or ()
    if any("properties" in choice for choice in choices):
        return said + "".join(_schema(choice) for choice in choices)
    return f"{said}<p>{_form(schema)}</p>\n" if choices else said


def _link(target: str, name: str) -> str:
    return f'<a href="#{target}"><code>{escape(name)}</code></a>'


def _form(schema: Any) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _link(f"schema-{name}", name)
    if "const" in schema:
        return f"<code>{escape(json.dumps(schema['const']))}</code>"
    if "enum" in schema:
        return " or ".join(f"<code>{escape(json.dumps(value))}</code>" for value in schema["enum"])
    if choices := schema.get("oneOf") or schema.get("anyOf"):
        return ", or ".join(_form(choice) for choice in choices)
    kinds = schema.get("type", "anything")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    words = " or ".join(kind for kind in kinds if kind not in ("array", "object"))
    if "array" in kinds:
        of = schema.get("items")
        words = f"{words} or a list".removeprefix(" or ") + (f" of {_form(of)}" if of else "")
    if "object" in kinds:
        words = _object(schema) + (f" or {words}" if words else "")
    limits = [f"{word} {schema[key]}" for key, word in (("minimum", "from"), ("maximum", "to"), ("maxLength", "at most")) if key in schema]
    extras = [
        *limits,
        *([schema["format"]] if "format" in schema else []),
        *_pattern(schema),
        *([f"like {escape(e)}" for e in schema.get("examples", ())]),
    ]
    return words + (f", {' '.join(extras)}" if extras else "")


def _pattern(schema: Document) -> list[str]:
    return [f"<code>{escape(schema['pattern'])}</code>"] if "pattern" in schema and "examples" not in schema else []


def _object(schema: Document) -> str:
    if "properties" in schema:
        return "{" + ", ".join(f"<code>{escape(name)}</code>: {_form(part)}" for name, part in schema["properties"].items()) + "}"
    values = schema.get("additionalProperties")
    return f"a table of {_form(values)}" if isinstance(values, dict) else "an object"
