"""Where a story of alerts and cases begins: a study whose rules are asked, and Ada on her first evening with the medicine."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests import people
from tests.people import Phone, Trial


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return people.trial(tmp_path, alerts=True)


@pytest.fixture
def phone(trial: Trial) -> Phone:
    number = trial.enrol(people.ADA)
    trial.at("2026-03-02 20:00", "Europe/Paris")
    trial.start_treatment(number, date(2026, 3, 2))
    return trial.phone(number)
