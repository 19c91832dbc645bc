"""Whoever holds an account is told by e-mail that it was changed: once, by whichever clock comes first, and never of what is old."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from qol_server.access import accounts
from qol_server.intake import logins, staff
from qol_server.settings import Settings
from scheduler import holders
from scheduler.clock import Rounds
from tests.access.office import DANA, IVAN, NORA, Office
from tests.messaging.receivers import MailServer, mail_server

ADDRESS = "nora.keller@mail.example"
NEW = "four grey ponies under snow"


@pytest.fixture
def mails() -> Iterator[MailServer]:
    with mail_server() as there:
        yield there


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Nora has given an address, Ivan has not."""
    made = Office(tmp_path)
    for login in (NORA, IVAN):
        made.member(login)
    made.staff.store.write(lambda tx: tx.run("UPDATE accounts SET email = ? WHERE login = ?", (ADDRESS, NORA)))
    return made


def settings(office: Office, mails: MailServer) -> Settings:
    return replace(office.settings, smtp=mails.settings, public_url="https://qol.example.org")


def test_a_reset_by_somebody_else_is_told_once_in_the_persons_language(office: Office, mails: MailServer) -> None:
    for login in (NORA, IVAN):
        staff.reset(office.staff, login, actor="staff:root", now=office.now)
    assert [holders.tell(settings(office, mails), office.now + timedelta(minutes=each)) for each in (1, 2, 3)] == [1, 0, 0]
    [(to, mail)] = mails.taken
    assert (to, mail["Subject"]) == (ADDRESS, "Your account was changed")
    assert "If that was not you" in mail.get_content()
    assert "https://qol.example.org/staff/account" in mail.get_content()
    assert NORA not in mail.get_content()
    assert [one["login"] for one in office.journal("account.notified")] == [NORA]


def test_a_changed_password_is_told_by_the_clock_that_tells_staff(office: Office, mails: MailServer) -> None:
    nora = office.member(DANA)
    office.staff.store.write(lambda tx: tx.run("UPDATE accounts SET email = ? WHERE login = ?", (ADDRESS, nora.login)))
    office.later(minutes=1)
    logins.change_password(office.staff, nora.entered.token, nora.password, nora.digits(), NEW, now=office.now)
    rounds = Rounds(settings(office, mails), lambda: office.now)
    for _ in range(2):
        rounds.tick("notify")
    assert [to for to, _ in mails.taken] == [ADDRESS]


def test_what_is_older_than_a_day_and_what_no_server_takes_is_not_told_again(office: Office, mails: MailServer) -> None:
    staff.reset(office.staff, NORA, actor="staff:root", now=office.now)
    assert holders.tell(office.settings, office.now) == 0, "without a mail server nothing is claimed"
    assert office.journal("account.notified") == []
    assert holders.tell(settings(office, mails), office.now + timedelta(days=1, minutes=1)) == 0
    mails.answers["RCPT"] = "550 no"
    assert holders.tell(settings(office, mails), office.now) == 0
    mails.answers.clear()
    assert holders.tell(settings(office, mails), office.now) == 0
    assert mails.taken == []


def test_an_account_that_nobody_has_has_no_address(office: Office) -> None:
    assert accounts.address(office.staff.store.read(), "nobody@hospital.example").email is None
