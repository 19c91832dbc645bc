"""What the ledger must never hold is found where it is: each kind of fault is written by hand, past everything that prevents it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from qol_server.clock import stamp
from qol_server.intake import pausing
from qol_server.intake.record import record
from qol_server.state import cases
from qol_server.trial.facts import Kind
from qol_server.views.ledger import ledger_faults
from scheduler.reminders import UNKNOWN
from tests import people
from tests.people import Trial

INTENDED, SENT, FAILED, DEFERRED = Kind.REMINDER_INTENDED, Kind.REMINDER_SENT, Kind.REMINDER_FAILED, Kind.REMINDER_DEFERRED
DUE = timedelta(minutes=5)


class Book:
    """Ben, and entries about messages to him, written as they come."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.ben = trial.enrol(people.BEN)
        trial.at("2026-03-02 06:00")
        trial.start_treatment(self.ben, date(2026, 3, 2))
        self.phone = trial.phone(self.ben)
        trial.at("2026-04-02 08:00")

    def write(self, *steps: tuple[Kind, int, str], why: str | None = None) -> None:
        """Each a minute after the other: kind, rung, channel."""
        for kind, rung, channel in steps:
            self.trial.now += timedelta(minutes=1)
            at = self.trial.now.replace(hour=6, minute=rung)
            fact = {"rung": rung, "channel": channel, "at": stamp(at)}
            fact |= {"until": stamp(self.trial.now + DUE)} if kind is DEFERRED else {}
            self.record(kind, fact, "qol@M1", why)

    def record(self, kind: Kind, fact: Mapping[str, Any], occurrence: str, why: str | None = None) -> None:
        study, who = self.trial.study, {"actor": "clock", "now": self.trial.now, "participant": self.ben, "occurrence": occurrence}
        study.store.write(lambda tx: record(tx, study, kind, fact, reason=why, nth=self.trial.position, **who))

    @property
    def faults(self) -> list[str]:
        """What is wrong, without the positions."""
        return [each.partition(": ")[2] for each in ledger_faults(self.trial.study.store.read())]


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(people.trial(tmp_path, alerts=True))


def test_a_rung_whose_first_channel_failed_or_is_unknown_goes_on_with_the_next(book: Book) -> None:
    book.write((INTENDED, 1, "push"), (SENT, 1, "push"))
    book.write((INTENDED, 2, "push"), (DEFERRED, 2, "push"), (INTENDED, 2, "push"))
    book.write((FAILED, 2, "push"), why=UNKNOWN)
    book.write((INTENDED, 2, "email"), (FAILED, 2, "email"), (INTENDED, 2, "sms"), (SENT, 2, "sms"))
    book.write((FAILED, 2, "sms"), why="the gateway could not deliver it")
    assert book.faults == []


@pytest.mark.parametrize(
    ("steps", "fault"),
    [
        (((INTENDED, 1, "push"), (SENT, 1, "push"), (INTENDED, 1, "push")), "reminder.intended after reminder.sent"),
        (((INTENDED, 1, "push"), (INTENDED, 1, "push")), "reminder.intended after reminder.intended"),
        (((INTENDED, 1, "push"), (FAILED, 1, "push"), (INTENDED, 1, "push")), "reminder.intended after reminder.failed"),
        (((INTENDED, 1, "push"), (FAILED, 1, "push"), (SENT, 1, "push")), "reminder.sent after reminder.failed"),
        (((SENT, 1, "push"),), "reminder.sent after nothing"),
        (((INTENDED, 1, "push"), (SENT, 1, "push"), (INTENDED, 1, "email")), "a second channel, of which the first had not failed"),
        (((INTENDED, 1, "push"), (INTENDED, 1, "email")), "a second channel, of which the first had not failed"),
        (((INTENDED, 1, "push"), (DEFERRED, 1, "push"), (INTENDED, 1, "email")), "a second channel, of which the first had not failed"),
        (((INTENDED, 2, "push"), (SENT, 2, "push"), (INTENDED, 1, "push")), "a message after one that was due later"),
    ],
)
def test_what_was_sent_twice_is_found(book: Book, steps: tuple[tuple[Kind, int, str], ...], fault: str) -> None:
    book.write(*steps)
    assert book.faults == [fault]


def answered(book: Book) -> None:
    book.phone.answer("qol@M1", people.C30)
    book.phone.sync()


def under_review(book: Book) -> None:
    book.phone.answer("qol@M1", {"q1": 9})
    book.phone.sync()


def died(book: Book) -> None:
    book.trial.anchor(book.ben, "death", date(2026, 4, 1))


def wants_no_contact(book: Book) -> None:
    book.trial.withdraw(book.ben, "contact", date(2026, 4, 2))


def paused(book: Book) -> None:
    pausing.pause(book.trial.study, book.ben, date(2026, 4, 3), reason="away", actor=people.NURSE, now=book.trial.now)


@pytest.mark.parametrize(
    ("happened", "fault"),
    [
        (answered, "a message after what position"), (under_review, "a message after what position"),
        (died, "a message to somebody to be left alone"), (wants_no_contact, "a message to somebody to be left alone"),
        (paused, "a message to somebody to be left alone"),
    ],
)  # fmt: skip
def test_what_left_too_late_is_found_also_by_the_next_channel(book: Book, happened: Callable[[Book], None], fault: str) -> None:
    book.write((INTENDED, 1, "push"))
    happened(book)
    book.write((FAILED, 1, "push"), why=UNKNOWN)
    assert book.faults == []  # it was on its way when that came
    book.write((INTENDED, 1, "email"), (SENT, 1, "email"))
    [found] = book.faults
    assert found.startswith(fault)


def test_an_alert_that_nobody_is_told_of_is_counted(book: Book) -> None:
    book.phone.answer("symptoms@W4", {"nausea.frequency": 2, "nausea.severity": 3})
    book.phone.sync()
    study = book.trial.study
    assert (cases.tally(study.store.read())["alerts"], cases.tally(study.store.read())["nowhere"]) == (1, 0)
    alert = {
        "rule": "fever", "urgency": "now", "given": 1, "root": None, "captured_at": None, "late": False, "failed": False, "expected": None,
        "findings": [],
    }  # fmt: skip
    book.record(Kind.ALERT_RAISED, alert, "symptoms@W4")
    assert cases.tally(study.store.read())["nowhere"] == 1
