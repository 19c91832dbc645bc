"""A newer release comes while a questionnaire is open: it waits, and the answers are those that were given."""

from __future__ import annotations

import pytest

from qol_server.patient_app import release
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


def test_killed_with_a_draft_open_it_is_finished_first(ben: AppPhone, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    ben.pair_by_link()
    ben.installed()
    ben.begin()
    ben.fill({"intake.1.status": "different", "intake.1.mg": "200"}, until="intake.1.time")
    ben.kept("dose@2026-03-02", "intake.1.mg", "200")
    older = ben.release
    put_out_newer(server, monkeypatch)
    ben.page.evaluate(LOOK)
    ben.wait_for(WAITS)
    ben.reopen()
    ben.heading("Intake 1: at what time?")
    ben.fill({"intake.1.time": "21:00"})
    ben.send()
    ben.press("action.done")
    ben.phone_clock("2026-03-02 20:20")  # the browser itself may have changed over while no page was open
    ben.wait_for("(older) => !document.querySelector('script[src$=\"main.js\"]').src.includes(older)", older)
    ben.heading(ben.words("today.title"))
    ben.check_nothing_is_lost()
    assert server.facts(ben.number)[0]["answers"]["intake.1.mg"] == "200"
