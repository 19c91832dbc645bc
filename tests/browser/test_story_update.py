"""A newer release comes while a questionnaire is open: it waits, and the answers are those that were given."""

from __future__ import annotations

from dataclasses import replace

import pytest
from playwright.sync_api import expect

from qol_server.patient_app import release
from tests.browser import weather
from tests.browser.pages import until
from tests.browser.rig import AppPhone
from tests.browser.weather import Server

LOOK = "() => navigator.serviceWorker.getRegistration().then((registration) => registration.update().then(() => null))"
WAITS = "() => navigator.serviceWorker.getRegistration().then((registration) => Boolean(registration.waiting))"


def put_out_newer(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server serves a release that differs in one file."""
    every = release.sources()
    monkeypatch.setattr(release, "sources", lambda: every | {"app.css": every["app.css"] + b"\n/* newer */\n"})
    server.restart()


def test_a_newer_release_waits_until_the_questionnaire_is_sent(ben: AppPhone, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    ben.pair_by_link()
    ben.installed()
    ben.begin()
    ben.fill({"intake.1.status": "taken"}, until="intake.1.time")
    older = ben.release
    ben.page.evaluate("() => { globalThis.isSamePage = true; }")
    put_out_newer(server, monkeypatch)
    ben.page.evaluate(LOOK)
    ben.wait_for(WAITS)
    ben.phone_clock("2026-03-02 20:10")  # it tries again and again
    assert ben.page.evaluate("globalThis.isSamePage") is True
    ben.fill({"intake.1.time": "08:00"})
    ben.send()
    assert ben.release == older
    ben.press("action.done")
    ben.wait_until_sent(1)
    ben.phone_clock("2026-03-02 20:20")
    ben.wait_for("() => globalThis.isSamePage === undefined")
    ben.heading(ben.words("today.title"))
    assert ben.release != older
    ben.check_nothing_is_lost()


ALL_OF = """(release) => performance.getEntriesByType("resource").map(({ name }) => name)
    .filter((name) => name.includes("/v/")).every((name) => name.includes(release))"""
ACTIVE = """(app) => navigator.serviceWorker.getRegistration(app)
    .then((registration) => registration.waiting === null && registration.active.state === "activated")"""


def test_killed_with_a_draft_open_it_goes_on_in_the_newer_release(ben: AppPhone, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """While no window of the app is open, the browser itself changes over; the draft and its place are kept."""
    ben.pair_by_link()
    ben.installed()
    ben.begin()
    ben.fill({"intake.1.status": "different", "intake.1.mg": "200"}, until="intake.1.time")
    ben.page.get_by_label(ben.question).fill("21:00")
    ben.kept("dose@2026-03-02", "intake.1.time", "21:00")
    draft = ben.rows("drafts")["dose@2026-03-02"]
    older = ben.release
    put_out_newer(server, monkeypatch)
    ben.page.evaluate(LOOK)
    ben.wait_for(WAITS)
    assert ben.release == older
    elsewhere = ben.context.new_page()
    elsewhere.goto(f"{server.origin}/health")
    ben.kill()
    until(elsewhere, ACTIVE, server.app_url)
    server.stop()
    ben.open()
    assert ben.release != older
    assert ben.page.evaluate(ALL_OF, ben.release)
    ben.heading("Intake 1: at what time?")
    assert ben.page.get_by_label(ben.question).input_value() == "21:00"
    kept = ben.rows("drafts")["dose@2026-03-02"]
    assert [kept[name] for name in ("entry_id", "answers", "at")] == [draft[name] for name in ("entry_id", "answers", "at")]
    ben.press("action.back")
    expect(ben.page.get_by_role("textbox")).to_have_value("200")
    ben.press("action.next")
    server.start()
    ben.fill({"intake.1.time": "21:00"})
    ben.send()
    ben.check_nothing_is_lost()
    (fact,) = server.facts(ben.number)
    assert (fact["answers"]["intake.1.mg"], fact["answers"]["intake.1.time"]) == ("200", "21:00")


def test_killed_with_a_draft_open_and_another_window_left_it_goes_on_in_the_release_of_both(
    ben: AppPhone, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    ben.pair_by_link()
    ben.installed()
    left = ben.page
    left.evaluate("() => { history.replaceState({ route: { name: 'settings' }, depth: 0 }, ''); }")  # somebody is at it
    ben.open()
    ben.begin()
    ben.fill({"intake.1.status": "different", "intake.1.mg": "200"}, until="intake.1.time")
    ben.kept("dose@2026-03-02", "intake.1.mg", "200")
    older = ben.release
    put_out_newer(server, monkeypatch)
    ben.page.evaluate(LOOK)
    ben.wait_for(WAITS)
    ben.reopen()
    assert ben.release == older
    assert ben.page.evaluate(ALL_OF, older)
    assert ben.page.evaluate(WAITS)
    ben.heading("Intake 1: at what time?")
    ben.fill({"intake.1.time": "21:00"})
    ben.send()
    ben.check_nothing_is_lost()
    assert server.facts(ben.number)[0]["answers"]["intake.1.mg"] == "200"


KEPT = "() => caches.keys().then((names) => names.filter((name) => name.startsWith('qol-app')))"


def test_a_withdrawn_app_opens_with_its_draft_and_sends_what_waits(ben: AppPhone, server: Server) -> None:
    ben.pair_by_link()
    ben.installed()
    server.weather.always("sync", weather.UNAVAILABLE)
    ben.take_dose()
    ben.wait_for_sync("waiting")
    sealed = ben.check_kept()
    assert len(sealed) == 1
    ben.page.locator(".happened").click()
    ben.choose("participant")
    ben.press("fill.start")
    ben.fill({"what": "A rash on both arms"}, until="started")
    ben.page.locator("input[type=date]").fill("2026-03-01")
    ben.kept("new:adverse-event", "started", "2026-03-01")
    feed, draft, identity = ben.rows("feed"), ben.rows("drafts")["new:adverse-event"], ben.rows("meta")["identity"]

    server.trial.settings = replace(server.trial.settings, app_withdrawn=True)
    server.restart()
    ben.page.evaluate("() => { globalThis.isSamePage = true; }")
    ben.page.evaluate(LOOK)
    ben.wait_for("() => globalThis.isSamePage === undefined")
    ben.heading("On which day did it begin?")
    ben.page.reload()
    ben.wait_for("() => navigator.serviceWorker.getRegistrations().then((all) => all.length === 0)")
    assert ben.page.evaluate(KEPT) == []
    assert ben.page.evaluate("() => navigator.serviceWorker.controller") is None
    ben.heading("On which day did it begin?")
    assert ben.page.locator("input[type=date]").input_value() == "2026-03-01"
    assert ben.check_kept() == sealed
    assert (ben.rows("feed"), ben.rows("meta")["identity"]) == (feed, identity)
    left = ben.rows("drafts")["new:adverse-event"]
    assert (left["entry_id"], left["answers"]) == (draft["entry_id"], draft["answers"])
    assert ben.stored() == {}

    server.weather.clear()
    ben.at("2026-03-02 20:20")
    ben.wait_until_sent(1)
    ben.fill({"severity": 1, "ongoing": "yes"}, rest="no")
    ben.send()
    ben.wait_until_sent(2)
    ben.check_nothing_is_lost()
    dose, happened = server.facts(ben.number)
    assert dose["occurrence"] == "dose@2026-03-02"
    assert happened["answers"]["what"] == "A rash on both arms"
