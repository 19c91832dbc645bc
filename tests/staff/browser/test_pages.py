"""Every page of the desk is fit for use: axe finds nothing, by day and by night, and nothing is cut off on a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from qol_server.staff import AREAS
from qol_server.trial.roles import RIGHTS, Permission, Role
from tests.staff.browser.rig import DESKTOP, PHONE, Seat
from tests.staff.rig import House
from tests.staff.routes import EXAMPLES

PAGES = {
    f"GET {route.path}": route.permission
    for pages in AREAS.values()
    for route in pages.routes
    if route.method == "GET" and not route.polled
}
LOOKS = ((PHONE, "dark", "fr"), (DESKTOP, "light", "en"))
PREFERRED = (Role.INVESTIGATOR, Role.STUDY_MANAGER, Role.ADMINISTRATOR, Role.DATA_MANAGER)


def who(permission: Permission) -> Role:
    return next(role for role in (*PREFERRED, *Role) if role in RIGHTS[permission].roles)


@pytest.mark.parametrize("route", sorted(PAGES))
def test_a_page_is_fit_for_use(desk: House, seat: Callable[..., Seat], route: str) -> None:
    parts = EXAMPLES[route].parts(desk)
    path = route.removeprefix("GET ")
    for name, value in parts.items():
        path = path.replace(f"<{name}>", value)
    role = who(PAGES[route])
    for size, theme, language in LOOKS:
        there = seat(role, None, language=language)
        answer = there.page.goto(there.server.origin + f"/{desk.trial.study.slug}/staff{path}")
        assert answer is not None
        assert answer.status == 200, (route, answer.status)
        assert there.faults(size, theme) == [], (route, theme)
        assert there.page.locator("h1").count() == 1
