"""What the tests of the command line share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.desk import Desk


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the first test that needs a demonstration leaves a copy of it."""
    return tmp_path_factory.mktemp("template") / "data"


@pytest.fixture
def desk(tmp_path: Path, template: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setenv("QOL_DATA", str(tmp_path / "data"))
    return Desk(tmp_path / "data", template, capsys)
