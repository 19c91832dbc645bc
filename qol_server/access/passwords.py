"""Passwords of staff: which are taken, how they are kept, and that looking up nobody takes as long as looking up somebody."""

from __future__ import annotations

import re
import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from qol_server.trial.problems import PASSWORD_WEAK, Refused

SHORTEST, LONGEST = 12, 500  # characters
DIFFERENT = 5  # characters that have to differ
LEFT = 8  # characters that have to be left beside what everybody would try first

# Argon2id with 19 MiB, 2 passes, 1 lane: OWASP Password Storage Cheat Sheet (2024), the least that it recommends.
_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1, hash_len=32, salt_len=16)
_NOBODY = _hasher.hash(secrets.token_hex(16))

# What heads every published list of leaked passwords, and what people here would think of.
COMMON = (
    "password", "passwort", "motdepasse", "azerty", "qwerty", "qwertz", "1q2w3e4r", "123456789", "12345678", "1234567", "123456", "12345",
    "1234", "987654321", "abcdef", "abc123", "abcd", "letmein", "welcome", "bienvenue", "bonjour", "iloveyou", "jetaime", "admin", "dragon",
    "monkey", "football", "baseball", "sunshine", "princess", "master", "shadow", "superman", "soleil", "doudou", "loulou", "changeme",
    "secret", "hospital", "hopital", "clinic", "study", "nurse", "doctor", "docteur",
)  # fmt: skip


def check(password: str, *own: str) -> None:
    """Whether a new password may be taken; ``own``: the login and the name of whoever chose it. Raises Refused(password-weak)."""
    if len(password) > LONGEST:  # before it is brought into one form, which takes the square of its length
        raise Refused(PASSWORD_WEAK, f"It has {len(password)} characters; {SHORTEST} to {LONGEST} are allowed.")
    password = _normalised(password)
    if not SHORTEST <= len(password) <= LONGEST:
        raise Refused(PASSWORD_WEAK, f"It has {len(password)} characters; {SHORTEST} to {LONGEST} are allowed.")
    if len(set(password)) < DIFFERENT:
        raise Refused(PASSWORD_WEAK, "It repeats a few characters.")
    left = password.casefold()
    theirs = [part for text in own for part in re.split(r"[\W_]+", text.casefold()) if len(part) > 2]
    for word in sorted({*COMMON, *theirs}, key=lambda word: (-len(word), word)):
        left = left.replace(word, "")
    if len(left) < LEFT:
        raise Refused(PASSWORD_WEAK, "It is little more than your name or words that are tried first.")


def hashed(password: str) -> str:
    """What is kept of a password: argon2id with a salt of its own. Slow on purpose: not to be made while others wait for the file."""
    return _hasher.hash(_normalised(password).encode("utf-8", "replace"))


def fits(kept: str | None, password: str) -> bool:
    """Whether a password is the one that was kept. With None, for somebody without one, it takes the same time."""
    try:
        _hasher.verify(kept or _NOBODY, _normalised(password[: LONGEST + 1]).encode("utf-8", "replace"))
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def _normalised(password: str) -> str:
    """One form of what keyboards write in several (NIST SP 800-63B, 5.1.1.2)."""
    return unicodedata.normalize("NFKC", password)
