"""A nurse enrols somebody, a criterion fails and a deviation is signed, a consent is renewed; contact details show on demand alone."""

from __future__ import annotations

import html
import uuid
from collections.abc import Sequence
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from qol_server import journal
from qol_server.intake import conduct, enrolling, typed
from qol_server.staff.words import WORDS
from qol_server.state import participants, screening
from qol_server.store import Tx
from qol_server.trial import problems
from qol_server.trial.facts import Entry, Kind
from qol_server.trial.participant import Participant
from qol_server.trial.problems import Refused
from qol_server.trial.roles import Role
from tests import people
from tests.staff import entering
from tests.staff.rig import PASSWORD, House, Member

AMENDED = b'  - {version: "1.0", from: 2006-01-01}\n  - {version: "2.0", from: 2026-03-10, renew: yes, until_renewed: pause}\n'
SECRETS = ("Quillfeather", "quillfeather", "12 34 56 78")


def newcomer(member: Member, **fields: Any) -> str:
    """Fill in the form as it is shown; returns the number that was given, or ''."""
    member.get("/participants/new")
    given = entering.NEWCOMER | fields
    member.post("/participants/new", **{name: value for name, value in given.items() if value is not None})
    assert member.answer is not None
    return (
        member.answer.request.path.rpartition("/participants/")[2].partition("/")[0] if "eligibility" in member.answer.request.path else ""
    )


def kinds(desk: House, number: str) -> list[str]:
    return [str(entry.kind) for entry in journal.of_participant(desk.trial.study.store.read(), number)]


def test_who_meets_all_criteria_is_included_and_may_pair(desk: House) -> None:
    nurse = desk.login(Role.NURSE, "01")
    number = newcomer(nurse)
    assert number == "01-0002-8" or number.startswith("01-0002-")
    assert "All criteria are met or signed for: the person is included." in nurse.text
    assert "Included: the calendar and pairing are open." in nurse.text
    assert kinds(desk, number) == [Kind.PARTICIPANT_ENROLLED]
    nurse.get(f"/participants/{number}/consent")
    assert "1.0 2 Mar 2026 somebody without an account here: named on paper nurse-01-en@hospital.example" in nurse.text


def test_all_mistakes_are_said_at_once_and_nothing_that_was_typed_is_lost(desk: House) -> None:
    nurse, before = desk.login(Role.NURSE, "01"), desk.trial.position
    assert newcomer(nurse, consent_day="2026-05-01", criterion_anc="1 000", criterion_age="17", criterion_platelets="", taken_by="") == ""
    assert nurse.status == 422
    for words in (
        "This day lies in the future.",
        "A number such as 2.5, without spaces.",
        "Not met: it must be at least 18 and at most 120 years.",
        "Not known yet.",
        "Please choose one of what is offered.",
        "Not all criteria are met and known",
    ):
        assert words in nurse.text
    assert 'value="1 000"' in nurse.html
    assert 'value="17"' in nurse.html
    assert 'value="2026-05-01"' in nurse.html
    assert desk.trial.position == before


def test_a_failure_is_named_before_it_is_recorded_and_then_blocks_schedule_and_pairing(desk: House) -> None:
    nurse = desk.login(Role.NURSE, "01")
    assert newcomer(nurse, criterion_anc="1000") == ""
    assert "Not met: it must be above 1,000 /mm3." in nurse.text
    number = newcomer(nurse, criterion_anc="1000", as_it_is="yes")
    assert "not eligible" in nurse.text
    assert "there is no calendar, and no phone can be paired" in nurse.text
    assert "Only an investigator signs a deviation." in nurse.text
    assert participants.assignments(desk.trial.study.store.read(), number) == []
    with pytest.raises(Refused, match="anc"):
        conduct.offer_pairing(desk.trial.study, number, actor=people.NURSE, now=desk.now)


def test_of_whoever_is_not_included_nothing_is_typed_in_and_of_nobody_from_before_the_consent(desk: House) -> None:
    nurse = desk.login(Role.NURSE, "01")
    number = newcomer(nurse, criterion_anc="1000", as_it_is="yes")
    for who, day, problem in ((number, 2, problems.NOT_ELIGIBLE), (desk.ada, -5, problems.BAD_VALUE)):
        given = typed.Typed(
            str(uuid.uuid4()), "qol@BASELINE", "eortc-qlq-c30", desk.trial.versions["eortc-qlq-c30"], None, "fr", "paper", "participant",
            desk.now + timedelta(days=day), "Europe/Paris", people.C30,
        )  # fmt: skip
        with pytest.raises(Refused) as refused:
            typed.enter(desk.trial.study, who, given, actor=people.NURSE, now=desk.now + timedelta(days=3))
        assert refused.value.problem == problem


def test_a_form_that_comes_twice_gives_one_number(desk: House) -> None:
    nurse = desk.login(Role.NURSE, "01")
    nurse.get("/participants/new")
    form = entering.NEWCOMER | {"_form": nurse.form_id("enrol")}
    for _ in range(2):
        nurse.post("/participants/new", **form)
    assert len(participants.numbers(desk.trial.study.store.read())) == 2
    assert newcomer(nurse).startswith("01-0003-"), "a form of its own is another person"


def test_an_investigator_signs_a_deviation_for_what_is_seen_with_the_password(desk: House) -> None:
    nurse, doctor = desk.login(Role.NURSE, "01"), desk.login(Role.INVESTIGATOR, "01")
    number = newcomer(nurse, criterion_anc="1000", as_it_is="yes")
    here = f"/participants/{number}/eligibility"
    doctor.get(here)
    assert "Neutrophil count: 1,000 (Must be above 1,000 /mm3)" in doctor.text
    assert "I include this participant although" in doctor.text
    seen = doctor.value("seen")
    doctor.post(f"{here}/deviation", "deviation", seen=seen, reason="")
    assert doctor.status == 422
    doctor.post(f"{here}/deviation", "deviation", seen='{"anc":"999"}', reason="agreed with the sponsor")
    assert doctor.status == 409
    assert "The eligibility is not as you saw it any more" in doctor.text
    desk.trial.at("2026-03-02 20:15", "Europe/Paris")
    doctor.post(f"{here}/deviation", "deviation", seen=seen, reason="agreed with the sponsor")
    assert doctor.status == 401
    assert 'value="agreed with the sponsor"' in doctor.html
    doctor.post(f"{here}/deviation", "deviation", seen=seen, reason="agreed with the sponsor", _password=PASSWORD)
    assert "the person is included" in doctor.text
    assert "accepted by deviation" in doctor.text
    [entry] = journal.of_participant(desk.trial.study.store.read(), number, (Kind.DEVIATION_SIGNED,))
    assert (entry.actor, entry.reason) == (doctor.actor, "agreed with the sponsor")
    assert b"I include this participant" in entry.line
    assert participants.assignments(desk.trial.study.store.read(), number) != []


def test_values_come_later_and_one_that_changes_has_a_reason(desk: House) -> None:
    nurse = desk.login(Role.NURSE, "01")
    number = newcomer(nurse, criterion_anc="", criterion_platelets="", as_it_is="yes")
    here = f"/participants/{number}/eligibility"
    assert "in screening" in nurse.text
    nurse.post(here, "values", criterion_anc="900")
    assert "not met" in nurse.text
    nurse.post(here, "values", criterion_anc="1001")
    assert nurse.status == 422
    assert "Say why a recorded value changes." in nurse.text
    nurse.post(here, "values", criterion_anc="1001", criterion_platelets="150000", reason="measured again")
    assert "the person is included" in nurse.text
    assert kinds(desk, number) == [
        Kind.PARTICIPANT_ENROLLED, Kind.ELIGIBILITY_RECORDED, Kind.ELIGIBILITY_RECORDED, Kind.PARTICIPANT_INCLUDED,
    ]  # fmt: skip


def test_an_amendment_marks_whose_consent_is_needed_again_until_it_is_signed(desk: House) -> None:
    document = people.protocol().replace(b"alerts: record-only", b"alerts: on")
    document = document.replace(b'  - {version: "1.0", from: 2006-01-01}\n', AMENDED)
    conduct.adopt(desk.trial.study, document, people.instruments(), actor=people.DATA_MANAGER, now=desk.now)
    desk.trial.at("2026-03-11 09:00", "Europe/Paris")
    nurse, here = desk.login(Role.NURSE, "01"), f"/participants/{desk.ada}/consent"
    nurse.get("/participants?standing=consent")
    assert f"{desk.ada} on treatment consent needed again" in nurse.text
    nurse.get("/worklist")
    assert "1 participant has to sign the consent again" in nurse.text
    nurse.get(f"/participants/{desk.ada}")
    assert "on treatment consent needed again" in nurse.text
    nurse.get(here)
    assert "The consent is needed again: version 2.0, since 10 Mar 2026." in nurse.text
    assert "Nothing is collected since 10 Mar 2026" in nurse.text
    nurse.post(here, "consent", version="1.0", consent_day="2026-03-11", taken_by="on-paper")
    assert "On 11 Mar 2026 version 2.0 was in force." in nurse.text
    nurse.post(here, "consent", version="2.0", consent_day="2026-03-11", taken_by="Dr Ivan Roche")
    assert (nurse.status, "Roche" in str(desk.trial.study.store.read().all("SELECT line FROM lines"))) == (422, False)
    ivan = desk.login(Role.INVESTIGATOR, "01", name="ivan")
    nurse.post(here, "consent", version="2.0", consent_day="2026-03-11", taken_by=ivan.actor)
    assert "Nothing has to be signed now." in nurse.text
    assert "2.0 11 Mar 2026 Ivan " in nurse.text
    nurse.get("/worklist")
    assert "has to sign" not in nurse.text
    nurse.get("/participants?standing=consent")
    assert "No participant fits what you asked for" in nurse.text


def test_who_took_a_consent_is_shown_also_where_an_earlier_release_wrote_the_name(desk: House) -> None:
    fact = {"version": "1.0", "date": "2026-03-02", "taken_by": "Dr Ivan"}
    desk.trial.study.store.write(
        lambda tx: screening.consent(tx, Entry("consent.given", "x", b"", "staff:nora", "", participant=desk.ada, position=1), fact)
    )
    nurse = desk.login(Role.NURSE, "01")
    assert nurse.get(f"/participants/{desk.ada}/consent").status_code == 200
    assert "1.0 2 Mar 2026 Dr Ivan" in nurse.text


def test_the_list_shows_where_everybody_stands_and_finds_sorts_and_filters(desk: House) -> None:
    trial, nurse = desk.trial, desk.login(Role.NURSE)
    ben = trial.enrol(people.BEN)
    cleo = enrolling.screen(
        trial.study, enrolling.Enrolment("03", "1.0", date(2026, 3, 2), {"anc": "12"}), actor=people.NURSE, now=trial.now
    )
    phone = trial.phone(desk.ada)
    trial.at("2026-03-06 20:00", "Europe/Paris")
    for day in (2, 3):
        phone.answer(f"dose@2026-03-0{day}", people.TAKEN)
    phone.sync()
    nurse = desk.login(Role.NURSE)
    nurse.get("/participants")
    assert "3 participants" in nurse.text
    assert f"{desk.ada} on treatment" in nurse.text
    assert f"{cleo} not eligible" in nurse.text
    assert f"{ben} included, before treatment" in nurse.text
    assert "2 of " in nurse.text
    assert "M1, 2 Apr 2026" in nurse.text
    nurse.get(f"/participants?find={ben.replace('-', '')}")
    assert "1 participant " in nurse.text
    assert ben in nurse.text
    nurse.get("/participants?site=03&standing=not-eligible&sort=standing&page=1")
    assert cleo in nurse.text
    assert desk.ada not in nurse.text
    nurse.get("/participants?sort=seen")
    assert nurse.html.rindex(desk.ada) > nurse.html.rindex(ben), "who was never seen comes first"
    for odd in ("page=0", "page=999", "page=x", "sort=x&standing=x&site=x", "find=%00"):
        nurse.get(f"/participants?{odd}")
        assert nurse.status == 200, odd


def test_nobody_sees_participants_or_visits_of_another_site(desk: House) -> None:
    ben = desk.trial.enrol(people.BEN)
    desk.trial.start_treatment(ben, date(2026, 3, 2))
    nurse = desk.login(Role.NURSE, "01")
    for page in ("/participants", "/participants?site=02", f"/participants?find={ben}", "/visits?day=2026-04-02"):
        nurse.get(page)
        assert ben not in nurse.text.replace(f"find={ben}", "") or page.endswith(ben)
    assert ben in desk_text(desk, Role.NURSE, "02", "/visits?day=2026-04-02")
    newcomer(nurse, site="02")
    assert nurse.status == 422


def desk_text(desk: House, role: Role, site: str, page: str) -> str:
    member = desk.login(role, site)
    member.get(page)
    return member.text


def test_tomorrows_visits_stand_by_site_and_any_day_can_be_asked_for(desk: House) -> None:
    desk.trial.at("2026-04-01 09:00", "Europe/Paris")
    nurse = desk.login(Role.NURSE, "01")
    nurse.get("/participants")
    assert f"Tomorrow’s visits {desk.ada} M1" in nurse.text
    nurse.get("/visits")
    assert "Visits on 2 Apr 2026" in nurse.text
    assert f"{desk.ada} M1 26 Mar 2026 – 9 Apr 2026 not answered yet" in nurse.text
    nurse.get("/visits?day=2026-04-03")
    assert "Nobody is expected on 3 Apr 2026" in nurse.text
    for odd in ("x", "9999-12-31", "0001-01-01"):
        nurse.get(f"/visits?day={odd}")
        assert nurse.status == 200


def test_contact_details_show_after_a_purpose_was_said_and_every_look_is_listed(desk: House) -> None:
    entering.kept(desk)
    nurse, here = desk.login(Role.NURSE, "01"), f"/participants/{desk.ada}/contact"
    nurse.get(here)
    assert not any(secret in nurse.html for secret in SECRETS)
    nurse.post(f"{here}/show", "show", why="")
    assert nurse.status == 422
    assert not any(secret in nurse.html for secret in SECRETS)
    nurse.post(f"{here}/show", "show", why="call")
    assert all(value in html.unescape(nurse.html) for value in entering.DETAILS.values())
    assert nurse.answer is not None
    assert nurse.answer.headers["Cache-Control"] == "no-store"
    nurse.get(here)
    assert "looked: To call" in nurse.text
    assert not any(secret in nurse.html for secret in SECRETS)


def test_two_who_write_contact_details_at_once_do_not_overwrite_each_other(desk: House) -> None:
    entering.kept(desk)
    nurse, doctor = desk.login(Role.NURSE, "01"), desk.login(Role.INVESTIGATOR, "01")
    here = f"/participants/{desk.ada}/contact"
    nurse.post(f"{here}/show", "show", why="update")
    seen = nurse.value("seen")
    doctor.post(here, "write", seen=seen, name="Zsazsa", telephone="0612345678")
    assert "The contact details are kept." in doctor.text
    nurse.post(here, "write", seen=seen, name="Zsa", telephone="nonsense", email="x")
    assert "A telephone number, such as" in nurse.text
    assert "An e-mail address, such as" in nurse.text
    nurse.post(here, "write", seen=seen, name="Zsa")
    assert nurse.status == 409
    assert "changed meanwhile" in nurse.text
    assert 'value="Zsa"' in nurse.html


def test_erasing_needs_a_reason_and_leaves_who_looked(desk: House) -> None:
    entering.kept(desk)
    nurse, here = desk.login(Role.NURSE, "01"), f"/participants/{desk.ada}/contact"
    nurse.post(f"{here}/show", "show", why="visit")
    nurse.post(f"{here}/erase", "erase", reason="", seen=nurse.value("seen"))
    assert nurse.status == 422
    nurse.post(f"{here}/erase", "erase", reason="asked for it", seen=nurse.value("seen"))
    assert "No contact details are kept yet." in nurse.text
    assert "erased: asked for it" in nurse.text
    assert "looked: To arrange a visit" in nurse.text


def test_no_page_but_the_one_that_was_asked_shows_contact_details(desk: House) -> None:
    entering.kept(desk)
    doctor = desk.login(Role.INVESTIGATOR, "01")
    for page in (
        "/participants",
        "/visits",
        *(f"/participants/{desk.ada}/{area}" for area in ("contact", "consent", "eligibility", "dates", "treatment")),
    ):
        doctor.get(page)
        assert doctor.status == 200, page
        assert not any(secret in doctor.html for secret in SECRETS), page


def test_the_pages_speak_french(desk: House) -> None:
    nurse = desk.login(Role.NURSE, "01", language="fr")
    number = newcomer(nurse, criterion_bilirubin="1,5", as_it_is="yes")
    assert "non éligible" in nurse.text
    assert "inférieur à 1,5 fois la limite supérieure de la normale" in nurse.text
    nurse.get(f"/participants/{number}/contact")
    assert WORDS["contact.not_kept"][1] in nurse.text


def test_a_page_of_the_list_reads_what_stands_on_it_and_no_more(desk: House, monkeypatch: pytest.MonkeyPatch) -> None:
    ben, clea = desk.trial.enrol(people.BEN), desk.trial.enrol(people.CLEA)
    read: list[list[str]] = []

    def load_all(tx: Tx, numbers: Sequence[str]) -> dict[str, Participant]:
        read.append(list(numbers))
        return participants.load_all(tx, numbers)

    monkeypatch.setattr("qol_server.staff.people.AT_ONCE", 1)
    monkeypatch.setattr("qol_server.staff.people.participants", SimpleNamespace(load_all=load_all))
    nurse = desk.login(Role.NURSE)
    for page, number in enumerate(sorted([desk.ada, ben, clea]), start=1):
        nurse.get(f"/participants?page={page}")
        assert "3 participants" in nurse.text
        assert number in nurse.text
        assert read == [[number]]
        read.clear()
