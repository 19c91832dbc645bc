"""`qol call`: the participants whom somebody should telephone, what was tried, and the reason for what is missing."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from qol_server.cli.acting import age, as_option, counted, opened
from qol_server.cli.common import common, emit, table
from qol_server.trial import watching
from qol_server.trial.cases import Way
from qol_server.trial.watching import Task

if TYPE_CHECKING:
    from qol_server.intake.study import Study
    from qol_server.store import Row


@click.group()
def command() -> None:
    """Telephone participants: what about, what was tried, how it ended."""


@command.command("list")
@click.argument("study")
@click.option("--site", metavar="NN", help="Only this site's.")
@click.option("--task", type=click.Choice([str(one) for one in Task]), help="Only calls about this.")
@click.option(
    "--order", type=click.Choice(["urgency", "age", "participant"]), default="urgency", help="How they are sorted.", show_default=True
)
@common
def list_(study: str, site: str | None, task: str | None, order: str, data: Path) -> None:
    """List the open calls of STUDY."""
    from qol_server.clock import wall_clock
    from qol_server.state import calls

    there = opened(data, study)
    tx, now = there.store.read(), wall_clock()
    sites = sorted(there.protocol_in_force(tx).sites) if site is None else [site]
    rows = [_line(row, now) for row in calls.open_tasks(tx, sites, task=task, order=order, limit=calls.count_open(tx, sites))]
    shown = ("call", "task", "participant", "about", "state", "owner", "waits", "attempts")
    emit(
        {"study": study, "calls": rows},
        lambda: table([[row[name] for name in shown] for row in rows], list(shown)) if rows else "No call is open.",
    )


def _line(row: Row, now: datetime) -> dict[str, Any]:
    return {
        "call": row["position"], "task": row["task"], "participant": row["participant"], "site": row["site"],
        "about": row["what"] or row["occurrence"] or _days(orjson.loads(row["days"])), "state": row["state"], "owner": row["owner"],
        "raised_at": row["raised_at"], "waits": age(now - datetime.fromisoformat(row["raised_at"])), "attempts": row["attempts"],
        "version": row["version"],
    }  # fmt: skip


def _days(days: list[str]) -> str:
    runs = watching.runs([date.fromisoformat(day) for day in days])
    return ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in runs)


@command.command()
@click.argument("study")
@click.argument("call", type=click.IntRange(1))
@common
def show(study: str, call: int, data: Path) -> None:
    """Show a CALL of STUDY: what about, what was tried, and with which reasons it can be closed."""
    from qol_server.clock import wall_clock
    from qol_server.state import calls
    from qol_server.trial import watching

    there = opened(data, study)
    row, tx = _found(there, call), there.store.read()
    tried = [
        {"at": one["at"], "by": one["actor"], "channel": one["channel"], "reached": bool(one["reached"]), "note": one["note"]}
        for one in calls.attempts(tx, call)
    ]
    codes = watching.codes(there.protocol_in_force(tx), Task(row["task"]))
    about = _line(row, wall_clock()) | {
        "tried": tried, "reasons": list(codes), "closed_at": row["closed_at"], "closed_by": row["closed_by"], "reason": row["reason"],
        "settled": row["settled"],
    }  # fmt: skip
    emit(about, lambda: _as_text(about))


def _as_text(about: dict[str, Any]) -> str:
    by = f" by {about['owner']}" if about["owner"] else ""
    why = about["reason"] or about["settled"]
    head = [
        f"Call {about['call']}: {about['participant']}, {about['task']}{', ' + about['about'] if about['about'] else ''}.",
        f"It is {about['state']}{by}; it was raised at {about['raised_at']}, {about['waits']} ago.",
        f"It was closed with: {why}." if why else f"It can be closed with: {', '.join(about['reasons'])}.",
        f"{counted(about['attempts'], 'attempt')}.",
    ]
    rows = [[one["at"], one["by"], one["channel"], "yes" if one["reached"] else "no", one["note"] or ""] for one in about["tried"]]
    return "\n".join([*head, *(["", table(rows, ["when", "who", "how", "reached", "note"])] if rows else [])])


@command.command()
@click.argument("study")
@click.argument("call", type=click.IntRange(1))
@as_option
@common
def take(study: str, call: int, actor: str, data: Path) -> None:
    """Say that you look after a CALL of STUDY."""
    from qol_server.clock import wall_clock
    from qol_server.intake import calls

    there = opened(data, study)
    row = _found(there, call)
    calls.take(there, call, seen=row["version"], actor=actor, now=wall_clock())
    emit({"study": study, "call": call, "owner": actor}, f"The call {call} about {row['participant']} is yours.")


@command.command()
@click.argument("study")
@click.argument("call", type=click.IntRange(1))
@click.option(
    "--by", "channel", type=click.Choice([str(one) for one in Way]), default=str(Way.TELEPHONE), help="How it was tried.", show_default=True
)
@click.option("--reached/--not-reached", required=True, help="Whether the participant was reached.")
@click.option("--note", metavar="TEXT", help="What else there is to know.")
@as_option
@common
def attempt(study: str, call: int, channel: str, reached: bool, note: str | None, actor: str, data: Path) -> None:
    """Write down that you tried to reach the participant of a CALL of STUDY."""
    from qol_server.clock import wall_clock
    from qol_server.intake import calls

    there = opened(data, study)
    row = _found(there, call)
    calls.attempt(there, call, seen=row["version"], channel=Way(channel), reached=reached, note=note, actor=actor, now=wall_clock())
    emit(
        {"study": study, "call": call, "channel": channel, "reached": reached},
        f"It is written down that {row['participant']} was {'' if reached else 'not '}reached.",
    )


@command.command()
@click.argument("study")
@click.argument("call", type=click.IntRange(1))
@click.option(
    "--reason", required=True, metavar="CODE", help="A code of the study's file, under reasons: missed for missing data, else call."
)
@click.option("--note", metavar="TEXT", help="What else there is to know.")
@as_option
@common
def close(study: str, call: int, reason: str, note: str | None, actor: str, data: Path) -> None:
    """Be done with a CALL of STUDY. The reason stands beside what is missing."""
    from qol_server.clock import wall_clock
    from qol_server.intake import calls

    there = opened(data, study)
    row = _found(there, call)
    calls.close(there, call, seen=row["version"], reason=reason, note=note, actor=actor, now=wall_clock())
    emit({"study": study, "call": call, "reason": reason}, f"The call {call} about {row['participant']} is closed: {reason}.")


def _found(there: Study, call: int) -> Row:
    from qol_server.state import calls
    from qol_server.trial import problems
    from qol_server.trial.problems import Refused

    row = calls.call(there.store.read(), call)
    if row is None:
        raise Refused(problems.CALL_UNKNOWN, f"There is no call {call}; see: qol call list {there.slug}.")
    return row
