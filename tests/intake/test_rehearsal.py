"""Rules are rehearsed on what a study has: with those in force the rehearsal finds what the journal has, alert by alert."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from qol_server import journal
from qol_server.intake import adoption, rehearsal
from qol_server.intake.study import fact_of
from qol_server.library import drafts
from qol_server.trial import alerting
from qol_server.trial.facts import Kind
from qol_server.trial.problems import Refused
from qol_server.trial.rehearsing import Outcome
from tests import people
from tests.intake import scenes
from tests.intake.scenes import Life
from tests.people import NURSE, Phone, Trial

DAY = date(2026, 3, 2)
TURNS = {
    Kind.CASE_OPENED: "open", Kind.CASE_REPEATED: "repeat", Kind.CASE_WORSENED: "worsen", Kind.CASE_RELAPSED: "relapse",
    Kind.CASE_REOPENED: "reopen",
}  # fmt: skip


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
                    entry.received_at, fact["given"], entry.occurrence, fact["rule"], fact["urgency"], fact["findings"], fact["again"],
                    fact["expected"], fact["late"], fact["failed"], fact["root"],
                )
            )  # fmt: skip
        elif entry.kind in TURNS:
            fact = fact_of(entry.line)
            turns.append((entry.received_at, fact["case"], TURNS[Kind(entry.kind)], fact["urgency"]))
    return alerts, turns


def rehearsed(trial: Trial, numbers: list[str]) -> dict[str, tuple[list[Any], list[Any]]]:
    """The same by number, as a rehearsal with the rules in force finds it."""
    protocol = trial.study.protocol_in_force(trial.study.store.read())
    found = {}
    for number, _, replayed in rehearsal.replays(trial.study, [protocol], numbers):
        [outcome] = replayed.outcomes
        found[number] = _alerts(outcome), [(_stamp(one.at), one.case, str(one.turn), str(one.urgency)) for one in outcome.moves]
    return found


def _alerts(outcome: Outcome) -> list[Any]:
    return [
        (
            _stamp(one.at), one.survey.given, one.survey.occurrence, one.alert.rule.id, str(one.alert.rule.urgency),
            [[f.subject, f.value[:100], f.before, f.over] for f in one.alert.findings], one.is_back,
            one.expected and one.expected.position, one.is_late, one.alert.failed, one.survey.root,
        )
        for one in outcome.alerts
    ]  # fmt: skip


def _stamp(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


KINDS = (
    Kind.ENTRY_QUARANTINED, Kind.CASE_CORRECTED, Kind.CASE_RESOLVED, Kind.SERIOUSNESS_STATED, Kind.LEVEL_EXPECTED, Kind.LEVEL_ENDED,
    Kind.PREFERENCE_SET, Kind.TREATMENT_PRESCRIBED, Kind.PRESCRIPTION_CORRECTED, Kind.ANCHOR_SET, Kind.ANCHOR_REVOKED,
    Kind.WITHDRAWAL_RECORDED, Kind.WITHDRAWAL_REVOKED,
)  # fmt: skip
"""What a rehearsal has to take from the journal, besides the answers."""
SEEDS = range(28)
ACTS = 50


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Trial, dict[int, Life]]]:
    """Many lives in one study. A rule that sees no black stool stumbles, as a rule may."""
    judge = alerting._JUDGES[alerting.Answered]

    def stumbling(when: Any, seen: alerting.Seen) -> Iterator[alerting.Finding]:
        if seen.answers.get("black_stool") == "no":
            raise ZeroDivisionError
        yield from judge(when, seen)

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(alerting._JUDGES, alerting.Answered, stumbling)  # type: ignore[arg-type]
        trial = scenes.watched(tmp_path_factory.mktemp("lives"))
        yield trial, {seed: Life(trial, seed).live(ACTS) for seed in SEEDS}


def test_the_rules_in_force_find_exactly_what_the_journal_has(lives: tuple[Trial, dict[int, Life]]) -> None:
    trial, there = lives
    found = rehearsed(trial, [life.number for life in there.values()])
    differ = {seed: life.acts for seed, life in there.items() if found[life.number] != told(trial, life.number)}
    assert differ == {}


def test_the_lives_have_all_that_two_accounts_could_differ_in(lives: tuple[Trial, dict[int, Life]]) -> None:
    trial, there = lives
    happened: Counter[str] = Counter()
    for life in there.values():
        alerts, turns = told(trial, life.number)
        happened.update(turn for _, _, turn, _ in turns)
        happened.update(rule for _, _, _, rule, *_ in alerts)
        happened.update(
            name
            for *_, expected, late, failed, _ in alerts
            for name, is_so in (("explained", expected), ("late", late), ("stumbled", failed))
            if is_so
        )
        happened.update(entry.kind for entry in journal.of_participant(trial.study.store.read(), life.number))
    rules = {rule.id for rule in trial.study.protocol_in_force(trial.study.store.read()).rules}
    never = {name for name in (*TURNS.values(), *rules, "explained", "late", "stumbled", *KINDS) if not happened[name]}
    assert never == set()


def test_what_is_typed_in_one_instant_is_judged_one_by_one(tmp_path: Path) -> None:
    """The later week first, of which the earlier one makes a rise: the case is the earlier one's."""
    trial = people.trial(tmp_path, alerts=True)
    life = Life(trial, 0)
    trial.now += timedelta(days=2)
    life.type_in("symptoms@W2", nausea(2), trial.now)
    life.type_in("symptoms@W1", {"nausea.frequency": 0, "rash.frequency": 1, "rash.severity": 3}, trial.now - timedelta(days=1))
    assert [turn for _, _, turn, _ in told(trial, life.number)[1]] == ["open", "worsen"]
    assert rehearsed(trial, [life.number])[life.number] == told(trial, life.number)


def test_a_survey_that_had_a_case_long_ago_opens_another_one(tmp_path: Path) -> None:
    trial = people.trial(tmp_path, alerts=True)
    life = Life(trial, 0)
    trial.at("2026-03-16 20:00", "Europe/Paris")
    life.phones[0].answer("symptoms@W2", nausea(3))
    life.phones[0].sync()
    life.resolve()
    trial.at("2026-03-30 20:00", "Europe/Paris")
    life.phones[0].answer("symptoms@W1", {"nausea.frequency": 0}, captured="2026-03-09 20:00")
    life.phones[0].sync()
    turns = told(trial, life.number)[1]
    assert [turn for _, _, turn, _ in turns] == ["open", "open"]
    assert len({case for _, case, _, _ in turns}) == 2
    assert rehearsed(trial, [life.number])[life.number] == told(trial, life.number)


def test_what_is_under_review_is_read_by_the_instrument_that_it_names_else_by_the_one_in_force(tmp_path: Path) -> None:
    """In the newer version of the diary the nausea's severity is no severity any more, so that no rule asks for it."""
    trial = people.trial(tmp_path, alerts=True)
    phone, old, nobodys = somebody(trial), trial.versions["symptom-diary"], "0" * 64

    def send(week: int, version: str) -> None:
        trial.now += timedelta(hours=1)
        phone.answer(f"symptoms@W{week}", nausea(9), version=version)  # there is no such severity
        phone.sync()

    send(0, nobodys)
    newer, severity = people.instruments(), b"symptom: nausea, attribute: severity,"
    assert severity in newer["symptom-diary"]
    newer["symptom-diary"] = newer["symptom-diary"].replace(severity, b"symptom: nausea,")
    protocol = people.protocol().replace(b"alerts: record-only", b"alerts: on")
    adoption.adopt(trial.study, protocol, newer, actor=people.DATA_MANAGER, now=trial.now, reason="a newer diary")
    send(1, old)
    send(2, nobodys)
    assert [occurrence for _, _, occurrence, *_ in told(trial, phone.number)[0]] == ["symptoms@W0", "symptoms@W1"]
    assert rehearsed(trial, [phone.number])[phone.number] == told(trial, phone.number)


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


def nested(depth: int) -> str:
    condition = '{item: temperature, at_least: "38.0"}'
    for n in range(depth):
        condition = f"{{{'any' if n % 2 else 'all'}: [{condition}]}}"
    return f"alerts:\n  - {{id: deep, when: {condition}, urgency: now}}\n"


def test_conditions_stand_eight_deep_in_each_other_and_no_deeper(watched: Trial) -> None:
    assert [rule.id for rule in rehearsal.read_draft(watched.study, nested(8).encode()).protocol.rules] == ["deep"]
    with pytest.raises(Refused) as refused:
        rehearsal.read_draft(watched.study, nested(9).encode())
    assert '"all" and "any" stand too deep within each other' in refused.value.errors[0]["what"]


FEVER = '{item: temperature, at_least: "38.0"}'


@pytest.mark.parametrize(
    ("draft", "line"),
    [
        (nested(12), 2),
        (nested(1000), 2),
        ("# ours\nalerts: " + "[" * 40_000, 2),
        ("alerts:\n  - {id: wide, when: {any: [" + ", ".join([FEVER] * 1000) + "]}, urgency: now}", 2),
        ("study: x\nalerts:\n  - {id: a, note: " + "x" * 50_000, 2),
        ("".join("- {id: a, urgency: now}\n" for _ in range(1001)), 1000),
    ],
)
def test_a_draft_that_is_too_large_is_refused_before_anything_is_made_of_it(
    watched: Trial, monkeypatch: pytest.MonkeyPatch, draft: str, line: int
) -> None:
    def never(*_: object) -> object:
        raise AssertionError("it was composed")

    monkeypatch.setattr(drafts, "parse", never)
    monkeypatch.setattr(drafts, "protocol_from", never)
    with pytest.raises(Refused) as refused:
        rehearsal.read_draft(watched.study, draft.encode())
    assert (refused.value.problem.name, refused.value.errors) == ("draft-too-large", [{"where": f"line {line}"}])


def test_a_rehearsal_ends_when_its_time_is_over_and_says_how_many_are_left(watched: Trial) -> None:
    for person in (people.BEN, people.CLEA):
        watched.start_treatment(watched.enrol(person), DAY)
    read, done = rehearsal.read_draft(watched.study, MILDER), []

    def compare(is_over: Callable[[], bool]) -> tuple[int, int]:
        told, left = rehearsal.compare(
            watched.study, read.present, read.protocol, is_over=is_over, progress=lambda number, _all: done.append(number)
        )
        return told.surveys, left

    assert compare(lambda: False) == (4, 0)
    assert compare(lambda: True) == (0, 3)
    done.clear()
    assert compare(lambda: bool(done)) == (4, 2)


def test_one_rehearsal_of_a_study_at_a_time(watched: Trial) -> None:
    with rehearsal.turn(watched.study, people.NURSE):
        with pytest.raises(rehearsal.SomebodyElse) as other, rehearsal.turn(watched.study, people.DATA_MANAGER):
            raise AssertionError("two at a time")
        assert other.value.actor == people.NURSE
    with rehearsal.turn(watched.study, people.DATA_MANAGER):
        pass
