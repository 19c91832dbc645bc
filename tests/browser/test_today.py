"""Today: what is due and until when, what comes next, whether all was sent, and whom to call."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import Any

import pytest
from playwright.sync_api import expect

from qol_server.intake import conduct, enrolling
from tests import people
from tests.browser import weather
from tests.browser.pages import Blank
from tests.browser.rig import AppPhone
from tests.browser.weather import Server


def test_what_is_due_comes_first_and_afterwards_what_comes_next(ben: AppPhone) -> None:
    ben.pair_by_link()
    due = ben.page.locator(".due")
    expect(due).to_contain_text("Your medicine")
    expect(due).to_contain_text("Until Wednesday 4 March")
    ben.take_dose()
    ben.sees("today.nothing")
    expect(ben.page.locator(".nothing")).to_contain_text("Next: Your medicine, on Tuesday 3 March.")
    assert ben.page.locator(".due").count() == 0


def test_the_day_before_can_still_be_filled_in_and_says_which_day_it_is(ben: AppPhone) -> None:
    ben.pair_by_link()
    ben.at("2026-03-03 21:00")
    expect(ben.page.locator(".due")).to_contain_text("Until Thursday 5 March")
    row = ben.button(re.compile("For yesterday, Monday 2 March"))
    expect(row).to_contain_text("Until tomorrow night")
    ben.at("2026-03-04 08:00")
    expect(ben.button(re.compile("For Monday 2 March"))).to_contain_text("Until midnight")
    ben.at("2026-03-05 00:01")
    expect(ben.button(re.compile("Monday 2 March"))).to_have_count(0)


def test_what_was_begun_is_continued(ben: AppPhone) -> None:
    ben.pair_by_link()
    ben.begin()
    ben.choose("not_taken")
    ben.kept("dose@2026-03-02", "intake.1.status", "not_taken")
    ben.press("action.close")
    ben.press("today.continue")
    assert ben.item == "intake.1.status"
    assert ben.page.locator("main input:checked").input_value() == "not_taken"


def test_something_happened_is_one_tap_away_and_can_wait(ben: AppPhone) -> None:
    ben.pair_by_link()
    ben.page.locator(".happened").click()
    ben.heading("Something happened")
    ben.choose("participant")
    ben.press("fill.start")
    ben.fill({"what": "A rash"}, until="started")
    ben.press("action.close")
    expect(ben.page.locator(".happened")).to_contain_text(ben.words("today.begun"))
    ben.page.locator(".happened").click()
    assert ben.item == "started"


def test_what_waits_for_more_than_a_day_is_told_with_what_can_be_done(ben: AppPhone, server: Server) -> None:
    ben.pair_by_link()
    server.weather.always("sync", weather.UNAVAILABLE)
    ben.take_dose()
    ben.wait_for_sync("waiting")
    assert ben.page.locator(".notice.warn").count() == 0
    ben.at("2026-03-03 20:05")
    ben.sees("notice.unsent-long.title")
    expect(ben.button(ben.words("outbox.send_now"))).to_be_visible()
    expect(ben.button(ben.words("outbox.save_copy"))).to_be_visible()
    ben.send_now(lambda: server.weather.always("sync", None))
    expect(ben.page.locator(".sync-line")).to_contain_text("All sent at")
    expect(ben.page.locator(".notice.warn")).to_have_count(0)


def test_nobody_watches_and_whom_to_call_stands_there(ada: AppPhone) -> None:
    ada.pair_by_link()
    notice = ada.page.locator("main .notice").first
    expect(notice).to_contain_text("Vos réponses ne sont pas surveillées en temps réel.")
    assert [call.get_attribute("href") for call in notice.locator("a").all()] == ["tel:+33465710001", "tel:112"]


@pytest.mark.parametrize(
    ("moment", "alerts", "holidays", "watched"),
    [
        ("2026-03-02T12:00:00Z", "on", [], True),  # Monday, 08:00 in Martinique
        ("2026-03-02T11:59:00Z", "on", [], False),
        ("2026-03-02T21:59:00Z", "on", [], True),
        ("2026-03-02T22:00:00Z", "on", [], False),
        ("2026-03-07T15:00:00Z", "on", [], False),  # Saturday
        ("2026-03-07T02:00:00Z", "on", [], False),  # Friday, 22:00 there
        ("2026-03-02T15:00:00Z", "on", ["2026-03-02"], False),
        ("2026-03-02T15:00:00Z", "record-only", [], False),
    ],
)
def test_watched_is_what_the_site_says_of_its_own_hours(blank: Blank, moment: str, alerts: str, holidays: list[str], watched: bool) -> None:
    participation: dict[str, Any] = {
        "site_time_zone": "America/Martinique", "holidays": holidays,
        "coverage": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "18:00"}],
    }  # fmt: skip
    known = json.dumps({"study": {"intended_use": {"alerts": alerts}}, "participation": participation})
    assert blank.run(f"return watch.isWatched({known}, new Date('{moment}'))", watch="view/watch.js") is watched


def test_a_watch_until_midnight_ends_with_the_day(blank: Blank) -> None:
    script = """const known = { study: { intended_use: { alerts: "on" } }, participation: {
            site_time_zone: "Europe/Paris", holidays: [], coverage: [{ days: ["mon"], from: "20:00", to: "00:00" }] } };
        return ["2026-03-02T22:59:00Z", "2026-03-02T23:00:00Z"].map((moment) => watch.isWatched(known, new Date(moment)))"""
    assert blank.run(script, watch="view/watch.js") == [True, False]


def test_a_message_is_shown_read_and_reported_back(ben: AppPhone, server: Server) -> None:
    conduct.send_message(server.trial.study, ben.number, "Please bring your diary on Friday.", actor=people.NURSE, now=server.trial.now)
    ben.pair_by_link()
    ben.press("today.messages", n=1)
    expect(ben.page.locator(".letter")).to_contain_text("Please bring your diary on Friday.")
    ben.wait_until_sent(1)
    assert [fact["what"] for fact in server.facts(ben.number, "app.noted")] == ["message-read"]
    ben.page.go_back()
    ben.heading(ben.words("today.title"))
    expect(ben.button(ben.words("today.messages", n=1))).to_have_count(0)


def test_when_the_participation_has_ended_nothing_is_asked_and_what_waits_is_still_sent(ben: AppPhone, server: Server) -> None:
    ben.pair_by_link()
    ben.offline()
    ben.take_dose()
    trial = server.trial
    conduct.set_anchor(trial.study, ben.number, "study_end", date(2026, 3, 2), actor=people.NURSE, now=trial.now)
    ben.online()
    ben.heading(ben.words("ended.title"))
    ben.sees("ended.all_sent")
    expect(ben.page.locator(".due, .happened")).to_have_count(0)
    assert [call.get_attribute("href") for call in ben.page.locator("main .calls a").all()] == ["tel:+33199000002", "tel:112"]
    ben.check_nothing_is_lost()


def test_the_emergency_card_opens_offline_and_goes_back_to_where_one_was(ben: AppPhone) -> None:
    ben.pair_by_link()
    ben.begin()
    ben.choose("taken")
    ben.kept("dose@2026-03-02", "intake.1.status", "taken")
    ben.offline()
    ben.press("emergency.short")
    ben.heading(ben.words("emergency.title"))
    assert [call.get_attribute("href") for call in ben.page.locator("main .calls a").all()] == ["tel:112", "tel:+33199000002"]
    expect(ben.page.locator(".card")).to_contain_text("NCT00287846")
    expect(ben.page.locator(".card")).to_contain_text(ben.number)
    ben.press("action.back")
    assert ben.item == "intake.1.status"
    assert ben.page.locator("main input:checked").input_value() == "taken"


def test_while_a_consent_is_needed_again_nothing_is_asked_and_it_is_said_why_also_offline(ben: AppPhone, server: Server) -> None:
    known = b'  - {version: "1.0", from: 2006-01-01}\n'
    amended = people.protocol().replace(known, known + b'  - {version: "2.0", from: 2026-03-03, renew: yes, until_renewed: pause}\n')
    conduct.adopt(server.trial.study, amended, people.instruments(), actor=people.DATA_MANAGER, now=server.trial.now)
    ben.pair_by_link()
    expect(ben.page.locator(".due")).to_contain_text("Your medicine")
    ben.offline()
    ben.at("2026-03-03 20:00")
    ben.sees("today.consent")
    assert ben.page.locator(".due").count() == 0
    expect(ben.page.locator(".notice.warn")).to_contain_text("version 2.0 of the consent")
    expect(ben.page.locator(".happened")).to_be_visible()
    enrolling.give_consent(server.trial.study, ben.number, "2.0", date(2026, 3, 3), actor=people.NURSE, now=server.trial.now)
    ben.at("2026-03-03 20:30")
    ben.online()  # at once it asks what is new
    expect(ben.page.locator(".due")).to_contain_text("Your medicine")
