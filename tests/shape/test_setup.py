"""The `qol` script and the installed package: the set-up finds what it needs or says what is missing, without a network."""

from __future__ import annotations

import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.shape.project import ROOT, files, name

STUB = '#!/bin/sh\necho "args: $*"\necho "root: $PYTHONPATH"\necho "here: $(pwd)"\n'


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """The script in a folder with a space in its name, with what is required and nothing installed."""
    folder = tmp_path / "a house"
    folder.mkdir()
    for path in (*files("qol", "requirements*.txt"), ROOT / "package-lock.json"):
        shutil.copy2(path, folder / path.name)
    return folder


def executable(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def installed(house: Path) -> None:
    """Make it look as if the set-up had been done, with a Python that tells how it was called."""
    executable(house / ".venv" / "bin" / "python", STUB)
    shutil.copy(house / "requirements.txt", house / ".venv" / ".qol-requirements.txt")
    fetched(house)


def fetched(house: Path) -> None:
    """Make it look as if the app's modules had been fetched."""
    (house / "node_modules").mkdir(exist_ok=True)
    shutil.copy(house / "package-lock.json", house / "node_modules" / ".qol-package-lock.json")


NPM = """#!/bin/sh
echo "$0 $*" >>npm.log
rm -rf node_modules && mkdir -p node_modules/preact && touch node_modules/preact/package.json
"""
NO_NPM = "#!/bin/sh\necho npm is broken\nexit 1\n"
OLD_NPM = "#!/bin/sh\necho added 0 packages\n"
PIP = """#!/bin/sh
case "$*" in *requirements-node.txt) ;; *"pip install"*) exit 1 ;; *) exec "%s" "$@" ;; esac
cp "%s" "$(dirname "$0")/npm"
"""


def start(script: Path, *arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(script), *arguments], cwd=cwd, env={"PATH": "/usr/bin:/bin"} | environment, capture_output=True, text=True, check=False
    )


def test_it_runs_where_it_is_called_with_what_it_is_given(house: Path, tmp_path: Path) -> None:
    installed(house)
    away = tmp_path / "away"
    away.mkdir()
    (away / "first").symlink_to("../a house/qol")
    (away / "second").symlink_to(away / "first")
    for script in (house / "qol", away / "first", away / "second"):
        done = start(script, "study", "check", "my file.yaml", cwd=away)
        assert done.stderr == ""
        assert done.stdout.splitlines() == ["args: -m qol_server.cli study check my file.yaml", f"root: {house}", f"here: {away}"]


def test_without_a_usable_python_it_says_what_it_tried(house: Path) -> None:
    old = executable(house / "old python", "#!/bin/sh\ncase $2 in *print*) echo 3.9.2 ;; *version_info*) exit 1 ;; esac\n")
    bare = executable(house / "bare python", "#!/bin/sh\ncase $2 in *print*) echo 3.12.1 ;; *venv*) exit 1 ;; esac\n")
    for python, reason in (
        (str(house / "none"), "not found or does not run"),
        (str(old), "is 3.9.2, too old"),
        (str(bare), "is 3.12.1, without the venv and ensurepip modules"),
    ):
        done = start(house / "qol", "--help", cwd=house, QOL_PYTHON=python)
        assert (done.returncode, done.stdout) == (3, "")
        assert f"{python} ({reason})" in done.stderr
        assert "python3-venv" in done.stderr
        assert not (house / ".venv").exists()


def test_a_package_that_cannot_be_had_ends_with_the_installers_words(house: Path) -> None:
    (house / "requirements.txt").write_text("no-such-package-of-ours==1.0\n", encoding="utf-8")
    done = start(house / "qol", "--help", cwd=house, QOL_PYTHON=sys.executable, PIP_NO_INDEX="1", PIP_CONFIG_FILE="/dev/null")
    assert done.returncode == 3
    assert done.stderr.startswith("Setting up (once, about a minute) …\n")
    assert "No matching distribution found for no-such-package-of-ours==1.0" in done.stderr
    assert "Traceback" not in done.stderr
    assert (house / ".venv" / ".qol-unfinished").exists(), "the next start must not take this installation for whole"


def test_an_interrupted_installation_is_made_anew_and_changed_requirements_are_installed(house: Path) -> None:
    for file in house.glob("requirements*.txt"):
        file.write_text("# nothing\n", encoding="utf-8")
    fetched(house)
    venv = house / ".venv"
    venv.mkdir()
    (venv / ".qol-unfinished").touch()
    (venv / "half a package").touch()
    first = start(house / "qol", cwd=house, QOL_PYTHON=sys.executable)
    assert "Setting up" in first.stderr
    assert not (venv / "half a package").exists()
    assert not (venv / ".qol-unfinished").exists()

    assert "requirements" not in start(house / "qol", cwd=house).stderr
    (house / "requirements.txt").write_text("# still nothing\n", encoding="utf-8")
    assert "Installing what the requirements now ask for" in start(house / "qol", cwd=house, QOL_PYTHON=sys.executable).stderr
    assert (venv / ".qol-requirements.txt").read_text(encoding="utf-8") == "# still nothing\n"


def calls(house: Path) -> list[str]:
    log = house / "npm.log"
    return log.read_text(encoding="utf-8").splitlines() if log.exists() else []


def test_the_apps_modules_are_fetched_once_and_again_when_the_list_changes_or_it_was_cut_short(house: Path) -> None:
    installed(house)
    shutil.rmtree(house / "node_modules")
    npm = executable(house / "bin" / "npm", NPM)
    path = f"{npm.parent}:/usr/bin:/bin"
    first = start(house / "qol", "verify", cwd=house.parent, PATH=path)
    assert (first.returncode, first.stderr) == (0, "Fetching the third-party modules of the patient's app (once) …\n")
    assert calls(house) == [f"{npm} ci --ignore-scripts --no-audit --no-fund --no-update-notifier"]
    assert start(house / "qol", "verify", cwd=house, PATH=path).stderr == ""

    (house / "package-lock.json").write_text("{}", encoding="utf-8")
    assert "Fetching" in start(house / "qol", "verify", cwd=house, PATH=path).stderr
    (house / "node_modules" / ".qol-package-lock.json").unlink()  # npm empties the folder before it begins
    assert "Fetching" in start(house / "qol", "verify", cwd=house, PATH=path).stderr
    assert len(calls(house)) == 3


@pytest.mark.parametrize("npm", [None, NO_NPM, OLD_NPM], ids=["none", "broken", "old"])
def test_without_a_usable_npm_one_comes_from_the_package_index(house: Path, npm: str | None) -> None:
    installed(house)
    shutil.rmtree(house / "node_modules")
    tools = house / "tools"
    tools.mkdir()
    for tool in ("sh", "env", "cmp", "cp", "rm", "mkdir", "touch", "dirname", "readlink", "grep", "tail", "sed", "python3"):
        (tools / tool).symlink_to(shutil.which(tool) or sys.executable)
    if npm is not None:
        executable(tools / "npm", npm)
    brought = executable(house / "brought", NPM)
    executable(house / ".venv" / "bin" / "python", PIP % (executable(house / "stub", STUB), brought))
    done = start(house / "qol", cwd=house, PATH=str(tools), QOL_PYTHON=sys.executable)
    assert (done.returncode, calls(house)) == (0, [f"{house}/.venv/bin/npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier"])
    assert start(house / "qol", cwd=house, PATH=str(tools)).stderr == ""


def test_modules_that_cannot_be_fetched_end_with_the_installers_words(house: Path) -> None:
    installed(house)
    shutil.rmtree(house / "node_modules")
    executable(house / ".venv" / "bin" / "python", PIP % (house / "none", executable(house / "brought", NO_NPM)))
    npm = executable(house / "bin" / "npm", NO_NPM)
    done = start(house / "qol", cwd=house, PATH=f"{npm.parent}:/usr/bin:/bin")
    assert (done.returncode, done.stdout) == (3, "")
    assert "the app's modules could not be fetched" in done.stderr
    assert "  | npm is broken" in done.stderr
    assert not (house / "node_modules" / ".qol-package-lock.json").exists()


def test_the_installed_package_has_the_command_and_the_study_files(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for path in files():
        copy = source / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "-w",
        str(tmp_path),
        str(source),
    ]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        held = set(wheel.namelist())
        entry_points = next(wheel.read(member).decode() for member in held if member.endswith("entry_points.txt"))
        metadata = next(wheel.read(member).decode() for member in held if member.endswith("METADATA"))
    assert "qol = qol_server.cli:main" in entry_points
    assert "License-Expression: Apache-2.0" in metadata
    wanted = {
        name(path)
        for path in files("*.py", "*.yaml", "*.js", "*.html", "*.css", "*.svg", "*.png")
        if name(path).split("/")[0] in ("qol_server", "scheduler", "questionnaires", "wsgi.py")
    }
    assert wanted - held == set()
    assert not any(member.startswith("tests") for member in held)
