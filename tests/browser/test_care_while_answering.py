"""Care while answering: days that cannot have been, a hand that shakes, very large text, and which days the questions are about."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests import people
from tests.browser.pages import Blank
from tests.browser.rig import AppPhone
from tests.browser.screens import SET
from tests.browser.test_fill import a_week_later, phone_title, start, told
from tests.browser.weather import Server


def test_a_day_that_cannot_have_been_is_not_taken(ben: AppPhone, server: Server) -> None:
    ben.pair_by_link()
    ben.page.locator(".happened").click()
    start(ben)
    ben.fill({"what": "A fall"}, until="started")
    field = ben.page.locator("input[type=date]")
    expect(field).to_have_attribute("max", "2026-03-02")
    field.fill("2026-03-03")
    ben.press("action.next")
    ben.sees("fault.not-yet")
    field.fill("2026-03-01")
    ben.press("action.next")
    ben.fill({"severity": 1, "ongoing": "no"}, until="ended")
    expect(field).to_have_attribute("min", "2026-03-01")
    field.fill("2026-02-28")
    ben.press("action.next")
    ben.sees("fault.before-start")
    ben.press("day.yesterday")
    ben.press("action.next")
    ben.fill({}, rest="no")
    ben.heading(ben.words("fill.review"))

    # the day it began is put right: the day it ended lies before that now, and is asked for again
    ben.page.locator(".answers button").nth(1).click()
    expect(ben.button(ben.words("day.yesterday"))).to_be_visible()
    field.fill("2026-03-02")
    ben.press("action.next")
    expect(ben.page.locator("form")).to_have_attribute("data-step", "ended")
    expect(field).to_have_value("")
    expect(ben.button(ben.words("day.yesterday"))).to_have_count(0)
    ben.press("day.today")
    ben.press("action.next")
    ben.send()
    answers = told(server, ben)
    assert (answers["started"], answers["ended"]) == ("2026-03-02", "2026-03-02")


def test_the_second_tap_of_a_shaking_hand_leaves_nothing_empty(ben: AppPhone) -> None:
    ben.pair_by_link()
    ben.begin()
    tap = "document.querySelector('footer button[type=submit]').click()"
    ben.page.evaluate(tap)
    last = ben.button(ben.words("fill.leave_empty"))
    expect(last).to_be_disabled()
    ben.page.evaluate(tap)
    assert ben.item == "intake.1.status"
    expect(last).to_be_enabled()
    last.click()
    assert ben.item == "comment"


def test_what_the_questions_are_about_is_said_with_each_of_them(ben: AppPhone) -> None:
    a_week_later(ben)
    ben.sees("fill.pause", day="Thursday 12 March")
    start(ben)
    ben.sees("fill.recall", n=7)
    ben.choose(0)
    ben.press("action.next")
    ben.sees("fill.recall", n=7)
    ben.press("action.close")
    ben.at("2026-03-13 10:00")
    ben.button(re.compile(phone_title(ben))).first.click()
    expect(ben.page.locator("form")).to_have_attribute("data-step", "vomiting.frequency")
    ben.press("action.back")
    ben.press("action.back")
    ben.sees("fill.pause", day="Sunday 15 March")


def very_large(phone: AppPhone) -> None:
    phone.page.evaluate(SET, [f"{phone.server.app_url}{phone.release}", people.SLUG, {"textSize": 200}])
    phone.wait_for("() => document.documentElement.style.fontSize === '200%'")


def test_in_very_large_text_what_is_said_of_an_answer_comes_into_sight(ben: AppPhone) -> None:
    ben.pair_by_link()
    very_large(ben)
    ben.begin()
    for key in ("fill.empty", "dose.help.missed", "dose.help.vomited"):
        if key == "fill.empty":
            ben.press("action.next")
        else:
            ben.choose("not_taken" if key == "dose.help.missed" else "vomited")
        ben.sees(key)
        ben.wait_for("""() => {
            const parts = ["header", "main .notice", "footer"].map((one) => document.querySelector(one));
            const [top, remark, footer] = parts.map((one) => one.getBoundingClientRect());
            return top.bottom <= remark.top && remark.bottom <= footer.top;
        }""")


def test_in_very_large_text_the_numbers_to_call_are_there_without_scrolling(ben: AppPhone) -> None:
    ben.pair_by_link()
    very_large(ben)
    ben.page.locator(".happened").click()
    start(ben)
    ben.fill({"what": "Shivers", "started": "2026-03-02", "severity": 3, "ongoing": "yes"}, until="temperature")
    ben.page.get_by_role("textbox").fill("39.4")
    ben.press("action.next")
    ben.heading(ben.words("urgent.title"))
    calls = ben.page.locator(".calls a")
    expect(calls).to_have_count(2)
    for call in calls.all():
        expect(call).to_be_in_viewport(ratio=1)
    expect(ben.page.locator("footer.actions")).to_have_css("position", "static")


def test_only_days_on_which_something_happened_are_held_to_the_calendar(modules: Blank) -> None:
    started, ended, planned = ({"id": name, "type": "date"} for name in ("started", "ended", "next_visit"))
    faults = modules.each(
        "rules/answers.js",
        "timeFault",
        [
            [started, "2026-03-02", {}, "2026-03-02"],
            [started, "2026-03-03", {}, "2026-03-02"],
            [ended, "2026-03-01", {"started": "2026-03-02"}, "2026-03-02"],
            [ended, "2026-03-02", {"started": "2026-03-02"}, "2026-03-02"],
            [ended, "2026-02-01", {"started": None}, "2026-03-02"],
            [ended, "2026-03-03", {"started": "2026-03-02"}, "2026-03-02"],
            [ended, None, {"started": "2026-03-02"}, "2026-03-02"],
            [planned, "2026-04-01", {}, "2026-03-02"],
            [{"id": "started", "type": "text"}, "2026-04-01", {}, "2026-03-02"],
        ],
    )
    assert [found and found["code"] for found in faults] == [
        None, "not-yet", "before-start", None, None, "not-yet", None, None, None,
    ]  # fmt: skip


def test_a_recall_period_is_told_where_all_questions_share_it_and_nobody_else_owns_the_words(modules: Blank) -> None:
    def recall(*periods: str | None, ours: bool = True) -> dict[str, object]:
        return {"items": [{"recall": period} for period in periods], "wording": {"stand_in": False, "ours": ours}}

    cases = [recall("P7D", "P7D"), recall("P2W"), recall("P7D", None), recall("P1D"), recall(None), recall("P7D", ours=False)]
    told = modules.each("view/wording.js", "recallOf", [[case] for case in cases])
    assert [one is not None for one in told] == [True, True, False, False, False, False]


MOVES = """() => [...document.querySelectorAll("*")].flatMap((at) => ["", "::before", "::after"].map((part) => getComputedStyle(at, part)))
    .flatMap((style) => [...style.transitionDuration.split(", "), ...style.animationDuration.split(", ")])
    .filter((duration) => duration !== "0s" && duration !== "auto")"""


@pytest.mark.parametrize("wish", ["reduce", "no-preference"])
def test_nothing_moves_for_who_asks_for_less_motion(phones: Callable[..., AppPhone], wish: str) -> None:
    ben = phones(people.BEN, reduced_motion=wish)
    ben.pair_by_link()
    seen = {".button": ben.page.evaluate(MOVES)}
    ben.press("places.settings")
    expect(ben.page.locator(".row").first).to_be_visible()
    seen[".row"] = ben.page.evaluate(MOVES)
    ben.press("action.back")
    ben.press("today.start")
    expect(ben.page.locator(".choice").first).to_be_visible()
    seen[".choice"] = ben.page.evaluate(MOVES)
    for screen, moving in seen.items():
        assert bool(moving) == (wish == "no-preference"), screen
