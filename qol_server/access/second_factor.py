"""The second factor of staff: six digits from an authenticator (TOTP, RFC 6238), or a recovery code when the phone is lost."""

from __future__ import annotations

import base64
import hmac
import secrets
import struct
from datetime import datetime
from urllib.parse import quote

from qol_server.access.pairing import ALPHABET

STEP = 30  # seconds
DIGITS = 6
RECOVERY_CODES = 10
ISSUER = "QoL Server"


def new_secret() -> bytes:
    """A secret of 160 random bits, as RFC 4226 recommends."""
    return secrets.token_bytes(20)


def written(secret: bytes) -> str:
    """A secret as people type it into an authenticator: base 32."""
    return base64.b32encode(secret).decode()


def address(secret: bytes, login: str) -> str:
    """A secret as authenticators read it from a QR code."""
    name = quote(f"{ISSUER}:{login}", safe="@:")
    return f"otpauth://totp/{name}?secret={written(secret)}&issuer={quote(ISSUER)}"


def digits(secret: bytes, step: int) -> str:
    """The six digits of a time step (RFC 4226, 5.3)."""
    mac = hmac.digest(secret, struct.pack(">Q", step), "sha1")
    offset = mac[-1] & 0x0F
    number = struct.unpack(">I", mac[offset : offset + 4])[0] & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def step_of(secret: bytes, given: str, now: datetime, after: int) -> int | None:
    """The time step whose digits these are, at most one away from now; None for others, and up to ``after``, the last one used."""
    present = int(now.timestamp()) // STEP
    found = [step for step in (present - 1, present, present + 1) if hmac.compare_digest(digits(secret, step).encode(), given.encode())]
    return next((step for step in found if step > after), None)


def new_recovery_codes() -> list[str]:
    """Ten codes of 50 random bits, ``XXXXX-XXXXX``; each replaces the six digits once."""
    letters = ["".join(secrets.choice(ALPHABET) for _ in range(10)) for _ in range(RECOVERY_CODES)]
    return [f"{each[:5]}-{each[5:]}" for each in letters]
