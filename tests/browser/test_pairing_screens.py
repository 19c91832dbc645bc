"""The first screens: a code that is typed anyhow, the home screen of an iPhone, help before anything is paired."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests import people
from tests.browser import weather
from tests.browser.rig import AppPhone
from tests.browser.sides import row
from tests.browser.weather import Server

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1"
PUT_ON_HOME_SCREEN = "Object.defineProperty(navigator, 'standalone', { value: true })"


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("7qk4m2xp9d", "7QK4-M2XP-9D"),
        (" 7QK4 M2XP 9D ", "7QK4-M2XP-9D"),
        ("oilabcd123", "011A-BCD1-23"),
        ("7QK4-M2XP-9DXYZ", "7QK4-M2XP-9D"),
        ("https://example.org/desminib/app/#7QK4-M2XP-9D", "7QK4-M2XP-9D"),
    ],
)
def test_a_code_is_grouped_and_forgiven_while_it_is_typed(ben: AppPhone, typed: str, shown: str) -> None:
    field = ben.open().get_by_role("textbox")
    if typed.startswith("https:"):
        field.fill(typed)
    else:
        field.press_sequentially(typed)
    expect(field).to_have_value(shown)


def test_correcting_a_letter_in_the_middle_leaves_the_caret_there(ben: AppPhone) -> None:
    field = ben.open().get_by_role("textbox")
    field.fill("7QK4M2XP9D")
    field.evaluate("(field) => field.setSelectionRange(6, 7)")
    ben.page.keyboard.type("z3")
    expect(field).to_have_value("7QK4-MZ3X-P9")
    assert field.evaluate("(field) => field.selectionStart") == 8


def test_a_code_that_is_too_short_is_not_sent(ben: AppPhone, server: Server) -> None:
    ben.open().get_by_role("textbox").fill("7QK4-M2X")
    ben.press("action.go_on")
    ben.sees("welcome.missing", n=3)
    assert server.weather.count("devices") == 0


def test_the_language_can_be_changed_before_anything_else(ben: AppPhone) -> None:
    ben.open()
    ben.button("Français").click()
    ben.heading("Votre carnet d’étude")
    assert ben.page.locator("html").get_attribute("lang") == "fr"
    ben.reopen()
    ben.heading("Votre carnet d’étude")


def test_help_is_there_before_anything_is_paired(ben: AppPhone) -> None:
    ben.open()
    ben.press("emergency.short")
    ben.heading(ben.words("emergency.title"))
    assert [call.get_attribute("href") for call in ben.page.locator("main a").all()] == ["tel:112"]
    ben.press("action.back")
    ben.heading(ben.words("welcome.title"))


def test_on_an_iphone_the_app_is_put_on_the_home_screen_first(phones: Callable[..., AppPhone], server: Server) -> None:
    ben = phones(people.BEN, user_agent=IPHONE)
    code = server.code(ben.number)
    ben.open("#" + code)
    ben.heading(ben.words("install.title"))
    expect(ben.page.locator(".big-code")).to_have_text(code)
    assert server.weather.count("devices") == 0
    ben.press("install.not_now")
    ben.press("action.go_on")
    ben.confirm_number()


def test_from_the_home_screen_of_an_iphone_the_code_is_typed(phones: Callable[..., AppPhone]) -> None:
    ben = phones(people.BEN, user_agent=IPHONE)
    ben.context.add_init_script(PUT_ON_HOME_SCREEN)
    ben.pair_by_typing()
    ben.heading(ben.words("today.title"))


PROMISES = """
    globalThis.timesAsked = 0;
    globalThis.promise = %s;
    Object.assign(globalThis.StorageManager?.prototype ?? {}, {
        persisted: async () => timesAsked > 0 && promise,
        persist: async () => { timesAsked += 1; return promise; },
    });
"""


def to_the_last_screen(phone: AppPhone, server: Server) -> None:
    phone.open("#" + server.code(phone.number))
    phone.press("action.go_on")
    phone.press("confirm.yes")
    phone.heading(phone.words("ready.title"))
    assert phone.page.evaluate("timesAsked") == 0
    phone.press("ready.done")
    phone.heading(phone.words("today.title"))
    assert phone.page.evaluate("timesAsked") == 1


def test_the_browser_is_asked_to_keep_what_is_entered(ben: AppPhone, server: Server) -> None:
    ben.context.add_init_script(PROMISES % "true")
    to_the_last_screen(ben, server)
    server.weather.always("sync", weather.UNAVAILABLE)
    ben.take_dose()
    ben.wait_for_sync("waiting")
    may_go = ben.page.get_by_text(ben.words("notice.not-persistent.title"))
    expect(may_go).to_have_count(0)
    ben.press("places.settings")
    row(ben, "my_data.title")
    ben.sees("my_data.storage.kept")


def test_where_the_browser_does_not_promise_it_today_says_so_while_something_waits_and_it_is_asked_again(
    ben: AppPhone, server: Server
) -> None:
    ben.context.add_init_script(PROMISES % "false")
    to_the_last_screen(ben, server)
    may_go = ben.page.get_by_text(ben.words("notice.not-persistent.title"))
    expect(may_go).to_have_count(0)  # nothing can be lost yet
    server.weather.always("sync", weather.UNAVAILABLE)
    ben.take_dose()
    ben.wait_for_sync("waiting")
    may_go.click()
    ben.heading(ben.words("my_data.title"))
    ben.sees("my_data.storage.may_go")
    ben.press("notice.not-persistent.action")
    ben.sees("my_data.storage.refused")
    assert ben.page.evaluate("timesAsked") == 2
    ben.page.evaluate("() => { promise = true; }")
    ben.press("notice.not-persistent.action")
    ben.sees("my_data.storage.kept")
    ben.press("action.back")
    ben.heading(ben.words("today.title"))
    expect(may_go).to_have_count(0)
