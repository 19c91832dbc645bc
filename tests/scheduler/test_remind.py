"""Reminders from the clock to the channel: each once, judged again before it leaves, never repeated after a crash."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from datetime import date, timedelta

import pytest

from qol_server import journal, messaging
from qol_server.intake import conduct, enrolling
from qol_server.intake.study import open_study
from qol_server.messaging import Message
from qol_server.messaging.texts import say
from qol_server.trial.facts import Kind
from scheduler import ticks
from tests import people
from tests.people import Trial
from tests.scheduler.post import PARIS, Post, calls, live, steps, wall
from tests.shape.project import ROOT

NINE = wall("2026-03-03 09:00")


def test_a_dose_is_reminded_of_twice_that_day_however_often_the_clock_ticks(trial: Trial, ben: str) -> None:
    post = Post()
    done = live(trial, wall("2026-03-03 00:00"), wall("2026-03-04 00:00"), post, minutes=3)
    assert steps(trial, ben, "dose@2026-03-03") == [
        ("intended", "dose@2026-03-03", 0, "03-03 09:00"),
        ("sent", "dose@2026-03-03", 0, "03-03 09:00"),
        ("intended", "dose@2026-03-03", 1, "03-03 12:00"),
        ("sent", "dose@2026-03-03", 1, "03-03 12:00"),
    ]
    assert done["sent"] == len(post.taken) == len(set(post.keys))


def test_who_has_answered_is_left_alone(trial: Trial, ben: str) -> None:
    phone = trial.phone(ben)
    trial.now = wall("2026-03-03 07:10")
    phone.answer("dose@2026-03-03", people.TAKEN)
    phone.sync()
    live(trial, wall("2026-03-03 07:15"), wall("2026-03-04 00:00"), Post())
    assert steps(trial, ben, "dose@2026-03-03") == []


def test_what_is_under_review_is_not_asked_for_again(trial: Trial, ben: str) -> None:
    phone = trial.phone(ben)
    trial.now = wall("2026-03-03 07:10")
    phone.answer("dose@2026-03-03", {"intake.1.status": "bogus"})
    phone.sync()
    live(trial, wall("2026-03-03 07:15"), wall("2026-03-04 00:00"), Post())
    assert steps(trial, ben, "dose@2026-03-03") == []


def test_a_held_day_is_nobodys_fault(trial: Trial, ben: str) -> None:
    trial.hold(ben, date(2026, 3, 3))
    live(trial, wall("2026-03-03 00:00"), wall("2026-03-05 00:00"), Post(), minutes=60)
    assert steps(trial, ben, "dose@2026-03-03") == steps(trial, ben, "dose@2026-03-04") == []


def test_an_answer_that_comes_while_messages_go_out_keeps_the_others_back(trial: Trial, ben: str) -> None:
    ada = trial.enrol(people.ADA)
    trial.start_treatment(ada, date(2026, 3, 2))
    phones = {number: trial.phone(number) for number in (ada, ben)}
    trial.now = NINE

    def everybody_answers() -> None:
        for phone in phones.values():
            for day in ("2026-03-02", "2026-03-03"):
                phone.answer(f"dose@{day}", people.TAKEN)
            phone.sync()

    post = Post(everybody_answers)
    done = ticks.remind(trial.study, trial.now, post)
    assert len(post.taken) == done["sent"] == 1, "only the message that was on its way"
    assert [step[0] for number in (ada, ben) for step in steps(trial, number)] == ["intended", "sent"]
    live(trial, NINE + timedelta(minutes=1), wall("2026-03-04 00:00"), post)
    assert len(post.taken) == 1


def test_a_death_that_becomes_known_meanwhile_ends_it_for_good(trial: Trial, ben: str) -> None:
    ada = trial.enrol(people.ADA)
    trial.start_treatment(ada, date(2026, 3, 2))
    trial.now = NINE
    first, second = sorted((ada, ben))
    post = Post(lambda: [trial.anchor(number, "death", date(2026, 3, 3)) for number in (first, second)])
    ticks.remind(trial.study, trial.now, post)
    assert len(post.taken) == 1, "only the message that was on its way"
    assert steps(trial, second) == []
    after = trial.position
    live(trial, NINE + timedelta(minutes=1), wall("2026-03-10 00:00"), post, minutes=60)
    assert len(post.taken) == 1
    assert trial.position == after


class Crash(BaseException):
    """The process ends here."""


def test_a_message_that_a_crash_left_open_is_never_sent_again(trial: Trial, ben: str) -> None:
    def crash() -> None:
        raise Crash

    live(trial, wall("2026-03-02 09:00"), NINE, Post(), minutes=60)
    with pytest.raises(Crash):
        ticks.remind(trial.study, NINE, Post(crash))
    assert [step[0] for step in steps(trial, ben, "dose@2026-03-03")] == ["intended"]
    trial.study = open_study(trial.settings, people.SLUG)
    post = Post()
    live(trial, NINE + timedelta(minutes=1), wall("2026-03-03 13:00"), post)
    assert steps(trial, ben, "dose@2026-03-03") == [
        ("intended", "dose@2026-03-03", 0, "03-03 09:00"),
        ("failed", "dose@2026-03-03", 0, "03-03 09:00"),
        ("intended", "dose@2026-03-03", 1, "03-03 12:00"),
        ("sent", "dose@2026-03-03", 1, "03-03 12:00"),
    ]
    failed = journal.of_kind(trial.study.store.read(), Kind.REMINDER_FAILED)
    assert {entry.reason for entry in failed} == {"the outcome is unknown"}
    assert len(post.taken) == 1


def test_a_channel_that_fails_costs_one_message_and_tells_the_log_nothing(trial: Trial, ben: str, caplog: pytest.LogCaptureFixture) -> None:
    def refuse() -> None:
        raise ConnectionError(f"no route to {ben}")

    post = Post(refuse)
    done = live(trial, NINE, wall("2026-03-03 11:00"), post)
    assert done["failed"] == 1
    assert len(post.taken) == done["sent"]
    assert not set(post.keys) & set(journal_keys(trial, "failed"))
    assert "ConnectionError" in caplog.text
    assert ben not in caplog.text


def journal_keys(trial: Trial, outcome: str) -> list[str]:
    """The keys of the messages that had an outcome: the id of each one's intent."""
    tx = trial.study.store.read()
    intents = {(e.participant, e.occurrence, e.line): e.id for e in journal.of_kind(tx, Kind.REMINDER_INTENDED)}
    return [intents[e.participant, e.occurrence, e.line] for e in journal.of_kind(tx, Kind(f"reminder.{outcome}"))]


def test_the_key_of_a_message_is_the_id_of_its_intent(trial: Trial, ben: str) -> None:
    post = Post()
    ticks.remind(trial.study, NINE, post)
    assert post.keys
    assert post.keys == journal_keys(trial, "sent")


def test_two_clocks_at_once_send_everything_once(trial: Trial) -> None:
    trial.at("2026-03-02 06:00")
    for person in people.CAST * 4:
        trial.start_treatment(trial.enrol(person), date(2026, 3, 2))
    posts = [Post(), Post()]
    studies = [open_study(trial.settings, people.SLUG) for _ in posts]
    together = threading.Barrier(2)

    def tick(study: people.Study, post: Post) -> None:
        for hour in range(24):
            together.wait()
            ticks.remind(study, wall("2026-03-03 00:00") + timedelta(hours=hour), post)

    threads = [threading.Thread(target=tick, args=pair) for pair in zip(studies, posts, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    keys = [key for post in posts for key in post.keys]
    assert len(keys) == len(set(keys))
    assert sorted(keys) == sorted(journal_keys(trial, "sent"))
    kinds = [step[0] for number in trial.study.store.read().all("SELECT participant FROM roster") for step in steps(trial, number[0])]
    assert kinds.count("intended") == kinds.count("sent") == len(keys)


ONE_CLOCK = """
import sys
from datetime import datetime
from pathlib import Path
from qol_server.intake import conduct, enrolling
from qol_server.intake.study import open_study
from qol_server.settings import Settings
from scheduler import ticks
study = open_study(Settings(Path(sys.argv[1])), sys.argv[2])
input()
ticks.remind(study, datetime.fromisoformat(sys.argv[3]), lambda message: print(message.key))
"""


def test_two_processes_at_once_send_everything_once(trial: Trial) -> None:
    trial.at("2026-03-02 06:00")
    for person in people.CAST * 4:
        trial.start_treatment(trial.enrol(person), date(2026, 3, 2))
    command = [sys.executable, "-c", ONE_CLOCK, str(trial.settings.data), people.SLUG, wall("2026-03-03 16:00").isoformat()]
    clocks = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": str(ROOT)}) for _ in (1, 2)
    ]
    for clock in clocks:
        assert clock.stdin is not None
        clock.stdin.write("now\n")
        clock.stdin.flush()
    keys = [key for clock in clocks for key in clock.communicate(timeout=60)[0].split()]
    assert [clock.returncode for clock in clocks] == [0, 0]
    assert len(keys) == len(set(keys)) >= 12
    assert sorted(keys) == sorted(journal_keys(trial, "sent"))


@pytest.mark.parametrize(("start", "opens"), [(date(2026, 3, 5), "2026-03-29"), (date(2026, 10, 1), "2026-10-25")])
def test_on_the_nights_that_change_the_clocks_there_is_one_message_at_two(trial: Trial, start: date, opens: str) -> None:
    ben = trial.enrol(people.BEN)
    trial.now = wall(f"{start} 10:00")
    trial.start_treatment(ben, start)
    phone = trial.phone(ben)
    phone.client.seal("preference.set", captured_at=trial.now, time_zone="Europe/Paris", reminder_hour=2)
    phone.sync()
    live(trial, wall(f"{opens} 00:00"), wall(f"{opens} 06:00"), Post(), minutes=10)
    told = [step for step in steps(trial, ben, "qol@M1") if step[0] == "sent"]
    assert len(told) == 1
    assert told[0][2] == 0


def test_a_month_climbs_to_the_telephone(trial: Trial, ben: str) -> None:
    post = Post()
    live(trial, wall("2026-03-20 00:00"), wall("2026-04-20 00:00"), post, minutes=120)
    told = [step[1:] for step in steps(trial, ben, "qol@M1") if step[0] == "sent"]
    assert told == [("qol@M1", 0, "03-26 09:00"), ("qol@M1", 1, "04-02 09:00"), ("qol@M1", 2, "04-03 09:00")]
    assert ("overdue", "qol@M1", []) in calls(trial, ben)
    assert len([call for call in calls(trial, ben) if call[1] == "qol@M1"]) == 1


def test_one_form_that_serves_two_windows_is_not_asked_for_twice(trial: Trial, ben: str) -> None:
    phone = trial.phone(ben)
    trial.now = wall("2026-04-02 10:00")
    trial.anchor(ben, "progression", date(2026, 4, 2))
    phone.answer("qol@M1", people.C30)
    phone.sync()
    live(trial, wall("2026-04-02 12:00"), wall("2026-04-20 00:00"), Post(), minutes=120)
    assert steps(trial, ben, "qol@PROGRESSION") == []
    assert [call for call in calls(trial, ben) if (call[1] or "").startswith("qol@")] == []


def test_what_was_due_before_the_phone_was_paired_is_not_caught_up(trial: Trial, ben: str) -> None:
    trial.now = wall("2026-03-03 10:00")
    trial.phone(ben)
    live(trial, trial.now, wall("2026-03-04 00:00"), Post())
    assert [step[2] for step in steps(trial, ben, "dose@2026-03-03") if step[0] == "sent"] == [1]


def test_messages_speak_the_participants_language_and_say_nothing_of_health(trial: Trial, ben: str) -> None:
    ada = trial.enrol(people.ADA)
    trial.start_treatment(ada, date(2026, 3, 2))
    post = Post()
    ticks.remind(trial.study, NINE, post)
    texts = {message.to: say("reminder", message.language).body for message in post.taken}
    assert texts == {ada: "Vous avez quelque chose à remplir.", ben: "You have something to fill in."}
    for language in ("de", "en-GB"):
        assert say("reminder", language).body == texts[ben]


def test_the_log_channel_names_nobody(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        messaging.send(Message("email", "01-0001-5", "en", "the-key", "dose@2026-03-03"))
    assert [record.getMessage() for record in caplog.records] == ["message the-key by email"]


def test_the_zone_is_the_participants_own(trial: Trial) -> None:
    clea = trial.enrol(people.CLEA)
    trial.at("2026-03-02 18:00")
    trial.start_treatment(clea, date(2026, 3, 2))
    live(trial, wall("2026-03-03 00:00"), wall("2026-03-04 00:00"), Post())
    when = [step[3] for step in steps(trial, clea, "dose@2026-03-03") if step[0] == "sent"]
    assert when == ["03-03 14:00", "03-03 17:00"], f"nine and twelve in Martinique, in {PARIS} time"


def test_while_a_consent_is_needed_again_nobody_is_reminded_unless_the_study_goes_on(trial: Trial, ben: str) -> None:
    known = b'  - {version: "1.0", from: 2006-01-01}\n'
    asked = {}
    for until in (b"go_on", b"pause"):
        amended = people.protocol().replace(
            known, known + b'  - {version: "2.0", from: 2026-03-03, renew: yes, until_renewed: ' + until + b"}\n"
        )
        conduct.adopt(trial.study, amended, people.instruments(), actor=people.DATA_MANAGER, now=trial.now)
        day = {b"go_on": "2026-03-03", b"pause": "2026-03-04"}[until]
        live(trial, wall(f"{day} 00:00"), wall(f"{day} 23:00"), Post(), minutes=60)
        asked[until] = [step[0] for step in steps(trial, ben, f"dose@{day}")]
    assert asked == {b"go_on": ["intended", "sent", "intended", "sent"], b"pause": []}
    trial.now = wall("2026-03-05 08:00")
    enrolling.give_consent(trial.study, ben, "2.0", date(2026, 3, 5), actor=people.NURSE, now=trial.now)
    live(trial, wall("2026-03-05 08:00"), wall("2026-03-05 10:00"), Post(), minutes=60)
    assert [step[0] for step in steps(trial, ben, "dose@2026-03-05")] == ["intended", "sent"]
