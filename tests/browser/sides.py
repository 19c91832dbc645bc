"""Ways through the app's side screens that several stories take."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.rig import AppPhone


def stands_on(phone: AppPhone, key: str) -> None:
    """The heading of the screen is these words of the app."""
    phone.heading(phone.words(key))


def paired(phone: AppPhone) -> AppPhone:
    """Paired by the nurse's link, on Today."""
    phone.pair_by_link()
    return phone


def row(phone: AppPhone, key: str) -> None:
    """Tap the row of a list whose title are these words, and wait for the screen that it leads to."""
    before = phone.question
    phone.page.get_by_role("button").filter(has=phone.page.locator(".row-title", has_text=phone.words(key))).first.click()
    expect(phone.page.get_by_role("heading", level=1)).not_to_have_text(before)


def settings(phone: AppPhone, key: str) -> None:
    """From Today to one of the settings."""
    phone.press("places.settings")
    stands_on(phone, "settings.title")
    row(phone, key)


def ask(phone: AppPhone, what: str, note: str = "") -> None:
    """From Today: ask the site for a call, a pause or the end."""
    phone.press("places.help")
    row(phone, f"help.{what}.title")
    stands_on(phone, f"help.{what}.title")
    if note:
        phone.page.get_by_label(phone.words("help.note")).fill(note)
    phone.press(f"help.{what}.ask")
    stands_on(phone, "help.asked_for")


def enter_pin(phone: AppPhone, pin: str) -> None:
    """On the locked screen."""
    phone.page.get_by_label(phone.words("pin.old")).fill(pin)
    phone.press("lock.open")


def set_pin(phone: AppPhone, pin: str) -> None:
    """From Today: set a PIN, and be on Today again."""
    settings(phone, "pin.title")
    phone.page.get_by_label(phone.words("pin.new"), exact=True).fill(pin)
    phone.page.get_by_label(phone.words("pin.again"), exact=True).fill(pin)
    phone.press("pin.save")
    stands_on(phone, "settings.title")
    phone.press("action.back")
    stands_on(phone, "today.title")


def enter_code(phone: AppPhone, code: str) -> None:
    """Type a pairing code and go on."""
    phone.page.get_by_label(phone.words("code.label")).press_sequentially(code)
    phone.press("again.pair")
