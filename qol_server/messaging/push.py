"""The channel "push": a reminder to each phone of a participant that subscribed to web push."""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

import orjson

from qol_server import keys
from qol_server.intake import reach
from qol_server.intake.study import Study
from qol_server.logs import log_failure
from qol_server.messaging import Message, NotTaken, Undeliverable, Unknown, webpush
from qol_server.messaging.patience import Patience
from qol_server.settings import Settings

log = logging.getLogger(__name__)


def send(study: Study, settings: Settings, message: Message, now: datetime, patience: Patience) -> None:
    """Post a message to the participant's phones; returns when a push service took it for one of them.

    What travels is encrypted for the phone. It names the occurrence, which the phone opens; the words that the phone shows
    are its own. A subscription that its push service no longer knows is forgotten. Raises Undeliverable where no phone can be
    told, NotTaken where a service asks for time, Unknown where one may have taken it.
    """
    found = reach.subscriptions(study, message.to, now, why=f"reminder {message.key}")
    told = orjson.dumps({"id": message.key, "language": message.language, "open": message.occurrence})
    key = keys.push_key(settings.keys)
    taken, busy, unknown = 0, list[NotTaken](), 0
    for device, subscription in {one["endpoint"]: (device, one) for device, one in found.items()}.values():
        try:
            topic = _topic(subscription, message.occurrence)
            with patience.of(urlsplit(subscription["endpoint"]).netloc, now):
                webpush.post(told, subscription, key, settings.push_contact, now, topic=topic, loopback=settings.loopback)
            taken += 1
        except webpush.Gone:
            reach.unsubscribe(study, message.to, device)
        except NotTaken as asks:
            busy.append(asks)
        except Undeliverable as refused:
            log_failure(log, f"the message {message.key} is refused by one of its push services", refused)
        except Unknown as failure:
            unknown += 1
            log_failure(log, f"what became of the message {message.key} at one of its push services is unknown", failure)
    if taken:
        return
    if unknown:
        raise Unknown("a push service did not say that it took it")
    if busy:
        raise max(busy, key=lambda asks: asks.wait)
    raise Undeliverable("no phone takes reminders")


def _topic(subscription: Mapping[str, str], occurrence: str) -> str:
    """The same for each reminder of an occurrence, so that a later one replaces an earlier; says nothing to the push service."""
    mark = hmac.digest(subscription["auth"].encode(), occurrence.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(mark).decode()[:32]
