"""The entrance of the desk: who comes in, where they get to, what rides along, and what is refused to whom."""

from __future__ import annotations

import base64
import re
import string
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from qol_server.access import second_factor
from qol_server.intake import staff as accounts
from qol_server.staff import look
from qol_server.staff.door import BROWSER, SESSION
from qol_server.staff.words import WORDS
from qol_server.trial.roles import Grant, Role
from tests import people
from tests.staff.rig import HERE, ORIGIN, PASSWORD, House

NURSE = Grant(Role.NURSE, people.SLUG, "01")


def test_the_bare_address_of_the_server_leads_to_the_desk(desk: House) -> None:
    stranger = desk.stranger()
    answer = stranger.client.get("/", base_url=ORIGIN)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/staff/")


def test_whoever_is_not_there_is_led_to_the_entrance_and_back(desk: House) -> None:
    desk.account("nora", NURSE)
    nora = desk.stranger()
    answer = nora.get("/")
    assert (answer.status_code, urlsplit(answer.headers["Location"]).path) == (303, "/staff/log-in")
    nora.get(answer.headers["Location"])
    wanted = nora.value("next")
    assert wanted == f"{HERE}/"
    nora.post("/staff/log-in", next=wanted, _login="nora@hospital.example", _password=PASSWORD, _code="")
    assert nora.status == 200
    assert "aggressive fibromatosis" in nora.text


def test_cookies_are_kept_from_scripts_other_sites_and_open_lines(desk: House) -> None:
    desk.account("nora", NURSE)
    nora = desk.stranger()
    answer = nora.post("/staff/log-in", follow=False, _login="nora@hospital.example", _password=PASSWORD)
    kept = {cookie.partition("=")[0]: cookie for cookie in answer.headers.getlist("Set-Cookie")}
    assert set(kept) == {SESSION, BROWSER}
    for cookie in kept.values():
        assert all(part in cookie for part in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"))
    assert "Max-Age" not in kept[SESSION]


@pytest.mark.parametrize(
    "wanted", ["https://elsewhere.example/staff/", "//elsewhere.example/staff", "/\\elsewhere.example/staff", "/health", "staff"]
)
def test_nobody_is_led_to_somewhere_else(desk: House, wanted: str) -> None:
    desk.account("nora", NURSE)
    nora = desk.stranger()
    answer = nora.post("/staff/log-in", follow=False, next=wanted, _login="nora@hospital.example", _password=PASSWORD)
    assert answer.headers["Location"] == "/staff/"


def test_a_wrong_password_says_the_same_as_an_unknown_login(desk: House) -> None:
    desk.account("nora", NURSE)
    nora, nobody = desk.stranger(), desk.stranger()
    nora.post("/staff/log-in", _login="nora@hospital.example", _password="something else")
    nobody.post("/staff/log-in", _login="nora@hospital.example", _password="something else")
    assert nora.status == nobody.status == 401
    assert nora.text == nobody.text
    assert "do not go together" in nora.text


def test_logging_out_ends_the_session(desk: House) -> None:
    nora = desk.login(Role.NURSE, "01")
    assert nora.get("/").status_code == 200
    nora.post("/staff/log-out")
    assert "logged out" in nora.text
    assert nora.get("/").status_code == 303


def test_an_act_from_elsewhere_is_refused(desk: House) -> None:
    nora = desk.login(Role.NURSE, "01")
    for headers in (
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://elsewhere.example"},
    ):
        assert nora.post("/staff/log-out", headers=headers).status_code == 403, headers
    assert nora.get("/").status_code == 200
    assert nora.post("/staff/log-out", headers={"Origin": "https://localhost"}, follow=False).status_code == 303


def test_a_session_that_nobody_uses_ends(desk: House) -> None:
    nora = desk.login(Role.NURSE, "01")
    desk.trial.now += timedelta(minutes=31)
    assert nora.get("/").status_code == 303


def test_a_study_without_a_role_is_not_there(desk: House) -> None:
    desk.account("olga")
    olga = desk.enter("olga@hospital.example")
    assert olga.get("/").status_code == 404
    closed = olga.text
    assert olga.client.get("/nowhere/staff/", base_url="https://localhost").status_code == 404
    assert closed.startswith("There is no such study here")
    assert "no role" in (olga.get("/staff/").text)


def test_the_first_set_up(desk: House) -> None:
    code = accounts.add(desk.staff, "ivan@hospital.example", "Ivan Petit", "fr", actor="staff:root", now=desk.now)
    assert code is not None
    ivan = desk.stranger()
    assert ivan.get("/staff/set-up").status_code == 200
    ivan.post("/staff/set-up", one_time=code, password="short")
    assert ivan.status == 422
    assert ivan.value("one_time") == code
    ivan.post("/staff/set-up", one_time=code, password=PASSWORD)
    secret = base64.b32decode(re.findall(r"Key: ([A-Z2-7]{32})", ivan.text)[0])
    assert "<svg" in ivan.html
    again = {"one_time": code}
    ivan.post("/staff/set-up/factor", digits="000000", **again)
    assert ivan.status == 401
    ivan.post("/staff/set-up/factor", digits=second_factor.digits(secret, int(desk.now.timestamp()) // 30), **again)
    assert ivan.status == 200
    assert ivan.html.count("<li>") == 10
    assert ivan.get("/staff/account").status_code == 200
    assert "Votre compte" in ivan.text


def test_the_own_password_is_changed(desk: House) -> None:
    nora = desk.login(Role.NURSE, "01")
    new = "other words nobody expects there"
    nora.post("/staff/account/password", _password="wrong", password=new)
    assert nora.status == 401
    elsewhere = desk.login(Role.NURSE, "01")
    nora.post("/staff/account/password", _password=PASSWORD, password=new)
    assert "is changed" in nora.text
    assert "Password changed" in nora.text, "and so it is told to whoever has the account"
    assert nora.get("/staff/account").status_code == 200
    assert elsewhere.get("/").status_code == 303
    assert nora.post("/staff/prove", follow=False, _password=new).status_code == 303


def test_pages_are_kept_by_nobody_and_files_for_good(desk: House) -> None:
    nora = desk.login(Role.NURSE, "01")
    page = nora.get("/")
    assert page.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    for name in look.static():
        file = nora.get(str(look.file_address(name)))
        assert file.status_code == 200
        assert "immutable" in file.headers["Cache-Control"]
    assert nora.get("/staff/static/0123456789abcdef/desk.css").status_code == 404


def test_every_word_is_there_in_both_languages_with_the_same_places() -> None:
    for key, said in WORDS.items():
        assert all(text.strip() for text in said), key
        places = [{name for _, name, _, _ in string.Formatter().parse(text) if name is not None} for text in said]
        assert places[0] == places[1], key
