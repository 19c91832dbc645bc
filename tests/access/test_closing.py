"""Who is told of what cannot wait, and accounts that are closed for good: nobody comes in, and a study keeps its administrator."""

from __future__ import annotations

import pytest

from qol_server.access import accounts
from qol_server.intake import logins, staff
from qol_server.trial.problems import Refused
from qol_server.trial.roles import Grant, Role
from tests.access.office import DANA, IVAN, NORA, PASSWORD, Office

NURSE_AT_01 = Grant(Role.NURSE, "desminib", "01")


def give(office: Office, login: str, *grants: Grant) -> None:
    for grant in grants:
        office.staff.store.write(lambda tx, grant=grant: accounts.give(tx, login, grant))


def reach(office: Office, role: Role, site: str | None) -> list[tuple[str, str | None, str]]:
    return [tuple(each) for each in accounts.reach(office.staff.store.read(), role, "desminib", site)]


def problem(act: object) -> str:
    with pytest.raises(Refused) as refusal:
        act()  # type: ignore[operator]
    return refusal.value.problem.name


# Telling staff


def test_whoever_has_the_role_at_the_site_or_at_all_is_reached(office: Office) -> None:
    staff.add(office.staff, NORA, "Nora Keller", "en", actor="staff:root", now=office.now, email="Nora.Keller+ward@hospital.example")
    staff.add(office.staff, IVAN, "Ivan Petit", "fr", actor="staff:root", now=office.now)
    office.add(DANA)
    give(office, NORA, NURSE_AT_01, Grant(Role.NURSE, "desminib"), Grant(Role.INVESTIGATOR, "desminib", "02"))
    give(office, IVAN, NURSE_AT_01)
    give(office, DANA, Grant(Role.NURSE, "another", "01"), Grant(Role.DATA_MANAGER, "desminib"))
    nora, ivan = (NORA, "Nora.Keller+ward@hospital.example", "en"), (IVAN, None, "fr")
    assert reach(office, Role.NURSE, "01") == [ivan, nora]
    assert reach(office, Role.NURSE, "02") == [nora]
    assert reach(office, Role.NURSE, None) == [nora]
    assert reach(office, Role.INVESTIGATOR, "01") == []
    staff.close(office.staff, NORA, actor="staff:root", now=office.now)
    assert reach(office, Role.NURSE, "02") == []


@pytest.mark.parametrize(
    "email", ["", "nora", "nora@", "nora@hospital.example\r\nBcc: x@y.z", "a b@c.d", "<n@h.example>", "n" * 250 + "@h.fr"]
)
def test_what_is_no_address_is_refused(office: Office, email: str) -> None:
    with pytest.raises(Refused, match="is no e-mail address"):
        staff.add(office.staff, NORA, "Nora Keller", "en", actor="staff:root", now=office.now, email=email)


# Closing


def test_a_closed_account_lets_nobody_in_and_keeps_its_history(office: Office) -> None:
    nora = office.member(NORA)
    nora.log_in()
    give(office, NORA, NURSE_AT_01)
    staff.close(office.staff, NORA, actor="staff:root", now=office.now)
    assert nora.session is None
    office.later(minutes=1)
    for code in (nora.digits(), nora.recovery[0]):
        assert problem(lambda code=code: nora.log_in(code=code)) == "login-refused"
    found = accounts.find(office.staff.store.read(), NORA)
    assert (found.closed_at is not None, found.has_password, found.has_factor, found.grants) == (True, False, False, (NURSE_AT_01,))
    [closed] = office.journal("account.closed")
    assert (closed["login"], closed["sessions_ended"], closed["actor"]) == (NORA, 2, "staff:root")
    assert problem(lambda: staff.close(office.staff, NORA, actor="staff:root", now=office.now)) == "account-closed"


def test_a_code_that_waits_is_worth_nothing_once_the_account_is_closed(office: Office) -> None:
    code = office.add(NORA)
    staff.close(office.staff, NORA, actor="staff:root", now=office.now)
    assert problem(lambda: logins.begin_set_up(office.staff, code, PASSWORD, now=office.now)) == "set-up-code"


def test_a_reset_opens_a_closed_account_again_with_its_roles(office: Office) -> None:
    office.member(NORA)
    give(office, NORA, NURSE_AT_01)
    staff.close(office.staff, NORA, actor="staff:root", now=office.now)
    code = staff.reset(office.staff, NORA, actor="staff:root", now=office.now)
    session = office.set_up(NORA, code).session
    assert session is not None
    assert session.grants == (NURSE_AT_01,)
    assert accounts.find(office.staff.store.read(), NORA).closed_at is None


def test_nobody_closes_their_own_account(office: Office) -> None:
    office.member(NORA)
    assert problem(lambda: staff.close(office.staff, NORA.upper(), actor=f"staff:{NORA}", now=office.now)) == "own-account"


def test_a_study_keeps_its_last_administrator(office: Office) -> None:
    """Another study's, another site's and a closed one do not count."""
    everywhere = Grant(Role.ADMINISTRATOR, "desminib")
    for login in (NORA, IVAN, DANA):
        office.add(login)
    give(office, NORA, everywhere)
    give(office, IVAN, Grant(Role.ADMINISTRATOR, "another"), Grant(Role.ADMINISTRATOR, "desminib", "01"))
    give(office, DANA, everywhere)
    staff.close(office.staff, DANA, actor="staff:root", now=office.now)
    for act in (
        lambda: staff.close(office.staff, NORA, actor="staff:root", now=office.now),
        lambda: staff.take_role(office.staff, NORA, everywhere, actor=f"staff:{NORA}", now=office.now),
    ):
        with pytest.raises(Refused, match="desminib has no administrator"):
            act()
    staff.take_role(office.staff, IVAN, Grant(Role.ADMINISTRATOR, "desminib", "01"), actor="staff:root", now=office.now)
    staff.reset(office.staff, DANA, actor="staff:root", now=office.now)
    staff.take_role(office.staff, NORA, everywhere, actor="staff:root", now=office.now)
    assert [each["login"] for each in office.journal("role.taken")] == [IVAN, NORA]
