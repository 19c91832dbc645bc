"""What the server declines is explained, nothing is dropped for it, and it goes on as soon as it can."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import timedelta

import pytest

from qol_server.client import Declined, EntryState, HeldBack, PhoneClient, Reply, Unreachable
from qol_server.intake import adoption, conduct
from qol_server.store import StoreBusy, StoreFull
from tests import people
from tests.api import rig
from tests.client.network import Network, Pocket, html, said


def test_a_batch_that_is_too_large_is_halved_until_it_passes_and_grows_again(trial: people.Trial, network: Network, phone: Pocket) -> None:
    sizes: list[int] = []

    def narrow(path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        sizes.append(json.loads(body.split(b"\n", 1)[0])["entries"])
        return html(413) if len(body) > 12_000 else network.carry(path, body, headers)

    network.way = narrow
    phone.notes(150, length=300)
    tries = 0
    while phone.client.waiting():
        tries += 1
        assert tries < 40
        try:
            phone.sync(compress=False)
        except Unreachable:
            assert len(phone.client.outbox) == 150
    assert sizes[:4] == [150, 75, 37, 18]
    assert rig.lines(trial) == phone.lines

    network.heal()
    phone.notes(800)
    sent = []
    while phone.client.waiting():
        sent.append(len(phone.sync()["results"]))
    assert sent[0] < 200 < sum(sent)
    assert sent[:-1] == sorted(sent[:-1])
    assert max(sent) == 200
    assert rig.lines(trial) == phone.lines


def test_the_servers_own_limit_is_met_by_halving_too(trial: people.Trial, phone: Pocket) -> None:
    phone.client.limits = {"entries": 700, "bytes": 1_048_576, "entry_bytes": 65_536}
    phone.client._batch_limit = 700
    phone.notes(700)
    refused = 0
    while phone.client.waiting():
        try:
            phone.sync()
        except Unreachable:
            refused += 1
    assert refused >= 2  # 700, 350
    assert rig.lines(trial) == phone.lines


def test_a_single_entry_that_is_refused_for_its_size_stays(network: Network, phone: Pocket) -> None:
    only = phone.note("one")
    network.answer_instead(html(413))
    for _ in range(3):
        with pytest.raises(Unreachable):
            phone.sync()
    assert (only.state, phone.client.outbox) == (EntryState.QUEUED, [only])
    network.heal()
    phone.sync()
    assert only.state is EntryState.COMMITTED


def test_limits_that_shrank_below_an_entry_do_not_stop_the_queue(trial: people.Trial, phone: Pocket) -> None:
    phone.note("x" * 900)
    phone.client.limits = {"entries": 200, "bytes": 8_500, "entry_bytes": 200}
    assert phone.sync()["results"][0]["status"] == "stored"
    assert rig.lines(trial) == phone.lines


def test_an_entry_too_large_to_seal_uses_no_number(trial: people.Trial, phone: Pocket) -> None:
    phone.note("before")
    with pytest.raises(ValueError, match="larger than 65536"):
        phone.note("x" * 70_000)
    phone.note("after")
    assert phone.sync()["device_seq"] == {"contiguous_to": 2, "missing": []}
    assert rig.lines(trial) == phone.lines


def test_a_phone_that_is_locked_out_keeps_everything_and_sends_it_when_paired_again(trial: people.Trial, phone: Pocket) -> None:
    phone.note("sent")
    phone.sync()
    kept = phone.notes(3)
    conduct.revoke(trial.study, rig.ada(trial), actor=people.NURSE, now=trial.now)
    for _ in range(2):
        with pytest.raises(HeldBack):
            phone.sync()
    assert [entry.state for entry in kept] == [EntryState.QUEUED] * 3
    assert len(rig.lines(trial)) == 1
    phone.client.installation_id = str(uuid.uuid4())  # the app was installed afresh on the same memory
    assert phone.client.pair(rig.code(trial, rig.ada(trial)), "Europe/Paris") == rig.ada(trial)
    assert [result["status"] for result in phone.sync()["results"]] == ["stored"] * 3
    assert rig.lines(trial) == phone.lines


def test_a_found_phone_may_be_paired_again_with_a_new_code(trial: people.Trial, phone: Pocket) -> None:
    phone.notes(2)
    conduct.revoke(trial.study, rig.ada(trial), actor=people.NURSE, now=trial.now)
    with pytest.raises(HeldBack):
        phone.sync()
    phone.client.pair(rig.code(trial, rig.ada(trial)), "Europe/Paris")
    phone.sync()
    assert rig.lines(trial) == phone.lines


def test_a_lost_token_loses_nothing_but_the_token(trial: people.Trial, phone: Pocket) -> None:
    kept = phone.notes(2)
    phone.client.token = "forgotten"
    with pytest.raises(HeldBack):
        phone.sync()
    assert [entry.state for entry in kept] == [EntryState.QUEUED] * 2
    phone.client.pair(rig.code(trial, rig.ada(trial)), "Europe/Paris")
    phone.sync()
    assert rig.lines(trial) == phone.lines


@pytest.mark.parametrize(("failure", "wait"), [(StoreBusy("x"), 2.0), (StoreFull("x"), 60.0)], ids=["busy 503", "full 507"])
def test_a_busy_or_full_server_says_how_long_to_wait(
    trial: people.Trial, phone: Pocket, monkeypatch: pytest.MonkeyPatch, failure: Exception, wait: float
) -> None:
    phone.notes(2)

    def failing(_: object) -> None:
        raise failure

    with monkeypatch.context() as broken:
        broken.setattr(trial.study.store, "write", failing)
        with pytest.raises(Unreachable) as raised:
            phone.sync()
    assert raised.value.retry_after == wait
    assert phone.states == [EntryState.QUEUED] * 2
    phone.sync()
    assert rig.lines(trial) == phone.lines


def test_too_many_wrong_codes_are_a_wait_and_no_decision(trial: people.Trial, network: Network) -> None:
    client = PhoneClient(network, people.SLUG, str(uuid.uuid4()))
    for n in range(10):
        with pytest.raises(Declined, match="code"):
            client.pair(f"AAAA-AAAA-A{n}", "Europe/Paris")
    code = rig.code(trial, rig.ada(trial))
    with pytest.raises(Unreachable) as raised:
        client.pair(code, "Europe/Paris")
    assert 0 < raised.value.retry_after <= 601
    trial.now += timedelta(seconds=raised.value.retry_after)
    assert client.pair(code, "Europe/Paris") == rig.ada(trial)


ASKED = {
    "7": 7.0, " 120 ": 120.0, "0": 0.0, "": 0.0, "soon": 0.0, "-3": 0.0, "1.5": 0.0, "٣": 0.0, "9" * 400: 86_400.0,
    "Sun, 22 Nov 2026 12:00:00 GMT": 0.0,
}  # fmt: skip


@pytest.mark.parametrize(("header", "wait"), ASKED.items())
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_read_whoever_sends_it(network: Network, phone: Pocket, status: int, header: str, wait: float) -> None:
    network.answer_instead(said(status, {"error": "slow down"}, retry_after=header))
    with pytest.raises(Unreachable) as raised:
        phone.sync()
    assert raised.value.retry_after == wait


def test_an_app_that_is_too_old_is_told_so_and_still_delivers(trial: people.Trial, phone: Pocket) -> None:
    amended = people.protocol().replace(b"wording: stand-in", b"wording: stand-in\nminimum_app: '2.0'")
    adoption.adopt(trial.study, amended, people.instruments(), actor=people.DATA_MANAGER, now=trial.now)
    with pytest.raises(Declined) as raised:
        phone.sync()
    assert raised.value.problem["type"] == "urn:qol:problem:app-too-old"
    assert raised.value.problem["status"] == 426
    assert "Update the app" in str(raised.value)
    phone.notes(2)
    assert [result["status"] for result in phone.sync()["results"]] == ["stored"] * 2
    assert phone.client.last_problem is not None
    assert phone.client.last_problem["type"] == "urn:qol:problem:app-too-old"
    phone.client.app = "2.0"
    phone.sync()
    assert phone.client.last_problem is None
    assert rig.lines(trial) == phone.lines
