"""The house around the code: exact pins, a portable script, short decisions, and nothing that belongs elsewhere."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.shape.project import ROOT, files, name

PIN = re.compile(r'(?P<package>[A-Za-z0-9._-]+)==(?P<version>[0-9][A-Za-z0-9.]*)(; sys_platform == "linux")?')
REQUIREMENTS = ("requirements.txt", "requirements-test.txt", "requirements-bench.txt", "requirements-node.txt")

# Written in two halves so that this file does not hold what it looks for.
FORBIDDEN = {
    "TO" + "DO": "do it now or write an issue",
    "FIX" + "ME": "mend it now or write an issue",
    "/wo" + "rk/": "no path of a developer's machine",
    "pypi" + ".org": "the index is a matter of each machine's pip",
    "pythonhosted" + ".org": "the index is a matter of each machine's pip",
    "registry.npm" + "js.org": "the registry is a matter of each machine's npm",
}
SHARED = "sha" + "red/"
MAY_NAME_SHARED = {".ci/run"}


def normal(package: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", package).lower()


def pins(requirements: str) -> dict[str, str]:
    lines = [line for line in (ROOT / requirements).read_text(encoding="utf-8").splitlines() if line and line[0] not in "#-"]
    found = {line: PIN.fullmatch(line) for line in lines}
    assert all(found.values()), f"{requirements}: not an exact pin: {[line for line, match in found.items() if not match]}"
    return {normal(match["package"]): match["version"] for match in found.values() if match}


@pytest.mark.parametrize("requirements", REQUIREMENTS)
def test_every_requirement_is_an_exact_version(requirements: str) -> None:
    assert pins(requirements)


def test_a_package_is_pinned_to_one_version_only() -> None:
    seen: dict[str, set[str]] = {}
    for requirements in REQUIREMENTS:
        for package, version in pins(requirements).items():
            seen.setdefault(package, set()).add(version)
    assert {package: versions for package, versions in seen.items() if len(versions) > 1} == {}


def test_what_is_declared_is_pinned() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    names = {normal(re.split(r"[<>=;\[ ]", line)[0]) for line in declared}
    assert names <= pins("requirements.txt").keys()


def test_the_apps_modules_are_exact_versions_of_which_no_address_is_said() -> None:
    declared = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    locked = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert declared["private"] is True
    assert locked[""]["dependencies"] == declared["dependencies"]
    assert {f"node_modules/{package}": version for package, version in declared["dependencies"].items()} == {
        path: package["version"] for path, package in locked.items() if path
    }
    for path, package in locked.items():
        assert not path or package["integrity"].startswith("sha512-"), path
        assert "resolved" not in package, f"{path}: run npm with this folder's .npmrc"
        assert "hasInstallScript" not in package, path
    for file in ("package.json", "package-lock.json", ".npmrc"):
        assert "://" not in (ROOT / file).read_text(encoding="utf-8"), f"{file}: where packages come from is a matter of each machine"


def test_no_module_of_others_is_committed() -> None:
    assert [name(path) for path in files() if {"node_modules", "vendor"} & set(path.parts)] == []


def test_the_script_is_plain_posix_shell_and_may_be_run() -> None:
    script = ROOT / "qol"
    assert script.read_text(encoding="utf-8").startswith("#!/bin/sh\n")
    checked = subprocess.run(["sh", "-n", str(script)], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert script.stat().st_mode & 0o111 == 0o111


@pytest.mark.parametrize("path", [path for path in files() if path.suffix not in {".png", ".ico", ".parquet", ".db", ".gz"}], ids=name)
def test_nothing_is_left_lying_about(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = {word: why for word, why in FORBIDDEN.items() if word in text}
    if SHARED in text and name(path) not in MAY_NAME_SHARED:
        found[SHARED] = "the project stands on its own files"
    assert not found, f"{name(path)}: {found}"


def test_no_page_is_asked_again_and_again_by_evaluating_text() -> None:
    text = re.compile(
        r"""wait_for_function\(\s*f?["'](?!\(|async )"""
    )  # a function is called; text is evaluated, which the strict policy refuses
    assert text.search('page.wait_for_function("document.title")')
    assert [name(path) for path in files("*.py") if path.name != "test_project.py" and text.search(path.read_text(encoding="utf-8"))] == []


def test_no_random_example_is_judged_by_how_fast_it_is() -> None:
    usual = settings()
    assert usual.deadline is None
    assert HealthCheck.too_slow in usual.suppress_health_check


@pytest.mark.parametrize("path", files("docs/decisions/*.md"), ids=name)
def test_a_decision_fits_on_a_page_and_says_why(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.fullmatch(r"[0-9]{4}-[a-z0-9-]+\.md", path.name)
    assert len(text.splitlines()) <= 60
    assert text.startswith(f"# {path.name[:4]}. ")
    assert "## Why" in text


def test_decisions_are_numbered_once() -> None:
    numbers = [path.name[:4] for path in files("docs/decisions/*.md")]
    assert len(numbers) == len(set(numbers))
    assert numbers
