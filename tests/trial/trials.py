"""Small protocols and participants for the tests of the rules: the seed trial's shape, made by hand."""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal

from qol_server.trial.participant import Participant, Prescription
from qol_server.trial.protocol import Assessment, Daily, Period, Protocol, Regimen, Rung, Treatment, Until, Visit

MONTH, YEAR = Period(months=1), Period(months=12)
ENDS = ("death", "withdrawal.questionnaires", "withdrawal.consent", "study_end")


def days(n: int) -> Period:
    return Period(days=n)


QOL = Assessment(
    id="qol",
    instrument="eortc-qlq-c30",
    visits=(
        Visit(id="BASELINE", start="consent", until_before="treatment_start"),
        Visit(id="M{n}", start="treatment_start", every=MONTH, count=12, opens=days(-7), due=days(7), grace=days(7)),
        Visit(
            id="Y{y}H{h}",
            start="treatment_start",
            every=Period(months=6),
            after=YEAR,
            until=Until((("treatment_start", Period(months=60)),)),
            opens=days(-21),
            due=days(21),
        ),
        Visit(id="PROGRESSION", start="progression", due=days(14), served_by="qol"),
    ),
    ends=ENDS,
)
SYMPTOMS = Assessment(
    id="symptoms",
    instrument="symptom-diary",
    visits=(
        Visit(id="W0", start="consent", until_before="treatment_start"),
        Visit(id="W{n}", start="treatment_start", every=days(7), due=days(3), until=Until((("last_dose", days(30)),))),
    ),
    ends=ENDS,
)
DOSE = Assessment(
    id="dose",
    instrument="dose-diary",
    daily=Daily(
        start="treatment_start",
        until=Until((("treatment_end", Period()), ("treatment_start", YEAR))),
        opens=time(6),
        closes=days(2),
        late_reason_after=days(1),
    ),
    ends=ENDS,
)
ADVERSE = Assessment(id="adverse-event", instrument="adverse-event-diary", ad_hoc=True, ends=ENDS)
REGIMENS = {
    "400": Regimen("400", Decimal(400), 1),
    "600": Regimen("600", Decimal(600), 1),
    "800": Regimen("800", Decimal(400), 2),
}
REMINDERS = {
    "qol": (
        Rung(at="open", by=("push",)),
        Rung(at="target", by=("push",)),
        Rung(after=days(1), by=("email", "sms")),
        Rung(after=days(3), task="call"),
    ),
    "dose": (Rung(at="preferred_hour", by=("push",)), Rung(after=Period(minutes=180), by=("push",))),
}


def protocol(*assessments: Assessment, reminders: dict[str, tuple[Rung, ...]] | None = None) -> Protocol:
    """The seed trial, or one of just these assessments."""
    return Protocol(
        study="desminib",
        version="0" * 64,
        title="A trial for the tests",
        registry="NCT00287846",
        time_zone="Europe/Paris",
        languages=("en", "fr"),
        anchors=("consent", "inclusion", "treatment_start", "treatment_end", "progression", "death", "lost_to_follow_up", "study_end"),
        withdrawals=("treatment", "questionnaires", "contact", "consent"),
        sites={},
        assessments={one.id: one for one in assessments or (QOL, SYMPTOMS, DOSE, ADVERSE)},
        treatment=Treatment("imatinib mesylate", "oral", REGIMENS, "400", Decimal(800), YEAR),
        reminders=REMINDERS if reminders is None else reminders,
    )


def prescription(day: date | str, regimen: str | None, reason: str = "") -> Prescription:
    day = date.fromisoformat(day) if isinstance(day, str) else day
    if regimen is None:
        return Prescription(day, None, Decimal(0), 0, reason)
    return Prescription(day, regimen, REGIMENS[regimen].mg_per_day, REGIMENS[regimen].intakes_per_day, reason)


def participant(
    anchors: dict[str, str | list[str]] | None = None,
    prescriptions: tuple[Prescription, ...] = (),
    withdrawals: dict[str, str] | None = None,
    zone: str = "Europe/Paris",
    hour: int = 9,
) -> Participant:
    """A participant with these anchors (ISO dates; a list where it happened several times)."""
    dates = {
        name: tuple(date.fromisoformat(day) for day in ([day] if isinstance(day, str) else day)) for name, day in (anchors or {}).items()
    }
    left = {kind: date.fromisoformat(day) for kind, day in (withdrawals or {}).items()}
    return Participant("01-0001-3", "01", zone, dates, prescriptions, left, hour)
