"""Seats at the desk: real browsers of people who are logged in, at a real server whose clock is the trial's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from tests.browser.weather import Server
from tests.staff.rig import HERE, PASSWORD, Member

SMALLEST = 24  # CSS pixels, WCAG 2.2, 2.5.8
PHONE, DESKTOP = {"width": 360, "height": 740}, {"width": 1280, "height": 900}
AXE = """async () => (await axe.run({ resultTypes: ["violations"] })).violations.map(({ id, help, nodes }) => (
    `${id}: ${help}: ` + nodes.map(({ target }) => `${target}`).join(", ")
))"""
TOO_WIDE = """() => document.scrollingElement.scrollWidth <= document.documentElement.clientWidth ? []
    : [...document.querySelectorAll("main *, header *")]
        .filter((one) => !one.closest(".wide") && one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
        .map((one) => `${one.tagName}.${one.className}`)"""
TOO_SMALL = """(least) => [...document.querySelectorAll("button, input, textarea, select, summary, nav a, .actions a")]
    .map((one) => one.closest("label") ?? one)
    .filter((one) => one.getClientRects().length > 0)
    .map((one) => [one, one.getBoundingClientRect()])
    .filter(([, box]) => box.width < least || box.height < least)
    .map(([one, box]) => `${one.tagName}.${one.className} ${Math.round(box.width)}x${Math.round(box.height)}`)"""


@dataclass
class Seat:
    """A browser at the desk. ``trouble``: what its console complained of."""

    server: Server
    member: Member
    context: BrowserContext
    trouble: list[str] = field(default_factory=list)
    _page: Page | None = None

    @property
    def page(self) -> Page:
        if self._page is None:
            self._page = self.context.new_page()
            self._page.on("console", self._heard)
            self._page.on("pageerror", lambda error: self.trouble.append(str(error)))
        return self._page

    def _heard(self, said: ConsoleMessage) -> None:
        if said.type in ("error", "warning") and "Failed to load resource" not in said.text:
            self.trouble.append(said.text)

    def open(self, path: str) -> Page:
        """Go to a page below the study's desk (or, from /staff on, of the server)."""
        self.page.goto(self.server.origin + (path if path.startswith("/staff") else HERE + path))
        return self.page

    def faults(self, size: dict[str, int], theme: str = "light") -> list[str]:
        """What is wrong with the page as it stands, at this size of the window."""
        self.page.set_viewport_size(size)  # type: ignore[arg-type]
        self.page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
        if not self.page.evaluate("() => Boolean(globalThis.axe)"):
            self.page.evaluate(AXE_SCRIPT)
        found: list[Any] = self.page.evaluate(AXE)
        found += [f"wider than the window: {one}" for one in self.page.evaluate(TOO_WIDE)]
        found += [f"smaller than {SMALLEST}: {one}" for one in self.page.evaluate(TOO_SMALL, SMALLEST)]
        return [str(one) for one in found]


def sit_down(browser: Browser, server: Server, member: Member, **settings: Any) -> Seat:
    """A browser of its own in which somebody has just logged in."""
    context = browser.new_context(viewport=DESKTOP, timezone_id="Europe/Paris", **settings)  # type: ignore[arg-type]
    seat = Seat(server, member, context)
    seat.open("/staff/log-in")
    seat.page.locator("#_login").fill(member.login)
    seat.page.locator("#_password").fill(PASSWORD)
    seat.page.keyboard.press("Enter")
    expect(seat.page.locator("header .home")).to_be_visible()
    return seat
