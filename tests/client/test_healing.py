"""Once the network and the server are well again, the queue of an open app empties within two of the longest waits."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import timedelta

import pytest

from qol_server import journal
from qol_server.client import Reply, Unreachable, back_off
from qol_server.store import StoreBusy, StoreFull
from tests import people
from tests.api import rig
from tests.client.network import Network, Pocket, html, said

CAP = 900.0


class Weather:
    """What happens to a request while it is bad: at random, one fault after the other, and long partitions."""

    def __init__(self, network: Network, chance: random.Random) -> None:
        self.network = network
        self.chance = chance
        self.partition = 0

    def __call__(self, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        if self.partition:
            self.partition -= 1
            raise OSError("no network")
        faults = ("partition", "lost", "answer lost", "portal", "500", "502", "429", "413", "busy", "full", "cut request", "cut answer")
        fault = self.chance.choice((*faults, "none", "none"))
        if fault == "partition":
            self.partition = self.chance.randrange(1, 12)
        if fault in ("partition", "lost"):
            raise OSError("no network")
        if fault in ("portal", "500", "502", "413"):
            return html(200 if fault == "portal" else int(fault))
        if fault == "429":
            return said(429, {}, retry_after=str(self.chance.randrange(1, 120)))
        if fault in ("busy", "full"):
            with pytest.MonkeyPatch.context() as broken:
                failure = StoreBusy("x") if fault == "busy" else StoreFull("x")

                def failing(_: object) -> None:
                    raise failure

                broken.setattr(self.network.trial.study.store, "write", failing)
                return self.network.carry(path, body, headers)
        answer = self.network.carry(path, body[: len(body) // 2] if fault == "cut request" else body, headers)
        if fault == "answer lost":
            raise OSError("no answer")
        return Reply(answer.status, answer.headers, answer.body[:-9]) if fault == "cut answer" else answer


class App:
    """An open app: it syncs, and waits after failures as the protocol says. Time is the trial's."""

    def __init__(self, phone: Pocket, trial: people.Trial, chance: random.Random) -> None:
        self.phone = phone
        self.trial = trial
        self.chance = chance
        self.failures = 0
        self.next_try = trial.now

    def attempt(self) -> None:
        """Sync at the time that was set, and set the next."""
        self.trial.now = max(self.trial.now, self.next_try)
        failure = None
        try:
            self.phone.sync()
        except Unreachable as why:
            failure = why
        wait = 0.0
        if failure is None:
            self.failures = 0
        else:
            self.failures += 1
            wait = back_off(self.failures, self.chance, failure.retry_after)
            assert failure.retry_after <= wait <= CAP
        self.next_try = self.trial.now + timedelta(seconds=wait)


@pytest.mark.parametrize("seed", range(25))
def test_after_the_weather_the_queue_empties_within_two_caps(trial: people.Trial, network: Network, phone: Pocket, seed: int) -> None:
    chance = random.Random(seed)
    app = App(phone, trial, chance)
    network.way = Weather(network, chance)
    for _ in range(40):
        phone.notes(chance.randrange(0, 12))
        app.attempt()
    while app.failures == 0:  # it heals while the app waits, never between two tries that succeed
        phone.note("once more")
        app.attempt()
    queued = len(phone.client.waiting())
    assert queued
    healed = trial.now
    network.heal()
    while phone.client.waiting():
        app.attempt()
        assert trial.now - healed <= timedelta(seconds=2 * CAP)
    assert rig.lines(trial) == phone.lines
    assert journal.verify(trial.study.store)[1] is None


def test_a_week_without_network_is_over_within_one_cap(trial: people.Trial, network: Network, phone: Pocket) -> None:
    app = App(phone, trial, random.Random(7))

    def nothing(*_: object) -> Reply:
        raise OSError("no network")

    network.way = nothing
    ends = trial.now + timedelta(days=7)
    tries = 0
    while app.next_try < ends:
        if tries % 50 == 0:
            phone.notes(20)
        app.attempt()
        tries += 1
    assert 7 * 96 <= tries < 7 * 96 * 4  # a wait is 7.5 minutes on average: neither silent nor a burden
    network.heal()
    while phone.client.waiting():
        app.attempt()
    assert app.trial.now - ends <= timedelta(seconds=CAP)
    assert rig.lines(trial) == phone.lines
