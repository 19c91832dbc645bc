"""A ward shares its browsers: what one person typed never counts as another's, and nothing that matters stays behind in a log."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from qol_server.trial.roles import Grant, Role
from tests import people
from tests.api import rig as copies
from tests.staff.rig import PASSWORD, House
from tests.staff.routes import EXAMPLES
from tests.staff.test_matrix import ROUTES, address, allowed, ask

INVESTIGATOR = Grant(Role.INVESTIGATOR, people.SLUG, "01")
POSTS = sorted(name for name, route in ROUTES.items() if route.method == "POST")


@pytest.fixture
def desk(staffed: people.Trial, tmp_path: Path) -> House:
    return House(copies.reopened(staffed, tmp_path / "data"))


def test_every_form_says_for_whom_it_was_made(desk: House) -> None:
    boss = desk.login(Role.ADMINISTRATOR)
    for path in ("/", "/accounts", f"/accounts/{boss.login}", "/staff/account", "/staff/account/passkey", "/staff/prove", "/staff/?all=1"):
        boss.get(path)
        forms = boss.html.count('<form method="post"')
        assert boss.html.count(f'name="_as" value="{boss.login}"') == forms, path
        assert forms > 0, path


@pytest.mark.parametrize("name", POSTS)
def test_a_page_that_was_made_for_another_does_nothing(desk: House, name: str) -> None:
    """Nora's page still stands in a tab when Ivan has logged in in another."""
    route, example = ROUTES[name], EXAMPLES[name]
    path, form = address(route, example.parts(desk)), example.form(desk)
    ivan = allowed(desk, route)
    before = desk.trial.position
    assert ask(ivan, route, path, form | {"_as": "nora@hospital.example"}) == 409
    assert "Somebody else began this" in ivan.text
    assert desk.trial.position == before


def test_the_own_account_is_not_changed_by_anothers_page(desk: House) -> None:
    ivan = desk.login(Role.NURSE, "01")
    for path in ("password", "sessions", "passkey", "passkey/name", "passkey/remove"):
        assert ivan.post(f"/staff/account/{path}", _as="nora@hospital.example").status_code == 409, path
    assert ivan.post("/staff/prove", _as="nora@hospital.example", _password=PASSWORD).status_code == 409


def test_what_somebody_typed_before_they_were_away_is_not_done_by_whoever_logs_in_next(desk: House) -> None:
    boss = desk.login(Role.ADMINISTRATOR, name="boss")
    desk.login(Role.ADMINISTRATOR, name="second")
    desk.account("nora", INVESTIGATOR)
    typed: dict[str, Any] = {"role": "nurse", "site": "02", "_as": boss.login}
    desk.trial.now += timedelta(minutes=31)
    path = "/accounts/nora@hospital.example/roles"
    boss.post(path, "give", **typed)
    assert (boss.status, boss.value("_as"), boss.value("role")) == (401, boss.login, "nurse")
    boss.post(path, "give", **typed, _login="second@hospital.example", _password=PASSWORD)
    assert (boss.status, "Somebody else began this" in boss.text) == (409, True)
    boss.get("/accounts/nora@hospital.example")
    assert (boss.status, "site 02" in boss.text.partition("Give a role")[0]) == (200, False)
    desk.trial.now += timedelta(minutes=31)
    boss.post(path, "give", **typed)
    boss.post(path, "give", **typed, _login=boss.login, _password=PASSWORD)
    assert "The role is given" in boss.text


@pytest.mark.parametrize("polled", [name for name, route in ROUTES.items() if route.polled])
def test_what_a_page_asks_by_itself_keeps_no_session_open(desk: House, polled: str) -> None:
    route = ROUTES[polled]
    member = allowed(desk, route)
    for _ in range(29):
        desk.trial.now += timedelta(minutes=1)
        assert ask(member, route, address(route, EXAMPLES[polled].parts(desk)), {}) == 200
    desk.trial.now += timedelta(minutes=1)
    assert ask(member, route, address(route, EXAMPLES[polled].parts(desk)), {}) == 401


@pytest.mark.parametrize("name", sorted(ROUTES))
def test_nothing_secret_and_nothing_about_health_is_logged(desk: House, name: str, caplog: pytest.LogCaptureFixture) -> None:
    """Each act rightly, wrongly, and without what it needs."""
    caplog.set_level(0)
    route, example = ROUTES[name], EXAMPLES[name]
    path, form = address(route, example.parts(desk)), example.form(desk)
    member = allowed(desk, route)
    cookie = member.client.get_cookie("__Host-qol-session", domain="localhost")
    assert cookie is not None
    for fields in (form, form | {"form": "another"}, {}):
        ask(member, route, path, fields)
    for secret in {cookie.value, desk.ada, *(str(value) for value in form.values() if len(str(value)) > 8)}:
        assert secret not in caplog.text, secret


def test_no_password_and_no_code_is_logged(desk: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    stranger = desk.stranger()
    for password in (PASSWORD, "a wrong guess"):
        stranger.post("/staff/log-in", _login="nurse-01-en@hospital.example", _password=password, _code="654321")
        stranger.post("/staff/prove", _password=password, _code="654321")
    for secret in (PASSWORD, "a wrong guess", "654321", "nurse-01"):
        assert secret not in caplog.text


def test_a_failure_inside_names_the_place_and_not_what_was_handled(
    desk: House, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    boss = desk.login(Role.ADMINISTRATOR)

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError(f"with {desk.ada} and {PASSWORD}")

    monkeypatch.setattr("qol_server.intake.staff.add", fails)
    boss.post("/accounts", "add", login="new@hospital.example", name="Nina Neu", language="en", role="nurse", site="")
    assert boss.status == 500
    assert "RuntimeError" in caplog.text
    for secret in (desk.ada, PASSWORD, "Nina", "new@hospital"):
        assert secret not in caplog.text
        assert secret not in boss.text
