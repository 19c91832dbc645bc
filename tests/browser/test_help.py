"""A participant asks the site for a call, a pause or the end: it is journaled once, also from a tunnel, and never argued with."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.rig import AppPhone
from tests.browser.sides import ask, paired, stands_on
from tests.browser.weather import Server


def test_what_is_asked_reaches_the_journal(ada: AppPhone, server: Server) -> None:
    paired(ada)
    wishes = [("call-me", ""), ("pause", "Fatiguée 😴 « très »"), ("stop", "")]
    for what, note in wishes:
        ask(ada, what, note)
        ada.sees("help.arrived")
        ada.press("action.done")
    assert [(fact["what"], fact["note"] or "") for fact in server.facts(ada.number, "help.asked")] == wishes
    ada.check_nothing_is_lost()


def test_what_was_asked_offline_stays_visible_until_it_arrived(ada: AppPhone, server: Server) -> None:
    paired(ada)
    ada.installed()
    ada.offline()
    ask(ada, "stop")
    ada.sees("help.waits")
    assert server.facts(ada.number, "help.asked") == []
    ada.press("action.done")
    ada.press("places.help")
    ada.sees("outbox.waits")
    ada.online()
    ada.sees("outbox.arrived")
    assert len(server.facts(ada.number, "help.asked")) == 1


def test_whoever_goes_back_has_asked_for_nothing(ada: AppPhone) -> None:
    paired(ada)
    ada.press("places.help")
    ada.page.get_by_role("button").filter(has_text=ada.words("help.stop.title")).click()
    ada.press("action.back")
    stands_on(ada, "help.title")
    assert ada.sealed() == {}


def test_each_screen_says_that_nobody_reads_at_once_and_whom_to_call(ada: AppPhone) -> None:
    paired(ada)
    ada.press("places.help")
    for what in ("call-me", "pause", "stop"):
        ada.page.get_by_role("button").filter(has_text=ada.words(f"help.{what}.title")).click()
        stands_on(ada, f"help.{what}.title")
        expect(ada.page.locator('main a[href^="tel:"]').first).to_be_visible()
        assert "112" in ada.page.locator("main").inner_text()
        ada.press("action.back")
