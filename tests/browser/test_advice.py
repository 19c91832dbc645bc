"""Advice: the study's rules that concern the participant, found on the phone without a network, of every form that a rule can have."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pytest

from tests import people
from tests.browser.knowing import Known, known, phone, trial  # noqa: F401 - fixtures
from tests.browser.pages import Blank
from tests.people import Phone, Trial

# ruff: noqa: F811

Raised = Callable[..., list[str]]


@pytest.fixture
def raised(modules: Blank) -> Raised:
    """The rules that answers raise on a phone, by their ids; ``rule``: instead of the study's own, one with this ``when``."""

    def rules(phone: Known, occurrence: str, answers: Mapping[str, Any], rule: Mapping[str, Any] | None = None, **about: Any) -> list[str]:
        assessment = occurrence.split("@")[0]
        instrument = people.INSTRUMENT_OF[assessment]
        study = phone["study"]
        if rule is not None:
            study = study | {"rules": [{"id": "rule", "urgency": "now", "advice": "call-us", "on_phone_from": None} | rule]}
        about = {"assessment": assessment, "occurrence": occurrence, "instrument": instrument} | about
        given = json.dumps([phone, about, study, instrument, dict(answers)])
        script = f"""
            const [known, about, study, instrument, answers] = {given};
            return alerts.raised(study, instrument, answers, alerts.contextOf(known, about));"""
        found = modules.run(script, alerts="rules/alerts.js")
        assert all(one["text"] == study["advice"][one["advice"]] for one in found)
        return [one["rule"] for one in found]

    return rules


@pytest.mark.parametrize(
    ("answers", "rules"),
    [
        ({}, []),
        ({"temperature": "37.9"}, []),
        ({"temperature": "38.0"}, ["fever"]),  # from 38.0 on the phone, 38.3 for the site
        ({"temperature": "38.00"}, ["fever"]),
        ({"temperature": "39"}, ["fever"]),
        ({"temperature": None}, []),
        ({"temperature": "38,5"}, []),
        ({"bleeding": "yes"}, ["red-flag"]),
        ({"bleeding": "no", "jaundice": "yes"}, ["red-flag"]),
        ({"bleeding": "declined"}, []),
        ({"abdominal_pain.severity": 2, "vomiting.severity": 1}, []),
        ({"abdominal_pain.severity": 3}, ["severe-symptom"]),
        ({"abdominal_pain.severity": 3, "vomiting.severity": 0}, ["severe-symptom"]),
        ({"abdominal_pain.severity": 3, "vomiting.severity": 1}, ["severe-abdominal-pain", "severe-symptom"]),
        ({"abdominal_pain.severity": 4, "vomiting.severity": 4, "temperature": "40", "bleeding": "yes"},
         ["severe-abdominal-pain", "red-flag", "fever", "severe-symptom"]),
        ({"nausea.severity": 2}, []),
        ({"nausea.severity": 3}, ["severe-symptom"]),
    ],
)  # fmt: skip
def test_advice_on_symptoms(raised: Raised, phone: Phone, answers: Mapping[str, Any], rules: list[str]) -> None:
    assert raised(known(phone), "symptoms@W1", answers) == rules


@pytest.mark.parametrize(
    ("answers", "rules"),
    [
        ({"temperature": "38.1"}, ["fever"]),
        ({"severity": 2, "hospital": "no", "emergency": "no"}, []),
        ({"severity": 3}, ["ae-severe"]),
        ({"severity": 4, "temperature": "39.0"}, ["fever", "ae-severe"]),
        ({"severity": 1, "hospital": "yes"}, ["ae-hospital"]),
        ({"severity": 1, "emergency": "yes"}, ["ae-hospital"]),
    ],
)
def test_advice_on_what_happened(raised: Raised, phone: Phone, answers: Mapping[str, Any], rules: list[str]) -> None:
    assert raised(known(phone), "adverse-event@x", {"what": "Shivers"} | answers) == rules


def test_each_rule_has_its_urgency_and_the_most_urgent_comes_first(modules: Blank, phone: Phone) -> None:
    study = known(phone)["study"]
    assert {rule["urgency"] for rule in study["rules"]} == {"now", "same-day"}
    rules = [{"id": urgency, "when": {"item": "bleeding", "is": "yes"}, "urgency": urgency} for urgency in ("this-week", "same-day", "now")]
    found = modules.run(
        f"""const study = {json.dumps(study | {"rules": rules})};
            return alerts.raised(study, "symptom-diary", {{ bleeding: "yes" }}, {{}});""",
        alerts="rules/alerts.js",
    )
    assert [(one["rule"], one["urgency"]) for one in found] == [(name, name) for name in ("now", "same-day", "this-week")]
    assert [(one["advice"], one["text"]) for one in found] == [(None, None)] * 3


def test_a_response_is_judged_by_what_was_given_before_it(modules: Blank, phone: Phone) -> None:
    for week, severity in (("W0", 0), ("W1", 2), ("W2", 0)):
        phone.answer(f"symptoms@{week}", nausea(severity), captured=f"2026-03-{2 + 7 * int(week[1]):02} 10:00")
    script = f"""const known = {json.dumps(known(phone))};
        return known.entries.map((entry) => alerts.raisedBy(known, entry).map(({{ rule }}) => rule));"""
    assert modules.run(script, alerts="rules/alerts.js") == [[], ["worsening"], []]


@pytest.mark.parametrize(
    ("day", "answers", "is_too_much"),
    [
        ("02", {"intake.1.status": "taken"}, False),
        ("02", {"intake.1.status": "taken", "intake.2.status": "taken"}, True),
        ("02", {"intake.1.status": "different"}, False),
        ("02", {"intake.1.status": "different", "intake.1.mg": "400"}, False),
        ("02", {"intake.1.status": "different", "intake.1.mg": "400.0"}, False),
        ("02", {"intake.1.status": "different", "intake.1.mg": "400.1"}, True),
        ("02", {"intake.1.status": "different", "intake.1.mg": "200", "intake.2.status": "different", "intake.2.mg": "200.5"}, True),
        ("02", {"intake.1.status": "vomited"}, False),
        ("02", {"intake.1.status": "vomited", "intake.2.status": "taken"}, True),  # a dose was doubled
        ("02", {"intake.1.status": "taken", "intake.2.status": "different"}, False),  # how much is still to be entered …
        ("02", {"intake.1.status": "taken", "intake.2.status": "different", "intake.2.mg": None}, True),  # … and was not
        ("03", {"intake.1.status": "taken", "intake.2.status": "taken"}, False),  # 800 mg a day
        ("03", {"intake.1.status": "taken", "intake.2.status": "taken", "intake.3.status": "taken"}, True),
        ("04", {"intake.1.status": "taken"}, True),  # held
        ("04", {"intake.1.status": "not_taken"}, False),
        ("04", {"intake.1.status": "different", "intake.1.mg": "0"}, False),
        ("05", {"intake.1.status": "taken"}, True),  # after the end
    ],
)
def test_more_than_is_prescribed_that_day(
    raised: Raised, trial: Trial, phone: Phone, day: str, answers: Mapping[str, Any], is_too_much: bool
) -> None:
    trial.at("2026-03-06 20:00", "Europe/Paris")
    trial.prescribe(phone.number, "800", date(2026, 3, 3))
    trial.hold(phone.number, date(2026, 3, 4))
    trial.anchor(phone.number, "treatment_end", date(2026, 3, 4))
    phone.sync()
    assert raised(known(phone), f"dose@2026-03-{day}", answers) == (["over-prescription"] if is_too_much else [])


def test_a_corrected_dose_is_judged_by_its_own_day(raised: Raised, trial: Trial, phone: Phone) -> None:
    sealed = phone.answer("dose@2026-03-02", people.TAKEN)
    trial.hold(phone.number, date(2026, 3, 3))
    phone.sync()
    twice = {"intake.1.status": "taken", "intake.2.status": "taken"}
    assert raised(known(phone), "dose@2026-03-02", people.TAKEN, corrects=sealed.id) == []
    assert raised(known(phone), "dose@2026-03-02", twice, corrects=sealed.id) == ["over-prescription"]


NOT_TAKEN = {"when": {"stated_not_taken_in_a_row": 3}}


def test_days_in_a_row_without_a_dose(raised: Raised, trial: Trial, phone: Phone) -> None:
    trial.hold(phone.number, date(2026, 3, 4))
    trial.prescribe(phone.number, "800", date(2026, 3, 5))
    phone.sync()
    for day in ("02", "03"):
        phone.answer(f"dose@2026-03-{day}", people.FORGOTTEN, captured=f"2026-03-{day} 21:00")
    partly = {"intake.1.status": "not_taken"}
    assert raised(known(phone), "dose@2026-03-05", partly, NOT_TAKEN) == []  # the second intake is still to be said
    both = partly | {"intake.2.status": "not_taken"}
    assert raised(known(phone), "dose@2026-03-05", both, NOT_TAKEN) == ["rule"]  # the held day neither counts nor breaks it
    assert raised(known(phone), "dose@2026-03-06", both, NOT_TAKEN) == []  # nobody said anything of the 5th


SEVERE = {"when": {"instrument": "symptom-diary", "attribute": "severity", "at_least": 3}}
RISE = {"when": {"instrument": "symptom-diary", "attribute": "severity", "rise": 2, "over": ["previous", "baseline"]}}


def nausea(severity: int) -> dict[str, int]:
    return {"nausea.frequency": 4, "nausea.severity": severity}


def test_a_correction_tells_of_the_day_that_it_corrects(raised: Raised, trial: Trial, phone: Phone) -> None:
    w0 = phone.answer("symptoms@W0", nausea(1), captured="2026-03-01 10:00")
    phone.answer("symptoms@W1", nausea(3), captured="2026-03-09 10:00")
    phone.answer("symptoms@W0", nausea(2), captured="2026-03-10 10:00", supersedes=w0.id, reason="typing_mistake")
    previous = {"when": RISE["when"] | {"over": ["previous"]}}
    assert raised(known(phone), "symptoms@W2", nausea(4), previous) == []
    baseline = {"when": RISE["when"] | {"over": ["baseline"]}}
    assert raised(known(phone), "symptoms@W2", nausea(4), baseline) == ["rule"]


def test_who_was_never_sick_was_not_asked_how_badly_and_is_worse_all_the_same(raised: Raised, trial: Trial, phone: Phone) -> None:
    phone.answer("symptoms@W0", {"nausea.frequency": 0}, captured="2026-03-01 10:00")
    assert raised(known(phone), "symptoms@W1", nausea(1), RISE) == []
    assert raised(known(phone), "symptoms@W1", nausea(2), RISE) == ["rule"]
    phone.answer("symptoms@W1", {"nausea.frequency": "declined"}, captured="2026-03-09 10:00")
    assert raised(known(phone), "symptoms@W2", nausea(2), {"when": RISE["when"] | {"over": ["previous"]}}) == []


def test_a_rise_over_earlier_answers(raised: Raised, trial: Trial, phone: Phone) -> None:
    phone.answer("symptoms@W0", nausea(1), captured="2026-03-01 10:00")
    w1 = phone.answer("symptoms@W1", nausea(2), captured="2026-03-09 10:00")
    now = known(phone)
    assert raised(now, "symptoms@W2", nausea(2), RISE) == []
    assert raised(now, "symptoms@W2", nausea(3), RISE) == ["rule"]  # over the baseline
    assert raised(now, "symptoms@W2", nausea(4), RISE | {"when": RISE["when"] | {"over": ["previous"]}}) == ["rule"]
    assert raised(now, "symptoms@W2", nausea(3), RISE | {"when": RISE["when"] | {"over": ["previous"]}}) == []
    assert raised(now, "symptoms@W1", nausea(3), RISE, corrects=w1.id) == ["rule"]
    assert raised(now, "symptoms@W2", {"nausea.frequency": 4}, RISE) == []
    frequency = RISE | {"when": RISE["when"] | {"attribute": "frequency"}}
    assert raised(now, "symptoms@W2", nausea(4), frequency) == []


def test_what_another_phone_answered_is_not_guessed(raised: Raised, trial: Trial, phone: Phone) -> None:
    other = trial.phone(phone.number)
    other.answer("symptoms@W0", nausea(1))
    other.sync()
    phone.sync()
    assert raised(known(phone), "symptoms@W1", nausea(4), RISE) == []


@pytest.mark.parametrize(
    ("rule", "answers", "is_raised"),
    [
        (SEVERE, {"rash.severity": 3}, True),
        (SEVERE, {"rash.frequency": 3, "rash.severity": 2}, False),
        (SEVERE | {"on_phone_from": "2"}, {"rash.severity": 2}, True),
        ({"when": {"instrument": "dose-diary", "any_item": ["bleeding"], "is": "yes"}}, {"bleeding": "yes"}, False),
        ({"when": {"any": [{"item": "bleeding", "is": "yes"}, {"item": "rash.severity", "in": [3, 4]}]}}, {"rash.severity": 4}, True),
        ({"when": {"any": [{"item": "bleeding", "is": "yes"}, {"item": "rash.severity", "in": [3, 4]}]}}, {"rash.severity": 2}, False),
        ({"when": {"item": "temperature", "below": "35.0"}}, {"temperature": "34.95"}, True),
        ({"when": {"item": "temperature", "below": "35.0"}, "on_phone_from": "36.0"}, {"temperature": "36.5"}, False),
        ({"when": {"item": "temperature", "above": "38.5"}, "on_phone_from": "38.5"}, {"temperature": "38.5"}, True),
        ({"when": {"score": "PF", "drop": 20, "over": "baseline"}}, {"bleeding": "yes"}, False),  # a phone computes no scores
        ({"when": {"day_dose_above": "prescribed"}}, {"bleeding": "yes"}, False),
    ],
)  # fmt: skip
def test_every_form_of_rule(raised: Raised, phone: Phone, rule: Mapping[str, Any], answers: Mapping[str, Any], is_raised: bool) -> None:
    assert raised(known(phone), "symptoms@W1", answers, rule) == (["rule"] if is_raised else [])
