"""What a phone makes of what it knows: what is due, the doses of each day, and the advice that it gives at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests import people
from tests.api.rig import reopened
from tests.browser.rig import Blank, Original
from tests.people import Phone, Trial

Known = dict[str, Any]


@pytest.fixture
def trial(original: Original, tmp_path: Path) -> Trial:
    """The prepared study in its own folder: Ada and Ben take their first dose on 2 March 2026."""
    return reopened(original.trial, tmp_path / "data")


@pytest.fixture
def phone(trial: Trial, original: Original) -> Phone:
    return trial.phone(original.numbers["Ada"])


def known(phone: Phone, **more: Any) -> Known:
    """What the app would know if it had lived the life of this phone."""
    entries = []
    for sealed in phone.client.outbox:
        said = json.loads(sealed.line)
        told = {name: said.get(name) for name in ("kind", "occurrence", "instrument", "version", "answers", "supersedes", "captured_at")}
        entries.append(told | {"id": sealed.id, "seq": sealed.seq, "sha256": sealed.sha256, "receipt": sealed.receipt or None})
    pulled = {kind: list(phone.client.pulled(kind)) for kind in ("study", "participation", "instrument", "assignment")}
    return {
        "study": pulled["study"][0], "participation": pulled["participation"][0], "entries": entries, "drafts": {},
        "instruments": {one["id"]: one for one in pulled["instrument"]}, "assignments": pulled["assignment"],
        "statuses": {name: data for (kind, name), data in phone.client.feed.items() if kind == "entry_status"},
    } | more  # fmt: skip


def at(moment: str) -> dict[str, str]:
    day, time = moment.split()
    return {"day": day, "time": time}


# Due


def due(modules: Blank, phone: Known, moment: str) -> list[tuple[str, str]]:
    return [(one["assignment"]["occurrence"], one["state"]) for one in modules.call("rules/calendar.js", "due", phone, at(moment))]


def test_todays_dose_comes_first_then_what_closes_first(modules: Blank, phone: Phone) -> None:
    now = known(phone)
    assert due(modules, now, "2026-03-04 20:00")[0] == ("dose@2026-03-04", "open")
    names = [name for name, _ in due(modules, now, "2026-03-09 20:00")]
    assert names == ["dose@2026-03-09", "dose@2026-03-07", "dose@2026-03-08", "symptoms@W1"]


def test_what_is_late_is_said_to_be_late_and_what_is_over_is_not_shown(modules: Blank, phone: Phone) -> None:
    now = known(phone)
    states = {
        moment: dict(due(modules, now, f"2026-03-{moment} 20:00")).get("symptoms@W1") for moment in ("08", "09", "12", "13", "15", "16")
    }
    assert states == {"08": None, "09": "open", "12": "open", "13": "late", "15": "late", "16": None}


def test_what_was_answered_is_due_no_more_also_before_it_is_sent(modules: Blank, phone: Phone) -> None:
    phone.answer("dose@2026-03-02", people.TAKEN)
    assert "dose@2026-03-02" not in dict(due(modules, known(phone), "2026-03-02 20:00"))
    phone.sync()
    assert "dose@2026-03-02" not in dict(due(modules, known(phone), "2026-03-02 20:00"))


def test_what_another_phone_answered_is_due_no_more(modules: Blank, trial: Trial, phone: Phone) -> None:
    other = trial.phone(phone.number)
    other.answer("dose@2026-03-02", people.TAKEN)
    other.sync()
    phone.sync()
    assert "dose@2026-03-02" not in dict(due(modules, known(phone), "2026-03-02 20:00"))


def test_what_the_site_looks_at_is_not_asked_again(modules: Blank, trial: Trial, phone: Phone) -> None:
    phone.answer("dose@2026-03-02", {"intake.1.status": "swallowed"})
    phone.sync()
    assert "dose@2026-03-02" not in dict(due(modules, known(phone), "2026-03-02 20:00"))
    new = trial.phone(phone.number)  # it has the server's word only
    assert "dose@2026-03-02" not in dict(due(modules, known(new), "2026-03-02 20:00"))


def test_what_was_begun_is_marked(modules: Blank, phone: Phone) -> None:
    draft = {"key": "dose@2026-03-02", "answers": people.TAKEN, "at": "intake.1.status"}
    listed = modules.call("rules/calendar.js", "due", known(phone, drafts={"dose@2026-03-02": draft}), at("2026-03-02 20:00"))
    begun, *others = [(one["assignment"]["occurrence"], one["draft"]) for one in listed]
    assert begun == ("dose@2026-03-02", draft)
    assert all(draft is None for _, draft in others)


def test_a_held_day_is_never_due(modules: Blank, trial: Trial, phone: Phone) -> None:
    trial.hold(phone.number, date(2026, 3, 3))
    phone.sync()
    assert "dose@2026-03-03" not in dict(due(modules, known(phone), "2026-03-03 20:00"))


def test_nothing_is_asked_after_the_end(modules: Blank, trial: Trial, phone: Phone) -> None:
    assert due(modules, known(phone), "2026-03-05 20:00")
    trial.at("2026-03-05 12:00", "Europe/Paris")
    trial.withdraw(phone.number, "consent", date(2026, 3, 5))
    phone.sync()
    assert due(modules, known(phone), "2026-03-05 20:00") == []


def test_what_comes_next_is_on_the_phone(modules: Blank, phone: Phone) -> None:
    listed = modules.call("rules/calendar.js", "coming", known(phone), at("2026-03-02 20:00"))
    told = [(one["assignment"]["occurrence"], one["assignment"]["opens"], one["until"]) for one in listed]
    assert told == [
        ("dose@2026-03-03", "2026-03-03", "2026-04-06"), ("symptoms@W1", "2026-03-09", None), ("symptoms@W2", "2026-03-16", None),
        ("symptoms@W3", "2026-03-23", None), ("qol@M1", "2026-03-26", None), ("symptoms@W4", "2026-03-30", None),
        ("symptoms@W5", "2026-04-06", None),
    ]  # fmt: skip


# Which response stands


def standing(modules: Blank, phone: Known) -> dict[str, str]:
    script = f"return [...responses.standing({json.dumps(phone)})].map(([name, one]) => [name, one.id])"
    return dict(modules.run(script, responses="rules/responses.js"))


def test_a_correction_stands_before_and_after_it_is_sent(modules: Blank, phone: Phone) -> None:
    first = phone.answer("dose@2026-03-02", people.TAKEN)
    phone.sync()
    second = phone.answer("dose@2026-03-02", people.FORGOTTEN, supersedes=first.id, reason="wrong_answer")
    assert standing(modules, known(phone)) == {"dose@2026-03-02": second.id}
    phone.sync()
    assert standing(modules, known(phone)) == {"dose@2026-03-02": second.id}
    third = phone.answer("dose@2026-03-02", people.TAKEN, supersedes=second.id, reason="wrong_answer")
    assert standing(modules, known(phone)) == {"dose@2026-03-02": third.id}


def test_of_two_that_do_not_know_of_each_other_the_first_stands(modules: Blank, trial: Trial, phone: Phone) -> None:
    other = trial.phone(phone.number)
    theirs = other.answer("dose@2026-03-02", people.TAKEN)
    other.sync()
    mine = phone.answer("dose@2026-03-02", people.FORGOTTEN)
    assert standing(modules, known(phone)) == {"dose@2026-03-02": mine.id}  # nobody told this phone of the other
    phone.sync()
    phone.sync()
    assert standing(modules, known(phone)) == {"dose@2026-03-02": theirs.id}


def test_what_stands_here_is_what_is_current_on_the_server(modules: Blank, trial: Trial, phone: Phone) -> None:
    other = trial.phone(phone.number)
    a = phone.answer("dose@2026-03-02", people.TAKEN)
    phone.sync()
    other.sync()
    other.answer("dose@2026-03-02", people.FORGOTTEN, supersedes=a.id, reason="typing_mistake")
    b = phone.answer("dose@2026-03-02", {"intake.1.status": "vomited"}, supersedes=a.id, reason="wrong_answer")
    phone.answer("dose@2026-03-02", people.TAKEN, supersedes=b.id, reason="other")
    other.answer("symptoms@W0", {"bleeding": "no"})
    other.sync()
    phone.sync()
    for each in (phone, other):
        each.sync()
        rows = trial.study.store.read().all("SELECT occurrence, id FROM responses WHERE participant = ? AND current = 1", (phone.number,))
        assert standing(modules, known(each)) == {row["occurrence"]: row["id"] for row in rows}


# The dose diary


def day_states(modules: Blank, phone: Known, moment: str, first: str, last: str) -> dict[str, Any]:
    told = modules.call("rules/doses.js", "dayStates", phone, f"2026-03-{first}", f"2026-03-{last}", at(moment))
    return {one["day"][8:]: one for one in told}


def test_the_days_of_a_diary(modules: Blank, trial: Trial, phone: Phone) -> None:
    trial.hold(phone.number, date(2026, 3, 5))
    trial.prescribe(phone.number, "800", date(2026, 3, 6), reason="recovery")
    phone.sync()
    other = trial.phone(phone.number)
    trial.at("2026-03-08 20:00", "Europe/Paris")
    for day, answers in {
        "02": people.TAKEN, "03": {"intake.1.status": "vomited"}, "04": people.FORGOTTEN,
        "06": {"intake.1.status": "taken", "intake.2.status": "not_taken"},
    }.items():  # fmt: skip
        phone.answer(f"dose@2026-03-{day}", answers, captured=f"2026-03-{day} 20:00")
    other.answer("dose@2026-03-07", {"intake.1.status": "taken", "intake.2.status": "taken"})
    other.sync()
    phone.sync()
    days = day_states(modules, known(phone), "2026-03-09 20:00", "01", "11")
    assert {day: one["state"] for day, one in days.items()} == {
        "01": "none", "02": "taken", "03": "different", "04": "missed", "05": "held", "06": "partly", "07": "recorded", "08": "open",
        "09": "open", "10": "upcoming", "11": "upcoming",
    }  # fmt: skip
    assert [day for day, one in days.items() if one["mayFill"]] == ["08", "09"]


def test_an_earlier_day_can_be_filled_in_within_two_days_and_then_a_reason_is_asked_for(modules: Blank, phone: Phone) -> None:
    now = known(phone)
    seen = {}
    for moment in ("02 05:59", "02 06:00", "03 23:59", "04 00:00", "04 23:59", "05 00:00"):
        one = day_states(modules, now, f"2026-03-{moment}", "02", "02")["02"]
        seen[moment] = (one["state"], one["mayFill"], one["isLate"])
    assert seen == {
        "02 05:59": ("upcoming", False, False), "02 06:00": ("open", True, False), "03 23:59": ("open", True, False),
        "04 00:00": ("open", True, True), "04 23:59": ("open", True, True), "05 00:00": ("unknown", False, False),
    }  # fmt: skip


def test_a_held_day_may_be_opened_to_say_that_a_dose_was_taken(modules: Blank, trial: Trial, phone: Phone) -> None:
    trial.hold(phone.number, date(2026, 3, 3))
    phone.sync()
    held = day_states(modules, known(phone), "2026-03-03 20:00", "03", "03")["03"]
    assert (held["state"], held["mayFill"], held["prescription"]["held"]) == ("held", True, True)
    phone.answer("dose@2026-03-03", people.TAKEN)
    taken = day_states(modules, known(phone), "2026-03-03 20:00", "03", "03")["03"]
    assert (taken["state"], taken["mayFill"]) == ("different", False)


def test_days_before_and_after_the_treatment_are_not_asked_for(modules: Blank, trial: Trial, phone: Phone) -> None:
    trial.at("2026-03-06 12:00", "Europe/Paris")
    trial.anchor(phone.number, "treatment_end", date(2026, 3, 5))
    phone.sync()
    days = day_states(modules, known(phone), "2026-03-06 12:00", "01", "07")
    assert [one["state"] for one in days.values()] == ["none", "unknown", "unknown", "open", "open", "none", "none"]


ASKED = [
    ("one intake", {}, "400", 0, False, ["intake.1.status"]),
    ("two intakes", {}, "800", 0, False, ["intake.1.status", "intake.2.status"]),
    ("taken: at what time", {"intake.1.status": "taken"}, "400", 0, False, ["intake.1.status", "intake.1.time"]),
    ("another dose: how much", {"intake.1.status": "different"}, "400", 0, False, ["intake.1.status", "intake.1.mg", "intake.1.time"]),
    ("not taken: why", {"intake.1.status": "not_taken"}, "400", 0, False, ["intake.1.status", "intake.1.reason"]),
    ("one more", {}, "400", 1, False, ["intake.1.status", "intake.2.status"]),
    ("one more was answered", {"intake.2.status": None, "intake.3.status": "taken"}, "400", 0, False,
     ["intake.1.status", "intake.2.status", "intake.3.status", "intake.3.time"]),
    ("never more than six", {}, "800", 9, False, [f"intake.{n}.status" for n in range(1, 7)]),
    ("filled in late", {}, "400", 0, True, ["intake.1.status", "late_reason"]),
    ("held", {}, None, 0, False, []),
    ("held, and a dose was taken", {}, None, 1, False, ["intake.1.status"]),
    ("nothing prescribed yet", {}, "none", 1, False, ["intake.1.status"]),
]  # fmt: skip


@pytest.mark.parametrize(("answers", "regimen", "extra", "is_late", "items"), [pytest.param(*case, id=name) for name, *case in ASKED])
def test_what_a_dose_day_asks(
    modules: Blank, phone: Phone, answers: Mapping[str, Any], regimen: str | None, extra: int, is_late: bool, items: list[str]
) -> None:
    intakes = {"400": 1, "800": 2}.get(regimen or "", 0)
    prescription = None if regimen == "none" else {"held": regimen is None, "intakes_per_day": intakes}
    diary = known(phone)["instruments"]["dose-diary"]
    assert modules.call("rules/doses.js", "questions", diary, dict(answers), prescription, extra, is_late) == [*items, "comment"]


# Advice at once

Raised = Callable[..., list[str]]


@pytest.fixture
def raised(modules: Blank) -> Raised:
    """The rules that answers raise on a phone, by their ids; ``rule``: instead of the study's own, one with this ``when``."""

    def rules(phone: Known, occurrence: str, answers: Mapping[str, Any], rule: Mapping[str, Any] | None = None, **about: Any) -> list[str]:
        assessment = occurrence.split("@")[0]
        instrument = people.INSTRUMENT_OF[assessment]
        study = phone["study"]
        if rule is not None:
            study = study | {"now_rules": [{"id": "rule", "urgency": "now", "advice": "call-us", "on_phone_from": None} | rule]}
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
        ({"abdominal_pain.severity": 3}, []),
        ({"abdominal_pain.severity": 3, "vomiting.severity": 0}, []),
        ({"abdominal_pain.severity": 3, "vomiting.severity": 1}, ["severe-abdominal-pain"]),
        ({"abdominal_pain.severity": 4, "vomiting.severity": 4, "temperature": "40", "bleeding": "yes"},
         ["severe-abdominal-pain", "red-flag", "fever"]),
        ({"nausea.severity": 4}, []),  # for the same day, not for now
    ],
)  # fmt: skip
def test_advice_on_symptoms(raised: Raised, phone: Phone, answers: Mapping[str, Any], rules: list[str]) -> None:
    assert raised(known(phone), "symptoms@W1", answers) == rules


def test_a_fever_in_the_adverse_event_diary_is_a_fever_too(raised: Raised, phone: Phone) -> None:
    assert raised(known(phone), "adverse-event@x", {"what": "Shivers", "temperature": "38.1"}) == ["fever"]


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
        ({"when": {"score": "PF", "drop": 20, "over": "baseline"}}, {"bleeding": "yes"}, False),  # the site's computer scores
        ({"when": {"day_dose_above": "prescribed"}}, {"bleeding": "yes"}, False),
    ],
)  # fmt: skip
def test_every_form_of_rule(raised: Raised, phone: Phone, rule: Mapping[str, Any], answers: Mapping[str, Any], is_raised: bool) -> None:
    assert raised(known(phone), "symptoms@W1", answers, rule) == (["rule"] if is_raised else [])


# Days


def test_days_are_counted_across_months_and_clock_changes(modules: Blank) -> None:
    assert modules.call("rules/days.js", "range", "2026-02-27", "2026-03-02") == ["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"]
    assert modules.call("rules/days.js", "range", "2026-03-02", "2026-03-01") == []
    assert modules.each("rules/days.js", "later", [["2026-03-28", 2], ["2026-10-24", 2], ["2024-02-28", 1], ["2026-01-01", -1]]) == [
        "2026-03-30", "2026-10-26", "2024-02-29", "2025-12-31",
    ]  # fmt: skip
    assert modules.each("rules/days.js", "month", [["2024-02-10"], ["2026-12-31"]]) == [
        {"first": "2024-02-01", "last": "2024-02-29"}, {"first": "2026-12-01", "last": "2026-12-31"},
    ]  # fmt: skip
    assert modules.each("rules/days.js", "weekday", [["2026-03-02"], ["2026-03-08"]]) == [0, 6]


def test_the_wall_shows_the_hour_where_the_phone_is(modules: Blank) -> None:
    noon = int(datetime.fromisoformat("2026-03-29T00:30:00+00:00").timestamp() * 1000)
    later = int(datetime.fromisoformat("2026-03-29T01:30:00+00:00").timestamp() * 1000)
    walls = modules.run(f"return [{noon}, {later}].map((at) => days.wall(new Date(at)))", days="rules/days.js")
    assert walls == [{"day": "2026-03-29", "time": "01:30"}, {"day": "2026-03-29", "time": "03:30"}]  # Paris skips an hour
