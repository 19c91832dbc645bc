"""Two phones, a network that loses, doubles and reorders, and a server that restarts: what is sealed arrives, once, unchanged."""

from __future__ import annotations

import random
import tempfile
import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from qol_server import journal
from qol_server.client import PhoneClient, Reply, Unreachable
from tests import people
from tests.api import rig

PHONES = st.integers(0, 1)
NETWORKS = st.sampled_from(("whole", "whole", "lost request", "lost answer", "doubled", "cut request", "cut answer", "portal", "late"))
Flight = tuple[str, bytes, dict[str, str]]


def machine(original: people.Trial) -> type[RuleBasedStateMachine]:
    class Sync(RuleBasedStateMachine):
        """The phones are reference clients; the network between them and the server is a rule's choice."""

        def __init__(self) -> None:
            super().__init__()
            self.folder = tempfile.TemporaryDirectory()
            self.trial = rig.reopened(original, Path(self.folder.name) / "data")
            number = rig.ada(self.trial)
            self.late: list[Flight] = []  # requests that the network still holds
            self.phones = [self._pair(number), self._pair(number)]
            self.rounds = 0

        def _pair(self, number: str) -> PhoneClient:
            phone = PhoneClient(self._network("whole"), people.SLUG, str(uuid.uuid4()))
            phone.pair(rig.code(self.trial, number), "Europe/Paris")
            return phone

        def _network(self, how: str) -> Callable[[str, bytes, Mapping[str, str]], Reply]:
            def carry(path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
                if how == "late":
                    self.late.append((path, body, dict(headers)))
                if how in ("late", "lost request"):
                    raise OSError("no network")
                if how == "portal":
                    return Reply(200, {"content-type": "text/html"}, b"<html>Welcome to our hotel</html>")
                if how == "cut request":
                    return self.trial.post(path, body[: len(body) // 2], headers)
                answer = self.trial.post(path, body, headers)
                if how == "doubled":
                    answer = self.trial.post(path, body, headers)
                if how == "lost answer":
                    raise OSError("no answer")
                return Reply(answer.status, answer.headers, answer.body[:-7]) if how == "cut answer" else answer

            return carry

        @rule(phone=PHONES, note=st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20), many=st.integers(1, 4))
        def seal(self, phone: int, note: str, many: int) -> None:
            when = self.trial.now.astimezone(rig.PARIS)
            for _ in range(many):
                self.phones[phone].seal("help.asked", captured_at=when, time_zone="Europe/Paris", what="call-me", note=note)

        @rule(phone=PHONES)
        def answer(self, phone: int) -> None:
            when = self.trial.now.astimezone(rig.PARIS)
            self.phones[phone].seal(
                "response.given", captured_at=when, time_zone="Europe/Paris", occurrence="dose@2026-03-02", instrument="dose-diary",
                version=self.trial.versions["dose-diary"], mode="app", by="participant", answers=people.TAKEN,
            )  # fmt: skip

        @rule(phone=PHONES, how=NETWORKS, compress=st.booleans())
        def sync(self, phone: int, how: str, compress: bool) -> None:
            client = self.phones[phone]
            waiting = [entry.id for entry in client.waiting()]
            client.transport = self._network(how)
            try:
                client.sync(now=self.trial.now.astimezone(rig.PARIS), time_zone="Europe/Paris", compress=compress)
                assert how in ("whole", "doubled")
                assert client.waiting() == []
            except Unreachable:
                assert how not in ("whole", "doubled")
                assert [entry.id for entry in client.waiting()] == waiting

        @precondition(lambda self: self.late)
        @rule(chance=st.randoms(use_true_random=False))
        def deliver_late(self, chance: random.Random) -> None:
            """What the network held arrives after all, in any order; nobody waits for the answer."""
            chance.shuffle(self.late)
            for path, body, headers in self.late:
                assert self.trial.post(path, body, headers).status == 200
            self.late.clear()

        @rule(chance=st.randoms(use_true_random=False), phone=PHONES)
        def reorder(self, chance: random.Random, phone: int) -> None:
            """A phone that was put together again may send in another order."""
            chance.shuffle(self.phones[phone].outbox)

        @rule()
        def restart(self) -> None:
            self.trial.study.store.close()
            self.trial = rig.reopened(self.trial)

        @rule(hours=st.integers(1, 30))
        def wait(self, hours: int) -> None:
            self.trial.now += timedelta(hours=hours)

        @invariant()
        def nothing_that_was_acknowledged_is_missing_and_nothing_is_there_twice(self) -> None:
            stored = rig.lines(self.trial)
            assert len(stored) == len(set(stored))
            sealed = {entry.line for phone in self.phones for entry in phone.outbox}
            assert set(stored) <= sealed
            for phone in self.phones:
                waiting = {entry.id for entry in phone.waiting()}
                assert {entry.line for entry in phone.outbox if entry.id not in waiting} <= set(stored)

        def teardown(self) -> None:
            """The network heals: every phone gets rid of everything, byte for byte, once, with all numbers accounted for."""
            for phone in self.phones:
                phone.transport = self._network("whole")
                said = phone.sync(now=self.trial.now.astimezone(rig.PARIS), time_zone="Europe/Paris")
                assert phone.waiting() == []
                assert said["device_seq"] == {"contiguous_to": len(phone.outbox), "missing": []}
            sealed = sorted(entry.line for phone in self.phones for entry in phone.outbox)
            assert sorted(rig.lines(self.trial)) == sealed
            assert journal.verify(self.trial.study.store)[1] is None
            self.trial.study.store.close()
            self.folder.cleanup()

    return Sync


def test_whatever_the_network_does_every_entry_is_stored_once(original: people.Trial) -> None:
    bounds = settings(
        max_examples=30, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
    )
    run_state_machine_as_test(machine(original), settings=bounds)


@pytest.mark.parametrize("seed", range(3))
def test_numbers_are_missing_until_they_come_whatever_the_order(trial: people.Trial, phone: people.Phone, seed: int) -> None:
    chance = random.Random(seed)
    seqs = list(range(1, 61))
    chance.shuffle(seqs)
    sent: set[int] = set()
    while seqs:
        some, seqs = seqs[:7], seqs[7:]
        known = rig.send(trial, phone, [rig.entry(trial, seq, kind="app.noted", what="reminder-shown") for seq in some]).said["device_seq"]
        sent |= set(some)
        first = next(seq for seq in range(1, 62) if seq not in sent)
        assert known == {"contiguous_to": first - 1, "missing": [seq for seq in range(first, max(sent)) if seq not in sent]}
