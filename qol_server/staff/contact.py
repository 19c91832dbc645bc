"""How a participant can be reached, shown on demand alone: what for is asked first, and every look is written down."""

from __future__ import annotations

from flask import Response

from qol_server import journal
from qol_server.intake import vault
from qol_server.intake.study import fact_of
from qol_server.staff.desk import Desk, Pages, number_site
from qol_server.trial.contacting import CHANNELS, FIELDS, LONGEST, Purpose, fits
from qol_server.trial.facts import Kind
from qol_server.trial.roles import Permission

PAGES = Pages()
_PATH = "/participants/<number>/contact"
PURPOSES = [str(each) for each in Purpose]
TOLD = (Kind.CONTACT_WRITTEN, Kind.CONTACT_SEEN, Kind.CONTACT_ERASED)


@PAGES.get(_PATH, Permission.CONTACT_SEE, at=number_site)
def show(desk: Desk, number: str) -> Response:
    """Whether anything is kept, and who looked at it; nothing of what it says."""
    return _page(desk, number, None)


@PAGES.post(f"{_PATH}/show", Permission.CONTACT_SEE, at=number_site, page=show)
def reveal(desk: Desk, number: str) -> Response:
    """What is kept, in the answer to this one act; it stands at no address and in no history."""
    form = desk.form("show")
    why = form.one_of("why", PURPOSES)
    form.check()
    return _page(desk, number, vault.look(desk.study, number, Purpose(why), actor=desk.actor, now=desk.now))


@PAGES.post(_PATH, Permission.CONTACT_WRITE, at=number_site, page=show)
def write(desk: Desk, number: str) -> Response:
    """Keep what was typed, in the place of what was kept."""
    form = desk.form("write")
    seen = form.whole("seen")
    details = {}
    for field in FIELDS:
        value = form.one_of(field, CHANNELS, required=False) if field == "channel" else form.text(field, required=False, most=LONGEST)
        details[field] = value
        if value and not fits(field, value):
            form.wrong(field, f"contact.{field}.wrong" if field in ("email", "hour") else "contact.telephone.wrong")
    form.check()
    vault.write(desk.study, number, details, actor=desk.actor, now=desk.now, seen=seen)
    return desk.go(_PATH, done="contact.written", number=number)


@PAGES.post(f"{_PATH}/erase", Permission.CONTACT_WRITE, at=number_site, page=show, step_up=True)
def erase(desk: Desk, number: str) -> Response:
    """Destroy what is kept, with its key."""
    form = desk.form("erase")
    reason, seen = form.text("reason", most=500), form.whole("seen")
    form.check()
    vault.erase(desk.study, number, reason=reason, actor=desk.actor, now=desk.now, seen=seen)
    return desk.go(_PATH, done="contact.erased", number=number)


def _page(desk: Desk, number: str, details: dict[str, str] | None) -> Response:
    participant = desk.participant(number)
    looks = [(entry, fact_of(entry.line)) for entry in journal.of_participant(desk.tx, number, TOLD)]
    kept = vault.is_kept(desk.study, number)
    may_write = desk.may(Permission.CONTACT_WRITE, participant.site)
    return desk.page(
        "contact/show.html", title=desk.t("contact.title", number=number), number=number, kept=kept, details=details, fields=FIELDS,
        looks=list(reversed(looks)), purposes=[(each, desk.t(f"contact.why.{each}")) for each in PURPOSES], may_write=may_write,
        channels=[(each, desk.t(f"contact.channel.{each}")) for each in CHANNELS], zone=desk.protocol.site(participant.site).time_zone,
        writing=may_write and (not kept or details is not None or desk.form("write").is_posted),
        seen=desk.form("write").typed("seen", vault.written_at(desk.tx, number)), most=LONGEST,
    )  # fmt: skip
