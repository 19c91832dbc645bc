"""The cast of the tests: one study in stand-in wording, its staff, its participants and their phones, in virtual time.

A story reads like this::

    trial = people.trial(tmp_path)
    ada = trial.enrol(people.ADA)
    trial.start_treatment(ada, date(2026, 3, 2))
    phone = trial.phone(ada)
    trial.at("2026-03-02 20:00")
    phone.answer("dose@2026-03-02", people.TAKEN)
    phone.sync()
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from qol_server import keys, library
from qol_server.app import create_app
from qol_server.client import PhoneClient, Reply, Sealed
from qol_server.intake import adoption, conduct
from qol_server.intake.conduct import Enrolment
from qol_server.intake.study import Study, create_study
from qol_server.settings import Settings
from qol_server.trial.prescribing import Doubt

# Staff
NURSE = "staff:nora"
INVESTIGATOR = "staff:ivan"
DATA_MANAGER = "staff:dana"

SLUG = "desminib"
START = datetime(2026, 3, 1, 8, tzinfo=UTC)
"""The morning on which the study is created; every story begins here."""

ELIGIBLE = {
    "age": "41", "histology": "yes", "relapse_or_progression": "yes", "resectable": "no", "irradiable": "no", "measurable": "yes",
    "anc": "3000", "platelets": "200000", "bilirubin": "1", "ast_alt": "1", "creatinine": "1", "severe_liver_failure": "no",
    "prior_malignancy": "no", "pregnant_or_nursing": "no", "contraception": "yes",
}  # fmt: skip

TAKEN = {"intake.1.status": "taken"}
FORGOTTEN = {"intake.1.status": "not_taken", "intake.1.reason": "forgot"}
C30 = {f"q{n}": 1 if n < 29 else 7 for n in range(1, 31)}
"""A QLQ-C30 without any complaint."""
FELL_ILL = {"what": "Nausea after dinner", "started": "2026-03-05", "severity": 2, "ongoing": "yes", "temperature": "37.2"}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who may be enrolled."""

    name: str
    site: str
    language: str
    time_zone: str
    consent_day: date = date(2026, 3, 1)


ADA = Person("Ada", "01", "fr", "Europe/Paris")
BEN = Person("Ben", "02", "en", "Europe/Paris")
CLEA = Person("Cléa", "03", "fr", "America/Martinique")
CAST = (ADA, BEN, CLEA)


@dataclass(slots=True)
class Trial:
    """A running study: its data folder, its journal, its server in this process, and what time it is."""

    settings: Settings
    study: Study
    now: datetime = START
    versions: dict[str, str] = field(default_factory=dict)  # instrument -> version in force
    _client: Any = None

    @property
    def position(self) -> int:
        """The journal's last position."""
        return self.study.head(self.study.store.read()).position

    def at(self, moment: str, zone: str = "UTC") -> None:
        """Move the clock to "2026-03-02 20:00" in a zone."""
        self.now = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)

    def enrol(self, person: Person) -> str:
        """Enrol somebody, now; returns the number."""
        who = Enrolment(person.site, "1.0", person.consent_day, ELIGIBLE, person.language, person.time_zone)
        return conduct.enrol(self.study, who, actor=NURSE, now=self.now)

    def start_treatment(self, number: str, day: date) -> None:
        conduct.start_treatment(self.study, number, day, actor=INVESTIGATOR, now=self.now)

    def anchor(self, number: str, anchor: str, day: date, *, again: bool = False, reason: str | None = None) -> None:
        conduct.set_anchor(self.study, number, anchor, day, actor=NURSE, now=self.now, again=again, reason=reason)

    def prescribe(self, number: str, regimen: str | None, day: date, reason: str = "progression") -> None:
        """``regimen`` None: a hold. What is odd about it is meant so."""
        conduct.prescribe(self.study, number, regimen, day, actor=INVESTIGATOR, now=self.now, reason=reason, confirmed=tuple(Doubt))

    def hold(self, number: str, day: date, reason: str = "toxicity") -> None:
        self.prescribe(number, None, day, reason)

    def withdraw(self, number: str, kind: str, day: date, reason: str | None = None) -> None:
        conduct.withdraw(self.study, number, kind, day, actor=NURSE, now=self.now, reason=reason)

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """The transport of every phone here: straight into the application."""
        answer = self._client.post(path, data=body, headers=dict(headers))
        return Reply(answer.status_code, {name.lower(): value for name, value in answer.headers}, answer.data)

    def phone(self, number: str, *, replaces: bool = False) -> Phone:
        """A phone that has just been paired with a participant and has synced once."""
        code, _ = conduct.offer_pairing(self.study, number, actor=NURSE, now=self.now, replaces=replaces)
        roster = self.study.store.read().one("SELECT time_zone FROM roster WHERE participant = ?", (number,))
        assert roster is not None, number
        client = PhoneClient(self.post, self.study.slug, str(uuid.uuid4()))
        assert client.pair(code, roster["time_zone"]) == number
        phone = Phone(self, client, number, roster["time_zone"])
        phone.sync()
        return phone


INSTRUMENT_OF = {"qol": "eortc-qlq-c30", "symptoms": "symptom-diary", "dose": "dose-diary", "adverse-event": "adverse-event-diary"}


@dataclass(slots=True)
class Phone:
    """A participant's phone; its clock is the trial's, as the wall shows it where the participant is."""

    trial: Trial
    client: PhoneClient
    number: str
    time_zone: str

    def answer(self, occurrence: str, answers: Mapping[str, Any], **fields: Any) -> Sealed:
        """Answer one occurrence, now; what is sealed waits for the next sync. ``fields``: supersedes, reason, by, mode …

        ``captured``: the moment, "2026-03-02 20:00" local, where it is another than now.
        """
        zone = ZoneInfo(self.time_zone)
        captured = fields.pop("captured", None)
        when = self.trial.now.astimezone(zone) if captured is None else datetime.fromisoformat(captured).replace(tzinfo=zone)
        instrument = fields.pop("instrument", INSTRUMENT_OF.get(occurrence.partition("@")[0], "dose-diary"))
        usual = {"mode": "app", "by": "participant", "language": "fr", "wording": None, "version": self.trial.versions[instrument]}
        return self.client.seal(
            "response.given", captured_at=when, time_zone=self.time_zone, occurrence=occurrence, instrument=instrument,
            answers=dict(answers), **(usual | fields),
        )  # fmt: skip

    def something_happened(self, answers: Mapping[str, Any] = FELL_ILL, **fields: Any) -> Sealed:
        """Fill in the adverse-event diary, now."""
        return self.answer(f"adverse-event@{uuid.uuid4()}", answers, **fields)

    def sync(self) -> dict[str, Any]:
        """Send what waits; returns the server's answer."""
        return self.client.sync(now=self.trial.now.astimezone(ZoneInfo(self.time_zone)), time_zone=self.time_zone)


def protocol(slug: str = SLUG) -> bytes:
    """The shipped protocol with stand-in labels, for a study of that name."""
    shipped = library.shipped_studies()["desminib"].read_bytes()
    return shipped.replace(b"wording: live", b"wording: stand-in").replace(b"study: desminib", f"study: {slug}".encode())


def instruments() -> dict[str, bytes]:
    """The shipped instruments' documents by id."""
    return {name: path.read_bytes() for name, path in library.shipped_instruments().items()}


def trial(folder: Path, slug: str = SLUG, *, active: bool = True, alerts: bool = False, durable: bool = True) -> Trial:
    """A data folder with keys and the study, adopted and (unless told otherwise) activated, and its server.

    ``alerts``: somebody watches; the shipped protocol only records. ``durable`` False: it may be lost, and is faster.
    """
    settings = Settings(folder, durable=durable)
    keys.make(settings.keys)
    study = create_study(settings, slug, actor=DATA_MANAGER, now=START)
    document = protocol(slug).replace(b"alerts: record-only", b"alerts: on") if alerts else protocol(slug)
    adopted = adoption.adopt(study, document, instruments(), actor=DATA_MANAGER, now=START)
    if active:
        adoption.activate(study, actor=DATA_MANAGER, now=START)
    made = Trial(settings, study)
    tx = study.store.read()
    for name in adopted.instruments:
        version = study.current(tx, "instrument", name)
        assert version is not None, name
        made.versions[name] = version
    made._client = create_app(settings, lambda: made.now).test_client()
    return made
