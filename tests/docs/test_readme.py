"""The README's commands do what it shows."""

from __future__ import annotations

import re
from pathlib import Path

from tests.docs.readme import README, is_run, prepared, run, steps

CHANGING = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{2}|[0-9a-f]{8,}|[0-9][0-9,.:T%-]*")


def shape(output: str) -> list[str]:
    """The words of an output's lines, without numbers, digests and codes."""
    return [" ".join(CHANGING.sub("#", line).split()) for line in output.splitlines() if line.strip()]


def test_each_command_of_the_tour_prints_what_the_readme_shows(tmp_path: Path) -> None:
    folder = prepared(tmp_path)
    tried = 0
    for step in steps(README.read_text(encoding="utf-8")):
        if not is_run(step.command):
            continue
        code, output = run(step.command, folder)
        assert code == (1 if "broken.yaml" in step.command and "check" in step.command else 0), f"{step.command}: {output}"
        assert shape(output)[:1] == shape(step.shown)[:1], step.command
        tried += 1
    assert tried >= 10
