"""Rules are rehearsed on what a study has: with those in force the rehearsal finds what the journal has, alert by alert."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qol_server import journal
from qol_server.intake import casework, dating, expecting, prescribing, rehearsal
from qol_server.intake.study import fact_of
from qol_server.state import cases, levels, participants
from qol_server.trial.facts import Kind
from qol_server.trial.problems import Refused
from qol_server.trial.rehearsing import Outcome
from tests import people
from tests.people import NURSE, Phone, Trial

DAY = date(2026, 3, 2)
TURNS = {Kind.CASE_OPENED: "open", Kind.CASE_REPEATED: "repeat", Kind.CASE_WORSENED: "worsen", Kind.CASE_REOPENED: "reopen"}


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    return people.trial(tmp_path_factory.mktemp("rehearsal"), alerts=True)


def somebody(trial: Trial) -> Phone:
    trial.now = people.START
    number = trial.enrol(people.ADA)
    trial.at("2026-03-02 08:00", "Europe/Paris")
    trial.start_treatment(number, DAY)
    return trial.phone(number)


def told(trial: Trial, number: str) -> tuple[list[Any], list[Any]]:
    """The alerts and the turns of cases that the journal has of a participant."""
    alerts, turns = [], []
    for entry in journal.of_participant(trial.study.store.read(), number):
        if entry.kind == Kind.ALERT_RAISED:
            fact = fact_of(entry.line)
            alerts.append(
                (
                    entry.received_at, fact["given"], entry.occurrence, fact["rule"], fact["urgency"], fact["findings"], fact["expected"],
                    fact["late"], fact["failed"], fact["root"],
                )
            )  # fmt: skip
        elif entry.kind in TURNS:
            fact = fact_of(entry.line)
            turns.append((entry.received_at, fact["case"], TURNS[Kind(entry.kind)], fact["urgency"]))
    return alerts, turns


def rehearsed(trial: Trial, number: str) -> tuple[list[Any], list[Any]]:
    """The same, as a rehearsal with the rules in force finds it."""
    protocol = trial.study.protocol_in_force(trial.study.store.read())
    [(_, _, replayed)] = rehearsal.replays(trial.study, [protocol], [number])
    [outcome] = replayed.outcomes
    return _alerts(outcome), [(_stamp(one.at), one.case, str(one.turn), str(one.urgency)) for one in outcome.moves]


def _alerts(outcome: Outcome) -> list[Any]:
    return [
        (
            _stamp(one.at), one.survey.given, one.survey.occurrence, one.alert.rule.id, str(one.alert.rule.urgency),
            [[f.subject, f.value[:100], f.before, f.over] for f in one.alert.findings], one.expected and one.expected.position,
            one.is_late, one.alert.failed, one.survey.root,
        )
        for one in outcome.alerts
    ]  # fmt: skip


def _stamp(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


# What may happen to somebody

LEVEL = st.sampled_from([0, 2, 3, 3, 4])
SYMPTOMS = st.fixed_dictionaries(
    {"nausea.frequency": LEVEL, "nausea.severity": LEVEL},
    optional={
        "rash.severity": st.sampled_from([3, 3, 9]), "vomiting.severity": LEVEL,
        "abdominal_pain.severity": LEVEL, "fatigue.severity": LEVEL,
        "temperature": st.sampled_from(["36.9", "38.4", "40.1"]), "bleeding": st.sampled_from(["yes", "no"]),
    },
)  # fmt: skip
DOSES = st.sampled_from([people.TAKEN, people.FORGOTTEN, people.FORGOTTEN, people.TAKEN | {"intake.2.status": "taken"}, {}])
N = st.integers(0, 7)
WEEKLY = st.tuples(st.just("week"), st.integers(0, 4), SYMPTOMS)
SYNC, WAIT = st.tuples(st.just("sync")), st.tuples(st.just("wait"), st.sampled_from([1, 2, 5, 9]))
ACTS = st.lists(
    st.one_of(
        WEEKLY, WEEKLY, WEEKLY, SYNC, SYNC, SYNC, WAIT, WAIT,
        st.tuples(st.just("dose"), N, DOSES),
        st.tuples(st.just("dose"), N, DOSES),
        st.tuples(st.just("correct"), st.integers(0, 5), SYMPTOMS),
        st.tuples(st.just("correct"), st.integers(0, 1), SYMPTOMS),
        st.tuples(st.just("happened"), st.integers(1, 3), st.sampled_from(["yes", "no"])),
        st.tuples(st.just("resolve")),
        st.tuples(st.just("serious")),
        st.tuples(st.just("expect"), LEVEL, st.sampled_from([0, 9, 30])),
        st.tuples(st.just("stop_expecting")),
        st.tuples(st.just("hold"), N),
        st.tuples(st.just("resume"), N),
        st.tuples(st.just("end"), N),
        st.tuples(st.just("retract")),
        st.tuples(st.just("never"), N),
        st.tuples(st.just("move"), st.sampled_from(["Asia/Tokyo", "America/Martinique"])),
    ),
    min_size=25,
    max_size=60,
)  # fmt: skip


class Story:
    """Lives what was drawn; each step takes an hour, so that no two requests come at once."""

    def __init__(self, trial: Trial) -> None:
        self.trial, self.phone = trial, somebody(trial)
        self.sent: list[Any] = []

    def live(self, acts: list[Any]) -> None:
        for act, *given_ in acts:
            self.trial.now += timedelta(hours=1)
            getattr(self, act)(*given_)
        self.sync()

    def week(self, n: int, answers: Any) -> None:
        self.sent.append(self.phone.answer(f"symptoms@W{n}", answers))

    def dose(self, n: int, answers: Any) -> None:
        self.phone.answer(f"dose@{DAY + timedelta(days=n)}", answers)

    def correct(self, n: int, answers: Any) -> None:
        if self.sent:
            target = self.sent[n % len(self.sent)]
            occurrence = ("symptoms@W1", "symptoms@W2")[n % 2]
            self.sent.append(self.phone.answer(occurrence, answers, supersedes=target.id, reason="typing_mistake"))

    def happened(self, severity: int, hospital: str) -> None:
        self.phone.something_happened(people.FELL_ILL | {"severity": severity, "hospital": hospital})

    def wait(self, days: int) -> None:
        self.trial.now += timedelta(days=days)

    def sync(self) -> None:
        self.phone.sync()

    def _open(self) -> Iterator[Any]:
        tx = self.trial.study.store.read()
        return (row for row in cases.still_open(tx) if row["participant"] == self.phone.number)

    def resolve(self) -> None:
        for row in self._open():
            with suppress(Refused):  # a serious one waits for its report
                casework.resolve(
                    self.trial.study, row["case"], seen=row["version"], action="called", outcome="improving", reason="better",
                    actor=NURSE, now=self.trial.now,
                )  # fmt: skip

    def serious(self) -> None:
        tx = self.trial.study.store.read()
        for row in tx.all('SELECT * FROM cases WHERE participant = ? ORDER BY "case" LIMIT 1', (self.phone.number,)):
            casework.state_serious(
                self.trial.study, row["case"], seen=row["version"], criterion=casework.Serious.HOSPITALISATION, aware_at=self.trial.now,
                actor=NURSE, now=self.trial.now,
            )  # fmt: skip

    def expect(self, level: int, days: int) -> None:
        until = self.trial.now.astimezone(ZoneInfo("America/Martinique")).date() + timedelta(days=days + 1)
        for item in ("nausea.severity", "nausea.frequency", "fatigue.severity"):
            expecting.expect(self.trial.study, self.phone.number, item, level, until, reason="x", actor=NURSE, now=self.trial.now)

    def stop_expecting(self) -> None:
        for one in levels.expected(self.trial.study.store.read(), self.phone.number)[:1]:
            with suppress(Refused):  # it may have run out
                expecting.end(self.trial.study, self.phone.number, one.position, reason="x", actor=NURSE, now=self.trial.now)

    def hold(self, n: int) -> None:
        with suppress(Refused):
            self.trial.hold(self.phone.number, DAY + timedelta(days=n))

    def resume(self, n: int) -> None:
        with suppress(Refused):
            self.trial.prescribe(self.phone.number, "800", DAY + timedelta(days=n), "recovery")

    def end(self, n: int) -> None:
        with suppress(Refused):
            self.trial.anchor(self.phone.number, "treatment_end", DAY + timedelta(days=n), reason="x")

    def retract(self) -> None:
        with suppress(Refused):
            dating.take_back_anchor(self.trial.study, self.phone.number, "treatment_end", actor=NURSE, now=self.trial.now, reason="x")

    def never(self, n: int) -> None:
        history = participants.prescriptions(self.trial.study.store.read(), self.phone.number)
        with suppress(Refused):
            prescribing.correct(
                self.trial.study,
                self.phone.number,
                history[n % len(history)]["position"],
                None,
                actor=NURSE,
                now=self.trial.now,
                reason="x",
            )

    def move(self, zone: str) -> None:
        self.phone.client.seal("preference.set", captured_at=self.trial.now, time_zone=zone, language="en")


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(acts=ACTS)
def test_the_rules_in_force_find_exactly_what_the_journal_has(trial: Trial, acts: list[Any]) -> None:
    story = Story(trial)
    story.live(acts)
    assert rehearsed(trial, story.phone.number) == told(trial, story.phone.number)


def nausea(severity: int) -> dict[str, int]:
    return {"nausea.frequency": 2, "nausea.severity": severity}


MILDER = b"""alerts:
  - {id: fever, when: {item: temperature, at_least: "38.0"}, urgency: same-day}
  - {id: very-severe, when: {instrument: symptom-diary, attribute: severity, at_least: 4}, urgency: same-day}
"""


@pytest.fixture
def watched(tmp_path: Path) -> Trial:
    """A study of its own, in which Ada has nausea, fever and nausea again, week by week."""
    trial = people.trial(tmp_path, alerts=True)
    phone = somebody(trial)
    for n, answers in enumerate((nausea(3), {"temperature": "38.1"}, {"temperature": "38.5"}, nausea(4))):
        trial.at(f"2026-03-{2 + 7 * n:02} 20:00", "Europe/Paris")
        phone.answer(f"symptoms@W{n}", answers)
        phone.sync()
    return trial


def compared(trial: Trial, draft: bytes, **fields: Any) -> dict[str, Any]:
    read = rehearsal.read_draft(trial.study, draft)
    told, _ = rehearsal.compare(trial.study, read.present, read.protocol, **fields)
    return rehearsal.as_document(told, {"01": 2})


def test_a_draft_is_compared_survey_by_survey(watched: Trial) -> None:
    told = compared(watched, MILDER)
    differences = {
        which: [(one["occurrence"], one["present"], one["draft"]) for one in there["listed"]]
        for which, there in told["differences"].items()
    }
    assert differences == {
        "lost": [("symptoms@W0", ("severe-symptom",), ())],
        "gained": [("symptoms@W1", (), ("fever",))],
        "sooner": [],
        "later": [("symptoms@W2", ("fever",), ("fever",))],
    }
    assert (told["surveys"], told["participants"], told["weeks"]) == (4, 1, 3.0)
    assert told["present"]["rules"] == {"fever": 1, "severe-symptom": 2}
    assert told["draft"]["rules"] == {"fever": 2, "very-severe": 1}
    assert [(one["site"], one["nurses"], one["draft_each"]) for one in told["sites"]] == [("01", 2, 0.5)]


def test_what_came_before_a_day_is_the_past_and_is_not_counted(watched: Trial) -> None:
    told = compared(watched, MILDER, since=datetime(2026, 3, 10, tzinfo=UTC))
    assert told["present"]["rules"] == {"fever": 1, "severe-symptom": 1}
    assert {which: there["count"] for which, there in told["differences"].items()} == {"lost": 0, "gained": 0, "sooner": 0, "later": 1}


def test_the_same_rules_differ_in_nothing_and_nothing_is_changed(watched: Trial) -> None:
    before = watched.position
    told = compared(watched, people.protocol())
    assert told["present"] == told["draft"]
    assert all(there["count"] == 0 for there in told["differences"].values())
    assert watched.position == before


def test_a_case_that_only_the_draft_makes_ends_after_as_long_as_cases_usually_take(watched: Trial) -> None:
    sore = b'alerts:\n  - {id: warm, when: {item: temperature, at_least: "38.0"}, urgency: same-day}\n'
    told = compared(watched, sore)
    assert (told["draft"]["cases"], told["draft"]["anew"]) == (1, 1)  # a higher fever a week later opens the first case again
    assert told["draft"]["by_participant"] == {"01-0001-4": 2}


def test_a_study_that_only_records_is_rehearsed_and_activates_nothing(tmp_path: Path) -> None:
    trial = people.trial(tmp_path)
    phone = somebody(trial)
    phone.answer("symptoms@W0", {"temperature": "38.5"})
    phone.sync()
    assert compared(trial, MILDER)["draft"]["alerts"] == 1
    version = trial.study.protocol_in_force(trial.study.store.read()).version
    with pytest.raises(Refused) as refused:
        rehearsal.activate(trial.study, MILDER, amends=version, actor=people.DATA_MANAGER, now=trial.now, reason="less noise")
    assert refused.value.problem.name == "record-only"


def test_a_draft_comes_into_force_as_a_version_that_differs_in_its_rules_alone(watched: Trial) -> None:
    study = watched.study
    before = study.protocol_in_force(study.store.read())
    rehearsal.activate(study, MILDER, amends=before.version, actor=people.DATA_MANAGER, now=watched.now, reason="less noise")
    after = study.protocol_in_force(study.store.read())
    assert [rule.id for rule in after.rules] == ["fever", "very-severe"]
    assert replace(after, version=before.version, rules=before.rules, alerts=before.alerts) == before
    entry = journal.of_kind(study.store.read(), Kind.PROTOCOL_ADOPTED)[-1]
    assert (entry.actor, entry.reason, fact_of(entry.line)["amends"]) == (people.DATA_MANAGER, "less noise", before.version)


@pytest.mark.parametrize(
    ("draft", "amends", "reason", "problem"),
    [
        (MILDER, None, " ", "reason-needed"),
        (MILDER, "0" * 64, "less noise", "protocol-changed"),
        (people.protocol(), None, "again", "bad-value"),
        (b"alerts:\n  - {id: odd, when: {item: tempreature, at_least: 3}, urgency: now}", None, "x", "bad-study-file"),
    ],
)
def test_what_does_not_come_into_force(watched: Trial, draft: bytes, amends: str | None, reason: str, problem: str) -> None:
    version = watched.study.protocol_in_force(watched.study.store.read()).version
    before = watched.position
    with pytest.raises(Refused) as refused:
        rehearsal.activate(watched.study, draft, amends=amends or version, actor=NURSE, now=watched.now, reason=reason)
    assert refused.value.problem.name == problem
    assert watched.position == before


@pytest.mark.parametrize(
    ("draft", "line", "says"),
    [
        (b"# rules\n- {id: odd, when: {item: tempreature, at_least: 3}, urgency: now}", 2, "There is no item"),
        (b"alerts:\n  - {id: a, when: {item: temperature, at_least: 3}, urgency: soon}", 2, ""),
        (b"study: x\n\nalerts:\n  - [\n", 4, "cannot be read"),
        (b"endpoints: {}\n", 1, "no alert rules"),
        (b"", 1, "no alert rules"),
        (b"\xff\xfe", 1, "not UTF-8"),
    ],
)
def test_mistakes_are_named_by_the_drafts_lines(watched: Trial, draft: bytes, line: int, says: str) -> None:
    with pytest.raises(Refused) as refused:
        rehearsal.read_draft(watched.study, draft)
    assert refused.value.problem.name == "bad-study-file"
    assert refused.value.errors[0]["where"] == f"line {line}"
    assert says in refused.value.errors[0]["what"]


def test_no_rules_are_rules_too(watched: Trial) -> None:
    assert rehearsal.read_draft(watched.study, b'alerts: []\n"title": x\nescalation: {}\n').protocol.rules == ()
