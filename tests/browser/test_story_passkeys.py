"""A nurse adds a passkey at the desk and then comes in, and proves who she is, by a touch; in a real browser with a device in software."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from qol_server.trial.roles import Grant, Role
from tests import people
from tests.browser.weather import Server
from tests.staff.rig import PASSWORD, House

DEVICE = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
    "automaticPresenceSimulation": True,
}  # fmt: skip


@pytest.fixture
def page(server: Server, browser: Browser) -> Iterator[Page]:
    """A browser at the server's name: passkeys belong to names, not to addresses."""
    context = browser.new_context(base_url=server.origin.replace("127.0.0.1", "localhost"), locale="en-GB")
    yield context.new_page()
    context.close()


def with_device(page: Page) -> tuple[CDPSession, str]:
    """The browser's session of commands, and the id of a device that holds passkeys."""
    commands = page.context.new_cdp_session(page)
    commands.send("WebAuthn.enable")
    return commands, str(commands.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})["authenticatorId"])


def test_a_passkey_is_made_opens_the_desk_and_proves_who_is_there(server: Server, page: Page) -> None:
    house = House(server.trial)
    nora = house.account("nora", Grant(Role.NURSE, people.SLUG, "01"))
    violations: list[str] = []
    page.on("console", lambda said: violations.append(said.text) if "Content Security Policy" in said.text else None)
    commands, device = with_device(page)

    page.goto(f"/{people.SLUG}/staff/")
    page.get_by_label("Login").fill(nora)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in", exact=True).click()
    page.get_by_role("link", name="Nora").click()
    page.get_by_role("link", name="Add a passkey").click()
    page.get_by_label("Name").fill("Computer of the ward")
    page.get_by_role("button", name="Make it").click()
    expect(page.get_by_role("status")).to_have_text("The passkey is added.")
    expect(page.get_by_text("Computer of the ward", exact=True)).to_be_visible()
    assert len(commands.send("WebAuthn.getCredentials", {"authenticatorId": device})["credentials"]) == 1

    page.get_by_role("button", name="Log out").click()
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.get_by_role("link", name="Nora")).to_be_visible()

    server.trial.now += timedelta(minutes=11)
    page.goto("/staff/account/passkey")
    expect(page.get_by_role("heading", name="Is it still you?")).to_be_visible()
    page.get_by_role("button", name="Prove it with a passkey").click()
    expect(page.get_by_role("heading", name="Add a passkey")).to_be_visible()

    commands.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
    page.goto("/staff/account")
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("button", name="Log in with a passkey").click()
    expect(page.get_by_text("No passkey was used")).to_be_visible()
    expect(page.get_by_role("heading", name="Log in to the desk")).to_be_visible()
    assert violations == []
