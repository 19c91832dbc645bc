"""The pages about adverse events: a nurse prepares, an investigator signs, and everything that was done is shown."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from qol_server.access.sessions import VERIFIED_FOR
from qol_server.staff.words import WORDS
from qol_server.state import adverse_events as folded
from qol_server.state import cases
from qol_server.trial.adverse_events import Action, Outcome, Serious, What
from qol_server.trial.roles import Role
from tests import people
from tests.staff.clinic import NAUSEA, SERIOUS, record, seen
from tests.staff.rig import PASSWORD, House, Member


def url(desk: House, rest: str = "") -> str:
    return f"/participants/{desk.ada}/adverse-events{rest}"


def there(desk: House, ae: str) -> folded.Recorded:
    found = folded.one(desk.trial.study.store.read(), ae)
    assert found is not None
    return found


def typed(member: Member, desk: House, **differs: str) -> Member:
    """The form of a new one, filled in and sent."""
    member.get(url(desk, "/new"))
    member.post(url(desk, "/new"), "event", **(NAUSEA | differs))
    return member


def test_a_nurse_prepares_and_an_investigator_signs(desk: House) -> None:
    nora, ivan = desk.login(Role.NURSE, "01"), desk.login(Role.INVESTIGATOR, "01")
    assert typed(nora, desk).status == 200
    assert "waits for an investigator’s signature" in nora.text
    assert "Sign Change" not in nora.text
    [one] = folded.of_participant(desk.trial.study.store.read(), desk.ada)
    ivan.get(url(desk, f"/{one.ae}"))
    assert "I have judged this adverse event" in ivan.text
    ivan.post(url(desk, f"/{one.ae}/sign"), "sign", seen=str(one.version))
    assert "adverse event in the data now" in ivan.text
    assert there(desk, one.ae).counts
    assert "Investigator-01" in ivan.text or "Investigator 01" in ivan.text
    nora.get(url(desk))
    assert "Nausea" in nora.text
    assert "Signed" in nora.text


def test_whoever_signs_proves_who_they_are(desk: House) -> None:
    ae = record(desk)
    ivan = desk.login(Role.INVESTIGATOR, "01")
    desk.trial.now += VERIFIED_FOR + timedelta(minutes=1)
    ivan.post(url(desk, f"/{ae}/sign"), "sign", **seen(desk))
    assert there(desk, ae).signed is None
    assert ivan.value("seen") == seen(desk)["seen"]
    ivan.post(url(desk, f"/{ae}/sign"), "sign", _password=PASSWORD, _code="", **seen(desk))
    assert there(desk, ae).counts


def test_a_grade_that_the_term_does_not_have_is_refused_with_those_that_it_has(desk: House) -> None:
    nora = typed(desk.login(Role.NURSE, "01"), desk, grade="5")
    assert nora.status == 422
    assert "Nausea has the grades 1, 2, 3." in nora.text
    assert nora.value("term") == "Nausea"
    assert folded.of_participant(desk.trial.study.store.read(), desk.ada) == []


def test_fields_that_are_empty_are_said_before_anything_else(desk: House) -> None:
    nora = typed(desk.login(Role.NURSE, "01"), desk, start="", grade="", outcome="")
    assert nora.status == 422
    assert nora.html.count('aria-invalid="true"') == 3


def test_a_change_breaks_the_signature_and_shows_before_and_after(desk: House) -> None:
    ae = record(desk)
    nora, ivan = desk.login(Role.NURSE, "01"), desk.login(Role.INVESTIGATOR, "01")
    ivan.post(url(desk, f"/{ae}/sign"), "sign", **seen(desk))
    nora.post(url(desk, f"/{ae}/change"), "event", reason="heard more", **(NAUSEA | {"grade": "3"} | seen(desk)))
    assert nora.status == 200
    assert "Changed since it was signed" in nora.text
    assert "Grade: 2 → 3" in nora.text
    assert "Reason: heard more" in nora.text
    assert not there(desk, ae).counts


def test_the_second_of_two_sees_that_it_changed(desk: House) -> None:
    ae = record(desk)
    before = seen(desk)
    nora, ivan = desk.login(Role.NURSE, "01"), desk.login(Role.INVESTIGATOR, "01")
    nora.post(url(desk, f"/{ae}/change"), "event", reason="heard more", **(NAUSEA | {"grade": "3"} | before))
    ivan.post(url(desk, f"/{ae}/sign"), "sign", **before)
    assert ivan.status == 409
    assert "not as you saw it" in ivan.text
    assert there(desk, ae).signed is None


def test_what_was_entered_in_error_stays_with_its_reason(desk: House) -> None:
    ae = record(desk)
    ivan = desk.login(Role.INVESTIGATOR, "01")
    ivan.post(url(desk, f"/{ae}/withdraw"), "withdraw", reason="", **seen(desk))
    assert ivan.status == 422
    ivan.post(url(desk, f"/{ae}/withdraw"), "withdraw", reason="wrong participant", **seen(desk))
    assert "Entered in error" in ivan.text
    assert "Reason: wrong participant" in ivan.text
    assert 'name="reason"' not in ivan.html


def test_a_report_of_the_diary_brings_its_days_and_words_but_no_grade(desk: House) -> None:
    phone = desk.trial.phone(desk.ada)
    phone.something_happened(people.FELL_ILL | {"what": "Fell on the stairs", "started": "2026-03-02", "severity": 3})
    phone.sync()
    nora = desk.login(Role.NURSE, "01")
    nora.get(url(desk))
    assert "Reported in the diary, not recorded yet" in nora.text
    [case] = cases.still_open(desk.trial.study.store.read())
    nora.get(url(desk, f"/new?case={case['case']}"))
    assert (nora.value("words"), nora.value("start")) == ("Fell on the stairs", "2026-03-02")
    assert "selected" not in nora.html
    given = nora.value("given")
    nora.post(url(desk, "/new"), "event", given=given, case=case["case"], **(NAUSEA | {"term": "Fall"}))
    [one] = folded.of_participant(desk.trial.study.store.read(), desk.ada)
    assert (str(one.given), one.case) == (given, case["case"])
    nora.get(url(desk))
    assert "Reported in the diary" not in nora.text


def test_the_report_of_somebody_else_brings_nothing(desk: House) -> None:
    ben = desk.trial.enrol(people.BEN)
    phone = desk.trial.phone(ben)
    told = phone.something_happened(people.FELL_ILL | {"what": "A secret of Ben’s"})
    phone.sync()
    assert told.receipt is not None
    nora = desk.login(Role.NURSE, "01")
    nora.get(url(desk, f"/new?given={told.receipt['position']}"))
    assert nora.status == 200
    assert "secret" not in nora.html
    assert 'name="given"' not in nora.html


def test_an_adverse_event_stands_under_its_own_participant_only(desk: House) -> None:
    ae = record(desk)
    clea = desk.trial.enrol(people.Person("Cléo", "01", "fr", "Europe/Paris"))
    nora = desk.login(Role.NURSE, "01")
    assert nora.get(f"/participants/{clea}/adverse-events/{ae}").status_code == 404
    assert "There is no such adverse event" in nora.text


def test_the_page_speaks_french(desk: House) -> None:
    record(desk)
    nora = desk.login(Role.NURSE, "01", language="fr")
    nora.get(url(desk))
    assert "Événements indésirables de" in nora.text
    assert "À signer" in nora.text


@pytest.mark.parametrize("kind", [Action, Outcome, Serious, What])
def test_every_code_has_words(kind: type[Action] | type[Outcome] | type[Serious] | type[What]) -> None:
    area = {Action: "ae.action", Outcome: "ae.outcome", Serious: "serious", What: "ae.wrong"}[kind]
    assert {f"{area}.{code}" for code in kind} <= WORDS.keys()


def test_no_health_data_stands_in_an_address(desk: House) -> None:
    nora = desk.login(Role.NURSE, "01")
    nora.get(url(desk, "/new"))
    nora.post(url(desk, "/new"), "event", follow=False, **NAUSEA)
    assert nora.answer is not None
    went = urlsplit(nora.answer.headers["Location"])
    assert (went.query, went.path.count("/")) == ("done=ae.recorded", 6)


def report(member: Member, desk: House, ae: str, **fields: str) -> Member:
    """The form with which a report to the sponsor is recorded, filled in and sent."""
    told = {"reported_at": "2026-03-02T19:30", "by": "on-paper", "to": "Sponsor", "reference": "Portal, SAE-7"} | seen(desk) | fields
    member.post(url(desk, f"/{ae}/report"), "report", **told)
    return member


def test_a_serious_one_shows_its_clock_until_its_report_is_recorded(desk: House) -> None:
    ae = record(desk, SERIOUS)
    nora = desk.login(Role.NURSE, "01")
    nora.get(url(desk, f"/{ae}"))
    assert "Serious: report due in 23 h 0 min" in nora.text
    assert report(nora, desk, ae, to="").status == 422
    assert report(nora, desk, ae, reported_at="2026-03-02T18:59").status == 422
    before = seen(desk)
    assert "The report is recorded." in report(nora, desk, ae).text
    assert "Serious: reported" in nora.text
    assert "2 Mar 2026, 19:30, by somebody without an account here: named on paper, to Sponsor" in nora.text
    assert "How, and under which number: Portal, SAE-7" in nora.text
    assert 'name="reported_at"' not in nora.html
    assert report(nora, desk, ae, **before).status == 409, "the second of two sees that it was recorded"


def test_a_late_report_says_how_late_and_an_earlier_knowledge_is_seen(desk: House) -> None:
    ae = record(desk, SERIOUS)
    desk.trial.at("2026-03-05 20:00", "Europe/Paris")
    nora = desk.login(Role.NURSE, "01")
    assert "Serious: reported 30 min late" in report(nora, desk, ae, reported_at="2026-03-03T19:30").text
    said = NAUSEA | {"serious": "hospitalisation", "reason": "The ward rang the study nurse", "aware_at": "2026-03-02T09:30"}
    nora.post(url(desk, f"/{ae}/change"), "event", **(said | seen(desk)))
    assert "Serious: reported 10 h 0 min late" in nora.text
    nora.post(url(desk, f"/{ae}/change"), "event", **(said | {"aware_at": "2026-03-04T09:30"} | seen(desk)))
    assert "Serious: reported 10 h 0 min late" in nora.text
    assert "The clock counts from" in nora.text
