"""The channel "push": a reminder to each phone of a participant that subscribed to web push."""

from __future__ import annotations

import base64
import hashlib
import hmac
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import orjson

from qol_server import keys
from qol_server.intake import reach
from qol_server.intake.study import Study
from qol_server.logs import log_failure
from qol_server.messaging import webpush
from qol_server.settings import Settings

if TYPE_CHECKING:
    from qol_server.messaging import Message

log = logging.getLogger(__name__)


def send(study: Study, settings: Settings, message: Message, now: datetime, *, loopback_http: bool = False) -> bool:
    """Post a message to the participant's phones; False where none has subscribed.

    What travels is encrypted for the phone. It names the occurrence, which the phone opens; the words that the phone shows
    are its own. A subscription that its push service no longer knows is forgotten. Raises Failed when no service took it.
    """
    found = reach.subscriptions(study, message.to, now, why=f"reminder {message.key}")
    if not found:
        return False
    told = orjson.dumps({"id": message.key, "language": message.language, "open": message.occurrence})
    key = keys.push_key(settings.keys)
    taken = 0
    for device, subscription in {one["endpoint"]: (device, one) for device, one in found.items()}.values():
        try:
            topic = _topic(subscription, message.occurrence)
            webpush.post(told, subscription, key, settings.push_contact, now, topic=topic, loopback_http=loopback_http)
            taken += 1
        except webpush.Gone:
            reach.unsubscribe(study, message.to, device)
        except (webpush.Failed, OSError) as failure:
            log_failure(log, f"the message {message.key} reached no phone by one of its push services", failure)
    if not taken:
        raise webpush.Failed("no push service took it")
    return True


def _topic(subscription: Mapping[str, str], occurrence: str) -> str:
    """The same for each reminder of an occurrence, so that a later one replaces an earlier; says nothing to the push service."""
    mark = hmac.digest(subscription["auth"].encode(), occurrence.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(mark).decode()[:32]
