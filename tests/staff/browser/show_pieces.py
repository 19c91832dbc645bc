"""The pictures of the guide to the desk: its main pages in the life of a small demonstration, in English."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, Page

from qol_server.cli.sources import protocol_source, watched, with_stand_in
from qol_server.settings import Settings
from qol_server.simulation import demo
from qol_server.simulation.server import served

LIFE = demo.Wish(participants=12, months=3, until=datetime(2026, 3, 20, 10, tzinfo=UTC), seed=1)
WIDTH = 1120  # CSS pixels
STAND_IN = "at_least: 3}, urgency"
"""Where the rehearsed draft begins to differ: a symptom is told of from one level less."""


def _worklist(page: Page, here: str) -> None:
    page.goto(f"{here}/worklist")


def _case(page: Page, here: str) -> None:
    _worklist(page, here)
    page.locator("tr[data-case]:has(.button) a.open").first.click()


def _participant(page: Page, here: str) -> None:
    _case(page, here)
    page.get_by_role("link", name="Page of the participant").click()


def _rehearsal(page: Page, here: str) -> None:
    page.goto(f"{here}/rehearsal")
    draft = page.locator("#rehearse-draft")
    draft.fill(draft.input_value().replace(STAND_IN, STAND_IN.replace("3", "2")))
    page.get_by_role("button", name="Rehearse").click()
    page.locator("#report").scroll_into_view_if_needed()
    page.evaluate("document.querySelector('#report').scrollIntoView()")


PIECES: dict[str, tuple[str, int, Callable[[Page, str], None]]] = {
    "desk-worklist": ("ivan", 720, _worklist), "desk-case": ("ivan", 720, _case), "desk-participant": ("ivan", 1040, _participant),
    "desk-rehearsal": ("marta", 720, _rehearsal),
}  # fmt: skip
"""Name of the picture -> who looks, how much of the page is shown (CSS pixels), and the way to it."""


def take(browser: Browser, into: Path, data: Path) -> int:
    """The pictures, as INTO/NAME.png; returns how many there are."""
    settings = Settings(data)
    demo.make_folder(settings, fresh=False)
    demo.live(settings, watched(with_stand_in(protocol_source(demo.STUDY)[1])), LIFE, lambda day: None)
    accounts = demo.report(settings, LIFE.until)["accounts"]
    into.mkdir(parents=True, exist_ok=True)
    with served(settings, LIFE.until) as (address, _):
        for name, (who, most, way) in PIECES.items():
            context = browser.new_context(viewport={"width": WIDTH, "height": most}, timezone_id="Europe/Paris", locale="en-GB")
            page = context.new_page()
            page.goto(f"{address}/staff/log-in")
            login, password = next((one["login"], one["password"]) for one in accounts if one["login"].startswith(f"{who}@"))
            page.locator("#_login").fill(login)
            page.locator("#_password").fill(password)
            page.keyboard.press("Enter")
            page.locator("header .home").wait_for()
            way(page, f"{address}/{demo.STUDY}/staff")
            page.wait_for_load_state()
            height = page.evaluate("document.scrollingElement.scrollHeight")
            page.set_viewport_size({"width": WIDTH, "height": min(most, height)})
            page.screenshot(path=into / f"{name}.png", animations="disabled")
            context.close()
    return len(PIECES)
