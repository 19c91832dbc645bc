"""Answers typed by staff, by telephone or from paper: the phones' door, its checks and its alerts, once however often they are sent."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import orjson
import pytest

from qol_server import journal
from qol_server.intake import typed
from qol_server.intake.looking import as_of
from qol_server.intake.typed import Typed
from qol_server.state import responses
from qol_server.trial import problems
from qol_server.trial.facts import Kind
from qol_server.trial.problems import Refused
from tests import people
from tests.people import NURSE, Trial

PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
def ada(trial: Trial) -> str:
    """On 400 mg since 2 March; today is the 10th."""
    number = trial.enrol(people.ADA)
    trial.at("2026-03-02 20:00", "Europe/Paris")
    trial.start_treatment(number, date(2026, 3, 2))
    trial.at("2026-03-10 09:00", "Europe/Paris")
    return number


def told(trial: Trial, occurrence: str, answers: dict[str, object], **more: object) -> Typed:
    """What Ada said on the telephone on the 10th at nine."""
    instrument = people.INSTRUMENT_OF[occurrence.partition("@")[0]]
    usual = Typed(
        str(uuid.uuid4()), occurrence, instrument, trial.versions[instrument], None, "fr", "telephone", "participant",
        datetime(2026, 3, 10, 9, tzinfo=PARIS), "Europe/Paris", answers,  # type: ignore[arg-type]
    )  # fmt: skip
    return replace(usual, **more)  # type: ignore[arg-type]


def enter(trial: Trial, number: str, what: Typed):
    return typed.enter(trial.study, number, what, actor=NURSE, now=trial.now)


def test_what_was_said_on_the_telephone_is_an_answer_like_any_other(trial: Trial, ada: str):
    phone = trial.phone(ada)
    said = told(trial, "dose@2026-03-09", people.TAKEN)
    assert enter(trial, ada, said).status == "stored"
    row = responses.standing(trial.study.store.read(), ada, "dose@2026-03-09")
    assert row is not None
    assert (row["actor"], row["captured_at"]) == (NURSE, "2026-03-10T09:00:00+01:00")
    fact = orjson.loads(row["line"])
    assert (fact["mode"], fact["by"], "device_seq" in fact) == ("telephone", "participant", False)
    phone.sync()
    assert phone.client.feed["entry_status", said.id]["status"] == "current"  # it is not asked again


def test_a_click_that_comes_twice_stores_once_and_other_answers_under_the_same_id_nothing(trial: Trial, ada: str):
    said = told(trial, "dose@2026-03-09", people.TAKEN)
    first = enter(trial, ada, said)
    position = trial.position
    assert (enter(trial, ada, said).status, trial.position) == ("duplicate", position)
    with pytest.raises(Refused) as failure:
        enter(trial, ada, replace(said, answers=people.FORGOTTEN))
    assert failure.value.problem is problems.CHANGED_MEANWHILE
    assert first.position == position


def test_two_who_type_the_same_paper_do_not_overwrite_each_other(trial: Trial, ada: str):
    enter(trial, ada, told(trial, "dose@2026-03-09", people.TAKEN, mode="paper", scan="binder 3, page 12"))
    with pytest.raises(Refused) as failure:
        enter(trial, ada, told(trial, "dose@2026-03-09", people.FORGOTTEN, mode="paper"))
    assert failure.value.problem is problems.CHANGED_MEANWHILE


def test_what_a_phone_sent_meanwhile_takes_nothing_away(trial: Trial, ada: str):
    phone = trial.phone(ada)
    phone.answer("dose@2026-03-09", people.TAKEN)
    phone.sync()
    assert enter(trial, ada, told(trial, "dose@2026-03-09", people.FORGOTTEN)).flags == ("second-completion",)


def test_a_dose_during_a_hold_raises_its_case_in_the_same_transaction(trial: Trial, ada: str):
    trial.hold(ada, date(2026, 3, 8))
    enter(trial, ada, told(trial, "dose@2026-03-09", people.TAKEN))
    kinds = [entry.kind for entry in journal.every(trial.study.store.read())]
    assert kinds[-3:] == [Kind.RESPONSE_GIVEN, Kind.ALERT_RAISED, Kind.CASE_OPENED]


def test_what_cannot_be_used_is_kept_for_review_and_its_fever_is_still_seen(trial: Trial, ada: str):
    said = told(
        trial, "adverse-event@" + str(uuid.uuid4()), {"what": "Shivers", "severity": 9, "temperature": "39.4"},
    )  # fmt: skip
    assert enter(trial, ada, said).status == "quarantined"
    assert enter(trial, ada, said).status == "quarantined"
    entries = list(journal.every(trial.study.store.read()))
    assert sum(entry.kind == Kind.ENTRY_QUARANTINED for entry in entries) == 1
    assert {orjson.loads(entry.line)["rule"] for entry in entries if entry.kind == Kind.ALERT_RAISED} >= {"fever"}
    assert enter(trial, ada, told(trial, "dose@1999-01-01", people.TAKEN)).status == "quarantined"


def test_a_slip_of_the_typist_is_corrected_with_a_reason_and_stays_readable(trial: Trial, ada: str):
    first = told(trial, "dose@2026-03-09", people.FORGOTTEN)
    enter(trial, ada, first)
    again = told(trial, "dose@2026-03-09", people.TAKEN, supersedes=first.id)
    with pytest.raises(Refused) as failure:
        enter(trial, ada, again)
    assert failure.value.problem is problems.REASON_NEEDED
    enter(trial, ada, replace(again, reason="typing_mistake"))
    row = responses.standing(trial.study.store.read(), ada, "dose@2026-03-09")
    assert row is not None
    assert row["id"] == again.id
    with pytest.raises(Refused) as failure:  # on top of what is not current any more
        enter(trial, ada, told(trial, "dose@2026-03-09", people.TAKEN, supersedes=first.id, reason="wrong_day"))
    assert failure.value.problem is problems.CHANGED_MEANWHILE


def test_what_a_participant_sent_is_not_corrected_by_typing(trial: Trial, ada: str):
    phone = trial.phone(ada)
    sealed = phone.answer("dose@2026-03-09", people.TAKEN)
    phone.sync()
    with pytest.raises(Refused) as failure:
        enter(trial, ada, told(trial, "dose@2026-03-09", people.FORGOTTEN, supersedes=sealed.id, reason="wrong_answer"))
    assert failure.value.problem is problems.CHANGED_MEANWHILE


def test_a_fold_of_the_journal_alone_knows_the_same(trial: Trial, ada: str):
    enter(trial, ada, told(trial, "symptoms@W1", {"nausea.frequency": None, "nausea.severity": 2}, answered=trial.now.astimezone(PARIS)))
    enter(trial, ada, told(trial, "dose@1999-01-01", people.TAKEN))
    again = as_of(trial.study, trial.position)
    for table in ("responses", "quarantine"):
        rows = [[tuple(row) for row in tx.all(f"SELECT * FROM {table}")] for tx in (trial.study.store.read(), again.store.read())]
        assert rows[0] == rows[1], table
        assert rows[0]
