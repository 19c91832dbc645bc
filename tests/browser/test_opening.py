"""The app opens whatever the link says, and says what to do where it cannot open."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import BrowserType, expect

from qol_server.cli import browser as finder
from tests import people
from tests.browser import rig
from tests.browser.rig import AppPhone
from tests.browser.weather import Server


@pytest.mark.parametrize("fragment", ["#%", "#%E0%A4%A", "#<script>alert(1)</script>", "#7QK4-M2XP-9D%20%3Cb%3E", "#" + "A" * 5000])
def test_a_link_with_anything_else_than_a_code_opens_the_first_screen(ben: AppPhone, fragment: str) -> None:
    page = ben.open(fragment)
    expect(page.get_by_role("textbox")).to_have_value("")
    assert page.evaluate("location.hash") == ""


def test_where_the_phone_keeps_nothing_the_app_says_what_to_do_and_whom_to_call(ben: AppPhone) -> None:
    ben.allowed.append("")
    ben.context.add_init_script("IDBFactory.prototype.open = () => { throw new DOMException('no', 'SecurityError'); };")
    page = ben.open()
    ben.heading(ben.words("app.broken"))
    ben.sees("app.broken.advice")
    expect(page.get_by_role("link", name="112")).to_have_attribute("href", "tel:112")


def test_the_browser_finds_nothing_against_installing_it(
    chromium: BrowserType, server: Server, original_numbers: dict[str, str], tmp_path: Path
) -> None:
    path = finder.find()
    assert path is not None
    with rig.whole_browser(chromium, path, tmp_path / "profile", people.BEN) as context:
        ben = AppPhone(server, context, original_numbers["Ben"], people.BEN)
        page = ben.open()
        ben.installed()
        door = context.new_cdp_session(page)
        assert door.send("Page.getInstallabilityErrors") == {"installabilityErrors": []}
        assert door.send("Page.getAppManifest")["errors"] == []
        assert door.send("Page.getAppId")["appId"] == server.app_url
