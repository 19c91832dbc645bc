"""Feeling ill at night in a tunnel: advice and numbers to call at once, without a network, a PIN or a pairing."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from qol_server.intake import adoption
from tests import people
from tests.browser.rig import AppPhone
from tests.browser.weather import Server

SITE = "tel:+33199000002"
NUMBER = "tel:112"
ILL = {"what": "Shivering since dinner", "started": "2026-03-05", "severity": 3, "ongoing": "yes"}


def calls(phone: AppPhone) -> list[str | None]:
    return [link.get_attribute("href") for link in phone.page.get_by_role("link").all()]


@pytest.mark.parametrize(("measured", "is_fever"), [("38,0", True), ("37.9", False)])
def test_fever_at_night_offline(ben: AppPhone, server: Server, measured: str, is_fever: bool) -> None:
    ben.pair_by_link()
    ben.offline()
    ben.at("2026-03-05 23:40")
    ben.button(re.compile("^Something happened")).click()
    ben.choose("participant")
    ben.press("fill.start")
    ben.fill(ILL, until="temperature")
    ben.give_answer(measured)
    ben.press("action.next")
    if is_fever:
        ben.heading(ben.words("urgent.title"))
        expect(ben.page.get_by_role("alert")).to_contain_text("You reported a fever. Please call your study centre now")
        assert calls(ben) == [SITE, NUMBER]
        assert server.facts(ben.number) == []
        ben.press("urgent.go_on")
    ben.fill({"hospital": "no", "emergency": "no", "medicine": "no", "dose_changed": "no", "told_staff": "no"})
    ben.press("fill.send")
    if is_fever:
        ben.heading(ben.words("urgent.title"))  # again, so that nobody taps past it
        assert calls(ben) == [SITE, NUMBER]
        ben.press("action.go_on")
    ben.heading(ben.words("sent.title"))
    ben.at("2026-03-06 07:00")
    ben.online()
    ben.wait_until_sent(1)
    ben.check_nothing_is_lost()
    (fact,) = server.facts(ben.number)
    assert fact["answers"]["temperature"] == measured.replace(",", ".")
    assert fact["captured_at"].startswith("2026-03-05T23:4")


def test_a_severe_symptom_is_told_calmly_after_sending_without_a_network(ben: AppPhone) -> None:
    ben.at("2026-03-09 21:00")
    ben.pair_by_link()
    ben.offline()
    ben.button(re.compile("How have you been")).click()
    ben.choose("participant")
    ben.press("fill.start")
    severe = {"diarrhoea.frequency": 4, "diarrhoea.severity": 4, "diarrhoea.interference": 4}
    ben.fill(severe | dict.fromkeys(("breathlessness_at_rest", "bleeding", "black_stool", "jaundice", "blistering_rash"), "no"), rest=0)
    ben.heading(ben.words("fill.review"))  # nothing came in between
    ben.send()
    ben.sees("sent.waits")
    advice = ben.page.locator(".notice.warn")
    expect(advice.get_by_text("Please call your study centre today")).to_have_count(1)
    expect(advice.get_by_role("link")).to_have_attribute("href", SITE)
    ben.sees("watch.not_watched", site="Villejuif", emergency="112")
    expect(ben.page.get_by_role("alert")).to_have_count(0)

    # it stands with the response for the rest of the day, and no longer
    ben.press("action.done")
    ben.press("places.history")
    ben.button(re.compile("^How have you been.* 9 March")).click()
    expect(advice).to_be_visible()
    assert calls(ben) == [SITE, SITE, NUMBER]
    ben.press("action.back")
    ben.at("2026-03-10 09:00")
    ben.button(re.compile("^How have you been.* 9 March")).click()
    ben.heading(re.compile("How have you been"))
    expect(ben.page.locator(".answers")).to_be_visible()
    expect(advice).to_have_count(0)
    ben.online()
    ben.check_nothing_is_lost()


def test_what_cannot_wait_is_said_before_what_can(ben: AppPhone) -> None:
    ben.pair_by_link()
    ben.offline()
    ben.button(re.compile("^Something happened")).click()
    ben.choose("participant")
    ben.press("fill.start")
    happened = {"started": "2026-03-02", "temperature": "39.2", "hospital": "yes", "emergency": "yes", "told_staff": "no"}
    ben.fill(ILL | happened, until="hospital", rest="no")
    expect(ben.page.locator("p.advice")).to_have_count(1)
    ben.press("urgent.go_on")
    ben.fill(happened, rest="no")
    ben.press("fill.send")
    ben.press("action.go_on")
    ben.heading(ben.words("sent.title"))
    notices = ben.page.locator(".notice")
    expect(notices.nth(0)).to_contain_text("You reported a fever.")
    expect(notices.nth(1).get_by_text("Please call your study centre today")).to_have_count(1)  # three rules say so
    ben.online()
    ben.check_nothing_is_lost()


def test_a_red_flag_says_the_emergency_number_first(ben: AppPhone, server: Server) -> None:
    ben.at("2026-03-09 21:00")
    ben.pair_by_link()
    ben.offline()
    ben.button(re.compile("How have you been")).click()
    ben.choose("participant")
    ben.press("fill.start")
    ben.fill({"breathlessness_at_rest": "no", "bleeding": "no"}, until="black_stool", rest=0)
    ben.give_answer("yes")
    ben.press("action.next")
    ben.heading(ben.words("urgent.title"))
    assert calls(ben) == [NUMBER, SITE]
    ben.press("urgent.go_on")
    ben.fill({"jaundice": "no", "blistering_rash": "declined"})
    ben.press("fill.send")
    ben.press("action.go_on")
    ben.online()
    ben.wait_until_sent(1)
    ben.check_nothing_is_lost()
    assert server.facts(ben.number)[0]["answers"]["blistering_rash"] == "declined"


def test_where_answers_are_only_recorded_every_screen_around_them_says_so(ben: AppPhone) -> None:
    ben.pair_by_link()
    words = ben.words("watch.not_watched", site="Villejuif", emergency="112")
    notice = ben.page.get_by_text(words)
    expect(notice).to_be_visible()
    assert SITE in calls(ben)
    ben.press("today.start")
    expect(notice).to_be_visible()
    ben.choose("participant")
    ben.press("fill.start")
    ben.fill({"intake.1.status": "taken", "intake.1.time": "08:00"})
    ben.send()
    expect(notice).to_be_visible()
    ben.check_nothing_is_lost()


def test_where_alerts_are_on_it_is_said_outside_the_hours_of_the_site(ben: AppPhone, server: Server) -> None:
    watched = people.protocol().replace(b"alerts: record-only", b"alerts: on")
    adoption.adopt(server.trial.study, watched, people.instruments(), actor=people.DATA_MANAGER, now=server.trial.now)
    ben.at("2026-03-03 10:00")  # a Tuesday
    ben.pair_by_link()
    notice = ben.page.get_by_text("not watched in real time")
    expect(notice).to_have_count(0)
    ben.at("2026-03-03 18:05")
    expect(notice).to_be_visible()
    ben.at("2026-03-04 08:05")
    expect(notice).to_have_count(0)
    ben.at("2026-03-07 10:00")  # a Saturday
    expect(notice).to_be_visible()
    ben.check_nothing_is_lost()


def test_the_emergency_card_needs_neither_a_pairing_nor_a_network(ben: AppPhone) -> None:
    ben.open()
    ben.offline()
    ben.press("emergency.short")
    ben.heading(ben.words("emergency.title"))
    assert calls(ben) == [NUMBER]


def test_the_emergency_card_of_a_paired_phone_offline(ben: AppPhone) -> None:
    ben.pair_by_link()
    ben.offline()
    ben.reopen()
    ben.press("emergency.short")
    ben.heading(ben.words("emergency.title"))
    assert calls(ben) == [NUMBER, SITE]
    expect(ben.page.get_by_text(ben.number)).to_be_visible()
    expect(ben.page.get_by_text("NCT00287846")).to_be_visible()
