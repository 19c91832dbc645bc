"""`qol test`: every check of the project in one go, one line each, and pytest's own closing line."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from qol_server.cli.browser import ADVICE, find_or_install
from qol_server.cli.common import emit, fail, json_option, say, wants_json
from qol_server.cli.failures import ENVIRONMENT

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Step:
    """One check that was run. ``seconds``: wall clock; ``closing``: the last line that it printed."""

    name: str
    ok: bool
    seconds: float
    closing: str


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True))
@click.option("--long", "long_", is_flag=True, help="Run the campaigns too, which take long.")
@click.option("--without", type=click.Choice(["browser"]), multiple=True, help="Leave out a set that this machine cannot run.")
@click.option("-k", "expression", metavar="EXPR", help="Only the tests that match this pytest expression.")
@click.option("--screenshots", metavar="FOLDER", help="Take a picture of each screen of the app and each page of the desk instead.")
@click.option("--write-docs", is_flag=True, help="First write the generated pages of docs/reference anew.")
@json_option
def command(
    paths: tuple[str, ...], long_: bool, without: tuple[str, ...], expression: str | None, screenshots: str | None, write_docs: bool
) -> int:
    """Check style, types, layers and behaviour; PATHS (test files or folders) leave out all but pytest."""
    if not (ROOT / "tests").is_dir():
        fail("the tests are not installed with the command.", advice="Run ./qol test in the project's folder.", code=ENVIRONMENT)
    tests = [str(Path(path).resolve()) for path in paths]
    if "browser" not in without and find_or_install(say) is None:
        fail("no browser was found, and none could be installed.", advice=ADVICE, code=ENVIRONMENT)
    if screenshots is not None:
        taken = _python("-m", "tests.browser.screenshots", str(Path(screenshots).resolve()))
        if taken.returncode:
            fail(f"the pictures could not be taken: {_last_line(taken.stdout)}", code=1)
        emit({"ok": True, "folder": screenshots}, taken.stdout.rstrip())
        return 0
    if write_docs:
        written = _python("-m", "tests.docs.generate")
        if written.returncode:
            fail(f"the pages could not be written: {_last_line(written.stdout)}", code=1)
    steps = [] if tests else [_quiet(name, *arguments) for name, arguments in CHECKS]
    steps.append(_pytest(tests, long_=long_, without=without, expression=expression))
    ok = all(step.ok for step in steps)
    wrong = [step.name for step in steps if not step.ok]
    passed = "The named tests passed" if tests else "All checks passed"
    left_out = f" Left out: {', '.join(without)}." if without else ""
    closing = f"{passed if ok else 'Failed: ' + ', '.join(wrong)} ({sum(step.seconds for step in steps):.0f} s).{left_out}"
    emit({"ok": ok, "left_out": list(without), "steps": [asdict(step) for step in steps]}, f"{closing}\npytest: {steps[-1].closing}")
    return 0 if ok else 1


CHECKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ruff check", ("-m", "ruff", "check", "--quiet", "--output-format", "concise", ".")),
    ("ruff format", ("-m", "ruff", "format", "--check", "--output-format", "concise", ".")),
    ("layers", ("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()", "--no-logo")),
    ("mypy", ("-m", "mypy", "--no-error-summary")),
)


def _python(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )


def _quiet(name: str, *arguments: str) -> Step:
    """Run one check and show what it printed only when it failed."""
    started = time.monotonic()
    done = _python(*arguments)
    seconds = time.monotonic() - started
    say(f"{'ok   ' if done.returncode == 0 else 'WRONG'} {name:<12} {seconds:5.1f} s")
    if done.returncode:
        say(done.stdout.rstrip())
    return Step(name, done.returncode == 0, seconds, _last_line(done.stdout))


def _pytest(paths: Sequence[str], *, long_: bool, without: Sequence[str], expression: str | None) -> Step:
    """Run pytest on both cores, its output passed on as it comes."""
    left_out = [*([] if long_ else ["long"]), *without]
    arguments = ["-m", "pytest", "-n", "2", "--dist", "worksteal", "-q", "-m", " and ".join(f"not {mark}" for mark in left_out)]
    arguments += ["-k", expression] if expression else []
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, *arguments, *paths],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    closing = ""
    for line in process.stdout or ():
        closing = line.strip() or closing
        if not wants_json():
            click.echo(line, nl=False)
    return Step("pytest", process.wait() == 0, time.monotonic() - started, closing)


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""
