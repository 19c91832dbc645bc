"""How a participant can be reached: their phones' push subscriptions, kept while they may be used and not a moment longer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import orjson

from qol_server.access import pairing
from qol_server.contacts import PERSON, PUSH
from qol_server.intake.study import Study
from qol_server.state import participants
from qol_server.trial import schedule
from qol_server.trial.participant import Participant

END_OF_CONTACT = ("death", "study_end", "withdrawal.contact", "withdrawal.consent")
"""After these nobody writes to the participant any more."""

Subscription = Mapping[str, str]
"""What a browser gave for web push: ``endpoint``, and ``p256dh`` and ``auth`` as base64url."""


def may_be_contacted(participant: Participant, now: datetime) -> bool:
    """Whether the participant may still be written to."""
    return not schedule.has_ended(END_OF_CONTACT, participant, schedule.local(now, participant.time_zone).date())


def subscribe(study: Study, number: str, device: str, subscription: Subscription, now: datetime) -> None:
    """Keep the subscription of a device; an earlier one of it goes. Raises StoreBusy, StoreFull, Refused(data-folder)."""
    study.contacts.put(number, PUSH, device, orjson.dumps(dict(subscription)), now)


def unsubscribe(study: Study, number: str, device: str) -> None:
    """Forget the subscription of a device."""
    study.contacts.remove(number, PUSH, device)


def subscriptions(study: Study, number: str, now: datetime, why: str) -> dict[str, Subscription]:
    """Device -> subscription, of the phones that may be told something now. The look is kept with ``why``."""
    settle(study, number, now)
    found = study.contacts.read(number, PUSH, who="clock", why=why, now=now)
    return {device: orjson.loads(value) for device, value in found.items()}


def detail(study: Study, number: str, field: str, now: datetime, why: str) -> str | None:
    """One of the contact details that the site keeps of a participant: ``email``, ``telephone``. The look is kept with ``why``."""
    for value in study.contacts.read(number, PERSON, who="clock", why=why, now=now).values():
        found = orjson.loads(value).get(field)
        return found if isinstance(found, str) else None
    return None


def settle(study: Study, number: str, now: datetime) -> None:
    """Take away what may not be used any more: of phones replaced or locked out, and all when contact has ended.

    To be called after whatever may have changed that. What a crash kept from being taken away goes before the next use.
    """
    held = study.contacts.names(number, PUSH)
    if held:
        tx = study.store.read()
        participant = participants.load(tx, number)
        usable = pairing.active_devices(tx, number) if participant is not None and may_be_contacted(participant, now) else []
        for device in held:
            if device not in usable:
                study.contacts.remove(number, PUSH, device)
