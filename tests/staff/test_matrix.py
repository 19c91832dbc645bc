"""Every address of the desk for every role at every site: who is let in, who is not, and what they are told.

Each address needs an example in ``tests.staff.routes``. What is expected follows from the table of rights alone.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from qol_server.staff import AREAS
from qol_server.staff.desk import ANY_SITE, WHOLE_STUDY, Route
from qol_server.trial.roles import RIGHTS, Permission, Role
from tests import people
from tests.api import rig as copies
from tests.staff.rig import HERE, House, Member
from tests.staff.routes import EXAMPLES

ROUTES = {f"{route.method} {route.path}": route for pages in AREAS.values() for route in pages.routes}
ALLOWED, HIDDEN, FORBIDDEN = "allowed", 404, 403


@pytest.fixture
def desk(staffed: people.Trial, tmp_path: Path) -> House:
    return House(copies.reopened(staffed, tmp_path / "data"))


each_route = pytest.mark.parametrize("name", sorted(ROUTES))


def expected(route: Route, role: Role, site: str | None) -> str | int:
    """What somebody with one role meets at an address whose example is at site 01."""
    is_of_role = role in RIGHTS[route.permission].roles
    if route.at == WHOLE_STUDY:
        return ALLOWED if is_of_role and site is None else FORBIDDEN
    if route.at == ANY_SITE:
        return ALLOWED if is_of_role else FORBIDDEN
    sees = any(role in RIGHTS[each].roles for each in (Permission.PARTICIPANT_SEE, Permission.WORKLIST_SEE))
    if site == "02" or not sees:
        return HIDDEN
    return ALLOWED if is_of_role else FORBIDDEN


def address(route: Route, parts: dict[str, str]) -> str:
    return HERE + re.sub(r"<(?:\w+:)?(\w+)>", lambda match: parts[match[1]], route.path)


def ask(member: Member, route: Route, path: str, form: dict[str, object], *, headers: dict[str, str] | None = None) -> int:
    given = {"Sec-Fetch-Site": "same-origin"} if headers is None else headers
    if route.method == "GET":
        return member.get(path, **given).status_code
    return member.post(path, headers=given, follow=False, **form).status_code


def led_away(member: Member) -> bool:
    """Whether the answer leads to the entrance instead of to a page of the desk."""
    assert member.answer is not None
    return member.answer.headers.get("Location", "").startswith("/staff/")


def position(house: House) -> int:
    """How many entries the study has; pages that write that they were looked at write elsewhere."""
    return house.trial.study.head(house.trial.study.store.read()).position


def test_every_address_has_an_example_and_every_example_an_address() -> None:
    assert set(EXAMPLES) == set(ROUTES), "add one line a route to tests/staff/routes.py"


@each_route
def test_whoever_may_not_is_told_the_same_as_if_there_were_nothing_and_nothing_happens(desk: House, name: str) -> None:
    route, example = ROUTES[name], EXAMPLES[name]
    parts, form = example.parts(desk), example.form(desk)
    path = address(route, parts)
    nowhere = address(route, dict.fromkeys(parts, "9999999999"))
    everybody, before = list(desk.everybody()), position(desk)
    for role, site, member in everybody:
        outcome = expected(route, role, site)
        if outcome == ALLOWED:
            continue
        assert ask(member, route, path, form) == outcome, (role, site)
        if outcome == HIDDEN:
            said = member.html
            assert ask(member, route, nowhere, form) == HIDDEN
            assert member.html == said, (role, site)
            assert not any(part in said for part in parts.values() if len(part) > 4)
    assert position(desk) == before


@each_route
def test_whoever_may_is_let_in(desk: House, name: str) -> None:
    """Each in turn; what one did may be in the way of the next, who is told so, but nobody is sent away."""
    route, example = ROUTES[name], EXAMPLES[name]
    parts, form = example.parts(desk), example.form(desk)
    path = address(route, parts)
    let_in = [(role, site, member) for role, site, member in desk.everybody() if expected(route, role, site) == ALLOWED]
    assert let_in, "nobody may ever see it"
    for nth, (role, site, member) in enumerate(let_in):
        status = ask(member, route, path, form)
        assert not led_away(member), (role, site)
        assert status not in (401, 403), (role, site, member.text)
        assert status < 500, (role, site, member.text)
        assert nth > 0 or status in (200, 303), (role, site, member.text)
        if route.method == "GET":
            assert status == 200, (role, site, member.text)


def test_the_menu_shows_what_opens_and_nothing_else(desk: House) -> None:
    for role, site, member in desk.everybody():
        assert member.get("/").status_code == 200
        links = set(re.findall(rf'<li><a href="({HERE}/[^"#]*)"', member.html))
        assert links or "opens no page here" in member.text, (role, site)
        for link in links:
            assert member.get(link).status_code == 200, (role, site, link)
        asked = {f"{HERE}{path}" for path in ("/worklist", "/participants", "/accounts", "/load", "/rehearsal")}
        assert {path for path in asked if member.get(path).status_code == 200} <= links, (role, site)


@each_route
def test_without_a_session_or_with_an_old_one_nobody_gets_further_than_the_entrance(desk: House, name: str) -> None:
    route, example = ROUTES[name], EXAMPLES[name]
    path, form = address(route, example.parts(desk)), example.form(desk)
    before, left = position(desk), desk.login(Role.NURSE)
    left.post("/staff/log-out")
    late = desk.login(Role.NURSE)
    desk.trial.now += timedelta(minutes=30)
    forged = desk.stranger()
    forged.client.set_cookie("__Host-qol-session", "x" * 43, domain="localhost", secure=True)
    for member in (desk.stranger(), left, late, forged):
        status = ask(member, route, path, form)
        if route.method == "POST" or route.polled:
            assert status == 401
        else:
            assert (status, led_away(member)) == (303, True)
        assert '<header class="top">' not in member.html
    assert position(desk) == before


@each_route
def test_whoever_has_a_role_in_another_study_finds_none_here(desk: House, name: str) -> None:
    route, example = ROUTES[name], EXAMPLES[name]
    path, form, before = address(route, example.parts(desk)), example.form(desk), position(desk)
    for role in Role:
        member = desk.enter(f"other-{role}@hospital.example")
        assert ask(member, route, path, form) == 404, role
        there = member.html
        assert ask(member, route, path.replace(people.SLUG, "nowhere", 1), form) == 404
        assert member.html.replace("nowhere", people.SLUG) == there
    assert position(desk) == before


@each_route
def test_an_act_that_another_page_sent_is_refused_whoever_is_there(desk: House, name: str) -> None:
    route, example = ROUTES[name], EXAMPLES[name]
    if route.method == "GET":
        assert not example.form(desk), "what is looked at has no form"
        return
    path, form = address(route, example.parts(desk)), example.form(desk)
    before, boss = position(desk), allowed(desk, route)
    for headers in ELSEWHERE:
        assert ask(boss, route, path, form, headers=headers) == 403, headers
        assert "did not come from our own pages" in boss.text
    assert position(desk) == before


ELSEWHERE: tuple[dict[str, str], ...] = (
    {},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Sec-Fetch-Site": ""},
    {"Sec-Fetch-Site": "same-origin, cross-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://localhost"},
    {"Origin": "null"},
    {"Origin": "http://localhost"},
    {"Origin": "https://localhost:444"},
    {"Origin": "https://localhost.evil.example"},
)


def allowed(house: House, route: Route) -> Member:
    """The first person who may."""
    return next(member for role, site, member in house.everybody() if expected(route, role, site) == ALLOWED)


@each_route
def test_what_is_sensitive_is_proved_anew_and_nothing_happens_before(desk: House, name: str) -> None:
    route, example = ROUTES[name], EXAMPLES[name]
    path, form = address(route, example.parts(desk)), example.form(desk)
    boss, before = allowed(desk, route), position(desk)
    desk.trial.now += timedelta(minutes=11)
    status = ask(boss, route, path, form)
    if not route.step_up:
        assert "/staff/prove" not in boss.html
        return
    if route.method == "GET":
        assert boss.answer is not None
        assert (status, boss.answer.headers["Location"].partition("?")[0]) == (303, "/staff/prove")
    else:
        assert status == 401
        for field, value in form.items():
            assert f'name="{field}"' in boss.html, "what was typed rides along"
            assert str(value) in boss.html or "&" in boss.html
    assert position(desk) == before


@each_route
def test_nothing_of_the_desk_is_kept_or_framed_or_runs_what_is_not_its_own(desk: House, name: str) -> None:
    route, example = ROUTES[name], EXAMPLES[name]
    path, form = address(route, example.parts(desk)), example.form(desk)
    for member in (allowed(desk, route), desk.stranger()):
        ask(member, route, path, form)
        assert member.answer is not None
        sent = member.answer.headers
        assert sent["Cache-Control"] == "no-store"
        assert sent["X-Content-Type-Options"] == "nosniff"
        assert sent["Referrer-Policy"] == ("same-origin" if member.answer.data else "no-referrer")
        if member.answer.mimetype == "text/html" and member.answer.status_code != 303:
            policy = sent["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "frame-ancestors 'none'" in policy
            assert "unsafe" not in policy
            assert not re.search(r"<script(?![^>]*\ssrc=)|<[^>]+\son\w+=|<style|<[^>]+\sstyle=|javascript:", member.html)
