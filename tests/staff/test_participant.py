"""The page of a participant: what waits, the strip as it is built, the tables that say the same, and who sees what of it."""

from __future__ import annotations

import re
from datetime import date
from xml.etree import ElementTree as ET

import pytest

from qol_server.staff import participant
from qol_server.trial.roles import Role
from tests import people
from tests.staff import clinic
from tests.staff.rig import House, Member

SVG = "{http://www.w3.org/2000/svg}"


def strip(member: Member) -> ET.Element:
    """The drawing, which is well-formed XML of its own."""
    found = re.search(r"<svg class=\"strip\".*?</svg>", member.html, re.DOTALL)
    assert found is not None
    return ET.fromstring(found[0])


def rows(drawing: ET.Element) -> dict[str, ET.Element]:
    """Row by its label."""
    return {(each.get("aria-label") or "").partition(":")[0]: each for each in drawing if each.get("class") == "row"}


def said(row: ET.Element) -> list[str]:
    """What the marks of a row say, in order."""
    return [title.text or "" for title in row.iter(f"{SVG}title")]


@pytest.fixture
def nora(desk: House) -> Member:
    clinic.course(desk)
    nora = desk.login(Role.NURSE, "01")
    nora.get(f"/participants/{desk.ada}")
    assert nora.status == 200
    return nora


def test_the_strip_shows_dose_days_visits_alerts_events_symptoms_and_scores_on_one_axis(nora: Member) -> None:
    drawn = rows(strip(nora))
    assert said(drawn["Prescribed dose"])[1:3] == ["hold, 9 Mar 2026 to 11 Mar 2026", "400 mg a day, 12 Mar 2026 to 15 Mar 2026"]
    assert said(drawn["Doses"])[:4] == [
        "taken as prescribed, 2 Mar 2026 to 4 Mar 2026", "stated as missed, 5 Mar 2026", "unknown, 6 Mar 2026 to 7 Mar 2026",
        "taken as prescribed, 8 Mar 2026",
    ]  # fmt: skip
    assert said(drawn["Quality of life"]) == ["BASELINE, 1 Mar 2026: answered", "M1, 26 Mar 2026 to 4 Apr 2026: answered"]
    assert said(drawn["Alerts"]) == ["severe-symptom, 23 Mar 2026: the same day", "worsening, 23 Mar 2026: the same day"]
    assert said(drawn["Adverse events"]) == ["Nausea, grade 2, 2 Mar 2026 to still going on, not signed"]
    assert said(drawn["Nausea"]) == ["Mild, 9 Mar 2026", "Mild, 16 Mar 2026", "Bad, 23 Mar 2026"]
    assert said(drawn["Physical functioning"]) == ["100, 1 Mar 2026", "60, 2 Apr 2026"]


def test_marks_of_one_day_stand_above_each_other(nora: Member) -> None:
    drawn = rows(strip(nora))
    [hold] = [mark for mark in drawn["Prescribed dose"] if "hold" in (mark.get("aria-label") or "")]
    [held] = [mark for mark in drawn["Doses"] if "on hold" in (mark.get("aria-label") or "")]
    both = [mark.find(f"{SVG}rect") for mark in (hold, held)]
    assert len({(rect.get("x"), rect.get("width")) for rect in both if rect is not None}) == 1


def test_every_mark_has_words_and_the_drawing_a_title_and_a_description(nora: Member) -> None:
    drawing = strip(nora)
    labelled = drawing.get("aria-labelledby") or ""
    assert all(drawing.find(f".//*[@id='{each}']") is not None for each in labelled.split())
    marks = [each for each in drawing.iter() if each.tag in (f"{SVG}a", f"{SVG}g") and each.get("class") != "row"]
    assert len(marks) > 50
    for mark in marks:
        title = mark.find(f"{SVG}title")
        assert title is not None
        assert mark.get("aria-label") == title.text


def test_the_keyboard_reaches_each_row_and_not_hundreds_of_marks(nora: Member) -> None:
    drawing = strip(nora)
    stops = [each for each in drawing.iter() if each.get("tabindex") == "0" or (each.tag == f"{SVG}a" and each.get("tabindex") is None)]
    assert 20 < len(stops) < 60
    for label, row in rows(drawing).items():
        assert row.get("tabindex") == "0" or any(each in stops for each in row.iter()), label


def test_nothing_in_the_drawing_is_styled_inline_or_runs(nora: Member) -> None:
    for each in strip(nora).iter():
        assert not [name for name in each.attrib if name == "style" or name.startswith("on")]
        assert each.tag != f"{SVG}script"


def test_the_tables_say_the_same(nora: Member) -> None:
    for fact in (
        "5 Mar 2026 5 Mar 2026 1 stated as missed", "9 Mar 2026 11 Mar 2026 hold Toxicity", "23 Mar 2026 severe-symptom the same day case",
        "Nausea 2 2 Mar 2026 still going on not signed", "23 Mar 2026 W3 Bad",
    ):  # fmt: skip
        assert fact in nora.text


def test_long_tables_hold_their_latest_rows_and_all_of_them_are_a_click_away(
    nora: Member, desk: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(participant, "ROWS", 2)
    page = f"/participants/{desk.ada}?period=all"
    nora.get(page)
    assert "The latest 2 of 4 rows. All rows" in nora.text
    assert "23 Mar 2026 W3 Bad" in nora.text
    assert "9 Mar 2026 W1 Mild" not in nora.text
    nora.get(page + "&rows=all")
    assert "9 Mar 2026 W1 Mild" in nora.text
    assert "The latest" not in nora.text


def test_what_waits_stands_at_the_top(nora: Member) -> None:
    assert "1 adverse event waits for a signature" in nora.text
    assert re.search(r"Open cases Symptom diary the same day .* ago", nora.text)
    assert "800 mg a day (since 16 Mar 2026, Progression)" in nora.text


def test_the_period_is_chosen_in_the_address(desk: House, nora: Member) -> None:
    desk.trial.at("2026-06-15 08:00")
    nora = desk.login(Role.NURSE, "01")
    nora.get(f"/participants/{desk.ada}")
    assert "severe-symptom" not in nora.text
    for period in ("6m", "all"):
        nora.get(f"/participants/{desk.ada}?period={period}")
        assert "severe-symptom, 23 Mar 2026" in nora.text
    assert nora.get(f"/participants/{desk.ada}?period=forever").status_code == 200


def test_whoever_works_no_cases_sees_none_and_gets_no_link_to_them(desk: House, nora: Member) -> None:
    assert "/cases/" in nora.html
    dana = desk.login(Role.DATA_MANAGER, "01")
    assert dana.get(f"/participants/{desk.ada}").status_code == 200
    assert "/cases/" not in dana.html
    assert "Open cases" not in dana.text
    assert "severe-symptom" in dana.text


def test_of_somebody_who_has_just_been_enrolled_there_is_little(desk: House) -> None:
    ben = desk.trial.enrol(people.BEN)
    nora = desk.login(Role.NURSE, "02")
    assert nora.get(f"/participants/{ben}").status_code == 200
    assert "included, before treatment" in nora.text
    assert strip(nora) is not None


def test_after_a_death_the_page_says_so(desk: House) -> None:
    desk.trial.anchor(desk.ada, "death", date(2026, 3, 2))
    nora = desk.login(Role.NURSE, "01")
    nora.get(f"/participants/{desk.ada}")
    assert "Participation ended on 2 Mar 2026" in nora.text


def test_the_strip_speaks_french(desk: House) -> None:
    clinic.course(desk)
    nora = desk.login(Role.NURSE, "01", language="fr")
    nora.get(f"/participants/{desk.ada}")
    assert {"Dose prescrite", "Nausées", "Qualité de vie"} <= rows(strip(nora)).keys()
    assert "prise manquée déclarée, 5 mars 2026" in said(rows(strip(nora))["Prises"])


def test_a_newcomers_page_leads_to_what_comes_next_until_it_is_done(desk: House) -> None:
    ben = desk.trial.enrol(people.BEN)
    nurse, iris = desk.login(Role.NURSE), desk.login(Role.INSPECTOR)
    here = f"/participants/{ben}"
    nurse.get(here)
    assert "What comes next Record the start of the treatment Pair a phone" in nurse.text
    iris.get(here)
    assert "What comes next" not in iris.text
    desk.trial.start_treatment(ben, date(2026, 3, 2))
    nurse.get(here)
    assert "What comes next Pair a phone" in nurse.text
    desk.trial.phone(ben)
    nurse.get(here)
    assert "What comes next" not in nurse.text
