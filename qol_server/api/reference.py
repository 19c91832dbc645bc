"""The doors at which the interface describes itself, to programs and to people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response

from qol_server.api import docs_page
from qol_server.api.answers import ANYBODY, json_answer, permission
from qol_server.api.openapi import document
from qol_server.intake.study import Study


@dataclass(frozen=True, slots=True)
class ReferenceApi:
    """``study`` finds an open study or refuses."""

    study: Callable[[str], Study]

    def blueprint(self) -> Blueprint:
        routes = Blueprint("reference", __name__, url_prefix="/<slug>/api/v1")
        routes.add_url_rule("/openapi.json", "openapi", permission(ANYBODY)(lambda slug: self.openapi(slug)))
        routes.add_url_rule("/docs", "docs", permission(ANYBODY)(lambda slug: self.docs(slug)))
        routes.add_url_rule("/docs.css", "docs_style", permission(ANYBODY)(lambda slug: self.docs_style(slug)))
        return routes

    def openapi(self, slug: str) -> Response:
        return json_answer(document(self.study(slug).slug))

    def docs(self, slug: str) -> Response:
        name = self.study(slug).slug
        return Response(docs_page.page(name, document(name)), content_type="text/html; charset=utf-8")

    def docs_style(self, slug: str) -> Response:
        self.study(slug)
        return Response(docs_page.style(), content_type="text/css; charset=utf-8")
