"""A case on its page: what it says, what each act does to it, who comes second, and what is refused."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from qol_server.intake import casework, expecting
from qol_server.state import cases
from qol_server.trial.roles import Role
from tests.intake.test_alerting import nausea
from tests.staff import casebook
from tests.staff.rig import House, Member


def page(house: House, member: Member) -> str:
    """The address of Ada's case, which the member looks at."""
    path = f"/cases/{casebook.the_case(house)['case']}"
    member.get(path)
    assert member.status == 200
    return path


def post(house: House, member: Member, act: str, **fields: str) -> None:
    """Send a form of the page that the member sees."""
    path = page(house, member)
    member.post(f"{path}/{act}", act, seen=member.value("seen"), **fields)


def test_two_nurses_want_the_same_case_and_the_second_sees_who_was_first(desk: House) -> None:
    casebook.answers(desk)
    nora, olga = desk.login(Role.NURSE, "01", name="nora"), desk.login(Role.NURSE, "01", name="olga")
    path = page(desk, nora)
    page(desk, olga)
    seen = olga.value("seen")
    nora.post(f"{path}/acknowledge", "acknowledge", seen=nora.value("seen"))
    assert "The case is yours." in nora.text
    assert "Owner You" in nora.text
    olga.post(f"{path}/acknowledge", "acknowledge", seen=seen)
    assert olga.status == 409
    assert "It is Acknowledged; its owner: Nora." in olga.text
    assert casebook.kinds(desk) == ["case.opened", "case.acknowledged"]
    post(desk, olga, "take")
    assert "Owner You" in olga.text
    post(desk, olga, "hand", owner=nora.actor, reason="End of my shift")
    assert "The case has another owner." in olga.text
    assert "Owner: Nora End of my shift" in olga.text


def test_the_list_acknowledges_nothing_it_leads_to_where_all_of_it_stands(desk: House) -> None:
    casebook.answers(desk)
    nora = desk.login(Role.NURSE, "01", name="nora")
    nora.get("/worklist")
    assert "/acknowledge" not in nora.html
    assert f"Read the case of {desk.ada} and acknowledge it" in nora.html


@pytest.mark.parametrize("severity", [3, 4])
def test_what_came_after_the_page_was_shown_is_not_acknowledged_unread(desk: House, severity: int) -> None:
    casebook.answers(desk)
    nora = desk.login(Role.NURSE, "01", name="nora")
    path = page(desk, nora)
    seen = nora.value("seen")
    desk.trial.now += timedelta(minutes=5)
    phone = desk.trial.phone(desk.ada)
    phone.answer("symptoms@W1", nausea(severity) | {"rash.severity": 4})
    phone.sync()
    nora.post(f"{path}/acknowledge", "acknowledge", seen=seen)
    assert nora.status == 409
    assert casebook.the_case(desk)["state"] == "raised"
    assert "How bad was the rash" in nora.text
    nora.post(f"{path}/acknowledge", "acknowledge", seen=nora.value("seen"))
    assert "The case is yours." in nora.text


def test_nobody_is_handed_a_case_who_may_not_work_on_it(desk: House) -> None:
    casebook.answers(desk)
    nora = desk.login(Role.NURSE, "01", name="nora")
    for other in (desk.login(Role.NURSE, "02"), desk.login(Role.DATA_MANAGER), desk.login(Role.INSPECTOR)):
        post(desk, nora, "hand", owner=other.actor)
        assert nora.status == 422
    assert casebook.kinds(desk) == ["case.opened"]


def test_what_was_found_entered_and_received_is_said_in_words(desk: House) -> None:
    phone = desk.trial.phone(desk.ada)
    phone.answer("symptoms@W0", {"fever.frequency": 1, "temperature": "39.2"}, captured="2026-03-02 23:40")
    desk.trial.at("2026-03-05 07:30", "Europe/Paris")
    phone.sync()
    nora = desk.login(Role.NURSE, "01")
    page(desk, nora)
    assert "What was the highest temperature you measured, in °C? Leave it empty if you did not measure. 39.2 °C" in nora.text
    assert "Known late" in nora.text
    assert "2 d 7 h ago 2 Mar 2026, 23:40" in nora.text
    assert "0 min ago 5 Mar 2026, 07:30" in nora.text
    assert "Unless somebody acknowledges it All nurses are told in" in nora.text
    assert f"/participants/{desk.ada}" in nora.html
    assert f"/participants/{desk.ada}/adverse-events/new?case=" in nora.html


def test_corrections_and_what_is_under_review_are_marked(desk: House) -> None:
    phone = desk.trial.phone(desk.ada)
    sealed = phone.answer("symptoms@W0", casebook.nausea(3))
    phone.sync()
    phone.answer("symptoms@W0", casebook.nausea(1), supersedes=sealed.id, reason="typing_mistake")
    phone.answer("symptoms@W1", casebook.nausea(9) | {"bleeding": "yes"})
    phone.sync()
    nora = desk.login(Role.NURSE, "01")
    page(desk, nora)
    assert "Corrected since" in nora.text
    assert "The participant corrected an answer" in nora.text
    assert "Under review" in nora.text


def test_contacts_notes_and_messages_are_steps_of_the_case(desk: House) -> None:
    casebook.answers(desk)
    nora = desk.login(Role.NURSE, "01")
    post(desk, nora, "contact", channel="telephone", reached="no", note="engaged")
    assert "Telephone: not reached engaged" in nora.text
    assert "1 attempt to reach, it did not work" in nora.text
    post(desk, nora, "contact", channel="relative", reached="yes", note="")
    assert "Through a relative: reached" in nora.text
    post(desk, nora, "note", note="Two lines\nof it")
    assert "Two lines of it" in nora.text
    post(desk, nora, "advise", text="Please call us before noon.")
    assert "Message sent Please call us before noon." in nora.text


def test_a_form_with_a_mistake_keeps_what_was_typed(desk: House) -> None:
    casebook.answers(desk)
    nora = desk.login(Role.NURSE, "01")
    post(desk, nora, "contact", channel="telephone", reached="perhaps", note="engaged twice")
    assert nora.status == 422
    assert "engaged twice" in nora.html
    assert "Please choose one of what is offered." in nora.text
    assert casebook.kinds(desk) == ["case.opened"]


def test_a_serious_case_shows_its_clock_until_the_report_is_recorded(desk: House) -> None:
    casebook.answers(desk)
    nora = desk.login(Role.NURSE, "01")
    post(desk, nora, "serious", criterion="hospitalisation", aware_at="2026-03-02T19:00")
    assert "Stay in hospital, or a longer one" in nora.text
    assert "Serious: report due in 23 h 0 min" in nora.text
    nora.get("/worklist")
    assert "Serious: report due in 23 h 0 min" in nora.text
    post(desk, nora, "resolve", action="called", outcome="improving", reason="better")
    assert nora.status == 409
    assert "A serious case waits for its report" in nora.text
    desk.trial.at("2026-03-03 19:30", "Europe/Paris")
    nora = desk.login(Role.NURSE, "01")
    nora.get("/worklist?standing=serious")
    assert "Serious: report overdue since 30 min ago" in nora.text
    post(desk, nora, "report", reported_at="2026-03-03T19:15", by="on-paper", to="Sponsor", reference="Portal, SAE-7")
    assert "Serious: reported 15 min late" in nora.text
    assert "Reported to Sponsor by somebody without an account here: named on paper on 3 Mar 2026, 19:15 Portal, SAE-7" in nora.text
    post(desk, nora, "serious", criterion="hospitalisation", aware_at="2026-03-02T18:00")
    assert "Serious: reported 1 h 15 min late" in nora.text
    post(desk, nora, "resolve", action="sent_to_emergency", outcome="admitted", reason="in hospital")
    assert "The case is resolved." in nora.text
    assert "No case is open" in nora.text
    page(desk, nora)
    assert "Resolved: Sent to emergency care; Admitted to hospital in hospital" in nora.text


def test_it_was_not_serious_after_all(desk: House) -> None:
    casebook.answers(desk)
    nora = desk.login(Role.NURSE, "01")
    post(desk, nora, "serious", criterion="death", aware_at="2026-03-02T19:00")
    post(desk, nora, "retract", reason="another patient")
    assert "It is no longer recorded as serious." in nora.text
    post(desk, nora, "serious", criterion="death", aware_at="2026-03-02T23:00")  # three hours ahead
    assert nora.status == 422


def test_an_expected_level_is_ended_early_with_a_reason_and_stays_to_be_seen(desk: House) -> None:
    nora = desk.login(Role.NURSE, "01", name="nora")
    path = f"/participants/{desk.ada}/expected"
    nora.post(path, "expect", level="nausea.severity=3", until="2026-03-20", reason="Before every cycle")
    level = casebook.expected_level(desk)
    for wrong in ({"level": level, "reason": " "}, {"level": "", "reason": "over"}, {"level": "7", "reason": "over"}):
        nora.post(f"{path}/end", "end", **wrong)
        assert nora.status == 422
    nora.post(f"{path}/end", "end", level=level, reason="The cycles are over")
    assert "The level is no longer expected." in nora.text
    assert "No level is expected" in nora.text
    assert "Ended early. You: The cycles are over" in nora.text
    nora.post(f"{path}/end", "end", level=level, reason="Twice")
    assert nora.status == 409
    casebook.answers(desk)
    nora.get("/worklist")
    assert desk.ada in nora.text
    olga = desk.login(Role.NURSE, "01", name="olga", language="fr")
    olga.get(path)
    assert "Nora : Before every cycle" in olga.text
    assert "Fin anticipée. Nora : The cycles are over" in olga.text


def test_nobody_ends_a_level_that_a_colleague_has_set_anew(desk: House) -> None:
    nora, olga = desk.login(Role.NURSE, "01", name="nora"), desk.login(Role.NURSE, "01", name="olga")
    path = f"/participants/{desk.ada}/expected"
    nora.post(path, "expect", level="nausea.severity=2", until="2026-03-10", reason="First cycle")
    seen = casebook.expected_level(desk)
    olga.post(path, "expect", level="nausea.severity=3", until="2026-03-20", reason="Second cycle")
    nora.post(f"{path}/end", "end", level=seen, reason="The first is over")
    assert nora.status == 409
    nora.get(path)
    assert "Replaced. Olga" in nora.text
    assert "Olga: Second cycle" in nora.text


def test_an_expected_level_is_set_from_a_case_and_what_it_suppresses_is_shown(desk: House) -> None:
    casebook.answers(desk)
    nora = desk.login(Role.NURSE, "01")
    path = f"/participants/{desk.ada}/expected"
    nora.get(path)
    assert "No level is expected" in nora.text
    nora.post(path, "expect", level="nausea.severity=3", until="2026-03-20", reason="")
    assert nora.status == 422
    nora.post(path, "expect", level="temperature=39", until="2026-03-20", reason="no")
    assert nora.status == 422
    nora.post(path, "expect", level="nausea.severity=3", until="2026-03-20", reason="Before every cycle")
    assert "The expected level is in force." in nora.text
    assert "How bad was the nausea at its worst? Bad 20 Mar 2026 0" in nora.text
    desk.trial.at("2026-03-09 20:00", "Europe/Paris")
    casebook.answers(desk, week=1)
    nora = desk.login(Role.NURSE, "01")
    nora.get(path)
    assert "Suppressed: expected level" in nora.text
    assert "You: Before every cycle" in nora.text
    desk.trial.now += timedelta(days=12)
    nora = desk.login(Role.NURSE, "01")
    nora.get(path)
    assert "No level is expected" in nora.text
    assert "Its last day has passed" in nora.text


def test_suppressed_findings_of_the_same_survey_stand_beside_the_case(desk: House) -> None:
    study = desk.trial.study
    expecting.expect(study, desk.ada, "nausea.severity", 3, date(2026, 3, 20), reason="tumour", actor="staff:ivan", now=desk.now)
    casebook.answers(desk, bleeding="yes")
    nora = desk.login(Role.NURSE, "01")
    page(desk, nora)
    assert "Suppressed in the same surveys" in nora.text
    assert "ivan: tumour" in nora.text
    assert len(cases.explained_beside(study.store.read(), casebook.the_case(desk)["case"])) == 1


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_step_has_words(desk: House, language: str) -> None:
    casebook.answers(desk)
    nora = desk.login(Role.NURSE, "01", language=language)
    post(desk, nora, "acknowledge")
    post(desk, nora, "note", note="x")
    post(desk, nora, "contact", channel="email", reached="yes", note="")
    post(desk, nora, "advise", text="Bonjour")
    post(desk, nora, "serious", criterion="other", aware_at="2026-03-02T19:00")
    post(desk, nora, "report", reported_at="2026-03-02T19:30", by=nora.actor, to="Sponsor")
    post(desk, nora, "resolve", action="called", outcome="worse", reason="y")
    desk.trial.at("2026-03-08 20:00", "Europe/Paris")
    nora = desk.login(Role.NURSE, "01", language=language)
    casebook.answers(desk, week=1, severity=4)
    desk.trial.at("2026-03-09 18:00", "Europe/Paris")
    casework.escalate(desk.trial.study, desk.now)
    nora = desk.login(Role.NURSE, "01", language=language)
    page(desk, nora)
    assert casebook.kinds(desk)[-3:] == ["case.reopened", "case.escalated", "case.escalated"]
    assert "{" not in nora.text
