"""The checker names each mistake with its line and what is allowed, all of them at once, and nothing else escapes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from qol_server.library import (
    Mistake,
    StudyFileError,
    check,
    instrument_from,
    load_instruments,
    protocol_from,
    shipped_instruments,
    wording_from,
)

QUESTIONNAIRES = Path(__file__).resolve().parents[2] / "questionnaires"
CASES = YAML(typ="safe").load((QUESTIONNAIRES / "examples" / "mistakes.yaml").read_text(encoding="utf-8"))["cases"]
INSTRUMENTS = load_instruments(shipped_instruments())
FILES = [path for folder in ("instruments", "studies", "wording") for path in sorted((QUESTIONNAIRES / folder).rglob("*.yaml"))]


@pytest.mark.parametrize("case", CASES, ids=[case["title"] for case in CASES])
def test_each_mistake_is_explained_with_its_line(case, tmp_path):
    text = (QUESTIONNAIRES / f"{case['file']}.yaml").read_text(encoding="utf-8")
    assert case["change"] in text
    file = tmp_path / "changed.yaml"
    file.write_text(text.replace(case["change"], case["to"], 1), encoding="utf-8")

    found = check(file)

    if case.get("clean"):
        assert found == []
        return
    place = text.index(case["at"] if "at" in case else case["change"])
    line = text.count("\n", 0, place) + 1
    matching = [mistake for mistake in found if case["says"] in mistake.message and case.get("allowed", "") in mistake.allowed]
    assert matching, [str(mistake) for mistake in found]
    assert matching[0].line == line
    assert str(matching[0]).startswith(f"{file}:{line}: {matching[0].message}. Allowed: ")


def test_all_mistakes_are_named_at_once_also_beside_a_mistake_of_shape():
    text = (QUESTIONNAIRES / "studies" / "desminib.yaml").read_text(encoding="utf-8")
    for right, wrong in [
        ("every: P1M", "every: 1M"),
        ('start: "400"', 'start: "300"'),
        ("from: progression,", "from: progresion,"),
        ("urgency: same-day", "urgency: today"),
        ("score: PF", "score: PH"),
    ]:
        text = text.replace(right, wrong, 1)
    with pytest.raises(StudyFileError) as refused:
        protocol_from(text.encode(), "wrong.yaml", INSTRUMENTS)
    messages = [mistake.message for mistake in refused.value.mistakes]
    assert len(messages) == 4  # the misspelt anchor stands in an assessment whose shape is wrong already
    assert [mistake.line for mistake in refused.value.mistakes] == sorted(mistake.line for mistake in refused.value.mistakes)

    mended = text.replace("every: 1M", "every: P1M")
    with pytest.raises(StudyFileError) as again:
        protocol_from(mended.encode(), "wrong.yaml", INSTRUMENTS)
    assert [mistake.message.split('"')[1] for mistake in again.value.mistakes] == ["300", "progresion", "today", "PH"]


def test_a_list_that_is_missing_is_one_mistake_and_not_one_for_each_use_of_it():
    text = (QUESTIONNAIRES / "studies" / "desminib.yaml").read_bytes().replace(b"anchors:", b"anchorz:", 1)
    with pytest.raises(StudyFileError) as refused:
        protocol_from(text, "wrong.yaml", INSTRUMENTS)
    assert [mistake.message for mistake in refused.value.mistakes] == [
        '"anchors" is missing',
        'The key "anchorz" is not known here (did you mean "anchors"?)',
    ]


def test_what_is_allowed_comes_in_the_order_of_the_file_and_not_without_end():
    questionnaire = (QUESTIONNAIRES / "instruments" / "eortc-qlq-c30.yaml").read_bytes()
    with pytest.raises(StudyFileError) as refused:
        instrument_from(questionnaire.replace(b"[q29, q30]", b"[q29, q31]"), "wrong.yaml")
    assert refused.value.mistakes[0].allowed == ", ".join(f"q{n}" for n in range(1, 31))
    many = (QUESTIONNAIRES / "instruments" / "pro-ctcae.yaml").read_bytes()
    with pytest.raises(StudyFileError) as again:
        instrument_from(many.replace(b"items: [1A]", b"items: [81A]"), "wrong.yaml")
    assert again.value.mistakes[0].allowed.startswith("1A, 2A, 3A, 3B")
    assert again.value.mistakes[0].allowed.endswith("… (124 in all)")


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (b"", 1, "does not hold keys and values"),
        (b"- a\n- b\n", 1, "does not hold keys and values"),
        (b"title: nothing in particular\n", 1, "does not say what it is"),
        (b"instrument: x\ntitle: \xff\n", 2, "not UTF-8"),
        (b"instrument: x\ntitle: a\n---\ninstrument: y\n", 3, "cannot be read as YAML"),
        (b"study: x\ntitle: *gone\n", 2, "cannot be read as YAML"),
        (b'study: x\ntitle: "\\ud800"\n', 2, "cannot be stored"),
        (b"instrument: x\ntitle: " + b"[" * 2000 + b"\n", 1, "cannot be read as YAML"),
        (b"instrument: x\ntitle: " + b"[" * 40 + b"]" * 40 + b"\n", 2, "nested too deeply"),
    ],
)
def test_what_is_no_study_file_is_explained(tmp_path, text, line, says):
    file = tmp_path / "odd.yaml"
    file.write_bytes(text)
    found = check(file)
    assert any(says in mistake.message and mistake.line == line for mistake in found), found


def read(path: Path, text: bytes) -> None:
    kind = path.relative_to(QUESTIONNAIRES).parts
    if kind[0] == "instruments":
        instrument_from(text, path.name)
    elif kind[0] == "studies":
        protocol_from(text, path.name, INSTRUMENTS)
    else:
        wording_from(text, path.name, INSTRUMENTS[kind[1]])


def mistakes_of(path: Path, text: bytes) -> list[Mistake]:
    """The mistakes for which a file is refused; whatever else it raises is not caught."""
    try:
        read(path, text)
    except StudyFileError as refused:
        return refused.mistakes or [Mistake(path.name, 0, 0, "", "refused without a mistake")]
    return []


SPLINTERS = [
    "",
    " ",
    ":",
    "{",
    "}",
    "[",
    "]",
    ",",
    '"',
    "-",
    "~",
    "0",
    "-1",
    "1.5",
    "yes",
    "{n}",
    "P1D",
    "a",
    "#",
    "\n",
    "x: y",
    "[]",
    "{}",
]
SPLINTERS += ["null", "&a", "*a", "!t"]
SMALL = [path for path in FILES if path.stem != "pro-ctcae"]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_mutated_file_is_read_or_refused_with_lines_and_nothing_else_happens(data):
    path = data.draw(st.sampled_from(SMALL))
    lines = path.read_text(encoding="utf-8").split("\n")
    for _ in range(data.draw(st.integers(1, 3))):
        nth = data.draw(st.integers(0, len(lines) - 1))
        at = data.draw(st.integers(0, len(lines[nth])))
        cut = data.draw(st.integers(0, 12))
        new = data.draw(st.sampled_from(SPLINTERS) | st.text(max_size=4))
        lines[nth] = lines[nth][:at] + new + lines[nth][at + cut :]
    text = "\n".join(lines).encode("utf-8", "surrogatepass")
    last = text.count(b"\n") + 1
    mistakes = mistakes_of(path, text)
    assert all(mistake.message and 1 <= mistake.line <= last + 1 for mistake in mistakes)


def test_versions_of_the_consent_follow_each_other_and_stand_once():
    text = (QUESTIONNAIRES / "studies" / "desminib.yaml").read_text(encoding="utf-8")
    first = '  - {version: "1.0", from: 2006-01-01}\n'
    wrong = first + '  - {version: "2.0", from: 2006-01-01}\n  - {version: "1.0", from: 2007-01-01, until_renewed: pause}\n'
    with pytest.raises(StudyFileError) as refused:
        protocol_from(text.replace(first, wrong).encode(), "wrong.yaml", INSTRUMENTS)
    said = [mistake.message for mistake in refused.value.mistakes]
    assert 'The consent "2.0" does not come after the one before it' in said
    assert 'The consent "1.0" stands twice' in said
    assert '"renew" and "until_renewed" go together' in said
