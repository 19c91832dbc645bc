"""The browser of the tests: the one that is there is taken, else one is installed, else a person is told what to do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from qol_server.cli import browser, main
from qol_server.cli import test as test_command

Machine = Callable[..., list[str]]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    """A machine with some programs; what is run there is noted. ``brings``: a command's first word or two -> the program it installs."""

    def make(*programs: str, root: bool = False, brings: dict[str, str] | None = None) -> list[str]:
        there, own = set(programs), tmp_path / "own"
        ran: list[str] = []

        def run(command: list[str], **_: Any) -> Any:
            if command[1] == "-c":
                return SimpleNamespace(returncode=0, stdout=f"{own}\n")
            ran.append(" ".join([Path(command[0]).name.replace("python3.11", "python"), *command[1:]]))
            for words, program in (brings or {}).items():
                if words in ran[-1]:
                    own.touch() if program == "own" else there.add(program)
                    return SimpleNamespace(returncode=0)
            return SimpleNamespace(returncode=0 if "update" in command else 1)

        monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}" if name in there else None)
        monkeypatch.setattr(subprocess, "run", run)
        monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)
        monkeypatch.setattr(browser, "MAC", str(tmp_path / "none"))
        return ran

    return make


@pytest.mark.parametrize("name", browser.NAMES)
def test_an_installed_chromium_is_taken(machine: Machine, name: str) -> None:
    ran = machine(name, "apt-get", root=True)
    assert browser.find_or_install(pytest.fail) == f"/usr/bin/{name}"
    assert ran == []


def test_as_root_with_apt_it_is_debians(machine: Machine) -> None:
    ran = machine("apt-get", root=True, brings={"install -y": "chromium"})
    said: list[str] = []
    assert browser.find_or_install(said.append) == "/usr/bin/chromium"
    assert ran == ["apt-get update -qq", "apt-get install -y -qq chromium"]
    assert said == ["Installing a browser for the tests (once) …"]


@pytest.mark.parametrize(("programs", "root"), [((), True), (("apt-get",), False), (("apt-get",), True)])
def test_elsewhere_it_is_playwrights_own(machine: Machine, programs: tuple[str, ...], root: bool, tmp_path: Path) -> None:
    ran = machine(*programs, root=root, brings={"playwright install": "own"})
    assert browser.find_or_install(lambda _: None) == str(tmp_path / "own")
    assert ran[-1].endswith("-m playwright install chromium")
    assert ("apt-get update -qq" in ran) is (root and bool(programs))


def test_where_none_can_be_had_the_tests_say_what_to_do(machine: Machine, capsys: pytest.CaptureFixture[str]) -> None:
    machine()
    assert main(["test", "--json"]) == 3
    problem = json.loads(capsys.readouterr().out)["problem"]
    assert "no browser was found" in problem["detail"]
    assert "--without browser" in problem["advice"]


def test_without_the_browser_the_closing_line_says_so(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    machine()
    marks: list[str] = []

    def ran(_paths: object, **options: Any) -> test_command.Step:
        marks.extend(options["without"])
        return test_command.Step("pytest", True, 1.0, "3 passed")

    monkeypatch.setattr(test_command, "_pytest", ran)
    monkeypatch.setattr(test_command, "CHECKS", ())
    assert main(["test", "--without", "browser"]) == 0
    assert marks == ["browser"]
    assert capsys.readouterr().out.splitlines() == ["All checks passed (1 s). Left out: browser.", "pytest: 3 passed"]
