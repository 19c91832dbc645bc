"""Messages say one of a few sentences, and nothing of health: whatever else somebody wants to send is withheld."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qol_server import library
from qol_server.messaging import texts
from qol_server.messaging.texts import FORBIDDEN, SLOTS, TEMPLATES, Text, Withheld, say, words

QUICK = settings(max_examples=100, deadline=None)
LINK = "https://qol.example.org/desminib/staff/cases/7f9c24e8-3b12-4fef-91e0-5a1f1f3b2a55"
FILLED = {"site": "01", "count": "12", "link": LINK}
LANGUAGES = st.sampled_from(["en", "fr", "fr-CA", "de"])


def slots_of(template: str) -> dict[str, str]:
    subject, body = TEMPLATES[template]["en"]
    return {name: value for name, value in FILLED.items() if f"{{{name}}}" in subject + body}


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_each_template_can_be_said_in_each_language(template: str, language: str) -> None:
    said = say(template, language, **slots_of(template))
    assert said.subject
    assert "{" not in said.subject + said.body
    assert all(value in said.subject + said.body for value in slots_of(template).values())


@pytest.mark.parametrize("template", TEMPLATES)
def test_languages_have_the_same_slots(template: str) -> None:
    english, french = ({name for name in SLOTS if f"{{{name}}}" in "".join(TEMPLATES[template][code])} for code in ("en", "fr"))
    assert english == french


@QUICK
@given(st.text(max_size=80), st.text(max_size=200))
def test_whatever_is_no_template_is_withheld(subject: str, body: str) -> None:
    with pytest.raises(Withheld):
        Text(subject, body)


@QUICK
@given(st.sampled_from(sorted(TEMPLATES)), LANGUAGES, st.text(min_size=1, max_size=20), st.data())
def test_nothing_can_be_put_into_a_sentence(template: str, language: str, more: str, data: st.DataObject) -> None:
    said = say(template, language, **slots_of(template))
    for part, make in ((said.subject, lambda new: Text(new, said.body)), (said.body, lambda new: Text(said.subject, new))):
        at = data.draw(st.integers(0, len(part)))
        changed = part[:at] + more + part[at:]
        try:
            made = make(changed)
        except Withheld:
            continue
        assert sentence(made) == sentence(said), "only a number or a link may have grown, each in its form"


def sentence(text: Text) -> str:
    """What is said, without numbers and links."""
    return re.sub(r"https?://\S+|[0-9]", "", text.subject + text.body)


@QUICK
@given(st.sampled_from(["site", "count", "link"]), st.text(max_size=60))
def test_a_slot_takes_its_own_form_alone(slot: str, value: str) -> None:
    template = "digest"
    try:
        say(template, "en", **(FILLED | {slot: value}))
    except Withheld:
        return
    assert {"site": len(value) == 2 and value.isdigit(), "count": value.isdigit() and len(value) <= 4, "link": value == ""}[slot]


@pytest.mark.parametrize(
    "link", ["https://x.example/desminib/staff/participants/01-0001-5", "javascript:alert(1)", LINK + "?pain=4", LINK + " fever"]
)
def test_a_link_leads_to_a_list_or_a_case_and_says_nothing_by_itself(link: str) -> None:
    with pytest.raises(Withheld):
        say("case-waits", "en", site="01", link=link)


def test_an_unknown_template_and_an_empty_slot_are_withheld() -> None:
    for template, slots in (("fever", {}), ("case-waits", {"site": "01"}), ("case-waits", {"link": ""})):
        with pytest.raises(Withheld):
            say(template, "en", **slots)


@QUICK
@given(st.sampled_from(sorted(FORBIDDEN)), st.sampled_from([str.lower, str.upper, str.title]))
def test_a_template_that_somebody_adds_with_a_word_of_health_fails_closed(word: str, shown: object) -> None:
    assert callable(shown)
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(texts, "TEMPLATES", {"new": {"en": ("Hello", f"You said: {shown(word)}.")}})
        with pytest.raises(Withheld, match="word of health"):
            say("new", "en")


@QUICK
@given(st.integers(0, 10_000).map(str) | st.sampled_from(["½", "³", "Ⅳ", "٣"]))
def test_a_template_that_somebody_adds_with_a_number_fails_closed(number: str) -> None:
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr(texts, "TEMPLATES", {"new": {"en": ("Hello", f"You said {number} of ten.")}})
        with pytest.raises(Withheld, match="number"):
            say("new", "en")


def test_the_names_of_a_study_are_not_said() -> None:
    for name in ("Something", "fill-in", "FILL in"):
        with pytest.raises(Withheld, match="name of the study"):
            say("reminder", "en", not_to_say=["imatinib mesylate", name])
    assert say("reminder", "fr", not_to_say=["imatinib mesylate", "symptom-diary", ""])


def test_no_template_says_the_name_of_a_shipped_instrument_or_of_its_items() -> None:
    said = set().union(*(words(part) for each in TEMPLATES.values() for pair in each.values() for part in pair))
    for name in library.shipped_instruments():
        assert not words(name) <= said, name
    assert not said & FORBIDDEN
