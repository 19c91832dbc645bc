"""An account's way: added, set up by its holder, logged in to, reset; and nothing on the way can be had twice or be guessed at."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from qol_server import journal, keys
from qol_server.access import accounts, passwords
from qol_server.intake import logins, staff
from qol_server.intake.staff import open_staff
from qol_server.settings import Settings
from qol_server.store import Store
from qol_server.trial.facts import SERVER
from qol_server.trial.problems import Refused
from qol_server.trial.roles import Grant, Role
from tests.access.office import DANA, ELSEWHERE, GUESS, HOME, IVAN, NORA, PASSWORD, Member, Office


def refused(office: Office, member: Member, password: str | None = None, code: str | None = None) -> str:
    with pytest.raises(Refused) as refusal:
        member.log_in(password, code)
    assert refusal.value.detail == refusal.value.problem.advice, "it never says what was wrong"
    return refusal.value.problem.name


# The first set-up


def test_the_holder_of_a_one_time_code_chooses_a_password_and_proves_an_authenticator(office: Office) -> None:
    nora = office.member(NORA)
    assert nora.session is not None, "whoever has just proved all of it is let in"
    nora.log_in()
    found = accounts.find(office.staff.store.read(), NORA)
    assert (found.has_password, found.has_factor, found.set_up_until) == (True, True, None)
    assert [one["kind"] for one in office.journal()] == [
        "server.created", "account.added", "factor.enrolled", "session.opened", "session.opened",
    ]  # fmt: skip
    assert [(one["by"], one["known_browser"]) for one in office.journal("session.opened")] == [
        ("one-time-code", False),
        ("authenticator", True),
    ]


def test_a_one_time_code_is_good_once(office: Office) -> None:
    code = office.add(NORA)
    office.set_up(NORA, code)
    for again in (
        lambda: logins.begin_set_up(office.staff, code, PASSWORD, now=office.now),
        lambda: logins.finish_set_up(office.staff, code, "000000", browser=None, now=office.now),
    ):
        with pytest.raises(Refused, match="one-time code"):
            again()


def test_a_one_time_code_is_good_for_exactly_72_hours(office: Office) -> None:
    code, begun = office.add(NORA), office.now
    office.now = begun + timedelta(hours=72) - timedelta(milliseconds=1)
    assert logins.begin_set_up(office.staff, code, PASSWORD, now=office.now).name == "Nora Keller"
    office.now = begun + timedelta(hours=72)
    with pytest.raises(Refused, match="too old"):
        logins.begin_set_up(office.staff, code, PASSWORD, now=office.now)


def test_a_code_may_be_typed_carelessly(office: Office) -> None:
    code = office.add(NORA).lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert office.set_up(NORA, code).session is not None


def test_wrong_digits_use_nothing_up(office: Office) -> None:
    code = office.add(NORA)
    with pytest.raises(Refused, match="one-time code"):
        logins.finish_set_up(office.staff, code, "123456", browser=None, now=office.now)
    logins.begin_set_up(office.staff, code, PASSWORD, now=office.now)
    with pytest.raises(Refused, match="clock of your phone"):
        logins.finish_set_up(office.staff, code, "12345", browser=None, now=office.now)
    assert office.stranger(NORA, password=PASSWORD) == "login-refused", "nothing is chosen before it is proved"
    assert office.set_up(NORA, code).session is not None


def test_a_weak_password_is_named_before_the_code_is_used(office: Office) -> None:
    code = office.add(NORA)
    with pytest.raises(Refused, match="too easy to guess"):
        logins.begin_set_up(office.staff, code, "Nora Keller 1", now=office.now)
    assert office.set_up(NORA, code).session is not None


# Logging in


@pytest.mark.parametrize("code", ["", "000000", "12345", "AAAAA-AAAAA", "１２３４５６", "\ud800"])
def test_the_password_alone_lets_nobody_in(office: Office, code: str) -> None:
    nora = office.member(NORA)
    assert refused(office, nora, code=code) == "login-refused"


def test_the_second_factor_alone_lets_nobody_in_and_is_not_used_up(office: Office) -> None:
    nora = office.member(NORA)
    digits = nora.digits()
    for password in ("", PASSWORD + " "):
        assert refused(office, nora, password=password, code=digits) == "login-refused"
        assert refused(office, nora, password=password, code=nora.recovery[0]) == "login-refused"
    nora.log_in(code=digits)
    nora.log_in(code=nora.recovery[0])
    assert nora.session is not None


def test_digits_are_good_once_and_so_are_those_before_them(office: Office) -> None:
    nora = office.member(NORA)
    earlier = nora.digits(-timedelta(seconds=30))
    nora.log_in(code=f" {nora.digits()[:3]} {nora.digits()[3:]} ")
    assert refused(office, nora) == "login-refused"
    assert refused(office, nora, code=earlier) == "login-refused"
    nora.log_in(code=nora.digits(timedelta(seconds=30)))
    assert nora.session is not None


def test_the_digits_of_the_set_up_are_not_good_for_logging_in(office: Office) -> None:
    nora = office.member(NORA)
    office.later(minutes=-1)
    assert refused(office, nora) == "login-refused"


def test_each_recovery_code_is_good_once_however_it_is_typed(office: Office) -> None:
    nora = office.member(NORA)
    assert len(set(nora.recovery)) == 10
    for code in nora.recovery:
        nora.log_in(code=code.lower().replace("-", ""))
        assert nora.session is not None
        assert refused(office, nora, code=code) == "login-refused"
    assert [one["by"] for one in office.journal("session.opened")][1:] == ["recovery-code"] * 10


def test_another_persons_codes_are_no_codes(office: Office) -> None:
    nora, ivan = office.member(NORA), office.member(IVAN)
    assert refused(office, nora, code=ivan.digits()) == "login-refused"
    assert refused(office, nora, code=ivan.recovery[0]) == "login-refused"
    ivan.log_in(code=ivan.recovery[0])


def test_a_login_is_the_same_in_any_case(office: Office) -> None:
    nora = office.member(NORA)
    nora.login = "  Nora@Hospital.Example "
    nora.log_in()
    session = nora.session
    assert session is not None
    assert session.login == NORA


def test_nobody_is_told_from_somebody_by_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown, not set up yet, wrong password: the same words, one comparison each, and the same number of commits."""
    office.member(NORA)
    office.add(IVAN)
    compared: list[str | None] = []
    commits: list[int] = []
    fits, write = passwords.fits, Store.write
    monkeypatch.setattr(passwords, "fits", lambda kept, password: compared.append(kept) or fits(kept, password))
    monkeypatch.setattr(Store, "write", lambda store, work: commits.append(1) or write(store, work))
    seen = []
    for login in (NORA, IVAN, "nobody@hospital.example", "", "x" * 5000, "\ud800"):
        compared.clear()
        commits.clear()
        with pytest.raises(Refused) as refusal:
            logins.log_in(office.staff, login, GUESS, "123456", address=HOME, browser=None, now=office.now)
        seen.append((str(refusal.value), len(compared), len(commits)))
    assert len(set(seen)) == 1
    assert seen[0][1:] == (1, 2)


def test_a_demonstrations_account_asks_for_the_password_only(office: Office) -> None:
    assert staff.add(office.staff, IVAN, "Ivan Petit", "fr", actor="staff:root", now=office.now, password=PASSWORD) is None
    for code in ("", "123456"):
        entered = logins.log_in(office.staff, IVAN, PASSWORD, code, address=HOME, browser=None, now=office.now)
        assert logins.session_of(office.staff, entered.token, office.now) is not None
    assert office.journal("session.opened")[0]["by"] == "password"
    assert office.journal("account.added")[0]["set_up_until"] is None


def test_of_many_who_send_the_same_digits_at_once_one_is_let_in(office: Office) -> None:
    nora = office.member(NORA)
    digits, start = nora.digits(), threading.Barrier(4)
    outcomes: list[str] = []

    def enter() -> None:
        start.wait()
        try:
            logins.log_in(office.staff, NORA, PASSWORD, digits, address=HOME, browser=None, now=office.now)
            outcomes.append("let in")
        except Refused as refusal:
            outcomes.append(refusal.problem.name)

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["let in", *["login-refused"] * 3]


def test_who_was_reset_while_the_password_was_compared_is_not_let_in(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    nora = office.member(NORA)
    fits = passwords.fits

    def slowly(kept: str | None, password: str) -> bool:
        staff.reset(office.staff, NORA, actor="staff:root", now=office.now)
        return fits(kept, password)

    monkeypatch.setattr(passwords, "fits", slowly)
    assert refused(office, nora) == "login-refused"


# Reset and roles


def test_after_a_reset_nothing_old_is_good_and_the_roles_stay(office: Office) -> None:
    nora = office.member(NORA)
    nora.log_in()
    office.staff.store.write(lambda tx: accounts.give(tx, NORA, Grant(Role.NURSE, "desminib", "01")))
    first = staff.reset(office.staff, NORA, actor="staff:root", now=office.now)
    second = staff.reset(office.staff, NORA, actor="staff:root", now=office.now)
    assert nora.session is None
    office.later(minutes=1)
    assert refused(office, nora) == "login-refused"
    assert refused(office, nora, code=nora.recovery[0]) == "login-refused"
    with pytest.raises(Refused, match="one-time code"):
        logins.begin_set_up(office.staff, first, PASSWORD, now=office.now)
    again = office.set_up(NORA, second, "four grey ponies under snow")
    assert not set(again.recovery) & set(nora.recovery)
    session = again.session
    assert session is not None
    assert session.grants == (Grant(Role.NURSE, "desminib", "01"),)
    [one, other] = office.journal("account.reset")
    assert (one["sessions_ended"], other["sessions_ended"], one["actor"]) == (2, 0, "staff:root")


def test_after_a_reset_a_browser_that_may_be_in_other_hands_is_not_known_any_more(office: Office) -> None:
    nora = office.member(NORA)
    for _ in range(5):
        office.stranger(NORA)
    assert office.stranger(NORA, browser=nora.browser) == "login-refused"
    staff.reset(office.staff, NORA, actor="staff:root", now=office.now)
    assert office.stranger(NORA, browser=nora.browser) == "login-throttled"


def test_strangers_cannot_keep_somebody_out_who_was_reset(office: Office) -> None:
    office.member(NORA)
    for _ in range(6):
        office.stranger(NORA)
    code = staff.reset(office.staff, NORA, actor="staff:root", now=office.now)
    again = office.set_up(NORA, code)
    for _ in range(6):
        office.stranger(NORA)
    again.log_in(address=ELSEWHERE)
    assert again.session is not None


@pytest.mark.parametrize(
    ("login", "name", "language", "why"),
    [
        ("nora keller", "Nora", "en", "is no login"),
        ("nora@hospital example", "Nora", "en", "is no login"),
        ("élodie@hospital.example", "Élodie", "fr", "is no login"),
        ("n" * 90 + "@hospital.example", "Nora", "en", "is no login"),
        (NORA, " ", "en", "is no name"),
        (NORA, "Nora\nKeller", "en", "is no name"),
        (NORA, "Nora", "de", "Allowed: en, fr"),
    ],
)
def test_an_account_that_cannot_be_one_is_refused(office: Office, login: str, name: str, language: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        staff.add(office.staff, login, name, language, actor="staff:root", now=office.now)
    assert accounts.every(office.staff.store.read()) == []


def test_a_login_is_given_to_one_person(office: Office) -> None:
    office.add(NORA)
    with pytest.raises(Refused, match="is taken"):
        staff.add(office.staff, NORA.upper(), "Norbert", "en", actor="staff:root", now=office.now)
    with pytest.raises(Refused, match="no such account"):
        staff.reset(office.staff, IVAN, actor="staff:root", now=office.now)


# The file


def test_the_journal_of_the_server_holds_and_is_bound_to_its_name(office: Office) -> None:
    nora = office.member(NORA)
    nora.log_in()
    office.stranger(NORA)
    assert journal.identity(office.staff.store.read())[0] == SERVER
    head, broken = journal.verify(office.staff.store)
    assert broken is None
    assert head.position == len(office.journal())


def test_two_processes_may_make_the_file_at_the_same_time(office: Office) -> None:
    settings = Settings(office.folder / "other")
    keys.make(settings.keys)
    start = threading.Barrier(4)

    def open_() -> None:
        start.wait()
        open_staff(settings, office.now)

    threads = [threading.Thread(target=open_) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = Store(settings.server).read().all("SELECT kind FROM entries")
    assert [row["kind"] for row in rows] == ["server.created"]
    assert settings.server.stat().st_mode & 0o077 == 0


def test_a_lost_key_is_named_and_never_made_anew_beside_what_it_closes(office: Office) -> None:
    nora = office.member(NORA)
    key = office.settings.keys / keys.ACCOUNTS_FILE
    assert key.stat().st_mode & 0o777 == 0o600
    kept = key.read_text()
    key.unlink()
    with pytest.raises(Refused, match="key of the accounts"):
        open_staff(office.settings, office.now)
    key.write_text("00" * 32)
    office.staff = open_staff(office.settings, office.now)
    with pytest.raises(Refused, match="another key"):
        nora.log_in()
    key.write_text(kept)
    office.staff = open_staff(office.settings, office.now)
    nora.log_in()
    assert nora.session is not None


def test_a_second_factor_that_was_moved_to_another_account_does_not_open(office: Office) -> None:
    nora, _ = office.member(NORA), office.member(IVAN)
    moved = "UPDATE accounts SET (password, factor) = (SELECT password, factor FROM accounts WHERE login = ?) WHERE login = ?"
    office.staff.store.write(lambda tx: tx.run(moved, (NORA, IVAN)))
    nora.login = IVAN
    with pytest.raises(Refused, match="changed outside"):
        nora.log_in()


def test_nothing_secret_is_in_the_files_or_the_log(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    """After a life of every kind of act: no password, code, token or secret, as it is or in a usual encoding."""
    caplog.set_level(0)
    nora, ivan = office.member(NORA), office.member(IVAN, "seven loud owls at breakfast")
    said = office.said | {GUESS, "four grey ponies under snow"}
    for member in (nora, ivan):
        for code in (member.digits(), member.recovery[3]):
            entered = member.log_in(code=code, browser=None)
            said |= {entered.token, entered.browser, code}
            office.later(minutes=1)
        office.stranger(member.login)
        office.stranger(GUESS)
    logins.step_up(office.staff, nora.entered.token, PASSWORD, nora.digits(), now=office.now)
    office.later(minutes=1)
    new = "four grey ponies under snow"
    logins.change_password(office.staff, nora.entered.token, PASSWORD, nora.digits(), new, now=office.now)
    said |= {staff.reset(office.staff, IVAN, actor="staff:root", now=office.now), office.add(DANA)}
    office.later(hours=1)
    office.stranger(NORA)
    kinds = {one["kind"] for one in office.journal()}
    assert {"account.reset", "password.changed", "login.failed", "factor.enrolled", "session.opened"} <= kinds
    there = office.files()
    assert NORA.encode() in there, "the search sees what is there"
    for secret in sorted(said):
        for form in {secret, secret.replace("-", "")}:
            if not (form.isdigit() and len(form) == 6):  # six digits occur by chance
                assert form.encode() not in there, form
                assert form not in caplog.text
    for member in (nora, ivan):
        assert member.secret not in there
        assert member.secret.hex().encode() not in there
    assert ELSEWHERE.encode() not in there
    assert HOME.encode() not in there
