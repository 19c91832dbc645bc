"""The channel "sms" by a gateway of the operator's: one signed post a message; docs/reference/webhook.md describes it."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta

import orjson

from qol_server.messaging import outside
from qol_server.messaging.texts import Text
from qol_server.settings import Webhook

TIMESTAMP, SIGNATURE = "QoL-Timestamp", "QoL-Signature"
TOLERANCE = timedelta(minutes=5)
"""How far the clocks of the two sides may be apart."""


def send(gateway: Webhook, to: str, text: Text, language: str, key: str, now: datetime, *, loopback: bool) -> None:
    """Hand a message to the gateway; returns when it took it. Raises Undeliverable, NotTaken, Unknown."""
    body = orjson.dumps({"key": key, "channel": "sms", "to": to, "text": text.body, "language": language}, option=orjson.OPT_SORT_KEYS)
    timestamp = str(int(now.timestamp()))
    headers = {
        "Content-Type": "application/json", "Idempotency-Key": key, TIMESTAMP: timestamp,
        SIGNATURE: signature(gateway.secret, timestamp, body),
    }  # fmt: skip
    outside.judge(outside.post(gateway.url, body, headers, now, loopback=loopback))


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 over the timestamp (seconds since 1970), a full stop and the body, as ``v1=`` and hex digits."""
    return "v1=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def is_signed(secret: str, timestamp: str, body: bytes, given: str, now: datetime) -> bool:
    """Whether somebody who knows the secret signed this body within the tolerance of ``now``."""
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:
        return False
    is_fresh = abs(int(timestamp) - now.timestamp()) <= TOLERANCE.total_seconds()
    return hmac.compare_digest(signature(secret, timestamp, body).encode(), given.encode("utf-8", "replace")) and is_fresh
