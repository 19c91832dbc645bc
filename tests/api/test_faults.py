"""When the server stumbles: neighbours are kept, nothing half is stored, and no inside of it is shown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qol_server import journal
from qol_server.intake import admit
from qol_server.state import responses
from qol_server.state.fold import Folder
from qol_server.store import StoreBusy, StoreFull
from qol_server.trial.facts import Kind
from tests import people
from tests.api import rig

POISON = "poison"


def poisoned(trial: people.Trial, place: int) -> list[bytes]:
    """Ten lines, one of which a rule stumbles over."""
    notes = [POISON if n == place else f"note {n}" for n in range(10)]
    return [rig.line(rig.entry(trial, n + 1, kind="help.asked", what="call-me", note=note)) for n, note in enumerate(notes)]


def stumble_in_fold(monkeypatch: pytest.MonkeyPatch) -> None:
    fold = Folder.fold

    def stumbling(self: Folder, tx: Any, entry: Any, *more: Any, **named: Any) -> Any:
        if entry.kind == Kind.HELP_ASKED and POISON.encode() in entry.line:
            raise ZeroDivisionError("the participant's secret")
        return fold(self, tx, entry, *more, **named)

    monkeypatch.setattr(Folder, "fold", stumbling)


def stumble_before(monkeypatch: pytest.MonkeyPatch) -> None:
    trouble = admit._trouble

    def stumbling(tx: Any, batch: Any, line: Any) -> Any:
        if POISON.encode() in line.raw:
            raise RuntimeError("the participant's secret")
        return trouble(tx, batch, line)

    monkeypatch.setattr(admit, "_trouble", stumbling)


@pytest.mark.parametrize("place", range(10))
@pytest.mark.parametrize("stumble", [stumble_in_fold, stumble_before])
def test_a_poisoned_entry_is_kept_and_delays_nobody(
    trial: people.Trial, phone: people.Phone, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, stumble: Any, place: int
) -> None:
    stumble(monkeypatch)
    lines = poisoned(trial, place)
    answer = rig.send(trial, phone, lines)
    assert answer.statuses == ["quarantined" if n == place else "stored" for n in range(10)]
    assert answer.results[place]["problem"]["type"] == "urn:qol:problem:unprocessable"
    assert rig.lines(trial) == lines
    assert answer.said["device_seq"] == {"contiguous_to": 10, "missing": []}
    assert "secret" not in caplog.text + json.dumps(answer.said)
    again = rig.send(trial, phone, lines)
    assert again.statuses == ["quarantined" if n == place else "duplicate" for n in range(10)]
    assert again.results[place]["ticket"] == answer.results[place]["ticket"]
    assert journal.verify(trial.study.store)[1] is None


def test_what_could_not_be_written_is_not_written_later_as_something_else(
    trial: people.Trial, phone: people.Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, failures = responses.Known.flush, [RuntimeError("no"), RuntimeError("no")]  # of the whole batch, of the line by itself

    def failing(self: responses.Known, tx: Any) -> None:
        if self.rows and failures:
            raise failures.pop()
        write(self, tx)

    monkeypatch.setattr(responses.Known, "flush", failing)
    assert rig.send(trial, phone, [rig.entry(trial, 1)]).statuses == ["quarantined"]
    assert trial.study.store.read().all("SELECT position FROM responses") == []


def test_an_entry_that_cannot_even_be_kept_is_to_be_sent_again(
    trial: people.Trial, phone: people.Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = journal.append

    def failing(tx: Any, study: str, entries: Any) -> Any:
        if any(POISON.encode() in entry.line for entry, _ in entries):
            raise RuntimeError("no")
        return append(tx, study, entries)

    monkeypatch.setattr(journal, "append", failing)
    lines = poisoned(trial, 4)
    answer = rig.send(trial, phone, lines)
    assert answer.statuses == ["retry" if n == 4 else "stored" for n in range(10)]
    assert answer.results[4]["problem"]["type"] == "urn:qol:problem:internal"
    assert answer.said["device_seq"] == {"contiguous_to": 4, "missing": [5]}
    monkeypatch.undo()
    assert rig.send(trial, phone, lines).statuses == ["stored" if n == 4 else "duplicate" for n in range(10)]
    assert sorted(rig.lines(trial)) == sorted(lines)


@pytest.mark.parametrize(("failure", "status", "problem"), [(StoreBusy("x"), 503, "busy"), (StoreFull("x"), 507, "storage-full")])
def test_a_busy_or_full_store_takes_nothing_and_then_everything(
    trial: people.Trial, phone: people.Phone, monkeypatch: pytest.MonkeyPatch, failure: Exception, status: int, problem: str
) -> None:
    def failing(_function: Any) -> Any:
        raise failure

    lines = poisoned(trial, 3)
    with monkeypatch.context() as broken:
        broken.setattr(trial.study.store, "write", failing)
        answer = rig.send(trial, phone, lines)
    assert (answer.status, answer.problem) == (status, problem)
    assert answer.said["retryable"]
    assert int(answer.headers["Retry-After"]) > 0
    assert rig.lines(trial) == []
    assert rig.send(trial, phone, lines).statuses == ["stored"] * 10
    assert rig.lines(trial) == lines


def test_a_full_disk_stores_nothing_and_later_everything(trial: people.Trial, phone: people.Phone) -> None:
    store = trial.study.store
    lines = [rig.line(rig.entry(trial, seq, kind="help.asked", what="pause", note="x" * 1900)) for seq in range(1, 101)]
    limit = store.write(lambda tx: tx.one("PRAGMA page_count"))
    assert limit is not None
    store.write(lambda tx: tx.run(f"PRAGMA max_page_count = {limit[0] + 4}"))
    answer = rig.send(trial, phone, lines)
    assert (answer.status, answer.problem) == (507, "storage-full")
    assert rig.lines(trial) == []
    store.write(lambda tx: tx.run("PRAGMA max_page_count = 1000000"))
    assert rig.send(trial, phone, lines).statuses == ["stored"] * 100
    assert rig.lines(trial) == lines
    assert journal.verify(store)[1] is None


def test_a_locked_file_is_a_busy_server(trial: people.Trial, phone: people.Phone) -> None:
    store = trial.study.store
    store.write(lambda tx: tx.run("SELECT 1"))
    store._writing_connection().execute("PRAGMA busy_timeout = 0")
    other = rig.reopened(trial).study.store
    connection = other._writing_connection()
    connection.execute("BEGIN IMMEDIATE")
    answer = rig.send(trial, phone, poisoned(trial, 0))
    assert (answer.status, answer.problem) == (503, "busy")
    connection.execute("ROLLBACK")
    assert rig.send(trial, phone, poisoned(trial, 0)).statuses == ["stored"] * 10


def test_an_unexpected_failure_is_500_without_its_inside(
    trial: people.Trial, phone: people.Phone, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def failing(*_: Any, **__: Any) -> Any:
        raise ValueError("the participant's secret")

    monkeypatch.setattr("qol_server.api.patient.split", failing)
    answer = rig.send(trial, phone, [rig.entry(trial, 1)])
    assert (answer.status, answer.problem) == (500, "internal")
    assert answer.said["retryable"]
    whole = json.dumps(answer.said)
    assert "secret" not in whole + caplog.text
    assert "Traceback" not in whole
    assert "ValueError" in caplog.text  # whoever runs the server learns where


def test_neither_tokens_nor_codes_nor_answers_are_logged(trial: people.Trial, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    code = rig.code(trial, rig.ada(trial))
    token = rig.pair(trial, code, "33333333-3333-4333-8333-333333333333").said["token"]
    rig.pair(trial, code)
    rig.pair(trial, "AAAA-BBBB-CC")
    body = rig.line(rig.entry(trial, 1, note="a-private-note")) + b"\n{broken a-private-note\n"
    whole = json.dumps(rig.envelope(trial, body)).encode() + b"\n" + body
    assert rig.send_raw(trial, token, whole).statuses == ["stored", "quarantined"]
    rig.send_raw(trial, token, whole[:-4])
    rig.send_raw(trial, "another-token", whole)
    for secret in (code, code.replace("-", ""), token, "AAAA-BBBB", "another-token", "a-private-note"):
        assert secret not in caplog.text
