"""The own account: what happened to it, its passkeys, its sessions, and another password."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from flask import Blueprint, Response, request

from qol_server.access import history, passkeys, sessions
from qol_server.access.accounts import LANGUAGES
from qol_server.clock import Clock
from qol_server.intake import logins
from qol_server.intake import passkeys as own
from qol_server.intake.staff import Staff
from qol_server.staff.door import BROWSER, let_in, place, token
from qol_server.staff.entrance import STAFF, declared, go, narrow, there
from qol_server.trial import problems
from qol_server.trial.problems import Refused

SHOWN = 30
"""Events on the page, at most."""


@dataclass(frozen=True, slots=True)
class Account:
    """``staff`` opens the accounts' file at an instant."""

    staff: Callable[[datetime], Staff]
    clock: Clock

    def blueprint(self) -> Blueprint:
        routes = Blueprint("account", __name__, url_prefix="/staff/account")
        for path, method, view in (
            ("", "GET", self.show),
            ("/password", "POST", self.change_password),
            ("/sessions", "POST", self.end_others),
            ("/language", "POST", self.choose_language),
            ("/passkey", "GET", self.ask_new),
            ("/passkey", "POST", self.add),
            ("/passkey/name", "POST", self.rename),
            ("/passkey/remove", "POST", self.remove),
        ):
            routes.add_url_rule(path, f"{method.lower()}-{view.__name__}", declared(view, STAFF), methods=[method])
        return routes

    def show(self, failure: Refused | None = None) -> Response:
        """The page; below it what happened lately, the notable of it at its top."""
        now = self.clock()
        session, tx = there(self.staff, now), self.staff(now).store.read()
        events = history.of(tx, session.login, SHOWN)
        return narrow(
            "entrance/account.html", session.language, failure, session=session, now=now, events=events,
            notable=[event for event in history.since_last_visit(events) if history.is_notable(event)],
            is_notable=history.is_notable, keys=passkeys.of(tx, session.login), encoded=_encoded,
            others=sessions.count(tx, session.login, now) - 1, done=request.args.get("done", ""), languages=LANGUAGES,
        )  # fmt: skip

    def change_password(self) -> Response:
        now, given = self.clock(), request.form
        there(self.staff, now)
        try:
            entered = logins.change_password(
                self.staff(now), token(), given.get("_password", ""), given.get("_code", ""), given.get("password", ""), now=now,
                browser=request.cookies.get(BROWSER),
            )  # fmt: skip
        except Refused as why:
            return self._again(why)
        return let_in(go("/staff/account?done=password"), entered)

    def end_others(self) -> Response:
        now = self.clock()
        there(self.staff, now)
        logins.log_out_elsewhere(self.staff(now), token(), now=now)
        return go("/staff/account?done=sessions")

    def choose_language(self) -> Response:
        now = self.clock()
        there(self.staff, now)
        try:
            logins.choose_language(self.staff(now), token(), request.form.get("language", ""), now=now)
        except Refused as why:
            return self._again(why)
        return go("/staff/account?done=language")

    # passkeys

    def ask_new(self, failure: Refused | None = None) -> Response:
        """The page on which a browser is asked for a new passkey; whoever is there has proved it lately."""
        now = self.clock()
        session, staff = there(self.staff, now), self.staff(now)
        try:
            asked = own.to_add(staff, token(), place(staff), now)
        except Refused as why:
            return self._again(why)
        called = request.form.get("name", "")
        return narrow("entrance/passkey.html", session.language, failure, session=session, asked=json.dumps(asked), name=called)

    def add(self) -> Response:
        now, given = self.clock(), request.form
        there(self.staff, now)
        staff = self.staff(now)
        try:
            own.add(staff, token(), given.get("_passkey", ""), given.get("name", ""), place=place(staff), now=now)
        except Refused as why:
            return self.ask_new(why) if why.problem in (problems.BAD_VALUE, problems.PASSKEY_REFUSED) else self._again(why)
        return go("/staff/account?done=passkey-added")

    def rename(self) -> Response:
        now, given = self.clock(), request.form
        there(self.staff, now)
        try:
            own.rename(self.staff(now), token(), _decoded(given.get("key", "")), given.get("name", ""), now=now)
        except Refused as why:
            return self._again(why)
        return go("/staff/account?done=passkey-named")

    def remove(self) -> Response:
        now = self.clock()
        there(self.staff, now)
        try:
            own.remove(self.staff(now), token(), _decoded(request.form.get("key", "")), now=now)
        except Refused as why:
            return self._again(why)
        return go("/staff/account?done=passkey-removed")

    def _again(self, why: Refused) -> Response:
        """The page with what was wrong; or, where it has to be proved once more who is there, the page that asks for it."""
        if why.problem is problems.SESSION_OVER:
            raise why
        if why.problem is problems.NOT_PROVED:
            back = "/staff/account/passkey" if request.path == "/staff/account/passkey" else "/staff/account"
            return go(f"/staff/prove?next={quote(back)}")
        return self.show(why)


def _encoded(id_: bytes) -> str:
    return base64.urlsafe_b64encode(id_).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    """The id of a passkey as a form has it. Raises Refused(passkey-unknown)."""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise Refused(problems.PASSKEY_UNKNOWN) from None
