"""A browser's half of web push for the tests: it subscribes, and opens what a local push service was given."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def octets(value: str) -> bytes:
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))


def hkdf(salt: bytes, material: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(material)


@dataclass(slots=True)
class Browser:
    """One browser with its keys; ``endpoint`` is where its push service listens."""

    endpoint: str
    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    secret: bytes = hashlib.sha256(b"a secret of sixteen bytes").digest()[:16]

    @property
    def public(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def keys(self) -> dict[str, str]:
        return {"p256dh": text(self.public), "auth": text(self.secret)}

    @property
    def subscription(self) -> dict[str, Any]:
        """As ``PushSubscription.toJSON()`` gives it."""
        return {"endpoint": self.endpoint, "expirationTime": None, "keys": self.keys}

    def open(self, body: bytes) -> bytes:
        """The message in an ``aes128gcm`` body, by the words of RFC 8188 and RFC 8291."""
        salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        sender, record = body[21 : 21 + length], body[21 + length :]
        assert len(body) <= size
        shared = self.private.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))
        material = hkdf(self.secret, shared, b"WebPush: info\0" + self.public + sender, 32)
        key, nonce = hkdf(salt, material, b"Content-Encoding: aes128gcm\0", 16), hkdf(salt, material, b"Content-Encoding: nonce\0", 12)
        message, mark, padding = AESGCM(key).decrypt(nonce, record, None).rpartition(b"\x02")
        assert (mark, padding.strip(b"\0")) == (b"\x02", b"")
        return message


def claims(authorization: str, key: str) -> dict[str, Any]:
    """What the sender says of itself; fails unless it is signed by ``key``, the server's public one."""
    scheme, _, rest = authorization.partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    assert (scheme, parts["k"]) == ("vapid", key)
    signed, _, signature = parts["t"].rpartition(".")
    raw = octets(signature)
    assert len(raw) == 64
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), octets(key)).verify(der, signed.encode(), ec.ECDSA(hashes.SHA256()))
    head, body = signed.split(".")
    assert json.loads(octets(head)) == {"typ": "JWT", "alg": "ES256"}
    return dict(json.loads(octets(body)))


@dataclass(slots=True)
class Service:
    """A push service on this machine: keeps what it was given, and answers as told."""

    address: str
    answer: int = 201
    headers: dict[str, str] = field(default_factory=dict)
    taken: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)

    def browser(self, name: str = "ada") -> Browser:
        return Browser(f"{self.address}/send/{name}?v=1")


@contextmanager
def service() -> Iterator[Service]:
    """Run a push service until the block ends."""

    class Desk(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.taken.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(made.answer)
            for name, value in made.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing is said on the terminal."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Desk) as listening:
        made = Service(f"http://127.0.0.1:{listening.server_address[1]}")
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield made
        finally:
            listening.shutdown()
            thread.join()
