"""What was taken and forgotten is told, to its owner first; what its owner has left is told anew to those who are there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from qol_server.intake import casework
from qol_server.intake import staff as accounts
from qol_server.state import cases
from qol_server.trial.roles import Grant, Role
from tests import people
from tests.messaging.receivers import mail_server
from tests.people import Trial
from tests.scheduler.test_notices import Office, something_bleeds, staffed, worked_on


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return staffed(tmp_path)


@pytest.fixture
def office(trial: Trial) -> Iterator[Office]:
    with mail_server() as mails:
        yield Office(trial, mails)


def test_who_took_a_case_and_forgot_it_is_told_first_then_a_second_person_then_the_investigator(office: Office, trial: Trial) -> None:
    case = something_bleeds(trial)
    [row] = cases.still_open(trial.study.store.read())
    casework.acknowledge(trial.study, case, seen=row["version"], actor="staff:nora@01.example", now=trial.now)
    assert office.tick(119) == {}
    assert office.tick(1) == {"sent": 1}
    [(_, mail)] = office.mails.taken
    assert mail["Subject"] == "Un cas n’avance plus au centre 01"
    assert office.told == ["nora"]
    worked_on(trial)
    assert office.tick(119) == {}
    for minutes, login in ((1, "nora"), (120, "nina"), (240, "ivan")):
        assert office.tick(minutes) == {"sent": 1}
        assert office.told == [login]
    assert office.tick(600) == {}


@pytest.mark.parametrize("how", ["closed", "role taken"])
def test_a_case_whose_owner_left_is_told_anew_to_those_who_are_there(office: Office, trial: Trial, how: str) -> None:
    case = something_bleeds(trial)
    [row] = cases.still_open(trial.study.store.read())
    casework.acknowledge(trial.study, case, seen=row["version"], actor="staff:nora@01.example", now=trial.now)
    assert office.tick(10) == {}
    staff = accounts.open_staff(trial.settings, trial.now)
    if how == "closed":
        accounts.close(staff, "nora@01.example", actor=people.NURSE, now=trial.now)
    else:
        accounts.take_role(staff, "nora@01.example", Grant(Role.NURSE, people.SLUG, "01"), actor=people.NURSE, now=trial.now)
    staff.store.close()
    assert office.tick(1) == {"sent": 1}
    assert office.told == ["nina"]
    [there] = cases.still_open(trial.study.store.read())
    assert (there["state"], there["owner"], there["released"]) == ("raised", None, "staff:nora@01.example")
    assert office.tick(29) == {}
    assert office.tick(1) == {"sent": 1}
    assert office.told == ["nina"]
    assert office.tick(30) == {"sent": 1}
    assert office.told == ["ivan"]


def test_whoever_works_by_the_command_line_alone_has_no_account_and_keeps_the_case(office: Office, trial: Trial) -> None:
    case = something_bleeds(trial)
    [row] = cases.still_open(trial.study.store.read())
    casework.acknowledge(trial.study, case, seen=row["version"], actor="staff:root", now=trial.now)
    assert office.tick(1) == {}
    assert office.tick(120) == {"sent": 2}, "nobody can be told of it but the nurses"
    [there] = cases.still_open(trial.study.store.read())
    assert (there["state"], there["owner"]) == ("acknowledged", "staff:root")
