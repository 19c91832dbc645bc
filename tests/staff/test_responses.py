"""What was given and what was made of it: answers with their corrections, scores with where they come from, the summary for a visit."""

from __future__ import annotations

import re

import pytest

from qol_server.staff.words import WORDS
from qol_server.trial.roles import Role
from qol_server.trial.scoring import METHODS
from tests import people
from tests.people import Phone
from tests.staff import clinic
from tests.staff.rig import House, Member


@pytest.fixture
def phone(desk: House) -> Phone:
    """Ada's, with a baseline given the evening before treatment and a first month that she corrects once."""
    desk.trial.at("2026-03-01 20:00")
    phone = desk.trial.phone(desk.ada)
    phone.answer("qol@BASELINE", people.C30)
    phone.sync()
    desk.trial.at("2026-04-02 10:00")
    first = phone.answer("qol@M1", people.C30 | {"q1": 3, "q2": 3, "q8": None})
    phone.sync()
    desk.trial.at("2026-04-02 11:00")
    phone.answer("qol@M1", people.C30 | {"q1": 4, "q2": 3, "q8": None}, supersedes=first.id, reason="wrong_answer")
    phone.sync()
    return phone


def look(desk: House, area: str, occurrence: str, **who: str) -> Member:
    nora = desk.login(Role.NURSE, "01", **who)
    nora.get(f"/participants/{desk.ada}/{area}/{occurrence}")
    return nora


@pytest.mark.usefixtures("phone")
def test_a_correction_shows_what_stood_there_before(desk: House) -> None:
    nora = look(desk, "answers", "qol@M1")
    assert nora.status == 200
    corrected, first = nora.html.split("<section")[1:]
    assert re.findall(r"<del>(.*?)</del> → <ins>(.*?)</ins>", corrected) == [("3", "4")]
    assert "<del>" not in first
    for said in ("Correction counts", "Response does not count any more", "Reason Wrong answer", "Who answered The participant", "How App"):
        assert said in nora.text


@pytest.mark.usefixtures("phone")
def test_what_was_shown_and_not_answered_is_said(desk: House) -> None:
    assert "not answered" in look(desk, "answers", "qol@M1").text


def test_what_is_under_review_is_marked(desk: House) -> None:
    phone = desk.trial.phone(desk.ada)
    phone.answer("qol@BASELINE", people.C30 | {"q1": 9})
    phone.sync()
    nora = look(desk, "answers", "qol@BASELINE")
    assert nora.status == 200
    assert "Received, under review" in nora.text
    assert "an answer that the item does not allow" in nora.text
    assert look(desk, "scores", "qol@BASELINE").status == 404


def test_who_typed_what_was_told_by_telephone(desk: House) -> None:
    phone = desk.trial.phone(desk.ada)
    phone.answer("qol@BASELINE", people.C30, mode="telephone", by="proxy")
    phone.sync()
    nora = look(desk, "answers", "qol@BASELINE")
    assert "Somebody else for the participant" in nora.text
    assert "How Telephone" in nora.text


@pytest.mark.usefixtures("phone")
def test_a_score_says_its_items_rule_versions_and_change(desk: House) -> None:
    """Physical functioning of M1: items 4, 3, 1, 1, 1, mean 2, so 100 - 100/3 = 66.67; it was 100 at baseline. q8 is missing."""
    nora = look(desk, "scores", "qol@M1")
    assert nora.status == 200
    for said in (
        "Rule eortc/1: mean of the answered items", "Physical functioning (PF): 66.67", "-33.33 since baseline", "5 of 5 items used.",
        "Dyspnoea (DY): missing", "0 of 1 items answered, 1 is needed", "Baseline BASELINE", "Made of PF, RF, EF",
    ):  # fmt: skip
        assert said in nora.text
    assert desk.trial.versions["eortc-qlq-c30"][:16] in nora.text
    assert re.search(r"Physical functioning \(PF\).*?q1 .*? 4 ", nora.text)


@pytest.mark.usefixtures("phone")
def test_a_corrected_score_shows_the_one_before(desk: House) -> None:
    """Before: 3, 3, 1, 1, 1, mean 1.8, so 100 - 80/3 = 73.33."""
    nora = look(desk, "scores", "qol@M1")
    assert re.search(r"66\.67 .*?Before the correction: 73\.33 \(position \d+\)", nora.text)


@pytest.mark.usefixtures("phone")
def test_the_baseline_is_compared_with_nothing(desk: House) -> None:
    nora = look(desk, "scores", "qol@BASELINE")
    assert "this response" in nora.text
    assert "since baseline" not in nora.text


def test_after_the_first_dose_there_is_no_baseline(desk: House) -> None:
    phone = desk.trial.phone(desk.ada)
    desk.trial.at("2026-04-02 10:00")
    phone.answer("qol@M1", people.C30)
    phone.sync()
    nora = look(desk, "scores", "qol@M1")
    assert "none before the first dose" in nora.text
    assert "since baseline" not in nora.text


def test_what_was_never_given_is_not_there(desk: House) -> None:
    assert look(desk, "answers", "qol@M7").status == 404
    assert look(desk, "scores", "qol@M7").status == 404


def test_every_method_is_told_in_words() -> None:
    assert {f"scored.rule.{method}" for method in METHODS} <= WORDS.keys()


def test_the_summary_has_what_a_visit_needs(desk: House) -> None:
    """From M1 on (target 2 April) nothing but its own day is new; since 1 March everything.

    Due: one a day on 11 days (2nd to 8th and, after the hold, 12th to 15th), then two a day on 20 days: 51. Missed 1, unknown 2.
    """
    clinic.course(desk)
    nora = desk.login(Role.NURSE, "01")
    nora.get(f"/participants/{desk.ada}/summary?since=2026-03-01")
    assert nora.status == 200
    for said in (
        "1 Mar 2026 to 4 Apr 2026 (35 days)", "48 taken, 1 stated as missed, 2 unknown", "Days on hold 3", "Nausea Bad 23 Mar 2026 Bad",
        "Physical functioning 100 60 -40", "Symptom diary: the same day", "Nausea, grade 2, 2 Mar 2026 to still going on, not signed",
        "None is recorded.",
    ):  # fmt: skip
        assert said in nora.text, said


def test_what_finds_no_place_on_the_sheet_is_counted_and_the_gravest_comes_first(desk: House) -> None:
    clinic.trouble(desk)
    nora = desk.login(Role.NURSE, "01")
    nora.get(f"/participants/{desk.ada}/summary?since=2026-03-01")
    events = nora.text.partition("Adverse events Nausea, grade 2")[2]
    assert events.index("serious") < events.index("Febrile neutropenia") < events.index("and 5 more"), "twelve, and that of the course"
    medicines = nora.text.partition("Other medicines ")[2]
    assert medicines.startswith("Methotrexate")
    assert medicines.index("not as the protocol allows") < medicines.index("Paracetamol") < medicines.index("and 6 more")
    symptoms = nora.text.partition("Worst symptoms")[2].partition("Adverse events")[0]
    assert "and 3 more" in symptoms, "fifteen"
    steps = nora.text.partition("Intakes due")[0]
    assert "10 earlier doses or holds 23 Mar 2026 600 mg a day" in steps
    assert "28 Mar 2026 400 mg a day" in steps


def test_the_relative_dose_intensity_has_both_bounds(desk: House) -> None:
    """Planned 11 x 400 + 20 x 800 = 20,400 mg; missed 400, unknown 800: 94 % taken at least, 98 % at most."""
    clinic.course(desk)
    nora = desk.login(Role.NURSE, "01")
    nora.get(f"/participants/{desk.ada}/summary?since=2026-03-01")
    assert "Relative dose intensity 94 to 98 %" in nora.text


def test_the_summary_begins_with_the_last_visit(desk: House) -> None:
    clinic.course(desk)
    nora = desk.login(Role.NURSE, "01")
    nora.get(f"/participants/{desk.ada}/summary")
    assert "2 Apr 2026 to 4 Apr 2026 (3 days)" in nora.text
    for odd in ("2099-01-01", "1900-01-01", "yesterday"):
        assert nora.get(f"/participants/{desk.ada}/summary?since={odd}").status_code == 200


def test_the_pages_speak_french(desk: House, phone: Phone) -> None:
    assert phone
    assert "règle" in look(desk, "scores", "qol@M1", language="fr").text.lower()
    assert "ne fait plus foi" in look(desk, "answers", "qol@M1", language="fr").text
