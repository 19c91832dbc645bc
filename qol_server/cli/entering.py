"""The part of `qol participant` about the way into a study: consent, eligibility, and how a person can be reached."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import click

from qol_server.cli.acting import Day, Stated, as_option, opened
from qol_server.cli.common import common, emit, fail, table
from qol_server.trial.contacting import FIELDS, Purpose

DAY, STATED = Day(), Stated()


def values_from(given: tuple[str, ...]) -> dict[str, str]:
    """Criterion -> value, from JSON files and ``criterion=value``; numbers keep the digits they were written with."""
    values: dict[str, str] = {}
    for each in given:
        name, equals, value = each.partition("=")
        if equals:
            values[name.strip()] = value.strip()
            continue
        try:
            read = json.loads(Path(each).read_bytes(), parse_float=str, parse_int=str)
        except ValueError as error:
            fail(f"{each} is not a JSON file: {error}.", advice='It holds one object, like {"age": 44, "histology": "yes"}.')
        if not isinstance(read, dict):
            fail(f"{each} does not hold one JSON object.", advice='Like {"age": 44, "histology": "yes"}.')
        for criterion, found in read.items():
            if not isinstance(found, str | bool):
                fail(f"{each}: {criterion} is neither a number nor yes or no.")
            values[criterion] = found if isinstance(found, str) else "yes" if found else "no"
    return values


@click.command()
@click.argument("study")
@click.argument("number")
@click.option("--version", required=True, type=STATED, metavar="V", help="The version that was signed.")
@click.option("--date", "day", required=True, type=DAY, help="The day on which it was signed.")
@click.option("--taken-by", metavar="LOGIN", help="Who took it; on-paper: somebody without an account. Default: whoever records it.")
@as_option
@common
def consent(study: str, number: str, version: str, day: date, taken_by: str | None, actor: str, data: Path) -> None:
    """Record that NUMBER signed a consent again, as after an amendment that needs it."""
    from qol_server.access.accounts import canonical
    from qol_server.clock import wall_clock
    from qol_server.intake import enrolling
    from qol_server.intake.people_shapes import ON_PAPER

    if taken_by is not None and taken_by != ON_PAPER:
        taken_by = f"staff:{canonical(taken_by)}"
    enrolling.give_consent(opened(data, study), number, version, day, actor=actor, now=wall_clock(), taken_by=taken_by)
    payload = {"study": study, "participant": number, "version": version, "date": day.isoformat(), "taken_by": taken_by or actor}
    emit(payload, f"{number}: consent {version} of {day}.")


@click.command()
@click.argument("study")
@click.argument("number")
@click.option(
    "--set",
    "given",
    multiple=True,
    metavar="FILE.json|CRITERION=VALUE",
    help="Values to record: yes, no or a number. May be given several times.",
)
@click.option("--reason", type=STATED, help="Why a value changes that was recorded before.")
@as_option
@common
def eligibility(study: str, number: str, given: tuple[str, ...], reason: str | None, actor: str, data: Path) -> int:
    """Record values of criteria of NUMBER, and show how each criterion stands. Exit code 1: something is not met or not known.

    When all are met, the participant is included, and a phone can be paired. A deviation is signed at the staff's desk.
    """
    from qol_server.clock import wall_clock
    from qol_server.intake import enrolling

    there = opened(data, study)
    enrolling.the_participant(there.store.read(), number)
    if given:
        enrolling.set_values(there, number, values_from(given), actor=actor, now=wall_clock(), reason=reason)
    tx = there.store.read()
    judged = enrolling.standing_of(there, tx, number)
    included = enrolling.the_participant(tx, number).included
    rows = [
        {"criterion": one.criterion.id, "value": one.value, "result": str(one.result), "deviation": one.deviation, "why": one.why}
        for one in judged
    ]
    says = [(row["criterion"], row["value"] or "", row["result"], "signed" if row["deviation"] else "", row["why"]) for row in rows]
    payload = {"study": study, "participant": number, "included": included, "criteria": rows}
    words = f"{number} is {'included' if included else 'not included'}."
    emit(payload, lambda: table(says, ("criterion", "value", "result", "deviation", "")) + f"\n{words}")
    return 1 if any(one.blocks for one in judged) else 0


@click.command()
@click.argument("study")
@click.argument("number")
@click.option(
    "--set", "given", multiple=True, metavar="FIELD=VALUE", help=f"Keep a detail: {', '.join(FIELDS)}. An empty value takes it away."
)
@click.option("--erase", is_flag=True, help="Destroy all details of the participant with their key; needs --reason.")
@click.option("--why", type=click.Choice([str(each) for each in Purpose]), help="What you look at them for; without it nothing is shown.")
@click.option("--reason", type=STATED, help="Why they are erased.")
@as_option
@common
def contact(
    study: str, number: str, given: tuple[str, ...], erase: bool, why: str | None, reason: str | None, actor: str, data: Path
) -> None:
    """Keep, show or erase how NUMBER can be reached. Each look is written down with who and what for."""
    from qol_server.clock import wall_clock
    from qol_server.intake import enrolling, vault

    there, now = opened(data, study), wall_clock()
    enrolling.the_participant(there.store.read(), number)
    if erase:
        vault.erase(there, number, reason=reason or "", actor=actor, now=now)
        return emit({"study": study, "participant": number, "erased": True}, f"{number}: the contact details are gone for good.")
    if given:
        fields = dict(one.partition("=")[::2] for one in given)
        known = vault.look(there, number, Purpose.UPDATE, actor=actor, now=now)
        vault.write(there, number, known | fields, actor=actor, now=now)
    if why is None:
        said = "kept" if vault.is_kept(there, number) else "not kept"
        return emit(
            {"study": study, "participant": number, "kept": said == "kept"}, f"{number}: contact details are {said}. Show them: --why"
        )
    details = vault.look(there, number, Purpose(why), actor=actor, now=now)
    none = f"{number} has no contact details."
    emit(
        {"study": study, "participant": number, "details": details},
        lambda: table(list(details.items()), ("detail", "")) if details else none,
    )
    return None
