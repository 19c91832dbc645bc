"""Every screen is fit for use: axe finds nothing, nothing is cut off on the narrowest phone, and everything can be hit with a thumb."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.resources import files
from itertools import product
from typing import Any

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from tests import people
from tests.browser.rig import PHONE_SIZE, AppPhone
from tests.browser.screens import Walk

PERSONS = {"en": people.BEN, "fr": people.ADA, "qps": people.BEN}
"""Language of the screens -> in whose hand: qps is English words, accented and from right to left."""
ALL_LOOKS = list(product(("light", "dark"), (100, 200)))
NARROW = {"width": 320, "height": 640}
SMALLEST = 44  # CSS pixels

LOOK = """(size) => {
    globalThis.enlarging ??= new CSSStyleSheet();
    globalThis.enlarging.replaceSync(`html { font-size: ${size}% !important; }`);
    document.adoptedStyleSheets = [globalThis.enlarging];
}"""
AXE = """async () => (await axe.run({ resultTypes: ["violations"] })).violations.map(({ id, help, nodes }) => (
    `${id}: ${help}: ` + nodes.map(({ target, any, all, none }) => (
        `${target} (${[...any, ...all, ...none].map(({ message }) => message).join("; ")})`
    )).join(", ")
))"""
TOO_WIDE = """() => {
    const width = document.documentElement.clientWidth;
    if (document.scrollingElement.scrollWidth <= width) {
        return [];
    }
    return [...document.querySelectorAll("main *, header *, footer *, nav *")]
        .filter((one) => one.getBoundingClientRect().right > width + 1 || one.getBoundingClientRect().left < -1)
        .map((one) => `${one.tagName}.${one.className}`);
}"""
TOO_SMALL = """(least) => [...document.querySelectorAll("button, a, input, textarea, select, summary")]
    .map((one) => one.closest("label") ?? one)
    .filter((one) => one.getClientRects().length > 0)
    .map((one) => [one, one.getBoundingClientRect()])
    .filter(([, box]) => box.width < least || box.height < least)
    .map(([one, box]) => `${one.tagName}.${one.className} ${Math.round(box.width)}x${Math.round(box.height)}`)"""


def looks(screen: int, language: str) -> list[tuple[str, int]]:
    """The look in which a screen is tried in a language, so that each pair of screen, language, theme and size is met.

    English and French get looks that are each other's opposite; from screen to screen they take turns.
    """
    turn = screen % len(ALL_LOOKS)
    return [ALL_LOOKS[{"en": turn, "fr": 3 - turn, "qps": (turn + 2) % 4}[language]]]


def wrongs(page: Page, theme: str, size: int) -> list[str]:
    """What is wrong with the screen in this look."""
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
    page.evaluate(LOOK, size)
    found: list[Any] = []
    if not page.evaluate("() => Boolean(globalThis.axe)"):
        page.evaluate(AXE_SCRIPT)
    found += page.evaluate(AXE)
    found += [f"smaller than {SMALLEST}: {one}" for one in page.evaluate(TOO_SMALL, SMALLEST)]
    if size == 200:
        page.set_viewport_size(NARROW)
        found += [f"wider than the screen: {one}" for one in page.evaluate(TOO_WIDE)]
        page.set_viewport_size(PHONE_SIZE)
    return [str(one) for one in found]


def inspected(phones: Callable[..., AppPhone], language: str, which: Callable[[int], list[tuple[str, int]]]) -> dict[str, list[str]]:
    """Screen and look -> what is wrong, for those where something is."""
    phone = phones(PERSONS[language])
    found = {}
    seen = []
    for screen in Walk(phone, language).screens():
        seen.append(screen)
        for theme, size in which(len(seen)):
            wrong = wrongs(phone.page, theme, size)
            if wrong:
                found[f"{screen} {theme} {size} %"] = wrong
        phone.page.evaluate("() => { document.adoptedStyleSheets = []; }")
    assert [name for name in registered() if not any(f"{one}-".startswith(f"{name}-") for one in seen)] == []
    return found


def registered() -> list[str]:
    """The names of the screens that the app has."""
    text = files("qol_server.patient_app").joinpath("view/screens.js").read_text(encoding="utf-8")
    return re.findall(r'^    "?([a-z-]+)"?: async', text, re.MULTILINE)


@pytest.mark.parametrize("language", PERSONS)
def test_every_screen_in_one_look(phones: Callable[..., AppPhone], language: str) -> None:
    assert inspected(phones, language, lambda screen: looks(screen, language)) == {}


@pytest.mark.long
@pytest.mark.parametrize("language", PERSONS)
def test_every_screen_in_every_look(phones: Callable[..., AppPhone], language: str) -> None:
    assert inspected(phones, language, lambda _: ALL_LOOKS) == {}


def test_each_pair_of_screen_language_theme_and_size_is_tried() -> None:
    tried = {(screen, language, *look) for screen in range(56) for language in PERSONS for look in looks(screen, language)}
    for screen in range(56):
        mine = {one[1:] for one in tried if one[0] == screen}
        assert {language for language, _, _ in mine} == set(PERSONS)
        assert {theme for _, theme, _ in mine} == {"light", "dark"}
        assert {size for _, _, size in mine} == {100, 200}
    assert {one[1:] for one in tried} == {(language, *look) for language in PERSONS for look in ALL_LOOKS}


def test_what_is_wrong_is_found(ben: AppPhone) -> None:
    ben.open()
    assert wrongs(ben.page, "light", 200) == []
    ben.page.evaluate(
        """() => {
            const [button, wide] = ["button", "p"].map((name) => document.querySelector("main").appendChild(document.createElement(name)));
            button.style.width = "20px";
            wide.textContent = "Very wide";
            wide.style.width = "30rem";
        }"""
    )
    found = "\n".join(wrongs(ben.page, "light", 200))
    assert "button-name" in found
    assert "smaller than 44: BUTTON" in found
    assert "wider than the screen: P" in found
