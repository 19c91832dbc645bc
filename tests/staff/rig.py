"""What the tests of the desk share: a study that is watched, people of each role who are logged in, and what they see."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from qol_server.access import sessions
from qol_server.intake import staff as accounts
from qol_server.staff.door import SESSION
from qol_server.trial.roles import Grant, Role
from tests import people
from tests.api import rig

HERE = f"/{people.SLUG}/staff"
PASSWORD = "quiet tall lamps on rivers"
ORIGIN = "https://localhost"
OURS = {"Sec-Fetch-Site": "same-origin"}


@dataclass
class Member:
    """Somebody of the staff at a browser. ``answer``: what came last; ``path`` is below the study's desk unless it is whole."""

    house: House
    login: str
    client: FlaskClient
    answer: TestResponse | None = None

    @property
    def actor(self) -> str:
        return f"staff:{self.login}"

    @property
    def status(self) -> int:
        assert self.answer is not None
        return self.answer.status_code

    @property
    def text(self) -> str:
        """What the page says, without its markup and with single spaces."""
        assert self.answer is not None
        return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", self.answer.text)).split())

    @property
    def html(self) -> str:
        assert self.answer is not None
        return self.answer.text

    def get(self, path: str, **headers: str) -> TestResponse:
        self.answer = self.client.get(_whole(path), base_url=ORIGIN, headers={"Sec-Fetch-Site": "same-origin"} | headers)
        return self.answer

    def post(self, path: str, form: str = "", *, headers: dict[str, str] = OURS, follow: bool = True, **fields: Any) -> TestResponse:
        """Send a form; a redirect is followed, as a browser does."""
        data = ({"form": form} if form else {}) | fields
        self.answer = self.client.post(_whole(path), base_url=ORIGIN, headers=headers, data=data)
        if follow and self.answer.status_code == 303:
            self.get(self.answer.headers["Location"])
        return self.answer

    def value(self, name: str) -> str:
        """What stands in the first field (hidden or not) of that name on the page."""
        for field_ in re.findall(r"<input[^>]*>", self.html):
            if f'name="{name}"' in field_:
                found = re.search(r'value="([^"]*)"', field_)
                assert found is not None, field_
                return html.unescape(found[1])
        raise AssertionError(f"no field {name} in {self.text}")

    def form_id(self, name: str) -> str:
        """The id of the form of that name on the page."""
        for form in re.findall(r'<form method="post".*?</form>', self.html, re.DOTALL):
            if f'name="form" value="{name}"' in form:
                found = re.search(r'name="_form" value="([0-9a-f-]{36})"', form)
                assert found is not None, form
                return found[1]
        raise AssertionError(f"no form {name} in {self.text}")


def _whole(path: str) -> str:
    return path if path.startswith(("/staff", f"/{people.SLUG}/", "/nowhere/")) else HERE + path


@dataclass
class House:
    """A study with alerts, its server and the accounts' file."""

    trial: people.Trial
    _members: dict[tuple[Role, str | None], Member] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.staff = accounts.open_staff(self.trial.settings, self.trial.now)
        self.app.extensions["qol"]._staff = self.staff

    @property
    def app(self) -> Flask:
        app: Flask = self.trial._client.application
        return app

    @property
    def now(self) -> datetime:
        return self.trial.now

    @property
    def ada(self) -> str:
        """Ada's number; she is at site 01."""
        return rig.ada(self.trial)

    def account(self, login: str, *grants: Grant, language: str = "en") -> str:
        """An account with these roles; returns its login."""
        login = f"{login}@hospital.example"
        name = login.partition("@")[0].replace("-", " ").title()
        accounts.add(self.staff, login, name, language, actor="staff:root", now=self.now, password=PASSWORD)
        for grant in grants:
            accounts.give_role(self.staff, login, grant, actor="staff:root", now=self.now)
        return login

    def enter(self, login: str) -> Member:
        """A browser in which the account is logged in."""
        token = self.staff.store.write(lambda tx: sessions.open_(tx, login, self.now))
        client = self.app.test_client()
        client.set_cookie(SESSION, token, domain="localhost", secure=True, httponly=True, samesite="Strict")
        return Member(self, login, client)

    def login(self, role: Role, site: str | None = None, *, name: str = "", language: str = "en") -> Member:
        """Somebody with a role at a site, or at all sites, logged in at a browser of their own. The same asked twice is the same person."""
        login = name or f"{role}-{site or 'all'}-{language}"
        known = self.staff.store.read().one("SELECT 1 FROM accounts WHERE login = ?", (f"{login}@hospital.example",))
        whole = f"{login}@hospital.example" if known else self.account(login, Grant(role, people.SLUG, site), language=language)
        return self.enter(whole)

    def everybody(self) -> Iterator[tuple[Role, str | None, Member]]:
        """Somebody of each role at each of two sites, and at all of them."""
        for role in Role:
            for site in ("01", "02", None):
                yield role, site, self.login(role, site)

    def stranger(self) -> Member:
        """A browser in which nobody is logged in."""
        return Member(self, "", self.app.test_client())


def prepared(folder: Path) -> people.Trial:
    """A live study that is watched, with Ada under treatment since 2 March 2026, 20:00 in Paris on that day."""
    trial = people.trial(folder, alerts=True)
    trial.study.checker(trial.study.store.read(), trial.versions["dose-diary"])
    trial.study.protocol_in_force(trial.study.store.read())
    trial.enrol(people.ADA)
    trial.at("2026-03-02 20:00", "Europe/Paris")
    trial.start_treatment(rig.ada(trial), rig.DAY)
    return trial
