"""A study, and Ben under treatment in it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests import people
from tests.people import Trial


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    return people.trial(tmp_path)


@pytest.fixture
def ben(trial: Trial) -> str:
    """Ben takes 400 mg a day from 2 March on; he is reminded at nine."""
    number = trial.enrol(people.BEN)
    trial.at("2026-03-02 06:00")
    trial.start_treatment(number, date(2026, 3, 2))
    return number
