"""The clock seals the server's own journal as it seals a study's, and tells it the wrong tries that nobody else told."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from qol_server import keys
from qol_server.cli import main
from qol_server.intake.staff import open_staff
from qol_server.settings import Settings
from scheduler import seals, ticks
from scheduler.clock import Rounds
from tests.access.office import NORA, Office


def test_the_head_is_sealed_once_a_day_when_it_moved_and_is_a_witness(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    office = Office(tmp_path)
    office.add(NORA)
    for hours in (0, 1, 24, 48):
        ticks.seal_accounts(office.settings, office.now + timedelta(hours=hours))
    assert [one["kind"] for one in office.journal()] == ["server.created", "account.added", "journal.sealed"]
    [line] = seals.path_of(office.settings, "server").read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["position"] == 2
    assert main(["verify", "server", "--data", str(tmp_path)]) == 0
    assert "agrees with 1 signed head" in capsys.readouterr().out

    office.staff.store.close()
    for path in tmp_path.glob("server.db*"):
        path.unlink()
    open_staff(office.settings, office.now).store.close()
    assert main(["verify", "server", "--data", str(tmp_path)]) == 1


def test_wrong_tries_are_told_without_another_log_in(tmp_path: Path) -> None:
    office = Office(tmp_path)
    office.add(NORA)
    assert office.stranger(NORA) == "login-refused"
    rounds = Rounds(office.settings, lambda: office.now)
    rounds.tick("seal")
    assert office.journal("login.failed") == []
    office.later(hours=1)
    rounds.tick("seal")
    assert [(one["login"], one["tries"]) for one in office.journal("login.failed")] == [(NORA, 1)]


def test_a_folder_without_accounts_stays_without(tmp_path: Path) -> None:
    keys.make(tmp_path / "keys")
    ticks.seal_accounts(Settings(tmp_path), Office(tmp_path / "other").now)
    assert not (tmp_path / "server.db").exists()


def test_a_lost_key_of_accounts_does_not_stop_the_clock(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    office = Office(tmp_path)
    (office.settings.keys / keys.ACCOUNTS_FILE).unlink()
    Rounds(office.settings, lambda: office.now).tick("seal")
    assert "the journal of accounts cannot be sealed: Refused" in caplog.text
    assert (tmp_path / "clock.txt").exists()
