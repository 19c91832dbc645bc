"""A device that keeps passkeys, in software: what a phone or a security key does with the options that a browser hands on."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, MAY_BE_COPIED, IS_COPIED, HAS_KEY = 0x01, 0x04, 0x08, 0x10, 0x40


def encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def decoded(value: str) -> bytes:
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))


@dataclass
class Kept:
    """One passkey on the device: for which host, of whom, and the key."""

    host: str
    owner: bytes
    private: ec.EllipticCurvePrivateKey
    id: bytes = field(default_factory=lambda: os.urandom(24))


@dataclass
class Authenticator:
    """``origin``: where the page is from which the browser asks. ``counts``: whether it counts its uses, as security keys do.

    ``verifies``: whether it looks who holds it; ``synced``: whether its maker keeps copies.
    """

    origin: str
    counts: bool = True
    verifies: bool = True
    synced: bool = False
    uses: int = 0
    kept: list[Kept] = field(default_factory=list)

    def create(self, options: dict[str, Any]) -> str:
        """``navigator.credentials.create`` as JSON."""
        assert not {decoded(each["id"]) for each in options["excludeCredentials"]} & {each.id for each in self.kept}
        made = Kept(options["rp"]["id"], decoded(options["user"]["id"]), ec.generate_private_key(ec.SECP256R1()))
        self.kept.append(made)
        point = made.private.public_key().public_numbers()
        key = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")})
        described = bytes(16) + len(made.id).to_bytes(2, "big") + made.id + key
        data = self._data(made, HAS_KEY) + described
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options)
        return self._answer(made, {"clientDataJSON": encoded(client), "attestationObject": encoded(attestation)})

    def get(self, options: dict[str, Any], kept: Kept | None = None, **other: Any) -> str:
        """``navigator.credentials.get`` as JSON, with the first passkey that fits, or with this one; ``other`` replaces what is sent."""
        picked = kept or next(each for each in self.kept if each.host == options["rpId"])
        data, client = self._data(picked, 0), self._client("webauthn.get", options)
        signature = picked.private.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        sent = {"clientDataJSON": client, "authenticatorData": data, "signature": signature, "userHandle": picked.owner} | other
        return self._answer(picked, {name: encoded(value) for name, value in sent.items() if value is not None})

    def _client(self, what: str, options: dict[str, Any]) -> bytes:
        said = {"type": what, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        return json.dumps(said, separators=(",", ":")).encode()

    def _data(self, kept: Kept, more: int) -> bytes:
        self.uses += 1
        flags = PRESENT | more | (VERIFIED if self.verifies else 0) | (MAY_BE_COPIED | IS_COPIED if self.synced else 0)
        return hashlib.sha256(kept.host.encode()).digest() + bytes([flags]) + (self.uses if self.counts else 0).to_bytes(4, "big")

    @staticmethod
    def _answer(kept: Kept, response: dict[str, str]) -> str:
        id_ = encoded(kept.id)
        return json.dumps({"id": id_, "rawId": id_, "type": "public-key", "response": response, "clientExtensionResults": {}})
