"""Somebody is enrolled with the keyboard alone, and each criterion is judged while it is typed."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from qol_server.trial.roles import Role
from tests import people
from tests.staff.browser.rig import Seat
from tests.staff.rig import House


def go_to(page: Page, name: str) -> None:
    """Press Tab until the field (or button) of that name has the focus."""
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate("(name) => document.activeElement.name === name || document.activeElement.textContent.trim() === name", name):
            return
    raise AssertionError(f"no Tab leads to {name}")


def judgement(page: Page, criterion: str) -> str:
    """What stands beside a criterion."""
    return str(
        page.evaluate("(name) => document.getElementsByName(name)[0].closest('.criterion').querySelector('.live').textContent", criterion)
    )


def test_a_nurse_enrols_with_the_keyboard_alone(desk: House, seat: Callable[..., Seat]) -> None:
    nurse = seat(Role.NURSE, "01")
    page = nurse.open("/participants")
    go_to(page, "Enrol somebody")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Enrol somebody")
    for name, value in people.ELIGIBLE.items():
        field = f"criterion_{name}"
        go_to(page, field)
        if value in ("yes", "no"):
            page.keyboard.press("Space")  # the first of the two is yes
            if value == "no":
                page.keyboard.press("ArrowDown")
        elif name == "anc":
            page.keyboard.type("1000")
            assert judgement(page, field) == "not met", "strictly above"
            page.keyboard.type(",5")
        else:
            page.keyboard.type(value)
        assert judgement(page, field) == "met", name
    page.keyboard.press("Enter")
    expect(page.locator(".notice.good")).to_contain_text("the person is included")
    expect(page.locator("tr", has_text="Neutrophil count")).to_contain_text("1,000.5")


def test_a_failure_is_named_with_the_focus_on_it_and_recorded_only_when_it_is_meant(desk: House, seat: Callable[..., Seat]) -> None:
    page = seat(Role.NURSE, "01").open("/participants/new")
    for name, value in people.ELIGIBLE.items():
        field = page.locator(f"[name=criterion_{name}]")
        if value in ("yes", "no"):
            page.locator(f"[name=criterion_{name}][value={value}]").check()
        else:
            field.fill("17" if name == "age" else value)
    page.locator("[name=criterion_age]").press("Enter")
    expect(page.locator("[name=criterion_age]")).to_be_focused()
    expect(page.locator("#enrol-criterion_age-wrong")).to_have_text("Not met: it must be at least 18 and at most 120 years.")
    page.locator("[name=criterion_age]").fill("18")
    expect(page.locator("#enrol-criterion_age-wrong")).to_have_count(0)  # it was said of what stood there before
    assert judgement(page, "criterion_age") == "met"
    page.locator("[name=criterion_age]").fill("17")
    go_to(page, "as_it_is")
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("not eligible")
    expect(page.locator("main")).to_contain_text("Only an investigator signs a deviation.")
