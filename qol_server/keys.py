"""The server's signing key for journal heads: made once, kept outside every database."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat, load_pem_private_key

from qol_server.trial.problems import DATA_FOLDER, Refused

FILE = "journal.pem"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 key; ``id`` is the first 16 hex digits of the SHA-256 of the raw public key."""

    id: str
    private: Ed25519PrivateKey

    @property
    def public_hex(self) -> str:
        return _raw(self.private.public_key()).hex()

    def sign(self, message: bytes) -> str:
        """The signature of ``message`` as 128 hex digits."""
        return self.private.sign(message).hex()

    def verifies(self, message: bytes, signature: str) -> bool:
        """Whether ``signature`` (hex) is this key's over ``message``."""
        return verifies(self.public_hex, message, signature)


def _raw(public: Ed25519PublicKey) -> bytes:
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw)


def verifies(public_hex: str, message: bytes, signature: str) -> bool:
    """Whether ``signature`` (hex) over ``message`` was made by the key with this raw public part (hex)."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_hex)).verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _wrap(private: Ed25519PrivateKey) -> SigningKey:
    return SigningKey(hashlib.sha256(_raw(private.public_key())).hexdigest()[:16], private)


def make(folder: Path) -> SigningKey:
    """Make the key file (mode 0600) in ``folder`` unless it is there; the public part goes beside it as ``journal.pub``."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / FILE
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return load(folder)
    key = _wrap(Ed25519PrivateKey.generate())
    with os.fdopen(handle, "wb") as file:
        file.write(key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        file.flush()
        os.fsync(file.fileno())
    (folder / "journal.pub").write_text(key.public_hex + "\n", encoding="ascii")
    return key


@lru_cache(maxsize=8)
def load(folder: Path) -> SigningKey:
    """Read the key of ``folder``. Raises Refused(data-folder) where there is none."""
    try:
        private = load_pem_private_key((folder / FILE).read_bytes(), None)
    except FileNotFoundError as missing:
        raise Refused(DATA_FOLDER, f"There is no signing key in {folder}. Make the data folder with: qol init") from missing
    except (OSError, ValueError) as broken:
        raise Refused(DATA_FOLDER, f"The signing key {folder / FILE} cannot be read: {broken}") from broken
    if not isinstance(private, Ed25519PrivateKey):
        raise Refused(DATA_FOLDER, f"{folder / FILE} is not an Ed25519 key.")
    return _wrap(private)
