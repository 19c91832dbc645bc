"""A hold, a dose taken during it, and a double dose, in a real browser: prescribed, told, typed, and on the worklist at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from playwright.sync_api import expect

from qol_server.trial.roles import Role
from tests import people
from tests.staff.browser.rig import Seat
from tests.staff.rig import House


def alerts(desk: House) -> list[tuple[str, str, str]]:
    rows = desk.trial.study.store.read().all("SELECT rule, urgency, occurrence FROM alerts ORDER BY position")
    return [(row["rule"], row["urgency"], row["occurrence"]) for row in rows]


def test_a_dose_during_a_hold_and_a_double_dose_are_due_now(desk: House, seat: Callable[..., Seat]) -> None:
    phone = desk.trial.phone(desk.ada)
    desk.trial.at("2026-03-03 09:00", "Europe/Paris")
    nora = seat(Role.NURSE, "01", name="nora")
    page = nora.open(f"/participants/{desk.ada}/treatment")
    page.get_by_label("Hold: no dose").check()
    page.get_by_label("Reason").select_option("toxicity")
    page.get_by_role("button", name="Prescribe").click()
    expect(page.get_by_text("It is prescribed.")).to_be_visible()

    desk.trial.at("2026-03-03 20:00", "Europe/Paris")
    phone.answer("dose@2026-03-03", people.TAKEN)  # in the morning, before the hold was written down
    phone.sync()
    assert alerts(desk) == []
    desk.trial.at("2026-03-04 20:00", "Europe/Paris")
    phone.answer("dose@2026-03-04", people.TAKEN)
    phone.sync()
    olga = seat(Role.NURSE, "01", name="olga")
    expect(olga.open("/worklist?all=1").locator("tr[data-case]").get_by_text("Now", exact=True)).to_be_visible()
    assert alerts(desk) == [("over-prescription", "now", "dose@2026-03-04")]

    desk.trial.prescribe(desk.ada, "400", date(2026, 3, 5), reason="recovery")
    desk.trial.at("2026-03-05 20:00", "Europe/Paris")
    page = seat(Role.NURSE, "01", name="nina").open(f"/participants/{desk.ada}/enter/dose@2026-03-05")
    page.get_by_label("By telephone").check()
    page.get_by_label("The participant", exact=True).check()
    first = page.locator("[data-ask-when]").filter(has=page.locator("[name='item.intake.1.mg']"))
    expect(first).to_be_hidden()  # how much is asked only where it was another amount
    page.locator("[name='item.intake.1.status'][value='different']").check()
    expect(first).to_be_visible()
    page.locator("[name='item.intake.1.mg']").fill("800")
    page.get_by_role("button", name="Save the answers").click()
    expect(page.get_by_text("The answers are stored.")).to_be_visible()
    assert alerts(desk)[1:] == [("over-prescription", "now", "dose@2026-03-05")]
    for each in (nora, olga):
        assert each.trouble == []
