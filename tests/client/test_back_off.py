"""How long a phone waits after failures: at random, longer each time, never past the cap, never less than it was asked to."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from qol_server.client import back_off

CAP = 900.0
FAILURES = st.integers(0, 10_000)
SEEDS = st.integers(0, 2**32)


@given(FAILURES, SEEDS)
def test_it_lies_between_nothing_and_the_cap(failures: int, seed: int) -> None:
    assert 0 <= back_off(failures, random.Random(seed)) <= min(CAP, 2 * 2 ** min(failures, 20))


@given(FAILURES, SEEDS, st.floats(0, 86_400))
def test_it_is_never_shorter_than_asked_and_never_longer_than_asked_or_the_cap(failures: int, seed: int, asked: float) -> None:
    assert asked <= back_off(failures, random.Random(seed), asked) <= max(asked, CAP)


def test_the_jitter_is_full_and_spreads_from_what_was_asked() -> None:
    chance = random.Random(1)
    for failures, asked, ceiling in ((0, 0.0, 2.0), (3, 0.0, 16.0), (20, 0.0, CAP), (8, 60.0, 512.0)):
        waits = [back_off(failures, chance, asked) for _ in range(4000)]
        assert abs(sum(waits) / len(waits) - (asked + ceiling) / 2) < 0.03 * ceiling
        tenths = {int(10 * (wait - asked) / (ceiling - asked)) for wait in waits}
        assert tenths >= set(range(10))  # every tenth of the range is used


def test_it_doubles_until_the_cap() -> None:
    longest = [max(back_off(failures, random.Random(seed)) for seed in range(2000)) for failures in range(12)]
    for failures, wait in enumerate(longest):
        ceiling = min(CAP, 2.0 * 2**failures)
        assert 0.99 * ceiling < wait <= ceiling
