"""The part of `qol participant` about mistakes and interruptions: taken back, put right, paused, a lost phone."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from qol_server.cli.acting import Day, Stated, as_option, opened
from qol_server.cli.common import common, emit, fail

DAY, STATED = Day(), Stated()
reason_option = click.option("--reason", required=True, type=STATED, help="How it came about; it goes into the journal.")


@click.command("take-back")
@click.argument("study")
@click.argument("number")
@click.argument("what", metavar="ANCHOR|withdrawal.KIND")
@reason_option
@as_option
@common
def take_back(study: str, number: str, what: str, reason: str, actor: str, data: Path) -> None:
    """Take back the date of NUMBER that was recorded last under ANCHOR, or a withdrawal, as recorded by mistake."""
    from qol_server.clock import wall_clock
    from qol_server.intake import dating

    there, kind = opened(data, study), what.removeprefix("withdrawal.")
    act = dating.take_back_anchor if kind == what else dating.take_back_withdrawal
    act(there, number, kind, actor=actor, now=wall_clock(), reason=reason)
    emit({"study": study, "participant": number, "taken_back": what}, f"{number}: {what} is taken back.")


@click.command("put-right")
@click.argument("study")
@click.argument("number")
@click.option("--from", "day", type=DAY, required=True, help="The day from which the prescription was written down.")
@click.option("--to", "right", type=DAY, help="The day from which it holds. Left out: it was never made.")
@click.option("--confirm", multiple=True, metavar="DOUBT", help="What is odd about it and is meant so, as the refusal names it.")
@reason_option
@as_option
@common
def put_right(
    study: str, number: str, day: date, right: date | None, confirm: tuple[str, ...], reason: str, actor: str, data: Path
) -> None:  # fmt: skip
    """Put right the day of a prescription or hold of NUMBER; as it was written down it stays in the history."""
    from qol_server.clock import wall_clock
    from qol_server.intake import prescribing
    from qol_server.state import participants

    there = opened(data, study)
    history = participants.prescriptions(there.store.read(), number)
    position = next((row["position"] for row in history if row["standing"] and row["day"] == day.isoformat()), None)
    if position is None:
        fail(f"{number} has no prescription from {day} on.", advice=f"They are listed by: qol participant show {study} {number}", code=1)
    prescribing.correct(there, number, position, right, actor=actor, now=wall_clock(), reason=reason, confirmed=confirm)
    payload = {"study": study, "participant": number, "from": day.isoformat(), "to": None if right is None else right.isoformat()}
    emit(payload, f"{number}: the prescription of {day} " + ("was never made." if right is None else f"holds from {right} on."))


@click.command()
@click.argument("study")
@click.argument("number")
@click.option("--until", type=DAY, help="The last day of the pause. Left out: contact goes on at once.")
@click.option("--reason", type=STATED, help="Why nobody is to write or call.")
@as_option
@common
def pause(study: str, number: str, until: date | None, reason: str | None, actor: str, data: Path) -> None:
    """Pause all contact with NUMBER up to and with a day, or end a pause; what is asked stays as it is."""
    from qol_server.clock import wall_clock
    from qol_server.intake import pausing

    there, now = opened(data, study), wall_clock()
    if until is None:
        pausing.resume(there, number, reason=reason or "", actor=actor, now=now)
    else:
        pausing.pause(there, number, until, reason=reason or "", actor=actor, now=now)
    payload = {"study": study, "participant": number, "until": None if until is None else until.isoformat()}
    emit(payload, f"{number}: " + ("contact goes on." if until is None else f"nobody writes or calls up to and with {until}."))


@click.command("lock-out")
@click.argument("study")
@click.argument("number")
@click.argument("device")
@click.option("--reason", default="lost", show_default=True, type=STATED, help="Why: lost, stolen …")
@as_option
@common
def lock_out(study: str, number: str, device: str, reason: str, actor: str, data: Path) -> None:
    """Lock out one phone of NUMBER, by its id or the beginning of it; the participant's other phones go on."""
    from qol_server.access import pairing
    from qol_server.clock import wall_clock
    from qol_server.intake import conduct

    there = opened(data, study)
    found = [phone["device"] for phone in pairing.phones(there.store.read(), number) if phone["device"].startswith(device)]
    if len(found) != 1:
        fail(f"{len(found)} phones of {number} begin with {device}.", advice=f"See: qol participant show {study} {number}", code=1)
    locked = conduct.revoke(there, number, found[0], actor=actor, now=wall_clock(), reason=reason)
    emit({"study": study, "participant": number, "locked_out": locked}, f"{number}: {found[0]} is locked out.")
