"""The server fails, the way to it fails, or it is put back to an older copy: nothing is lost and nothing is doubled."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser import weather
from tests.browser.rig import AppPhone
from tests.browser.weather import Fault, Server

FAULTS = {
    "500": weather.SERVER_ERROR, "503": weather.UNAVAILABLE, "429": weather.TOO_MANY, "html": weather.PORTAL, "json": weather.PORTAL_JSON,
    "portal 401": weather.PORTAL_LOGIN, "302": weather.REDIRECT, "truncated": weather.truncated, "hang-up": weather.hang_up,
    "lost answer": weather.lost_answer,
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_the_way_to_the_server_fails_and_heals(ben: AppPhone, server: Server, fault: Fault) -> None:
    ben.pair_by_link()
    before = server.weather.count("sync")
    server.weather.always("sync", fault)
    ben.take_dose()
    server.weather.wait_for("sync", before + 1)
    ben.wait_for_sync("waiting")
    (state,) = ben.entry_states()
    assert state in ("queued", "sending")  # the next try may be under way
    ben.sees("sync.waiting", n=1)
    server.weather.clear()
    ben.at("2026-03-02 20:20")  # longer than the longest wait between two tries
    ben.wait_until_sent(1)
    ben.check_nothing_is_lost()
    assert len(server.facts(ben.number)) == 1


def test_the_server_is_off_and_the_patient_taps_send_now(ben: AppPhone, server: Server) -> None:
    ben.pair_by_link()
    ben.installed()
    server.stop()
    ben.take_dose()
    ben.wait_for_sync("waiting")
    ben.reopen()  # from the phone itself
    ben.press_sync_line()
    ben.send_now(server.start)
    ben.wait_until_sent(1)
    ben.check_nothing_is_lost()


def test_a_server_that_asks_to_wait_is_left_alone_for_that_long(ben: AppPhone, server: Server) -> None:
    ben.pair_by_link()
    server.weather.next("sync", weather.TOO_MANY)
    ben.take_dose()
    ben.wait_for_sync("waiting")
    asked = server.weather.count("sync")
    ben.phone_clock("2026-03-02 20:00:55")
    ben.page.evaluate("() => void dispatchEvent(new Event('online'))")
    assert ben.entry_states() == ["queued"]
    assert server.weather.count("sync") == asked
    ben.phone_clock("2026-03-02 20:16")
    ben.wait_until_sent(1)
    assert server.weather.count("sync") > asked
    ben.check_nothing_is_lost()


@pytest.mark.parametrize("says_so", [True, False], ids=["new epoch", "nobody says so"])
def test_the_server_is_put_back_to_an_older_copy(ben: AppPhone, server: Server, tmp_path: Path, says_so: bool) -> None:
    ben.pair_by_link()
    ben.take_dose()
    ben.wait_until_sent(1)
    copy = server.copy(tmp_path)
    ben.at("2026-03-03 20:00")
    ben.take_dose()
    ben.wait_until_sent(2)
    given = ben.stored()
    assert len(given) == 2
    server.put_back(copy, says_so=says_so)
    assert len(ben.stored()) == 1
    ben.at("2026-03-04 20:00")
    ben.take_dose()
    ben.wait_until_sent(3)
    ben.check_nothing_is_lost()
    assert len(ben.stored()) == 3
    assert given.items() <= ben.stored().items()


def test_the_server_is_put_back_to_before_the_phone_was_paired(ben: AppPhone, server: Server, tmp_path: Path) -> None:
    copy = server.copy(tmp_path)
    ben.pair_by_link()
    ben.take_dose()
    ben.wait_until_sent(1)
    given = ben.stored()
    server.put_back(copy, says_so=True)
    ben.at("2026-03-03 20:00")
    ben.take_dose()
    ben.sees("notice.held.title")
    assert ben.stored() == {}
    ben.press("notice.held.action")
    ben.page.get_by_role("textbox").fill(server.code(ben.number))
    ben.press("again.pair")
    ben.heading(ben.words("again.done.title"))
    ben.wait_until_sent(2)
    ben.check_nothing_is_lost()
    assert len(ben.stored()) == 2
    assert given.items() <= ben.stored().items()
