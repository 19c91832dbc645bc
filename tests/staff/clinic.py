"""What the tests of a participant's pages share: an adverse event as it is typed, and one that is recorded."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from qol_server.intake import adverse_events, medicating
from qol_server.intake.adverse_events import Origin
from qol_server.intake.medicating import Written
from qol_server.state import adverse_events as folded
from qol_server.trial.adverse_events import Action, AdverseEvent, Outcome, Serious
from qol_server.trial.medicines import Medicine
from tests import people
from tests.people import Phone
from tests.staff.rig import House

NAUSEA = {
    "term": "Nausea", "grade": "2", "words": "sick in the morning", "start": "2026-03-02", "end": "", "relation": "possibly_related",
    "action": "dose_not_changed", "outcome": "not_recovered", "aware_at": "",
}  # fmt: skip
EVENT = AdverseEvent(
    "Nausea", 2, date(2026, 3, 2), None, "possibly_related", Action.DOSE_NOT_CHANGED, Outcome.NOT_RECOVERED, words="sick in the morning"
)

SERIOUS = replace(EVENT, serious=frozenset({Serious.HOSPITALISATION}), aware_at=datetime(2026, 3, 2, 18, tzinfo=UTC))
"""Known to the site since seven in the evening in Paris."""


def record(house: House, event: AdverseEvent = EVENT) -> str:
    """An adverse event of Ada's that waits for its signature; returns its id."""
    trial = house.trial
    return adverse_events.prepare(trial.study, house.ada, event, Origin(), form=f"form {trial.position}", actor="staff:nora", now=house.now)


def baseline(house: House) -> dict[str, str]:
    """Ada, and an occurrence to which she has given a response."""
    phone = house.trial.phone(house.ada)
    phone.answer("qol@BASELINE", people.C30)
    phone.sync()
    return {"number": house.ada, "occurrence": "qol@BASELINE"}


def seen(house: House) -> dict[str, str]:
    """The version of Ada's only adverse event, as a page shows it."""
    [one] = folded.of_participant(house.trial.study.store.read(), house.ada)
    return {"seen": str(one.version)}


BAD = {"nausea.frequency": 2, "nausea.severity": 3, "nausea.interference": 1, "fatigue.frequency": 0}


def course(house: House) -> Phone:
    """Five weeks of Ada's: doses from 2 March, one forgotten (the 5th), two unknown (the 6th and 7th), held from the 9th to the
    11th, 800 mg from the 16th; nausea at its third week with its case; her quality of life before and after a month; an adverse
    event that waits for its signature. It is 5 April in the end. Returns her phone."""
    trial = house.trial
    trial.at("2026-03-01 08:00")
    phone = trial.phone(house.ada)
    phone.answer("qol@BASELINE", people.C30)
    phone.answer("symptoms@W0", {"nausea.frequency": 0})
    phone.sync()
    for day in range(34):
        when = datetime(2026, 3, 2, 19, tzinfo=UTC) + timedelta(days=day)
        trial.now = when
        today = when.date()
        if today == date(2026, 3, 9):
            trial.hold(house.ada, today)
        if today == date(2026, 3, 12):
            trial.prescribe(house.ada, "400", today, "recovery")
        if today == date(2026, 3, 16):
            trial.prescribe(house.ada, "800", today)
        if today not in (date(2026, 3, 6), date(2026, 3, 7)) and not date(2026, 3, 9) <= today <= date(2026, 3, 11):
            two = people.TAKEN | ({"intake.2.status": "taken"} if today >= date(2026, 3, 16) else {})
            phone.answer(f"dose@{today}", people.FORGOTTEN if today == date(2026, 3, 5) else two)
        if day in (7, 14, 21):
            phone.answer(f"symptoms@W{day // 7}", BAD if day == 21 else {"nausea.frequency": 1, "nausea.severity": 1})
        if today == date(2026, 4, 2):
            phone.answer("qol@M1", people.C30 | {"q1": 4, "q2": 4, "q29": 3})
        phone.sync()
    record(house)
    return phone


METHOTREXATE = "Methotrexate, in the tablets of the hospital's own pharmacy"
"""A medicine that the protocol never allows."""
SYMPTOMS = ("nausea", "vomiting", "diarrhoea", "fatigue", "oedema", "muscle_cramps", "rash", "abdominal_pain", "tumour_pain", "fever")
SIGNS = ("breathlessness_at_rest", "bleeding", "black_stool", "jaundice", "blistering_rash")
WORST = {f"{name}.{what}": 4 for name in SYMPTOMS for what in ("frequency", "severity", "interference")} | dict.fromkeys(SIGNS, "yes")


def trouble(house: House) -> None:
    """After those weeks twelve of everything, more than one sheet of paper can list: the oldest of the adverse events is serious,
    the oldest of the medicines not allowed; and every symptom at its worst."""
    trial, phone = house.trial, course(house)
    for n in range(12):
        day = date(2026, 3, 2) + timedelta(days=n)
        record(house, SERIOUS if n == 0 else replace(EVENT, term="Febrile neutropenia", grade=3, start=day, words=f"time {n + 1}"))
        name = METHOTREXATE if n == 0 else f"Paracetamol of the {n + 1}th kind, against pain and fever and the like"
        written = Written(Medicine(name, start=day), "pain", "500 mg up to four times a day when it is needed", True, "decided so")
        medicating.write_down(trial.study, house.ada, f"00000000-0000-4000-8000-{n:012}", written, actor=people.NURSE, now=trial.now)
        trial.prescribe(house.ada, "400" if n % 2 else "600", date(2026, 3, 17) + timedelta(days=n), "other")
    phone.answer("symptoms@W4", WORST)
    phone.sync()
