"""`qol participant take-back | put-right | pause | lock-out`: mistakes and interruptions on the command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.desk import Desk


@pytest.fixture
def ada(desk: Desk) -> str:
    desk.demonstration()
    desk.run("participant", "anchor", "desminib", number := desk.enrol(), "treatment_start", "2026-02-03")
    return number


def test_a_death_of_somebody_else_is_taken_back(desk: Desk, ada: str) -> None:
    desk.run("participant", "anchor", "desminib", ada, "death", "2026-03-01")
    assert desk.run("participant", "take-back", "desminib", ada, "death", "--reason", "it was another") == 0
    assert desk.run("participant", "take-back", "desminib", ada, "death", "--reason", "it was another") == 2
    desk.run("participant", "withdraw", "desminib", ada, "contact", "--date", "2026-03-01")
    assert desk.run("participant", "take-back", "desminib", ada, "withdrawal.contact", "--reason", "it was another") == 0
    about = desk.read("participant", "show", "desminib", ada)
    assert "death" not in about["anchors"]
    assert about["withdrawals"] == {}


def test_a_hold_of_a_wrong_day_is_put_right(desk: Desk, ada: str) -> None:
    desk.run("participant", "hold", "desminib", ada, "--from", "2026-03-01", "--reason", "toxicity")
    put_right = ("participant", "put-right", "desminib", ada, "--reason", "a slip", "--from")
    assert desk.run(*put_right, "2026-03-02", "--to", "2026-03-05") == 1
    assert desk.run(*put_right, "2026-03-01", "--to", "2026-01-05") == 1
    assert "before-treatment-start" in desk.err
    assert desk.run(*put_right, "2026-03-01", "--to", "2026-03-05") == 0
    assert [p["from"] for p in desk.read("participant", "show", "desminib", ada)["prescriptions"]] == ["2026-02-03", "2026-03-05"]
    assert desk.run(*put_right, "2026-03-05") == 0
    assert "was never made" in desk.out


def test_contact_pauses_and_goes_on(desk: Desk, ada: str) -> None:
    until = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()
    assert desk.run("participant", "pause", "desminib", ada, "--until", until) == 2
    assert desk.run("participant", "pause", "desminib", ada, "--until", until, "--reason", "in hospital") == 0
    assert desk.run("participant", "message", "desminib", ada, "--text", "Hello") == 1
    assert desk.run("participant", "pause", "desminib", ada) == 0
    assert desk.run("participant", "message", "desminib", ada, "--text", "Hello") == 0


def test_a_phone_that_nobody_has_is_not_locked_out(desk: Desk, ada: str) -> None:
    assert desk.run("participant", "lock-out", "desminib", ada, "3f0e8e6e") == 1
    assert "0 phones" in desk.err
