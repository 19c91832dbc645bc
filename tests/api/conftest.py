"""Fixtures of the interface's tests: one prepared study, of which every test gets its own copy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import people
from tests.api import rig


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> people.Trial:
    """The prepared study; nobody changes it."""
    trial = rig.prepared(tmp_path_factory.mktemp("original") / "data")
    trial.study.store.close()
    return trial


@pytest.fixture
def trial(original: people.Trial, tmp_path: Path) -> people.Trial:
    """A copy of the prepared study, as a server that just started sees it."""
    return rig.reopened(original, tmp_path / "data")


@pytest.fixture
def phone(trial: people.Trial) -> people.Phone:
    """Ada's phone, paired and synced once."""
    return trial.phone(rig.ada(trial))
