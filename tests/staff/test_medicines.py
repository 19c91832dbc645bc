"""A nurse writes down what else is taken: what the rules have against it is shown, decided on and recorded with it."""

from __future__ import annotations

import orjson

from qol_server import journal
from qol_server.state import medicines
from qol_server.trial.facts import Kind
from qol_server.trial.roles import Role
from tests.staff.rig import House

PARACETAMOL = {
    "name": "Paracétamol",
    "indication": "Headache",
    "purpose": "other",
    "standing": "ongoing",
    "start": "2026-03-02",
    "dose": "1 g",
}
TAMOXIFEN = {"name": "Tamoxifène 20 mg", "indication": "Desmoid", "purpose": "disease", "standing": "ongoing", "start": "2025-01-01"}


def kept(desk: House):
    return medicines.of(desk.trial.study.store.read(), desk.ada)


def test_an_ordinary_medicine_is_written_down_once_and_changed_with_a_reason(desk: House):
    nurse, here = desk.login(Role.NURSE, "01"), f"/participants/{desk.ada}/medicines"
    nurse.get(here)
    assert "No other medicine is written down" in nurse.text
    for _ in range(2):
        nurse.post(here, "medicine", _form=nurse.form_id("medicine") if not kept(desk) else kept(desk)[0]["medicine"], **PARACETAMOL)
    (row,) = kept(desk)
    assert (row["ongoing"], row["findings"]) == (1, "[]")
    one = f"{here}/{row['medicine']}"
    nurse.get(one)
    stopped = PARACETAMOL | {"standing": "ended", "end": "2026-03-02", "seen": nurse.value("seen")}
    nurse.post(one, "change", **stopped)
    assert nurse.status == 422
    nurse.post(one, "change", **stopped, reason="The headache is gone")
    assert "It is changed" in nurse.text
    nurse.post(one, "change", **stopped, reason="again")
    assert nurse.status == 409  # it is not as it was seen any more
    assert kept(desk)[0]["end"] == "2026-03-02"


def test_what_a_rule_has_against_a_medicine_is_shown_decided_and_recorded_with_it(desk: House):
    nurse, here = desk.login(Role.NURSE, "01"), f"/participants/{desk.ada}/medicines"
    nurse.get(here)
    nurse.post(here, "medicine", **TAMOXIFEN)
    assert nurse.status == 409
    assert "Hormonal treatment: not allowed against the disease of the study." in nurse.text
    assert "was not stopped long enough before the study" in nurse.text
    assert kept(desk) == []
    nurse.post(here, "medicine", **TAMOXIFEN, deviation="Stopped today; the investigator knows")
    assert "It is written down." in nurse.text
    assert "Stopped today; the investigator knows" in nurse.text
    (entry,) = journal.of_kind(desk.trial.study.store.read(), Kind.MEDICINE_RECORDED)
    fact = orjson.loads(entry.line)
    assert [found["rule"] for found in fact["findings"]] == ["hormones", "earlier_treatment"]
    assert entry.participant == desk.ada


def test_days_that_cannot_be_and_a_code_that_is_none_are_refused(desk: House):
    nurse, here = desk.login(Role.NURSE, "01"), f"/participants/{desk.ada}/medicines"
    nurse.get(here)
    wrong = ({"code": "12345"}, {"start": "2026-03-03"}, {"standing": "ended", "end": "2026-03-01"}, {"standing": "ended", "end": ""})
    for each in wrong:
        nurse.post(here, "medicine", **(PARACETAMOL | each))
        assert nurse.status == 422, each
    assert kept(desk) == []
    assert nurse.get(f"{here}/nothing").status_code == 404
