"""Cases in real browsers: two nurses and one case, an evening that climbs by the book, a level that expires, a night offline."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from qol_server.intake import casework
from qol_server.trial.roles import Role
from tests import people
from tests.browser import rig as phones
from tests.browser.rig import AppPhone
from tests.browser.weather import Server
from tests.intake.test_alerting import nausea
from tests.staff import casebook
from tests.staff.browser.rig import DESKTOP, TOO_WIDE, Seat
from tests.staff.rig import House


def worklist(seat: Seat) -> Page:
    """The worklist, in a browser whose timers are the story's."""
    seat.page.clock.install()
    return seat.open("/worklist?all=1")


def look(seat: Seat) -> None:
    """So much time passes that the page asks the server again."""
    with seat.page.expect_response(re.compile("/worklist/rows")):
        seat.page.clock.run_for(15_000)


def cases(page: Page) -> list[str]:
    return [str(row.get_attribute("data-case")) for row in page.locator("tr[data-case]").all()]


def test_two_nurses_race_for_a_case_and_the_second_sees_who_was_first(desk: House, seat: Callable[..., Seat]) -> None:
    casebook.answers(desk)
    nora, olga = seat(Role.NURSE, "01", name="nora"), seat(Role.NURSE, "01", name="olga")
    take = "Acknowledge and take"
    for each in (nora, olga):
        worklist(each).get_by_role("link", name=re.compile("^Read the case of")).click()
        expect(each.page.get_by_role("button", name=take)).to_be_visible()
    nora.page.get_by_role("button", name=take).click()
    expect(nora.page.get_by_text("The case is yours.")).to_be_visible()
    olga.page.get_by_role("button", name=take).click()
    expect(olga.page.get_by_role("alert")).to_contain_text("its owner: Nora")
    assert casebook.kinds(desk) == ["case.opened", "case.acknowledged"]
    olga.page.get_by_role("button", name="Take over").click()
    expect(olga.page.locator("dl.facts")).to_contain_text("You")
    assert casebook.kinds(desk)[-1] == "case.assigned"


def test_a_severe_evening_appears_by_itself_and_climbs_in_the_sites_hours(desk: House, seat: Callable[..., Seat]) -> None:
    nora = seat(Role.NURSE, "01", name="nora")
    page = worklist(nora)
    expect(page.get_by_text("No case is open")).to_be_visible()
    casebook.answers(desk, severity=3)  # Monday, eight in the evening
    look(nora)
    expect(page.get_by_role("status").first).to_have_text("New cases: 1. The most urgent: Same day.")
    expect(page).to_have_title(re.compile(r"^\(1\) Worklist"))
    expect(page.locator("tr[data-case]")).to_contain_text("All nurses are told in 16 h 0 min 3 Mar 2026, 12:00")
    climbed = []
    for moment in ("2026-03-03 07:59", "2026-03-03 11:59", "2026-03-03 12:00", "2026-03-03 16:00"):
        desk.trial.at(moment, "Europe/Paris")
        climbed.append(casework.escalate(desk.trial.study, desk.now))
    assert climbed == [0, 0, 1, 1]
    desk.trial.at("2026-03-03 16:01", "Europe/Paris")
    page = worklist(seat(Role.NURSE, "01", name="nora"))  # the night was longer than her session
    expect(page.locator("tr[data-case]")).to_contain_text("Escalated, step 2")
    page.keyboard.press("j")
    page.keyboard.press("a")
    page.get_by_role("button", name="Acknowledge and take").click()
    expect(page.get_by_text("The case is yours.")).to_be_visible()
    assert casebook.kinds(desk) == ["case.opened", "case.escalated", "case.escalated", "case.acknowledged"]


def test_an_expected_level_expires(desk: House, seat: Callable[..., Seat]) -> None:
    page = seat(Role.NURSE, "01", name="nora").open(f"/participants/{desk.ada}/expected")
    page.get_by_label("Question and its usual answer").select_option("nausea.severity=3")
    page.get_by_label("Last day on which it is usual").fill("2026-03-10")
    page.get_by_label("Why it is usual").fill("Before every cycle")
    page.get_by_role("button", name="Set an expected level").click()
    expect(page.get_by_text("The expected level is in force.")).to_be_visible()
    desk.trial.at("2026-03-10 20:00", "Europe/Paris")
    casebook.answers(desk, week=1)
    nora = seat(Role.NURSE, "01", name="nora")
    assert cases(nora.open("/worklist")) == []
    page = nora.open(f"/participants/{desk.ada}/expected")
    expect(page.get_by_text("Suppressed: expected level")).to_be_visible()
    desk.trial.at("2026-03-16 20:00", "Europe/Paris")
    casebook.answers(desk, week=2)
    nora = seat(Role.NURSE, "01", name="nora")
    expect(nora.open("/worklist").locator("tr[data-case]")).to_have_count(1)
    expect(nora.open(f"/participants/{desk.ada}/expected").get_by_text("No level is expected")).to_be_visible()


def test_the_worklist_is_worked_through_by_keyboard_and_the_keys_can_be_turned_off(desk: House, seat: Callable[..., Seat]) -> None:
    casebook.answers(desk)
    nora = seat(Role.NURSE, "01", name="nora")
    page = worklist(nora)
    page.keyboard.press("/")
    expect(page.locator("#filters select").first).to_be_focused()
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert nora.faults(DESKTOP) == []
    page.get_by_label("Use these keys").uncheck()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.closest('tr')") is None
    page.reload()
    expect(page.locator("#keys-use")).not_to_be_checked()
    page.evaluate("localStorage.clear()")
    page.reload()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Case of {desk.ada}")


def test_whoever_stands_in_a_row_stays_there_when_it_is_renewed_and_is_told_when_nothing_new_can_come(
    desk: House, server: Server, seat: Callable[..., Seat]
) -> None:
    casebook.answers(desk)
    nora = seat(Role.NURSE, "01", name="nora")
    page = worklist(nora)
    page.keyboard.press("j")
    desk.trial.now += timedelta(minutes=1)
    casebook.answers(desk, severity=4)
    look(nora)
    expect(page.locator("tr[data-case]")).to_contain_text("2 surveys")
    assert page.evaluate("document.activeElement.className") == "open"
    server.stop()
    page.clock.run_for(15_000)
    expect(page.locator("#trouble")).to_contain_text("New cases do not appear at the moment")
    server.start()
    look(nora)
    expect(page.locator("#trouble")).to_be_hidden()
    desk.trial.now += timedelta(minutes=31)
    look(nora)
    expect(page.locator("#trouble")).to_contain_text("You are not logged in any more")


@pytest.fixture
def ada(desk: House, browser: Browser, server: Server) -> Iterator[AppPhone]:
    phone = phones.phone(browser, server, people.ADA, desk.ada)
    yield phone
    phone.context.close()


@pytest.mark.parametrize("width", [960, 961, 1280])
def test_the_worklist_of_several_clocks_keeps_its_button_in_sight(desk: House, seat: Callable[..., Seat], width: int) -> None:
    clea = desk.trial.phone(desk.trial.enrol(people.CLEA))
    desk.trial.start_treatment(clea.number, date(2026, 3, 2))
    clea.answer("symptoms@W0", nausea(3))
    clea.sync()
    page = seat(Role.INVESTIGATOR, language="fr").open("/worklist")
    page.set_viewport_size({"width": width, "height": 900})
    expect(page.locator("tr[data-case]")).to_contain_text("(Martinique)")
    assert page.evaluate(TOO_WIDE) == []
    expect(page.locator("tr[data-case] .button")).to_be_in_viewport(ratio=1)


def test_a_fever_captured_offline_at_night_arrives_in_the_morning_and_ada_is_told_that_it_was_read(
    desk: House, seat: Callable[..., Seat], ada: AppPhone
) -> None:
    ada.at("2026-03-02 20:00")
    ada.pair_by_link()
    ada.offline()
    ada.at("2026-03-05 23:40")
    ada.button(re.compile("^" + re.escape(ada.words("happened.title")))).click()
    ada.choose("participant")
    ada.press("fill.start")
    ada.fill({"what": "Frissons", "started": "2026-03-05", "severity": 2, "ongoing": "yes"}, until="temperature")
    ada.give_answer("38,6")
    ada.press("action.next")
    ada.press("urgent.go_on")
    ada.fill({"hospital": "no", "emergency": "no", "medicine": "no", "dose_changed": "no", "told_staff": "no"})
    ada.press("fill.send")
    ada.press("action.go_on")
    ada.heading(ada.words("sent.title"))
    ada.at("2026-03-06 07:30")
    ada.online()
    ada.wait_until_sent(1)

    page = seat(Role.NURSE, "01", name="nora").open("/worklist")
    row = page.locator("tr[data-case]")
    expect(row).to_contain_text("Now")
    expect(row).to_contain_text("0 min ago 6 Mar 2026, 07:30")
    expect(row).to_contain_text("Entered 5 Mar 2026, 23:40")
    expect(row).to_contain_text("All nurses are told in 30 min")
    row.get_by_role("link", name="acknowledge it").click()
    page.get_by_role("button", name="Acknowledge and take").click()
    expect(page.get_by_text("The case is yours.")).to_be_visible()

    ada.at("2026-03-06 08:00")
    ada.reopen()
    ada.press("places.history")
    expect(ada.page.get_by_text("lu par votre centre le 6 mars 2026 à 07:30")).to_be_visible()
