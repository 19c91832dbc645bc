"""Whoever answers in the server's place, no answer but the server's own counts: everything stays and is stored once, later."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping

import pytest

from qol_server.client import EntryState, HeldBack, PhoneClient, Reply, Unreachable
from tests import people
from tests.api import rig
from tests.client.network import Network, Pocket, html, said

SUCCESS = {"protocol": "qol-sync/1", "batch": str(uuid.uuid4()), "results": [], "epoch": "e_x", "archived_through": 9}

PORTALS = {
    "200 with a page": html(200),
    "200 with nothing": Reply(200, {}, b""),
    "200 with JSON": said(200, {"status": "ok"}),
    "200 with a list": said(200, ["qol-sync/1"]),
    "200 with a word": said(200, "ok"),
    "200 of another protocol": said(200, SUCCESS | {"protocol": "qol-sync/2"}),
    "200 of another batch": said(200, SUCCESS),
    "200 that is not UTF-8": Reply(200, {}, b'{"protocol":"qol-sync/1\xff"}'),
    "200 nested without end": Reply(200, {}, b"[" * 200_000),
    "201 with JSON": said(201, {"created": True}),
    "204": html(204),
    "302 to a page": html(302, location="https://portal.example/"),
    "302 with JSON": said(302, {"redirect": "https://portal.example/"}, location="https://portal.example/"),
    "307 with JSON": said(307, {"type": "urn:other:login"}),
    "401 with a page": html(401),
    "401 with JSON": said(401, {"error": "log in to the wireless network"}),
    "403 with JSON": said(403, {"error": "blocked"}),
    "404 with JSON": said(404, {"error": "no such host"}),
    "407 of a proxy": html(407),
    "426 of a proxy": said(426, {"upgrade": "h2"}),
    "451 with a page": html(451),
    "511 of a portal": html(511),
    "502 of a gateway": html(502),
    "a problem of somebody else": said(403, {"type": "about:blank", "title": "Forbidden", "status": 403}),
    "a problem with another status": said(200, {"type": "urn:qol:problem:token-unknown", "status": 401}),
}


@pytest.mark.parametrize("portal", PORTALS.values(), ids=PORTALS.keys())
def test_a_portals_answer_is_no_receipt(trial: people.Trial, network: Network, phone: Pocket, portal: Reply) -> None:
    phone.notes(3)
    cursor, epoch, feed = phone.client.cursor, phone.client.epoch, dict(phone.client.feed)
    network.answer_instead(portal)
    with pytest.raises(Unreachable):
        phone.sync()
    assert phone.states == [EntryState.QUEUED] * 3
    assert (phone.client.cursor, phone.client.epoch, phone.client.feed) == (cursor, epoch, feed)
    assert rig.lines(trial) == []
    network.heal()
    assert [result["status"] for result in phone.sync()["results"]] == ["stored"] * 3
    assert phone.sync()["results"] == []
    assert rig.lines(trial) == phone.lines


CUTS: dict[str, Callable[[bytes], bytes]] = {
    "its last byte": lambda body: body[:-1],
    "its second half": lambda body: body[: len(body) // 2],
    "all but its first byte": lambda body: body[:1],
    "all of it": lambda body: b"",
}


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS.keys())
def test_a_cut_off_answer_is_no_receipt_although_the_server_stored(
    trial: people.Trial, network: Network, phone: Pocket, cut: Callable[[bytes], bytes]
) -> None:
    phone.notes(3)

    def cutting(path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        whole = network.carry(path, body, headers)
        return Reply(whole.status, whole.headers, cut(whole.body))

    network.way = cutting
    with pytest.raises(Unreachable):
        phone.sync()
    assert phone.states == [EntryState.QUEUED] * 3
    network.heal()
    assert [result["status"] for result in phone.sync()["results"]] == ["duplicate"] * 3
    assert rig.lines(trial) == phone.lines


def test_the_answer_to_an_earlier_batch_is_no_receipt_for_this_one(trial: people.Trial, network: Network, phone: Pocket) -> None:
    kept: list[Reply] = []

    def keeping(path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        kept.append(network.carry(path, body, headers))
        return kept[-1]

    network.way = keeping
    phone.note("the first")
    phone.sync()
    phone.note("the second")
    network.answer_instead(kept[0])  # a cache on the way
    with pytest.raises(Unreachable):
        phone.sync()
    assert phone.states == [EntryState.COMMITTED, EntryState.QUEUED]
    network.heal()
    phone.sync()
    assert rig.lines(trial) == phone.lines


@pytest.mark.parametrize("portal", PORTALS.values(), ids=PORTALS.keys())
def test_a_portals_answer_is_no_pairing_and_does_not_burn_the_code(trial: people.Trial, network: Network, portal: Reply) -> None:
    client = PhoneClient(network, people.SLUG, str(uuid.uuid4()))
    code = rig.code(trial, rig.ada(trial))
    network.answer_instead(portal)
    with pytest.raises(Unreachable):
        client.pair(code, "Europe/Paris")
    assert (client.token, client.participant) == ("", "")
    network.heal()
    assert client.pair(code, "Europe/Paris") == rig.ada(trial)


def test_the_servers_own_problem_is_a_decision(network: Network, phone: Pocket) -> None:
    answers: list[Reply] = []

    def listening(path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        answers.append(network.carry(path, body, headers))
        return answers[-1]

    network.way = listening
    phone.client.token = "of another study"
    with pytest.raises(HeldBack, match="pair again"):
        phone.sync()
    document = json.loads(answers[0].body)
    assert (document["type"], document["status"]) == ("urn:qol:problem:token-unknown", 401)
