"""A site that an amendment dropped: its participants, cases and calls stay, at every address, and nobody new is enrolled there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qol_server.intake import conduct
from qol_server.trial.roles import Role
from tests import people
from tests.api import rig as copies
from tests.staff import casebook, telephone
from tests.staff.rig import House
from tests.staff.routes import EXAMPLES
from tests.staff.test_matrix import ALLOWED, ROUTES, address, ask, expected

_SITE_01 = re.compile(rb'  "01":\n(    .*\n)+')


@pytest.fixture
def desk(staffed: people.Trial, tmp_path: Path) -> House:
    return House(copies.reopened(staffed, tmp_path / "data"))


def drop(house: House) -> None:
    """Amend the protocol: there is no site 01 any more, at which Ada is."""
    document, dropped = _SITE_01.subn(b"", people.protocol().replace(b"alerts: record-only", b"alerts: on"))
    assert dropped == 1
    conduct.adopt(house.trial.study, document, people.instruments(), actor=people.DATA_MANAGER, now=house.now)


@pytest.mark.parametrize("name", sorted(ROUTES))
def test_every_address_answers_as_before(desk: House, name: str) -> None:
    route, example = ROUTES[name], EXAMPLES[name]
    parts, form = example.parts(desk), example.form(desk)
    members = [(role, site, desk.login(role, site)) for role in Role for site in ("01", None) if expected(route, role, site) == ALLOWED]
    drop(desk)
    for nth, (role, site, member) in enumerate(members):
        status = ask(member, route, address(route, parts), form)
        assert status < 500, (role, site)
        if name in DIFFERS:
            assert status in DIFFERS[name], (role, site, member.text)
        elif route.method == "GET" or nth == 0:
            assert status in (200, 303), (role, site, member.text)


DIFFERS = {
    "GET /participants/new": (200, 403),
    "POST /participants/new": (403, 422),
    "POST /rehearsal/activate": (409,),
}
"""Nobody is enrolled at a site that is not there any more; and a draft amends the protocol that it was made from."""


def test_what_is_open_there_stays_in_every_list(desk: House) -> None:
    casebook.id_of(desk)
    telephone.asked(desk)
    drop(desk)
    for nora in (desk.login(Role.NURSE, "01"), desk.login(Role.NURSE)):
        for page in ("/worklist", "/calls", "/participants", f"/participants?find={desk.ada}"):
            nora.get(page)
            assert (nora.status, desk.ada in nora.text) == (200, True), page
    assert "/participants/new" not in desk.login(Role.NURSE, "01").get("/participants").text
    assert "/participants/new" in desk.login(Role.NURSE).get("/participants").text


def test_the_phones_there_go_on(desk: House) -> None:
    phone = desk.trial.phone(desk.ada)
    drop(desk)
    phone.answer("dose@2026-03-02", people.TAKEN)
    [result] = phone.sync()["results"]
    assert result["status"] == "stored"
