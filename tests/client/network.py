"""What lies between a phone and the server: it carries, loses, answers in the server's place, and counts."""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from qol_server.client import EntryState, PhoneClient, Reply, Sealed
from tests import people
from tests.api import rig

Way = Callable[[str, bytes, Mapping[str, str]], Reply]


class Network:
    """The transport of phones. ``way`` carries a request; the tests change it, and ``heal`` puts the plain one back.

    ``trial`` is the server as it is now; a test that restores the server puts another one there.
    """

    def __init__(self, trial: people.Trial) -> None:
        self.trial = trial
        self.way: Way = self.carry

    def __call__(self, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        return self.way(path, body, headers)

    def __deepcopy__(self, _: dict[int, Any]) -> Network:
        return self  # a copied phone is on the same network

    def carry(self, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        return self.trial.post(path, body, headers)

    def heal(self) -> None:
        self.way = self.carry

    def answer_instead(self, reply: Reply) -> None:
        """From now on somebody on the way answers, and the server hears nothing."""
        self.way = lambda *_: reply

    def lose_answers(self) -> None:
        """From now on requests arrive and their answers do not."""

        def lossy(path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
            self.carry(path, body, headers)
            raise OSError("no answer came")

        self.way = lossy

    def phone(self, number: str) -> Pocket:
        """A phone of a participant, paired and synced once."""
        made = Pocket(PhoneClient(self, people.SLUG, str(uuid.uuid4())), self)
        made.client.pair(rig.code(self.trial, number), "Europe/Paris")
        made.sync()
        return made


class Pocket:
    """A phone as its owner uses it: it notes things and syncs."""

    def __init__(self, client: PhoneClient, network: Network) -> None:
        self.client = client
        self.network = network

    def note(self, text: str) -> Sealed:
        """Ask for a call, with a note."""
        when = self.network.trial.now.astimezone(rig.PARIS)
        return self.client.seal("help.asked", captured_at=when, time_zone="Europe/Paris", what="call-me", note=text)

    def notes(self, many: int, length: int = 0) -> list[Sealed]:
        return [self.note(f"note {n} ".ljust(length, "x")) for n in range(many)]

    def dose(self, occurrence: str, answers: Mapping[str, Any] = people.TAKEN, **fields: Any) -> Sealed:
        """Answer the dose diary of a day."""
        usual = {"mode": "app", "by": "participant", "language": "fr", "version": self.network.trial.versions["dose-diary"]}
        return self.client.seal(
            "response.given", captured_at=self.network.trial.now.astimezone(rig.PARIS), time_zone="Europe/Paris",
            occurrence=occurrence, instrument="dose-diary", answers=dict(answers), **(usual | fields),
        )  # fmt: skip

    def sync(self, *, compress: bool = True) -> dict[str, Any]:
        now = self.network.trial.now.astimezone(rig.PARIS)
        return self.client.sync(now=now, time_zone="Europe/Paris", compress=compress)

    def pull(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Sync until the feed has no more to tell; returns all that the phone was told."""
        while self.sync()["feed"]["more"]:
            pass
        return self.client.feed

    def clone(self) -> Pocket:
        """The phone's whole memory in a second phone, as a backup of it or a move to a new one makes it."""
        return Pocket(copy.deepcopy(self.client), self.network)

    @property
    def states(self) -> list[EntryState]:
        return [entry.state for entry in self.client.outbox]

    @property
    def lines(self) -> list[bytes]:
        return [entry.line for entry in self.client.outbox]


def html(status: int, **headers: str) -> Reply:
    body = b"" if status == 204 else b"<!doctype html><title>Welcome to our hotel</title><p>Accept the conditions to go on."
    return Reply(status, {"content-type": "text/html"} | {name.replace("_", "-"): value for name, value in headers.items()}, body)


def said(status: int, payload: Any, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {"content-type": "application/json"} | named, json.dumps(payload).encode())


def fresh_snapshot(phone: Pocket) -> dict[tuple[str, str], dict[str, Any]]:
    """What a phone of the same identity is told that knows nothing yet."""
    blank = phone.clone()
    blank.client.outbox.clear()
    blank.client.feed.clear()
    blank.client.cursor = None
    return blank.pull()
