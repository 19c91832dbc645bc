"""The page of a participant with a strip, in a real browser: nothing is out of place, by day and by night, wide and narrow."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from qol_server.trial.roles import Role
from tests.staff import clinic
from tests.staff.browser.rig import DESKTOP, PHONE, Seat
from tests.staff.rig import House


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_of_a_participant_has_no_faults(desk: House, seat: Callable[..., Seat], theme: str) -> None:
    clinic.course(desk)
    nora = seat(Role.NURSE, "01")
    page = nora.open(f"/participants/{desk.ada}")
    for part in page.locator("details.part").all():
        part.locator("summary").click()
    assert nora.faults(DESKTOP, theme) == []
    assert nora.faults(PHONE, theme) == []


def test_the_summary_of_a_troubled_time_is_one_sheet(desk: House, seat: Callable[..., Seat]) -> None:
    clinic.trouble(desk)
    page = seat(Role.NURSE, "01").open(f"/participants/{desk.ada}/summary?since=2026-03-01")
    assert "and 5 more" in page.inner_text("article")
    printed = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
