"""The README's tour: its commands, run in order in a folder of their own, and what each of them prints.

``python -m tests.docs.readme`` runs them and writes their real output into the README.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
BLOCK = re.compile(r"(?s)```console\n(.*?)```")
TOO_LONG_TO_SHOW = ("./qol demo     #", "./qol test     #")


@dataclass(frozen=True, slots=True)
class Step:
    """A command of the README and the output that stands below it."""

    command: str
    shown: str


def steps(text: str) -> Iterator[Step]:
    """The commands of all console blocks, in order."""
    for block in BLOCK.findall(text):
        command, shown = "", []
        for line in [*block.splitlines(), "$ "]:
            if line.startswith("$ "):
                if command:
                    yield Step(command, "\n".join(shown).strip("\n"))
                command, shown = line[2:], []
            else:
                shown.append(line)


def prepared(folder: Path) -> Path:
    """A folder in which the commands work as in the repository's root, and leave nothing there."""
    for name in ("qol", "questionnaires", "tests"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def run(command: str, folder: Path) -> tuple[int, str]:
    """Exit code and output, with the folder's own path taken out."""
    environment = {**os.environ, "COLUMNS": "100"}
    done = subprocess.run(["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, done.stdout.replace(f"{folder}/", "").replace(str(folder), ".").strip("\n")


def is_run(command: str) -> bool:
    """Whether the tour runs it; the two big commands are tests of their own."""
    return not command.startswith(TOO_LONG_TO_SHOW)


def main() -> int:
    text = README.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as name:
        folder = prepared(Path(name).resolve())
        for step in steps(text):
            if is_run(step.command):
                code, output = run(step.command, folder)
                print(f"{code}  {step.command}")
                block = f"$ {step.command}\n{step.shown}\n" if step.shown else f"$ {step.command}\n"
                text = text.replace(block, f"$ {step.command}\n{output}\n" if output else f"$ {step.command}\n", 1)
    README.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
