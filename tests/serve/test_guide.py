"""The guide for whoever runs the server names every option, setting, tick and file that there is."""

from __future__ import annotations

import re

import click
import pytest

from qol_server.cli.serve import THREADS, command
from qol_server.cli.web import GRACE, KEEPALIVE
from qol_server.settings import VARIABLES, SettingsError, from_environment
from scheduler.clock import EVERY
from tests.shape.project import ROOT, files

GUIDE = (ROOT / "docs" / "guides" / "operate.md").read_text(encoding="utf-8")


def test_every_option_of_serve_is_explained() -> None:
    options = {name for option in command.params if isinstance(option, click.Option) for name in option.opts}
    assert {name for name in options if name not in GUIDE} == {"--json"}


def test_every_tick_is_explained_with_its_interval() -> None:
    said = {60: "minute", 300: "5 minutes", 900: "15 minutes", 3600: "hour"}
    rows = re.findall(r"^\| (\w+) \| ([\w ]+) \| ", GUIDE, re.MULTILINE)
    assert {(name, said[seconds]) for name, seconds in EVERY.items()} <= set(rows)


def test_the_numbers_of_the_guide_are_those_of_the_code() -> None:
    assert f"{THREADS} threads" in GUIDE
    assert f"for {KEEPALIVE} seconds" in GUIDE
    assert f"up to {GRACE} seconds" in GUIDE


def test_every_variable_that_is_read_is_in_the_reference_and_no_other() -> None:
    code = [*files("qol"), *(path for path in files("*.py") if path.relative_to(ROOT).parts[0] in ("qol_server", "scheduler"))]
    read = {name for path in code for name in re.findall(r"\bQOL_[A-Z_]+\b", path.read_text(encoding="utf-8"))}
    assert read - {"QOL_BENCH_RESULT"} == {variable.name for variable in VARIABLES}


def test_the_defaults_of_the_reference_are_those_of_the_server() -> None:
    stated = from_environment({variable.name: variable.default for variable in VARIABLES})
    assert stated == from_environment({})


WRONG = (
    ("QOL_SYNC_AGAIN_AFTER", "9"),
    ("QOL_SYNC_AGAIN_AFTER", "86401"),
    ("QOL_SYNC_AGAIN_AFTER", "٣٠"),
    ("QOL_LOG_LEVEL", "loud"),
    ("QOL_PUSH_CONTACT", "nora@example.org"),
    ("QOL_PUSH_CONTACT", "http://example.org"),
)


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_setting_is_named_with_what_is_allowed(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name) as refused:
        from_environment({name: value})
    assert value in str(refused.value)


@pytest.mark.parametrize("contact", ["mailto:trials@example.org", "https://example.org/contact"])
def test_whom_a_push_service_may_write_to(contact: str) -> None:
    assert from_environment({"QOL_PUSH_CONTACT": contact}).push_contact == contact
