"""A phone that dies at any step wakes up as it was last saved, and goes on: nothing is lost or doubled."""

from __future__ import annotations

import copy
import pickle
import random
from collections.abc import Mapping

import pytest

from qol_server import journal
from qol_server.client import PhoneClient, Reply, Unreachable
from tests import people
from tests.api import rig
from tests.client.network import Network, Pocket, fresh_snapshot


class Killed(BaseException):
    """The battery is empty."""


def saved(client: PhoneClient) -> bytes:
    """What the phone's memory holds: all but the connection."""
    return pickle.dumps({name: part for name, part in vars(client).items() if name != "transport"})


def woken(memory: bytes, network: Network) -> Pocket:
    """A phone that starts with this memory."""
    client = PhoneClient(network, people.SLUG, "")
    vars(client).update(pickle.loads(memory))  # noqa: S301 - made above
    return Pocket(client, network)


def told(phone: Pocket) -> dict[tuple[str, str], dict[str, object]]:
    """What the phone was told, without the standing of its own entries, of which it has the receipts."""
    own = {entry.id for entry in phone.client.outbox} | {entry.receipt.get("ticket") for entry in phone.client.outbox}
    return {key: data for key, data in phone.client.feed.items() if key[0] != "entry_status" or key[1] not in own}


def busy_day(trial: people.Trial, phone: Pocket) -> None:
    phone.dose("dose@2026-03-02")
    phone.note("unwell")
    phone.dose("dose@2026-03-02", people.FORGOTTEN, supersedes=phone.client.outbox[0].id, reason="wrong day")
    phone.dose("dose@1999-01-01")  # kept for review
    trial.anchor(rig.ada(trial), "treatment_start", rig.DAY.replace(day=1), reason="typing-mistake")


@pytest.mark.parametrize("arrived", [False, True], ids=["before the server heard", "after the server stored"])
def test_killed_in_flight_it_sends_again(trial: people.Trial, network: Network, phone: Pocket, arrived: bool) -> None:
    busy_day(trial, phone)
    memory: list[bytes] = []

    def deadly(path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        memory.append(saved(phone.client))  # entries are marked as being sent, and no answer was taken
        if arrived:
            network.carry(path, body, headers)
        raise Killed

    network.way = deadly
    with pytest.raises(Killed):
        phone.sync()
    network.heal()
    again = woken(memory[0], network)
    assert {str(state) for state in again.states} == {"sending"}
    assert len(again.client.waiting()) == 4
    statuses = [result["status"] for result in again.sync()["results"]]
    assert statuses == (["duplicate"] * 3 if arrived else ["stored"] * 3) + ["quarantined"]
    again.pull()
    assert rig.lines(trial) == phone.lines
    assert told(again) == told_afresh(again)


def told_afresh(phone: Pocket) -> dict[tuple[str, str], dict[str, object]]:
    whole = copy.copy(phone.client)
    whole.feed = fresh_snapshot(phone)
    return told(Pocket(whole, phone.network))


STEPS = ("epoch", "receipts", "feed", "cursor")


@pytest.mark.parametrize("step", STEPS)
def test_killed_between_taking_the_answer_and_keeping_the_cursor_it_hears_it_again(
    trial: people.Trial, network: Network, phone: Pocket, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    busy_day(trial, phone)
    memory: list[bytes] = []
    heed, apply = PhoneClient._heed_restore, PhoneClient._apply

    def die(self: PhoneClient) -> None:
        memory.append(saved(self))
        raise Killed

    def dying_heed(self: PhoneClient, epoch: str, head: dict[str, object]) -> None:
        heed(self, epoch, head)
        if step == "epoch":
            die(self)

    def dying_apply(self: PhoneClient, feed: Mapping[str, object]) -> None:
        if step == "receipts":
            die(self)
        before = self.cursor
        half = feed if step != "feed" else {**feed, "changes": feed["changes"][: len(feed["changes"]) // 2]}  # type: ignore[index, arg-type]
        apply(self, half)
        if step in ("feed", "cursor"):
            self.cursor = before
            die(self)

    with monkeypatch.context() as battery:
        battery.setattr(PhoneClient, "_heed_restore", dying_heed)
        battery.setattr(PhoneClient, "_apply", dying_apply)
        with pytest.raises(Killed):
            phone.sync()
    again = woken(memory[0], network)
    assert again.client.cursor is not None
    again.pull()
    assert again.client.waiting() == []
    assert rig.lines(trial) == phone.lines
    assert told(again) == told_afresh(again)


@pytest.mark.parametrize("seed", range(12))
def test_killed_at_random_for_a_month(trial: people.Trial, network: Network, phone: Pocket, seed: int) -> None:
    """The memory is saved when something is sealed and, sometimes, at steps of a sync; every death falls back to the last save."""
    chance = random.Random(seed)
    memory = saved(phone.client)
    sealed: list[bytes] = []

    def risky(path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        fate = chance.random()
        if fate < 0.2:
            raise Killed
        answer = network.carry(path, body, headers)
        if fate < 0.4:
            raise Killed
        if fate < 0.5:
            raise OSError("no answer")
        return answer

    network.way = risky
    for day in range(30):
        trial.at(f"2026-03-{day + 2:02d} 20:00", "Europe/Paris")
        sealed.append(phone.dose(f"dose@2026-03-{day + 2:02d}").line)
        if chance.random() < 0.3:
            first = phone.client.outbox[-1].id
            sealed.append(phone.dose(f"dose@2026-03-{day + 2:02d}", people.FORGOTTEN, supersedes=first, reason="x").line)
        memory = saved(phone.client)  # before the screen says "saved"
        if day in (7, 20):
            trial.anchor(rig.ada(trial), "treatment_start", rig.DAY.replace(day=1 + day % 2), reason="typing-mistake")
        try:
            phone.sync()
            memory = saved(phone.client) if chance.random() < 0.5 else memory
        except Unreachable:
            pass
        except Killed:
            phone = woken(memory, network)
    network.heal()
    phone.pull()
    assert phone.client.waiting() == []
    assert phone.lines == sealed
    assert sorted(rig.lines(trial)) == sorted(sealed)
    assert told(phone) == told_afresh(phone)
    assert journal.verify(trial.study.store)[1] is None
