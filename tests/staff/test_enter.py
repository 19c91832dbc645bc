"""A nurse types what was said on the telephone or stands on paper: the instrument's own form, its alerts, a slip put right."""

from __future__ import annotations

from datetime import date

import orjson

from qol_server import journal
from qol_server.state import responses
from qol_server.trial.facts import Kind
from qol_server.trial.roles import Role
from tests import people
from tests.staff.rig import House, Member

SAID = {"mode": "telephone", "by": "participant", "answered": "2026-03-02T19:00"}


def standing(desk: House, occurrence: str):
    return responses.standing(desk.trial.study.store.read(), desk.ada, occurrence)


def sheet(desk: House, occurrence: str) -> tuple[Member, str]:
    nurse, path = desk.login(Role.NURSE, "01"), f"/participants/{desk.ada}/enter/{occurrence}"
    nurse.get(path)
    return nurse, path


def test_a_day_of_the_dose_diary_is_chosen_and_typed_in_the_participants_language(desk: House):
    nurse = desk.login(Role.NURSE, "01")
    nurse.get(f"/participants/{desk.ada}/enter")
    assert "/enter/dose%402026-03-02" in nurse.html
    nurse, path = sheet(desk, "dose@2026-03-02")
    assert "Visit: 2 Mar 2026" in nurse.text
    assert "Prise 1" in nurse.text
    assert "intake.2.status" in nurse.html
    assert "intake.3.status" not in nurse.html  # one a day is prescribed, and one more can be told
    nurse.post(path, "answers", entry=nurse.value("entry"), **SAID, **{"item.intake.1.status": "taken", "item.intake.1.time": "08:30"})
    assert "The answers are stored." in nurse.text
    row = standing(desk, "dose@2026-03-02")
    fact = orjson.loads(row["line"])
    assert fact["answers"] == {"intake.1.status": "taken", "intake.1.time": "08:30", "comment": None}
    assert (fact["captured_at"], row["actor"]) == ("2026-03-02T19:00:00+01:00", nurse.actor)


def test_a_double_click_types_once_and_a_colleague_does_not_type_over_it(desk: House):
    nurse, path = sheet(desk, "dose@2026-03-02")
    doctor = desk.login(Role.INVESTIGATOR, "01")
    doctor.get(path)
    typed = {"entry": nurse.value("entry"), **SAID, "item.intake.1.status": "taken"}
    nurse.post(path, "answers", **typed)
    position = desk.trial.position
    nurse.post(path, "answers", **typed)
    assert (nurse.status, desk.trial.position) == (200, position)
    doctor.post(path, "answers", **(typed | {"entry": doctor.value("entry"), "item.intake.1.status": "not_taken"}))
    assert doctor.status == 409
    assert "typed this already" in doctor.text


def test_answers_that_cannot_be_are_asked_about_then_kept_and_still_raise_the_alarm(desk: House):
    nurse, path = sheet(desk, "adverse-event@new")
    typed = {"entry": nurse.value("entry"), **SAID, "item.what": "Shivers", "item.temperature": "390", "item.severity": "3"}
    nurse.post(path, "answers", **typed)
    assert nurse.status == 422
    assert "This question does not allow that answer." in nurse.text
    assert 'value="390"' in nurse.html
    nurse.post(path, "answers", **typed, keep="yes")
    assert "kept for review" in nurse.text
    kinds = [entry.kind for entry in journal.every(desk.trial.study.store.read())]
    assert Kind.ENTRY_QUARANTINED in kinds
    assert Kind.CASE_OPENED in kinds


def test_what_was_asked_and_left_empty_is_no_answer_and_what_was_not_asked_is_left_out(desk: House):
    nurse, path = sheet(desk, "symptoms@W0")
    nurse.post(path, "answers", entry=nurse.value("entry"), **(SAID | {"mode": "paper"}), **{"item.nausea.frequency": "0"})
    given = orjson.loads(standing(desk, "symptoms@W0")["line"])["answers"]
    assert given["nausea.frequency"] == 0
    assert "nausea.severity" not in given
    assert given["vomiting.frequency"] is None


def test_a_slip_is_corrected_with_a_reason(desk: House):
    nurse, path = sheet(desk, "dose@2026-03-02")
    nurse.post(path, "answers", entry=nurse.value("entry"), **SAID, **{"item.intake.1.status": "not_taken"})
    nurse.get(path)
    assert "typed this already" in nurse.text
    typed = {"entry": nurse.value("entry"), "supersedes": nurse.value("supersedes"), **SAID, "item.intake.1.status": "taken"}
    nurse.post(path, "answers", **typed)
    assert nurse.status == 422
    nurse.post(path, "answers", **typed, reason="typing_mistake")
    assert "The answers are stored." in nurse.text
    assert orjson.loads(standing(desk, "dose@2026-03-02")["line"])["answers"]["intake.1.status"] == "taken"


def test_what_the_phone_sent_is_not_typed_over(desk: House):
    phone = desk.trial.phone(desk.ada)
    phone.answer("dose@2026-03-02", people.TAKEN)
    phone.sync()
    nurse, path = sheet(desk, "dose@2026-03-02")
    assert "answered on the phone" in nurse.text
    assert 'name="entry"' not in nurse.html
    assert nurse.post(path, "answers", **SAID, **{"item.intake.1.status": "taken"}).status_code == 422


def test_what_was_being_typed_when_the_phone_answered_is_kept_beside_it(desk: House):
    phone = desk.trial.phone(desk.ada)
    nurse, path = sheet(desk, "dose@2026-03-02")
    sealed = phone.answer("dose@2026-03-02", people.TAKEN)
    phone.sync()
    nurse.post(path, "answers", entry=nurse.value("entry"), **SAID, **{"item.intake.1.status": "not_taken"})
    assert "what you typed is stored beside it" in nurse.text
    assert standing(desk, "dose@2026-03-02")["id"] == sealed.id


def test_what_has_not_come_yet_and_what_nobody_asks_is_refused(desk: House):
    nurse, path = sheet(desk, "dose@2026-03-02")
    nurse.post(path, "answers", entry=nurse.value("entry"), **(SAID | {"answered": "2026-03-02T21:00"}))
    assert "That has not come yet." in nurse.text
    assert sheet(desk, "weather@today")[0].status == 404
    assert sheet(desk, "dose@new")[0].status == 404


def test_a_dose_taken_during_a_hold_is_a_case_that_is_due_now(desk: House):
    desk.trial.hold(desk.ada, date(2026, 3, 3))
    desk.trial.at("2026-03-03 20:00", "Europe/Paris")
    nurse, path = sheet(desk, "dose@2026-03-03")
    nurse.post(path, "answers", entry=nurse.value("entry"), **SAID, **{"item.intake.1.status": "taken"})
    rows = desk.trial.study.store.read().all("SELECT urgency, state FROM cases")
    assert [(row["urgency"], row["state"]) for row in rows] == [("now", "raised")]
