"""The start of a study's desk: for each role the page that it works from."""

from __future__ import annotations

from flask import Response

from qol_server.staff import worklist
from qol_server.staff.desk import ANY_SITE, Desk, Pages
from qol_server.trial.roles import Permission

PAGES = Pages()


@PAGES.get("/", Permission.STUDY_ENTER, at=ANY_SITE)
def start(desk: Desk) -> Response:
    """Where the person goes on: the worklist for those who work from it; for others what the menu has."""
    if desk.sites(Permission.WORKLIST_SEE):
        return worklist.show(desk)
    return desk.page("start.html", title=desk.protocol.title)
