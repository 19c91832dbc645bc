"""Stories of the phone alone, told in the browser: a model of the server, a clock that stands, phones that can be killed at any step."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.pages import Blank
from tests.browser.weather import Server

SCRIPTS = [Path(__file__).with_name(name).read_text() for name in ("model_server.js", "stage.js")]


class Stage(Blank):
    """A page in which stories of `stage.js` are told."""

    def __init__(self, server: Server, page: Page) -> None:
        super().__init__(server, page)
        page.set_default_timeout(120_000)
        for script in SCRIPTS:
            page.evaluate(script)
        page.evaluate("(root) => { stage.root = root; }", self.url(""))
        self._names = ", ".join(page.evaluate("Object.keys(stage)"))

    def tell(self, story: str, **given: Any) -> Any:
        """Run the body of an async function, with all of the stage and ``given`` in scope; returns what it returns."""
        names = ", ".join(given)
        script = f"async (text) => {{ const {{ {self._names} }} = stage; const {{ {names} }} = JSON.parse(text); {story} }}"
        return self.page.evaluate(script, json.dumps(given))


@pytest.fixture(scope="session")
def theatre(browser: Browser) -> Iterator[BrowserContext]:
    """The profile of all stages. Its policy lets frames be scripted."""
    context = browser.new_context(timezone_id="Europe/Paris", bypass_csp=True)
    yield context
    context.close()


@pytest.fixture
def stage(shared_server: Server, theatre: BrowserContext) -> Iterator[Stage]:
    """An empty stage: each story makes a new world, and what is left of the one before is gone with its page."""
    page = theatre.new_page()
    yield Stage(shared_server, page)
    page.close()
