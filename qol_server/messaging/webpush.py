"""Web push: a message encrypted for one browser (RFC 8291), signed by the server (RFC 8292), posted to that browser's service."""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import orjson
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from qol_server.keys import PushKey
from qol_server.messaging import Undeliverable, outside

LONGEST_ENDPOINT = 1000
EXAMPLE = "https://push.example.org/send/0123"
LIFE = timedelta(hours=12)
"""How long a push service keeps a message for a phone that is out of reach: a reminder of yesterday reminds of nothing."""
TOKEN_LIFE = timedelta(hours=12)  # RFC 8292 allows a day at most
RECORD = 4096  # octets; the message is one record
_NAME = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)
_INSIDE = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "private", "arpa", "test", "example", "invalid", "onion")


class Gone(Exception):
    """The subscription does not exist any more: the browser gave it up."""


# What a browser gave


def fault(endpoint: str) -> str | None:
    """Why messages may not be posted to this address, or None.

    The server posts there whatever the address is, so it must not lead into the server's own network: https, the usual port,
    a public name. What the name leads to is looked at again at each message.
    """
    if len(endpoint) > LONGEST_ENDPOINT or not endpoint.isascii() or not endpoint.isprintable() or " " in endpoint:
        return f"Not an address of at most {LONGEST_ENDPOINT} printable ASCII characters."
    try:
        parts = urlsplit(endpoint)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        return "Not an address."
    if parts.scheme != "https" or parts.username is not None or parts.password is not None or parts.fragment or port not in (None, 443):
        return "Not an https address with the usual port, without a user and without a fragment."
    if not _NAME.fullmatch(host) or len(host) > 253 or host.lower().rpartition(".")[2] in _INSIDE:
        return "Not at the public name of a push service; numbers and names of an inner network are not taken."
    return None


def key_fault(text: str, check: Callable[[bytes], str | None]) -> str | None:
    """What is wrong with a key that a browser gave as base64url, or None."""
    try:
        return check(_bytes(text))
    except (ValueError, binascii.Error):
        return "Not base64url."


def point_fault(key: bytes) -> str | None:
    try:
        _point(key)
    except ValueError:
        return "Not an uncompressed point of the curve P-256 (65 bytes)."
    return None


def secret_fault(key: bytes) -> str | None:
    return None if len(key) == 16 else "Not 16 bytes."


def _bytes(text: str) -> bytes:
    return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True)


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _point(key: bytes) -> ec.EllipticCurvePublicKey:
    if len(key) != 65:
        raise ValueError(len(key))
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key)


def _uncompressed(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


# The message


def encrypt(message: bytes, subscription: Mapping[str, str], own: ec.EllipticCurvePrivateKey, salt: bytes) -> bytes:
    """The message as the one record of an ``aes128gcm`` body (RFC 8188), for the subscription's keys (RFC 8291).

    ``own``: a key on P-256 of this message alone. ``salt``: 16 random bytes. At most 3,993 octets fit. Raises ValueError.
    """
    their, secret = _bytes(subscription["p256dh"]), _bytes(subscription["auth"])
    mine = _uncompressed(own.public_key())
    shared = own.exchange(ec.ECDH(), _point(their))
    material = _derive(shared, secret, b"WebPush: info\x00" + their + mine, 32)
    key = _derive(material, salt, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _derive(material, salt, b"Content-Encoding: nonce\x00", 12)
    header = salt + RECORD.to_bytes(4, "big") + bytes([len(mine)]) + mine
    sealed = AESGCM(key).encrypt(nonce, message + b"\x02", None)
    if len(header) + len(sealed) > RECORD:
        raise ValueError(f"a message of {len(message)} octets is too long for web push")
    return header + sealed


def _derive(material: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(material)


def authorization(endpoint: str, key: PushKey, contact: str, now: datetime) -> str:
    """The header that shows a push service who sends (RFC 8292). ``contact``: mailto: or https: address of the operator, or ""."""
    parts = urlsplit(endpoint)
    claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": int((now + TOKEN_LIFE).timestamp())}
    head = _text(orjson.dumps({"typ": "JWT", "alg": "ES256"}))
    signed = f"{head}.{_text(orjson.dumps(claims | ({'sub': contact} if contact else {})))}"
    r, s = decode_dss_signature(key.private.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    return f"vapid t={signed}.{_text(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}, k={key.public}"


# On its way


def post(
    message: bytes, subscription: Mapping[str, str], key: PushKey, contact: str, now: datetime, *, topic: str, loopback: bool = False
) -> None:
    """Send a message; returns when the push service took it. Raises Gone, Undeliverable, NotTaken, Unknown.

    ``topic``: at most 32 letters of base64url; of two messages of a topic that wait at the service only the later one
    arrives. ``loopback``: a test's receiver on this machine is an address like any other.
    """
    endpoint = subscription["endpoint"]
    if not loopback and fault(endpoint):
        raise Undeliverable("the address may not be posted to")
    body = encrypt(message, subscription, ec.generate_private_key(ec.SECP256R1()), os.urandom(16))
    headers = {
        "Authorization": authorization(endpoint, key, contact, now), "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream", "TTL": str(int(LIFE.total_seconds())), "Topic": topic, "Urgency": "normal",
    }  # fmt: skip
    reply = outside.post(endpoint, body, headers, now, loopback=loopback)
    if reply.status in (404, 410):
        raise Gone
    outside.judge(reply)
