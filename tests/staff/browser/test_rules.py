"""Rules in real browsers: a study manager rehearses a draft, puts it into force, and sees how much work the alerts are."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from playwright.sync_api import Page, expect

from qol_server import journal
from qol_server.intake import casework, expecting
from qol_server.state import cases
from qol_server.trial.facts import Kind
from qol_server.trial.roles import Role
from tests import people
from tests.intake.test_alerting import nausea
from tests.people import Phone
from tests.staff.browser.rig import DESKTOP, PHONE, Seat
from tests.staff.rehearsing import MILDER
from tests.staff.rig import PASSWORD, House


def row(page: Page, table: str, first: str) -> list[str]:
    """The cells of a table's row, which begins with ``first``."""
    rows = page.get_by_role("table", name=table, exact=True).get_by_role("row")
    there = rows.filter(has=page.get_by_role("rowheader", name=first, exact=True))
    expect(there).to_have_count(1)
    return [" ".join(cell.split()) for cell in there.get_by_role("cell").all_inner_texts()]


@pytest.fixture
def phone(desk: House) -> Phone:
    """Ada's phone, after three weeks: severe nausea, a moderate fever, a high one."""
    phone = desk.trial.phone(desk.ada)
    fevers = [{"fever.frequency": 1, "temperature": measured} for measured in ("38.1", "39.2")]
    for week, answers in enumerate((nausea(3), *fevers)):
        desk.trial.at(f"2026-03-{2 + 7 * week:02} 20:00", "Europe/Paris")
        phone.answer(f"symptoms@W{week}", answers)
        phone.sync()
    return phone


def test_a_draft_is_rehearsed_activated_and_judges_the_next_survey(desk: House, seat: Callable[..., Seat], phone: Phone) -> None:
    for name in ("nora", "olga"):
        desk.login(Role.NURSE, "01", name=name)
    marta = seat(Role.STUDY_MANAGER)
    page = marta.open("/rehearsal")
    draft = page.get_by_label("Draft of the rules")
    expect(draft).to_have_value(re.compile("severe-abdominal-pain"))
    draft.fill(MILDER)
    page.get_by_role("button", name="Rehearse").click()
    expect(page.get_by_text("Surveys judged again: 3, of 1 participant, in 2 weeks.")).to_be_visible()
    assert row(page, "How much work", "Alerts a week") == ["1", "1"]
    assert row(page, "Alerts by rule", "severe-symptom") == ["1", "0"]
    assert row(page, "Cases and times raised anew a week, by site", "01") == ["2", "1", "1", "0.5", "0.5"]
    assert row(page, "Cases and times raised anew, by participant", desk.ada) == ["2", "2"]
    for part, (which, survey) in (
        ("lost", ("Only the rules in force raise an alert", "symptoms@W0")),
        ("gained", ("Only the draft raises an alert", "symptoms@W1")),
        ("later", ("The draft makes it less urgent", "symptoms@W2")),
    ):
        expect(page.get_by_role("heading", name=which)).to_be_visible()
        there = page.locator(f"[aria-labelledby={part}] tbody tr")
        expect(there).to_have_count(1)
        expect(there).to_contain_text(desk.ada)
        expect(there).to_contain_text(survey)
    assert marta.faults(DESKTOP) == []
    assert marta.faults(PHONE, "dark") == []

    desk.trial.now += timedelta(minutes=20)  # the figures are read and thought over
    page.get_by_label("Why the rules change").fill("Too many calls for what passes by itself")
    page.get_by_role("button", name="Activate these rules").click()
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("The rules are in force.")
    expect(page.get_by_label("Draft of the rules")).to_have_value(re.compile("quiet-fever"))
    adopted = journal.of_kind(desk.trial.study.store.read(), Kind.PROTOCOL_ADOPTED)
    assert [entry.reason for entry in adopted[1:]] == ["Too many calls for what passes by itself"]

    [there] = cases.still_open(desk.trial.study.store.read())
    casework.resolve(
        desk.trial.study, there["case"], seen=there["version"], action="called", outcome="recovered", reason="well again",
        actor=people.NURSE, now=desk.now,
    )  # fmt: skip
    desk.trial.at("2026-03-23 20:00", "Europe/Paris")
    before = raised(desk)
    phone.answer("symptoms@W3", nausea(4) | {"fever.frequency": 1, "temperature": "38.1"})
    phone.sync()
    assert raised(desk)[len(before) :] == [("quiet-fever", "same-day")]
    nora = seat(Role.NURSE, "01", name="nora").open("/worklist?all=1")
    expect(nora.locator("tr[data-case]")).to_have_count(1)
    expect(nora.locator("tr[data-case]").filter(has_text="23 Mar 2026")).to_contain_text("Same day")


def raised(desk: House) -> list[tuple[str, str]]:
    rows = desk.trial.study.store.read().all("SELECT rule, urgency FROM alerts ORDER BY position")
    return [(each["rule"], each["urgency"]) for each in rows]


def test_the_load_of_each_site_with_what_an_expected_level_explains(desk: House, seat: Callable[..., Seat]) -> None:
    trial = desk.trial
    ben = trial.enrol(people.BEN)
    trial.start_treatment(ben, date(2026, 3, 2))
    phones = [trial.phone(number) for number in (desk.ada, ben)]
    expecting.expect(
        trial.study, desk.ada, "nausea.severity", 3, date(2026, 3, 20), reason="Before every cycle", actor=people.NURSE, now=trial.now
    )
    for week, severity in ((0, 3), (1, 4)):
        trial.at(f"2026-03-{2 + 7 * week:02} 20:00", "Europe/Paris")
        for each in phones[: 2 - week]:
            each.answer(f"symptoms@W{week}", nausea(severity))
            each.sync()
    trial.at("2026-03-10 09:00", "Europe/Paris")
    for there in cases.still_open(trial.study.store.read()):
        casework.acknowledge(trial.study, there["case"], seen=there["version"], actor=people.NURSE, now=trial.now)

    marta = seat(Role.STUDY_MANAGER)
    page = marta.open("/load")
    expect(page.get_by_text("Cases opened: 2")).to_be_visible()
    assert row(page, "Alerts by site", "01") == ["50 % 1 of 2", "50 % 1 of 2"]
    assert row(page, "Alerts by site", "02") == ["100 % 1 of 1", "0 % 0 of 1"]
    assert row(page, "By site", "01")[:3] == ["1", "13 h 0 min 13 h 0 min", "1 h 0 min 1 h 0 min"]
    assert row(page, "By site", "02")[:2] == ["1", "7 d 13 h 7 d 13 h"]
    assert marta.faults(DESKTOP) == []
    assert marta.faults(PHONE, "dark") == []
    page.get_by_label("Site", exact=True).select_option("02")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("Cases opened: 1")).to_be_visible()
    expect(page.get_by_text(desk.ada)).to_have_count(0)
    expect(page.get_by_label("Site", exact=True)).to_have_value("02")
