"""Without a network: answering, being killed, three days in airplane mode, two windows, a browser that starts again."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import BrowserType, expect

from qol_server.cli import browser as finder
from tests import people
from tests.browser import rig, weather
from tests.browser.rig import AppPhone
from tests.browser.test_diaries import RED_FLAGS
from tests.browser.weather import Gate, Server


def test_an_answer_given_online_is_at_the_site_at_once(ben: AppPhone, server: Server) -> None:
    ben.pair_by_link()
    ben.begin()
    ben.fill({"intake.1.status": "taken", "intake.1.time": "08:05", "comment": "with breakfast – à table 🥐"})
    ben.send()
    ben.sees("sent.arrived")
    ben.check_nothing_is_lost()
    (fact,) = server.facts(ben.number)
    assert fact["occurrence"] == "dose@2026-03-02"
    assert fact["answers"] == {"intake.1.status": "taken", "intake.1.time": "08:05", "comment": "with breakfast – à table 🥐"}
    assert (fact["by"], fact["mode"], fact["language"], fact["time_zone"]) == ("participant", "app", "en", "Europe/Paris")
    assert fact["captured_at"].startswith("2026-03-02T20:00:")
    assert fact["captured_at"].endswith("+01:00")


def test_killed_in_a_tunnel_it_opens_at_the_same_question(ben: AppPhone, server: Server) -> None:
    ben.pair_by_link()
    ben.offline()
    ben.begin()
    ben.fill({"intake.1.status": "different", "intake.1.mg": "200"}, until="intake.1.time")
    ben.page.get_by_label(ben.question).fill("21:15")
    ben.kept("dose@2026-03-02", "intake.1.time", "21:15")
    ben.reopen()
    assert ben.item == "intake.1.time"
    assert ben.page.get_by_label(ben.question).input_value() == "21:15"
    ben.fill({"intake.1.time": "21:15"})
    ben.send()
    ben.sees("sent.waits")
    assert ben.stored() == {}
    ben.online()
    ben.sees("sent.arrived")
    ben.check_nothing_is_lost()
    assert server.facts(ben.number)[0]["answers"]["intake.1.mg"] == "200"


def test_killed_right_after_sending_in_a_tunnel(ben: AppPhone, server: Server) -> None:
    ben.pair_by_link()
    ben.offline()
    ben.begin()
    ben.fill({"intake.1.status": "taken", "intake.1.time": "08:00"})
    ben.press("fill.send")
    ben.heading(ben.words("sent.title"))
    ben.kill()
    ben.online()
    ben.open()
    ben.wait_until_sent(1)
    ben.check_nothing_is_lost()
    assert len(server.facts(ben.number)) == 1


def test_three_days_in_airplane_mode(ben: AppPhone, server: Server) -> None:
    ben.pair_by_link()
    ben.offline()
    ben.take_dose()
    for day in ("2026-03-03", "2026-03-04", "2026-03-05"):
        ben.phone_clock(f"{day} 20:30")
        ben.reopen()
        ben.take_dose()
        ben.kill()
        ben.open()
    ben.sees("notice.unsent-long.title")
    assert len(ben.sealed()) == 4
    assert ben.stored() == {}
    ben.at("2026-03-05 20:40")
    ben.online()
    ben.wait_until_sent(4)
    ben.check_nothing_is_lost()
    assert [fact["occurrence"] for fact in server.facts(ben.number)] == [f"dose@2026-03-0{day}" for day in (2, 3, 4, 5)]
    assert [fact["device_seq"] for fact in server.facts(ben.number)] == [1, 2, 3, 4]


def test_weeks_ahead_are_on_the_phone(ben: AppPhone, server: Server) -> None:
    """The first weekly diary opens a week after the treatment began, with the phone offline all the time."""
    ben.pair_by_link()
    ben.offline()
    ben.phone_clock("2026-03-09 09:00")
    ben.reopen()
    expect(ben.page.get_by_text("How have you been?")).to_be_visible()
    ben.at("2026-03-09 09:05")
    ben.online()
    ben.check_nothing_is_lost()


def test_of_two_windows_the_newer_goes_on_and_it_is_sent_once(ben: AppPhone, server: Server) -> None:
    ben.pair_by_link()
    ben.begin()
    first = ben.page
    ben.give_answer("taken")
    ben.kept("dose@2026-03-02", "intake.1.status", "taken")
    second = ben.open()
    assert ben.item == "intake.1.status"
    expect(second.locator('input[value="taken"]')).to_be_checked()
    expect(first.get_by_text(ben.words("fill.elsewhere"))).to_be_visible()
    ben.fill({"intake.1.status": "taken", "intake.1.time": "08:00"})
    ben.send()
    expect(first.get_by_text(ben.words("fill.sent_elsewhere"))).to_be_visible()
    ben.check_nothing_is_lost()
    assert len(server.facts(ben.number)) == 1


def test_two_windows_make_one_flight(ben: AppPhone, server: Server) -> None:
    ben.pair_by_link()
    ben.open()
    gate = Gate()
    server.weather.next("sync", gate)
    before = server.weather.count("sync")
    ben.take_dose()
    gate.wait_until_reached()
    for page in ben.context.pages:
        page.evaluate("() => void dispatchEvent(new Event('online'))")
    gate.open()
    ben.wait_until_sent(1)
    ben.check_nothing_is_lost()
    assert len(server.facts(ben.number)) == 1
    assert server.weather.count("sync") - before <= 3


def test_the_whole_browser_ends_and_starts_again(
    chromium: BrowserType, server: Server, original_numbers: dict[str, str], tmp_path: Path
) -> None:
    path = finder.find()
    assert path is not None
    number = original_numbers["Ben"]
    with rig.whole_browser(chromium, path, tmp_path / "profile", people.BEN) as context:
        ben = AppPhone(server, context, number, people.BEN)
        ben.pair_by_link()
        ben.offline()
        ben.take_dose()
        sealed = ben.check_kept()
    server.weather.always("sync", weather.hang_up)
    with rig.whole_browser(chromium, path, tmp_path / "profile", people.BEN) as context:
        ben = AppPhone(server, context, number, people.BEN, witnessed=dict(sealed))
        ben.open()
        assert ben.check_kept() == sealed
        ben.press_sync_line()
        ben.send_now(server.weather.clear)
        ben.wait_until_sent(1)
        ben.check_nothing_is_lost()
        assert ben.unexpected() == []
    assert server.stored(number) == sealed


def test_five_weeks_offline_what_is_due_then_is_asked_and_arrives(ben: AppPhone, server: Server) -> None:
    """The last days of the schedule that the phone was given on the day on which it was paired."""
    ben.pair_by_link()
    ben.offline()
    ben.kill()
    ben.phone_clock("2026-04-05 20:30")
    ben.open()
    ben.button(re.compile("^How have you been.*still time")).click()
    ben.choose("participant")
    ben.press("fill.start")
    ben.fill(dict.fromkeys(RED_FLAGS, "no"), rest=0)
    ben.send()
    ben.sees("sent.waits")
    ben.press("action.done")
    expect(ben.page.locator(".due")).to_contain_text("Your medicine")
    expect(ben.page.locator(".due")).to_contain_text("Best today")
    ben.begin()
    ben.fill({"intake.1.status": "taken", "intake.1.time": "20:15"})
    ben.send()
    ben.reopen()
    assert len(ben.check_kept()) == 2
    assert ben.stored() == {}
    ben.at("2026-04-05 20:50")
    ben.online()
    ben.wait_until_sent(2)
    ben.check_nothing_is_lost()
    symptoms, dose = server.facts(ben.number)
    assert (symptoms["occurrence"], dose["occurrence"]) == ("symptoms@W4", "dose@2026-04-05")
    assert symptoms["captured_at"].startswith("2026-04-05T20:3")
    assert dose["answers"]["intake.1.time"] == "20:15"
