"""The door of the desk: who is there, whether the request comes from our own pages, what they may, and proving it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlsplit

from flask import Blueprint, Response, current_app, request

from qol_server.access import sessions
from qol_server.access.passkeys import Place
from qol_server.access.sessions import Session
from qol_server.clock import Clock
from qol_server.intake import logins, passkeys
from qol_server.intake.logins import LoggedIn
from qol_server.intake.staff import Staff
from qol_server.intake.study import Study
from qol_server.proxies import is_local
from qol_server.staff import look
from qol_server.staff.desk import ANY_SITE, WHOLE_STUDY, Desk, Pages, Route
from qol_server.staff.forms import FORM_ID
from qol_server.trial import problems
from qol_server.trial.problems import Refused
from qol_server.trial.roles import Permission

SESSION, BROWSER = "__Host-qol-session", "__Host-qol-browser"
NAMES_NOBODY = problems.PARTICIPANT_UNKNOWN


@dataclass(frozen=True, slots=True)
class Door:
    """``study`` finds an open study or refuses; ``staff`` opens the accounts' file at an instant."""

    study: Callable[[str], Study]
    staff: Callable[[datetime], Staff]
    clock: Clock

    def blueprint(self, areas: Mapping[str, Pages]) -> Blueprint:
        """The addresses of all areas below ``/<study>/staff``."""
        routes = Blueprint("desk", __name__, url_prefix="/<slug>/staff")
        for area, pages in areas.items():
            for route in pages.routes:
                endpoint = f"{area}-{route.method.lower()}-{route.view.__name__}"
                routes.add_url_rule(route.path, endpoint, self._view(route), methods=[route.method])
        return routes

    def _view(self, route: Route) -> Callable[..., Response]:
        def view(slug: str, **parts: str) -> Response:
            return self._answer(route, slug, parts)

        view.permission = str(route.permission)  # type: ignore[attr-defined]
        return view

    def _answer(self, route: Route, slug: str, parts: dict[str, str]) -> Response:
        now = self.clock()
        ours(request.method)
        entering = self._entering(route, now)
        if isinstance(entering, Response):
            return entering
        session, entered = entering
        try:
            same_person(session)
            desk = Desk(self._study(slug, session), self.staff(now), session, now, done=request.args.get("done", ""))
            self._allow(desk, route, parts)
            answer = self._prove(route, desk, now) if route.step_up else None
            answer = answer or self._act(route, desk, parts)
        except Refused as why:
            answer = look.problem_page(why, session.language, home=f"/{slug}/staff/")
        return let_in(answer, entered)

    @staticmethod
    def _act(route: Route, desk: Desk, parts: dict[str, str]) -> Response:
        try:
            return route.view(desk, **parts)
        except Refused as why:
            if route.page is None:
                raise
            desk.failure = why
            return route.page(desk, **parts)

    # who is there

    def _entering(self, route: Route, now: datetime) -> Response | tuple[Session, LoggedIn | None]:
        """The session; or the form in which to log in, which takes along what was typed."""
        staff = self.staff(now)
        session = logins.session_of(staff, token(), now, used=not route.polled)
        if session is not None:
            return session, None
        if route.polled:
            raise Refused(problems.SESSION_OVER)
        if request.method != "POST":
            return Response(status=303, headers={"Location": f"/staff/log-in?next={quote(asked_for())}", "Cache-Control": "no-store"})
        failure = None
        if "_login" in request.form:
            try:
                entered = log_in(staff, request.form["_login"], now)
                opened = logins.session_of(staff, entered.token, now)
                if opened is not None:
                    return opened, entered
            except Refused as why:
                failure = why
        return again("log-in", look_language(), failure)

    def _study(self, slug: str, session: Session) -> Study:
        """The study, for those who have a role in it; to others it is not there."""
        if not any(grant.study == slug for grant in session.grants):
            raise Refused(problems.STUDY_UNKNOWN, problems.STUDY_UNKNOWN.advice)
        return self.study(slug)

    # what they may

    @staticmethod
    def _allow(desk: Desk, route: Route, parts: dict[str, str]) -> None:
        """Raises Refused(participant-unknown) for what is of another site, as for what does not exist; Refused(not-allowed)."""
        if route.at == WHOLE_STUDY:
            if not desk.may(route.permission, None):
                raise Refused(problems.NOT_ALLOWED)
        elif route.at == ANY_SITE:
            if not desk.sites(route.permission):
                raise Refused(problems.NOT_ALLOWED)
        else:
            assert callable(route.at), route.path  # noqa: S101
            site = route.at(desk, **parts)
            if site is None or not sees(desk, site):
                raise Refused(NAMES_NOBODY)
            if not desk.may(route.permission, site):
                raise Refused(problems.NOT_ALLOWED)

    def _prove(self, route: Route, desk: Desk, now: datetime) -> Response | None:
        """None where whoever is there proved it lately; else the form in which to do so, which takes along what was typed."""
        if desk.session.is_verified(now):
            return None
        if request.method != "POST":
            return Response(status=303, headers={"Location": f"/staff/prove?next={quote(asked_for())}", "Cache-Control": "no-store"})
        failure = None
        if "_password" in request.form:
            try:
                desk.session = prove(self.staff(now), now)
                return None
            except Refused as why:
                failure = why
        return again("prove", desk.language, failure)


def sees(desk: Desk, site: str) -> bool:
    """Whether the person may see any participant or any case of a site."""
    return any(desk.may(permission, site) for permission in (Permission.PARTICIPANT_SEE, Permission.WORKLIST_SEE))


LARGEST = 1 << 20
"""Bytes of a form; a file that somebody sends instead is not taken in."""


def ours(method: str) -> None:
    """Raises Refused(from-elsewhere) for an act that another site's page sent, or that no browser sent from ours.

    Browsers say it in Sec-Fetch-Site; those of before 2023, and all of them over plain http in a network, in Origin alone, which is
    "null" under ``Referrer-Policy: no-referrer``: so the pages with forms have another.
    """
    request.max_content_length = LARGEST
    if method in ("GET", "HEAD"):
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    here = (request.host_url.rstrip("/"), current_app.config["PUBLIC_URL"])
    is_ours = site == "same-origin" or (site is None and bool(origin) and origin in here)
    if not is_ours:
        raise Refused(problems.FROM_ELSEWHERE)


def same_person(session: Session) -> None:
    """Raises Refused(somebody-else) for an act out of a page that was made for another account, in a browser that people share."""
    if request.method == "POST" and request.form.get("_as", session.login) != session.login:
        raise Refused(problems.SOMEBODY_ELSE)


def token() -> str:
    return request.cookies.get(SESSION, "")


def asked_for() -> str:
    """The path and query of the request, to come back to."""
    return request.full_path.rstrip("?")


def is_secure() -> bool:
    """Whether a browser will keep a Secure cookie: https, or the machine itself."""
    return request.is_secure or is_local(request.host)


def look_language() -> str:
    """The language of somebody who is not logged in: what the browser wants most."""
    return request.accept_languages.best_match(look.LANGUAGES) or "en"


def place(staff: Staff) -> Place:
    """The host and origin of the pages as browsers know them."""
    known = urlsplit(staff.settings.public_url or request.host_url)
    return Place((known.hostname or ""), f"{known.scheme}://{known.netloc.lower()}")


def log_in(staff: Staff, login: str, now: datetime) -> LoggedIn:
    """Log in with the posted passkey, or password and code; a session that the browser had ends.

    Raises as ``logins.log_in``, and Refused(passkey-refused).
    """
    given, address, browser = request.form, request.remote_addr or "", request.cookies.get(BROWSER)
    if given.get("_passkey"):
        entered = passkeys.log_in(staff, given["_passkey"], place=place(staff), address=address, browser=browser, now=now)
    else:
        password, code = given.get("_password", ""), given.get("_code", "")
        entered = logins.log_in(staff, login, password, code, address=address, browser=browser, now=now)
    if token():
        logins.log_out(staff, token())
    return entered


def prove(staff: Staff, now: datetime) -> Session:
    """Prove once more who is there, with what was posted. Raises as ``logins.step_up``, and Refused(passkey-refused)."""
    if request.form.get("_passkey"):
        return passkeys.step_up(staff, token(), request.form["_passkey"], place=place(staff), now=now)
    return logins.step_up(staff, token(), request.form.get("_password", ""), request.form.get("_code", ""), now=now)


def again(way: str, language: str, failure: Refused | None) -> Response:
    """The form in which somebody logs in or proves who they are on the way of an act; its fields ride along."""
    riding = [(name, value) for name, value in request.form.items(multi=True) if name in ("_as", FORM_ID) or not name.startswith("_")]
    status = failure.problem.status if failure is not None else 401
    return look.page(
        "entrance/again.html", status, t=lambda key, **values: look.words(language, key, **values), language=language,
        way=way, riding=riding, failure=failure, action=asked_for(),
    )  # fmt: skip


def let_in(answer: Response, entered: LoggedIn | None) -> Response:
    """Give the browser the cookies of a new session."""
    if entered is not None:
        answer.set_cookie(SESSION, entered.token, path="/", secure=True, httponly=True, samesite="Strict")
        life = int(sessions.BROWSER_LIFE.total_seconds())
        answer.set_cookie(BROWSER, entered.browser, max_age=life, path="/", secure=True, httponly=True, samesite="Strict")
    return answer
