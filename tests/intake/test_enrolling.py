"""The way into the study: consent first, criteria one by one, an inclusion that opens the calendar, and a consent that renews."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from qol_server import journal
from qol_server.intake import adoption, conduct, enrolling
from qol_server.intake.enrolling import Enrolment
from qol_server.state import participants, screening
from qol_server.trial.facts import Kind
from qol_server.trial.participation import Standing, standing
from qol_server.trial.problems import Refused
from tests import people
from tests.people import INVESTIGATOR, NURSE, Trial

MEANING = "I include this participant although the criteria named here are not met."
NEWCOMER = Enrolment("01", "1.0", date(2026, 3, 1), people.ELIGIBLE)
AMENDED = b"""consents:
  - {version: "1.0", from: 2006-01-01}
  - {version: "2.0", from: 2026-03-10, renew: yes, until_renewed: pause}
"""


def screened(trial: Trial, **values: str | None) -> str:
    """A number for somebody with these values; None: not known yet."""
    known = {name: value for name, value in ({**people.ELIGIBLE, **values}).items() if value is not None}
    return enrolling.screen(trial.study, replace(NEWCOMER, eligibility=known), actor=NURSE, now=trial.now)


def stands(trial: Trial, number: str) -> Standing:
    participant = participants.load(trial.study.store.read(), number)
    assert participant is not None
    return standing(participant, trial.now.date())


def calendar(trial: Trial, number: str) -> set[str]:
    return {one.assessment for one in participants.assignments(trial.study.store.read(), number)}


def kinds(trial: Trial, number: str) -> list[str]:
    return [str(entry.kind) for entry in journal.every(trial.study.store.read()) if entry.participant == number]


def sign(trial: Trial, number: str, **seen: str) -> None:
    enrolling.sign_deviation(
        trial.study, number, seen, meaning=MEANING, reason="agreed with the sponsor", actor=INVESTIGATOR, now=trial.now
    )


def test_who_meets_all_criteria_is_included_by_the_enrolment(trial: Trial) -> None:
    number = screened(trial)
    assert stands(trial, number) == Standing.INCLUDED
    assert calendar(trial, number) == {"qol", "symptoms"}
    assert kinds(trial, number) == [Kind.PARTICIPANT_ENROLLED]
    assert conduct.offer_pairing(trial.study, number, actor=NURSE, now=trial.now)[0]


def test_what_is_not_known_yet_keeps_schedule_and_pairing_closed_until_it_is(trial: Trial) -> None:
    number = screened(trial, anc=None, platelets=None)
    assert stands(trial, number) == Standing.SCREENING
    assert calendar(trial, number) == set()
    with pytest.raises(Refused, match="Eligibility is not complete yet"):
        conduct.offer_pairing(trial.study, number, actor=NURSE, now=trial.now)
    trial.at("2026-03-03 09:00")
    enrolling.set_values(trial.study, number, {"anc": "2100"}, actor=NURSE, now=trial.now)
    assert stands(trial, number) == Standing.SCREENING
    enrolling.set_values(trial.study, number, {"platelets": "100000,5"}, actor=NURSE, now=trial.now)
    assert stands(trial, number) == Standing.INCLUDED
    participant = participants.load(trial.study.store.read(), number)
    assert participant is not None
    assert participant.anchors["inclusion"] == (date(2026, 3, 3),)
    assert screening.values(trial.study.store.read(), number)["platelets"] == "100000.5"
    assert "qol" in calendar(trial, number)


def test_a_screen_failure_keeps_its_values_and_opens_nothing(trial: Trial) -> None:
    number = screened(trial, anc="1000")
    assert stands(trial, number) == Standing.NOT_ELIGIBLE
    assert calendar(trial, number) == set()
    with pytest.raises(Refused, match="Not met: anc"):
        conduct.offer_pairing(trial.study, number, actor=NURSE, now=trial.now)
    [failed] = [row for row in screening.recorded(trial.study.store.read(), number) if row["result"] == "not-met"]
    assert (failed["criterion"], failed["value"], failed["actor"]) == ("anc", "1000", NURSE)


def test_nobody_who_is_not_included_is_given_the_drug_on_the_record(trial: Trial) -> None:
    for number, says in ((screened(trial, anc="900"), "Not met: anc"), (screened(trial, anc=None), "not complete yet")):
        for act in (
            lambda who=number: trial.start_treatment(who, date(2026, 3, 1)),
            lambda who=number: trial.prescribe(who, "400", date(2026, 3, 1)),
        ):
            with pytest.raises(Refused, match=says) as refused:
                act()
            assert refused.value.problem.name == "not-eligible"
        there = participants.load(trial.study.store.read(), number)
        assert there is not None
        assert (there.prescriptions, there.anchors.get("treatment_start")) == ((), None)
    number = screened(trial, anc="900")
    sign(trial, number, anc="900")
    trial.start_treatment(number, date(2026, 3, 1))


def test_a_second_measurement_replaces_the_first_with_a_reason(trial: Trial) -> None:
    number = screened(trial, anc="1000")
    with pytest.raises(Refused, match="Say why it changes: anc"):
        enrolling.set_values(trial.study, number, {"anc": "1001"}, actor=NURSE, now=trial.now)
    enrolling.set_values(trial.study, number, {"anc": "1001"}, actor=NURSE, now=trial.now, reason="measured again")
    assert stands(trial, number) == Standing.INCLUDED
    assert kinds(trial, number) == [Kind.PARTICIPANT_ENROLLED, Kind.ELIGIBILITY_RECORDED, Kind.PARTICIPANT_INCLUDED]


def test_a_signed_deviation_opens_schedule_and_pairing_for_the_values_that_were_seen(trial: Trial) -> None:
    number = screened(trial, anc="1000", age="17")
    with pytest.raises(Refused, match="not as you saw it"):
        sign(trial, number, anc="1000")
    with pytest.raises(Refused, match="not as you saw it"):
        sign(trial, number, anc="999", age="17")
    sign(trial, number, anc="1000", age="17")
    assert stands(trial, number) == Standing.INCLUDED
    assert "qol" in calendar(trial, number)
    assert conduct.offer_pairing(trial.study, number, actor=NURSE, now=trial.now)[0]
    signed = screening.signed(trial.study.store.read(), number)
    assert [(row["criterion"], row["value"], row["actor"], row["meaning"]) for row in signed] == [
        ("age", "17", INVESTIGATOR, MEANING),
        ("anc", "1000", INVESTIGATOR, MEANING),
    ]
    with pytest.raises(Refused, match="not as you saw it"):
        sign(trial, number, anc="1000", age="17")


def test_what_is_unknown_cannot_be_signed_for(trial: Trial) -> None:
    number = screened(trial, anc="1000", platelets=None)
    sign(trial, number, anc="1000")
    assert stands(trial, number) == Standing.SCREENING
    enrolling.set_values(trial.study, number, {"platelets": "150000"}, actor=NURSE, now=trial.now)
    assert stands(trial, number) == Standing.INCLUDED


def test_a_criterion_that_turns_out_wrong_is_named_and_ends_nobodys_care(trial: Trial) -> None:
    number = screened(trial)
    trial.start_treatment(number, date(2026, 3, 1))
    enrolling.set_values(trial.study, number, {"anc": "900"}, actor=NURSE, now=trial.now, reason="transcribed wrongly")
    participant = participants.load(trial.study.store.read(), number)
    assert participant is not None
    assert (participant.included, participant.unmet) == (True, ("anc",))
    assert stands(trial, number) == Standing.ON_TREATMENT
    assert "dose" in calendar(trial, number)
    sign(trial, number, anc="900")
    again = participants.load(trial.study.store.read(), number)
    assert again is not None
    assert again.unmet == ()


def test_the_same_values_twice_are_one_entry(trial: Trial) -> None:
    number = screened(trial, anc=None)
    for _ in range(3):
        enrolling.set_values(trial.study, number, {"anc": "2100"}, actor=NURSE, now=trial.now)
    assert kinds(trial, number).count(Kind.ELIGIBILITY_RECORDED) == 1
    assert kinds(trial, number).count(Kind.PARTICIPANT_INCLUDED) == 1


def test_only_the_consent_in_force_on_its_day_is_taken(trial: Trial) -> None:
    for wrong, words in (
        ({"consent_version": "7"}, "The consent in force on 2026-03-01 is version 1.0, not 7"),
        ({"consent_day": date(2026, 3, 2)}, "lies in the future"),
        ({"consent_day": date(2005, 1, 1)}, "no consent before 2006-01-01"),
    ):
        with pytest.raises(Refused, match=words):
            enrolling.screen(trial.study, replace(NEWCOMER, **wrong), actor=NURSE, now=trial.now)


def amend(trial: Trial) -> None:
    document = people.protocol().replace(b"alerts: record-only", b"alerts: on")
    document = document.replace(b'consents:\n  - {version: "1.0", from: 2006-01-01}\n', AMENDED)
    adoption.adopt(trial.study, document, people.instruments(), actor=people.DATA_MANAGER, now=trial.now)


def week(phone: people.Phone, day: int, occurrence: str, severity: int) -> str:
    phone.trial.at(f"2026-03-{day:02} 20:00", "Europe/Paris")
    phone.answer(occurrence, {"nausea.frequency": 2, "nausea.severity": severity})
    return str(phone.sync()["results"][0]["status"])


def told(phone: people.Phone) -> object:
    """What the phone was told last of a consent that is needed."""
    return phone.client.feed[("participation", phone.number)]["consent_needed"]


@pytest.mark.parametrize(
    ("captured", "clock", "status"),
    [
        ("2026-02-28 23:59", timedelta(0), "quarantined"),
        ("2026-03-01 00:01", timedelta(0), "stored"),  # the day of the consent, whatever the hour
        ("2026-02-20 10:00", timedelta(days=-10), "stored"),  # by a clock that is ten days slow
        ("2026-03-01 10:00", timedelta(days=3), "quarantined"),  # by one that is three days fast
    ],
)
def test_what_was_answered_before_the_consent_is_kept_apart(trial: Trial, captured: str, clock: timedelta, status: str) -> None:
    trial.at("2026-03-02 08:00", "Europe/Paris")
    phone = trial.phone(trial.enrol(people.ADA))
    phone.answer("symptoms@W0", {"bleeding": "no"}, captured=captured)
    [result] = phone.client.sync(now=trial.now.astimezone() + clock, time_zone=phone.time_zone)["results"]
    assert result["status"] == status
    if status == "quarantined":
        assert result["problem"]["type"] == "urn:qol:problem:consent-needed"


def test_an_amendment_pauses_collecting_until_the_consent_is_renewed_and_still_hides_no_illness(trial: Trial) -> None:
    ada = trial.enrol(people.ADA)
    trial.at("2026-03-02 08:00")
    trial.start_treatment(ada, date(2026, 3, 2))
    phone = trial.phone(ada)
    assert told(phone) is None
    amend(trial)
    assert week(phone, 9, "symptoms@W1", 1) == "stored"
    assert told(phone) == {"version": "2.0", "from": "2026-03-10"}, "told ahead"
    assert week(phone, 16, "symptoms@W2", 4) == "quarantined"
    assert [row["urgency"] for row in trial.study.store.read().all("SELECT urgency FROM cases WHERE state = 'raised'")] == ["same-day"]
    trial.at("2026-03-18 09:00")
    enrolling.give_consent(trial.study, ada, "2.0", date(2026, 3, 18), actor=NURSE, now=trial.now, taken_by="staff:ivan")
    assert week(phone, 23, "symptoms@W3", 1) == "stored"
    assert told(phone) is None
    rows = screening.consents(trial.study.store.read(), ada)
    assert [(row["version"], row["day"], row["taken_by"]) for row in rows] == [
        ("1.0", "2026-03-01", NURSE),
        ("2.0", "2026-03-18", "staff:ivan"),
    ]


def test_a_renewal_is_recorded_once_and_only_as_it_can_be_true(trial: Trial) -> None:
    ada = trial.enrol(people.ADA)
    trial.at("2026-03-12 09:00")
    amend(trial)
    for _ in range(2):
        enrolling.give_consent(trial.study, ada, "2.0", date(2026, 3, 11), actor=NURSE, now=trial.now)
    assert kinds(trial, ada).count(Kind.CONSENT_GIVEN) == 1
    for version, day, words in (
        ("1.0", date(2026, 3, 11), "is version 2.0, not 1.0"),
        ("2.0", trial.now.date() + timedelta(days=1), "lies in the future"),
        ("1.0", date(2026, 2, 1), "is earlier"),
    ):
        with pytest.raises(Refused, match=words):
            enrolling.give_consent(trial.study, ada, version, day, actor=NURSE, now=trial.now)
