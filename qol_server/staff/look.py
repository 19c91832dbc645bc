"""How the desk looks: templates, the words of two languages, time as age and as the exact hour, and the files of its own."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from babel.dates import get_month_names, get_timezone_location
from babel.numbers import format_decimal
from flask import Response
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from qol_server.access.history import Event
from qol_server.staff.forms import FORM_ID
from qol_server.staff.words import WORDS
from qol_server.trial.facts import Kind
from qol_server.trial.problems import Refused

LANGUAGES = ("en", "fr")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none';"
    " object-src 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types qol-desk"
)
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

_ID = re.compile(rf'<input type="hidden" name="{FORM_ID}"[^>]*>'.encode())
_FORM = re.compile(r'<form method="post"[^>]*>')


def words(language: str, key: str, **values: Any) -> str:
    """The words of a key. With ``n``, those of ``<key>.one`` are taken for one (in French also for none). Raises KeyError."""
    if "n" in values and values["n"] in ((0, 1) if language == "fr" else (1,)) and f"{key}.one" in WORDS:
        key = f"{key}.one"
    text = WORDS[key][LANGUAGES.index(language)]
    return text.format_map(values) if values else text


def page(template: str, status: int = 200, **values: Any) -> Response:
    """A template as an answer that nobody keeps. Its forms say for whom they were made (a ward shares its browsers), and each has an
    id: by it the act tells the same form, sent twice, from another that says the same."""
    html = environment().get_template(template).render(**values)
    session = values["desk"].session if "desk" in values else values.get("session")
    if session is not None:
        said = f'<input type="hidden" name="_as" value="{escape(session.login)}">'
        html = _FORM.sub(lambda form: f'{form[0]}{said}<input type="hidden" name="{FORM_ID}" value="{uuid4()}">', html)
    answer = Response(html, status, content_type="text/html; charset=utf-8")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Content-Security-Policy"] = POLICY
    answer.headers["Vary"] = "Cookie"
    answer.headers["Referrer-Policy"] = "same-origin"  # under "no-referrer" browsers keep back where an act comes from
    return answer


def but_for_ids(html: bytes) -> bytes:
    """A page without the ids of its forms: what is the same whenever it is made."""
    return _ID.sub(b"", html)


def problem_page(refused: Refused, language: str, home: str = "/staff/") -> Response:
    """A page that says what went wrong and what to do; ``home``: where to go on."""

    def t(key: str, **given: Any) -> str:
        return words(language, key, **given)

    answer = page("problem.html", refused.problem.status, t=t, language=language, trouble=refused, home=home)
    if refused.retry_after is not None:
        answer.headers["Retry-After"] = str(refused.retry_after)
    return answer


@cache
def environment() -> Environment:
    made = Environment(
        loader=PackageLoader("qol_server.staff"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.globals.update(file=file_address, problem_words=problem_words, happened=happened)
    made.filters.update(day=day, visit=visit, exact=_exact_here, age=age, ago=ago, number=number)
    return made


def problem_words(language: str, refused: Refused) -> tuple[str, str]:
    """What is wrong and what to do, in a language: what the problem says in particular stays as it was said."""
    title, advice = f"problem.{refused.problem.name}", f"problem.{refused.problem.name}.advice"
    said = refused.detail if refused.detail != refused.problem.advice else None
    return (
        words(language, title) if title in WORDS else refused.problem.title,
        said or (words(language, advice) if advice in WORDS else refused.problem.advice),
    )


def happened(language: str, event: Event, study: str | None = None) -> str:
    """An event of an account in words; roles in other studies than ``study``, where one is given, are not told apart."""
    fact = event.fact
    if study is not None and fact.get("study", study) != study:
        return words(language, "event.role.elsewhere")
    key, values = f"event.{event.kind}", {name: fact[name] for name in ("name", "study", "tries") if name in fact}
    values["actor"] = event.actor.partition(":")[2] or event.actor
    if "role" in fact:
        site = words(language, "entrance.site", site=fact["site"]) if fact["site"] else words(language, "entrance.all_sites")
        values |= {"role": words(language, f"role.{fact['role']}"), "site": site}
    if event.kind == Kind.LANGUAGE_CHOSEN:
        values["chosen"] = words(language, f"account.language.{fact['language']}")
    if "by" in fact:
        values["by"] = words(language, f"by.{fact['by']}")
        key = key if fact["known_browser"] else f"{key}.new"
    return words(language, key, **values)


# Time and numbers


@cache
def _months(language: str) -> tuple[str, ...]:
    return tuple(get_month_names("abbreviated", locale=language)[month] for month in range(1, 13))


def day(value: date | str, language: str) -> str:
    """ "12 Mar 2026": put together here, as pages have thousands of days and moments."""
    found = date.fromisoformat(value) if isinstance(value, str) else value
    return f"{found.day} {_months(language)[found.month - 1]} {found.year}"


def visit(name: str, language: str) -> str:
    """A visit as the study's file calls it; one that is a day, as a day."""
    try:
        return day(name, language)
    except ValueError:
        return name


def exact(value: datetime | str, language: str, zone: str, wall: str | None = None) -> str:
    """ "12 Mar 2026, 09:10", as the wall shows it in a zone; with the place, where the reader's own ``wall`` shows another hour."""
    there = _instant(value).astimezone(ZoneInfo(zone))
    shown = f"{day(there, language)}, {there:%H:%M}"
    if wall is None or there.utcoffset() == there.astimezone(ZoneInfo(wall)).utcoffset():
        return shown
    return f"{shown} ({get_timezone_location(zone, locale=language, return_city=True)})"


@pass_context
def _exact_here(context: Context, value: datetime | str, language: str, zone: str) -> str:
    """``exact`` for whoever reads the page; where nobody is at a study, and in UTC, the page says itself which hour it means."""
    desk = context.get("desk")
    return exact(value, language, zone, None if desk is None or zone == "UTC" else desk.wall)


def age(value: datetime | str, language: str, now: datetime) -> str:
    """How long ago, or how long until then: "2 h 5 min", in two units at most."""
    minutes = int(abs((now - _instant(value)).total_seconds()) // 60)
    hours, days = minutes // 60, minutes // 1440
    if days:
        return words(language, "age.days", days=days, hours=hours % 24) if days < 14 else words(language, "age.long", days=days)
    return words(language, "age.hours", hours=hours, minutes=minutes % 60) if hours else words(language, "age.minutes", minutes=minutes)


def ago(value: datetime | str, language: str, now: datetime) -> str:
    """ "2 h 5 min ago", or "in 2 h 5 min" for what is to come."""
    return words(language, "age.ago" if _instant(value) <= now else "age.in", age=age(value, language, now))


def _instant(value: datetime | str) -> datetime:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def number(value: Decimal | int | str, language: str) -> str:
    """A number as it is written in a language, with all its digits."""
    return format_decimal(Decimal(value), "#,##0.##########", locale=language)


# Files


@cache
def static() -> Mapping[str, bytes]:
    """The desk's own files: name -> bytes."""
    folder = files("qol_server.staff").joinpath("static")
    return {each.name: each.read_bytes() for each in sorted(folder.iterdir(), key=lambda each: each.name) if each.is_file()}


@cache
def release() -> str:
    """What names the desk's files by their bytes, so that browsers may keep them for good."""
    listed = b"".join(hashlib.sha256(name.encode() + b"\0" + body).digest() for name, body in static().items())
    return hashlib.sha256(listed).hexdigest()[:16]


def file_address(name: str) -> Markup:
    if name not in static():
        raise LookupError(name)
    return Markup(f"/staff/static/{release()}/{name}")  # noqa: S704 - a name of our own
