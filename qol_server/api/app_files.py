"""The doors at which a browser gets the patient's app: its page, its manifest, its service worker and the files of a release."""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass
from importlib.resources import files

import orjson
from flask import Blueprint, Response, request

from qol_server.api.answers import ANYBODY, permission
from qol_server.intake.study import Study
from qol_server.patient_app.release import TYPES, File, Releases
from qol_server.trial import problems
from qol_server.trial.problems import Refused

POLICY = (
    "default-src 'self'; connect-src 'self'; img-src 'self'; manifest-src 'self'; script-src 'self'; style-src 'self'; worker-src 'self';"
    " object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; frame-src 'none';"
    " require-trusted-types-for 'script'; trusted-types qol-worker"
)
ASK_FIRST = "no-cache"  # kept, and asked about each time
FOR_GOOD = "public, max-age=31536000, immutable"
PAPER = "#f6f4ef"  # the page's own background, so that nothing flashes while it opens
RIGHT_TO_LEFT = {"ar", "fa", "he", "ur"}
NAMES = {"en": "My diary", "fr": "Mon carnet"}
"""What stands under the icon. Anybody who sees the phone reads it: nothing of the study or of what is treated."""
ICONS = (("icon-192.png", 192, "any"), ("icon-512.png", 512, "any"), ("maskable-512.png", 512, "maskable"))


@dataclass(frozen=True, slots=True)
class AppFiles:
    """``study`` finds an open study or refuses; ``withdrawn``: phones are told to give up the copy that they keep."""

    study: Callable[[str], Study]
    releases: Releases
    withdrawn: bool

    def blueprint(self) -> Blueprint:
        routes = Blueprint("app", __name__, url_prefix="/<slug>/app")
        routes.add_url_rule("", "door", permission(ANYBODY)(lambda slug: self.door(slug)))
        routes.add_url_rule("/", "page", permission(ANYBODY)(lambda slug: self.page(slug)))
        routes.add_url_rule("/manifest.webmanifest", "manifest", permission(ANYBODY)(lambda slug: self.manifest(slug)))
        routes.add_url_rule("/sw.js", "worker", permission(ANYBODY)(lambda slug: self.worker(slug)))
        routes.add_url_rule("/icons/<name>", "icon", permission(ANYBODY)(lambda slug, name: self.icon(slug, name)))
        routes.add_url_rule(
            "/v/<digest>/<path:path>", "file", permission(ANYBODY)(lambda slug, digest, path: self.file(slug, digest, path))
        )
        return routes

    def door(self, slug: str) -> Response:
        self.study(slug)
        return Response(status=308, headers={"Location": "app/", "Cache-Control": ASK_FIRST})

    def page(self, slug: str) -> Response:
        self.study(slug)
        pages = self.releases.current().pages
        answer = _sent(pages[_wanted(pages)], ASK_FIRST)
        answer.headers["Vary"] = "Accept-Encoding, Accept-Language"
        return answer

    def manifest(self, slug: str) -> Response:
        study = self.study(slug)
        language = request.args.get("lang", "")[:35] or _wanted(NAMES)
        name = NAMES.get(language.partition("-")[0], NAMES["en"])
        return Response(
            orjson.dumps(
                {
                    "id": f"/{study.slug}/app/", "start_url": "./", "scope": "./", "name": name, "short_name": name,
                    "lang": language, "dir": "rtl" if language.partition("-")[0] in RIGHT_TO_LEFT else "ltr",
                    "display": "standalone", "theme_color": PAPER, "background_color": PAPER,
                    "icons": [
                        {"src": f"icons/{name}", "sizes": f"{side}x{side}", "type": "image/png", "purpose": purpose}
                        for name, side, purpose in ICONS
                    ],
                }
            ),
            content_type="application/manifest+json",
            headers={"Cache-Control": ASK_FIRST, "Vary": "Accept-Language"},
        )  # fmt: skip

    def worker(self, slug: str) -> Response:
        self.study(slug)
        if self.withdrawn:
            text = files("qol_server.patient_app").joinpath("withdrawn.js").read_text(encoding="utf-8")
        else:
            text = f'import "./v/{self.releases.current().digest}/worker.js";\n'
        return Response(text, content_type=TYPES[".js"], headers={"Cache-Control": ASK_FIRST, "Content-Security-Policy": POLICY})

    def icon(self, slug: str, name: str) -> Response:
        self.study(slug)
        return _sent(self._file(self.releases.current().digest, f"icons/{name}"), ASK_FIRST)

    def file(self, slug: str, digest: str, path: str) -> Response:
        self.study(slug)
        return _sent(self._file(digest, path), FOR_GOOD)

    def _file(self, digest: str, path: str) -> File:
        release = self.releases.find(digest)
        found = None if release is None else release.files.get(path)
        if found is None:
            raise Refused(problems.NOT_FOUND)
        return found


def _wanted(languages: Container[str]) -> str:
    """Of these languages the one that the browser wants most, whatever the country; English where it wants none."""
    primary = (tag.partition("-")[0].lower() for tag in request.accept_languages.values())
    return next((tag for tag in primary if tag in languages), "en")


def _sent(file: File, caching: str) -> Response:
    """A file as the browser takes it: compressed where it may be, or 304 where the browser has it."""
    packed = file.packed if request.accept_encodings.quality("gzip") > 0 else None
    answer = Response(file.body if packed is None else packed, content_type=file.kind)
    answer.headers["Cache-Control"] = caching
    answer.headers["Vary"] = "Accept-Encoding"
    answer.headers["Content-Security-Policy"] = POLICY
    if packed is not None:
        answer.headers["Content-Encoding"] = "gzip"
    answer.set_etag(file.digest[:32] + ("" if packed is None else "-gz"))
    answer.make_conditional(request)
    return answer
