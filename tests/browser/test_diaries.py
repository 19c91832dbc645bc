"""The diaries in the hands of a participant: doses day by day, what happened in between, corrections and one's own answers over time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.rig import AppPhone
from tests.browser.screens import GO
from tests.browser.weather import Server

SYMPTOMS = ("vomiting", "diarrhoea", "fatigue", "oedema", "muscle_cramps", "rash", "abdominal_pain", "tumour_pain", "fever")
RED_FLAGS = ("breathlessness_at_rest", "bleeding", "black_stool", "jaundice", "blistering_rash")
NO_COMPLAINT = {f"{symptom}.frequency": 0 for symptom in SYMPTOMS} | dict.fromkeys(RED_FLAGS, "no")
ALL_THERE = {"intake.1.status": "taken", "intake.1.time": "20:10"}


def calendar_day(phone: AppPhone, day: str, words: str) -> Locator:
    """A day of the calendar that can be opened, by its name and what it says."""
    return phone.button(re.compile(f"^{day}.* – {words}"), exact=False)


def open_calendar(phone: AppPhone) -> None:
    phone.press("places.dose-calendar")
    phone.heading(phone.words("dose_calendar.title"))


def open_history(phone: AppPhone) -> None:
    phone.press("places.history")
    phone.heading(phone.words("history.title"))


def done(phone: AppPhone) -> None:
    phone.press("action.done")
    phone.heading(phone.words("today.title"))


def given(server: Server, phone: AppPhone, count: int = 1) -> list[dict[str, Any]]:
    """What the server has of the participant, in order, once so many responses were sent."""
    phone.wait_until_sent(count)
    return server.facts(phone.number)


@pytest.fixture
def diary(ben: AppPhone) -> Iterator[AppPhone]:
    """Ben's phone, paired; it is the evening of his first dose. At the end nothing may be lost."""
    ben.pair_by_link()
    yield ben
    ben.check_nothing_is_lost()


def test_a_dose_is_taken_and_the_calendar_says_so(diary: AppPhone, server: Server) -> None:
    diary.begin()
    expect(diary.page.get_by_text("Monday 2 March · Prescribed: 400 mg, once")).to_be_visible()
    diary.fill(ALL_THERE | {"comment": "With dinner"})
    diary.send()
    done(diary)
    (fact,) = given(server, diary)
    assert (fact["occurrence"], fact["by"], fact["answers"]) == ("dose@2026-03-02", "participant", ALL_THERE | {"comment": "With dinner"})
    open_calendar(diary)
    calendar_day(diary, "Monday 2 March", "Taken").click()
    expect(diary.page.get_by_text("I took it as prescribed")).to_be_visible()
    expect(diary.page.get_by_text("With dinner")).to_be_visible()


def test_two_intakes_one_of_them_forgotten(ben: AppPhone, server: Server) -> None:
    server.trial.prescribe(ben.number, "800", date(2026, 3, 2))
    ben.pair_by_link()
    ben.begin()
    expect(ben.page.get_by_text("Prescribed: 400 mg, 2 times")).to_be_visible()
    ben.fill(ALL_THERE, until="intake.2.status")
    ben.sees("dose.help.later")
    ben.choose("not_taken")
    ben.sees("dose.help.missed")
    expect(ben.page.get_by_text(ben.words("dose.help.later"))).to_have_count(0)
    ben.fill({"intake.2.status": "not_taken", "intake.2.reason": "forgot"})
    ben.send()
    done(ben)
    (fact,) = given(server, ben)
    assert fact["answers"] == ALL_THERE | {"intake.2.status": "not_taken", "intake.2.reason": "forgot", "comment": None}
    open_calendar(ben)
    expect(calendar_day(ben, "Monday 2 March", "Taken in part")).to_be_visible()
    ben.check_nothing_is_lost()


def test_a_vomited_dose_is_not_taken_again(diary: AppPhone, server: Server) -> None:
    diary.begin()
    diary.choose("vomited")
    diary.sees("dose.help.vomited")
    diary.fill({"intake.1.status": "vomited", "intake.1.mg": "400"})
    diary.send()
    done(diary)
    (fact,) = given(server, diary)
    assert fact["answers"] == {"intake.1.status": "vomited", "intake.1.mg": "400", "intake.1.time": None, "comment": None}
    open_calendar(diary)
    calendar_day(diary, "Monday 2 March", "Taken differently").click()
    expect(diary.page.get_by_text("400 mg", exact=True)).to_be_visible()


def test_more_than_is_prescribed_raises_advice_at_once_without_a_network(diary: AppPhone, server: Server) -> None:
    diary.offline()
    diary.begin()
    diary.fill(ALL_THERE)
    diary.press("dose.more")
    diary.fill({"intake.2.status": "taken"}, until="intake.2.time")
    diary.heading(diary.words("urgent.title"))
    expect(diary.page.get_by_role("alert")).to_contain_text("You entered more than is prescribed for that day.")
    expect(diary.page.get_by_role("link", name=re.compile("Villejuif"))).to_have_attribute("href", "tel:+33199000002")
    diary.press("urgent.go_on")
    diary.fill({"intake.2.time": "20:20"})
    diary.press("fill.send")
    diary.heading(diary.words("urgent.title"))  # once more when it is sealed
    diary.press("action.go_on")
    diary.heading(diary.words("sent.title"))
    done(diary)
    assert server.facts(diary.number) == []
    diary.online()
    (fact,) = given(server, diary)
    assert fact["answers"]["intake.2.status"] == "taken"


def test_an_earlier_day_is_filled_in_and_the_reason_is_asked_for(diary: AppPhone, server: Server) -> None:
    diary.at("2026-03-04 09:00")
    open_calendar(diary)
    calendar_day(diary, "Monday 2 March", "To be filled in").click()
    diary.heading("Monday 2 March")
    diary.sees("dose.asks_why_late")
    diary.begin("dose.fill_in")
    diary.fill(ALL_THERE | {"late_reason": "no_network"})
    diary.send()
    done(diary)
    (fact,) = given(server, diary)
    assert (fact["occurrence"], fact["answers"]["late_reason"]) == ("dose@2026-03-02", "no_network")


def test_a_day_that_is_over_is_not_known_and_not_missed(diary: AppPhone) -> None:
    diary.at("2026-03-05 09:00")
    open_calendar(diary)
    calendar_day(diary, "Monday 2 March", "Not known").click()
    diary.sees("dose.explain.unknown")
    expect(diary.button(diary.words("dose.fill_in"))).to_have_count(0)


def test_a_held_day_is_explained_and_a_dose_can_still_be_told(ben: AppPhone, server: Server) -> None:
    server.trial.hold(ben.number, date(2026, 3, 3))
    ben.pair_by_link()
    ben.at("2026-03-03 20:00")
    open_calendar(ben)
    calendar_day(ben, "Tuesday 3 March", "Pause").click()
    ben.sees("dose.explain.held")
    ben.begin("dose.took_one")
    ben.fill({"intake.1.status": "taken"}, until="intake.1.time")
    ben.heading(ben.words("urgent.title"))
    ben.press("urgent.go_on")
    ben.fill({})
    ben.press("fill.send")
    ben.press("action.go_on")
    done(ben)
    (fact,) = given(server, ben)
    assert (fact["occurrence"], fact["answers"]["intake.1.status"]) == ("dose@2026-03-03", "taken")
    open_calendar(ben)
    expect(calendar_day(ben, "Tuesday 3 March", "Taken differently")).to_be_visible()
    ben.check_nothing_is_lost()


def test_while_the_treatment_pauses_today_says_so_and_nobody_speaks_of_a_next_dose(ben: AppPhone, server: Server) -> None:
    ben.pair_by_link()
    pause = ben.page.get_by_text(ben.words("today.held"))
    next_dose = ben.page.get_by_text(re.compile("at its usual time"))
    expect(pause).to_have_count(0)
    server.trial.hold(ben.number, date(2026, 3, 3))
    ben.at("2026-03-03 20:00")
    expect(pause).to_be_visible()
    ben.press("today.held.see")
    ben.heading("Tuesday 3 March")
    expect(ben.page.locator("main a.call")).to_have_attribute("href", "tel:+33199000002")
    expect(next_dose).to_have_count(0)
    ben.press("action.back")
    ben.begin()  # yesterday's dose, when there was no pause yet
    ben.choose("not_taken")
    expect(ben.button(ben.words("fill.take_back"))).to_be_visible()
    expect(next_dose).to_have_count(0)


def test_whoever_was_told_to_pause_is_not_told_of_the_next_dose(ben: AppPhone) -> None:
    ben.pair_by_link()
    ben.begin()
    ben.choose("not_taken")
    ben.sees("dose.help.missed")
    ben.press("action.next")
    expect(ben.page.locator("form")).to_have_attribute("data-step", "intake.1.reason")
    ben.choose("told_to_stop")
    ben.press("action.back")
    expect(ben.page.locator("form")).to_have_attribute("data-step", "intake.1.status")
    expect(ben.page.get_by_text(ben.words("dose.help.missed"))).to_have_count(0)


def test_a_filled_day_says_how_it_is_changed(diary: AppPhone) -> None:
    open_calendar(diary)
    calendar_day(diary, "Monday 2 March", "To be filled in").click()
    diary.begin("dose.fill_in")
    diary.fill(ALL_THERE)
    diary.send()
    diary.page.evaluate(GO, {"name": "dose", "day": "2026-03-02"})
    diary.sees("dose.explain.filled")
    diary.press("dose.see_answers")
    expect(diary.button(diary.words("response.correct"))).to_be_visible()


def test_a_correction_has_a_reason_and_the_original_stays(diary: AppPhone, server: Server) -> None:
    diary.page.clock.set_fixed_time(server.trial.now)  # both in one second: the correction stands first all the same
    diary.take_dose()
    diary.wait_until_sent()
    open_history(diary)
    diary.page.get_by_role("button", name=re.compile("^Medicine on 2 Mar")).click()
    diary.press("response.correct")
    diary.choose("wrong_answer")
    diary.choose("participant")
    diary.press("action.next")
    diary.heading(diary.words("fill.review"))
    diary.page.get_by_role("button", name=re.compile("Intake 1: did you take it")).click()
    diary.choose("different")
    diary.press("action.next")
    diary.fill({"intake.1.mg": "300"}, until=None)
    diary.press("fill.send_correction")
    diary.heading(diary.words("sent.title"))
    done(diary)
    diary.wait_until_sent(2)  # what is sent takes its place in the list
    first, second = given(server, diary, 2)
    assert first["answers"]["intake.1.status"] == "taken"
    assert (second["supersedes"], second["reason"], second["occurrence"]) == (first["id"], "wrong_answer", first["occurrence"])
    assert second["answers"]["intake.1.mg"] == "300"
    open_history(diary)
    rows = diary.page.get_by_role("button", name=re.compile("^Medicine on 2 Mar"))
    expect(rows).to_have_count(2)
    rows.nth(0).click()
    expect(diary.page.get_by_text("This is a correction. Reason: I chose the wrong answer.")).to_be_visible()
    expect(diary.page.locator(".changed")).to_have_count(2)
    diary.page.get_by_role("button", name=re.compile("^What was sent before")).click()
    diary.sees("response.original_stays")
    expect(diary.page.get_by_text("I took it as prescribed")).to_be_visible()
    expect(diary.button(diary.words("response.correct"))).to_have_count(0)


def test_something_happened_and_later_it_is_over(diary: AppPhone, server: Server) -> None:
    diary.begin("happened.title")
    diary.fill({"what": "Nausea after dinner", "started": "2026-03-01", "severity": 2, "ongoing": "yes"})
    diary.send()
    done(diary)
    diary.at("2026-03-04 10:00")
    diary.press("happened.title")
    diary.heading(diary.words("happened.title"))
    expect(diary.page.get_by_role("heading", name=diary.words("happened.going_on"))).to_be_visible()
    diary.button(re.compile(f"^{diary.words('happened.update')}"), exact=False).click()
    diary.choose("participant")
    diary.press("action.next")
    diary.page.get_by_role("button", name=re.compile("Is it still going on")).click()
    diary.choose("no")
    diary.press("action.next")
    diary.fill({"ended": "2026-03-03"})
    diary.press("fill.send_correction")
    done(diary)
    told, changed = given(server, diary, 2)
    assert told["occurrence"] == f"adverse-event@{told['id']}" == changed["occurrence"]
    assert (changed["supersedes"], changed["reason"], changed["answers"]["ended"]) == (told["id"], "changed", "2026-03-03")
    diary.press("happened.title")
    expect(diary.page.get_by_text("1 Mar to 3 Mar")).to_be_visible()
    expect(diary.page.get_by_role("heading", name=diary.words("happened.going_on"))).to_have_count(0)


def test_own_answers_over_time_are_shown_after_answering_only(diary: AppPhone) -> None:
    diary.at("2026-03-09 20:00")
    diary.page.get_by_role("button", name=re.compile("^How have you been")).click()
    diary.choose("participant")
    diary.press("fill.start")
    diary.fill(NO_COMPLAINT | {"nausea.frequency": 2})
    diary.send()
    diary.page.get_by_role("button", name=diary.words("sent.trend")).click()
    diary.heading(diary.words("trend.title"))
    expect(diary.page.get_by_role("img")).to_have_accessible_name(
        diary.words("trend.summary", n=1, first="Now and then", first_day="9 Mar 2026")
    )
    expect(diary.page.locator("svg circle")).to_have_count(1)
    expect(diary.page.locator("tbody tr")).to_have_text(["9 Mar 2026Now and then"])
    diary.page.get_by_role("combobox").select_option("fever.frequency")
    expect(diary.page.locator("tbody tr")).to_have_text(["9 Mar 2026No, never"])
    diary.at("2026-03-16 20:00")
    diary.sees("trend.after_answering")
    expect(diary.page.locator("svg circle")).to_have_count(0)
    expect(diary.button(diary.words("trend.answer_first"))).to_be_visible()


def test_everything_is_there_without_a_network_and_after_reopening(diary: AppPhone) -> None:
    diary.installed()
    diary.offline()
    diary.take_dose()
    diary.reopen()
    open_history(diary)
    row = diary.page.get_by_role("button", name=re.compile("^Medicine on 2 Mar"))
    expect(row).to_contain_text(diary.words("history.state.waiting"))
    row.click()
    diary.sees("response.state.waiting")
    diary.online()
    diary.sees("response.state.received")
