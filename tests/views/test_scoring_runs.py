"""The clock scores what came since its last run; the journal has one entry a run, however many clocks tick."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import date
from threading import Barrier, Thread

import orjson
import pytest

from qol_server import journal
from qol_server.intake import looking
from qol_server.intake.study import open_study
from qol_server.trial import facts, scoring
from qol_server.trial.facts import Kind
from qol_server.views import reading, scores
from tests import people
from tests.views.story import SYMPTOMS


@pytest.fixture
def trial(tmp_path):
    return people.trial(tmp_path)


@pytest.fixture
def ada(trial):
    number = trial.enrol(people.ADA)
    trial.start_treatment(number, date(2026, 3, 1))
    return trial.phone(number)


def tick(trial):
    return looking.score(trial.study, looking.live(trial.study, trial.settings), trial.now)


def runs(trial):
    return [orjson.loads(entry.line) for entry in journal.every(trial.study.store.read()) if entry.kind == Kind.SCORES_COMPUTED]


def test_nothing_new_journals_nothing(trial, ada):
    assert tick(trial) is None
    ada.answer("qol@BASELINE", people.C30)
    ada.sync()
    assert tick(trial) is not None
    head = trial.position
    assert tick(trial) is None
    assert trial.position == head


def test_a_run_says_what_it_covered_and_has_the_digest_of_its_scores(trial, ada):
    ada.answer("qol@BASELINE", people.C30)
    ada.answer("dose@2026-03-01", people.TAKEN)
    ada.sync()
    run = tick(trial)
    tx = trial.study.store.read()
    (position,) = [row["position"] for row in tx.all("SELECT position FROM responses WHERE instrument = 'eortc-qlq-c30'")]
    values = scoring.scores(trial.study.instrument(tx, trial.versions["eortc-qlq-c30"]), people.C30)
    listed = [[position, scale, None if score.value is None else str(score.value)] for scale, score in values.items()]
    digest = hashlib.sha256(facts.canonical(listed)).hexdigest()
    assert run == scores.Run(position, position, 1, {"eortc-qlq-c30": "eortc/1"}, digest)
    assert runs(trial) == [run.fact()]
    entry = journal.one(tx, trial.position)
    assert (entry.kind, entry.actor) == (Kind.SCORES_COMPUTED, "clock")


def test_what_has_no_scales_is_no_run(trial, ada):
    ada.answer("dose@2026-03-01", people.TAKEN)
    ada.answer("symptoms@W0", SYMPTOMS)
    ada.sync()
    assert tick(trial) is None


def test_a_correction_is_scored_and_the_first_score_stays(trial, ada):
    first = ada.answer("qol@BASELINE", people.C30)
    ada.sync()
    tick(trial)
    ada.answer("qol@BASELINE", people.C30 | {"q1": 4}, supersedes=first.id, reason="typing_mistake")
    ada.sync()
    second = tick(trial)
    assert second.responses == 1
    assert [(run["first"], run["last"]) for run in runs(trial)] == [(first.receipt["position"],) * 2, (second.first,) * 2]
    views = looking.as_of(trial.study, trial.position)
    rows = views.store.read().all("SELECT value, current FROM scores WHERE scale = 'PF' ORDER BY position")
    assert [tuple(row) for row in rows] == [(100.0, 0), (80.0, 1)]


def test_two_clocks_at_once_double_nothing(trial, ada):
    ada.answer("qol@BASELINE", people.C30)
    ada.sync()
    ready, made = Barrier(2), []

    def clock():
        study = open_study(trial.settings, trial.study.slug)
        views = looking.live(study, trial.settings)
        ready.wait()
        made.append(looking.score(study, views, trial.now))

    clocks = [Thread(target=clock) for _ in range(2)]
    for one in clocks:
        one.start()
    for one in clocks:
        one.join()
    assert len(made) == 2
    assert len([run for run in made if run is not None]) == 1
    assert len(runs(trial)) == 1


def test_wiped_views_give_no_second_run(trial, ada):
    ada.answer("qol@BASELINE", people.C30)
    ada.sync()
    tick(trial)
    looking.live(trial.study, trial.settings).wipe()
    assert tick(trial) is None
    assert len(runs(trial)) == 1


@pytest.fixture
def second_version(monkeypatch):
    """Makes the method of the QLQ-C30 another version from then on."""

    def change():
        monkeypatch.setitem(scoring.METHODS, "eortc", replace(scoring.METHODS["eortc"], version=2))
        reading.layout.cache_clear()

    yield change
    reading.layout.cache_clear()


def test_a_new_version_of_a_method_scores_everything_again_in_one_run(trial, ada, second_version):
    ada.answer("qol@BASELINE", people.C30)
    ada.sync()
    old = tick(trial)
    second_version()
    new = tick(trial)
    assert (new.first, new.last, new.methods) == (old.first, old.last, {"eortc-qlq-c30": "eortc/2"})
    assert [run["methods"]["eortc-qlq-c30"] for run in runs(trial)] == ["eortc/1", "eortc/2"]
    assert tick(trial) is None
