"""A phone becomes a participant's: by the link or by typing, with lost answers, wrong numbers, lock-outs and new phones."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from qol_server.access import pairing
from qol_server.intake import conduct
from tests import people
from tests.browser import weather
from tests.browser.rig import AppPhone
from tests.browser.weather import Server


def devices(server: Server, number: str) -> list[str]:
    return pairing.active_devices(server.trial.study.store.read(), number)


def test_by_link_the_number_is_compared_and_the_code_leaves_the_address(ben: AppPhone, server: Server) -> None:
    ben.open("#" + server.code(ben.number))
    assert ben.page.evaluate("location.href") == server.app_url
    ben.press("action.go_on")
    expect(ben.page.get_by_text(ben.number, exact=True)).to_be_visible()
    ben.confirm_number()
    ben.check_nothing_is_lost()
    assert len(devices(server, ben.number)) == 1


def test_by_typing_in_small_letters(ben: AppPhone, server: Server) -> None:
    ben.pair_by_typing()
    assert len(devices(server, ben.number)) == 1


def test_somebody_elses_number_is_refused_and_nothing_of_it_stays(ben: AppPhone, server: Server, original_numbers: dict[str, str]) -> None:
    ben.open("#" + server.code(original_numbers["Ada"]))
    ben.press("action.go_on")
    expect(ben.page.get_by_text(original_numbers["Ada"], exact=True)).to_be_visible()
    ben.press("confirm.no")
    ben.heading(ben.words("welcome.title"))
    assert ben.rows("meta").keys().isdisjoint({"identity", "pending"})
    ben.reopen()
    ben.heading(ben.words("welcome.title"))


def test_a_lost_answer_does_not_burn_the_code(ben: AppPhone, server: Server) -> None:
    server.weather.next("devices", weather.lost_answer)
    ben.open("#" + server.code(ben.number))
    ben.press("action.go_on")
    ben.sees("trouble.offline")
    made = devices(server, ben.number)
    ben.press("action.go_on")
    ben.confirm_number()
    ben.check_nothing_is_lost()
    assert devices(server, ben.number) == made
    assert len(made) == 1


def test_killed_before_the_number_was_compared(ben: AppPhone, server: Server) -> None:
    ben.open("#" + server.code(ben.number))
    ben.press("action.go_on")
    expect(ben.page.get_by_text(ben.number, exact=True)).to_be_visible()
    ben.reopen()
    ben.confirm_number()
    assert len(devices(server, ben.number)) == 1


def test_a_code_that_nobody_gave_out(ben: AppPhone) -> None:
    ben.open("#AAAA-AAAA-AA")
    ben.press("action.go_on")
    ben.sees("trouble.code-unknown")


def test_a_phone_that_was_reported_lost_keeps_everything_until_it_is_paired_again(ben: AppPhone, server: Server) -> None:
    ben.pair_by_link()
    conduct.revoke(server.trial.study, ben.number, actor=people.NURSE, now=server.trial.now)
    ben.take_dose()
    ben.sees("notice.held.title")
    assert ben.stored() == {}
    assert len(ben.sealed()) == 1
    ben.press("notice.held.action")
    ben.page.get_by_role("textbox").fill(server.code(ben.number))
    ben.press("again.pair")
    ben.heading(ben.words("again.done.title"))
    ben.check_nothing_is_lost()
    assert len(ben.stored()) == 1


def test_a_new_phone_takes_over_and_the_old_one_still_delivers(ben: AppPhone, phones: Callable[..., AppPhone], server: Server) -> None:
    ben.pair_by_link()
    ben.offline()
    ben.take_dose()
    new = phones(people.BEN)
    new.open("#" + server.code(ben.number, replaces=True))
    new.press("action.go_on")
    new.confirm_number()
    new.at("2026-03-03 20:00")
    new.take_dose()
    new.wait_until_sent(1)
    ben.phone_clock("2026-03-03 20:05")
    ben.online()
    ben.wait_until_sent(1)
    ben.check_nothing_is_lost(new)
    assert {fact["occurrence"] for fact in server.facts(ben.number)} == {"dose@2026-03-02", "dose@2026-03-03"}
