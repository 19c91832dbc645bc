"""The code keeps to its habits: said purposes, small files, rules that know nothing but the standard library."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from qol_server.trial import facts
from tests.shape.project import files, name, python_packages

LINES = 400
RULES = [path for path in python_packages() if name(path).startswith("qol_server/trial/")]
NOT_FOR_RULES = {"os", "time", "random", "logging", "secrets", "socket", "subprocess", "threading", "io", "pathlib", "sqlite3", "urllib"}
CLOCK_CALLS = {"now", "utcnow", "today", "uuid1", "uuid4"}


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def imported(module: ast.Module) -> set[str]:
    """The modules that a file names in its imports, relative ones as ``.name``."""
    found: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
    return found


@pytest.mark.parametrize("path", files("*.py"), ids=name)
def test_every_module_says_its_purpose_first(path: Path) -> None:
    doc = ast.get_docstring(tree(path))
    assert doc, f"{name(path)} does not say what it is for; begin it with one sentence"
    assert doc.split("\n\n")[0].strip()[-1] in ".:;", f"{name(path)}: the purpose is a sentence and ends with a full stop"


@pytest.mark.parametrize("path", files("*.py"), ids=name)
def test_no_file_is_too_long_to_read_at_a_sitting(path: Path) -> None:
    length = len(path.read_text(encoding="utf-8").splitlines())
    assert length <= LINES, f"{name(path)} has {length} lines; split it by what it talks about"


@pytest.mark.parametrize("path", RULES, ids=name)
def test_rules_import_the_standard_library_and_each_other(path: Path) -> None:
    allowed = sys.stdlib_module_names - NOT_FOR_RULES
    foreign = {
        module
        for module in imported(tree(path))
        if not (module.startswith("qol_server.trial") or (module.startswith(".") and not module.startswith("..")))
        and module.split(".")[0] not in allowed
    }
    assert not foreign, f"{name(path)} imports {', '.join(sorted(foreign))}; rules are pure"


@pytest.mark.parametrize("path", RULES, ids=name)
def test_rules_ask_no_clock_and_no_chance(path: Path) -> None:
    calls = {
        f"{node.func.attr} in line {node.lineno}"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCK_CALLS
    }
    assert not calls, f"{name(path)} calls {', '.join(sorted(calls))}; the present is an argument"


@pytest.mark.parametrize("path", RULES, ids=name)
def test_public_functions_of_the_rules_say_what_they_do(path: Path) -> None:
    silent = [
        f"{node.name} (line {node.lineno})"
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and not ast.get_docstring(node)
    ]
    assert not silent, f"{name(path)}: no docstring for {', '.join(silent)}"


def test_kinds_are_a_noun_and_a_past_participle() -> None:
    for kind in facts.Kind:
        noun, _, verb = kind.value.partition(".")
        assert noun.replace("_", "").isalpha(), kind
        assert verb.endswith(("ed", "en", "set", "sent", "made", "withdrawn")), kind
