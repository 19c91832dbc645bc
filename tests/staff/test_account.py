"""The own account at the desk: passkeys from the page to the log-in, what happened to it, and the end of other sessions."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any

import pytest

from qol_server import journal
from qol_server.access import sessions
from qol_server.intake import staff as accounts
from qol_server.staff.door import BROWSER
from qol_server.trial.facts import SERVER
from qol_server.trial.roles import Grant, Role
from tests import people
from tests.access.authenticator import Authenticator
from tests.staff.rig import HERE, ORIGIN, PASSWORD, House, Member

NURSE = Grant(Role.NURSE, people.SLUG, "01")


def offered(member: Member) -> dict[str, Any]:
    """What the page gives its script to ask for a new passkey."""
    found = re.search(r'data-options="([^"]*)"', member.html)
    assert found is not None, member.text
    return dict(json.loads(unescape(found[1])))


def asked(member: Member, purpose: str) -> dict[str, Any]:
    """What the script asks for when its button is pressed."""
    answer = member.get(f"/staff/passkey?for={purpose}")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    return dict(answer.json)


def with_passkey(desk: House, name: str = "nora") -> tuple[Member, Authenticator]:
    nora = desk.login(Role.NURSE, "01", name=name)
    phone = Authenticator(ORIGIN)
    nora.get("/staff/account/passkey")
    nora.post("/staff/account/passkey", name="My phone", _passkey=phone.create(offered(nora)))
    assert nora.status == 200, nora.text
    return nora, phone


def test_a_passkey_is_added_and_then_opens_the_desk_by_itself(desk: House) -> None:
    nora, phone = with_passkey(desk)
    assert "The passkey is added" in nora.text
    assert "My phone" in nora.text
    new = desk.stranger()
    new.get(f"/staff/log-in?next={HERE}/")
    assert 'data-passkey="log-in"' in new.html
    given = {"next": new.value("next"), "_login": "", "_password": "", "_code": ""}
    new.post("/staff/log-in", _passkey=phone.get(asked(new, "log-in")), **given)
    assert (new.status, "aggressive fibromatosis" in new.text) == (200, True)
    new.get("/staff/account")
    assert "Log-in (passkey, new browser)" in new.text


def test_whoever_reads_another_language_chooses_it_and_the_journal_says_so(desk: House) -> None:
    nora = desk.login(Role.NURSE, "01", language="fr")
    nora.get("/staff/account")
    assert "Votre compte" in nora.text
    nora.post("/staff/account/language", language="en")
    assert "The desk and your e-mails are in English now." in nora.text
    assert "Language chosen: English" in nora.text
    nora.get("/worklist")
    assert "No case is open" in nora.text
    before = journal.head(desk.staff.store.read(), SERVER).position
    nora.post("/staff/account/language", language="en")
    assert journal.head(desk.staff.store.read(), SERVER).position == before
    nora.post("/staff/account/language", language="de")
    assert "Allowed: en, fr." in nora.text


def test_a_passkey_of_another_page_opens_nothing(desk: House) -> None:
    _, phone = with_passkey(desk)
    new = desk.stranger()
    phone.origin = "https://localhost.evil.example"
    new.post("/staff/log-in", _passkey=phone.get(asked(new, "log-in")))
    assert (new.status, "do not go together" in new.text) == (401, True)


def test_adding_asks_first_who_is_there(desk: House) -> None:
    nora = desk.login(Role.NURSE, "01", name="nora")
    asking = (nora.get("/staff/account/passkey"), offered(nora))[1]
    desk.trial.now += timedelta(minutes=11)
    answer = nora.get("/staff/account/passkey")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/staff/prove?next=/staff/account/passkey")
    answer = nora.post("/staff/account/passkey", name="Mine", _passkey=Authenticator(ORIGIN).create(asking), follow=False)
    assert answer.headers["Location"] == "/staff/prove?next=/staff/account/passkey"
    nora.get("/staff/prove?next=/staff/account/passkey")
    nora.post("/staff/prove", next=nora.value("next"), _password=PASSWORD, _code="")
    assert 'data-passkey="add"' in nora.html


def test_a_passkey_proves_it_again(desk: House) -> None:
    nora, phone = with_passkey(desk)
    desk.trial.now += timedelta(minutes=11)
    nora.get("/staff/prove?next=/staff/account/passkey")
    assert 'data-passkey="prove"' in nora.html
    nora.post("/staff/prove", next="/staff/account/passkey", _passkey=phone.get(asked(nora, "prove")))
    assert (nora.status, 'data-passkey="add"' in nora.html) == (200, True)


def test_a_wrong_answer_shows_the_page_again_with_the_name_that_was_typed(desk: House) -> None:
    nora = desk.login(Role.NURSE, "01", name="nora")
    nora.get("/staff/account/passkey")
    for fields in ({"name": "My phone", "_passkey": "{}"}, {"name": "My phone"}):
        nora.post("/staff/account/passkey", **fields)
        assert (nora.status, nora.value("name"), "was not taken" in nora.text) == (422, "My phone", True)
    nora.post("/staff/account/passkey", name="", _passkey=Authenticator(ORIGIN).create(offered(nora)))
    assert (nora.status, "no name" in nora.text) == (422, True)


def test_passkeys_are_renamed_and_removed_and_not_those_of_others(desk: House) -> None:
    nora, phone = with_passkey(desk)
    nora.get("/staff/account")
    key = nora.value("key")
    ivan = desk.login(Role.NURSE, "01", name="ivan")
    for path in ("name", "remove"):
        for which in (key, "AAAA", "", "é", "A"):
            ivan.post(f"/staff/account/passkey/{path}", key=which, name="Mine")
            assert (ivan.status, "no such passkey" in ivan.text) == (404, True)
    nora.post("/staff/account/passkey/name", key=key, name="<b>Ward</b>")
    assert "&lt;b&gt;Ward&lt;/b&gt;" in nora.html
    nora.post("/staff/account/passkey/remove", key=key)
    assert "opens nothing any more" in nora.text
    new = desk.stranger()
    new.post("/staff/log-in", _passkey=phone.get(asked(new, "log-in")))
    assert new.status == 401


def test_the_address_is_the_public_one_where_one_is_set(desk: House, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.staff.settings = replace(desk.staff.settings, public_url="https://qol.example.org:8443")
    nora = desk.login(Role.NURSE, "01", name="nora")
    nora.get("/staff/account/passkey")
    assert offered(nora)["rp"]["id"] == "qol.example.org"
    phone = Authenticator("https://qol.example.org:8443")
    nora.post("/staff/account/passkey", name="Phone", _passkey=phone.create(offered(nora)))
    assert "The passkey is added" in nora.text


# What happened


def test_the_page_asks_whether_it_was_you(desk: House) -> None:
    desk.account("nora", NURSE)
    nora = desk.stranger()
    known: dict[str, Any] = {"_login": "nora@hospital.example", "_password": PASSWORD}
    for _ in range(2):
        nora.post("/staff/log-in", **known)
        nora.post("/staff/log-out")
    stranger = desk.stranger()
    for _ in range(6):
        stranger.post("/staff/log-in", _login="nora@hospital.example", _password="a guess of theirs")
    accounts.give_role(desk.staff, "nora@hospital.example", Grant(Role.INVESTIGATOR, people.SLUG), actor="staff:root", now=desk.now)
    desk.trial.now += timedelta(hours=2)
    nora.post("/staff/log-in", **known)
    nora.get("/staff/account")
    [box] = re.findall(r'<div class="notice warn">.*?</div>', nora.html, re.DOTALL)
    assert "Role given by root: investigator, desminib, all sites" in box
    assert "Wrong tries within a quarter of an hour: 5" in box
    assert "5 wrong tries in a row" in box
    assert "new browser" not in box, "this browser is known"
    nora.post("/staff/log-out")
    nora.post("/staff/log-in", **known)
    nora.get("/staff/account")
    assert '<div class="notice warn">' not in nora.html, "it was shown once; the history below keeps it"
    assert "Role given by root" in nora.text


def test_a_new_browser_is_shown(desk: House) -> None:
    desk.account("nora", NURSE)
    known: dict[str, Any] = {"_login": "nora@hospital.example", "_password": PASSWORD}
    first, second = desk.stranger(), desk.stranger()
    for member in (first, second, first):
        member.post("/staff/log-in", **known)
    first.get("/staff/account")
    assert "Was this you?" in first.text
    assert "Log-in (password, new browser)" in first.text


def test_the_other_sessions_are_ended(desk: House) -> None:
    nora, tablet = desk.login(Role.NURSE, "01", name="nora"), desk.login(Role.NURSE, "01", name="nora")
    nora.get("/staff/account")
    assert "1 session is open" in nora.text
    nora.post("/staff/account/sessions")
    assert "other sessions have ended" in nora.text
    assert "0 sessions are open" in nora.text
    assert tablet.get("/").status_code == 303
    assert nora.get("/").status_code == 200


# Sessions, as a browser meets them


def test_a_token_that_was_there_before_is_not_the_session(desk: House) -> None:
    """Whoever plants a cookie in somebody's browser knows nothing of the session that is opened there."""
    desk.account("nora", NURSE)
    nora = desk.stranger()
    planted = "p" * 43
    nora.client.set_cookie("__Host-qol-session", planted, domain="localhost", secure=True)
    answer = nora.post("/staff/log-in", follow=False, _login="nora@hospital.example", _password=PASSWORD)
    [given] = [each for each in answer.headers.getlist("Set-Cookie") if each.startswith("__Host-qol-session=")]
    assert planted not in given
    thief = desk.stranger()
    thief.client.set_cookie("__Host-qol-session", planted, domain="localhost", secure=True)
    assert thief.get("/").status_code == 303


def test_logging_in_again_ends_the_session_that_the_browser_had(desk: House) -> None:
    desk.account("ivan", NURSE)
    nora = desk.login(Role.NURSE, "01", name="nora")
    assert nora.get("/").status_code == 200
    nora.post("/staff/log-in", _login="ivan@hospital.example", _password=PASSWORD)
    assert sessions.count(desk.staff.store.read(), "nora@hospital.example", desk.now) == 0


@pytest.mark.parametrize("minutes", [29, 30])
def test_a_session_ends_when_nobody_used_it_for_half_an_hour(desk: House, minutes: int) -> None:
    nora = desk.login(Role.NURSE, "01")
    desk.trial.now += timedelta(minutes=minutes)
    assert nora.get("/").status_code == (200 if minutes == 29 else 303)


def test_a_session_ends_after_twelve_hours_however_busy(desk: House) -> None:
    nora = desk.login(Role.NURSE, "01")
    for _ in range(35):
        desk.trial.now += timedelta(minutes=20)
        assert nora.get("/").status_code == 200
    desk.trial.now += timedelta(minutes=20)
    assert nora.get("/").status_code == 303


def test_what_was_typed_is_never_led_into_a_page_of_another_place(desk: House) -> None:
    desk.account("nora", NURSE)
    nora = desk.stranger()
    answer = nora.client.get("/staff/log-in?next=https://evil.example/staff/", base_url=ORIGIN)
    assert "evil.example" not in answer.text


def test_the_cookie_of_the_browser_survives_logging_out_and_that_of_the_session_does_not(desk: House) -> None:
    desk.account("nora", NURSE)
    nora = desk.stranger()
    nora.post("/staff/log-in", _login="nora@hospital.example", _password=PASSWORD)
    answer = nora.post("/staff/log-out", follow=False)
    assert nora.client.get_cookie("__Host-qol-session", domain="localhost") is None
    assert nora.client.get_cookie(BROWSER, domain="localhost") is not None
    assert answer.headers["Clear-Site-Data"] == '"cache"'
