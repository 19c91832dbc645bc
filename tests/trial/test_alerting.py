"""Alert rules: the worked examples, and what holds whatever the answers are."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qol_server import library
from qol_server.trial import alerting
from qol_server.trial.alerting import Alert, Earlier, Expected, Finding, Level, Rule, Seen, Urgency
from tests.trial.worked import cases, one_day, rule, somebody

SHIPPED = library.load_instruments(library.shipped_instruments())
DIARY = SHIPPED["symptom-diary"]
LEVEL = Rule("severe", Level("severity", 3), Urgency.SAME_DAY, "symptom-diary")


def seen(case: dict[str, Any]) -> Seen:
    asked = SHIPPED[case.get("instrument", "symptom-diary")]
    earlier = {which: Earlier(asked, answers) for which, answers in case.get("earlier", {}).items()}
    anchors = {"anchors": {"treatment_start": min(case["prescriptions"])}} if "prescriptions" in case else {}
    day = one_day(case["day"]) if "day" in case else None
    doses = {one_day(each): answers for each, answers in case.get("doses", {}).items()}
    return Seen(asked, case["answers"], somebody(case | anchors), earlier, day, lambda of: doses.get(of, {}))


@pytest.mark.parametrize("case", cases("alerts-rules"))
def test_what_a_rule_finds(case: dict[str, Any]) -> None:
    one = rule({"id": "one", "when": case["when"], "urgency": "same-day"})
    found = [finding for alert in alerting.judge([one], seen(case)) for finding in alert.findings]
    assert found == [Finding(*finding) for finding in case["finds"]]


ANSWER = st.one_of(
    st.none(), st.integers(-5, 9), st.booleans(), st.sampled_from(["yes", "no", "declined", "38.3", "x", "", "9" * 400]),
    st.lists(st.integers(0, 4), max_size=3), st.floats(), st.dictionaries(st.text(max_size=2), st.integers(), max_size=1),
)  # fmt: skip
ANSWERS = st.dictionaries(st.sampled_from([*DIARY.by_id, "no.such.item"]), ANSWER, max_size=12)
RULES = [
    rule({"id": f"rule-{n}", "urgency": urgency, "when": when})
    for n, (urgency, when) in enumerate(
        [
            ("now", {"any_item": ["bleeding", "jaundice"], "is": "yes"}),
            ("now", {"item": "temperature", "at_least": "38.3"}),
            ("same-day", {"instrument": "symptom-diary", "attribute": "severity", "at_least": 3}),
            ("same-day", {"instrument": "symptom-diary", "rise": 2, "over": ["previous", "baseline"]}),
            ("this-week", {"score": "PF", "drop": 20, "over": "baseline"}),
        ]
    )
]


@given(ANSWERS, ANSWERS)
def test_whatever_the_answers_are_a_rule_says_something_or_nothing_and_never_stumbles(now: Any, before: Any) -> None:
    given_now = Seen(DIARY, now, somebody({}), {"previous": Earlier(DIARY, before), "baseline": Earlier(DIARY, before)})
    alerts = alerting.judge(RULES, given_now)
    assert not any(alert.failed for alert in alerts)
    assert all(alert.findings for alert in alerts)
    order = [alerting.URGENCIES.index(alert.rule.urgency) for alert in alerts]
    assert order == sorted(order), "the most urgent comes first"


@given(ANSWERS, st.sampled_from(list(DIARY.by_id)))
def test_an_answer_that_is_added_takes_no_alert_about_levels_away(answers: Any, item: str) -> None:
    levels = RULES[:3]
    fewer = {key: answer for key, answer in answers.items() if key != item}
    names = {alert.rule.id for alert in alerting.judge(levels, Seen(DIARY, fewer, somebody({})))}
    assert names <= {alert.rule.id for alert in alerting.judge(levels, Seen(DIARY, answers, somebody({})))}


def test_a_rule_that_stumbles_is_an_alert(monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(*_: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setitem(alerting._JUDGES, Level, stumble)  # type: ignore[index]
    others = RULES[0]
    found = alerting.judge([LEVEL, others], Seen(DIARY, {"bleeding": "yes", "nausea.severity": 4}, somebody({})))
    assert [(alert.rule.id, alert.failed, alert.findings) for alert in found] == [
        (others.id, False, (Finding("bleeding", "yes"),)),
        ("severe", True, ()),
    ]


def test_a_rule_that_is_off_raises_nothing() -> None:
    off = Rule("off", Level("severity", 3), Urgency.NOW, enabled=False)
    assert alerting.judge([off], Seen(DIARY, {"nausea.severity": 4}, somebody({}))) == ()


TODAY = date(2026, 3, 10)


def expected(level: int, item: str = "nausea.severity", days: int = 30) -> Expected:
    return Expected(item, level, TODAY + timedelta(days=days), position=7)


def alert(*values: tuple[str, int], rule: Rule = LEVEL) -> Alert:
    return Alert(rule, tuple(Finding(item, str(value)) for item, value in values))


def test_an_expected_level_explains_what_does_not_go_beyond_it_until_its_last_day() -> None:
    nausea = alert(("nausea.severity", 3))
    assert alerting.expected_by(nausea, [expected(3)], TODAY) == expected(3)
    assert alerting.expected_by(nausea, [expected(2)], TODAY) is None
    assert alerting.expected_by(nausea, [expected(3, "rash.severity")], TODAY) is None
    assert alerting.expected_by(nausea, [expected(3, days=0)], TODAY) is not None
    assert alerting.expected_by(nausea, [expected(3, days=-1)], TODAY) is None


def test_one_symptom_that_is_expected_explains_no_other() -> None:
    both = alert(("nausea.severity", 3), ("rash.severity", 3))
    assert alerting.expected_by(both, [expected(4)], TODAY) is None
    assert alerting.expected_by(both, [expected(4), expected(3, "rash.severity")], TODAY) is not None


@pytest.mark.parametrize(
    "rule",
    [
        Rule("now", Level("severity", 3), Urgency.NOW),
        Rule("dose", alerting.OverPrescription(), Urgency.SAME_DAY),
        Rule("missed", alerting.NotTaken(3), Urgency.THIS_WEEK),
    ],
    ids=lambda rule: rule.id,
)
def test_what_is_urgent_now_and_doses_are_never_explained(rule: Rule) -> None:
    everything = [expected(99, item) for item in (*DIARY.by_id, "dose", "days")]
    assert alerting.expected_by(alert(("nausea.severity", 3), rule=rule), everything, TODAY) is None
    assert alerting.expected_by(Alert(rule, (Finding("days", "3"),)), everything, TODAY) is None


def test_a_rule_that_stumbled_is_never_explained() -> None:
    assert alerting.expected_by(Alert(LEVEL, (), failed=True), [expected(99)], TODAY) is None
