"""The demonstration: lived through the real interface, whole afterwards, and never over anything else."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from qol_server import journal
from qol_server.access import accounts
from qol_server.cli import main
from qol_server.intake import rehearsal
from qol_server.intake.staff import open_staff
from qol_server.intake.study import open_study
from qol_server.settings import Settings
from qol_server.simulation import demo
from qol_server.state import cases
from qol_server.trial.roles import Role
from qol_server.views.ledger import ledger_faults
from scheduler.reminders import UNKNOWN


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five participants and two months. The exit code says that no alert is without a state and the ledger has no fault."""
    folder = tmp_path_factory.mktemp("demo") / "demo-data"
    assert main(["demo", "--participants", "5", "--months", "2", "--end", "2026-06-30", "--no-serve", "--json", "--data", str(folder)]) == 0
    return folder


def test_the_demonstration_is_a_whole_study(lived: Path) -> None:
    study = open_study(Settings(lived), "desminib")
    tx = study.store.read()
    head, broken = journal.verify(study.store)
    assert broken is None
    assert head == study.head(tx)
    kinds = journal.tally(tx)
    assert kinds["response.given"] > 50
    assert kinds["device.paired"] == kinds["pairing.offered"] - 1 == 5  # the last code waits for a phone of yours
    assert kinds["reminder.sent"] > 0
    assert kinds["scores.computed"] > 0
    assert ledger_faults(tx) == []
    assert tx.one("SELECT max(received_at) AS last FROM entries")["last"] < "2026-07-01T00:01"


def test_its_channels_failed_were_busy_and_left_messages_unknown_and_the_next_one_went_on(lived: Path) -> None:
    tx = open_study(Settings(lived), "desminib").store.read()
    assert journal.tally(tx)["reminder.deferred"] > 0
    assert {UNKNOWN, "the channel refuses it"} <= {row["why"] for row in tx.all("SELECT why FROM reminders WHERE outcome = 'failed'")}
    went_on = "EXISTS (SELECT 1 FROM reminders b WHERE b.participant = a.participant AND b.occurrence = a.occurrence AND b.rung = a.rung"
    assert tx.one(f"SELECT 1 FROM reminders a WHERE outcome = 'failed' AND {went_on} AND b.channel > a.channel AND b.outcome = 'sent')")
    assert ledger_faults(tx) == []


def test_the_desk_was_worked_and_every_alert_ends_in_a_state(lived: Path) -> None:
    tx = open_study(Settings(lived), "desminib").store.read()
    kinds = journal.tally(tx)
    for kind in ("alert.raised", "case.acknowledged", "case.contacted", "case.resolved", "call.closed", "call.attempted"):
        assert kinds[kind] > 0, kind
    counted = cases.tally(tx)
    assert counted["alerts"] == kinds["alert.raised"]
    assert counted["nowhere"] == 0
    assert counted["cases"] == counted["waiting_cases"] + counted["taken_cases"] + counted["resolved_cases"] == kinds["case.opened"]


def test_a_rehearsal_with_the_rules_in_force_counts_what_was_raised(lived: Path) -> None:
    study = open_study(Settings(lived), "desminib")
    tx = study.store.read()
    protocol, there = study.protocol_in_force(tx), cases.tally(tx)
    told, _ = rehearsal.compare(study, protocol, protocol)
    assert (told.present.alerts, told.present.suppressed, told.present.cases) == (there["alerts"], there["suppressed"], there["cases"])


def test_its_accounts_are_ready_to_log_in(lived: Path) -> None:
    staff = open_staff(Settings(lived), datetime(2026, 7, 1, tzinfo=UTC))
    there = accounts.every(staff.store.read())
    assert {grant.role for one in there for grant in one.grants} == set(Role)
    assert all(one.has_password and not one.has_factor for one in there)


def test_the_export_is_there(lived: Path) -> None:
    manifest = json.loads((lived / "export" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["study"] == "desminib"
    assert (lived / "export" / "scores.csv").read_text(encoding="utf-8").count("\n") > 10


@pytest.mark.parametrize(("nowhere", "faults", "code"), [(0, [], 0), (1, [], 1), (0, ["position 3: reminder.sent after nothing"], 1)])
def test_a_demonstration_that_broke_its_word_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nowhere: int, faults: list[str], code: int
) -> None:
    monkeypatch.setattr(demo, "live", lambda *_: {})
    monkeypatch.setattr(demo, "report", lambda *_: {"nowhere": nowhere, "faults": faults})
    assert main(["demo", "--no-serve", "--json", "--data", str(tmp_path / "d")]) == code


def test_an_earlier_demonstration_is_not_overwritten_unless_asked(lived: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (lived / "studies" / "desminib.db").read_bytes()
    assert main(["demo", "--no-serve", "--data", str(lived)]) == 1
    assert "--fresh" in capsys.readouterr().err
    assert (lived / "studies" / "desminib.db").read_bytes() == before


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    assert main(["demo", "--no-serve", "--fresh", "--data", str(tmp_path)]) == 1
    assert "not a demonstration's folder" in " ".join(capsys.readouterr().err.split())
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_the_end_cannot_lie_in_the_future(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--end", "2999-01-01", "--data", str(tmp_path / "d")]) == 2
    assert "has not come yet" in capsys.readouterr().err
