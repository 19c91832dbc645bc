"""The `qol` command: finds a subcommand without importing the others and turns every failure into a sentence and an exit code."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
from collections.abc import Sequence

import click

from qol_server import __version__
from qol_server.cli.failures import Failure, explain

COMMANDS: dict[str, str] = {
    "demo": "Make a study, live its months with virtual participants, and serve it.",
    "init": "Make the data folder and its keys.",
    "serve": "Run the server and its clock.",
    "study": "Check, list, show, adopt and activate study files.",
    "wording": "Import a licensed wording pack.",
    "participant": "Enrol and look after participants and their phones.",
    "case": "Work through the cases that alerts make.",
    "call": "Telephone participants: what about, what was tried, how it ended.",
    "staff": "Add accounts of staff, give them roles, reset and list them.",
    "score": "Score a CSV file of answers.",
    "export": "Write a study's data as files.",
    "verify": "Check a journal and name the first bad position.",
    "rebuild": "Wipe the views, rebuild them from the journal, and compare.",
    "doctor": "Look for what this machine or data folder lacks.",
    "test": "Run every check of the project.",
    "bench": "Measure the server on this machine.",
}

EXIT_CODES = "Exit codes: 0 done, 1 a finding or a refusal, 2 wrong input, 3 the environment lacks something."


class LazyCommands(click.Group):
    """A group whose commands are imported only when they are run; the help text comes from ``COMMANDS``."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name in COMMANDS if importlib.util.find_spec(f"qol_server.cli.{name}")]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command = importlib.import_module(f"qol_server.cli.{cmd_name}").command
        if not isinstance(command, click.Command):
            raise TypeError(f"qol_server.cli.{cmd_name}.command is not a click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name]) for name in self.list_commands(ctx)])


@click.group(cls=LazyCommands, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="qol")
def group() -> None:
    """Quality-of-life answers of clinical trials: synced, kept, scored, exported."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (default: the process's own) and return its exit code; never raises but with QOL_DEBUG=1."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # an ASCII terminal must not turn an "é" into a crash
            stream.reconfigure(errors="backslashreplace")
    try:
        result = group.main(arguments, prog_name="qol", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, `head` perhaps, has seen enough; a finding may not have been told, so not 0
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if os.environ.get("QOL_DEBUG") == "1":
            raise
        failure = explain(error)
        _report(failure, as_json="--json" in arguments)
        return failure.code
    return result if isinstance(result, int) else 0


def _report(failure: Failure, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"problem": failure.as_dict()}, ensure_ascii=False, indent=2))
    else:
        click.echo(failure.text, err=True)
