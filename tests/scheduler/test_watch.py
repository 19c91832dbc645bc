"""What did not happen raises one call: doses that nobody reported, visits that are overdue."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from qol_server.intake import adoption, enrolling, looking
from qol_server.intake import calls as watching
from qol_server.state import calls as calls_of
from scheduler import ticks
from tests import people
from tests.people import Trial
from tests.scheduler.post import Post, calls, live, wall


def watch(trial: Trial, first: str, last: str, hours: int = 6) -> Counter[str]:
    """Tick ``watch`` from the first day's start to the last day's end."""
    done = Counter[str]()
    moment, end = wall(f"{first} 00:00"), wall(f"{last} 23:59")
    while moment < end:
        trial.now = moment.astimezone(UTC)
        done += watching.watch(trial.study, trial.now)
        moment += timedelta(hours=hours)
    return done


def close_all(trial: Trial, number: str) -> None:
    """Somebody telephoned, and knows why."""
    for row in calls_of.open_of(trial.study.store.read(), number):
        watching.close(trial.study, row["position"], seen=row["version"], reason="too_ill", note=None, actor=people.NURSE, now=trial.now)


def silences(trial: Trial, number: str) -> list[list[str]]:
    return [days for task, _, days in calls(trial, number) if task == "unknown-days"]


def test_on_the_third_unknown_day_somebody_calls_once(trial: Trial, ben: str) -> None:
    assert watch(trial, "2026-03-03", "2026-03-04")["unknown-days"] == 0
    assert watch(trial, "2026-03-05", "2026-03-20")["unknown-days"] == 1
    assert silences(trial, ben) == [["2026-03-02", "2026-03-03", "2026-03-04"]]


def test_a_reported_day_begins_the_count_anew_and_a_stated_miss_is_known(trial: Trial, ben: str) -> None:
    phone = trial.phone(ben)
    for day, answers in (("2026-03-04", people.TAKEN), ("2026-03-07", people.FORGOTTEN)):
        trial.now = wall(f"{day} 20:00")
        phone.answer(f"dose@{day}", answers)
        phone.sync()
    watch(trial, "2026-03-08", "2026-03-10")
    assert silences(trial, ben) == []
    watch(trial, "2026-03-11", "2026-03-11")
    assert silences(trial, ben) == [["2026-03-08", "2026-03-09", "2026-03-10"]]


def test_a_late_answer_inside_a_silence_does_not_raise_it_again_but_a_new_silence_does(trial: Trial, ben: str) -> None:
    phone = trial.phone(ben)
    watch(trial, "2026-03-05", "2026-03-05")
    trial.now = wall("2026-03-06 12:00")
    phone.answer("dose@2026-03-03", people.TAKEN, captured="2026-03-05 12:00")
    phone.sync()
    watch(trial, "2026-03-06", "2026-03-07")
    assert len(silences(trial, ben)) == 1, "4 March was among the days that were told"
    close_all(trial, ben)
    trial.now = wall("2026-03-08 12:00")
    phone.answer("dose@2026-03-08", people.TAKEN)
    phone.sync()
    watch(trial, "2026-03-09", "2026-03-15")
    assert silences(trial, ben)[1:] == [["2026-03-09", "2026-03-10", "2026-03-11"]]


def test_held_days_neither_count_nor_break_the_row(trial: Trial, ben: str) -> None:
    trial.hold(ben, date(2026, 3, 4))
    assert watch(trial, "2026-03-03", "2026-03-08")["unknown-days"] == 0
    trial.prescribe(ben, "400", date(2026, 3, 8), reason="recovery")
    watch(trial, "2026-03-09", "2026-03-09")
    assert silences(trial, ben) == [["2026-03-02", "2026-03-03", "2026-03-08"]]


def test_a_silence_of_weeks_is_raised_again_after_four(trial: Trial, ben: str) -> None:
    watch(trial, "2026-03-03", "2026-03-05")
    close_all(trial, ben)
    watch(trial, "2026-03-06", "2026-04-05", hours=24)
    assert [days[0] for days in silences(trial, ben)] == ["2026-03-02", "2026-03-06"]


def test_something_under_review_is_no_silence(trial: Trial, ben: str) -> None:
    phone = trial.phone(ben)
    trial.now = wall("2026-03-04 20:00")
    phone.answer("dose@2026-03-04", {"intake.1.status": "bogus"})
    phone.sync()
    watch(trial, "2026-03-05", "2026-03-07")
    assert silences(trial, ben) == []
    watch(trial, "2026-03-08", "2026-03-08")
    assert silences(trial, ben) == [["2026-03-05", "2026-03-06", "2026-03-07"]]


@pytest.mark.parametrize("kind", ["contact", "questionnaires", "consent"])
def test_who_withdrew_is_not_called(trial: Trial, ben: str, kind: str) -> None:
    trial.now = wall("2026-03-04 12:00")
    trial.withdraw(ben, kind, date(2026, 3, 4))
    assert watch(trial, "2026-03-05", "2026-04-30", hours=24) == Counter()
    assert calls(trial, ben) == []


def test_a_visit_that_the_ladder_never_came_to_is_overdue_once(trial: Trial, ben: str) -> None:
    """The clock stood still from February to the end of the window; only ``watch`` is left to notice."""
    watch(trial, "2026-04-09", "2026-04-09")
    assert "qol@M1" not in {occurrence for _, occurrence, _ in calls(trial, ben)}
    watch(trial, "2026-04-10", "2026-04-25")
    assert [task for task, occurrence, _ in calls(trial, ben) if occurrence == "qol@M1"] == ["overdue"]


def test_who_was_to_be_called_by_the_ladder_is_not_overdue_as_well(trial: Trial, ben: str) -> None:
    live(trial, wall("2026-04-05 08:00"), wall("2026-04-05 12:00"), Post(), minutes=60)
    watch(trial, "2026-04-06", "2026-04-25")
    assert [task for task, occurrence, _ in calls(trial, ben) if occurrence == "qol@M1"] == ["overdue"]


def test_after_an_outage_one_visit_is_called_about_once_whichever_tick_comes_first(trial: Trial, ben: str) -> None:
    ada = trial.enrol(people.ADA)
    trial.start_treatment(ada, date(2026, 3, 2))
    late = wall("2026-04-10 10:00")
    before = Post(lambda: watching.watch(trial.study, late))  # `watch` of another clock, while `remind` is at it
    for post in (before, Post()):
        ticks.remind(trial.study, late, post)
        watching.watch(trial.study, late)
    for number in (ada, ben):
        assert len([task for task, occurrence, _ in calls(trial, number) if occurrence == "qol@M1"]) == 1


def test_a_visit_that_was_found_overdue_is_not_called_about_by_the_ladder_as_well(trial: Trial, ben: str) -> None:
    watching.watch(trial.study, wall("2026-04-10 10:00"))
    live(trial, wall("2026-04-10 10:00"), wall("2026-04-12 10:00"), Post(), minutes=120)
    assert [task for task, occurrence, _ in calls(trial, ben) if occurrence == "qol@M1"] == ["overdue"]


def test_a_missed_visit_of_long_ago_is_not_dug_up(trial: Trial, ben: str) -> None:
    assert watching.watch(trial.study, datetime(2027, 6, 1, tzinfo=UTC))["overdue"] == 0


def test_the_calls_are_found_again_from_the_journal(trial: Trial, ben: str) -> None:
    watch(trial, "2026-03-05", "2026-04-12", hours=24)
    ticks.remind(trial.study, wall("2026-04-12 12:00"), Post())
    here = trial.study.store
    there = looking.as_of(trial.study, trial.study.head(here.read()).position).store
    for table in ("calls", "reminders"):
        rows = [[tuple(row) for row in store.read().all(f"SELECT * FROM {table} ORDER BY position")] for store in (here, there)]
        assert rows[0] == rows[1] != []


def test_while_collecting_pauses_for_a_consent_nobody_is_called_about_what_was_not_asked(trial: Trial, ben: str) -> None:
    known = b'  - {version: "1.0", from: 2006-01-01}\n'
    amended = people.protocol().replace(known, known + b'  - {version: "2.0", from: 2026-03-02, renew: yes, until_renewed: pause}\n')
    adoption.adopt(trial.study, amended, people.instruments(), actor=people.DATA_MANAGER, now=trial.now)
    watch(trial, "2026-03-02", "2026-03-16")
    assert calls(trial, ben) == []
    enrolling.give_consent(trial.study, ben, "2.0", date(2026, 3, 16), actor=people.NURSE, now=trial.now)
    watch(trial, "2026-03-17", "2026-03-20")
    assert calls(trial, ben) != []
