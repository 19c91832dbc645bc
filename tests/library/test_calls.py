"""Limits of calls: what a study's file leaves out has the default."""

from __future__ import annotations

import pytest

from qol_server import library
from qol_server.trial.protocol import CallLimits, Period
from tests import people

STATED = b"""calls:
  unknown_days: 3
  silent_phone: {daily: P5D, weekly: P14D}
  clock_skew: PT1H
  sequence_gap: P1D
  contact_refresh: {ahead: P14D, after: P3M}
"""


@pytest.mark.parametrize(
    ("said", "limits"),
    [
        (STATED, CallLimits()),
        (b"", CallLimits()),
        (b"calls: {unknown_days: 5}\n", CallLimits(unknown_days=5)),
        (b"calls: {silent_phone: {seldom: P30D}}\n", CallLimits(silent_seldom=Period(days=30))),
        (b"calls: {contact_refresh: {ahead: P1M}}\n", CallLimits(refresh_ahead=Period(months=1))),
        (b"calls: {sequence_gap: PT6H}\n", CallLimits(sequence_gap=Period(minutes=360))),
    ],
)  # fmt: skip
def test_what_is_not_stated_has_the_default(said: bytes, limits: CallLimits) -> None:
    document = people.protocol()
    assert STATED in document
    instruments = {name: library.instrument_from(text, name) for name, text in people.instruments().items()}
    assert library.protocol_from(document.replace(STATED, said), "a study", instruments).calls == limits
