"""The entrance of the desk, for all studies: logging in and out, the first set-up, proving it again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import segno
from flask import Blueprint, Response, request
from markupsafe import Markup

from qol_server.access.sessions import Session
from qol_server.clock import Clock
from qol_server.intake import logins, passkeys
from qol_server.intake.logins import Enrolment
from qol_server.intake.staff import Staff
from qol_server.staff import look
from qol_server.staff.door import BROWSER, SESSION, is_secure, let_in, log_in, look_language, ours, place, prove, same_person, token
from qol_server.staff.forms import Form
from qol_server.trial import problems
from qol_server.trial.problems import Refused

ANYBODY, STAFF = "anybody", "staff"
HOME = "/staff/"


@dataclass(frozen=True, slots=True)
class Entrance:
    """``staff`` opens the accounts' file at an instant; ``title_of`` gives the title of a study, or None where it cannot be opened."""

    staff: Callable[[datetime], Staff]
    title_of: Callable[[str], str | None]
    clock: Clock

    def blueprint(self) -> Blueprint:
        routes = Blueprint("entrance", __name__)
        routes.add_url_rule("/", "front", declared(lambda: go(HOME), ANYBODY))  # whoever typed the server's bare name
        for path, method, view, permission in (
            ("/", "GET", self.home, STAFF),
            ("/log-in", "GET", self.ask, ANYBODY),
            ("/log-in", "POST", self.enter, ANYBODY),
            ("/log-out", "POST", self.leave, ANYBODY),
            ("/prove", "GET", self.ask_again, STAFF),
            ("/prove", "POST", self.prove_again, STAFF),
            ("/set-up", "GET", self.ask_code, ANYBODY),
            ("/set-up", "POST", self.begin, ANYBODY),
            ("/set-up/factor", "POST", self.finish, ANYBODY),
            ("/passkey", "GET", self.ask_passkey, ANYBODY),
            ("/static/<digest>/<name>", "GET", self.file, ANYBODY),
        ):
            routes.add_url_rule(f"/staff{path}", f"{method.lower()}-{view.__name__}", declared(view, permission), methods=[method])
        return routes

    # logging in and out

    def ask(self, failure: Refused | None = None) -> Response:
        language = look_language()
        return narrow(
            "entrance/log-in.html", language, failure, next=_next(), done=request.args.get("done", ""), secure=is_secure(),
            login=request.form.get("_login", ""),
        )  # fmt: skip

    def enter(self) -> Response:
        now = self.clock()
        try:
            entered = log_in(self.staff(now), request.form.get("_login", ""), now)
        except Refused as why:
            return self.ask(why)
        return let_in(go(_next()), entered)

    def leave(self) -> Response:
        logins.log_out(self.staff(self.clock()), token())
        answer = go("/staff/log-in?done=out")
        answer.delete_cookie(SESSION, path="/", secure=True, httponly=True, samesite="Strict")
        answer.headers["Clear-Site-Data"] = '"cache"'
        return answer

    def home(self) -> Response:
        session = there(self.staff, self.clock())
        places = []
        for study in sorted({grant.study for grant in session.grants}):
            title = self.title_of(study)
            if title is not None:
                places.append((study, title, [grant for grant in session.grants if grant.study == study]))
        if len(places) == 1 and not request.args:
            return go(f"/{places[0][0]}/staff/")
        return narrow("entrance/home.html", session.language, None, session=session, places=places)

    # proving it again

    def ask_passkey(self) -> Response:
        """What a script asks the browser for, as JSON: afresh each time, as it is good for five minutes."""
        now = self.clock()
        staff = self.staff(now)
        if request.args.get("for") == passkeys.PROVE:
            asked = passkeys.to_prove(staff, token(), place(staff), now)
        else:
            asked = passkeys.to_log_in(staff, place(staff), now)
        return Response(json.dumps(asked), content_type="application/json", headers={"Cache-Control": "no-store"})

    def ask_again(self, failure: Refused | None = None) -> Response:
        session = there(self.staff, self.clock())
        return narrow("entrance/prove.html", session.language, failure, session=session, next=_next())

    def prove_again(self) -> Response:
        there(self.staff, self.clock())
        now = self.clock()
        try:
            prove(self.staff(now), now)
        except Refused as why:
            return self.ask_again(why)
        return go(_next())

    # the first set-up

    def ask_code(self, failure: Refused | None = None) -> Response:
        return narrow("entrance/set-up.html", look_language(), failure, secure=is_secure(), code=request.form.get("one_time", ""))

    def begin(self) -> Response:
        now = self.clock()
        code, password = request.form.get("one_time", ""), request.form.get("password", "")
        try:
            enrolment = logins.begin_set_up(self.staff(now), code, password, now=now)
        except Refused as why:
            return self.ask_code(why)
        return self._factor(code, enrolment, None)

    def finish(self) -> Response:
        now, given = self.clock(), request.form
        code = given.get("one_time", "")
        browser = request.cookies.get(BROWSER)
        try:
            entered, recovery = logins.finish_set_up(self.staff(now), code, given.get("digits", ""), browser=browser, now=now)
        except Refused as why:
            if why.problem is problems.LOGIN_REFUSED:
                return self._factor(code, logins.begun_set_up(self.staff(now), code, now=now), why)
            return self.ask_code(why)
        session = logins.session_of(self.staff(now), entered.token, now)
        assert session is not None  # noqa: S101 - it was opened at this instant
        return let_in(narrow("entrance/recovery.html", session.language, None, codes=recovery, name=session.name), entered)

    @staticmethod
    def _factor(code: str, enrolment: Enrolment, failure: Refused | None) -> Response:
        picture = segno.make_qr(enrolment.address, error="m").svg_inline(scale=5, border=4, light="#ffffff", dark="#000000", omitsize=False)
        return narrow(
            "entrance/factor.html", look_language(), failure, code=code, secret=enrolment.secret,
            picture=Markup(picture),  # noqa: S704 - drawn here
        )  # fmt: skip

    # the desk's own files

    def file(self, digest: str, name: str) -> Response:
        body = look.static().get(name)
        if body is None or digest != look.release():
            raise Refused(problems.NOT_FOUND)
        answer = Response(body, content_type=look.TYPES["." + name.rpartition(".")[2]])
        answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return answer


def declared(view: Callable[..., Response], permission: str) -> Callable[..., Response]:
    """A view of the entrance: acts have to come from its own pages, and whoever is not there any more is led back in."""

    def guarded(**parts: str) -> Response:
        ours(request.method)
        try:
            return view(**parts)
        except Refused as why:
            if why.problem is not problems.SESSION_OVER or request.method != "GET":
                raise
            return go(f"/staff/log-in?next={quote(request.path)}")

    guarded.permission = permission  # type: ignore[attr-defined]
    return guarded


def there(staff: Callable[[datetime], Staff], now: datetime) -> Session:
    """Who is there. Raises Refused(session-over, somebody-else)."""
    session = logins.present(staff(now), token(), now)
    same_person(session)
    return session


def narrow(template: str, language: str, failure: Refused | None, **values: Any) -> Response:
    """A page of the entrance, with the status of the failure that it shows."""

    def t(key: str, **given: Any) -> str:
        return look.words(language, key, **given)

    status = 200 if failure is None else failure.problem.status
    answer = look.page(template, status, t=t, language=language, failure=failure, form=Form("", None, t), **values)
    if failure is not None and failure.retry_after is not None:
        answer.headers["Retry-After"] = str(failure.retry_after)
    return answer


def _next() -> str:
    """Where somebody wanted to go: an address of a desk here, and nothing else."""
    wanted = request.values.get("next", HOME)
    parts = wanted.partition("?")[0].split("/")
    is_ours = wanted.startswith("/") and "\\" not in wanted and wanted.isprintable() and wanted.isascii() and "staff" in parts[1:3]
    return wanted if is_ours and parts[1] else HOME


def go(where: str) -> Response:
    return Response(status=303, headers={"Location": where, "Cache-Control": "no-store"})
