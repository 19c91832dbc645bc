"""The only place that wires the parts together."""

from __future__ import annotations

import logging
import threading
from datetime import datetime
from typing import Any

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from qol_server.api import answers
from qol_server.api.app_files import AppFiles
from qol_server.api.delivery import DeliveryApi
from qol_server.api.patient import PatientApi
from qol_server.api.push import PushApi
from qol_server.api.reference import ReferenceApi
from qol_server.api.system import SystemApi
from qol_server.clock import Clock, wall_clock
from qol_server.intake import staff as accounts
from qol_server.intake import study as studies
from qol_server.intake.staff import Staff
from qol_server.intake.study import Study
from qol_server.logs import log_failure
from qol_server.patient_app.release import Releases
from qol_server.proxies import BehindProxies, is_local
from qol_server.settings import Settings, from_environment
from qol_server.staff import AREAS, look
from qol_server.staff.account import Account
from qol_server.staff.door import Door, look_language
from qol_server.staff.entrance import Entrance
from qol_server.store import StoreBusy, StoreFull
from qol_server.trial import problems
from qol_server.trial.problems import Refused

log = logging.getLogger(__name__)

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
ONLY_HTTPS = "max-age=31536000"
"""What a browser that came over https is told: for a year it asks this host by nothing else. Other hosts of the domain are not ours."""
_HTTP_PROBLEMS = {404: problems.NOT_FOUND, 405: problems.METHOD_NOT_ALLOWED, 413: problems.TOO_LARGE, 415: problems.MEDIA_TYPE}


class Hall:
    """The studies of a data folder, each opened at its first use."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open: dict[str, Study] = {}
        self._staff: Staff | None = None
        self._lock = threading.Lock()

    def study(self, slug: str) -> Study:
        """An open study. Raises Refused(study-unknown)."""
        found = self._open.get(slug)
        if found is None:
            with self._lock:
                try:
                    found = self._open.get(slug) or studies.open_study(self._settings, slug)
                except Refused as why:  # its detail is for whoever runs the server: it names folders and the other studies
                    raise Refused(why.problem) from None
                try:
                    found.warm()
                except Exception as failure:  # whoever needs the document is told; uploads may not need it
                    log_failure(log, f"a document of {slug} cannot be read", failure)
                self._open[slug] = found
        return found

    def staff(self, now: datetime) -> Staff:
        """The accounts' file, opened at its first use."""
        if self._staff is None:
            with self._lock:
                self._staff = self._staff or accounts.open_staff(self._settings, now)
        return self._staff

    def title(self, slug: str) -> str | None:
        """The title of a study, or None where it has no protocol or cannot be opened."""
        try:
            study = self.study(slug)
            return study.protocol_in_force(study.store.read()).title
        except Refused:
            return None

    def warm(self) -> None:
        """Open every study, so that the first phone does not wait for it."""
        for slug in studies.slugs(self._settings):
            try:
                self.study(slug)
            except Exception as failure:  # it will be explained to whoever asks for it
                log_failure(log, f"the study {slug} cannot be opened", failure)

    def health(self) -> dict[str, bool]:
        """Short name -> whether the study's journal can be read."""
        return {slug: self._answers(slug) for slug in studies.slugs(self._settings)}

    def _answers(self, slug: str) -> bool:
        try:
            study = self._open.get(slug) or studies.open_study(self._settings, slug)
            study.head(study.store.read())
        except Exception as failure:  # whatever it is, the study cannot be read
            log_failure(log, f"the study {slug} cannot be read", failure)
            return False
        return True

    def last_tick(self) -> datetime | None:
        """When a clock of this data folder last finished a tick."""
        try:
            return datetime.fromisoformat((self._settings.data / "clock.txt").read_text(encoding="ascii").strip())
        except (OSError, ValueError):
            return None


def create_app(settings: Settings | None = None, clock: Clock = wall_clock) -> Flask:
    """The WSGI application. Raises SettingsError; LookupError when a route declares no permission."""
    settings = settings or from_environment()
    app = Flask("qol_server", static_folder=None)
    app.config["PUBLIC_URL"] = settings.public_url
    hall = Hall(settings)
    app.register_blueprint(SystemApi(clock, hall.last_tick, hall.health).blueprint())
    app.register_blueprint(PatientApi(hall.study, clock, settings.sync_again_after).blueprint())
    app.register_blueprint(PushApi(hall.study, clock, settings.keys).blueprint())
    app.register_blueprint(DeliveryApi(hall.study, clock, settings.webhook).blueprint())
    app.register_blueprint(ReferenceApi(hall.study).blueprint())
    app.register_blueprint(AppFiles(hall.study, Releases(settings.data), withdrawn=settings.app_withdrawn).blueprint())
    app.register_blueprint(Door(hall.study, hall.staff, clock).blueprint(AREAS))
    app.register_blueprint(Entrance(hall.staff, hall.title, clock).blueprint())
    app.register_blueprint(Account(hall.staff, clock).blueprint())
    if settings.trusted_proxies:
        app.wsgi_app = BehindProxies(app.wsgi_app, settings.trusted_proxies)  # type: ignore[method-assign]
    _explain_failures(app)
    app.after_request(_secure)
    answers.permissions(app)
    app.extensions["qol"] = hall
    return app


def _secure(answer: Response) -> Response:
    for name, value in SECURITY_HEADERS.items():
        answer.headers.setdefault(name, value)  # a page may have a policy of its own
    if request.is_secure and not is_local(request.host):  # whatever else runs on the machine may be without https
        answer.headers["Strict-Transport-Security"] = ONLY_HTTPS
    return answer


def _explain_failures(app: Flask) -> None:
    """Every failure leaves with a name from the catalogue: as a page at the desk, as a problem document elsewhere."""

    def refused(failure: Refused) -> Response:
        if "staff" in request.path.split("/")[1:3]:
            return look.problem_page(failure, look_language())
        return answers.problem_answer(failure, request.path)

    def http(failure: HTTPException) -> Response:
        problem = _HTTP_PROBLEMS.get(failure.code or 500, problems.BAD_REQUEST)
        answer = refused(Refused(problem))
        for name, value in failure.get_headers():
            if name in ("Allow", "Retry-After"):
                answer.headers[name] = value
        return answer

    def unexpected(failure: Exception) -> Response:
        log_failure(log, f"{request.method} {request.url_rule or 'unknown address'}", failure)
        return refused(Refused(problems.INTERNAL))

    handlers: tuple[tuple[Any, Any], ...] = (
        (Refused, refused),
        (HTTPException, http),
        (StoreBusy, lambda _: refused(Refused(problems.BUSY, retry_after=2))),
        (StoreFull, lambda _: refused(Refused(problems.STORAGE_FULL, retry_after=60))),
        (Exception, unexpected),
    )
    for kind, handler in handlers:
        app.register_error_handler(kind, handler)
