"""Wrong tries cost time, more and more of it; strangers' tries cost strangers, and never shut anybody out for good."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qol_server.access import throttle
from qol_server.access.sessions import BROWSER_LIFE
from qol_server.store import Store, Tx
from qol_server.trial.problems import Refused
from tests.access.office import ELSEWHERE, HOME, IVAN, NORA, Office

START = datetime(2026, 3, 2, 7, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
NORAS, HERE = b"nora", b"here"


@pytest.fixture
def tx() -> Tx:
    store = Store(None)
    store.write(throttle.create)
    return store.read()


def wait(tx: Tx, now: datetime, who: bytes = NORAS, address: bytes | None = None) -> int:
    """Try wrongly; returns the seconds to wait where that is not allowed yet, else 0."""
    try:
        throttle.begin(tx, who, address, now)
    except Refused as refusal:
        return refusal.retry_after or -1
    return 0


def test_the_waits_are_those_of_the_book() -> None:
    seconds = [throttle.wait_after(tries).total_seconds() for tries in range(13)]
    assert seconds == [0, 0, 0, 0, 0, 30, 60, 120, 240, 480, 900, 900, 900]
    assert throttle.wait_after(10**6) == timedelta(minutes=15)


def test_five_tries_are_free_and_each_wait_ends_to_the_millisecond(tx: Tx) -> None:
    now = START
    for _ in range(5):
        assert wait(tx, now) == 0
    for seconds in (30, 60, 120, 240, 480, 900, 900, 900):
        assert wait(tx, now) == seconds
        now += timedelta(seconds=seconds)
        assert wait(tx, now - timedelta(milliseconds=1)) == 1
        assert wait(tx, now) == 0


def test_trying_during_a_wait_makes_it_no_longer(tx: Tx) -> None:
    for _ in range(5):
        wait(tx, START)
    for second in range(30):
        assert wait(tx, START + second * SECOND) == 30 - second
    assert wait(tx, START + 30 * SECOND) == 0


def test_many_at_once_gain_nothing(tx: Tx) -> None:
    """A try counts before it is looked at."""
    assert [wait(tx, START) for _ in range(50)] == [0] * 5 + [30] * 45


def test_a_right_try_begins_anew_and_so_does_a_day_without_any(tx: Tx) -> None:
    for _ in range(5):
        wait(tx, START)
    throttle.forgive(tx, NORAS, None)
    assert [wait(tx, START) for _ in range(6)] == [0] * 5 + [30]
    assert throttle.begin(tx, NORAS, None, START + timedelta(hours=24) - timedelta(milliseconds=1)) == 6
    assert throttle.begin(tx, NORAS, None, START + timedelta(hours=48)) == 1


def test_an_address_has_thirty_wrong_tries_in_ten_minutes_whoever_they_are_for(tx: Tx) -> None:
    for nth in range(30):
        assert wait(tx, START + nth * SECOND, b"%d" % nth, HERE) == 0
    assert wait(tx, START + 30 * SECOND, b"another", HERE) == 570
    assert wait(tx, START + 30 * SECOND, b"another", b"there") == 0
    assert wait(tx, START + 10 * MINUTE - SECOND, b"one more", HERE) == 1
    assert wait(tx, START + 10 * MINUTE, b"one more", HERE) == 0


def test_right_tries_use_nothing_of_an_address_up(tx: Tx) -> None:
    for nth in range(100):
        assert wait(tx, START, b"%d" % nth, HERE) == 0
        throttle.forgive(tx, b"%d" % nth, HERE)


@pytest.mark.parametrize(
    ("address", "counts_as"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:0db8:0001:0002::ffff", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("127.0.0.1", None),
        ("::1", None),
        ("::ffff:127.0.0.1", None),
        ("", None),
        ("unix:", None),
    ],
)
def test_what_counts_as_one_address(address: str, counts_as: str | None) -> None:
    assert throttle.network(address) == counts_as


@given(st.lists(st.integers(0, 3600), max_size=60))
def test_nobody_ever_waits_longer_than_a_quarter_of_an_hour(gaps: list[int]) -> None:
    store = Store(None)
    store.write(throttle.create)
    tx, now = store.read(), START
    for gap in gaps:
        now += timedelta(seconds=gap)
        seconds = wait(tx, now, address=HERE)
        assert 0 <= seconds <= 900
        if seconds:
            assert wait(tx, now + timedelta(seconds=seconds)) == 0
            now += timedelta(seconds=seconds)


# Seen from the log-in


def test_a_nurse_at_her_own_browser_does_not_notice_a_week_of_strangers_guesses(office: Office) -> None:
    nora = office.member(NORA)
    for day in range(7):
        for _ in range(8):
            assert office.stranger(NORA) in ("login-refused", "login-throttled")
            assert office.stranger(NORA, address=HOME) in ("login-refused", "login-throttled")
        assert office.stranger(NORA) == "login-throttled"
        nora.log_in()
        assert nora.session is not None, f"day {day}"
        office.later(days=1)


def test_a_nurse_at_a_new_browser_waits_a_quarter_of_an_hour_at_most(office: Office) -> None:
    nora = office.member(NORA)
    for _ in range(12):
        while office.stranger(NORA) == "login-throttled":
            office.later(minutes=1)
    with pytest.raises(Refused) as refusal:
        nora.log_in(browser=None)
    assert refusal.value.retry_after is not None
    assert refusal.value.retry_after <= 900
    assert "minutes" in refusal.value.detail
    office.later(seconds=refusal.value.retry_after)
    nora.log_in(browser=None)
    assert nora.session is not None


def test_a_flood_from_the_hospitals_own_address_leaves_known_browsers_alone(office: Office) -> None:
    nora = office.member(NORA)
    for nth in range(40):
        office.stranger(f"nobody{nth}@hospital.example", address=HOME)
    assert office.stranger(IVAN, address=HOME) == "login-throttled"
    assert office.stranger(IVAN, address=ELSEWHERE) == "login-refused"
    nora.log_in(address=HOME)
    assert nora.session is not None


def test_behind_a_reverse_proxy_strangers_do_not_use_up_everybodys_address(office: Office) -> None:
    nora = office.member(NORA)
    for nth in range(40):
        assert office.stranger(f"nobody{nth}@hospital.example", address="127.0.0.1") == "login-refused"
    nora.log_in(address="127.0.0.1", browser=None)
    assert nora.session is not None


def test_a_stolen_browser_is_throttled_as_well_and_by_itself(office: Office) -> None:
    nora = office.member(NORA)
    tries = [office.stranger(NORA, browser=nora.browser) for _ in range(6)]
    assert tries == ["login-refused"] * 5 + ["login-throttled"]
    nora.log_in(browser=None)
    assert nora.session is not None


def test_a_browser_is_known_for_half_a_year_and_only_to_whoever_logged_in_there(office: Office) -> None:
    nora, ivan = office.member(NORA), office.member(IVAN)
    for _ in range(5):
        office.stranger(IVAN)
    assert office.stranger(IVAN, browser=nora.browser) == "login-throttled", "it is Nora's browser, not Ivan's"
    office.now += BROWSER_LIFE - timedelta(minutes=2)
    for _ in range(5):
        office.stranger(IVAN)
    ivan.log_in()
    office.now += BROWSER_LIFE
    for _ in range(5):
        office.stranger(IVAN)
    with pytest.raises(Refused, match="wrong tries"):
        ivan.log_in()


def test_a_ward_shares_its_computer(office: Office) -> None:
    nora, ivan = office.member(NORA), office.member(IVAN)
    ivan.browser = nora.browser
    ivan.log_in()
    assert ivan.browser == nora.browser
    for login in (NORA, IVAN):
        for _ in range(5):
            office.stranger(login)
    office.later(minutes=1)
    for _ in range(5):
        assert office.stranger(IVAN, browser=ivan.browser) == "login-refused"
    nora.log_in()
    assert nora.session is not None, "Ivan's typing mistakes are not Nora's"


def test_a_browser_that_was_not_made_here_is_given_another_name(office: Office) -> None:
    nora = office.member(NORA)
    nora.browser = "planted by somebody"
    nora.log_in()
    assert nora.browser != "planted by somebody"


def test_nobody_and_somebody_are_throttled_alike(office: Office) -> None:
    office.member(NORA)
    tries = [(office.stranger(NORA), office.stranger("nobody@hospital.example")) for _ in range(7)]
    assert all(one == other for one, other in tries)
    assert tries[-1] == ("login-throttled", "login-throttled")


# What the journal says of it


def test_wrong_tries_are_told_by_the_quarter_of_an_hour_without_addresses(office: Office) -> None:
    nora = office.member(NORA)
    for login in (NORA, NORA, "nobody@hospital.example", "no-one@hospital.example", NORA):
        office.stranger(login)
    assert office.journal("login.failed") == []
    office.later(minutes=15)
    office.stranger(NORA)
    nora.log_in()
    told = [{key: one[key] for key in ("login", "since", "tries")} for one in office.journal("login.failed")]
    since = "2026-03-02T07:00:00.000Z"
    assert told == [{"login": None, "since": since, "tries": 2}, {"login": NORA, "since": since, "tries": 3}]
    assert not any(text in str(office.journal()) for text in (ELSEWHERE, HOME, "nobody@", "no-one@"))


def test_a_lock_is_told_once_for_a_row_of_wrong_tries(office: Office) -> None:
    office.member(NORA)
    for _ in range(9):
        office.stranger(NORA)
        office.later(minutes=20)
    [locked] = office.journal("account.locked")
    assert (locked["login"], locked["tries"], locked["known_browser"], locked["actor"]) == (NORA, 5, False, "server")
    assert sum(one["tries"] for one in office.journal("login.failed")) == 8, "the last quarter of an hour is not over"
