"""`qol case`: what participants entered that somebody must act on, as cases that are taken and resolved."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import orjson

from qol_server.cli.acting import Day, Stated, age, as_option, counted, opened
from qol_server.cli.common import common, emit, fail, table

if TYPE_CHECKING:
    from qol_server.store import Row, Tx

STATED = Stated()
SHORT = 8  # characters of a case's id that people type


@click.group()
def command() -> None:
    """Work through the cases that alerts make."""


@command.command("list")
@click.argument("study")
@click.option("--site", metavar="NN", help="Only this site's.")
@common
def list_(study: str, site: str | None, data: Path) -> None:
    """List the open cases of STUDY: the most urgent first, then the longest waiting."""
    from qol_server.clock import wall_clock
    from qol_server.intake.alerting import watches
    from qol_server.state import cases

    there = opened(data, study)
    tx, now = there.store.read(), wall_clock()
    rows = [_line(row, now) for row in cases.still_open(tx, site)]
    is_watched = watches(there.protocol_in_force(tx))
    none = (
        "No case is open." if is_watched else f"{study} only records: its protocol says `alerts: record-only`, so that no alert is raised."
    )
    shown = ("case", "urgency", "participant", "about", "state", "owner", "waits", "surveys")
    emit(
        {"study": study, "watched": is_watched, "cases": rows},
        lambda: table([[row["case"][:SHORT], *(row[name] for name in shown[1:])] for row in rows], list(shown)) if rows else none,
    )


def _line(row: Row, now: datetime) -> dict[str, Any]:
    since = datetime.fromisoformat(row["since"])
    return {
        "case": row["case"], "urgency": row["urgency"], "participant": row["participant"], "site": row["site"],
        "about": row["assessment"], "state": row["state"], "owner": row["owner"], "since": row["since"], "waits": age(now - since),
        "surveys": row["surveys"], "escalated": row["steps"], "version": row["version"],
    }  # fmt: skip


@command.command()
@click.argument("study")
@click.argument("case")
@common
def show(study: str, case: str, data: Path) -> None:
    """Show a CASE of STUDY: what was found in which response, and where the case stands."""
    from qol_server.clock import wall_clock
    from qol_server.state import cases

    tx = opened(data, study).store.read()
    row = _found(tx, case)
    found = [
        {
            "rule": alert["rule"], "urgency": alert["urgency"], "occurrence": alert["occurrence"], "captured_at": alert["captured_at"],
            "late": bool(alert["late"]), "failed": bool(alert["failed"]), "findings": orjson.loads(alert["findings"]),
        }
        for alert in cases.alerts_of(tx, row["case"])
    ]  # fmt: skip
    about = _line(row, wall_clock()) | {"opened_at": row["opened_at"], "action": row["action"], "outcome": row["outcome"], "alerts": found}
    emit(about, lambda: _as_text(about))


def _as_text(about: dict[str, Any]) -> str:
    by = f" by {about['owner']}" if about["owner"] else ""
    head = [
        f"Case {about['case']}: {about['participant']}, {about['about']}, {about['urgency']}.",
        f"It is {about['state']}{by}; it counts from {about['since']}, {about['waits']} ago.",
        f"It rests on {counted(about['surveys'], 'survey')}.",
    ]
    rows = [[alert["captured_at"], alert["occurrence"], alert["rule"], _findings(alert)] for alert in about["alerts"]]
    return "\n".join([*head, "", table(rows, ["captured", "occurrence", "rule", "found"])])


def _findings(alert: dict[str, Any]) -> str:
    if alert["failed"]:
        return "the rule could not be judged: look at the answers"
    told = [f"{subject} {value}" + (f" ({over}: {before})" if before else "") for subject, value, before, over in alert["findings"]]
    return "; ".join(told) + (" · known late" if alert["late"] else "")


@command.command()
@click.argument("study")
@click.argument("case")
@as_option
@common
def take(study: str, case: str, actor: str, data: Path) -> None:
    """Say that you look after a CASE of STUDY."""
    from qol_server.clock import wall_clock
    from qol_server.intake import casework

    there = opened(data, study)
    row = _found(there.store.read(), case)
    casework.acknowledge(there, row["case"], seen=row["version"], actor=actor, now=wall_clock())
    emit({"study": study, "case": row["case"], "owner": actor}, f"The case {row['case'][:SHORT]} of {row['participant']} is yours.")


@command.command()
@click.argument("study")
@click.argument("case")
@click.option("--action", required=True, metavar="CODE", help="What was done: a code of the study's file, under reasons, case_action.")
@click.option("--outcome", required=True, metavar="CODE", help="What came of it: a code under case_outcome.")
@click.option("--reason", required=True, type=STATED, metavar="TEXT", help="Why it can be closed.")
@as_option
@common
def resolve(study: str, case: str, action: str, outcome: str, reason: str, actor: str, data: Path) -> None:
    """Be done with a CASE of STUDY."""
    from qol_server.clock import wall_clock
    from qol_server.intake import casework

    there = opened(data, study)
    row = _found(there.store.read(), case)
    casework.resolve(there, row["case"], seen=row["version"], action=action, outcome=outcome, reason=reason, actor=actor, now=wall_clock())
    emit({"study": study, "case": row["case"], "state": "resolved"}, f"The case {row['case'][:SHORT]} of {row['participant']} is resolved.")


@command.command()
@click.argument("study")
@click.argument("number")
@click.argument("item")
@click.argument("level", type=click.IntRange(0, 100))
@click.option("--until", required=True, type=Day(), help="The last day on which it is usual; at most 92 days ahead.")
@click.option("--reason", required=True, type=STATED, metavar="TEXT", help="Why it is usual.")
@as_option
@common
def expect(study: str, number: str, item: str, level: int, until: date, reason: str, actor: str, data: Path) -> None:
    """Say that LEVEL of ITEM is usual for participant NUMBER: up to it no case is made. Never for what is urgent now, nor for doses."""
    from qol_server.clock import wall_clock
    from qol_server.intake import expecting

    expecting.expect(opened(data, study), number, item, level, until, reason=reason, actor=actor, now=wall_clock())
    emit(
        {"study": study, "participant": number, "item": item, "level": level, "until": until.isoformat()},
        f"Up to {until}, {item} up to {level} makes no case for {number}. Such alerts are kept and counted.",
    )


def _found(tx: Tx, case: str) -> Row:
    """The case of an id, or of its beginning where that names one alone."""
    from qol_server.state import cases
    from qol_server.trial import problems
    from qol_server.trial.problems import Refused

    found = cases.beginning_with(tx, case)
    if len(found) > 1:
        fail(f"{counted(len(found), 'case')} begin with {case!r}.", advice="Give more of the id.")
    if not found:
        raise Refused(problems.CASE_UNKNOWN, f"There is no case {case!r}.")
    return found[0]
