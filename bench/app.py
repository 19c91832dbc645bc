"""The patient's app in a real browser: how much comes at the first visit, and how long a slow phone takes to show something."""

from __future__ import annotations

import contextlib
import statistics
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, CDPSession, Locator, Page, expect, sync_playwright

from bench.server import HOST, Server, free_port, running, serve
from bench.study import SLUG, STAFF, ZONE, Template
from qol_server.cli import browser as finder
from qol_server.intake import conduct
from qol_server.intake.study import open_study
from qol_server.patient_app.release import Release, Releases
from qol_server.settings import Settings

SLOW_3G = {"offline": False, "latency": 400, "downloadThroughput": 400_000 / 8, "uploadThroughput": 400_000 / 8}
"""400 kbit/s and 400 ms a request, as the browser's developer tools call slow 3G."""
SLOWER = 4  # times; a cheap phone beside a desk's computer
PHONE = {"width": 360, "height": 740}
# The end of the first frame with a heading: what says only that the app opens has none. The page says it by itself, as
# whoever looks again and again from outside slows down what is measured.
SEEN = """(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => console.debug('seen', performance.now());
    const look = () => requestAnimationFrame(() => (document.querySelector('h1') ? channel.port2.postMessage(null) : look()));
    look();
})()"""
FETCHED = """() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
    .map((one) => [one.responseEnd, one.encodedBodySize])"""
# From the click to the end of the first frame that shows what it did.
WATCH = """() => {
    window.until = (shows) => { window.took = null; window.shows = shows; };
    addEventListener('click', (event) => {
        const look = () => requestAnimationFrame(() => {
            const channel = new MessageChannel();
            channel.port1.onmessage = () => {
                if (window.shows()) {
                    window.took ??= performance.now() - event.timeStamp;
                } else {
                    look();
                }
            };
            channel.port2.postMessage(null);
        });
        look();
    }, { capture: true });
}"""
CHOSEN = "() => window.until(() => document.querySelector('.choice.chosen') !== null)"
NEXT = """() => {
    const asked = document.querySelector('h1').textContent;
    window.until(() => document.querySelector('h1').textContent !== asked);
}"""
WORDS = "async (key) => (await import(document.querySelector('script').src.replace('main.js', 'words/index.js'))).t(key)"
QUESTIONS = 12  # answered on each phone, if there are so many


def measure(made: Template, folder: Path, *, rounds: int) -> dict[str, Any]:
    """Medians of ``rounds`` visits of fresh phones; seconds, milliseconds, and kilobytes of 1000 bytes as they travel."""
    settings = made.copy(folder / "data")
    port = free_port()
    with running(serve(port, workers=1), port, settings.data, workers=1) as server, _chromium() as browser:
        visits = [_first_visit(browser, server) for _ in range(rounds)]
        number = made.spare[0].participant
        used = [_used(browser, server, _code(settings, number)) for _ in range(rounds)]
    chosen, following = ([ms for phone in used for ms in phone[what]] for what in ("chosen_ms", "next_ms"))
    return {
        "rounds": rounds,
        "release": _sizes(Releases(settings.data).current()),
        "first": {name: statistics.median(visit[name] for visit in visits) for name in ("requests", "kb", "seconds")},
        "again_seconds": statistics.median(visit["again_seconds"] for visit in visits),
        "today_seconds": statistics.median(phone["today_seconds"] for phone in used),
        "answers": len(chosen),
        "chosen_ms": statistics.median(chosen),
        "chosen_worst_ms": max(chosen),
        "next_ms": statistics.median(following),
        "next_worst_ms": max(following),
    }


def _sizes(release: Release) -> dict[str, Any]:
    """Files and kilobytes of a whole release, as a phone fetches it to be able to open without a network."""
    sent = {
        name: file.packed or file.body
        for name, file in release.files.items()
        if not name.startswith("icons/") and not name.endswith(".txt")
    }
    vendor = sum(len(body) for name, body in sent.items() if name.startswith("vendor/"))
    return {"files": len(sent), "kb": sum(map(len, sent.values())) / 1000, "vendor_kb": vendor / 1000}


@contextlib.contextmanager
def _chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=finder.find(), args=list(finder.FLAGS))
        try:
            yield started
        finally:
            started.close()


@contextlib.contextmanager
def _phone(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport=PHONE, locale="fr-FR", timezone_id=ZONE, has_touch=True)
    context.add_init_script(SEEN)
    try:
        yield context
    finally:
        context.close()


def _address(server: Server) -> str:
    return f"http://{HOST}:{server.port}/{SLUG}/app/"


def _slow(page: Page) -> CDPSession:
    """A slow processor and a slow network for this page."""
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", SLOW_3G)
    return session


def _first_visit(browser: Browser, server: Server) -> dict[str, float]:
    with _phone(browser) as context:
        page = context.new_page()
        _slow(page)
        seconds = _opened(page, _address(server))
        page.wait_for_function("() => Boolean(navigator.serviceWorker.controller)", timeout=60_000)
        fetched = page.evaluate(FETCHED)  # by the page; what the worker keeps is told apart
        requests = sum(ended <= 1000 * seconds for ended, _ in fetched)
        _, again = _opened_again(page, server)
        return {"seconds": seconds, "requests": requests, "kb": sum(size for _, size in fetched) / 1000, "again_seconds": again}


def _opened(page: Page, address: str) -> float:
    """Seconds from the visit to the end of the first frame that shows a screen; nothing else is asked of the page till then."""
    with page.expect_console_message(lambda said: said.text.startswith("seen "), timeout=60_000) as said:
        page.goto(address, wait_until="commit")
    return float(said.value.text.removeprefix("seen ")) / 1000


def _opened_again(page: Page, server: Server) -> tuple[Page, float]:
    """The new page and the same after the app was closed and its worker ended; the network is so slow that it is no use."""
    context = page.context
    page.close()
    page = context.new_page()
    session = _slow(page)
    session.send("ServiceWorker.enable")
    session.send("ServiceWorker.stopAllWorkers")
    return page, _opened(page, _address(server))


def _code(settings: Settings, number: str) -> str:
    study = open_study(settings, SLUG)
    try:
        return conduct.offer_pairing(study, number, actor=STAFF, now=datetime.now(UTC))[0]
    finally:
        study.store.close()


def _used(browser: Browser, server: Server, code: str) -> dict[str, Any]:
    """A phone that is paired, opened again, and used for a questionnaire that is due."""
    with _phone(browser) as context:
        page = context.new_page()
        page.goto(f"{_address(server)}#{code}")

        def press(key: str) -> None:
            page.get_by_role("button", name=page.evaluate(WORDS, key), exact=True).click()

        expect(page.get_by_role("heading", level=1)).to_be_visible()
        press("action.go_on")
        press("confirm.yes")
        press("ready.done")
        page.locator(".due button").wait_for()
        page.wait_for_function("() => Boolean(navigator.serviceWorker.controller)", timeout=60_000)
        page, today = _opened_again(page, server)
        page.locator("ul.rows button").last.click()  # the longest questionnaire
        page.locator('.choice input[value="participant"]').check()
        press("fill.start")
        page.evaluate(WATCH)
        return {"today_seconds": today} | _answered(page)


def _answered(page: Page) -> dict[str, list[float]]:
    """Answer questions that have choices; milliseconds until each choice and each next question is seen."""
    chosen, following = [], []
    for _ in range(QUESTIONS):
        choice, on = page.locator("main .choice").first, page.locator("footer button[type=submit]")
        if not page.locator(".progress").count():
            break
        if choice.count():
            chosen.append(_took(page, CHOSEN, choice))
        following.append(_took(page, NEXT, on))
    return {"chosen_ms": chosen, "next_ms": following}


def _took(page: Page, what: str, target: Locator) -> float:
    page.evaluate(what)
    target.click()
    page.wait_for_function("() => window.took !== null")
    return float(page.evaluate("window.took"))
