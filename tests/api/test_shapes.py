"""The quick check of shapes and the shapes themselves say the same, whatever is sent."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qol_server.api.envelope import EnvelopeShape
from qol_server.intake.catalogue import FITS, SHAPES
from qol_server.intake.shapes import Fits
from qol_server.trial.facts import Kind

UUID = "3f0e8e6e-8f3c-4a5e-9d8e-0c5a2b1f7d10"
MOMENT = "2026-11-22T08:00:00+01:00"
ENTRY: dict[str, Any] = {
    "id": UUID, "device_seq": 3, "kind": "response.given", "captured_at": MOMENT, "time_zone": "Europe/Paris", "app": "1.0.0",
    "occurrence": "qol@M3", "instrument": "eortc-qlq-c30", "version": "a" * 64, "wording": None, "protocol": "b" * 64,
    "language": "fr", "mode": "app", "by": "participant", "opened_at": MOMENT, "answers": {"q1": 1}, "supersedes": None, "reason": None,
    "what": "pause", "about": None, "note": None, "reminder_hour": 8,
}  # fmt: skip
ENVELOPE: dict[str, Any] = {
    "protocol": "qol-sync/1", "batch": UUID, "entries": 2, "digest": "c" * 64, "seqs": [1, 2], "epoch": "e_1", "cursor": None,
    "sent_at": MOMENT, "time_zone": "Europe/Paris", "queue": {"unsent": 1, "oldest": None}, "language": "fr", "app": None,
    "witness": {"position": 1, "digest": "d" * 64, "signature": "e" * 128},
}  # fmt: skip

odd = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 2**54), st.floats(), st.text(max_size=5), st.just({}), st.just([]), st.just([0, "x"]),
    st.just([1]), st.just({"unsent": True}), st.just({"position": -1}), st.sampled_from([UUID, MOMENT, "a" * 64, "Europe/Paris", "app"]),
)  # fmt: skip


def changed(whole: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    names = st.sampled_from(sorted(whole))
    return st.builds(
        lambda gone, put: {name: value for name, value in (whole | put).items() if name not in gone},
        st.sets(names, max_size=2),
        st.dictionaries(names | st.text(max_size=3), odd, max_size=3),
    )


@pytest.mark.parametrize("kind", sorted(FITS))
def test_a_right_entry_fits(kind: Kind) -> None:
    assert FITS[kind](ENTRY | ({"what": "message-read"} if kind == Kind.APP_NOTED else {}))


@pytest.mark.parametrize("kind", sorted(FITS))
@given(data=changed(ENTRY))
def test_the_quick_check_of_an_entry_agrees_with_its_shape(kind: Kind, data: dict[str, Any]) -> None:
    assert FITS[kind](data) == (not SHAPES[kind].validate(data))


@given(data=changed(ENVELOPE))
def test_the_quick_check_of_the_envelope_agrees_with_its_shape(data: dict[str, Any]) -> None:
    shape = EnvelopeShape()
    assert Fits(shape)(ENVELOPE)
    assert Fits(shape)(data) == (not shape.validate(data))
