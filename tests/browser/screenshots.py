"""Takes a picture of every screen of the app and every page of the desk, in every language: ./qol test --screenshots FOLDER."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from qol_server.cli import browser as finder
from tests import people
from tests.api.rig import reopened
from tests.browser import rig
from tests.browser.original import Original, prepare
from tests.browser.rig import PHONE_SIZE, TABLET_SIZE
from tests.browser.screens import Walk
from tests.browser.weather import Server
from tests.staff.browser import screenshots, show_pieces

SIZES = (PHONE_SIZE, TABLET_SIZE)
LANGUAGES = {"en": people.BEN, "fr": people.ADA}


def take(browser: Browser, original: Original, language: str, into: Path, data: Path) -> int:
    """Pictures of every screen in one language, as INTO/LANGUAGE/360/NAME.png; returns how many there are."""
    person = LANGUAGES[language]
    server = Server(reopened(original.trial, data))
    phone = rig.phone(browser, server, person, original.numbers[person.name])
    taken = 0
    try:
        for screen in Walk(phone, language).screens():
            for size in SIZES:
                folder = into / language / str(size["width"])
                folder.mkdir(parents=True, exist_ok=True)
                phone.page.set_viewport_size(size)
                height = phone.page.evaluate("document.scrollingElement.scrollHeight")
                phone.page.set_viewport_size(size | {"height": max(size["height"], height)})  # what sticks to the edge stays there
                phone.page.screenshot(path=folder / f"{screen}.png", animations="disabled")
                taken += 1
            phone.page.set_viewport_size(PHONE_SIZE)
    finally:
        phone.context.close()
        server.close()
    return taken


def main(into: Path) -> int:
    path = finder.find()
    if path is None:
        print(f"No Chromium was found. {finder.ADVICE}", file=sys.stderr)
        return 3
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        original = prepare(Path(folder) / "original")
        browser = playwright.chromium.launch(executable_path=path, args=list(finder.FLAGS))
        for language in LANGUAGES:
            taken = take(browser, original, language, into, Path(folder) / language)
            print(f"{into / language}: {taken} pictures")
        print(f"{into}: {screenshots.take(browser, into, Path(folder) / 'desk')} pictures of the staff's desk")
        taken = show_pieces.take(browser, into / "guide", Path(folder) / "life")
        print(f"{into / 'guide'}: {taken} pictures of the desk in the life of a study")
        browser.close()
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        print("Say where to put them: python -m tests.browser.screenshots FOLDER", file=sys.stderr)
        sys.exit(2)
    sys.exit(main(Path(sys.argv[1])))
