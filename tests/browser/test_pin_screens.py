"""The PIN keeps others out of the app: it is set, asked for, forgotten, and nothing that was entered is lost with it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.rig import AppPhone
from tests.browser.sides import ask, enter_code, enter_pin, paired, row, set_pin, settings, stands_on
from tests.browser.weather import Server

PIN = "2580"


@pytest.fixture
def locked(ada: AppPhone) -> AppPhone:
    """Ada set a PIN, and opened the app again."""
    set_pin(paired(ada), PIN)
    ada.reopen()
    stands_on(ada, "lock.title")
    return ada


def test_the_app_opens_with_the_pin_and_the_emergency_card_without_it(locked: AppPhone) -> None:
    expect(locked.page.get_by_role("navigation")).to_have_count(0)
    locked.press("emergency.short")
    stands_on(locked, "emergency.title")
    expect(locked.page.locator('a[href="tel:112"]')).to_be_visible()
    assert "Imatinib" not in locked.page.locator("main").inner_text()
    locked.press("action.back")
    stands_on(locked, "lock.title")
    enter_pin(locked, "1111")
    locked.sees("pin.wrong")
    expect(locked.page.get_by_label(locked.words("pin.old"))).to_be_focused()
    enter_pin(locked, PIN)
    stands_on(locked, "today.title")


def test_no_screen_is_reached_past_the_lock(locked: AppPhone) -> None:
    locked.page.evaluate("""() => {
        history.pushState({ route: { name: "history" }, depth: 1 }, "");
        dispatchEvent(new PopStateEvent("popstate", { state: history.state }));
    }""")
    stands_on(locked, "lock.title")
    locked.page.go_back()
    stands_on(locked, "lock.title")


def test_it_locks_itself_after_a_minute_in_the_background(ada: AppPhone) -> None:
    set_pin(paired(ada), PIN)
    hide = """(state) => {
        Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    ada.page.evaluate(hide, "hidden")
    ada.phone_clock("2026-03-02 20:00:30")
    ada.page.evaluate(hide, "visible")
    stands_on(ada, "today.title")
    ada.page.evaluate(hide, "hidden")
    ada.phone_clock("2026-03-02 20:02:30")
    ada.page.evaluate(hide, "visible")
    stands_on(ada, "lock.title")


def test_after_too_many_wrong_tries_one_has_to_wait_also_after_the_app_was_closed(locked: AppPhone) -> None:
    for _ in range(5):
        enter_pin(locked, "1111")
        locked.sees("pin.wrong")
        locked.page.get_by_label(locked.words("pin.old")).fill("")
    enter_pin(locked, PIN)
    locked.sees("pin.too_many")
    expect(locked.page.get_by_text(re.compile(locked.words("pin.wait_seconds", n=2).replace("2", r"\d+")))).to_be_visible()
    locked.reopen()
    enter_pin(locked, PIN)
    locked.sees("pin.too_many")
    expect(locked.button(locked.words("lock.open"))).to_have_attribute("aria-disabled", "true")
    locked.phone_clock("2026-03-02 20:02")
    expect(locked.page.get_by_text(locked.words("pin.too_many"))).to_have_count(0)
    enter_pin(locked, PIN)
    stands_on(locked, "today.title")


def test_what_waits_is_sent_while_the_app_is_locked(ada: AppPhone, server: Server) -> None:
    set_pin(paired(ada), PIN)
    ada.installed()
    ada.offline()
    ask(ada, "call-me")
    ada.kill()
    ada.online()
    ada.open()
    stands_on(ada, "lock.title")
    ada.wait_until_sent(1)
    assert [fact["what"] for fact in server.facts(ada.number, "help.asked")] == ["call-me"]
    ada.check_nothing_is_lost()


def test_a_forgotten_pin_goes_with_a_new_code_and_nothing_else_does(ada: AppPhone, server: Server) -> None:
    set_pin(paired(ada), PIN)
    ada.installed()
    server.stop()
    ask(ada, "pause", "Je suis fatiguée.")
    waiting = ada.sealed()
    assert len(waiting) == 1
    server.start()
    server.weather.always("sync", lambda app, environ, start: (start("503 Service Unavailable", []), [b""])[1])
    ada.reopen()
    ada.press("lock.forgot")
    enter_code(ada, server.code(ada.number).lower().replace("-", " "))
    stands_on(ada, "today.title")
    assert ada.sealed() == waiting
    server.weather.clear()
    ada.reopen()
    stands_on(ada, "today.title")
    ada.wait_until_sent(1)
    ada.check_nothing_is_lost()


def test_the_code_of_somebody_else_opens_nothing(ada: AppPhone, server: Server, ben: AppPhone) -> None:
    paired(ada)
    ask(ada, "call-me")
    ada.wait_until_sent(1)
    ada.press("action.done")
    set_pin(ada, PIN)
    ada.reopen()
    ada.press("lock.forgot")
    enter_code(ada, server.code(ben.number))
    ada.sees("trouble.other-participant")
    ada.press("action.back")
    enter_pin(ada, PIN)
    stands_on(ada, "today.title")


def test_a_pin_is_typed_twice_changed_and_taken_away(ada: AppPhone) -> None:
    paired(ada)
    settings(ada, "pin.title")
    new, again = (ada.page.get_by_label(ada.words(key), exact=True) for key in ("pin.new", "pin.again"))
    new.fill("12a")
    assert new.input_value() == "12"
    ada.press("pin.save")
    ada.sees("pin.too_short")
    expect(new).to_be_focused()
    new.fill("1234")
    again.fill("1243")
    ada.press("pin.save")
    ada.sees("pin.differs")
    expect(again).to_be_focused()
    again.fill("1234")
    ada.press("pin.save")
    stands_on(ada, "settings.title")
    row(ada, "pin.title")
    ada.press("pin.change")
    ada.page.get_by_label(ada.words("pin.old"), exact=True).fill("9999")
    new.fill(PIN)
    again.fill(PIN)
    ada.press("pin.save")
    ada.sees("pin.wrong")
    ada.page.get_by_label(ada.words("pin.old"), exact=True).fill("1234")
    ada.press("pin.save")
    stands_on(ada, "settings.title")
    row(ada, "pin.title")
    ada.press("pin.remove")
    ada.page.get_by_label(ada.words("pin.old"), exact=True).fill(PIN)
    ada.press("pin.remove")
    stands_on(ada, "settings.title")
    ada.reopen()
    stands_on(ada, "today.title")
