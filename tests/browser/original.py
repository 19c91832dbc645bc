"""The study that the browser's stories begin with: prepared once, copied for each story."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests import people


@dataclass(frozen=True, slots=True)
class Original:
    """The prepared study, which nobody changes, and its participants' numbers by name."""

    trial: people.Trial
    numbers: dict[str, str]


def prepare(folder: Path) -> Original:
    """A live study at 20:00 in Paris on 2 March 2026: Ada (French) and Ben (English) take their first dose today; Cléa has not begun."""
    trial = people.trial(folder)
    trial.study.warm()
    trial.study.protocol_in_force(trial.study.store.read())
    numbers = {person.name: trial.enrol(person) for person in people.CAST}
    trial.at("2026-03-02 20:00", "Europe/Paris")
    for name in ("Ada", "Ben"):
        trial.start_treatment(numbers[name], trial.now.date())
    trial.study.store.close()
    return Original(trial, numbers)
