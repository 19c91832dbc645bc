"""What every command shares: the options --data and --json, one way to print a result and one way to fail.

A command lives in ``qol_server/cli/<name>.py``, is called ``command`` and reads like this::

    @click.command()
    @click.argument("study")
    @common
    def command(study: str, data: Path) -> int:
        \"\"\"Check the journal of STUDY and name the first bad position.\"\"\"
        found = ...
        emit({"study": study, "entries": found.entries, "ok": found.ok}, f"{found.entries} entries, all in order.")
        return 0 if found.ok else 1

- ``common`` adds ``--data PATH`` (passed on as ``data``) and ``--json`` (not passed on: ``emit`` knows). A command
  without a data folder takes ``json_option`` alone. A group takes neither; its subcommands do.
- Import what is slow (Flask, polars, the store) inside the function, so that the help stays quick.
- ``emit`` is called once, at the end: with ``--json`` standard output is exactly one JSON document, also on failure
  (``{"problem": …}``). Progress and remarks go to standard error with ``say``, which is silent with ``--json``.
- The returned integer is the exit code (nothing returned: 0). Wrong input: ``raise Refused(PROBLEM, …)`` where the
  catalogue has a name for it, else ``fail(…)``. Let OSError and database errors pass: ``main`` explains them.
- In tests: ``qol_server.cli.main(["verify", "desminib"])`` returns the exit code; ``capsys`` has the output.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from qol_server.cli.failures import WRONG_INPUT, Failed

F = TypeVar("F", bound=Callable[..., Any])

_JSON = "qol_server.cli.json"


def _remember_json(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:
    ctx.meta[_JSON] = value


json_option = click.option(
    "--json", is_flag=True, expose_value=False, is_eager=True, callback=_remember_json, help="Print one JSON document instead of text."
)

data_option = click.option(
    "--data",
    type=click.Path(path_type=Path),
    default="data",
    envvar="QOL_DATA",
    show_default="./data",
    show_envvar=True,
    help="The data folder.",
)


def common(function: F) -> F:
    """Add ``--data`` and ``--json`` to a command."""
    return data_option(json_option(function))


def wants_json() -> bool:
    """Whether the running command was given ``--json``."""
    return bool(click.get_current_context().meta.get(_JSON, False))


def emit(payload: Mapping[str, Any], human: str | Callable[[], str]) -> None:
    """Print the command's result: ``payload`` with ``--json``, else ``human`` (a callable is asked only when needed)."""
    if wants_json():
        click.echo(json.dumps(payload, ensure_ascii=False, indent=2, default=str))
    else:
        click.echo(human if isinstance(human, str) else human())


def say(text: str) -> None:
    """Tell a person how far things are, on standard error; silent with ``--json``."""
    if not wants_json():
        click.echo(text, err=True)


@contextlib.contextmanager
def following(what: str, of: str) -> Iterator[Callable[[int, int], None]]:
    """Show on standard error how many of how many are done; gives what is told that. Silent with ``--json``."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn(of), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True, quiet=wants_json()), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, whole: bar.update(task, completed=done, total=whole)


def fail(detail: str, *, advice: str = "", code: int = WRONG_INPUT) -> NoReturn:
    """Stop with a sentence, what to do about it, and an exit code: 1 a refusal, 2 wrong input, 3 the environment."""
    raise Failed(detail, advice=advice, code=code)


def table(rows: Iterable[Sequence[object]], headers: Sequence[str]) -> str:
    """Align ``rows`` under ``headers``; numbers to the right, None as nothing.

    On a terminal the last column is wrapped to its width; in a file or a pipe a row stays one line.
    """
    listed = [list(row) for row in rows]
    cells = [list(headers), *([("" if cell is None else str(cell)) for cell in row] for row in listed)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(headers))]
    to_right = [_is_numeric([row[column] for row in listed]) for column in range(len(headers))]
    room = shutil.get_terminal_size().columns - sum(widths[:-1]) - 2 * (len(widths) - 1)
    wrap_at = room if sys.stdout.isatty() and not to_right[-1] and 20 <= room < widths[-1] else None
    lines = []
    for row in cells:
        *left, last = (cell.rjust(width) if right else cell.ljust(width) for cell, width, right in zip(row, widths, to_right, strict=True))
        parts = textwrap.wrap(last, wrap_at) if wrap_at else [last]
        indent = " " * (sum(widths[:-1]) + 2 * (len(widths) - 1))
        lines.append("  ".join([*left, parts[0] if parts else ""]).rstrip())
        lines.extend(indent + part for part in parts[1:])
    return "\n".join(lines)


def _is_numeric(column: list[object]) -> bool:
    present = [cell for cell in column if cell is not None]
    return bool(present) and all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in present)
