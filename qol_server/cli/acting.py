"""What the commands of staff share: who acts, on which study, and how a day is written."""

from __future__ import annotations

import getpass
import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from qol_server.cli.common import fail

if TYPE_CHECKING:
    from qol_server.intake.study import Study
    from qol_server.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])
LONGEST_NAME = 60
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _actor(_ctx: click.Context, _parameter: click.Parameter, value: str | None) -> str:
    if value is None:
        try:
            value = getpass.getuser()
        except (KeyError, OSError):
            fail("the operating system does not say who you are.", advice="Give your name with --as.")
    name = value.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise click.BadParameter(f"{value!r} is no name: 1 to {LONGEST_NAME} printable characters.")
    return f"staff:{name}"


def as_option(function: F) -> F:
    """Add ``--as NAME``, passed on as ``actor``: "staff:<name>"."""
    text = "Who does this; it goes into the journal (default: your user name on this machine)."
    return click.option("--as", "actor", metavar="NAME", callback=_actor, help=text)(function)


class Day(click.ParamType[date]):
    """A calendar day, YYYY-MM-DD."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            if not _DAY.fullmatch(value):  # fromisoformat takes weeks too
                raise ValueError(value)
            return date.fromisoformat(value)
        except ValueError:
            return self.fail(f"{value!r} is not a day; write it like 2026-11-22.", param, ctx)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return "YYYY-MM-DD"


class Stated(click.ParamType[str]):
    """A text that says something: what is recorded as a reference or a reason must not be blank."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value).strip()
        return text if text else self.fail("it is blank; say something or leave it out.", param, ctx)


def settings_of(data: Path) -> Settings:
    """The settings of a data folder. Raises SettingsError."""
    from qol_server.settings import from_environment

    return from_environment(data=str(data))


def opened(data: Path, slug: str) -> Study:
    """An open study of the data folder. Raises Refused(study-unknown, data-folder)."""
    from qol_server.intake.study import open_study

    return open_study(settings_of(data), slug)


def counted(number: int, one: str, many: str = "") -> str:
    """``1 entry``, ``2 entries``; ``many`` is needed only where it is not the singular and an s."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def age(waited: timedelta) -> str:
    """How long somebody waits, in two units at most: ``2 d 5 h``."""
    minutes = int(waited.total_seconds() // 60)
    days, hours = divmod(minutes // 60, 24)
    return f"{days} d {hours} h" if days else f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"
