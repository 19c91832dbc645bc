"""What a phone makes of what it knows: what is due, which response stands, and the doses of each day."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import pytest

from tests import people
from tests.browser.knowing import Known, at, known, phone, trial  # noqa: F401 - fixtures
from tests.browser.pages import Blank
from tests.people import Phone, Trial

# ruff: noqa: F811

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
