"""Two phones with one identity overwrite nothing of each other."""

from __future__ import annotations

import json
import uuid

import pytest

from qol_server import journal
from qol_server.client import HeldBack
from tests import people
from tests.api import rig
from tests.client.network import Network, Pocket, fresh_snapshot


def altered(line: bytes, **fields: object) -> bytes:
    """The entry with some fields changed, and its id kept."""
    return rig.line(json.loads(line) | fields)


def test_what_both_hold_is_stored_once_and_what_each_adds_is_stored_too(trial: people.Trial, phone: Pocket) -> None:
    phone.notes(3)
    clone = phone.clone()
    mine, theirs = phone.note("mine"), clone.note("theirs")
    assert mine.seq == theirs.seq == 4
    assert [result["status"] for result in phone.sync()["results"]] == ["stored"] * 4
    answer = clone.sync()
    assert [result["status"] for result in answer["results"]] == ["duplicate"] * 3 + ["stored"]
    assert answer["device_seq"] == {"contiguous_to": 4, "missing": []}
    for ours, other in zip(phone.client.outbox[:3], clone.client.outbox[:3], strict=True):
        assert (ours.receipt["position"], ours.receipt["digest"]) == (other.receipt["position"], other.receipt["digest"])
    assert rig.lines(trial) == [*phone.lines, theirs.line]


def test_an_id_that_says_two_things_keeps_both(trial: people.Trial, phone: Pocket) -> None:
    phone.notes(2)
    clone = phone.clone()
    clone.client.outbox[0].line = altered(phone.client.outbox[0].line, note="said otherwise")
    phone.sync()
    results = clone.sync()["results"]
    assert [result["status"] for result in results] == ["quarantined", "duplicate"]
    assert results[0]["problem"]["type"] == "urn:qol:problem:id-reuse"
    clone.client.outbox[0].state = phone.client.outbox[0].state.QUEUED  # the receipt got lost
    assert clone.sync()["results"][0]["ticket"] == results[0]["ticket"]
    assert rig.lines(trial) == [*phone.lines, clone.client.outbox[0].line]


def test_a_long_life_in_two_pockets_loses_nothing(trial: people.Trial, network: Network, phone: Pocket) -> None:
    phone.dose("dose@2026-03-02")
    clone = phone.clone()
    for n in range(12):
        for one, other in ((phone, clone), (clone, phone)):
            one.note(f"{id(one)} {n}")
            if n % 3 == 0:
                one.dose("dose@2026-03-02", people.FORGOTTEN)
            if n % 4 == 1:  # an id that both use, for different things
                shared = other.client.outbox[-1]
                one.client.outbox.append(type(shared)(shared.id, shared.seq, altered(shared.line, app=f"1.0.{n}")))
            if n % 2:
                one.sync()
    phone.pull()
    clone.pull()
    assert phone.client.waiting() == clone.client.waiting() == []
    sealed = set(phone.lines) | set(clone.lines)
    stored = rig.lines(trial)
    assert len(stored) == len(set(stored))
    assert set(stored) == sealed
    known = {entry.line: entry.receipt["position"] for one in (phone, clone) for entry in one.client.outbox}
    assert {entry.line: entry.position for entry in rig.from_phones(trial)} == known
    assert journal.verify(trial.study.store)[1] is None


def test_pairing_afresh_locks_the_clone_out_without_losing_what_it_holds(trial: people.Trial, network: Network, phone: Pocket) -> None:
    clone = phone.clone()
    clone.notes(2)
    phone.client.installation_id = str(uuid.uuid4())
    phone.client.pair(rig.code(trial, rig.ada(trial), replaces=True), "Europe/Paris")
    phone.sync()
    assert [result["status"] for result in clone.sync()["results"]] == ["stored"] * 2
    assert clone.client.last_problem is not None
    assert clone.client.last_problem["type"] == "urn:qol:problem:device-replaced"
    assert rig.lines(trial) == clone.lines


def test_a_clone_that_pairs_again_with_the_same_code_takes_the_token_and_the_other_keeps_everything(
    trial: people.Trial, network: Network
) -> None:
    phone = network.phone(rig.ada(trial))
    code = rig.code(trial, rig.ada(trial))
    phone.client.pair(code, "Europe/Paris")
    phone.sync()
    clone = phone.clone()
    kept = phone.note("mine")
    clone.client.pair(code, "Europe/Paris")  # the same installation may: a lost answer does not burn a code
    clone.note("theirs")
    clone.sync()
    with pytest.raises(HeldBack):
        phone.sync()
    assert phone.client.waiting() == [kept]
    phone.client.pair(rig.code(trial, rig.ada(trial)), "Europe/Paris")
    phone.sync()
    assert sorted(rig.lines(trial)) == sorted(phone.lines + clone.lines)


def test_two_pockets_are_told_the_same(trial: people.Trial, phone: Pocket) -> None:
    clone = phone.clone()
    phone.dose("dose@2026-03-02")
    phone.sync()
    clone.note("theirs")
    trial.anchor(rig.ada(trial), "treatment_start", rig.DAY.replace(day=1), reason="typing-mistake")
    schedule = {key: data for key, data in clone.pull().items() if key[0] != "entry_status"}
    assert schedule == {key: data for key, data in phone.pull().items() if key[0] != "entry_status"}
    assert schedule == {key: data for key, data in fresh_snapshot(phone).items() if key[0] != "entry_status"}
