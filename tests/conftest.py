"""What all tests share: random examples on a machine of any speed, and the browser of those that drive one, of which a process can
have only one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, BrowserType, sync_playwright

from qol_server.cli import browser as finder

settings.register_profile("any speed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any speed")


@pytest.fixture(scope="session")
def chromium() -> Iterator[BrowserType]:
    """Playwright's way to start Chromium; for tests that need a browser of their own."""
    with sync_playwright() as playwright:
        yield playwright.chromium


@pytest.fixture(scope="session")
def browser(chromium: BrowserType) -> Iterator[Browser]:
    path = finder.find()
    assert path is not None, f"No Chromium was found. {finder.ADVICE}"
    started = chromium.launch(executable_path=path, args=list(finder.FLAGS))
    yield started
    started.close()
