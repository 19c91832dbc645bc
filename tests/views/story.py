"""Four weeks of a small study, lived through the server's own doors; what the views must say of them is worked by hand.

Ada (Lyon) takes 400 mg from 2 March, forgets one day, reports nothing of another, is held from 7 to 9 March (and takes a
dose on the 8th all the same), and takes 800 mg in two intakes from 11 March. Ben (Villejuif) dies on 8 March. Cléa
(Martinique) progresses on 10 March; the questionnaire of her first month serves that visit too.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from qol_server.intake import adverse_events
from qol_server.intake.adverse_events import Origin
from qol_server.trial.adverse_events import Action, AdverseEvent, Outcome, Serious
from tests import people
from tests.people import FORGOTTEN, TAKEN, Trial

TWO = {"intake.1.status": "taken", "intake.2.status": "taken"}
ONE_OF_TWO = {"intake.1.status": "taken", "intake.2.status": None}
SYMPTOMS = {"nausea.frequency": 1, "nausea.severity": 2, "nausea.interference": 0, "fatigue.frequency": "declined", "bleeding": "no"}
HALF = {f"q{n}": n % 4 + 1 for n in range(1, 16)} | {f"q{n}": None for n in range(16, 29)} | {"q29": 4, "q30": 4}
FREE_TEXT = 'Fell, "badly";\nthen rested, à la maison ☂'


@dataclass(slots=True)
class Story:
    """``marks``: name of a moment -> the journal's position then."""

    trial: Trial
    ada: str = ""
    ben: str = ""
    clea: str = ""
    marks: dict[str, int] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    def mark(self, name: str) -> None:
        self.marks[name] = self.trial.position


FALL = AdverseEvent(
    term="Fall", grade=2, start=date(2026, 3, 5), end=date(2026, 3, 12), relation="not_related", action=Action.DOSE_NOT_CHANGED,
    outcome=Outcome.RECOVERED, serious=frozenset({Serious.HOSPITALISATION}), aware_at=datetime(2026, 3, 14, 10, tzinfo=UTC),
    words="Fell at home",
)  # fmt: skip


def _judged(story: Story, number: str, event: AdverseEvent, given: int | None = None) -> str:
    trial = story.trial
    return adverse_events.prepare(trial.study, number, event, Origin(given), form=str(trial.position), actor=people.NURSE, now=trial.now)


def four_weeks(folder: Path) -> Story:
    trial = people.trial(folder)
    story = Story(trial)
    story.ada, story.ben, story.clea = (trial.enrol(person) for person in people.CAST)
    story.mark("enrolled")
    ada, ben, clea = (trial.phone(number) for number in (story.ada, story.ben, story.clea))
    trial.at("2026-03-01 10:00")
    story.ids["baseline"] = ada.answer("qol@BASELINE", HALF).id
    ada.answer("symptoms@W0", SYMPTOMS)
    story.ids["unusable"] = ben.answer("qol@BASELINE", people.C30 | {"q1": 9}).id
    ada.sync(), ben.sync()
    trial.at("2026-03-02 07:00")
    trial.start_treatment(story.ada, date(2026, 3, 2))
    trial.start_treatment(story.clea, date(2026, 3, 1))
    trial.at("2026-03-03 07:00")
    trial.start_treatment(story.ben, date(2026, 3, 3))

    def dose(day: int, answers: dict[str, Any], **more: Any) -> str:
        trial.at(f"2026-03-{day:02} 18:00")
        sealed = ada.answer(f"dose@2026-03-{day:02}", answers, **more)
        ada.sync()
        return sealed.id

    for day in (2, 3, 4):
        dose(day, TAKEN)
    story.ids["before"] = dose(5, TAKEN)
    story.mark("5 March, as it was first")
    trial.at("2026-03-05 19:00")
    story.ids["after"] = ada.answer("dose@2026-03-05", FORGOTTEN, supersedes=story.ids["before"], reason="wrong_answer").id
    ada.sync()
    story.mark("5 March, corrected")
    trial.at("2026-03-06 18:00")
    trial.hold(story.ada, date(2026, 3, 7))
    dose(8, TAKEN)
    trial.anchor(story.ben, "death", date(2026, 3, 8))
    trial.at("2026-03-09 18:00")
    trial.prescribe(story.ada, "400", date(2026, 3, 10), "recovery")
    dose(10, TAKEN)
    trial.prescribe(story.ada, "800", date(2026, 3, 11))
    trial.anchor(story.clea, "progression", date(2026, 3, 10))
    dose(11, TWO)
    dose(12, ONE_OF_TWO)
    trial.at("2026-03-13 18:00")
    ada.answer("symptoms@W1", SYMPTOMS)
    ada.sync()
    trial.at("2026-03-14 11:00")
    fell = ada.something_happened(people.FELL_ILL | {"what": FREE_TEXT})
    ada.sync()
    story.ids["fall"] = _judged(story, story.ada, FALL, fell.receipt["position"])
    adverse_events.sign(
        trial.study,
        story.ids["fall"],
        meaning="I have judged this.",
        seen=trial.position,
        actor=people.INVESTIGATOR,
        now=trial.now,
    )
    story.ids["not signed"] = _judged(story, story.ada, replace(FALL, term="Nausea", serious=frozenset(), aware_at=None))
    story.mark("14 March")
    trial.at("2026-03-26 15:00")
    story.ids["M1"] = clea.answer("qol@M1", people.C30).id
    clea.sync()
    clea.answer("qol@M1", people.C30 | {"q1": 4})
    clea.sync()
    story.mark("end")
    return story
