"""The server's keys, each made once and kept outside every database: for journal heads, contacts, accounts and web push."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat, load_pem_private_key

from qol_server.trial.problems import DATA_FOLDER, Refused

FILE = "journal.pem"
CONTACTS_FILE = "contacts.key"
ACCOUNTS_FILE = "accounts.key"
PUSH_FILE = "push.pem"
FILES = (FILE, CONTACTS_FILE, ACCOUNTS_FILE, PUSH_FILE)
_NONCE = 12


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
    key = _wrap(Ed25519PrivateKey.generate())
    if not _keep(folder / FILE, key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())):
        return load(folder)
    (folder / "journal.pub").write_text(key.public_hex + "\n", encoding="ascii")
    return key


def _keep(path: Path, secret: bytes) -> bool:
    """Write a new file, for nobody else to read, whole or not at all; False where there is one already."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secret)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(partial, path)
            return True
        return False
    finally:
        partial.unlink()


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


def contacts_key(folder: Path, *, make: bool) -> bytes:
    """The 32 bytes that wrap the contacts' keys; with ``make`` they are made where there are none. Raises Refused(data-folder)."""
    return _secret(folder / CONTACTS_FILE, "contacts", make=make)


def _secret(path: Path, of: str, *, make: bool) -> bytes:
    if make:
        _keep(path, secrets.token_bytes(32).hex().encode("ascii") + b"\n")
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except (OSError, ValueError) as broken:
        raise Refused(DATA_FOLDER, f"The key of the {of}, {path}, cannot be read: {broken}") from broken
    if len(key) != 32:
        raise Refused(DATA_FOLDER, f"{path} is not a key of 32 bytes in hex.")
    return key


@dataclass(frozen=True, slots=True)
class AccountsKey:
    """The 32 bytes that seal the second factors of staff, and without which no kept digest of a short code can be searched."""

    master: bytes

    def digest(self, what: str, value: str) -> bytes:
        """A keyed digest (32 bytes) of a text; ``what`` it is keeps texts of different sorts apart."""
        return hmac.digest(self._for("digest"), f"{what}\x1f{value}".encode("utf-8", "replace"), "sha256")

    def seal(self, value: bytes, bound_to: str) -> bytes:
        """Encrypt (AES-256-GCM) so that it opens only for what it is bound to."""
        nonce = os.urandom(_NONCE)
        return nonce + AESGCM(self._for("seal")).encrypt(nonce, value, bound_to.encode())

    def unseal(self, sealed: bytes, bound_to: str) -> bytes:
        """What was sealed. Raises Refused(data-folder)."""
        try:
            return AESGCM(self._for("seal")).decrypt(sealed[:_NONCE], sealed[_NONCE:], bound_to.encode())
        except InvalidTag:
            why = f"A second factor was changed outside of this software, or {ACCOUNTS_FILE} is another key than the one it was kept under."
            raise Refused(DATA_FOLDER, why) from None

    def _for(self, use: str) -> bytes:
        return hmac.digest(self.master, f"qol-accounts/1\x1f{use}".encode(), "sha256")


def accounts_key(folder: Path, *, make: bool) -> AccountsKey:
    """The key of the accounts; with ``make`` it is made where there is none. Raises Refused(data-folder)."""
    return AccountsKey(_secret(folder / ACCOUNTS_FILE, "accounts", make=make))


@dataclass(frozen=True, slots=True)
class PushKey:
    """The P-256 key with which the server shows push services who it is (VAPID, RFC 8292)."""

    private: ec.EllipticCurvePrivateKey

    @property
    def public(self) -> str:
        """The public point, uncompressed, as base64url without padding: what a browser subscribes with."""
        point = self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return base64.urlsafe_b64encode(point).rstrip(b"=").decode()


@lru_cache(maxsize=8)
def push_key(folder: Path) -> PushKey:
    """The key for web push, made where there is none: a lost one costs that each phone subscribes anew. Raises Refused(data-folder)."""
    path = folder / PUSH_FILE
    if not path.exists():
        _keep(path, ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    try:
        private = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError) as broken:
        raise Refused(DATA_FOLDER, f"The key for web push, {path}, cannot be read: {broken}") from broken
    if not isinstance(private, ec.EllipticCurvePrivateKey) or not isinstance(private.curve, ec.SECP256R1):
        raise Refused(DATA_FOLDER, f"{path} is not a key on the curve P-256.")
    return PushKey(private)
