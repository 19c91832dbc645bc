"""Every page of the desk is fit for use: axe finds nothing, by day and by night, and nothing is cut off on a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.staff.browser.pages import GETS, address, who
from tests.staff.browser.rig import DESKTOP, PHONE, Seat
from tests.staff.rig import HERE, House

LOOKS = ((PHONE, "dark", "fr"), (DESKTOP, "light", "en"))


@pytest.mark.parametrize("route", sorted(GETS))
def test_a_page_is_fit_for_use(desk: House, seat: Callable[..., Seat], route: str) -> None:
    path = address(desk, GETS[route])
    for size, theme, language in LOOKS:
        there = seat(who(GETS[route].permission), None, language=language)
        answer = there.page.goto(there.server.origin + HERE + path)
        assert answer is not None
        assert answer.status == 200, (route, answer.status)
        assert there.faults(size, theme) == [], (route, theme)
        assert there.page.locator("h1").count() == 1
