"""Scores and seals are journaled once; the clock visits every study and survives each failure."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from qol_server import journal, keys
from qol_server.intake.study import create_study, fact_of, open_study
from qol_server.trial import facts
from qol_server.trial.facts import Kind
from scheduler import seals, ticks
from scheduler.clock import EVERY, Rounds
from tests import people
from tests.people import Trial
from tests.scheduler.post import wait_for, wall
from tests.shape.project import ROOT

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return people.trial(tmp_path)


def of_kind(trial: Trial, kind: Kind) -> list[facts.Entry]:
    return journal.of_kind(trial.study.store.read(), kind)


def test_a_response_is_scored_once_however_often_the_clock_ticks(trial: Trial) -> None:
    phone = trial.phone(trial.enrol(people.ADA))
    assert not ticks.score(trial.study, trial.now, trial.settings)
    phone.answer("qol@BASELINE", people.C30)
    phone.sync()
    assert ticks.score(trial.study, trial.now, trial.settings)
    after = trial.position
    assert not ticks.score(open_study(trial.settings, people.SLUG), trial.now, trial.settings)
    assert trial.position == after
    (run,) = of_kind(trial, Kind.SCORES_COMPUTED)
    assert fact_of(run.line)["responses"] == 1
    assert run.actor == "clock"


def sealed(trial: Trial) -> list[dict[str, object]]:
    text = seals.path_of(trial.settings, people.SLUG).read_text(encoding="utf-8")
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def test_the_head_is_sealed_once_a_day_and_only_when_it_moved(trial: Trial) -> None:
    when = [NOON, NOON + timedelta(hours=1), NOON + timedelta(days=1), NOON + timedelta(days=2)]
    assert [ticks.seal(trial.study, now, trial.settings) for now in when] == [True, False, False, False]
    trial.enrol(people.ADA)
    assert [ticks.seal(trial.study, now, trial.settings) for now in when[2:]] == [True, False]
    trial.enrol(people.BEN)
    assert not ticks.seal(trial.study, when[2], trial.settings), "one a day"
    assert ticks.seal(trial.study, when[3], trial.settings)
    assert len(sealed(trial)) == len(of_kind(trial, Kind.JOURNAL_SEALED)) == 3


def test_a_seal_is_the_servers_signature_over_a_head_that_the_journal_has(trial: Trial) -> None:
    ticks.seal(trial.study, NOON, trial.settings)
    (seal,) = sealed(trial)
    position, digest, epoch = seal["position"], seal["digest"], seal["epoch"]
    assert isinstance(position, int)
    assert journal.digest_at(trial.study.store.read(), people.SLUG, position) == digest
    message = facts.head_message(people.SLUG, str(epoch), position, str(digest))
    public = (trial.settings.keys / "journal.pub").read_text(encoding="ascii").strip()
    assert keys.verifies(public, message, str(seal["signature"]))


def test_a_seal_that_a_crash_kept_out_of_the_file_follows(trial: Trial) -> None:
    for day in range(3):
        trial.enrol(people.ADA)
        ticks.seal(trial.study, NOON + timedelta(days=day), trial.settings)
    path = seals.path_of(trial.settings, people.SLUG)
    whole = path.read_bytes()
    for cut in (len(whole) - 1, len(whole) - 40, len(whole) // 2, 10, 0):
        path.write_bytes(whole[:cut])
        assert not ticks.seal(trial.study, NOON + timedelta(days=2), trial.settings)
        assert path.read_bytes() == whole


def test_two_clocks_write_a_seal_once(trial: Trial) -> None:
    studies = [open_study(trial.settings, people.SLUG) for _ in range(4)]
    together = threading.Barrier(len(studies))

    def tick(study: people.Study) -> None:
        together.wait()
        ticks.seal(study, NOON, trial.settings)

    threads = [threading.Thread(target=tick, args=(study,)) for study in studies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sealed(trial)) == len(of_kind(trial, Kind.JOURNAL_SEALED)) == 1


def test_one_call_does_all_ticks(trial: Trial) -> None:
    ben = trial.enrol(people.BEN)
    trial.at("2026-03-02 06:00")
    trial.start_treatment(ben, date(2026, 3, 2))
    done = ticks.tick_all(trial.study, wall("2026-03-06 09:00"), trial.settings, lambda *_: None)
    assert (done["sent"], done["unknown-days"], done["sealed"], done["scored"]) == (2, 1, 1, 0)
    assert ticks.tick_all(trial.study, wall("2026-03-06 09:00"), trial.settings, lambda *_: None).total() == 0


# The rounds of the clock


def test_the_clock_visits_active_studies_and_says_when(trial: Trial) -> None:
    create_study(trial.settings, "draft", actor=people.DATA_MANAGER, now=trial.now)
    rounds = Rounds(trial.settings, lambda: NOON)
    for name in EVERY:
        rounds.tick(name)
    assert len(sealed(trial)) == 1
    draft = open_study(trial.settings, "draft")
    assert journal.of_kind(draft.store.read(), Kind.JOURNAL_SEALED) == []
    assert trial._client.get("/health").json["clock"]["last_tick"] == "2026-03-02T12:00:00.000Z"
    assert [path.name for path in trial.settings.data.iterdir() if path.name.startswith(".clock")] == []


def test_a_study_that_cannot_be_read_keeps_no_other_waiting(trial: Trial, caplog: pytest.LogCaptureFixture) -> None:
    (trial.settings.studies / "broken.db").write_bytes(b"Ada feels sick. " * 512)
    rounds = Rounds(trial.settings, lambda: NOON)
    rounds.tick("seal")
    assert len(sealed(trial)) == 1
    assert "broken" in caplog.text
    assert "sick" not in caplog.text


def test_a_tick_that_fails_is_logged_without_values_and_the_next_one_comes(trial: Trial, caplog: pytest.LogCaptureFixture) -> None:
    (trial.settings.data / "seals").write_text("in the way", encoding="utf-8")
    rounds = Rounds(trial.settings, lambda: NOON)
    rounds.tick("seal")
    assert f"the tick seal of {people.SLUG} failed: FileExistsError" in caplog.text
    (trial.settings.data / "seals").unlink()
    rounds.tick("seal")
    assert len(sealed(trial)) == 1


def test_a_study_made_while_the_clock_runs_is_visited(trial: Trial) -> None:
    rounds = Rounds(trial.settings, lambda: NOON)
    rounds.tick("seal")
    other = people.trial(trial.settings.data, "second")
    rounds.tick("seal")
    assert len(of_kind(other, Kind.JOURNAL_SEALED)) == 1


def clock(data: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "scheduler", "--data", str(data), *arguments], cwd=data.parent, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def test_one_round_from_the_command_line(trial: Trial) -> None:
    done = clock(trial.settings.data, "--once")
    assert done.communicate(timeout=60) == ("", "")
    assert done.returncode == 0
    assert len(sealed(trial)) == 1
    assert (trial.settings.data / "clock.txt").read_text(encoding="ascii").endswith("Z\n")


def test_without_a_data_folder_the_clock_says_what_to_do(tmp_path: Path) -> None:
    done = clock(tmp_path / "nowhere", "--once")
    _, error = done.communicate(timeout=60)
    assert done.returncode == 3
    assert "qol init" in error
    assert "Traceback" not in error


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_the_clock_ticks_at_once_and_ends_when_asked(trial: Trial, sign: signal.Signals) -> None:
    running = clock(trial.settings.data)
    try:
        wait_for(lambda: (trial.settings.data / "clock.txt").exists())
        running.send_signal(sign)
        assert running.communicate(timeout=30) == ("", "")
        assert running.returncode == 0
    finally:
        running.kill()
