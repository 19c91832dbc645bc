"""Of what comes out of order a rehearsal knows, as the journal does, which answer counts and which was given first."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tests import people
from tests.intake.scenes import Life
from tests.intake.test_rehearsal import nausea, rehearsed, somebody, told


def test_the_correction_of_a_correction_counts_although_it_came_before_both(tmp_path: Path) -> None:
    trial = people.trial(tmp_path, alerts=True)
    life = Life(trial, 0)
    one, other = life.phones
    first = one.answer("symptoms@W1", {"nausea.frequency": 0})
    second = one.answer("symptoms@W1", {"nausea.frequency": 0}, supersedes=first.id, reason="changed")
    other.answer("symptoms@W1", nausea(2), supersedes=second.id, reason="changed")
    for phone in (other, one):
        trial.now += timedelta(hours=1)
        phone.sync()
    trial.now += timedelta(days=7)
    one.answer("symptoms@W2", nausea(3))
    one.sync()
    assert [rule for _, _, _, rule, *_ in told(trial, life.number)[0]] == ["severe-symptom"]
    assert rehearsed(trial, [life.number])[life.number] == told(trial, life.number)


def test_answers_before_and_after_a_flight_are_in_the_order_of_their_instants(tmp_path: Path) -> None:
    trial = people.trial(tmp_path, alerts=True)
    phone = somebody(trial)
    for moment, zone, week, answers in (
        ("2026-03-10 20:00", "Asia/Tokyo", 1, {"nausea.frequency": 0}),
        ("2026-03-10 08:00", "America/Martinique", 2, nausea(2)),
    ):
        trial.at(moment, zone)
        phone.time_zone = zone
        phone.answer(f"symptoms@W{week}", answers)
        phone.sync()
    assert [(rule, occurrence) for _, _, occurrence, rule, *_ in told(trial, phone.number)[0]] == [("worsening", "symptoms@W2")]
    assert rehearsed(trial, [phone.number])[phone.number] == told(trial, phone.number)
