"""A desk with the command line on it: runs commands against one data folder and reads what they say."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from qol_server import cli
from qol_server.intake.study import open_study
from qol_server.settings import Settings
from tests import people

ELIGIBLE = [part for name, value in people.ELIGIBLE.items() for part in ("--eligibility", f"{name}={value}")]


@dataclass
class Desk:
    """``data``: the data folder, which the environment names. Each call is one command; the last one's words stay readable.

    ``template``: where the demonstration is kept once it was made, for the next test.
    """

    data: Path
    template: Path
    capsys: pytest.CaptureFixture[str]
    out: str = ""
    err: str = ""

    def run(self, *words: object) -> int:
        """Run a command with this data folder; returns the exit code."""
        code = cli.main([str(word) for word in words])
        self.out, self.err = self.capsys.readouterr()
        assert "Traceback" not in self.err
        return code

    def read(self, *words: object) -> Any:
        """Run a command that has to succeed, and return its document."""
        assert self.run(*words, "--json") == 0, self.out
        return json.loads(self.out)

    def problem(self, *words: object) -> tuple[str, int]:
        """Run a command that has to fail; returns the problem's name and the exit code."""
        code = self.run(*words, "--json")
        return json.loads(self.out)["problem"]["name"], code

    def demonstration(self) -> str:
        """A study in stand-in labels, active; returns its name."""
        if self.template.exists():
            shutil.copytree(self.template, self.data)
            return "desminib"
        self.run("init")
        self.run("study", "adopt", "desminib", "--stand-in", "--as", "dana")
        assert self.run("study", "activate", "desminib", "--as", "dana") == 0, self.err
        open_study(Settings(self.data), "desminib").store.close()  # what is in the log goes into the file
        shutil.copytree(self.data, self.template)
        return "desminib"

    def enrol(self, *more: object) -> str:
        wanted = ["--site", "01", "--consent-version", "1.0", "--consent-date", "2026-01-05", *ELIGIBLE, "--as", "nora"]
        return str(self.read("participant", "enrol", "desminib", *wanted, *more)["participant"])
