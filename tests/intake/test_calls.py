"""Call tasks: raised once, worked by people, settled by what comes, ended with the participation, and told in the data."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from qol_server import journal
from qol_server.intake import calls, looking
from qol_server.state import calls as state
from qol_server.store import Row
from qol_server.trial import watching
from qol_server.trial.cases import Way
from qol_server.trial.problems import Refused
from qol_server.views.completeness import completeness
from qol_server.views.showing import VIEWS
from scheduler import ticks
from tests import people
from tests.people import DATA_MANAGER, INVESTIGATOR, NURSE, Phone, Trial

PARIS = "Europe/Paris"


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return people.trial(tmp_path)


@pytest.fixture
def phone(trial: Trial) -> Phone:
    """Ada's, who takes 400 mg a day from 2 March on."""
    number = trial.enrol(people.ADA)
    trial.at("2026-03-02 06:00", PARIS)
    trial.start_treatment(number, date(2026, 3, 2))
    return trial.phone(number)


def live(trial: Trial, first: str, last: str, hours: int = 6) -> None:
    """Tick through days, both included."""
    trial.at(f"{last} 23:59", PARIS)
    end = trial.now
    trial.at(f"{first} 00:00", PARIS)
    while trial.now < end:
        ticks.tick_all(trial.study, trial.now, trial.settings, lambda _: None)
        trial.now += timedelta(hours=hours)


def standing(trial: Trial, *tasks: str) -> list[Row]:
    rows = state.open_tasks(trial.study.store.read(), ["01", "02", "03"])
    return [row for row in rows if not tasks or row["task"] in tasks]


def close(trial: Trial, row: Row, reason: str, **said: Any) -> None:
    calls.close(
        trial.study, row["position"], **({"seen": row["version"], "reason": reason, "note": None, "actor": NURSE, "now": trial.now} | said)
    )


def shown(trial: Trial, occurrence: str) -> dict[str, Any]:
    """The occurrence's row of the export's windows, now."""
    columns, rows = VIEWS["windows"](looking.as_of(trial.study, trial.position))
    named = [dict(zip([column.name for column in columns], row, strict=True)) for row in rows]
    return next(row for row in named if row["occurrence"] == occurrence)


def kinds(trial: Trial, after: int = 0) -> list[str]:
    return [entry.kind for entry in journal.every(trial.study.store.read()) if entry.position > after]


# Stories


def test_a_phone_falls_silent_and_the_call_closes_the_window_with_a_reason(trial: Trial, phone: Phone) -> None:
    trial.at("2026-03-20 20:00", PARIS)
    trial.hold(phone.number, date(2026, 3, 21))  # nothing opens daily any more
    phone.sync()
    live(trial, "2026-03-21", "2026-04-05")
    [call] = [row for row in standing(trial, "overdue") if row["occurrence"] == "qol@M1"]
    assert call["raised_at"][:10] == "2026-04-05", "day 3 after the target, when the ladder has ended"
    assert standing(trial, "silent-phone") == [], "one silence is one call"

    trial.at("2026-04-06 10:00", PARIS)
    calls.attempt(
        trial.study,
        call["position"],
        seen=call["version"],
        channel=Way.TELEPHONE,
        reached=False,
        note="No answer",
        actor=NURSE,
        now=trial.now,
    )
    [call] = [row for row in standing(trial, "overdue") if row["occurrence"] == "qol@M1"]
    assert (call["state"], call["owner"], call["attempts"]) == ("attempted", NURSE, 1)
    [tried] = state.attempts(trial.study.store.read(), call["position"])
    assert (tried["channel"], tried["reached"], tried["note"], tried["actor"]) == ("telephone", 0, "No answer", NURSE)
    close(trial, call, "too_ill", note="In hospital since Friday")

    row = shown(trial, "qol@M1")
    assert (row["state"], row["reason"], row["served_by"]) == ("missed", "too_ill", None)
    before = trial.position
    live(trial, "2026-04-06", "2026-04-30")
    assert not any(row["occurrence"] == "qol@M1" for row in standing(trial))
    about = [entry for entry in journal.every(trial.study.store.read()) if entry.position > before and entry.occurrence == "qol@M1"]
    assert about == [], "nobody is reminded, or called, of what the site closed"
    views = looking.as_of(trial.study, trial.position)
    [month] = [one for one in completeness(views, "2026-04-30") if one.assessment == "qol"]
    assert month.reasons == {"too_ill": 1}


def test_an_answer_that_comes_after_the_call_was_closed_is_an_answer(trial: Trial, phone: Phone) -> None:
    live(trial, "2026-04-05", "2026-04-05")
    [call] = [row for row in standing(trial, "overdue") if row["occurrence"] == "qol@M1"]
    close(trial, call, "forgot")
    trial.at("2026-04-08 12:00", PARIS)
    phone.answer("qol@M1", people.C30)
    phone.sync()
    row = shown(trial, "qol@M1")
    assert (row["state"], row["reason"]) == ("answered", None)


def test_the_reason_for_unknown_days_stands_beside_each_of_them_up_to_the_call(trial: Trial, phone: Phone) -> None:
    trial.at("2026-03-02 20:00", PARIS)
    phone.answer("dose@2026-03-02", people.TAKEN)
    phone.sync()
    live(trial, "2026-03-06", "2026-03-06")
    [call] = standing(trial, "unknown-days")
    trial.at("2026-03-08 12:00", PARIS)
    close(trial, call, "technical")
    reasons = {day: shown(trial, f"dose@2026-03-0{day}")["reason"] for day in range(2, 9)}
    assert reasons == {2: None, 3: "technical", 4: "technical", 5: "technical", 6: "technical", 7: "technical", 8: None}


def test_whoever_asks_for_a_call_is_on_the_list_before_the_phone_has_its_receipt(trial: Trial, phone: Phone) -> None:
    for what in ("call-me", "pause", "stop"):
        phone.client.seal("help.asked", captured_at=trial.now, time_zone=PARIS, what=what, note="please")
        phone.sync()
    assert [row["what"] for row in standing(trial, "help")] == ["call-me", "pause", "stop"]
    first = standing(trial)[0]
    entry = journal.read(trial.study.store.read(), first["about"] - 1, first["about"], 1)[0]
    assert (entry.kind, first["task"], first["raised_at"]) == ("help.asked", "help", entry.received_at)
    assert "please" not in str([tuple(row) for row in standing(trial)]), "what they wrote stays where it is"
    live(trial, "2026-03-03", "2026-03-04")
    assert len(standing(trial, "help")) == 3
    close(trial, first, "informed")
    assert len(standing(trial, "help")) == 2


# What settles calls


def test_an_answer_settles_its_call_in_its_own_transaction(trial: Trial, phone: Phone) -> None:
    live(trial, "2026-04-05", "2026-04-05")
    phone.answer("qol@M1", people.C30)
    before = trial.position
    phone.sync()
    assert [kind for kind in kinds(trial, before) if kind.startswith(("response", "call"))] == ["response.given", "call.settled"]
    assert not any(row["occurrence"] == "qol@M1" for row in standing(trial))
    row = state.latest(trial.study.store.read(), phone.number, "overdue", "qol@M1")
    assert row is not None
    assert (row["state"], row["settled"], row["reason"]) == ("closed", "answered", None)


@pytest.mark.parametrize("end", ["death", "contact", "consent"])
def test_death_and_withdrawal_of_contact_end_every_call_in_their_own_transaction(trial: Trial, phone: Phone, end: str) -> None:
    phone.client.seal("help.asked", captured_at=trial.now, time_zone=PARIS, what="call-me")
    phone.sync()
    live(trial, "2026-04-05", "2026-04-05")
    assert {row["task"] for row in standing(trial)} >= {"help", "overdue", "unknown-days"}
    how_many = len(standing(trial))
    before = trial.position
    if end == "death":
        trial.anchor(phone.number, "death", date(2026, 4, 4))
    else:
        trial.withdraw(phone.number, end, date(2026, 4, 4))
    assert kinds(trial, before)[1:] == ["call.settled"] * how_many
    assert standing(trial) == []
    live(trial, "2026-04-06", "2026-04-20")
    assert standing(trial) == []


def test_whoever_is_lost_is_not_called_any_more_but_for_what_they_asked_themselves(trial: Trial, phone: Phone) -> None:
    phone.client.seal("help.asked", captured_at=trial.now, time_zone=PARIS, what="call-me")
    phone.sync()
    live(trial, "2026-04-05", "2026-04-05")
    trial.anchor(phone.number, "lost_to_follow_up", date(2026, 4, 5))
    live(trial, "2026-04-06", "2026-04-20", hours=24)
    assert [row["task"] for row in standing(trial)] == ["help"]


def test_a_hold_takes_back_what_was_unknown_because_of_it(trial: Trial, phone: Phone) -> None:
    live(trial, "2026-03-06", "2026-03-06")
    [call] = standing(trial, "unknown-days")
    trial.hold(phone.number, date(2026, 3, 2))
    live(trial, "2026-03-07", "2026-03-07")
    row = state.call(trial.study.store.read(), call["position"])
    assert row is not None
    assert row["settled"] == "not-asked"


def test_a_date_that_is_corrected_takes_a_call_back_and_may_raise_it_again(trial: Trial, phone: Phone) -> None:
    live(trial, "2026-04-10", "2026-04-10")
    assert [row["task"] for row in standing(trial) if row["occurrence"] == "qol@M1"] == ["overdue"]
    trial.anchor(phone.number, "treatment_start", date(2026, 4, 1), reason="typing mistake")
    assert not any(row["occurrence"] == "qol@M1" for row in standing(trial))
    row = state.latest(trial.study.store.read(), phone.number, "overdue", "qol@M1")
    assert row is not None
    assert row["settled"] == "not-asked"
    trial.anchor(phone.number, "treatment_start", date(2026, 3, 2), reason="it was right before")
    live(trial, "2026-04-11", "2026-04-11")
    assert [row["task"] for row in standing(trial) if row["occurrence"] == "qol@M1"] == ["overdue"]


# Phones


def test_a_silent_phone_is_called_about_when_nothing_else_is_and_settles_when_it_is_heard_of(trial: Trial, phone: Phone) -> None:
    trial.hold(phone.number, date(2026, 3, 3))
    live(trial, "2026-03-03", "2026-03-22", hours=12)
    assert standing(trial, "silent-phone") == []
    overdue = standing(trial)
    for row in overdue:
        close(trial, row, "not_reachable")
    live(trial, "2026-03-23", "2026-03-23", hours=12)
    [call] = standing(trial, "silent-phone")
    assert state.latest(trial.study.store.read(), phone.number, "silent-phone") == call
    phone.sync()
    live(trial, "2026-03-24", "2026-03-24")
    row = state.call(trial.study.store.read(), call["position"])
    assert row is not None
    assert row["settled"] == "heard"


def test_a_wrong_clock_is_called_about_once_and_settles_when_it_is_right(trial: Trial, phone: Phone) -> None:
    def sync(minutes: int) -> None:
        trial.now += timedelta(hours=1)
        phone.client.sync(now=trial.now + timedelta(minutes=minutes), time_zone=PARIS)
        calls.watch(trial.study, trial.now)

    sync(59)
    assert standing(trial, "clock-suspect") == []
    sync(60)
    sync(90)
    [call] = standing(trial, "clock-suspect")
    sync(0)
    assert standing(trial, "clock-suspect") == []
    sync(-120)
    [again] = standing(trial, "clock-suspect")
    assert again["position"] > call["position"]
    close(trial, again, "informed")
    sync(-120)
    assert standing(trial, "clock-suspect") == [], "somebody has seen to it"


def test_entries_that_are_missing_for_a_day_are_asked_for(trial: Trial, phone: Phone) -> None:
    kept = phone.answer("dose@2026-03-02", people.TAKEN)
    phone.answer("symptoms@W0", {"nausea.frequency": 0})
    phone.client.outbox.remove(kept)  # the phone has it, and does not send it
    phone.sync()
    trial.now += timedelta(hours=23)
    calls.watch(trial.study, trial.now)
    assert standing(trial, "sequence-gap") == []
    trial.now += timedelta(hours=1)
    calls.watch(trial.study, trial.now)
    assert len(standing(trial, "sequence-gap")) == 1
    phone.client.outbox.append(kept)
    phone.sync()
    calls.watch(trial.study, trial.now)
    assert standing(trial, "sequence-gap") == []
    assert kinds(trial)[-1] == "call.settled"


def test_contact_details_are_checked_before_a_window_after_a_long_time(trial: Trial, phone: Phone) -> None:
    trial.at("2027-07-28 12:00", PARIS)
    calls.watch(trial.study, trial.now)
    assert standing(trial, "contact-refresh") == []
    trial.at("2027-07-29 12:00", PARIS)
    for _ in range(2):
        calls.watch(trial.study, trial.now)
    [call] = standing(trial, "contact-refresh")
    assert call["occurrence"] == "qol@Y2H1"


# People


def test_of_two_nurses_the_second_is_told_who_was_first(trial: Trial, phone: Phone) -> None:
    live(trial, "2026-03-06", "2026-03-06")
    [call] = standing(trial, "unknown-days")
    calls.take(trial.study, call["position"], seen=call["version"], actor=NURSE, now=trial.now)
    with pytest.raises(Refused, match=NURSE) as second:
        close(trial, call, "too_ill", actor=INVESTIGATOR)
    assert second.value.problem.name == "call-changed"
    [mine] = state.open_tasks(trial.study.store.read(), ["01"], owner=NURSE)
    close(trial, mine, "too_ill", actor=INVESTIGATOR)
    with pytest.raises(Refused) as closed:
        calls.take(trial.study, mine["position"], seen=trial.position, actor=NURSE, now=trial.now)
    assert closed.value.problem.name == "call-changed"


def test_a_call_is_closed_with_a_reason_of_the_studys_file_alone(trial: Trial, phone: Phone) -> None:
    live(trial, "2026-03-06", "2026-03-06")
    [call] = standing(trial, "unknown-days")
    for reason in ("solved", "", "bored"):
        with pytest.raises(Refused, match="too_ill"):
            close(trial, call, reason)
    with pytest.raises(Refused) as unknown:
        calls.take(trial.study, 1, seen=1, actor=NURSE, now=trial.now)
    assert unknown.value.problem.name == "call-unknown"
    assert standing(trial, "unknown-days") == [call]


def test_open_calls_come_page_by_page_in_each_order(trial: Trial) -> None:
    for person in people.CAST * 3:
        trial.start_treatment(trial.enrol(person), date(2026, 3, 1))
    live(trial, "2026-04-04", "2026-04-05", hours=12)
    tx = trial.study.store.read()
    everything = state.open_tasks(tx, ["01", "02", "03"], limit=1000)
    assert state.count_open(tx, ["01", "02", "03"]) == len(everything) > 20
    for order, columns in state.ORDERS.items():
        found: list[Row] = []
        while page := state.open_tasks(tx, ["01", "03"], order=order, after=state.page_end(found[-1], order) if found else None, limit=4):
            found += page
        assert sorted(row["position"] for row in found) == sorted(row["position"] for row in everything if row["site"] != "02")
        assert [tuple(row[name] for name in columns) for row in found] == sorted(tuple(row[name] for name in columns) for row in found)
    assert {row["task"] for row in state.open_tasks(tx, ["01"], task="overdue")} == {"overdue"}


def test_who_answered_too_little_in_the_beginning_is_flagged(trial: Trial, phone: Phone) -> None:
    for day in range(2, 11):
        trial.at(f"2026-03-{day:02} 20:00", PARIS)
        phone.answer(f"dose@2026-03-{day:02}", people.TAKEN)
    phone.sync()
    found = state.beginnings(trial.study.store.read(), [phone.number], watching.FIRST_DAYS)
    assert watching.began_badly(*found[phone.number], date(2026, 3, 18)) == ("dose", "symptoms")
    assert state.beginnings(trial.study.store.read(), [], 2) == {}


# The weekly digest


def test_on_monday_morning_each_site_has_its_digest_once_and_it_names_no_visit(trial: Trial, phone: Phone) -> None:
    clea = trial.enrol(people.CLEA)
    trial.anchor(phone.number, "progression", date(2026, 3, 2))
    live(trial, "2026-04-05", "2026-04-05")
    made = kinds(trial).count("overdue.listed")
    trial.at("2026-04-06 07:00", PARIS)
    for _ in range(2):
        calls.make_digests(trial.study, trial.now)
    assert kinds(trial).count("overdue.listed") == made + 2, "it is not six yet in Martinique"
    trial.at("2026-04-06 12:00", PARIS)
    calls.make_digests(trial.study, trial.now)
    assert kinds(trial).count("overdue.listed") == made + 3
    row = state.digest(trial.study.store.read(), "01")
    assert row is not None
    lines = orjson.loads(row["lines"])
    assert row["week"] == "2026-04-06"
    assert [phone.number, "qol", "2026-04-09"] in lines
    assert not any("@" in text or clea == text for line in lines for text in line)
    assert [[one.participant, one.assessment, one.due.isoformat()] for one in calls.digest(trial.study, "01", trial.now)] == lines
    assert calls.digest(trial.study, "02", trial.now) == ()


def test_calls_and_digests_are_found_again_from_the_journal(trial: Trial, phone: Phone) -> None:
    phone.client.seal("help.asked", captured_at=trial.now, time_zone=PARIS, what="stop")
    phone.sync()
    live(trial, "2026-04-05", "2026-04-06")
    first, second = standing(trial)[:2]
    calls.attempt(
        trial.study, first["position"], seen=first["version"], channel=Way.RELATIVE, reached=True, note="x", actor=NURSE, now=trial.now
    )
    calls.take(trial.study, second["position"], seen=second["version"], actor=DATA_MANAGER, now=trial.now)
    there = looking.as_of(trial.study, trial.position).store
    for table in ("calls", "call_attempts", "digests"):
        rows = [
            [tuple(row) for row in store.read().all(f"SELECT * FROM {table} ORDER BY position")] for store in (trial.study.store, there)
        ]
        assert rows[0] == rows[1] != []


def test_a_rule_that_stumbles_keeps_no_answer_out(
    trial: Trial, phone: Phone, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def stumble(*_: object) -> None:
        raise ZeroDivisionError(phone.number)

    live(trial, "2026-03-06", "2026-03-06")
    monkeypatch.setattr(watching, "settled", stumble)
    phone.answer("dose@2026-03-03", people.TAKEN)
    assert [result["status"] for result in phone.sync()["results"]] == ["stored"]
    assert "ZeroDivisionError" in caplog.text
    assert phone.number not in caplog.text
