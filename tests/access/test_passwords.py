"""A password is long and not what everybody tries first; it is kept slowly and compared without telling whether anybody has it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qol_server.access import passwords
from qol_server.trial.problems import Refused

OWN = ("nora.keller@hospital.example", "Nora Keller")


@pytest.mark.parametrize(
    "password",
    [
        "quiet tall lamps on rivers",
        "Zug-um-Zug 7 Wolken",
        "ÉléphantsÀVélo",
        "kT7#vq9Lm2x!",
        "my password is the moon of june",
        "学生たちは川で泳いだことがある",
    ],
)
def test_what_nobody_would_try_first_is_taken(password: str) -> None:
    passwords.check(password, *OWN)


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("kT7#vq9Lm2x", "has 11 characters"),
        ("x" * 501, "has 501 characters"),
        ("ababababababab", "repeats a few"),
        ("123456789012", "tried first"),
        ("password1234", "tried first"),
        ("Password2026!", "tried first"),
        ("MotDePasse2026", "tried first"),
        ("azertyqwerty12", "tried first"),
        ("nora.keller2026", "tried first"),
        ("KELLERhospital1", "tried first"),
        ("welcomewelcome99", "tried first"),
    ],
)
def test_what_is_short_or_tried_first_is_refused_with_the_reason(password: str, why: str) -> None:
    with pytest.raises(Refused, match=why) as refusal:
        passwords.check(password, *OWN)
    assert refusal.value.problem.name == "password-weak"
    assert password not in str(refusal.value)


def test_a_password_is_kept_as_argon2id_with_the_published_parameters() -> None:
    kept = passwords.hashed("quiet tall lamps on rivers")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert kept != passwords.hashed("quiet tall lamps on rivers"), "each has a salt of its own"
    assert passwords.fits(kept, "quiet tall lamps on rivers")
    assert not passwords.fits(kept, "quiet tall lamps on river")


def test_one_password_typed_on_two_keyboards_is_the_same() -> None:
    kept = passwords.hashed("l'e\u0301le\u0301phant du jardin")
    assert passwords.fits(kept, "l'\u00e9l\u00e9phant du jardin")


def test_nobodys_password_is_compared_as_slowly_and_never_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []

    class Watched:
        def verify(self, kept: str, password: bytes) -> bool:
            compared.append(kept)
            return True

    monkeypatch.setattr(passwords, "_hasher", Watched())
    assert not passwords.fits(None, "quiet tall lamps on rivers")
    assert [kept.rpartition("p=1$")[0] for kept in compared] == ["$argon2id$v=19$m=19456,t=2,"]


@given(st.text(max_size=60))
@settings(max_examples=40, deadline=None)
def test_any_text_can_be_compared_and_what_is_short_is_never_taken(text: str) -> None:
    assert not passwords.fits(None, text)
    with pytest.raises(Refused, match="11 characters"):
        passwords.check("x" * 11, text, text)


def test_a_damaged_hash_fits_nothing() -> None:
    assert not passwords.fits("$argon2id$v=19$m=19456", "anything at all")
