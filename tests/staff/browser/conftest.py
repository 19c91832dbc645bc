"""Fixtures of the desk's stories: a server of each test's own, and people who sit at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from qol_server.trial.roles import Role
from tests.browser.weather import Server
from tests.staff.browser.rig import Seat, sit_down
from tests.staff.rig import House

FOLDER = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(FOLDER):
            item.add_marker(pytest.mark.browser)


@pytest.fixture
def server(desk: House) -> Iterator[Server]:
    """The desk's server; its clock is the trial's: ``desk.trial.at(…)``."""
    started = Server(desk.trial)
    yield started
    started.close()


@pytest.fixture
def seat(desk: House, server: Server, browser: Browser) -> Iterator[Callable[..., Seat]]:
    """Seats somebody: ``seat(Role.NURSE, "01")``; ``name`` tells two nurses of a site apart. At the end no console may have complained."""
    taken: list[Seat] = []

    def sit(role: Role, site: str | None = None, **who: str) -> Seat:
        taken.append(sit_down(browser, server, desk.login(role, site, **who)))
        return taken[-1]

    yield sit
    for each in taken:
        each.context.close()
    assert [complaint for each in taken for complaint in each.trouble] == []
