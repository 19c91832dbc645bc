"""A server that is put back to an older copy of its file is filled again by the phones, byte for byte."""

from __future__ import annotations

import random
import shutil
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from qol_server import journal
from qol_server.client import EntryState, HeldBack
from qol_server.intake.study import path_of
from qol_server.store.driver import sqlite3
from tests import people
from tests.api import rig
from tests.client.network import Network, Pocket, fresh_snapshot


class Hospital:
    """A server whose file is copied now and then, and once put back."""

    def __init__(self, network: Network, folder: Path) -> None:
        self.network = network
        self.folder = folder
        self.copies: list[Path] = []
        self.epochs = 0

    @property
    def trial(self) -> people.Trial:
        return self.network.trial

    def copy(self) -> Path:
        """Copy the study's file while it is in use, as a backup does."""
        target = self.folder / f"copy-{len(self.copies)}.db"
        with closing(sqlite3.connect(path_of(self.trial.settings, people.SLUG))) as source, closing(sqlite3.connect(target)) as backup:
            source.backup(backup)
        self.copies.append(target)
        return target

    def archive(self, position: int) -> None:
        """Say that everything up to a position lies in a verified copy."""
        self.trial.study.store.write(lambda tx: tx.run("UPDATE study SET archived_through = ?", (position,)))

    def restore(self, copy: Path, archived_through: int = 0, *, says_so: bool = True) -> None:
        """Put a copy in the place of the file; the journal starts a new epoch, unless nobody says so."""
        path = path_of(self.trial.settings, people.SLUG)
        self.trial.study.store.close()
        for leftover in path.parent.glob(f"{path.name}*"):
            leftover.unlink()
        shutil.copy(copy, path)
        self.epochs += 1
        with closing(sqlite3.connect(path)) as file:
            if says_so:
                file.execute("UPDATE journal SET epoch = ?", (f"e_restored{self.epochs}",))
            file.execute("UPDATE study SET archived_through = ?", (archived_through,))
            file.commit()
        self.network.trial = rig.reopened(self.trial)


@pytest.fixture
def hospital(network: Network, tmp_path: Path) -> Hospital:
    return Hospital(network, tmp_path)


def test_what_the_copy_did_not_have_comes_back_in_one_sync_more(hospital: Hospital, phone: Pocket) -> None:
    phone.notes(3)
    phone.sync()
    copy = hospital.copy()
    phone.dose("dose@2026-03-02")
    phone.dose("dose@1999-01-01")  # kept for review
    phone.sync()
    hospital.restore(copy)
    assert rig.lines(hospital.trial) == phone.lines[:3]
    phone.sync()  # hears of the new epoch
    assert phone.states == [EntryState.QUEUED] * 5
    statuses = [result["status"] for result in phone.sync()["results"]]
    assert statuses == ["duplicate"] * 3 + ["stored", "quarantined"]
    assert rig.lines(hospital.trial) == phone.lines
    assert phone.states == [EntryState.COMMITTED] * 5
    found = {entry.position: entry.line for entry in rig.from_phones(hospital.trial)}
    assert found == {entry.receipt["position"]: entry.line for entry in phone.client.outbox}
    assert phone.sync()["results"] == []


def test_what_is_above_the_new_archive_mark_is_offered_again(hospital: Hospital, phone: Pocket) -> None:
    phone.notes(4)
    phone.sync()
    mark = phone.client.outbox[1].receipt["position"]
    hospital.restore(hospital.copy(), archived_through=mark)
    assert phone.sync()["archived_through"] == phone.client.archived_through == mark
    above = [entry for entry in phone.client.outbox if entry.receipt["position"] > mark]
    assert len(above) == 2
    assert {entry.state for entry in above} == {EntryState.QUEUED}


def test_an_archive_mark_that_moved_past_old_positions_hides_nothing(hospital: Hospital, phone: Pocket) -> None:
    """The phone was away while the restored journal grew, and was archived, beyond the positions of its old receipts."""
    other = hospital.network.phone(phone.client.participant)
    copy = hospital.copy()
    lost = phone.note("only this phone knows")
    phone.sync()
    hospital.restore(copy)
    other.notes(50)
    other.sync()
    hospital.archive(hospital.trial.position)
    assert lost.receipt["position"] < hospital.trial.position
    phone.sync()
    phone.sync()
    assert lost.line in rig.lines(hospital.trial)
    assert set(rig.lines(hospital.trial)) == {*phone.lines, *other.lines}


def test_the_feed_starts_anew_and_tells_what_the_restored_server_knows(hospital: Hospital, phone: Pocket) -> None:
    copy = hospital.copy()
    trial = hospital.trial
    trial.anchor(rig.ada(trial), "treatment_start", rig.DAY.replace(day=1), reason="typing-mistake")
    assert ("assignment", "dose@2026-03-01") in phone.pull()
    hospital.restore(copy)
    answer = phone.sync()
    assert answer["feed"]["reset"] is True
    assert ("assignment", "dose@2026-03-01") not in phone.client.feed
    assert phone.client.feed == fresh_snapshot(phone)


@pytest.mark.parametrize("since", [0, 1, 20], ids=["is shorter", "is as long again", "is longer"])
def test_a_file_that_was_put_back_silently_is_noticed_by_its_witnesses(hospital: Hospital, phone: Pocket, since: int) -> None:
    other = hospital.network.phone(phone.client.participant)
    copy = hospital.copy()
    phone.note("forgotten")
    head = phone.sync()["head"]
    hospital.restore(copy, says_so=False)
    other.notes(since)
    other.sync()
    phone.sync()
    disagreed = [e for e in journal.every(hospital.trial.study.store.read(), None) if e.kind == "witness.disagreed"]
    assert [head["digest"].encode() in entry.line for entry in disagreed] == [True]


def test_a_file_that_was_put_back_silently_is_filled_by_those_who_saw_it_longer(hospital: Hospital, phone: Pocket) -> None:
    copy = hospital.copy()
    phone.notes(5)
    phone.sync()
    hospital.restore(copy, says_so=False)
    phone.sync()
    assert [result["status"] for result in phone.sync()["results"]] == ["stored"] * 5
    assert rig.lines(hospital.trial) == phone.lines


@pytest.mark.parametrize("since", [4, 20], ids=["is shorter", "is longer"])
def test_a_file_that_was_put_back_silently_is_filled_whatever_came_since(hospital: Hospital, phone: Pocket, since: int) -> None:
    other = hospital.network.phone(phone.client.participant)
    phone.notes(2)
    phone.sync()
    copy = hospital.copy()
    phone.notes(5)
    phone.sync()
    hospital.restore(copy, says_so=False)
    other.notes(since)
    other.sync()
    for _ in range(3):
        phone.sync()
    kept = rig.lines(hospital.trial)
    assert all(line in kept for line in phone.lines)
    assert len(kept) == 7 + since
    assert phone.client.feed == fresh_snapshot(phone)


def test_a_phone_that_was_paired_after_the_copy_asks_to_be_paired_again_and_then_delivers(hospital: Hospital, network: Network) -> None:
    copy = hospital.copy()
    late = network.phone(rig.ada(hospital.trial))
    late.notes(2)
    late.sync()
    waiting = late.note("not yet sent")
    hospital.restore(copy)
    with pytest.raises(HeldBack):
        late.sync()
    assert waiting.state is EntryState.QUEUED
    late.client.pair(rig.code(hospital.trial, rig.ada(hospital.trial)), "Europe/Paris")
    assert late.states == [EntryState.QUEUED] * 3
    late.sync()
    assert rig.lines(hospital.trial) == late.lines


@pytest.mark.parametrize("seed", range(15))
def test_whatever_the_moment_of_the_restore_all_that_was_acknowledged_is_there_in_the_end(hospital: Hospital, seed: int) -> None:
    """Two participants, three phones, copies at random, up to three restores to any earlier copy."""
    chance = random.Random(seed)
    trial = hospital.trial
    ben = trial.enrol(people.BEN)
    phones = [hospital.network.phone(number) for number in (rig.ada(trial), rig.ada(trial), ben)]
    hospital.copy()
    acknowledged: dict[tuple[str, str], bytes] = {}
    restores = 0
    for _ in range(60):
        hospital.trial.now += timedelta(minutes=chance.randrange(1, 300))
        phone = chance.choice(phones)
        act = chance.random()
        if act < 0.45:
            phone.notes(chance.randrange(1, 4))
            if chance.random() < 0.3 and phone.client.participant != ben:
                phone.dose("dose@2026-03-02", chance.choice((people.TAKEN, people.FORGOTTEN, {"no.such.item": 1})))
        elif act < 0.85:
            phone.sync()
        elif act < 0.93:
            hospital.copy()
        elif act < 0.96:
            hospital.archive(chance.randrange(hospital.trial.position))
        elif restores < 3:
            restores += 1
            copy = chance.choice(hospital.copies)
            with closing(sqlite3.connect(copy)) as file:
                reached = file.execute("SELECT max(position) FROM entries").fetchone()[0]
            hospital.restore(copy, archived_through=chance.randrange(reached + 1))
        for one in phones:
            for entry in one.client.outbox:
                if entry.state is EntryState.COMMITTED:
                    acknowledged[one.client.participant, entry.id] = entry.line
    if not restores:
        hospital.restore(chance.choice(hospital.copies))
    for _ in range(2):  # the first hears of the epoch, the second sends
        for phone in phones:
            phone.sync()
    assert all(phone.client.waiting() == [] for phone in phones)
    stored = [(entry.participant, entry.line) for entry in rig.from_phones(hospital.trial)]
    assert len(stored) == len(set(stored))
    assert {(number, line) for (number, _), line in acknowledged.items()} <= set(stored)
    assert set(stored) == {(phone.client.participant, line) for phone in phones for line in phone.lines}
    assert journal.verify(hospital.trial.study.store)[1] is None
