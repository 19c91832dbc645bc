"""Whatever a command does, a person gets a sentence and an exit code, and a script gets one JSON document."""

from __future__ import annotations

import errno
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from qol_server import cli
from qol_server.cli.common import common, emit, fail, say, table
from qol_server.settings import SettingsError
from qol_server.trial.problems import BAD_VALUE, DATA_FOLDER, NOT_ELIGIBLE, Refused

Run = Callable[..., int]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    """Makes a command `qol try` of a function that is given the data folder."""

    def make(body: Callable[[Path], Any]) -> Run:
        @click.command("try")
        @click.option("--count", type=int, default=1)
        @common
        def command(count: int, data: Path) -> Any:
            return body(data)

        monkeypatch.setattr(cli.LazyCommands, "get_command", lambda _self, _ctx, name: command if name == "try" else None)
        return lambda *arguments: cli.main(["try", *arguments])

    monkeypatch.delenv("QOL_DATA", raising=False)
    monkeypatch.delenv("QOL_DEBUG", raising=False)
    return make


def raising(error: BaseException) -> Callable[[Path], None]:
    def body(_data: Path) -> None:
        raise error

    return body


def test_a_result_is_text_for_people_and_one_document_for_scripts(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    def body(data: Path) -> int:
        say("working")
        emit({"folder": data, "entries": 3}, lambda: "3 entries")
        return 1

    command = run(body)
    assert command() == 1
    assert capsys.readouterr() == ("3 entries\n", "working\n")
    assert command("--json", "--data", "elsewhere") == 1
    out, err = capsys.readouterr()
    assert (json.loads(out), err) == ({"folder": "elsewhere", "entries": 3}, "")


def test_the_data_folder_comes_from_the_flag_then_the_environment_then_here(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Path] = []
    command = run(seen.append)
    command()
    monkeypatch.setenv("QOL_DATA", "/srv/qol")
    command()
    command("--data", "mine")
    assert seen == [Path("data"), Path("/srv/qol"), Path("mine")]


FAILURES: dict[str, tuple[BaseException, int, str, str]] = {
    "a conflict is an answer": (Refused(NOT_ELIGIBLE, "platelets is 90000"), 1, "not-eligible", "platelets is 90000"),
    "a wrong value": (Refused(BAD_VALUE, "400mg"), 2, "bad-value", "400mg"),
    "a missing folder": (Refused(DATA_FOLDER), 3, "data-folder", "qol init"),
    "a wrong setting": (SettingsError("QOL_LOG_LEVEL is 'x'."), 2, "bad-setting", "QOL_LOG_LEVEL"),
    "a full disk": (OSError(errno.ENOSPC, "No space left on device", "journal.db"), 3, "storage-full", "journal.db"),
    "a full database": (sqlite3.OperationalError("database or disk is full"), 3, "storage-full", "Free some space"),
    "a read-only database": (sqlite3.OperationalError("attempt to write a readonly database"), 3, "not-permitted", "read-only"),
    "a read-only folder": (OSError(errno.EROFS, "Read-only file system", "data"), 3, "not-permitted", "data"),
    "somebody else's file": (PermissionError(errno.EACCES, "Permission denied", "keys"), 3, "not-permitted", "keys"),
    "a busy port": (OSError(errno.EADDRINUSE, "Address already in use"), 3, "address-in-use", "--port"),
    "a file that is not there": (FileNotFoundError(errno.ENOENT, "No such file or directory", "a.csv"), 2, "no-such-file", "a.csv"),
    "Ctrl-C": (KeyboardInterrupt(), 130, "interrupted", "Interrupted"),
    "our own mistake": (ZeroDivisionError("division by zero"), 3, "internal", "QOL_DEBUG=1"),
}


@pytest.mark.parametrize("case", FAILURES)
def test_every_failure_is_a_sentence_and_an_exit_code(case: str, run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    error, code, name, words = FAILURES[case]
    command = run(raising(error))

    assert command() == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.lstrip("\n").startswith("qol: ")  # a terminal that shows ^C gets a new line first
    assert words in err
    assert "Traceback" not in err

    assert command("--json") == code
    out, err = capsys.readouterr()
    problem = json.loads(out)["problem"]
    assert (problem["name"], problem["exit_code"], err.strip()) == (name, code, "")


def test_a_command_may_fail_in_its_own_words(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    command = run(lambda _data: fail("there is a study here already.", advice="Use --fresh.", code=1))
    assert command() == 1
    assert capsys.readouterr().err == "qol: there is a study here already.\n  Use --fresh.\n"


def test_named_fields_are_shown_one_a_line(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    command = run(raising(Refused(BAD_VALUE, "two fields", errors=[{"field": "anc", "detail": "must be above 1000"}])))
    assert command() == 2
    assert "\n  anc: must be above 1000\n" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["try", "--nope"], ["try", "--count", "many"], ["nothing"], ["try", "surplus"]])
def test_wrong_flags_show_the_usage(arguments: list[str], run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    run(lambda _data: None)
    assert cli.main(arguments) == 2
    assert "Usage: qol" in capsys.readouterr().err
    assert cli.main([*arguments, "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["problem"]["name"] == "usage"


def test_debugging_shows_where(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QOL_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        run(raising(ZeroDivisionError()))()


def test_help_imports_no_command() -> None:
    script = "import sys; from qol_server.cli import main; main(['--help']); print(*sorted(sys.modules), sep='\\n')"
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    help_text, _, modules = shown.partition("environment lacks something.\n")
    assert "  test " in help_text
    heavy = {"flask", "marshmallow", "polars", "apscheduler", "cryptography", "ruamel.yaml", "sqlite3", "qol_server.cli.test"}
    assert heavy.isdisjoint(modules.split())


def test_a_reader_that_leaves_early_ends_the_command_quietly() -> None:
    command = f'"{sys.executable}" -m qol_server.cli --help | true; echo "${{PIPESTATUS[0]}}"'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.strip() in {"0", "1"}  # 0 where the whole help fitted into the pipe before the reader left


def test_a_table_is_aligned_and_numbers_stand_right() -> None:
    assert table([("03-0001-5", 12, "open"), ("03-0002-7", 3, None)], ("participant", "answers", "note")).splitlines() == [
        "participant  answers  note",
        "03-0001-5         12  open",
        "03-0002-7          3",
    ]


def test_a_table_without_rows_is_its_headings() -> None:
    assert table([], ("study", "entries")) == "study  entries"
