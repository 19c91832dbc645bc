"""A call in a real browser: a phone falls silent, the ladder ends, somebody telephones, and the window closes with a reason."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from playwright.sync_api import expect

from qol_server.exports import tidy
from qol_server.trial.roles import Role
from scheduler import ticks
from tests import people
from tests.staff import telephone
from tests.staff.browser.rig import Seat
from tests.staff.rig import House


def test_a_phone_falls_silent_and_the_call_closes_the_window_with_a_reason(desk: House, seat: Callable[..., Seat], tmp_path: Path) -> None:
    trial, phone = desk.trial, telephone.phone(desk)
    trial.at("2026-03-24 20:00", "Europe/Paris")
    phone.sync()
    trial.hold(desk.ada, date(2026, 3, 3))  # nothing but questionnaires is asked for
    for week in ("symptoms@W1", "symptoms@W2", "symptoms@W3"):
        phone.answer(week, {"nausea.frequency": 0})
    phone.sync()
    sent: list[str | None] = []
    trial.at("2026-03-25 00:00", "Europe/Paris")
    end = trial.now + timedelta(days=12)  # until the day 3 after the month's target, 2 April, has passed
    while trial.now < end:
        ticks.tick_all(trial.study, trial.now, trial.settings, lambda message: sent.append(message.occurrence))
        trial.now += timedelta(hours=6)
    assert sent.count("qol@M1") >= 3, "the ladder was climbed first"

    nora = seat(Role.NURSE, "01")
    page = nora.open("/calls?task=overdue&order=age")
    page.reload()
    expect(page.get_by_label("Order")).to_have_value("age")
    page.get_by_role("row", name="M1").get_by_role("link").press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Overdue questionnaire: call {desk.ada}")
    expect(page.get_by_text("2 Apr 2026", exact=True)).to_be_visible()
    page.get_by_label("Not reached").check()
    page.get_by_label("Note (optional)").first.fill("Voice mail")
    page.get_by_role("button", name="Write down").click()
    expect(page.get_by_role("status")).to_have_text("The attempt is written down.")
    page.get_by_role("button", name="Too ill").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Closed: Too ill (You)")).to_be_visible()
    assert nora.trouble == []

    tidy.export(trial.study, tmp_path / "export", actor=people.DATA_MANAGER, now=trial.now)
    with (tmp_path / "export" / "windows.csv").open(encoding="utf-8", newline="") as lines:
        [month] = [row for row in csv.DictReader(lines) if (row["participant"], row["occurrence"]) == (desk.ada, "qol@M1")]
    assert (month["state"], month["reason"], month["entry"]) == ("missed", "too_ill", "")
