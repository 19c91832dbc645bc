"""Filling in a questionnaire: nothing is chosen beforehand, going back keeps what was answered, branches open and close, advice
comes at once, and what is sent is what the last look showed."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Page, expect

from tests.browser.rig import AppPhone
from tests.browser.test_diaries import NO_COMPLAINT, RED_FLAGS
from tests.browser.weather import Server

W1 = "symptoms@W1"
WELL = {"nausea.frequency": 0} | NO_COMPLAINT
"""The symptom diary of somebody without any complaint."""


def a_week_later(phone: AppPhone) -> None:
    """Pair, and open the first weekly symptom diary at its introduction."""
    phone.pair_by_link()
    phone.at("2026-03-09 10:00")
    phone.button(re.compile(phone_title(phone))).first.click()
    phone.heading(phone_title(phone))


def phone_title(phone: AppPhone) -> str:
    texts = [row["data"]["wording"] for row in phone.rows("feed").values() if row["type"] == "instrument" and row["id"] == "symptom-diary"]
    return str(texts[0]["title"])


def start(phone: AppPhone) -> None:
    phone.choose("participant")
    phone.press("fill.start")
    expect(phone.page.locator(".progress")).to_be_visible()


def chosen(page: Page) -> list[str]:
    """The values of what is chosen on the screen."""
    return [str(one.input_value()) for one in page.locator("main input:checked").all()]


def draft(phone: AppPhone, key: str = W1) -> dict[str, Any]:
    return dict(phone.rows("drafts")[key])


def told(server: Server, phone: AppPhone) -> dict[str, Any]:
    """The answers of the only response that the server has."""
    phone.wait_until_sent()
    (fact,) = server.facts(phone.number)
    return dict(fact["answers"])


def test_nothing_is_chosen_beforehand_and_choosing_does_not_move_on(ben: AppPhone) -> None:
    a_week_later(ben)
    assert chosen(ben.page) == []
    ben.press("fill.start")
    ben.sees("fault.who")
    start(ben)
    question = ben.question
    assert ben.item == "nausea.frequency"
    assert chosen(ben.page) == []
    ben.choose(2)
    assert ben.question == question
    assert chosen(ben.page) == ["2"]
    ben.press("fill.take_back")
    assert chosen(ben.page) == []
    assert ben.page.locator("main .choices").count() == 1, "one question a screen"


def test_going_back_keeps_every_answer_by_the_apps_button_and_by_the_phones(ben: AppPhone) -> None:
    a_week_later(ben)
    start(ben)
    ben.fill({"nausea.frequency": 2, "nausea.severity": 1}, until="nausea.interference")
    ben.choose(3)
    ben.kept(W1, "nausea.interference", 3)
    ben.press("action.back")
    expect(ben.page.locator("form")).to_have_attribute("data-step", "nausea.severity")
    assert chosen(ben.page) == ["1"]
    ben.page.go_back()
    expect(ben.page.locator("form")).to_have_attribute("data-step", "nausea.frequency")
    assert chosen(ben.page) == ["2"]
    ben.press("action.next")
    ben.press("action.next")
    expect(ben.page.locator("form")).to_have_attribute("data-step", "nausea.interference")
    assert chosen(ben.page) == ["3"]


def test_never_skips_the_rest_of_a_symptom_and_progress_counts_what_is_asked(ben: AppPhone) -> None:
    a_week_later(ben)
    start(ben)
    ben.sees("fill.step", n=1, all=15)
    ben.choose(1)
    ben.sees("fill.step", n=1, all=17)
    ben.choose(0)
    ben.sees("fill.step", n=1, all=15)
    ben.press("action.next")
    expect(ben.page.locator("form")).to_have_attribute("data-step", "vomiting.frequency")


def test_a_question_may_be_declined_or_left_empty_after_a_gentle_word(ben: AppPhone, server: Server) -> None:
    a_week_later(ben)
    start(ben)
    ben.press("action.next")
    ben.sees("fill.empty")
    assert ben.item == "nausea.frequency"
    ben.press("fill.leave_empty")
    expect(ben.page.locator("form")).to_have_attribute("data-step", "vomiting.frequency")
    ben.choose("declined")
    ben.press("action.next")
    ben.fill({item: answer for item, answer in WELL.items() if item != "vomiting.frequency"})
    ben.sees("fill.some_empty", n=1)
    expect(ben.page.locator(".answers li").nth(1)).to_contain_text("I prefer not to answer")
    ben.send()
    assert told(server, ben) == WELL | {"nausea.frequency": None, "vomiting.frequency": "declined"}


def test_the_last_look_shows_all_answers_and_leads_to_each_question(ben: AppPhone, server: Server) -> None:
    a_week_later(ben)
    start(ben)
    ben.fill(WELL | {"nausea.frequency": 2, "nausea.severity": 1, "nausea.interference": 1})
    rows = ben.page.locator(".answers li")
    expect(rows).to_have_count(18)  # who answered is among them
    expect(rows.nth(1)).to_contain_text("How bad was the nausea at its worst?")
    expect(rows.nth(1)).to_contain_text("Mild")

    # a changed answer closes a branch: what hung on it is not sent
    rows.nth(0).get_by_role("button").click()
    ben.choose(0)
    ben.press("action.next")
    ben.heading(ben.words("fill.review"))
    expect(rows).to_have_count(16)

    # another one opens one: its questions are asked before anything is sent
    rows.nth(1).get_by_role("button").click()
    ben.choose(1)
    ben.press("action.next")
    ben.fill({"vomiting.severity": 0, "vomiting.interference": 0})
    ben.heading(ben.words("fill.review"))
    ben.send()
    assert told(server, ben) == WELL | {"vomiting.frequency": 1, "vomiting.severity": 0, "vomiting.interference": 0}


def test_after_a_kill_it_opens_again_at_the_same_question_and_back_still_works(ben: AppPhone) -> None:
    a_week_later(ben)
    start(ben)
    ben.fill({"nausea.frequency": 2}, until="nausea.severity")
    ben.choose(4)
    ben.kept(W1, "nausea.severity", 4)
    ben.reopen()
    assert ben.item == "nausea.severity"
    assert chosen(ben.page) == ["4"]
    ben.press("action.back")
    expect(ben.page.locator("form")).to_have_attribute("data-step", "nausea.frequency")
    assert chosen(ben.page) == ["2"]
    ben.press("action.close")
    ben.heading(ben.words("today.title"))
    ben.kept_left()
    ben.reopen()
    ben.heading(ben.words("today.title"))


def test_what_was_sent_is_not_begun_again_by_going_back(ben: AppPhone) -> None:
    ben.pair_by_link()
    ben.begin()
    ben.fill({"intake.1.status": "taken", "intake.1.time": "08:00"})
    ben.send()
    ben.page.go_back()
    ben.heading(ben.words("today.title"))
    assert ben.rows("drafts") == {}
    ben.page.go_forward()
    ben.heading(ben.words("today.title"))
    assert ben.rows("drafts") == {}
    ben.check_nothing_is_lost()


def test_advice_comes_at_once_without_a_network_and_once_for_each_rule(ben: AppPhone, server: Server) -> None:
    a_week_later(ben)
    ben.offline()
    start(ben)
    ben.fill(WELL | {"breathlessness_at_rest": None}, until="breathlessness_at_rest")
    ben.choose("yes")
    ben.press("action.next")
    ben.heading(ben.words("urgent.title"))
    expect(ben.page.get_by_role("alert")).to_contain_text("Call the emergency number (112), then your study centre")
    calls = ben.page.locator("main a.call")
    assert [call.get_attribute("href") for call in calls.all()] == ["tel:112", "tel:+33199000002"]

    # killed while it is on the screen: it is there again
    ben.reopen()
    ben.heading(ben.words("urgent.title"))
    ben.press("urgent.go_on")
    expect(ben.page.locator("form")).to_have_attribute("data-step", "bleeding")
    ben.fill(dict.fromkeys(RED_FLAGS, "yes"))
    ben.heading(ben.words("fill.review"))
    assert draft(ben)["advised"] == ["red-flag"]

    # and once more with what was sent
    ben.press("fill.send")
    ben.heading(ben.words("urgent.title"))
    ben.sees("urgent.saved")
    ben.press("action.go_on")
    ben.heading(ben.words("sent.title"))
    ben.sees("sent.waits")
    ben.online()
    ben.sees("sent.arrived")
    assert told(server, ben)["breathlessness_at_rest"] == "yes"


def test_a_fever_is_typed_as_people_write_it_and_is_urgent_from_where_the_phone_starts(ada: AppPhone, server: Server) -> None:
    ada.pair_by_link()
    ada.page.locator(".happened").click()
    start(ada)
    ada.press("action.next")
    ada.sees("fault.needed")
    ada.fill({"what": "Des frissons", "started": "2026-03-02", "severity": 2, "ongoing": "yes"}, until="temperature")
    field = ada.page.get_by_role("textbox")
    field.fill("52")
    ada.press("action.next")
    ada.sees("fault.between", low="30,0", high="45,0")
    field.fill("38,1")
    assert field.input_value() == "38,1"
    ada.press("action.next")
    ada.heading(ada.words("urgent.title"))
    assert [call.get_attribute("href") for call in ada.page.locator("main a.call").all()] == ["tel:+33465710001", "tel:112"]
    ada.press("urgent.go_on")
    ada.fill({}, rest="no")
    ada.press("fill.send")
    ada.press("action.go_on")
    ada.heading(ada.words("sent.title"))
    assert told(server, ada)["temperature"] == "38.1"


def test_a_day_is_one_tap_or_typed_and_half_a_day_is_told(ben: AppPhone) -> None:
    ben.pair_by_link()
    ben.page.locator(".happened").click()
    start(ben)
    ben.fill({"what": "A fall"}, until="started")
    field = ben.page.locator("input[type=date]")
    ben.press("day.yesterday")
    expect(field).to_have_value("2026-03-01")
    field.focus()
    ben.page.keyboard.press("Delete")  # its first part is empty again
    ben.press("action.next")
    ben.sees("fault.unfinished")
    ben.press("day.today")
    expect(field).to_have_value("2026-03-02")
    ben.press("action.next")
    assert ben.item == "severity"


def test_the_newer_of_two_windows_goes_on_and_nothing_is_doubled(ben: AppPhone, server: Server) -> None:
    ben.pair_by_link()
    ben.begin()
    ben.choose("taken")
    ben.kept("dose@2026-03-02", "intake.1.status", "taken")
    older = ben.page
    newer = ben.open()
    assert ben.item == "intake.1.status"
    assert chosen(newer) == ["taken"]
    expect(older.get_by_text(ben.words("fill.elsewhere"))).to_be_visible()
    ben.fill({"intake.1.status": "taken", "intake.1.time": "08:00"})
    ben.send()
    expect(older.get_by_text(ben.words("fill.sent_elsewhere"))).to_be_visible()
    older.get_by_role("button", name=ben.words("action.done")).click()
    expect(older.get_by_text(ben.words("today.nothing"))).to_be_visible()
    ben.check_nothing_is_lost()
    assert len(server.facts(ben.number)) == 1


def test_wording_that_only_stands_for_the_real_one_says_so(ben: AppPhone, server: Server) -> None:
    ben.pair_by_link()
    ben.at("2026-03-30 10:00")
    ben.button(re.compile("QLQ-C30")).click()
    ben.sees("stand_in")
    start(ben)
    ben.sees("stand_in")
    ben.fill({"q2": "declined"}, rest=1)
    ben.heading(ben.words("fill.review"))
    expect(ben.page.locator(".answers li")).to_have_count(31)
    ben.send()
    assert told(server, ben) == {f"q{n}": 1 for n in range(1, 31)} | {"q2": "declined"}


def test_whoever_closes_the_questionnaire_instead_of_going_on_is_advised_too(ben: AppPhone) -> None:
    ben.pair_by_link()
    ben.page.locator(".happened").click()
    start(ben)
    ben.fill({"what": "Shivers", "started": "2026-03-02", "severity": 3, "ongoing": "yes"}, until="temperature")
    ben.page.get_by_role("textbox").fill("39.4")
    ben.press("action.close")
    ben.heading(ben.words("urgent.title"))
    ben.press("urgent.go_on")
    assert ben.item == "hospital"
    ben.press("action.close")
    ben.heading(ben.words("today.title"))


def test_what_nobody_asked_for_may_be_thrown_away(ben: AppPhone) -> None:
    ben.pair_by_link()
    ben.page.locator(".happened").click()
    assert ben.button(ben.words("fill.discard")).count() == 0
    start(ben)
    ben.fill({"what": "Nothing after all", "started": "2026-03-02", "severity": 1, "ongoing": "yes"}, rest="no")
    ben.heading(ben.words("fill.review"))
    ben.press("fill.discard")
    ben.sees("fill.discard_text")
    ben.press("fill.discard_yes")
    ben.heading(ben.words("today.title"))
    assert ben.rows("drafts") == {}
    assert ben.rows("entries") == {}
    ben.begin()
    ben.fill({"intake.1.status": "taken"})
    expect(ben.button(ben.words("fill.discard"))).to_have_count(0)


def test_a_correction_needs_a_reason_and_a_change_and_the_original_stays(ben: AppPhone, server: Server) -> None:
    ben.pair_by_link()
    ben.take_dose()
    ben.press("places.history")
    ben.page.locator("main .row").first.click()
    ben.press("response.correct")
    ben.choose("participant")
    ben.press("action.next")
    ben.sees("fault.why")
    ben.choose("typing_mistake")
    ben.press("action.next")
    ben.heading(ben.words("fill.review"))
    ben.press("fill.send_correction")
    ben.sees("fault.unchanged")
    ben.page.locator(".answers button").first.click()
    ben.choose("not_taken")
    ben.press("action.next")
    ben.fill({"intake.1.reason": "forgot"})
    ben.press("fill.send_correction")
    ben.heading(ben.words("sent.title"))
    ben.wait_until_sent(2)
    first, second = server.facts(ben.number)
    assert (second["supersedes"], second["reason"], second["occurrence"]) == (first["id"], "typing_mistake", first["occurrence"])
    assert first["answers"]["intake.1.status"] == "taken"
    assert second["answers"] == {"intake.1.status": "not_taken", "intake.1.reason": "forgot", "comment": None}
    ben.check_nothing_is_lost()


def test_who_answers_for_somebody_is_said_with_the_answer(ben: AppPhone, server: Server) -> None:
    ben.pair_by_link()
    ben.begin(by="proxy")
    ben.fill({"intake.1.status": "taken", "intake.1.time": "08:00"})
    for_them = f"{ben.words('fill.who')} Somebody answers for me"
    expect(ben.page.locator(".answers")).to_contain_text("Somebody answers for me")
    ben.send()
    ben.wait_until_sent(1)
    (fact,) = server.facts(ben.number)
    assert (fact["by"], fact["mode"]) == ("proxy", "app")
    ben.press("action.done")
    ben.press("places.history")
    ben.page.locator("main .row").first.click()
    expect(ben.page.get_by_text(for_them, exact=True)).to_be_visible()

    # the next one begins with the question again, and one's own answer says nothing of it
    ben.at("2026-03-03 20:00")
    ben.press("action.back")
    ben.press("action.back")
    ben.press("today.start")
    assert chosen(ben.page) == []
    ben.choose("participant")
    ben.press("fill.start")
    ben.fill({"intake.1.status": "taken", "intake.1.time": "08:00"})
    ben.send()
    ben.check_nothing_is_lost()
    assert [one["by"] for one in server.facts(ben.number)] == ["proxy", "participant"]
    ben.press("action.done")
    ben.press("places.history")
    ben.page.locator("main .row").first.click()
    expect(ben.page.locator("dl.answers")).to_be_visible()
    expect(ben.page.get_by_text(ben.words("fill.who"))).to_have_count(0)
