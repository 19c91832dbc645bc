"""Messages of the site on more than one phone."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from qol_server.intake import conduct
from tests import people
from tests.browser.rig import AppPhone
from tests.browser.weather import Server


def test_a_message_that_was_read_on_one_phone_is_read_on_the_next(phones: Callable[..., AppPhone], server: Server) -> None:
    first = phones(people.ADA)
    conduct.send_message(server.trial.study, first.number, "À jeudi !", actor=people.NURSE, now=server.trial.now)
    first.pair_by_link()
    first.press("today.messages", n=1)
    expect(first.page.get_by_text("À jeudi !")).to_be_visible()
    first.wait_until_sent(1)
    second = phones(people.ADA)
    second.pair_by_link()
    expect(second.button(second.words("today.messages", n=1))).to_have_count(0)
    second.press("places.messages")
    expect(second.page.get_by_text("À jeudi !")).to_be_visible()
    assert second.sealed() == {}, "it is not noted again"
    first.check_nothing_is_lost()
