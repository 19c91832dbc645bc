"""The six digits of an authenticator: those of the standard's own examples, a step early or late, and never twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qol_server.access import second_factor

SECRET = b"12345678901234567890"
EXAMPLES = {  # RFC 6238, appendix B, SHA-1: the last six of its eight digits
    59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130",
}  # fmt: skip


@pytest.mark.parametrize(("seconds", "digits"), EXAMPLES.items())
def test_the_examples_of_the_standard(seconds: int, digits: str) -> None:
    assert second_factor.digits(SECRET, seconds // 30) == digits
    assert second_factor.step_of(SECRET, digits, datetime.fromtimestamp(seconds, UTC), 0) == seconds // 30


@given(st.integers(10**9, 2 * 10**9), st.integers(-5, 5), st.integers(-3, 3))
def test_digits_are_good_one_step_early_or_late_and_not_up_to_the_last_one_used(seconds: int, away: int, used: int) -> None:
    present = seconds // 30
    given_digits = second_factor.digits(SECRET, present + away)
    found = second_factor.step_of(SECRET, given_digits, datetime.fromtimestamp(seconds, UTC), present + used)
    if abs(away) <= 1 and away > used:
        assert found == present + away
    else:  # two steps may have the same digits, once in a million
        assert found is None or (
            second_factor.digits(SECRET, found) == given_digits and abs(found - present) <= 1 and found > present + used
        )


@pytest.mark.parametrize("given_digits", ["", "1", "28708", "2870822", "28708é", "٢٨٧٠٨٢"])
def test_what_is_not_six_digits_is_no_step(given_digits: str) -> None:
    assert second_factor.step_of(SECRET, given_digits, datetime.fromtimestamp(59, UTC), 0) is None


def test_an_authenticator_reads_the_same_secret_from_the_address() -> None:
    secret = second_factor.new_secret()
    read = urlsplit(second_factor.address(secret, "nora@hospital.example"))
    assert (read.scheme, read.netloc) == ("otpauth", "totp")
    assert unquote(read.path) == "/QoL Server:nora@hospital.example"
    assert parse_qs(read.query) == {"secret": [second_factor.written(secret)], "issuer": ["QoL Server"]}
    assert second_factor.base64.b32decode(second_factor.written(secret)) == secret


def test_secrets_and_recovery_codes_are_new_each_time() -> None:
    assert len({second_factor.new_secret() for _ in range(50)}) == 50
    codes = second_factor.new_recovery_codes() + second_factor.new_recovery_codes()
    assert len(set(codes)) == 20
    assert {len(code) for code in codes} == {11}


def test_a_clock_a_minute_wrong_is_too_wrong() -> None:
    now = datetime(2026, 3, 2, 7, 0, 10, tzinfo=UTC)
    shown = second_factor.digits(SECRET, int((now - timedelta(minutes=1)).timestamp()) // 30)
    assert second_factor.step_of(SECRET, shown, now, 0) is None
