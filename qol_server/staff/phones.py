"""A participant's phones: a code that pairs one, on a sheet to print; which there are and when they were seen; a lost one."""

from __future__ import annotations

from typing import Any

import segno
from flask import Response, current_app, request
from markupsafe import Markup

from qol_server.access import pairing
from qol_server.intake import conduct
from qol_server.staff import look
from qol_server.staff.desk import Desk, Pages, number_site
from qol_server.trial.roles import Permission

PAGES = Pages()
_PATH = "/participants/<number>/phones"
TAKES_OVER, BESIDE = "takes-over", "beside"
LOST = ("lost", "stolen", "given_away")


@PAGES.get(_PATH, Permission.PARTICIPANT_SEE, at=number_site)
def show(desk: Desk, number: str) -> Response:
    """The phones, the codes that wait, and the forms."""
    participant = desk.participant(number)
    phones = pairing.phones(desk.tx, number)
    return desk.page(
        "phones/show.html", title=desk.t("phones.title", number=number), number=number, phones=phones,
        waiting=pairing.waiting(desk.tx, number, desk.now), has_one=any(phone["status"] == "active" for phone in phones),
        zone=participant.time_zone, may_pair=desk.may(Permission.PHONE_PAIR, participant.site), lost=LOST,
    )  # fmt: skip


@PAGES.post(_PATH, Permission.PHONE_PAIR, at=number_site, page=show)
def code(desk: Desk, number: str) -> Response:
    """A code, shown this once: in no address, no log and no entry; the browser is told to keep nothing of the page."""
    form, participant = desk.form("code"), desk.participant(number)
    how = form.one_of("how", (TAKES_OVER, BESIDE)) if pairing.active_devices(desk.tx, number) else BESIDE
    form.check()
    made, expires = conduct.offer_pairing(desk.study, number, actor=desk.actor, now=desk.now, replaces=how == TAKES_OVER)
    base = current_app.config["PUBLIC_URL"] or request.host_url.rstrip("/")
    address = f"{base}/{desk.study.slug}/app/"
    picture = segno.make_qr(f"{address}#{made}", error="m").svg_inline(scale=6, border=4, light="#ffffff", dark="#000000", omitsize=False)
    language = participant.language if participant.language in look.LANGUAGES else look.LANGUAGES[0]

    def theirs(key: str, **values: Any) -> str:
        return look.words(language, key, **values)

    return desk.page(
        "phones/code.html", title=desk.t("phones.code.title", number=number), number=number, code=made, expires=expires, address=address,
        picture=Markup(picture), theirs=theirs, their_language=language, zone=participant.time_zone,  # noqa: S704 - drawn by segno
        site=desk.protocol.site(participant.site),
    )  # fmt: skip


@PAGES.post(f"{_PATH}/lost", Permission.PHONE_PAIR, at=number_site, page=show)
def lost(desk: Desk, number: str) -> Response:
    """One phone is locked out at once; the participant's others go on."""
    form = desk.form("lost")
    devices = [phone["device"] for phone in pairing.phones(desk.tx, number) if phone["status"] != "revoked"]
    device, reason = form.one_of("device", devices), form.one_of("reason", LOST)
    form.check()
    conduct.revoke(desk.study, number, device, actor=desk.actor, now=desk.now, reason=reason)
    return desk.go(_PATH, number=number, done="phones.locked")
