"""Fixtures of the desk's tests: one prepared study, of which every test gets its own copy."""

from __future__ import annotations

from pathlib import Path

import pytest
from argon2 import PasswordHasher

from qol_server.access import accounts, passwords
from qol_server.trial.roles import Grant, Role
from tests import people
from tests.api import rig as copies
from tests.staff import rig
from tests.staff.rig import House


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> people.Trial:
    """The prepared study; nobody changes it."""
    trial = rig.prepared(tmp_path_factory.mktemp("original") / "data")
    trial.study.store.close()
    return trial


@pytest.fixture
def desk(original: people.Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """A copy of the prepared study; passwords are hashed quickly (the real parameters have a test of their own)."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", quick)
    monkeypatch.setattr(passwords, "_NOBODY", quick.hash("nobody"))
    return House(copies.reopened(original, tmp_path / "data"))


@pytest.fixture(scope="session")
def staffed(original: people.Trial, tmp_path_factory: pytest.TempPathFactory) -> people.Trial:
    """The prepared study with everybody's account, for tests that walk all roles; some have a role in another study and none here."""
    trial = copies.reopened(original, tmp_path_factory.mktemp("staffed") / "data")
    house = House(trial)
    assert len(list(house.everybody())) == 3 * len(Role)
    for role in Role:
        login = house.account(f"other-{role}")
        house.staff.store.write(lambda tx, login=login, role=role: accounts.give(tx, login, Grant(role, "another")))
    house.staff.store.close()
    trial.study.store.close()
    return trial
