"""The pages of accounts and of the entrance are fit for use: axe finds nothing, and nothing is cut off at 360 pixels."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, Page

from qol_server.staff.door import SESSION
from qol_server.trial.roles import Grant, Role
from tests import people
from tests.browser.test_axe import AXE, TOO_WIDE
from tests.browser.weather import Server
from tests.staff.rig import House

HERE = f"/{people.SLUG}/staff"
OLGA = "olga@hospital.example"


@pytest.fixture
def page(server: Server, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The browser of an administrator who is logged in."""
    house = House(server.trial)
    house.account("olga", Grant(Role.NURSE, people.SLUG, "01"), Grant(Role.NURSE, people.SLUG, "02"))
    boss = house.login(Role.ADMINISTRATOR, name="boss")
    cookie = boss.client.get_cookie(SESSION, domain="localhost")
    assert cookie is not None
    origin = server.origin.replace("127.0.0.1", "localhost")
    context = browser.new_context(base_url=origin, viewport={"width": 360, "height": 780}, color_scheme=request.param)
    context.add_cookies([{"name": SESSION, "value": cookie.value, "url": origin.replace("http:", "https:"), "secure": True}])
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("page", ["light", "dark"], indirect=True)
def test_the_pages_are_fit_for_use(page: Page) -> None:
    for path in (
        f"{HERE}/accounts", f"{HERE}/accounts/{OLGA}", "/staff/account", "/staff/account/passkey", "/staff/prove", "/staff/log-in",
        "/staff/set-up",
    ):  # fmt: skip
        page.goto(path)
        assert page.url.endswith(path)
        page.evaluate(AXE_SCRIPT)
        assert page.evaluate(AXE) == [], path
        assert page.evaluate(TOO_WIDE) == [], path
    page.goto(f"{HERE}/accounts/{OLGA}")
    page.get_by_role("button", name="Make a new one-time code").click()
    page.get_by_text("is not shown again").wait_for()
    page.evaluate(AXE_SCRIPT)
    assert page.evaluate(AXE) == []
    assert page.evaluate(TOO_WIDE) == []
