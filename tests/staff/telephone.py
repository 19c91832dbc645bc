"""Calls for the tests of the desk: Ada asks for one, and leaves things unanswered."""

from __future__ import annotations

from datetime import timedelta

from qol_server.intake import calls
from qol_server.state import calls as state
from qol_server.store import Row
from tests import people
from tests.staff.rig import House


def phone(house: House) -> people.Phone:
    """Ada's phone, paired now."""
    return house.trial.phone(house.ada)


def asked(house: House, what: str = "call-me", note: str | None = None) -> Row:
    """The call that Ada asked for; asked anew only where none is open."""
    tx = house.trial.study.store.read()
    if not state.open_tasks(tx, ["01"], task="help"):
        hers = phone(house)
        hers.client.seal("help.asked", captured_at=house.now, time_zone=hers.time_zone, what=what, note=note)
        hers.sync()
    return state.open_tasks(house.trial.study.store.read(), ["01"], task="help")[0]


def seen(house: House) -> dict[str, str]:
    """What a form says of the call that was seen."""
    return {"seen": str(asked(house)["version"])}


def unanswered(house: House, days: int) -> None:
    """So many days pass; the clock looks for what did not happen."""
    house.trial.now += timedelta(days=days)
    calls.watch(house.trial.study, house.now)


def of_a_fortnight(house: House) -> None:
    """What the clock finds when nobody answers for two weeks, and the digest of the Monday; the clock goes back afterwards."""
    later = house.now + timedelta(days=15)
    calls.watch(house.trial.study, later)
    calls.make_digests(house.trial.study, later)


def open_calls(house: House, task: str) -> list[Row]:
    return state.open_tasks(house.trial.study.store.read(), ["01", "02", "03"], task=task)
