"""The service worker keeps a whole release, gives way to a newer one at the right moment, and goes when the app is withdrawn."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from qol_server.patient_app import release
from tests import people
from tests.browser.pages import rows, until
from tests.browser.weather import PORTAL, UNAVAILABLE, Gate, Server

# A page with nothing but what is tested here: it says which release it is, and opens a questionnaire when asked to.
SMALL = """
import { watchForUpdates } from "./updates.js";
document.getElementById("app").textContent = "release NAME";
window.openQuestionnaire = () => new Promise((opened) => {
    navigator.locks.request("qol-questionnaire/desminib", { mode: "shared" }, () => {
        opened();
        return new Promise((close) => { window.closeQuestionnaire = close; });
    });
});
window.later = () => import("./later.js").then((module) => module.name);
window.isBusy = false;
watchForUpdates({ study: "desminib", isBusy: () => window.isBusy });
"""
KEPT = "() => caches.keys()"
CONTROLLED = "() => Boolean(navigator.serviceWorker.controller)"
LOOK = "() => navigator.serviceWorker.getRegistration().then((registration) => registration.update().catch(() => null))"
WAITS = "() => navigator.serviceWorker.getRegistration().then((registration) => Boolean(registration.waiting))"


@pytest.fixture
def publish(server: Server, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Put out a release of a name, as the next version of the program; returns its digest."""
    every = release.sources()
    needed = {"index.html", *release.imported(every, "worker.js"), "updates.js"}
    real = {name: body for name, body in every.items() if name in needed}

    def put_out(name: str) -> str:
        made = real | {"main.js": SMALL.replace("NAME", name).encode(), "later.js": f'export const name = "{name}";'.encode()}
        monkeypatch.setattr(release, "sources", lambda: made)
        server.restart()
        return release.made_of(made).digest

    return put_out


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context()
    made.set_default_timeout(10_000)
    yield made
    made.close()


def opened(context: BrowserContext, server: Server) -> Page:
    """The app in a tab, kept whole on the phone."""
    page = context.new_page()
    page.clock.install()
    page.goto(server.app_url)
    until(page, CONTROLLED)
    return page


def shows(page: Page, name: str) -> None:
    expect(page.locator("#app")).to_have_text(f"release {name}")


def caches_of(page: Page) -> list[str]:
    """The digests of the releases that are kept, in order."""
    return [str(name).rpartition(" ")[2] for name in page.evaluate(KEPT)]


def test_after_the_first_visit_the_app_opens_without_a_network(
    publish: Callable[..., str], context: BrowserContext, server: Server
) -> None:
    digest = publish("one")
    page = opened(context, server)
    assert caches_of(page) == [digest]
    server.stop()
    page.close()
    page = context.new_page()
    page.goto(server.app_url)
    shows(page, "one")
    assert page.evaluate("window.later()") == "one", "a screen that was never opened is there too"
    assert page.evaluate("fetch('../api/v1/docs').catch((wrong) => wrong.name)") == "TypeError", "nothing is answered for the server"


def test_every_file_of_the_release_is_kept(publish: Callable[..., str], context: BrowserContext, server: Server) -> None:
    digest = publish("one")
    page = opened(context, server)
    kept = page.evaluate(
        "async (name) => (await (await caches.open(name)).keys()).map((one) => one.url)", f"qol-app /{people.SLUG}/app/ {digest}"
    )
    names = {url.removeprefix(f"{server.app_url}v/{digest}/") for url in kept}
    assert names == {server.app_url, *release.sources()}


@pytest.mark.parametrize("fault", [PORTAL, UNAVAILABLE], ids=["portal", "busy"])
def test_a_release_that_does_not_arrive_whole_is_not_kept(
    publish: Callable[..., str], context: BrowserContext, server: Server, fault: Any
) -> None:
    publish("one")
    server.weather.always("later.js", fault)
    page = context.new_page()
    page.goto(server.app_url)
    shows(page, "one")
    server.weather.wait_for("later.js", 1)
    until(page, "() => navigator.serviceWorker.getRegistration().then((registration) => !registration)")
    assert page.evaluate(KEPT) == []
    server.weather.clear()
    page.reload()
    until(page, CONTROLLED)
    assert len(page.evaluate(KEPT)) == 1


def test_a_newer_release_takes_over_by_itself(publish: Callable[..., str], context: BrowserContext, server: Server) -> None:
    first = publish("one")
    page = opened(context, server)
    second = publish("two")
    page.evaluate(LOOK)
    shows(page, "two")
    assert caches_of(page) == [first, second], "pages of the release before may still run"
    third = publish("three")
    page.evaluate(LOOK)
    shows(page, "three")
    until(page, "() => caches.keys().then((names) => names.length === 2)")
    assert caches_of(page) == [second, third]


BUSY = {
    "another screen": ("() => { window.isBusy = true; }", "() => { window.isBusy = false; }"),
    "a questionnaire": ("window.openQuestionnaire()", "window.closeQuestionnaire()"),
}


@pytest.mark.parametrize(("begin", "end"), BUSY.values(), ids=BUSY)
def test_no_release_takes_over_while_a_page_is_busy(
    publish: Callable[..., str], context: BrowserContext, server: Server, begin: str, end: str
) -> None:
    publish("one")
    page = opened(context, server)
    page.evaluate(begin)
    publish("two")
    page.evaluate(LOOK)
    until(page, WAITS)
    page.clock.run_for(60_000)
    assert page.evaluate(WAITS)
    shows(page, "one")
    assert page.evaluate("window.later()") == "one"
    page.evaluate(end)
    page.clock.run_for(6_000)
    shows(page, "two")


def test_a_page_that_is_busy_again_when_the_newer_release_has_come_is_not_loaded_anew_yet(
    publish: Callable[..., str], context: BrowserContext, server: Server
) -> None:
    publish("one")
    page = opened(context, server)
    page.evaluate("() => navigator.serviceWorker.addEventListener('controllerchange', () => { window.isBusy = true; })")
    publish("two")
    page.evaluate(LOOK)
    until(page, "() => window.isBusy")
    page.clock.run_for(60_000)
    shows(page, "one")
    page.evaluate("() => { window.isBusy = false; }")
    page.clock.run_for(6_000)
    shows(page, "two")


def test_a_questionnaire_in_another_tab_is_waited_for_and_then_both_are_new(
    publish: Callable[..., str], context: BrowserContext, server: Server
) -> None:
    publish("one")
    page, other = opened(context, server), opened(context, server)
    other.evaluate("window.openQuestionnaire()")
    publish("two")
    page.evaluate(LOOK)
    until(page, WAITS)
    shows(page, "one")
    other.evaluate("window.closeQuestionnaire()")
    tabs = {page, other}
    for _ in range(100):  # whichever comes first keeps the other waiting until it is there
        context.clock.run_for(2_500)
        tabs = {tab for tab in tabs if tab.locator("#app").text_content() != "release two"}
        if not tabs:
            break
    assert tabs == set()


def test_a_page_of_an_older_release_still_finds_its_files_on_the_server(
    publish: Callable[..., str], context: BrowserContext, server: Server
) -> None:
    server.weather.always("sw.js", UNAVAILABLE)
    publish("one")
    page = context.new_page()
    page.goto(server.app_url)
    shows(page, "one")
    publish("two")
    assert page.evaluate("window.later()") == "one"


def test_a_withdrawn_app_forgets_its_files_and_nothing_else(publish: Callable[..., str], context: BrowserContext, server: Server) -> None:
    publish("one")
    page = opened(context, server)
    page.evaluate(
        """() => new Promise((done) => {
            const asked = indexedDB.open("qol/desminib");
            asked.onupgradeneeded = () => asked.result.createObjectStore("entries", { keyPath: "id" });
            asked.onsuccess = () => {
                const tx = asked.result.transaction("entries", "readwrite");
                tx.objectStore("entries").put({ id: "sealed, not sent" });
                tx.oncomplete = () => { asked.result.close(); done(); };
            };
        })"""
    )
    page.evaluate("caches.open('of somebody else')")
    server.trial.settings = replace(server.trial.settings, app_withdrawn=True)
    publish("two")
    gate = Gate()
    server.weather.next("/app/", gate)
    page.evaluate(LOOK)
    gate.wait_until_reached()
    gate.open()
    shows(page, "two")
    assert not page.evaluate(CONTROLLED)
    assert page.evaluate(KEPT) == ["of somebody else"]
    until(page, "() => navigator.serviceWorker.getRegistrations().then((all) => all.length === 0)")
    asked = server.weather.count("/app/")
    assert rows(page, "entries").keys() == {"sealed, not sent"}
    page.reload()
    shows(page, "two")
    until(page, "() => navigator.serviceWorker.getRegistrations().then((all) => all.length === 0)")
    assert server.weather.count("/app/") == asked + 1, "the page is loaded once, not over and over"

    server.trial.settings = replace(server.trial.settings, app_withdrawn=False)
    digest = publish("three")
    page.reload()
    until(page, CONTROLLED)
    shows(page, "three")
    assert caches_of(page)[-1] == digest


@pytest.mark.parametrize("missing", ["serviceWorker", "locks"])
def test_the_app_opens_where_the_browser_lacks_something(
    publish: Callable[..., str], context: BrowserContext, server: Server, missing: str
) -> None:
    publish("one")
    context.add_init_script(f"Object.defineProperty(Navigator.prototype, '{missing}', {{ get: () => undefined }})")
    page = context.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(server.app_url)
    shows(page, "one")
    assert wrong == []


def test_without_locks_a_newer_release_waits_until_the_app_is_opened_anew(
    publish: Callable[..., str], context: BrowserContext, server: Server
) -> None:
    publish("one")
    context.add_init_script("Object.defineProperty(Navigator.prototype, 'locks', { get: () => undefined })")
    page = opened(context, server)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    publish("two")
    page.evaluate(LOOK)
    until(page, WAITS)
    page.clock.run_for(60_000)
    shows(page, "one")
    assert wrong == []
    page.close()
    shows(opened(context, server), "two")


def test_the_page_lets_no_text_become_a_script(publish: Callable[..., str], context: BrowserContext, server: Server) -> None:
    publish("one")
    page = opened(context, server)
    refused = page.evaluate("() => { try { document.body.innerHTML = '<b>x</b>'; } catch (wrong) { return wrong.name; } }")
    assert refused == "TypeError"
    headers = page.request.get(server.app_url).headers["content-security-policy"]
    assert re.search(r"default-src 'self';.*require-trusted-types-for 'script'", headers)
