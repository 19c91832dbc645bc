"""The entrance in a real browser: the one-time code of a link, the cookies, and a form that outlives its session."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import Browser, expect

from qol_server.intake import staff as accounts
from qol_server.trial.roles import Role
from tests.browser.weather import Server
from tests.staff.browser.rig import DESKTOP, PHONE, Seat
from tests.staff.rig import PASSWORD, House


def test_the_code_of_a_link_never_reaches_a_server_by_its_address(desk: House, server: Server, browser: Browser) -> None:
    code = accounts.add(desk.staff, "ivan@hospital.example", "Ivan Petit", "en", actor="staff:root", now=desk.now)
    assert code is not None
    page = browser.new_context().new_page()
    page.goto(f"{server.origin}/staff/set-up#{code}")
    expect(page.get_by_label("One-time code")).to_have_value(code)
    assert "#" not in page.url
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Connect your authenticator")
    assert not any(code in address for _, address in server.weather.requests)
    page.context.close()


def test_the_entrance_is_fit_for_use(desk: House, server: Server, seat: Callable[..., Seat]) -> None:
    nora = seat(Role.NURSE, "01")
    for path in ("/staff/account", "/staff/log-in", "/staff/set-up", "/staff/prove", "/staff/?all"):
        nora.open(path)
        assert nora.faults(PHONE, "dark") == [], path
        assert nora.faults(DESKTOP) == [], path


def test_after_half_an_hour_somebody_logs_in_again_and_goes_on(desk: House, seat: Callable[..., Seat]) -> None:
    nora = seat(Role.NURSE, "01")
    nora.open("/")
    desk.trial.now += timedelta(minutes=31)
    page = nora.open("/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Log in to the desk")
    page.get_by_label("Login").fill(nora.member.login)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="desminib")).to_be_visible()
