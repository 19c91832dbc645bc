"""Eight writers and a phone that polls: in the end it was told exactly what a phone is told that asks afresh."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from datetime import date

import pytest

from qol_server import journal
from qol_server.client import Reply
from tests import people
from tests.api import rig
from tests.client.network import Network, Pocket, fresh_snapshot

ROUNDS = 25


class Lines(Network):
    """A network on which every thread has a connection of its own."""

    def carry(self, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        answer = self.trial._client.application.test_client().post(path, data=body, headers=dict(headers))
        return Reply(answer.status_code, {name.lower(): value for name, value in answer.headers}, answer.data)


def uploads(phone: Pocket, chance: random.Random) -> None:
    """A phone of the participant: answers, corrections, wishes; some of it is kept for review."""
    for n in range(ROUNDS):
        day = f"dose@2026-03-{chance.randrange(2, 20):02d}"
        kind = n % 5
        if kind == 0:
            when = phone.network.trial.now.astimezone(rig.PARIS)
            phone.client.seal(
                "preference.set", captured_at=when, time_zone="Europe/Paris", reminder_hour=chance.randrange(7, 22),
            )  # fmt: skip
        elif kind == 1:
            phone.dose("dose@1999-01-01")
        elif kind == 2 and phone.client.outbox:
            phone.dose(day, people.FORGOTTEN, supersedes=chance.choice(phone.client.outbox).id, reason="wrong day")
        else:
            phone.dose(day)
        if chance.random() < 0.7:
            phone.sync()
    phone.pull()


@pytest.mark.parametrize("seed", range(2))
def test_the_feed_misses_no_change_whoever_writes(trial: people.Trial, seed: int) -> None:
    trial.at("2026-03-20 12:00")
    ada, network = rig.ada(trial), Lines(trial)
    protocol = trial.study.protocol_in_force(trial.study.store.read())
    assert protocol.treatment is not None
    regimens, codes = sorted(protocol.treatment.regimens), protocol.reasons

    def moves_the_start(chance: random.Random) -> None:
        for n in range(ROUNDS):
            trial.anchor(ada, "treatment_start", date(2026, 3, 1 + n % 9), reason="typing-mistake")

    def prescribes(chance: random.Random) -> None:
        for _ in range(ROUNDS):
            trial.prescribe(ada, chance.choice(regimens), date(2026, 3, chance.randrange(2, 20)), reason=codes["dose_change"][0])

    def holds(chance: random.Random) -> None:
        for _ in range(ROUNDS):
            trial.hold(ada, date(2026, 3, chance.randrange(2, 20)), reason=codes["hold"][0])

    poller = network.phone(ada)
    senders = [network.phone(ada) for _ in range(5)]
    work: list[Callable[[random.Random], None]] = [moves_the_start, prescribes, holds]
    work += [lambda chance, phone=phone: uploads(phone, chance) for phone in senders]  # type: ignore[misc]
    failures: list[BaseException] = []

    def guarded(task: Callable[[random.Random], None], own: int) -> None:
        try:
            task(random.Random(own))
        except BaseException as failure:
            failures.append(failure)
        finally:
            trial.study.store.read().connection.close()

    writers = [threading.Thread(target=guarded, args=(task, 100 * seed + n)) for n, task in enumerate(work)]
    for writer in writers:
        writer.start()
    polls = 0
    while any(writer.is_alive() for writer in writers):
        poller.sync()
        polls += 1
    for writer in writers:
        writer.join()
    assert failures == []
    assert polls > 3
    told = poller.pull()
    afresh = fresh_snapshot(poller)
    assert told == afresh
    answers = [line for phone in senders for line in phone.lines if b'"kind":"response.given"' in line]
    assert sum(type_ == "entry_status" for type_, _ in told) == len(answers) > 0
    for phone in senders:  # of its own entries a phone has the receipts; everything else it was told
        pulled = phone.pull()
        own = {entry.id for entry in phone.client.outbox} | {entry.receipt.get("ticket") for entry in phone.client.outbox}
        assert {key: data for key, data in pulled.items() if key[1] not in own} == {
            key: data for key, data in afresh.items() if key[1] not in own
        }
        assert phone.client.waiting() == []
    assert sorted(rig.lines(trial)) == sorted(line for phone in senders for line in phone.lines)
    assert journal.verify(trial.study.store)[1] is None
