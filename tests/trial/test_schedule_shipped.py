"""The calendar of the study that is shipped, read from its file."""

from __future__ import annotations

from datetime import date

import pytest

from qol_server.library import load_instruments, protocol_from, shipped_instruments, shipped_studies
from qol_server.trial.schedule import calendar, could_produce
from tests.trial.trials import participant
from tests.trial.worked import cases, somebody

STUDY = shipped_studies()["desminib"]
PROTOCOL = protocol_from(STUDY.read_bytes(), STUDY.name, load_instruments(shipped_instruments()))


@pytest.mark.parametrize("case", cases("windows-desminib"))
def test_dates_give_windows(case):
    listed = [one for one in calendar(PROTOCOL, somebody(case), case["horizon"]) if one.occurrence.startswith(tuple(case["only"]))]
    if "windows" in case:
        assert {
            one.occurrence: [one.opens, one.target, one.due, one.closes] + ([] if one.expected else ["not expected"]) for one in listed
        } == case["windows"]
    if "names" in case:
        assert [one.occurrence for one in listed] == case["names"]
    if "count" in case:
        assert (len(listed), listed[0].occurrence, listed[-1].occurrence) == (case["count"], case["first"], case["last"])


def test_every_name_of_five_years_is_one_that_the_protocol_could_produce():
    one = participant({"consent": "2024-02-20", "treatment_start": "2024-02-29", "progression": ["2024-09-01", "2026-01-31"]})
    listed = calendar(PROTOCOL, one, date(2034, 1, 1))
    assert len(listed) == len({assignment.occurrence for assignment in listed}) > 400
    assert [a.occurrence for a in listed if not could_produce([PROTOCOL], one, a.occurrence, "x")] == []
