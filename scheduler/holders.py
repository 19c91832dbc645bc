"""The tick that tells whoever holds an account by e-mail that it was changed: by them, or by somebody who should not have."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta

from qol_server import journal
from qol_server.access import accounts
from qol_server.clock import stamp
from qol_server.intake.staff import Staff, open_staff
from qol_server.logs import log_failure
from qol_server.messaging import mail
from qol_server.messaging.texts import say
from qol_server.settings import Settings
from qol_server.store import Tx
from qol_server.trial import facts
from qol_server.trial.facts import SERVER, Kind

log = logging.getLogger(__name__)

CLOCK = "clock"
CHANGES = (Kind.PASSWORD_CHANGED, Kind.ACCOUNT_RESET, Kind.PASSKEY_ADDED)
NEWS_FOR = timedelta(days=1)
"""How long after a change a mail about it is still worth sending; the account's page says it in any case."""


def tell(settings: Settings, now: datetime) -> int:
    """Tell whoever is to be told and was not yet; returns how many mails the mail server took.

    Each is claimed before it is sent: it may be lost, and is never sent twice.
    """
    if settings.smtp is None or not settings.server.exists():
        return 0
    staff = open_staff(settings, now)
    try:
        if not _untold(staff.store.read(), now):
            return 0
        claimed = staff.store.write(lambda tx: _claim(staff, tx, now))
        return sum(_send(settings, staff, position, login, now) for position, login in claimed)
    finally:
        staff.store.close()


def _untold(tx: Tx, now: datetime) -> list[tuple[int, str]]:
    """Changes of the last day that nobody was told of: position and login of each."""
    recent = journal.since(tx, (*CHANGES, Kind.ACCOUNT_NOTIFIED), stamp(now - NEWS_FOR))
    told = {json.loads(entry.line)["about"] for entry in recent if entry.kind == Kind.ACCOUNT_NOTIFIED}
    return [
        (entry.position, json.loads(entry.line)["login"])
        for entry in recent
        if entry.kind != Kind.ACCOUNT_NOTIFIED and entry.position not in told and entry.line
    ]


def _claim(staff: Staff, tx: Tx, now: datetime) -> list[tuple[int, str]]:
    """Those of whom an address is known; asked anew, as another clock may have been here."""
    found = [(position, login) for position, login in _untold(tx, now) if accounts.address(tx, login).email is not None]
    for position, login in found:
        staff.record(tx, Kind.ACCOUNT_NOTIFIED, {"login": login, "about": position}, actor=CLOCK, now=now)
    return found


def _send(settings: Settings, staff: Staff, position: int, login: str, now: datetime) -> bool:
    person = accounts.address(staff.store.read(), login)
    key = facts.server_id(SERVER, Kind.ACCOUNT_NOTIFIED, None, None, position)
    link = f"{settings.public_url}/staff/account" if settings.public_url else ""
    try:
        assert settings.smtp is not None, "it was asked for"  # noqa: S101
        mail.send(settings.smtp, person.email or "", say("account-changed", person.language, link=link), key, now)
    except Exception as failure:  # it stands on the account's page
        log_failure(log, f"the mail {key} about an account was not sent", failure)
        return False
    return True
