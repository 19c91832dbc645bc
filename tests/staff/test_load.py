"""The alert load at the desk: counts of the sites that somebody may see, and nobody's number."""

from __future__ import annotations

from datetime import timedelta

import pytest

from qol_server.intake import casework
from qol_server.state import cases
from qol_server.trial.roles import Role
from tests import people
from tests.staff.rig import House


@pytest.fixture
def worked(desk: House) -> House:
    """Ada's severe nausea came on Monday evening, was acknowledged on Tuesday at nine and resolved two hours later."""
    trial = desk.trial
    phone = trial.phone(desk.ada)
    phone.answer("symptoms@W0", {"nausea.frequency": 2, "nausea.severity": 3})
    phone.answer("dose@2026-03-02", people.TAKEN)
    phone.sync()
    trial.at("2026-03-03 09:00", "Europe/Paris")
    for act in ("acknowledge", "resolve"):
        [row] = cases.still_open(trial.study.store.read())
        seen = {"seen": row["version"], "actor": people.NURSE, "now": trial.now}
        if act == "acknowledge":
            casework.acknowledge(trial.study, row["case"], **seen)
        else:
            casework.resolve(trial.study, row["case"], action="called", outcome="improving", reason="better", **seen)
        trial.now += timedelta(hours=2)
    return desk


def test_the_load_is_counts_and_times_and_nobodys_number(worked: House) -> None:
    marta = worked.login(Role.STUDY_MANAGER)
    marta.get("/load")
    assert "Surveys that alert 50 % 1 of 2" in marta.text
    assert "Alerts explained by an expected level 0 % 0 of 1" in marta.text
    assert (
        "Alerts by site Site Surveys that alert Alerts explained by an expected level 01 50 % 1 of 2 0 % 0 of 1 02 – 0 of 0 –" in marta.text
    )
    assert "Alerts: 1" in marta.text
    assert "Cases opened: 1" in marta.text
    assert "Same day 1 13 h 0 min 13 h 0 min 1 h 0 min 1 h 0 min 15 h 0 min 15 h 0 min 3 h 0 min 3 h 0 min 0 (0 %)" in marta.text
    assert worked.ada not in marta.html


def test_each_site_sees_its_own(worked: House) -> None:
    for site, seen in (("01", "1 of 2"), ("02", "0 of 0")):
        nurse = worked.login(Role.NURSE, site)
        nurse.get("/load")
        assert f"Surveys that alert {'50 %' if site == '01' else '–'} {seen}" in nurse.text
        other = "02" if site == "01" else "01"
        nurse.get(f"/load?site={other}")  # of another site nothing is told
        assert seen in nurse.text
    marta = worked.login(Role.STUDY_MANAGER)
    marta.get("/load?site=02&weeks=4")
    assert "Alerts: 0" in marta.text


def test_what_lies_before_the_period_is_left_out(worked: House) -> None:
    worked.trial.now += timedelta(weeks=5)
    marta = worked.login(Role.STUDY_MANAGER, language="fr")
    marta.get("/load?weeks=4")
    assert "Alertes : 0" in marta.text
    marta.get("/load?weeks=13")
    assert "Alertes : 1" in marta.text
