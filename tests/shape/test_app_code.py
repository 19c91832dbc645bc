"""The patient's app keeps to its habits: said purposes, small files, doors in one place, every word in every language."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.shape.project import ROOT, files, name

APP = ROOT / "qol_server" / "patient_app"
MODULES = [path for path in files("*.js") if path.is_relative_to(APP)]
LINES, COLUMNS = 400, 200
IMPORT = re.compile(r"""^(?:import|export)\s+(?:(\{[^}]*\}|\w+|\*\s+as\s+\w+)\s+from\s+)?["']([^"']+)["'];""", re.MULTILINE)
DYNAMIC = re.compile(r"""import\(\s*["']([^"']+)["']\s*\)""")
EXPORTED = re.compile(r"^export\s+(?:async\s+)?(?:function\*?|const|let|class)\s+(\w+)", re.MULTILINE)
EXPORT_LIST = re.compile(r"^export\s+\{([^}]*)\}", re.MULTILINE)
COMMENT = re.compile(r"/\*.*?\*/|(?<![:<\"'`\\])//[^\n]*", re.DOTALL)
FORBIDDEN = {
    r"\binnerHTML\b|\bouterHTML\b|insertAdjacentHTML|document\.write\b|dangerouslySetInnerHTML": "makes HTML out of text",
    r"\beval\(|new Function\(|setTimeout\(\s*[\"']": "runs text as code",
    r"\bhttps?://(?!www\.w3\.org)": "names an address; the app talks to the server that it came from",
    r"\bdebugger\b|console\.log\(": "is for debugging only",
    r"style=\"": "is an inline style, which the content security policy blocks",
}
DOORS = {
    "rules": r"\bDate\.now\b|new Date\(\)|\bfetch\(|\bindexedDB\b|\bdocument\.|\bwindow\.|\blocalStorage\b|Math\.random",
    "phone": r"\bdocument\.(?!visibilityState|addEventListener|removeEventListener|cookie)|\binnerText\b",
    "view": r"\bfetch\(|\bindexedDB\b|vendor/idb",
    "words": r"\bfetch\(|\bindexedDB\b|\blocalStorage\b",
}


@cache
def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def code(path: Path) -> str:
    """The file without its comments."""
    return COMMENT.sub("", text(path))


def target(path: Path, wanted: str) -> Path:
    return (path.parent / wanted).resolve()


@cache
def exports(path: Path) -> frozenset[str]:
    names = set(EXPORTED.findall(code(path)))
    for listed in EXPORT_LIST.findall(code(path)):
        names |= {part.split(" as ")[-1].strip() for part in listed.split(",") if part.strip()}
    return frozenset(names)


def test_the_app_is_there() -> None:
    assert {"main.js", "worker.js", "phone/outbox.js", "rules/alerts.js", "view/today.js"} <= {
        str(path.relative_to(APP)) for path in MODULES
    }


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_every_module_says_its_purpose_first_and_is_short(path: Path) -> None:
    assert re.match(r"/\*\*[^*]*\S[.:]?", text(path)), "begin it with /** what it is for. */"
    lines = text(path).splitlines()
    if path.parent.name != "words":  # a table is as long as what it lists
        assert len(lines) <= LINES, f"{len(lines)} lines; split it by what it talks about"
        assert not [number for number, line in enumerate(lines, 1) if len(line) > COLUMNS]


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_what_is_imported_exists_and_is_used(path: Path) -> None:
    body = IMPORT.sub("", code(path))
    for names, wanted in IMPORT.findall(code(path)):
        assert wanted.startswith("."), f"{wanted} is no relative address"
        if "/vendor/" not in wanted:
            assert target(path, wanted).is_file(), wanted
        if names.startswith("{"):
            for part in filter(None, (part.strip() for part in names.strip("{}").split(","))):
                original, _, local = part.partition(" as ")
                if "/vendor/" not in wanted:
                    assert original in exports(target(path, wanted)), f"{wanted} exports no {original}"
                reexported = f"export {names}" in code(path)
                assert reexported or re.search(rf"\b{re.escape(local or original)}\b", body), f"{original} is imported and not used"
    for wanted in DYNAMIC.findall(code(path)):
        assert target(path, wanted).is_file(), wanted


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_nothing_is_written_that_would_be_unsafe(path: Path) -> None:
    for pattern, why in FORBIDDEN.items():
        found = re.search(pattern, code(path))
        assert not found, f"{found and found.group()} {why}"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_each_part_keeps_to_its_door(path: Path) -> None:
    pattern = DOORS.get(path.relative_to(APP).parts[0])
    found = pattern and re.search(pattern, code(path))
    assert not found, f"{name(path)} has {found.group()}"


def test_no_export_is_without_a_reader() -> None:
    everything = {path: code(path) for path in MODULES} | {path: text(path) for path in files("*.py", "tests/browser/*.js")}
    unread = []
    for path in MODULES:
        for exported in exports(path):
            if not any(re.search(rf"\b{exported}\b", body) for other, body in everything.items() if other != path):
                unread.append(f"{name(path)}: {exported}")
    assert not unread, "used nowhere else: " + ", ".join(unread)


# Words

KEY = re.compile(r"""^    "([^"]+)":\s*(.*)$""", re.MULTILINE)
PLACE = re.compile(r"\{(\w+)\}")
MADE = re.compile(r"""\b(?:t|has)\(\s*`([^`]*)\$\{""")
LITERAL = re.compile(r"""["'`]([a-z_]+(?:\.[A-Za-z0-9_-]+)+)["'`]""")


def table(language: str) -> dict[str, str]:
    source = text(APP / "words" / f"{language}.js")
    starts = list(KEY.finditer(source))
    return {
        one.group(1): source[one.start() : (starts[n + 1].start() if n + 1 < len(starts) else len(source))] for n, one in enumerate(starts)
    }


def test_both_languages_have_the_same_words_with_the_same_places() -> None:
    english, french = table("en"), table("fr")
    assert len(english) > 100
    assert english.keys() == french.keys(), sorted(english.keys() ^ french.keys())
    for key in english:
        assert set(PLACE.findall(english[key].partition(":")[2])) - {"n"} == set(PLACE.findall(french[key].partition(":")[2])) - {"n"}, key


def test_no_key_stands_twice() -> None:
    for language in ("en", "fr"):
        keys = [key for key, _ in KEY.findall(text(APP / "words" / f"{language}.js"))]
        assert len(keys) == len(set(keys)), sorted({key for key in keys if keys.count(key) > 1})


def test_every_key_that_is_used_has_words_and_all_words_are_used() -> None:
    english = table("en")
    used: set[str] = set()
    prefixes: set[str] = set()
    for path in MODULES:
        if path.parent.name == "words" and path.name != "index.js":
            continue
        called = set(re.findall(r"""\bt\(\s*["']([^"']+)["']""", code(path)))
        assert called <= english.keys(), f"{name(path)}: no words for {sorted(called - english.keys())}"
        used |= called | {key for key in LITERAL.findall(code(path)) if key in english}
        prefixes |= {prefix for prefix in MADE.findall(code(path)) if prefix}
    unused = sorted(key for key in english.keys() - used if not any(key.startswith(prefix) for prefix in prefixes))
    assert not unused, f"words that no screen shows: {unused}"


SPACED = re.compile(r"(?<!\u202f)[;!?»]|«(?!\u202f)|(?<!\u00a0):")


def french() -> list[tuple[str, str]]:
    """Every French text that a participant may read: the app's own, and those of the questionnaires that are ours."""
    own = [(key, said) for key, words in table("fr").items() for said in re.findall(r'"([^"]*)"', words.partition(":")[2])]
    packs = [path for path in files("*.yaml") if path.match("questionnaires/wording/*/fr.yaml")]
    assert own
    assert packs
    return own + [(f"{name(path)}, {place}", said) for path in packs for place, said in leaves(YAML(typ="safe").load(text(path)))]


def leaves(part: object, place: str = "") -> list[tuple[str, str]]:
    if isinstance(part, dict):
        return [leaf for key, value in part.items() for leaf in leaves(value, f"{place} {key}".strip())]
    return [(place, part)] if isinstance(part, str) else []


def test_french_is_set_as_french_is() -> None:
    for place, said in french():
        assert "'" not in said, f"{place}: the apostrophe is ’"
        found = SPACED.search(said)
        assert not found, f"{place}: U+202F belongs before ; ! ? » and after «, U+00A0 before a colon: {said}"
