"""Views follow the journal: the same rows in one go, in slices, made again, or looked back at; and never a row from later."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qol_server import journal
from qol_server.intake import adoption, looking
from qol_server.trial.facts import Entry, Kind
from qol_server.views import reading
from qol_server.views.showing import VIEWS, digest, rebuild
from tests import people
from tests.views.story import SYMPTOMS


def digests(views):
    return {name: digest(views, name) for name in VIEWS}


def as_of(trial, position):
    return digests(looking.as_of(trial.study, position))


def caught_up(views):
    views.catch_up()
    views.draw()
    return digests(views)


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    return people.trial(tmp_path_factory.mktemp("reading"))


# One step of a life: what happens on the next day.
TREATMENT = date(2026, 3, 1)
EVERYTHING = (
    "dose", "late dose", "symptoms", "correction", "correction of nothing known", "wrong", "again", "event", "hold", "recovery",
    "progression", "withdrawal", "wrong clock", "restart", "correction", "death",
)  # fmt: skip
STEPS = st.sampled_from(EVERYTHING)


def live_through(trial, number, phone, steps):
    given = []
    for nth, step in enumerate(steps):
        day = TREATMENT + timedelta(days=nth)
        trial.at(f"{max(day.isoformat(), '2026-03-02')} 19:00")
        match step:
            case "dose":
                given.append(phone.answer(f"dose@{day}", people.TAKEN))
            case "late dose":
                given.append(phone.answer(f"dose@{TREATMENT}", people.FORGOTTEN))
            case "symptoms":
                given.append(phone.answer(f"symptoms@W{nth // 7 + 1}", SYMPTOMS))
            case "correction" if given:
                what = given[-1]
                given.append(phone.answer(f"dose@{day}", people.FORGOTTEN, supersedes=what.id, reason="wrong_day"))
            case "correction of nothing known":
                phone.answer(f"dose@{day}", people.TAKEN, supersedes="3f0e8e6e-8f3c-4a5e-9d8e-0c5a2b1f7d10")
            case "wrong":
                phone.answer(f"dose@{day}", {"intake.1.status": "swallowed"})
            case "again":
                phone.answer(f"dose@{TREATMENT}", people.TAKEN)
            case "event":
                phone.something_happened()
            case "hold":
                trial.hold(number, day)
            case "recovery":
                trial.prescribe(number, "600", day, "recovery")
            case "progression":
                trial.anchor(number, "progression", day, again=True)
            case "withdrawal":
                trial.withdraw(number, "treatment", day, reason="it was another day")
            case "death":
                trial.anchor(number, "death", day, reason="it was another day")
            case "restart":
                trial.anchor(number, "treatment_start", day, reason="it was another day")
            case "wrong clock":
                phone.answer(f"dose@{day}", people.TAKEN, captured=f"{day - timedelta(days=40)} 12:00")
        phone.sync()


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEPS, min_size=3, max_size=12), st.lists(STEPS, min_size=2, max_size=6))
def test_the_past_is_constant_and_following_gives_what_reading_anew_gives(trial, before, after):
    """A view as of a position is the same whatever comes later; a view that followed in steps equals one read in one go."""
    following = looking.live(trial.study, trial.settings)
    trial.at("2026-03-01 08:00")
    number = trial.enrol(people.CAST[len(before) % 3])
    trial.start_treatment(number, TREATMENT)
    phone = trial.phone(number)
    live_through(trial, number, phone, before)
    then = trial.position
    had = as_of(trial, then)
    assert caught_up(following) == had
    live_through(trial, number, phone, after)
    assert as_of(trial, then) == had
    assert caught_up(following) == as_of(trial, trial.position)


def test_the_fold_of_the_views_is_the_state_that_decides(tmp_path):
    """What the views folded for themselves is what the server's own state says, row by row, revisions apart."""
    trial = people.trial(tmp_path)
    number = trial.enrol(people.CLEA)
    trial.start_treatment(number, TREATMENT)
    live_through(trial, number, trial.phone(number), EVERYTHING)
    views = looking.as_of(trial.study, trial.position)
    for table, columns in {
        "responses": "position, id, occurrence, root, superseded, current, flags",
        "assignments": "participant, occurrence, opens, target, due, closes, expected, retired",
        "devices": "device, status, last_seq, last_captured",
        "roster": "participant, site, time_zone, ended_on",
        "quarantine": "position, occurrence, problem",
        "prescriptions": "participant, day, mg_per_day, reason",
    }.items():
        sql = f"SELECT {columns} FROM {table} ORDER BY 1, 2, 3"
        decided = [tuple(row) for row in trial.study.store.read().all(sql)]
        assert [tuple(row) for row in views.store.read().all(sql)] == decided, table
        assert decided, table


def test_small_slices_give_what_large_ones_give(story, monkeypatch):
    trial = story.trial
    whole = as_of(trial, trial.position)
    monkeypatch.setattr(reading, "SLICE", 3)
    assert as_of(trial, trial.position) == whole


def test_reading_stops_at_the_position_that_was_asked_for(story):
    views = looking.as_of(story.trial.study, story.marks["14 March"])
    assert views.position() == story.marks["14 March"]
    assert views.moment().isoformat() == "2026-03-14T11:00:00+00:00"


def test_the_live_file_remembers_how_far_it_has_read(story):
    first = looking.live(story.trial.study, story.trial.settings)
    assert first.catch_up() == story.trial.position
    assert looking.live(story.trial.study, story.trial.settings).position() == story.trial.position


def test_a_rebuild_finds_the_views_equal(story):
    views = looking.live(story.trial.study, story.trial.settings)
    differences, rows = rebuild(views)
    assert differences == []
    assert rows["participants"] == 3
    assert rows["scores"] == 48


def test_a_rebuild_finds_and_mends_a_row_that_was_changed(story):
    views = looking.live(story.trial.study, story.trial.settings)
    good = caught_up(views)
    views.store.write(lambda tx: tx.run("UPDATE scored SET value = 99 WHERE scale = 'QL'"))
    views.store.write(lambda tx: tx.run("DELETE FROM doses WHERE day = '2026-03-08'"))
    differences, _ = rebuild(views)
    assert [one.partition(":")[0] for one in differences] == ["scores", "doses"]
    assert digests(views) == good


def test_a_file_of_other_tables_is_made_again(story):
    views = looking.live(story.trial.study, story.trial.settings)
    good = caught_up(views)
    views.store.write(lambda tx: tx.run("UPDATE reading SET layout = 'of an older version'"))
    views.store.write(lambda tx: tx.run("DROP TABLE given"))
    assert caught_up(looking.live(story.trial.study, story.trial.settings)) == good


def test_an_amendment_moves_the_windows_from_its_position_on(tmp_path):
    trial = people.trial(tmp_path)
    ada = trial.enrol(people.ADA)
    trial.start_treatment(ada, date(2026, 3, 1))
    before = trial.position
    following = looking.live(trial.study, trial.settings)
    had = caught_up(following)
    wider = people.protocol().replace(b"count: 12, window: [-P7D, P7D], grace: P13D", b"count: 12, window: [-P7D, P9D], grace: P13D")
    adoption.adopt(trial.study, wider, people.instruments(), actor=people.DATA_MANAGER, now=trial.now, reason="longer windows")

    def due(views):
        columns, rows = VIEWS["windows"](views)
        names = [column.name for column in columns]
        return next(row[names.index("due")] for row in rows if row[names.index("occurrence")] == "qol@M1")

    assert due(looking.as_of(trial.study, before)) == "2026-04-08"
    assert as_of(trial, before) == had
    assert caught_up(following) == as_of(trial, trial.position)
    assert due(following) == "2026-04-10"


def test_what_was_redacted_is_gone_from_the_views_and_the_rest_stays(tmp_path):
    trial = people.trial(tmp_path)
    ada = trial.phone(trial.enrol(people.ADA))
    named = ada.something_happened(people.FELL_ILL | {"what": "Dr Somebody was rude"})
    ada.answer("qol@BASELINE", people.C30)
    ada.sync()
    following = looking.live(trial.study, trial.settings)
    caught_up(following)
    where = f"position:{named.receipt['position']}"
    redaction = Entry(Kind.ENTRY_REDACTED, "r1", b"{}", people.DATA_MANAGER, "2026-03-02T09:00:00.000Z", occurrence=where, reason="a name")

    def redact(tx):
        journal.append(tx, trial.study.slug, [(redaction, hashlib.sha256(b"{}").digest())])
        tx.run("UPDATE lines SET line = x'' WHERE position = ?", (named.receipt["position"],))

    trial.study.store.write(redact)
    views = looking.as_of(trial.study, trial.position)
    assert VIEWS["adverse_event_reports"](views)[1] == []
    assert digest(views, "answers")[0] == 30
    assert caught_up(following) == digests(views)


def test_views_of_another_journal_are_forgotten(story, tmp_path):
    """As after a restore: the file of the views knows entries that this journal never had."""
    caught_up(looking.live(story.trial.study, story.trial.settings))
    restored = people.trial(tmp_path)
    restored.enrol(people.BEN)
    (tmp_path / "views").mkdir()
    with closing(sqlite3.connect(story.trial.settings.data / "views" / "desminib.db")) as theirs:
        theirs.execute("VACUUM INTO ?", (str(tmp_path / "views" / "desminib.db"),))
    assert looking.live(restored.study, restored.settings).position() > restored.position
    assert caught_up(looking.live(restored.study, restored.settings)) == as_of(restored, restored.position)
