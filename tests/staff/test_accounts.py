"""The administrator's pages: accounts are added, reset, closed and given roles, and nobody reaches beyond their own studies."""

from __future__ import annotations

import base64
import re
from datetime import timedelta
from typing import Any

import pytest

from qol_server.access import accounts as kept
from qol_server.access import second_factor
from qol_server.intake import logins
from qol_server.intake import staff as accounts
from qol_server.trial.facts import Kind
from qol_server.trial.problems import Refused
from qol_server.trial.roles import Grant, Role
from tests import people
from tests.staff.rig import PASSWORD, House, Member

NURSE = Grant(Role.NURSE, people.SLUG, "01")
NEW: dict[str, Any] = {"login": "new@hospital.example", "name": "Nina Neu", "language": "fr", "role": "nurse", "site": "01", "email": ""}


@pytest.fixture
def boss(desk: House) -> Member:
    return desk.login(Role.ADMINISTRATOR, name="boss")


def elsewhere(desk: House, login: str, *grants: Grant) -> str:
    """An account that also has roles in a study which this server does not serve."""
    whole = desk.account(login, NURSE)
    for grant in grants:
        desk.staff.store.write(lambda tx, grant=grant: kept.give(tx, whole, grant))
    return whole


def grants(desk: House, login: str) -> set[Grant]:
    return set(kept.grants(desk.staff.store.read(), login))


def test_an_account_is_added_with_its_role_and_a_link_that_is_shown_once(desk: House, boss: Member) -> None:
    boss.post("/accounts", "add", **NEW | {"email": "nina@hospital.example"})
    assert boss.status == 200
    found = re.search(r"https://localhost/staff/set-up#([0-9A-Z-]{23})", boss.html)
    assert found is not None
    assert boss.answer is not None
    assert boss.answer.headers["Cache-Control"] == "no-store"
    assert logins.begin_set_up(desk.staff, found[1], PASSWORD, now=desk.now).name == "Nina Neu"
    assert grants(desk, "new@hospital.example") == {NURSE}
    boss.get("/accounts/new@hospital.example")
    assert "to be set up" in boss.text
    assert "Role given by boss@hospital.example: nurse, desminib, site 01" in boss.text
    assert found[1] not in boss.html
    assert "nina@hospital.example" not in boss.html, "the address is for what cannot wait, and shown nowhere"
    boss.post("/accounts", "add", **NEW)
    assert (boss.status, "is taken" in boss.text, boss.value("name")) == (409, True, "Nina Neu")


@pytest.mark.parametrize(
    "wrong", [{"login": "nora keller"}, {"role": "boss"}, {"role": ""}, {"site": "09"}, {"language": "de"}, {"name": " "}, {"email": "x"}]
)
def test_a_mistake_adds_nothing_and_keeps_what_was_typed(desk: House, boss: Member, wrong: dict[str, str]) -> None:
    before = len(kept.every(desk.staff.store.read()))
    boss.post("/accounts", "add", **NEW | wrong)
    assert boss.status == 422
    assert boss.value("login") == (NEW | wrong)["login"]
    assert len(kept.every(desk.staff.store.read())) == before


def test_a_reset_shows_a_new_link_and_ends_what_was(desk: House, boss: Member) -> None:
    nora = desk.login(Role.NURSE, "01", name="nora")
    boss.post("/accounts/nora@hospital.example/reset")
    assert "/staff/set-up#" in boss.html
    assert nora.get("/").status_code == 303


def test_closing_ends_the_sessions_and_a_reset_opens_again(desk: House, boss: Member) -> None:
    nora = desk.login(Role.NURSE, "01", name="nora")
    boss.post("/accounts/nora@hospital.example/close")
    assert "The account is closed" in boss.text
    assert nora.get("/").status_code == 303
    boss.post("/accounts/nora@hospital.example/close")
    assert (boss.status, "closed already" in boss.text) == (409, True)
    boss.post("/accounts/nora@hospital.example/reset")
    assert kept.find(desk.staff.store.read(), "nora@hospital.example").closed_at is None


def test_roles_are_given_and_taken_and_count_at_once(desk: House, boss: Member) -> None:
    nora = desk.login(Role.NURSE, "01", name="nora")
    boss.post("/accounts/nora@hospital.example/roles", "give", role="investigator", site="")
    assert "The role is given" in boss.text
    assert grants(desk, "nora@hospital.example") == {NURSE, Grant(Role.INVESTIGATOR, people.SLUG)}
    assert nora.get("/").status_code == 303, "the session was opened with other roles"
    boss.post("/accounts/nora@hospital.example/roles", "give", role="investigator", site="")
    assert (boss.status, "already" in boss.text) == (422, True)
    boss.post("/accounts/nora@hospital.example/roles/take", "take", role="nurse", site="01")
    assert grants(desk, "nora@hospital.example") == {Grant(Role.INVESTIGATOR, people.SLUG)}


# Not beyond one's own studies


def test_an_account_of_other_studies_too_is_not_reset_closed_or_given_roles(desk: House, boss: Member) -> None:
    """Whoever resets it could come in with it there."""
    login = elsewhere(desk, "olga", Grant(Role.INVESTIGATOR, "another"))
    before = desk.staff.store.read().one("SELECT max(position) FROM entries")
    for path, form, fields in (
        ("reset", "", {}),
        ("close", "", {}),
        ("roles", "give", {"role": "administrator", "site": ""}),
    ):
        boss.post(f"/accounts/{login}/{path}", form, **fields)
        assert (boss.status, "do not administer" in boss.text, "/staff/set-up#" in boss.html) == (403, True, False), path
    after = desk.staff.store.read().one("SELECT max(position) FROM entries")
    assert before is not None
    assert after is not None
    assert tuple(after) == tuple(before)
    boss.get(f"/accounts/{login}")
    assert "another" not in boss.text, "which study it is says nothing here"
    assert "roles in other studies" in boss.text
    boss.post(f"/accounts/{login}/roles/take", "take", role="nurse", site="01")
    assert grants(desk, login) == {Grant(Role.INVESTIGATOR, "another")}, "the own study may always be closed to somebody"


def test_whoever_administers_all_their_studies_may(desk: House, boss: Member) -> None:
    login = elsewhere(desk, "olga", Grant(Role.INVESTIGATOR, "another"))
    desk.staff.store.write(lambda tx: kept.give(tx, boss.login, Grant(Role.ADMINISTRATOR, "another")))
    boss.post(f"/accounts/{login}/reset")
    assert "/staff/set-up#" in boss.html


def test_an_administrator_of_one_site_administers_nothing(desk: House) -> None:
    local = desk.login(Role.ADMINISTRATOR, "01")
    assert local.get("/accounts").status_code == 403
    assert local.post("/accounts", "add", **NEW).status_code == 403


def test_accounts_of_other_studies_are_not_there(desk: House, boss: Member) -> None:
    login = desk.account("foreign")
    desk.staff.store.write(lambda tx: kept.give(tx, login, Grant(Role.NURSE, "another", "01")))
    boss.get("/accounts")
    assert "foreign" not in boss.text
    boss.get(f"/accounts/{login}")
    hidden = boss.html
    boss.get("/accounts/nobody@hospital.example")
    assert (boss.status, boss.html) == (404, hidden)
    for path in ("reset", "close", "roles", "roles/take"):
        assert boss.post(f"/accounts/{login}/{path}", "give", role="nurse").status_code == 404


def test_an_account_without_a_role_belongs_to_the_study_that_it_had_the_last_one_in(desk: House, boss: Member) -> None:
    spare = desk.account("spare", NURSE)
    boss.post(f"/accounts/{spare}/roles/take", "take", role="nurse", site="01")
    assert "spare@" in (boss.get("/accounts"), boss.text)[1]
    assert "/staff/set-up#" in boss.post(f"/accounts/{spare}/reset").text
    watching = desk.login(Role.INSPECTOR)
    assert "spare@" not in (watching.get("/accounts"), watching.text)[1]
    _last_in(desk, spare, "another")
    before = kept.find(desk.staff.store.read(), spare)
    assert "spare@" not in (boss.get("/accounts"), boss.text)[1]
    _out_of_reach(boss, spare)
    for act in (accounts.reset, accounts.close):
        with pytest.raises(Refused, match="do not administer"):
            act(desk.staff, spare, actor=boss.actor, now=desk.now, by=boss.login)
    with pytest.raises(Refused, match="do not administer"):
        accounts.give_role(desk.staff, spare, NURSE, actor=boss.actor, now=desk.now, by=boss.login)
    assert kept.find(desk.staff.store.read(), spare) == before
    desk.staff.store.write(lambda tx: kept.give(tx, boss.login, Grant(Role.ADMINISTRATOR, "another")))
    assert "spare@" in (boss.get("/accounts"), boss.text)[1], "who administers that study too may act"


def test_an_account_that_never_had_a_role_is_for_whoever_has_the_machine(desk: House, boss: Member) -> None:
    spare = desk.account("spare")
    assert "spare@" not in (boss.get("/accounts"), boss.text)[1]
    _out_of_reach(boss, spare)
    accounts.give_role(desk.staff, spare, NURSE, actor="staff:root", now=desk.now)
    assert "spare@" in (boss.get("/accounts"), boss.text)[1]


def _out_of_reach(boss: Member, login: str) -> None:
    """It is to somebody as if nobody had the login."""
    nobody = boss.get("/accounts/nobody@hospital.example").text
    assert boss.get(f"/accounts/{login}").text == nobody
    for path in ("reset", "close", "roles", "roles/take"):
        assert boss.post(f"/accounts/{login}/{path}", "give", role="nurse", site="01").status_code == 404, path


def _last_in(desk: House, login: str, study: str) -> None:
    """Write down what a server with that study would have: a role there, given and taken."""
    for kind in (Kind.ROLE_GIVEN, Kind.ROLE_TAKEN):
        fact = {"login": login, "role": "nurse", "study": study, "site": None}
        desk.staff.store.write(lambda tx, kind=kind, fact=fact: desk.staff.record(tx, kind, fact, actor="staff:root", now=desk.now))


# Not by accident


def test_nobody_closes_their_own_account_or_takes_the_last_administrator(desk: House, boss: Member) -> None:
    boss.get(f"/accounts/{boss.login}")
    assert "Close the account" not in boss.text
    boss.post(f"/accounts/{boss.login}/close")
    assert (boss.status, "your own account" in boss.text) == (409, True)
    boss.post(f"/accounts/{boss.login}/roles/take", "take", role="administrator", site="")
    assert (boss.status, "would have no administrator" in boss.text) == (409, True)
    second = desk.login(Role.ADMINISTRATOR, name="second")
    second.post(f"/accounts/{boss.login}/close")
    assert "The account is closed" in second.text
    second.post(f"/accounts/{second.login}/roles/take", "take", role="administrator", site="")
    assert second.status == 409, "a closed account administers nothing"


def test_an_administrator_who_never_set_up_their_account_is_no_administrator_yet(desk: House, boss: Member) -> None:
    grant = Grant(Role.ADMINISTRATOR, people.SLUG)
    code = accounts.add(desk.staff, "late@hospital.example", "Late", "en", actor="staff:root", now=desk.now, grant=grant)
    assert code is not None
    boss.post(f"/accounts/{boss.login}/roles/take", "take", role="administrator", site="")
    assert (boss.status, "would have no administrator" in boss.text) == (409, True)
    with pytest.raises(Refused, match="has no administrator"):
        accounts.close(desk.staff, boss.login, actor="staff:root", now=desk.now)
    begun = logins.begin_set_up(desk.staff, code, PASSWORD, now=desk.now)
    with pytest.raises(Refused, match="has no administrator"):
        accounts.close(desk.staff, boss.login, actor="staff:root", now=desk.now)
    secret = base64.b32decode(begun.secret.replace(" ", ""))
    digits = second_factor.digits(secret, int(desk.now.timestamp()) // 30)
    logins.finish_set_up(desk.staff, code, digits, browser=None, now=desk.now)
    boss.post(f"/accounts/{boss.login}/roles/take", "take", role="administrator", site="")
    assert grants(desk, boss.login) == set()


def test_who_was_invited_by_mistake_is_closed_while_another_is_there(desk: House, boss: Member) -> None:
    grant = Grant(Role.ADMINISTRATOR, people.SLUG)
    accounts.add(desk.staff, "late@hospital.example", "Late", "en", actor="staff:root", now=desk.now, grant=grant)
    boss.post("/accounts/late@hospital.example/close")
    assert "The account is closed" in boss.text


def test_study_managers_and_inspectors_look_on(desk: House) -> None:
    desk.account("nora", NURSE)
    for role in (Role.STUDY_MANAGER, Role.INSPECTOR):
        looking = desk.login(role)
        looking.get("/accounts")
        assert "nora@hospital.example" in looking.text
        assert "<button" not in looking.html.partition("<main")[2]
        looking.get("/accounts/nora@hospital.example")
        assert "Account added by root" in looking.text
        assert "<button" not in looking.html.partition("<main")[2]


def test_what_an_administrator_does_is_proved_anew(desk: House, boss: Member) -> None:
    desk.account("nora", NURSE)
    desk.trial.now += timedelta(minutes=11)
    boss.post("/accounts/nora@hospital.example/reset")
    assert (boss.status, "still you" in boss.text) == (401, True)
    boss.post("/accounts/nora@hospital.example/reset", _password="wrong", _code="")
    assert boss.status == 401
    boss.post("/accounts/nora@hospital.example/reset", _password=PASSWORD, _code="")
    assert "/staff/set-up#" in boss.html


def test_the_history_of_an_account_counts_wrong_tries_without_where_they_came_from(desk: House, boss: Member) -> None:
    desk.account("nora", NURSE)
    for _ in range(3):
        desk.stranger().post("/staff/log-in", _login="nora@hospital.example", _password="guess")
    desk.trial.now += timedelta(minutes=29)
    desk.stranger().post("/staff/log-in", _login="nora@hospital.example", _password=PASSWORD)
    boss.get("/accounts/nora@hospital.example")
    assert "Wrong tries within a quarter of an hour: 3" in boss.text
    assert "127.0.0.1" not in boss.html


def test_the_role_that_takes_effect_is_the_one_of_now(desk: House, boss: Member) -> None:
    """An administrator whose role was taken meanwhile changes nothing, whatever their page still shows."""
    login = desk.account("nora", NURSE)
    desk.staff.store.write(lambda tx: kept.take(tx, boss.login, Grant(Role.ADMINISTRATOR, people.SLUG)))
    assert boss.post(f"/accounts/{login}/reset").status_code in (403, 404)
    with pytest.raises(Exception, match="do not administer"):
        accounts.reset(desk.staff, login, actor=boss.actor, now=desk.now, by=boss.login)
