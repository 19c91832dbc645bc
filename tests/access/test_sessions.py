"""A session ends when it is not used, when the day is over, and when anything about its account changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qol_server.access import accounts, sessions
from qol_server.clock import stamp
from qol_server.intake import logins, staff
from qol_server.intake.study import create_study
from qol_server.store import Store
from qol_server.trial.problems import Refused
from qol_server.trial.roles import Grant, Role
from tests.access.office import HOME, IVAN, NORA, START, Member, Office

MS = timedelta(milliseconds=1)
NEW = "four grey ponies under snow"


@pytest.fixture
def nora(office: Office) -> Member:
    member = office.member(NORA)
    member.log_in()
    return member


def test_it_says_who_is_there_and_what_they_may(office: Office, nora: Member) -> None:
    office.staff.store.write(lambda tx: accounts.give(tx, NORA, Grant(Role.NURSE, "desminib", "01")))
    session = nora.session
    assert session is not None
    assert (session.login, session.name, session.language, session.actor) == (NORA, "Nora Keller", "en", f"staff:{NORA}")
    assert session.grants == (Grant(Role.NURSE, "desminib", "01"),)
    assert session.opened_at == session.used_at == session.verified_at == stamp(office.now)


def test_unused_it_ends_after_exactly_thirty_minutes(office: Office, nora: Member) -> None:
    begun = office.now
    office.now = begun + timedelta(minutes=30) - MS
    assert nora.session is not None
    office.now = begun + timedelta(minutes=30)
    assert nora.session is None


def test_used_it_ends_after_exactly_twelve_hours(office: Office, nora: Member) -> None:
    begun = office.now
    while office.now < begun + timedelta(hours=12) - timedelta(minutes=20):
        office.later(minutes=20)
        assert logins.session_of(office.staff, nora.entered.token, office.now) is not None
    office.now = begun + timedelta(hours=12) - MS
    assert logins.session_of(office.staff, nora.entered.token, office.now) is not None
    office.now = begun + timedelta(hours=12)
    assert nora.session is None


def test_a_page_that_looks_by_itself_keeps_no_session_open(office: Office, nora: Member) -> None:
    for _ in range(29):
        office.later(minutes=1)
        assert nora.session is not None
    office.later(minutes=1)
    assert nora.session is None


@given(st.lists(st.tuples(st.integers(1, 45 * 60), st.booleans()), max_size=40))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_never_outlives_its_limits_and_never_ends_a_minute_early(gaps: list[tuple[int, bool]]) -> None:
    store = Store(None)
    store.write(lambda tx: (accounts.create(tx), sessions.create(tx), accounts.add(tx, NORA, "Nora", "en", None, START)))
    token = store.write(lambda tx: sessions.open_(tx, NORA, START))
    now = last_use = START
    for seconds, uses in gaps:
        now += timedelta(seconds=seconds)
        session = sessions.find(store.read(), token, now)
        idle, age = now - last_use, now - START
        if session is None:
            assert idle > timedelta(minutes=29) or age >= timedelta(hours=12)
            break
        assert idle < timedelta(minutes=30)
        assert age < timedelta(hours=12)
        if uses:
            last_use = now
            if sessions.is_due_to_be_noted(session, now):
                store.write(lambda tx, at=now: sessions.used(tx, token, at))


def test_logging_out_ends_this_session_and_no_other(office: Office, nora: Member) -> None:
    first = nora.entered.token
    office.later(minutes=1)
    nora.log_in()
    logins.log_out(office.staff, first)
    logins.log_out(office.staff, "no token")
    assert logins.session_of(office.staff, first, office.now) is None
    assert nora.session is not None


@pytest.mark.parametrize("token", ["", "no token", "\ud800", "x" * 10_000])
def test_what_is_no_token_is_nobody(office: Office, nora: Member, token: str) -> None:
    assert logins.session_of(office.staff, token, office.now) is None


def _reset(office: Office, nora: Member) -> None:
    staff.reset(office.staff, NORA, actor="staff:root", now=office.now)


def _role_given(office: Office, nora: Member) -> None:
    staff.give_role(office.staff, NORA, Grant(Role.INSPECTOR, "desminib"), actor="staff:root", now=office.now)


def _role_taken(office: Office, nora: Member) -> None:
    staff.take_role(office.staff, NORA, Grant(Role.NURSE, "desminib"), actor="staff:root", now=office.now)


def _password_changed(office: Office, nora: Member) -> None:
    office.later(minutes=1)
    logins.change_password(office.staff, nora.entered.token, nora.password, nora.digits(), NEW, now=office.now)


@pytest.mark.parametrize("change", [_reset, _role_given, _role_taken, _password_changed])
def test_all_sessions_of_an_account_end_when_anything_about_it_changes(office: Office, change: Callable[[Office, Member], None]) -> None:
    create_study(office.settings, "desminib", actor="staff:root", now=office.now).store.close()
    nora, ivan = office.member(NORA), office.member(IVAN)
    staff.give_role(office.staff, NORA, Grant(Role.NURSE, "desminib"), actor="staff:root", now=office.now)
    tokens = []
    for _ in range(2):
        tokens.append(nora.log_in().token)
        office.later(minutes=1)
    ivan.log_in()
    change(office, nora)
    assert [logins.session_of(office.staff, token, office.now) for token in tokens] == [None, None]
    assert ivan.session is not None


# Proving it once more


def test_a_fresh_session_is_verified_for_exactly_ten_minutes(office: Office, nora: Member) -> None:
    session = nora.session
    assert session is not None
    assert session.is_verified(office.now + timedelta(minutes=10) - MS)
    assert not session.is_verified(office.now + timedelta(minutes=10))


def test_stepping_up_verifies_it_again(office: Office, nora: Member) -> None:
    office.later(minutes=20)
    before = nora.session
    assert before is not None
    assert not before.is_verified(office.now)
    session = logins.step_up(office.staff, nora.entered.token, nora.password, nora.digits(), now=office.now)
    assert session.is_verified(office.now)
    assert session.opened_at == before.opened_at, "it gains no longer day"
    office.later(minutes=29)
    assert nora.session is not None


def test_a_stolen_session_is_no_place_to_guess_passwords(office: Office, nora: Member) -> None:
    office.later(minutes=1)
    refused = []
    for _ in range(6):
        with pytest.raises(Refused) as refusal:
            logins.step_up(office.staff, nora.entered.token, "a guess that is wrong", nora.digits(), now=office.now)
        refused.append(refusal.value.problem.name)
        office.later(seconds=1)
    assert refused == ["login-refused"] * 5 + ["login-throttled"]
    session = nora.session
    assert session is not None
    assert session.verified_at < stamp(office.now)
    nora.log_in()


def test_who_is_logged_out_cannot_step_up(office: Office, nora: Member) -> None:
    logins.log_out(office.staff, nora.entered.token)
    office.later(minutes=1)
    with pytest.raises(Refused, match="not logged in"):
        logins.step_up(office.staff, nora.entered.token, nora.password, nora.digits(), now=office.now)


def test_a_password_is_changed_by_whoever_knows_the_old_one_and_has_the_second_factor(office: Office, nora: Member) -> None:
    office.later(minutes=1)
    for password, code, new, problem in (
        ("a guess that is wrong", nora.digits(), NEW, "login-refused"),
        (nora.password, "000000", NEW, "login-refused"),
        (nora.password, nora.digits(), "nora.keller12", "password-weak"),
    ):
        with pytest.raises(Refused) as refusal:
            logins.change_password(office.staff, nora.entered.token, password, code, new, now=office.now)
        assert refusal.value.problem.name == problem
    assert nora.session is not None
    logins.change_password(office.staff, nora.entered.token, nora.password, nora.digits(), NEW, now=office.now)
    office.later(minutes=1)
    with pytest.raises(Refused, match="do not go together"):
        nora.log_in()
    nora.log_in(password=NEW)
    assert nora.session is not None
    assert [one["login"] for one in office.journal("password.changed")] == [NORA]


def test_after_a_change_of_the_password_only_this_session_goes_on_and_only_this_browser_is_known(office: Office, nora: Member) -> None:
    browser = nora.entered.browser
    office.later(minutes=1)
    elsewhere = nora.log_in(browser=None)
    office.later(minutes=1)
    here = nora.log_in(browser=browser)
    office.later(minutes=1)
    others = sessions.count(office.staff.store.read(), NORA, office.now) - 1
    goes_on = logins.change_password(office.staff, here.token, nora.password, nora.digits(), NEW, now=office.now, browser=browser)
    for token in (elsewhere.token, here.token):
        assert logins.session_of(office.staff, token, office.now) is None
    session = logins.session_of(office.staff, goes_on.token, office.now)
    assert session is not None
    assert session.is_verified(office.now)
    tx = office.staff.store.read()
    assert goes_on.browser == browser
    assert sessions.knows(tx, browser, NORA, office.now)
    assert not sessions.knows(tx, elsewhere.browser, NORA, office.now)
    assert [one["sessions_ended"] for one in office.journal("password.changed")] == [others]


def test_old_sessions_are_swept_out_of_the_file(office: Office, nora: Member, tmp_path: Path) -> None:
    for _ in range(3):
        office.later(days=1)
        nora.log_in(address=HOME)
    rows = office.staff.store.read().all("SELECT token FROM sessions")
    assert [row["token"] for row in rows] == [sessions.digest(nora.entered.token)]
