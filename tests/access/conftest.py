"""What the tests of accounts and access share."""

from __future__ import annotations

from pathlib import Path

import pytest
from argon2 import PasswordHasher

from qol_server.access import passwords
from tests.access.office import Office


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """An office whose passwords are hashed quickly: these tests compare hundreds; the real parameters have a test of their own."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", quick)
    monkeypatch.setattr(passwords, "_NOBODY", quick.hash("nobody"))
    return Office(tmp_path / "data")
