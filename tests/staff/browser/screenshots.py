"""Takes a picture of every page of the desk, on a phone and on a wide screen, in both languages: ./qol test --screenshots."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser

from qol_server.staff import look
from tests import people
from tests.api.rig import reopened
from tests.browser.weather import Server
from tests.staff import rig
from tests.staff.browser.pages import GETS, address, who
from tests.staff.browser.rig import DESKTOP, PHONE, sit_down
from tests.staff.rig import House

ENTRANCE = ("/staff/log-in", "/staff/set-up", "/staff/prove", "/staff/account")


def take(browser: Browser, into: Path, data: Path) -> int:
    """Pictures of every page, as INTO/LANGUAGE/WIDTH/desk-NAME.png; returns how many there are."""
    trial = rig.prepared(data / "original")
    trial.study.store.close()
    taken = 0
    for language in look.LANGUAGES:
        for n, route in enumerate(sorted(GETS)):
            taken += _take(browser, trial, route, language, into, data / f"{language}-{n}")
    return taken


def _take(browser: Browser, original: people.Trial, route: str, language: str, into: Path, data: Path) -> int:
    """One page (and with the first one the entrance), at both sizes."""
    house = House(reopened(original, data))
    server = Server(house.trial)
    seat = sit_down(browser, server, house.login(who(GETS[route].permission), None, language=language))
    taken = 0
    try:
        for path in [address(house, GETS[route]), *(ENTRANCE if GETS[route].path == "/" else ())]:
            page = seat.open(path)
            name = (
                re.sub(r"[^a-z]+", "-", (path if path.startswith("/staff") else GETS[route].path).replace("/", "-")).strip("-") or "start"
            )
            for size in (PHONE, DESKTOP):
                folder = into / language / str(size["width"])
                folder.mkdir(parents=True, exist_ok=True)
                page.set_viewport_size(size)  # type: ignore[arg-type]
                page.screenshot(path=folder / f"desk-{name}.png", full_page=True, animations="disabled")
                taken += 1
    finally:
        seat.context.close()
        server.close()
    return taken
