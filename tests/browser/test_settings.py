"""What can be changed in the app: its language, the hour of reminders, its size; and the file of one's own data."""

from __future__ import annotations

import json
import re

from playwright.sync_api import expect

from tests.browser.pages import Blank
from tests.browser.rig import AppPhone
from tests.browser.sides import ask, paired, row, settings, stands_on
from tests.browser.weather import Server


def shown_language(phone: AppPhone) -> str | None:
    return phone.page.locator("html").get_attribute("lang")


def test_the_app_speaks_another_language_at_once_and_the_questionnaires_after_a_sync(ada: AppPhone, server: Server) -> None:
    paired(ada)
    assert shown_language(ada) == "fr"
    expect(ada.page.get_by_role("heading", name="Votre traitement")).to_be_visible()
    ada.installed()
    ada.offline()
    settings(ada, "language.title")
    assert ada.page.locator(".choice").all_inner_texts() == ["English", "Français"]
    ada.choose("en")
    assert shown_language(ada) == "fr"  # not before it is said
    ada.press("language.use")
    expect(ada.page.get_by_role("heading", level=1)).to_have_text("Settings")
    assert shown_language(ada) == "en"
    ada.reopen()
    expect(ada.page.get_by_role("heading", level=1)).to_have_text("Today")
    ada.online()
    ada.wait_until_sent(1)
    (fact,) = server.facts(ada.number, "preference.set")
    assert fact["language"] == "en"
    expect(ada.page.get_by_role("heading", name="Your medicine")).to_be_visible()
    wordings = {
        one["data"]["wording"]["language"] for one in ada.rows("feed").values() if one["type"] == "instrument" and one["data"]["wording"]
    }
    assert wordings == {"en"}
    ada.check_nothing_is_lost()


def test_the_first_of_a_month_is_said_as_people_there_say_it(ada: AppPhone, server: Server) -> None:
    paired(ada)
    said = """async (url) => {
        const { day, dayAndHour } = await import(url);
        const days = [day("2026-03-01"), day("2026-03-01", "short"), day("2026-03-11"), day("2026-03-01", "month")];
        return [...days, dayAndHour("2026-03-01T12:00:00Z")];
    }"""
    words = ada.page.evaluate(said, f"{server.app_url}{ada.release}/words/index.js")
    assert words[:4] == ["dimanche 1er mars", "1er mars", "mercredi 11 mars", "mars 2026"]
    assert words[4].startswith("1er mars 2026")


def test_reminders_come_at_another_hour(ada: AppPhone, server: Server) -> None:
    paired(ada)
    settings(ada, "reminders.title")
    hours = ada.page.get_by_label(ada.words("reminders.hour"))
    assert hours.input_value() == "9"
    assert hours.locator("option").count() == 24
    assert hours.locator("option").nth(20).inner_text() == "20:00"
    hours.select_option("20")
    ada.press("reminders.save")
    stands_on(ada, "settings.title")
    ada.sees("reminders.at", hour="20:00")
    ada.wait_until_sent(1)
    assert [fact["reminder_hour"] for fact in server.facts(ada.number, "preference.set")] == [20]
    row(ada, "reminders.title")
    ada.press("reminders.save")
    stands_on(ada, "settings.title")
    assert len(ada.sealed()) == 1  # nothing was changed, so nothing is sent


def test_the_text_grows_at_once_and_stays_so(ada: AppPhone) -> None:
    paired(ada)
    settings(ada, "text_size.title")
    for size in (125, 150, 200):
        ada.choose(size)
        expect(ada.page.locator("html")).to_have_css("font-size", f"{16 * size / 100:g}px")
        assert ada.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    ada.press("action.done")
    stands_on(ada, "settings.title")
    ada.reopen()
    expect(ada.page.locator("html")).to_have_css("font-size", "32px")


def test_the_own_data_come_as_a_file_without_the_key_to_the_server(ada: AppPhone) -> None:
    paired(ada)
    ask(ada, "call-me", "Mon fils répond parfois.")
    ada.wait_until_sent(1)
    ada.press("action.done")
    settings(ada, "my_data.title")
    with ada.page.expect_download() as came:
        ada.press("my_data.save")
    assert came.value.suggested_filename == f"qol-desminib-{ada.number}-2026-03-02.json"
    text = came.value.path().read_text(encoding="utf-8")
    kept = json.loads(text)
    assert kept["identity"]["participant"] == ada.number
    assert [entry["entry"]["note"] for entry in kept["entries"]] == ["Mon fils répond parfois."]
    assert ada.rows("meta")["identity"]["token"] not in text
    ada.sees("my_data.saved")


def test_what_the_app_is_can_be_looked_up(ada: AppPhone) -> None:
    paired(ada)
    settings(ada, "about.title")
    said = ada.page.locator("main").inner_text()
    assert ada.number in said
    assert "NCT00287846" in said
    assert "Apache" in said
    assert re.search(r"\b1\.0\.0\b", said)


def test_the_hour_is_the_servers_but_while_another_waits_to_be_sent(modules: Blank) -> None:
    def known(state: str) -> dict[str, object]:
        chosen = {"kind": "preference.set", "state": state}
        return {"settings": {"reminder_hour": 20}, "participation": {"reminder_hour": 8}, "entries": [chosen]}

    fresh = {"settings": {}, "participation": None, "entries": []}
    cases = [[known("queued")], [known("sending")], [known("committed")], [fresh]]
    assert modules.each("view/reminders.js", "reminderHour", cases) == [20, 20, 8, None]
