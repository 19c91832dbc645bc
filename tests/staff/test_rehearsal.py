"""Rule rehearsal at the desk: what is pasted or uploaded, what it would have made, and how it comes into force."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest

from qol_server import journal
from qol_server.intake import rehearsal
from qol_server.staff import rehearsal as page
from qol_server.trial.facts import Kind
from qol_server.trial.roles import Role
from tests.staff import rehearsing
from tests.staff.rig import PASSWORD, House, Member


@pytest.fixture
def marta(desk: House) -> Member:
    """The study manager, after Ada had a fever."""
    phone = desk.trial.phone(desk.ada)
    phone.answer("symptoms@W0", {"temperature": "38.5"})
    phone.sync()
    return desk.login(Role.STUDY_MANAGER)


def adopted(desk: House) -> list[journal.Entry]:
    return journal.of_kind(desk.trial.study.store.read(), Kind.PROTOCOL_ADOPTED)


def test_the_form_begins_with_the_rules_in_force(marta: Member) -> None:
    marta.get("/rehearsal")
    assert "severe-abdominal-pain" in marta.html
    assert "escalation:" not in marta.html
    assert "Activate" not in marta.text


def test_a_draft_is_rehearsed_and_activated_with_a_reason(desk: House, marta: Member) -> None:
    marta.post("/rehearsal", form="rehearse", draft=rehearsing.MILDER, since="")
    assert "Surveys judged again: 1, of 1 participant" in marta.text
    assert f"{desk.ada} symptoms@W0" in marta.text
    assert "Now) quiet-fever (Same day)" in marta.text
    assert len(adopted(desk)) == 1
    given = {"draft": marta.value("draft"), "amends": marta.value("amends")}
    marta.post("/rehearsal/activate", form="activate", reason=" ", **given)
    assert (marta.status, marta.value("draft")) == (422, given["draft"])
    marta.post("/rehearsal/activate", form="activate", reason="less noise at night", **given)
    assert "The rules are in force." in marta.text
    assert (adopted(desk)[-1].actor, adopted(desk)[-1].reason) == (marta.actor, "less noise at night")
    assert [rule.id for rule in desk.trial.study.protocol_in_force(desk.trial.study.store.read()).rules] == ["quiet-fever"]
    marta.post("/rehearsal/activate", form="activate", reason="again", **given)
    assert (marta.status, len(adopted(desk))) == (409, 2)
    assert "came into force meanwhile" in marta.text


def test_whoever_activates_proves_who_they_are_and_what_was_typed_is_kept(desk: House, marta: Member) -> None:
    marta.post("/rehearsal", form="rehearse", draft=rehearsing.MILDER, since="")
    given = {"draft": marta.value("draft"), "amends": marta.value("amends"), "reason": "less noise"}
    desk.trial.now += timedelta(minutes=15)
    marta.post("/rehearsal/activate", form="activate", **given)
    assert len(adopted(desk)) == 1
    kept = {name: marta.value(name) for name in given}
    marta.post("/rehearsal/activate", form="activate", _password=PASSWORD, **kept)
    assert "The rules are in force." in marta.text


def test_a_file_takes_the_place_of_the_text(marta: Member) -> None:
    marta.post("/rehearsal", form="rehearse", draft="nonsense", since="", file=(BytesIO(rehearsing.MILDER.encode()), "draft.yaml"))
    assert "quiet-fever" in marta.text


def test_each_mistake_is_named_by_its_line_and_nothing_is_lost(desk: House, marta: Member) -> None:
    marta.post("/rehearsal", form="rehearse", draft="\n" + rehearsing.MILDER.replace("temperature", "tempreature"), since="")
    assert marta.status == 422
    assert 'line 3: There is no item "tempreature" (did you mean "temperature"?)' in marta.text
    assert "tempreature" in marta.html
    assert len(adopted(desk)) == 1
    marta.post("/rehearsal", form="rehearse", draft=" ", since="soon")
    assert "Please fill this in." in marta.text
    assert "A day, such as" in marta.text


def test_who_handles_data_rehearses_and_does_not_activate(desk: House, marta: Member) -> None:
    dana = desk.login(Role.DATA_MANAGER)
    dana.post("/rehearsal", form="rehearse", draft=rehearsing.MILDER, since="")
    assert "What the rules would have made" in dana.text
    assert "Activate" not in dana.text
    assert dana.post("/rehearsal/activate", form="activate", draft=rehearsing.MILDER, reason="x").status_code == 403


def test_french(marta: Member, desk: House) -> None:
    michel = desk.login(Role.STUDY_MANAGER, language="fr")
    michel.post("/rehearsal", form="rehearse", draft=rehearsing.MILDER, since="2026-01-01")
    assert "Questionnaires rejugés : 1, de 1 participant" in michel.text


def test_the_second_who_rehearses_is_told_who_is_at_it_and_keeps_the_draft(desk: House, marta: Member) -> None:
    dana = desk.login(Role.DATA_MANAGER, name="dana")
    with rehearsal.turn(desk.trial.study, dana.actor):
        marta.post("/rehearsal", form="rehearse", draft=rehearsing.MILDER, since="")
        assert marta.status == 409
        assert "A rehearsal is running already" in marta.text
        assert "Dana is rehearsing rules of this study." in marta.text
        assert "quiet-fever" in marta.html
    marta.post("/rehearsal", form="rehearse", draft=rehearsing.MILDER, since="")
    assert "What the rules would have made" in marta.text


def test_a_page_judges_for_some_seconds_only_and_says_whom_it_left(desk: House, marta: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "LONGEST", 0.0)
    marta.post("/rehearsal", form="rehearse", draft=rehearsing.MILDER, since="")
    assert "There was no time for 1 participant" in marta.text
    assert "There are no answers yet" not in marta.text


def test_a_draft_that_is_too_large_is_said_in_words(desk: House, marta: Member) -> None:
    michel = desk.login(Role.STUDY_MANAGER, language="fr")
    deep = "alerts: " + "{any: [" * 30
    for somebody, said in ((marta, "The draft is too large to be rehearsed"), (michel, "Le projet est trop grand pour être essayé")):
        somebody.post("/rehearsal", form="rehearse", draft=deep, since="")
        assert somebody.status == 422
        assert said in somebody.text
        assert "line 1" in somebody.text
