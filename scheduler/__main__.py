"""`python -m scheduler`: the clock as a process of its own, beside any WSGI server."""

from __future__ import annotations

import sys

import click

from qol_server import keys, logs
from qol_server.cli.failures import explain
from qol_server.settings import from_environment


@click.command()
@click.option("--data", metavar="PATH", help="The data folder. [env var: QOL_DATA; default: ./data]")
@click.option("--once", is_flag=True, help="Tick once of each kind and end.")
def command(data: str | None, once: bool) -> None:
    """Tick for every active study: reminders, scores, what did not happen, seals. Ends with SIGTERM or Ctrl-C."""
    settings = from_environment(data=data)
    keys.load(settings.keys)
    logs.to_stderr(settings.log_level)
    from scheduler import clock

    if once:
        clock.once(settings)
    else:
        clock.run(settings)


def main() -> int:
    """Run the clock; returns the exit code."""
    try:
        command.main(prog_name="python -m scheduler", standalone_mode=False)
    except Exception as error:
        failure = explain(error)
        click.echo(failure.text, err=True)
        return failure.code
    return 0


if __name__ == "__main__":
    sys.exit(main())
