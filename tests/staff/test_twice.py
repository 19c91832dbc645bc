"""What a browser sends twice is done once; two forms that say the same are two; and every form has an id by which they are told apart."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from pathlib import Path

import pytest

from qol_server.state import adverse_events, calls, cases, medicines, participants
from qol_server.trial.roles import Role
from tests import people
from tests.api import rig as copies
from tests.staff import casebook, clinic, entering, telephone
from tests.staff.rig import House
from tests.staff.routes import EXAMPLES
from tests.staff.test_matrix import ROUTES, address, allowed, ask

POSTS = sorted(name for name, route in ROUTES.items() if route.method == "POST")
OF_EACH_TIME = {
    "POST /participants/<number>/phones": "a code is shown once: whoever asks again gets another",
    "POST /participants/<number>/contact/show": "each look is written down",
}
"""Acts that are done as often as they are asked for, and why."""
CREATES = {
    "/participants/new": lambda house: len(participants.numbers(house.trial.study.store.read())),
    "/participants/<number>/adverse-events/new": lambda house: len(
        adverse_events.of_participant(house.trial.study.store.read(), house.ada)
    ),
    "/participants/<number>/medicines": lambda house: len(medicines.of(house.trial.study.store.read(), house.ada)),
    "/participants/<number>/expected": lambda house: len(
        house.trial.study.store.read().all("SELECT 1 FROM entries WHERE kind = 'level.expected'")
    ),
}


@pytest.fixture
def desk(staffed: people.Trial, tmp_path: Path) -> House:
    return House(copies.reopened(staffed, tmp_path / "data"))


@pytest.mark.parametrize("name", POSTS)
def test_a_form_that_is_sent_twice_is_done_once(desk: House, name: str) -> None:
    route, example = ROUTES[name], EXAMPLES[name]
    path, form = address(route, example.parts(desk)), example.form(desk) | {"_form": str(uuid.uuid4())}
    member, before = allowed(desk, route), desk.trial.position
    first = ask(member, route, path, form)
    leads = member.answer.headers.get("Location") if member.answer else None
    after = desk.trial.position
    again = ask(member, route, path, form)
    if name in OF_EACH_TIME:
        assert desk.trial.position > after
        return
    assert desk.trial.position == after
    assert again in (200, 303, 409, 422), member.text
    if first == 303 and after > before and _is_recorded_by_form(name):
        assert member.answer is not None
        assert (again, member.answer.headers.get("Location")) == (303, leads), "it is answered as done"


def _is_recorded_by_form(name: str) -> bool:
    return name.startswith(("POST /cases/", "POST /calls/")) or "/adverse-events/" in name or name.removeprefix("POST ") in CREATES


@pytest.mark.parametrize("path", CREATES)
def test_two_forms_that_say_the_same_are_two(desk: House, path: str) -> None:
    route, example = ROUTES[f"POST {path}"], EXAMPLES[f"POST {path}"]
    member, form, there = allowed(desk, route), example.form(desk), address(route, example.parts(desk))
    before = CREATES[path](desk)
    for _ in range(2):
        assert ask(member, route, there, form | {"_form": str(uuid.uuid4())}) == 303
    assert CREATES[path](desk) == before + 2


def test_two_attempts_to_call_that_read_the_same_are_both_in_the_log(desk: House) -> None:
    nora, case = desk.login(Role.NURSE, "01"), casebook.id_of(desk)["case"]
    for _ in range(2):
        nora.get(f"/cases/{case}")
        tried = {"channel": "telephone", "reached": "no", "note": "engaged", "seen": nora.value("seen"), "_form": nora.form_id("contact")}
        nora.post(f"/cases/{case}/contact", "contact", **tried)
        nora.post(f"/cases/{case}/contact", "contact", **tried)
        assert nora.status == 200
    kinds = [step["kind"] for step in cases.steps(desk.trial.study.store.read(), case)]
    assert kinds.count("case.contacted") == 2


def test_an_attempt_at_a_call_likewise(desk: House) -> None:
    nora, call = desk.login(Role.NURSE, "01"), telephone.asked(desk)["position"]
    for _ in range(2):
        nora.get(f"/calls/{call}")
        tried = {"way": "telephone", "reached": "no", "seen": nora.value("seen"), "_form": nora.form_id("attempt")}
        nora.post(f"/calls/{call}/attempt", "attempt", **tried)
        nora.post(f"/calls/{call}/attempt", "attempt", **tried)
        assert nora.status == 200
    assert len(calls.attempts(desk.trial.study.store.read(), call)) == 2


def test_whoever_was_refused_sends_a_form_of_its_own(desk: House) -> None:
    nora = desk.login(Role.NURSE, "01")
    nora.get("/participants/new")
    first = nora.form_id("enrol")
    nora.post("/participants/new", **(entering.NEWCOMER | {"version": "9", "_form": first}))
    assert nora.status == 422
    assert nora.form_id("enrol") != first


@pytest.mark.parametrize("name", sorted(name for name, route in ROUTES.items() if route.method == "GET"))
def test_every_form_of_the_desk_has_an_id_of_its_own(desk: House, name: str) -> None:
    route, example = ROUTES[name], EXAMPLES[name]
    path, member = address(route, example.parts(desk)), allowed(desk, route)
    ids: set[str] = set()
    for _ in range(2):
        ask(member, route, path, {})
        found = re.findall(r'<input type="hidden" name="_form" value="([0-9a-f-]{36})">', member.html)
        assert len(found) == member.html.count('<form method="post"')
        assert not ids & set(found)
        ids |= set(found)


def test_what_rides_along_while_somebody_proves_who_they_are_is_still_the_same_form(desk: House) -> None:
    ivan, ae = desk.login(Role.INVESTIGATOR, "01"), clinic.record(desk)
    desk.trial.now += timedelta(minutes=11)
    path = f"/participants/{desk.ada}/adverse-events/{ae}/sign"
    ivan.get(path.removesuffix("/sign"))
    first = ivan.form_id("sign")
    ivan.post(path, "sign", _form=first, **clinic.seen(desk))
    assert (ivan.status, ivan.value("_form")) == (401, first)
