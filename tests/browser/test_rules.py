"""The app's rules and the server's say the same: the worked examples and thousands of random cases through both engines."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from qol_server.api.feed import instrument_document
from qol_server.library import load_instruments, shipped_instruments
from qol_server.trial import schedule
from qol_server.trial.diary import DoseDay, dose_days, prescribed, treatment_days
from qol_server.trial.instrument import All, Compare, Condition, Instrument, Item, ItemType, Licence, as_data
from qol_server.trial.instrument import Any as AnyOf
from qol_server.trial.participant import Participant
from qol_server.trial.response import OFF_BRANCH, asked, compile, holds
from qol_server.trial.schedule import Assignment
from tests.browser.pages import Blank
from tests.trial.test_diary import answers as intakes
from tests.trial.trials import REGIMENS, participant, prescription, protocol
from tests.trial.worked import cases, read, somebody, wall

INSTRUMENTS = load_instruments(shipped_instruments())
SEED = 20260302
DAY = date(2026, 3, 1)


def document(instrument: Instrument) -> dict[str, Any]:
    """An instrument as the feed tells it to a phone."""
    return instrument_document(instrument, None)


def assigned(one: Assignment) -> dict[str, Any]:
    """An assignment as the feed tells it to a phone."""
    return {
        "occurrence": one.occurrence, "assessment": one.assessment, "visit": one.visit, "instrument": one.instrument, "version": "0" * 64,
        "wording": None, "opens": str(one.opens), "opens_at": f"{one.opens_at:%H:%M}", "target": str(one.target), "due": str(one.due),
        "closes": str(one.closes), "late_reason_after": None if one.late_reason_after is None else str(one.late_reason_after),
        "served_by": one.served_by, "expected": one.expected,
    }  # fmt: skip


def participation(who: Participant) -> dict[str, Any]:
    """A participant as the feed tells it to a phone, as far as the rules read it."""
    first, last = treatment_days(who)
    return {
        "participant": who.number, "ended_on": None,
        "prescriptions": [
            {"from": str(p.day), "regimen": p.regimen, "mg_per_day": str(p.mg_per_day), "intakes_per_day": p.intakes_per_day}
            for p in who.prescriptions
        ],
        "treatment": {"from": first and str(first), "until": last and str(last)},
    }  # fmt: skip


def on_the_wall(moment: datetime) -> dict[str, str]:
    return {"day": f"{moment:%Y-%m-%d}", "time": f"{moment:%H:%M}"}


# Answers

EXAMPLES = [
    (INSTRUMENTS[read(f"answers-{name}")["instrument"]], case.values[0])
    for name in ("eortc-qlq-c30", "symptom-diary", "adverse-event-diary")
    for case in cases(f"answers-{name}")
]


def test_worked_answers(modules: Blank) -> None:
    given = [
        (case["title"], item, next(part for part in document(i)["items"] if part["id"] == item), answer)
        for i, case in EXAMPLES
        if case.get("problem") != "unknown-item"
        for item, answer in case["answers"].items()
        if not (isinstance(answer, float) and answer.is_integer())  # JavaScript has one kind of number: 7.0 is 7 there
    ]
    faults = modules.each("rules/answers.js", "fault", [[item, answer] for *_, item, answer in given])
    faulty = {title for (title, *_), fault in zip(given, faults, strict=True) if fault is not None}
    assert faulty == {case["title"] for _, case in EXAMPLES if "problem" in case} & {title for title, *_ in given}
    assert len(faulty) > 15

    told = modules.each("rules/conditions.js", "asked", [[document(i), case["answers"]] for i, case in EXAMPLES])
    assert told == [list(asked(i, case["answers"])) for i, case in EXAMPLES]


def test_what_is_sealed_is_never_off_its_branch(modules: Blank) -> None:
    given = [(i, case["answers"]) for i, case in EXAMPLES if "problem" not in case]
    cleaned = modules.each("rules/answers.js", "clean", [[document(i), answers] for i, answers in given])
    for (instrument, answers), sealed in zip(given, cleaned, strict=True):
        assert OFF_BRANCH not in compile(instrument).check(sealed).notes
        assert sealed.items() <= answers.items()
    assert any(OFF_BRANCH in compile(i).check(answers).notes for i, answers in given)


def test_shown_and_not_answered_is_null_and_not_asked_is_absent(modules: Blank) -> None:
    diary = document(INSTRUMENTS["symptom-diary"])
    answers = {"nausea.frequency": 0, "nausea.severity": 3, "bleeding": None}
    shown = ["nausea.frequency", "nausea.severity", "vomiting.frequency", "vomiting.severity"]
    sealed = modules.call("rules/answers.js", "clean", diary, answers, shown)
    assert sealed == {"nausea.frequency": 0, "vomiting.frequency": None, "bleeding": None}


def test_dropping_an_answer_drops_what_hung_on_it(modules: Blank) -> None:
    chain = Instrument(
        "chain", "0", "Chain", Licence("ours"),
        tuple(
            Item(name, ItemType.CHOICE, (0, 1), ask_when=None if before is None else Compare(before, "is", 1))
            for name, before in (("a", None), ("b", "a"), ("c", "b"))
        ),
    )  # fmt: skip
    assert modules.call("rules/answers.js", "clean", document(chain), {"a": 0, "b": 1, "c": 1}) == {"a": 0}


ITEMS = (
    Item("number", ItemType.INTEGER, at_least=Decimal("-3"), at_most=Decimal(10), non_answers=("declined",)),
    Item("any-number", ItemType.INTEGER),
    Item("decimal", ItemType.DECIMAL, at_least=Decimal("30.0"), at_most=Decimal("45.05")),
    Item("any-decimal", ItemType.DECIMAL),
    Item("choice", ItemType.CHOICE, (0, 1, 2, "other"), non_answers=("na",)),
    Item("several", ItemType.MULTIPLE, (1, 2, "1", "other")),
    Item("short", ItemType.TEXT, max_length=4),
    Item("long", ItemType.TEXT),
    Item("constructor", ItemType.DATE),
    Item("time", ItemType.TIME),
)


class Dice(random.Random):
    """Random answers, conditions and dates that are often almost right."""

    def text(self) -> str:
        return "".join(self.choices("0123456789.-:aé😀\0 \n", k=self.randint(0, 6)))

    def decimal(self) -> str:
        whole = self.choice(["", "-"]) + str(self.choice([0, 3, 29, 30, 38, 45, 46, 10**14, 10**15]))
        return whole + self.choice(["", ".0", ".3", ".30", ".05", ".050", ".0500000001", ".", ".12345678901"])

    def day(self) -> str:
        year, month, day = self.choice([0, 1, 1900, 2000, 2024, 2026, 9999]), self.randint(0, 13), self.randint(0, 32)
        return f"{year:04d}-{month:02d}-{day:02d}" if self.random() < 0.9 else f"{year}-{month}-{day}"

    def hour(self) -> str:
        return f"{self.randint(0, 25):02d}:{self.randint(0, 61):02d}" + self.choice(["", "", "", ":00", "Z"])

    def code(self) -> Any:
        return self.choice([0, 1, 2, 3, 11, -3, -4, "other", "1", "na", "declined", "no", True, False, None])

    def answer_to(self, item: Item) -> Any:
        fitting = {
            ItemType.CHOICE: self.code, ItemType.DECIMAL: self.decimal, ItemType.TEXT: self.text, ItemType.DATE: self.day,
            ItemType.TIME: self.hour, ItemType.INTEGER: lambda: self.randint(-4, 12),
            ItemType.MULTIPLE: lambda: [self.code() for _ in range(self.randint(0, 3))],
        }  # fmt: skip
        return fitting[item.type]() if self.random() < 0.6 else self.answer()

    def answer(self) -> Any:
        made = (
            self.code, self.decimal, self.text, self.day, self.hour,
            lambda: [self.code() for _ in range(self.randint(0, 3))],
            lambda: self.choice([2**53 - 1, 2**53, -(2**53) + 1, 0.5, {}, [[1]], "x" * 2000, "x" * 2001, "NaN", "1e3"]),
        )  # fmt: skip
        return self.choice(made)()

    def condition(self, depth: int = 0) -> Condition:
        if depth < 3 and self.random() < 0.35:
            parts = tuple(self.condition(depth + 1) for _ in range(self.randint(1, 3)))
            return All(parts) if self.random() < 0.5 else AnyOf(parts)
        item, op = self.choice(ITEMS).id, self.choice(["is", "in", "at_least", "at_most", "above", "below"])
        if op == "in":
            return Compare(item, op, tuple(self.choices([0, 1, 2, "other", "na", "1"], k=self.randint(1, 3))))
        if op == "is":
            return Compare(item, op, self.choice([0, 1, 2, 38, "other", "na", "1", "declined"]))
        return Compare(item, op, self.choice([self.randint(-4, 46), Decimal(self.choice(["38.3", "38.30", "30.0", "-3.05", "45"]))]))


def test_random_answers_are_judged_as_on_the_server(modules: Blank) -> None:
    dice = Dice(SEED)
    made = [(item, dice.answer_to(item)) for item in dice.choices(ITEMS, k=6000)]
    mixed = Instrument("mixed", "0", "Mixed", Licence("ours"), ITEMS)
    checker = compile(mixed)
    expected = [checker.check({item.id: answer}).problem is None for item, answer in made]
    told = {part["id"]: part for part in document(mixed)["items"]}
    faults = modules.each("rules/answers.js", "fault", [[told[item.id], answer] for item, answer in made])
    wrong = [
        (item.id, answer, fault) for (item, answer), fault, fine in zip(made, faults, expected, strict=True) if (fault is None) != fine
    ]
    assert wrong == []
    assert 1000 < sum(expected) < 5000
    assert {fault["code"] for fault in faults if fault} == {
        "not-a-choice", "repeated", "not-a-whole-number", "not-a-number", "too-low", "too-high", "not-text", "too-long", "unstorable",
        "not-a-date", "not-a-time",
    }  # fmt: skip


def test_a_lone_surrogate_cannot_be_stored(modules: Blank) -> None:
    item = json.dumps(document(Instrument("one", "0", "One", Licence("ours"), ITEMS[7:8]))["items"][0])
    script = f"return ['\\ud800', 'a\\udfff', '\\ud83d\\ude00'].map((text) => answers.fault({item}, text)?.code ?? null)"
    assert modules.run(script, answers="rules/answers.js") == ["unstorable", "unstorable", None]


def test_random_conditions_hold_as_on_the_server(modules: Blank) -> None:
    dice = Dice(SEED + 1)
    made = [(dice.condition(), {item.id: dice.answer_to(item) for item in ITEMS if dice.random() < 0.8}) for _ in range(6000)]
    expected = [holds(rule, answers) for rule, answers in made]
    assert modules.each("rules/conditions.js", "holds", [[as_data(rule), answers] for rule, answers in made]) == expected
    assert 500 < sum(expected) < 5500


def test_random_branches_are_asked_as_on_the_server(modules: Blank) -> None:
    dice = Dice(SEED + 2)
    made = []
    for _ in range(500):
        items = tuple(Item(item.id, item.type, item.codes, ask_when=dice.condition() if dice.random() < 0.6 else None) for item in ITEMS)
        made.append(
            (Instrument("i", "0", "I", Licence("ours"), items), {item.id: dice.answer_to(item) for item in ITEMS if dice.random() < 0.8})
        )
    told = modules.each("rules/conditions.js", "asked", [[document(i), answers] for i, answers in made])
    assert told == [list(asked(i, answers)) for i, answers in made]


# The calendar


def test_worked_states(modules: Blank) -> None:
    made, expected = [], []
    for case in (case.values[0] for case in cases("windows-states")):
        listed = schedule.calendar(protocol(), somebody(case), date(2030, 1, 1))
        (assignment,) = [one for one in listed if one.occurrence == case["occurrence"]]
        for at, *received, state in case["states"]:
            got = {"answered": "answered" in received, "underReview": "under review" in received}
            made.append([assigned(assignment), on_the_wall(wall(at)), got])
            expected.append(state)
    assert modules.each("rules/calendar.js", "state", made) == expected


def test_worked_serving(modules: Blank) -> None:
    worked = [case.values[0] for case in cases("windows-served")]
    made = [
        [
            [assigned(one) for one in schedule.calendar(protocol(), somebody(case), case["horizon"])],
            {occurrence: str(day) for occurrence, day in case["responses"].items()},
        ]
        for case in worked
    ]
    assert modules.each("rules/calendar.js", "served", made) == [case["served"] for case in worked]


def calendars(dice: Dice) -> list[tuple[Participant, tuple[Assignment, ...]]]:
    """Random participants with their calendars."""
    made = []
    for _ in range(20):
        start = DAY + timedelta(days=dice.randint(0, 60))
        anchors = {"consent": str(DAY), "treatment_start": str(start)}
        for name in ("progression", "treatment_end", "death"):
            if dice.random() < 0.4:
                anchors[name] = str(start + timedelta(days=dice.randint(0, 200)))
        one = participant(anchors, (prescription(start, "400"), prescription(start + timedelta(days=20), None)))
        made.append((one, schedule.calendar(protocol(), one, start + timedelta(days=240))))
    return made


def test_random_states_are_as_on_the_server(modules: Blank) -> None:
    dice = Dice(SEED + 3)
    made: list[Any] = []
    expected = []
    for _, assignments in calendars(dice):
        for _ in range(200):
            one = dice.choice(assignments)
            near = dice.choice([one.opens, one.target, min(one.due, date(2040, 1, 1)), min(one.closes, date(2040, 1, 1))])
            at = datetime.combine(near + timedelta(days=dice.randint(-1, 1)), time(dice.choice([0, 5, 6, 23]), dice.choice([0, 59])))
            answered, review = dice.random() < 0.1, dice.random() < 0.1
            made.append([assigned(one), on_the_wall(at), {"answered": answered, "underReview": review}])
            expected.append(str(schedule.state(one, at, answered=answered, under_review=review)))
    assert modules.each("rules/calendar.js", "state", made) == expected
    assert set(expected) == {str(state) for state in schedule.State}


def test_random_responses_serve_as_on_the_server(modules: Blank) -> None:
    dice = Dice(SEED + 4)
    made: list[Any] = []
    expected = []
    for _, assignments in calendars(dice):
        monthly = [one for one in assignments if one.assessment == "qol"]
        for _ in range(25):
            responses = {
                one.occurrence: min(one.opens + timedelta(days=dice.randint(-5, 40)), date(2030, 1, 1))
                for one in monthly
                if dice.random() < 0.4
            }
            made.append([[assigned(one) for one in monthly], {name: str(day) for name, day in responses.items()}])
            expected.append(schedule.served(monthly, responses))
    assert modules.each("rules/calendar.js", "served", made) == expected
    assert any(name != by for served in expected for name, by in served.items())


# Doses

DOSES = """
    const text = ({ over, under }) => `${over}/${under}`;
    return cases.map(([who, day, answers]) => {
        const dose = doses.doseDay(who, day, answers);
        const mg = { plannedMg: text(dose.plannedMg), recordedMg: text(dose.recordedMg), overMg: text(dose.overMg) };
        return { ...dose, ...mg, state: doses.dayState(dose) };
    });"""


def on_phone(modules: Blank, made: Sequence[tuple[Participant, date, Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """What the app makes of these days."""
    given = json.dumps([[participation(who), str(day), dict(answers)] for who, day, answers in made])
    return list(modules.run(f"const cases = {given};{DOSES}", doses="rules/doses.js"))


def same(phone: Mapping[str, Any], server: DoseDay) -> bool:
    told = (
        *(Fraction(phone[name]) for name in ("plannedMg", "recordedMg", "overMg")),
        *(phone[name] for name in ("planned", "taken", "missed", "unknown", "vomited", "isUnknown", "held")),
    )
    known = (
        Fraction(server.planned_mg), Fraction(server.recorded_mg), Fraction(server.over_mg), server.planned_intakes, server.taken_intakes,
        server.stated_missed_intakes, server.unknown_intakes, server.vomited_intakes, server.unknown, server.held,
    )  # fmt: skip
    return told == known


def test_worked_dose_days(modules: Blank) -> None:
    worked = [case.values[0] for case in cases("doses-days")]
    made = [(somebody(case), DAY, intakes(case.get("intakes", []))) for case in worked]
    for case, phone, (who, day, answers) in zip(worked, on_phone(modules, made), made, strict=True):
        (server,) = dose_days(who, {day: answers}, day, day)
        assert same(phone, server), case["title"]


def test_random_dose_days_are_as_on_the_server(modules: Blank) -> None:
    dice = Dice(SEED + 5)
    made = []
    for _ in range(3000):
        days = sorted(dice.sample(range(-3, 12), dice.randint(0, 4)))
        anchors = {"treatment_start": str(DAY + timedelta(days=dice.randint(-3, 3)))} if dice.random() < 0.7 else {}
        if dice.random() < 0.3:
            anchors["treatment_end"] = str(DAY + timedelta(days=dice.randint(3, 12)))
        left = {"treatment": str(DAY + timedelta(days=dice.randint(0, 12)))} if dice.random() < 0.2 else {}
        chosen = tuple(prescription(DAY + timedelta(days=n), dice.choice([*REGIMENS, None])) for n in days)
        answers: dict[str, Any] = {}
        for n in range(1, dice.randint(1, 7)):
            answers[f"intake.{n}.status"] = dice.choice(["taken", "taken", "different", "vomited", "not_taken", "declined", None])
            if dice.random() < 0.4:
                answers[f"intake.{n}.mg"] = dice.choice(["0", "0.0", "100", "400.0", "33.3333", "declined", None, "9999999", 200])
        made.append((participant(anchors, chosen, left), DAY + timedelta(days=dice.randint(-4, 14)), answers))
    phone = on_phone(modules, made)
    servers = [dose_days(who, {day: answers}, day, day)[0] for who, day, answers in made]
    wrong = [(given, told) for given, told, server in zip(made, phone, servers, strict=True) if not same(told, server)]
    assert wrong == []
    assert {told["state"] for told in phone} == {"taken", "different", "missed", "partly", "held", "unknown", "none"}

    in_force = modules.each("rules/doses.js", "prescribed", [[participation(who), str(day)] for who, day, _ in made])
    for (who, day, _), told in zip(made, in_force, strict=True):
        one = prescribed(who, day)
        assert (told is None) == (one is None)
        if one is not None:
            assert (told["regimen"], Decimal(told["mg_per_day"]), told["intakes_per_day"], told["held"]) == (
                one.regimen, one.mg_per_day, one.intakes_per_day, one.regimen is None,
            )  # fmt: skip
            assert Decimal(told["mg_per_intake"]) == (REGIMENS[one.regimen].mg if one.regimen else 0)


@pytest.mark.parametrize(
    ("numbers", "sum_", "shown"),
    [
        (["0.1", "0.2"], "0.3", "0.3"),
        (["100.0", 300], "400", "400"),
        (["33.3333", "66.6667"], "100.00", "100"),
        (["0.0005"], "0.0005", "0.001"),
    ],
)
def test_amounts_are_added_exactly(modules: Blank, numbers: list[Any], sum_: str, shown: str) -> None:
    script = f"""
        const sum = {json.dumps(numbers)}.map(decimal.exact).reduce(decimal.plus, decimal.NOUGHT);
        return [decimal.compare(sum, decimal.exact({json.dumps(sum_)})), decimal.written(sum)];"""
    assert modules.run(script, decimal="rules/decimal.js") == [0, shown]
