"""A study to measure on: participants a year into their treatment, their phones paired, and bodies that these phones would send."""

from __future__ import annotations

import hashlib
import itertools
import random
import shutil
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from qol_server import keys, library
from qol_server.app import create_app
from qol_server.client import PhoneClient, Reply
from qol_server.intake import adoption, conduct
from qol_server.intake.conduct import Enrolment
from qol_server.intake.study import Study, create_study
from qol_server.settings import Settings
from scheduler.ticks import tick_all

SLUG = "desminib"
ZONE = "Europe/Paris"
DAYS = 364  # of treatment behind every participant, where nothing else is said
SPARE = 8
STAFF = "staff:bench"
ELIGIBLE = {
    "age": "41", "histology": "yes", "relapse_or_progression": "yes", "resectable": "no", "irradiable": "no", "measurable": "yes",
    "anc": "3000", "platelets": "200000", "bilirubin": "1", "ast_alt": "1", "creatinine": "1", "severe_liver_failure": "no",
    "prior_malignancy": "no", "pregnant_or_nursing": "no", "contraception": "yes",
}  # fmt: skip


@dataclass(slots=True)
class Paired:
    """One participant's phone: what it needs to send its next sync, and how many entries it has sealed."""

    participant: str
    token: str
    epoch: str
    cursor: str
    witness: dict[str, Any]
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Template:
    """A data folder to be copied for each run, its phones, and the versions in force by instrument.

    ``spare`` phones send what is not measured: their answers make every worker read the study before the clock starts.
    """

    settings: Settings
    phones: tuple[Paired, ...]
    spare: tuple[Paired, ...]
    versions: dict[str, str]
    began: date
    days: int

    def copy(self, folder: Path) -> Settings:
        """A fresh copy of the data folder, to be written durably."""
        shutil.copytree(self.settings.data, folder)
        return Settings(folder)


def adopted(settings: Settings, now: datetime, *, alerts: bool = False, years: int = 1) -> Study:
    """A new active study with stand-in wording; as shipped it only records, and doses are asked for a year."""
    keys.make(settings.keys)
    study = create_study(settings, SLUG, actor=STAFF, now=now)
    protocol = library.shipped_studies()[SLUG].read_bytes().replace(b"wording: live", b"wording: stand-in")
    if alerts:
        protocol = protocol.replace(b"alerts: record-only", b"alerts: on")
    length = b"P%dM" % (12 * years)  # of the treatment
    protocol = protocol.replace(b"\n  for: P12M", b"\n  for: " + length).replace(
        b"{treatment_start: P12M}", b"{treatment_start: " + length + b"}"
    )
    instruments = {name: path.read_bytes() for name, path in library.shipped_instruments().items()}
    adoption.adopt(study, protocol, instruments, actor=STAFF, now=now)
    adoption.activate(study, actor=STAFF, now=now)
    return study


def template(folder: Path, participants: int, now: datetime | None = None, *, alerts: bool = False, years: int = 1) -> Template:
    """Enrol and pair the participants; nothing has been answered yet. Written without fsync: it is a template."""
    now, days = now or datetime.now(UTC), DAYS * years
    began = now.date() - timedelta(days=days)
    at_first = datetime.combine(began, time(8), UTC)
    settings = Settings(folder, durable=False)
    study = adopted(settings, at_first, alerts=alerts, years=years)
    # an hour ago: the first sync of each phone then notes that it was seen, as most syncs of a real phone do
    app = create_app(settings, lambda: now - timedelta(hours=1)).test_client()

    def post(path: str, body: bytes, headers: Any) -> Reply:
        answer = app.post(path, data=body, headers=dict(headers))
        return Reply(answer.status_code, {name.lower(): value for name, value in answer.headers}, answer.data)

    phones = []
    for nth in range(participants + SPARE):
        who = Enrolment(f"0{nth % 2 + 1}", "1.0", began - timedelta(days=3), ELIGIBLE)
        number = conduct.enrol(study, who, actor=STAFF, now=at_first)
        conduct.start_treatment(study, number, began, actor=STAFF, now=at_first)
        code, _ = conduct.offer_pairing(study, number, actor=STAFF, now=now - timedelta(hours=1))
        client = PhoneClient(post, SLUG, str(uuid.uuid4()))
        client.pair(code, ZONE)
        client.sync(now=now - timedelta(hours=1), time_zone=ZONE)
        while client.feed and client.sync(now=now - timedelta(hours=1), time_zone=ZONE)["feed"]["more"]:
            pass
        assert client.epoch
        assert client.cursor
        assert client.head
        phones.append(Paired(number, client.token, client.epoch, client.cursor, client.head))
    tick_all(study, now, settings, lambda *_: None)  # what a year of silence asks for is no part of any measurement
    tx = study.store.read()
    versions = {name: study.current(tx, "instrument", name) or "" for name in library.shipped_instruments()}
    study.store.close()
    app.application.extensions["qol"].study(SLUG).store.close()
    return Template(settings, tuple(phones[SPARE:]), tuple(phones[:SPARE]), versions, began, days)


# what is answered


def diary(chance: random.Random, days: int) -> Iterator[tuple[int, str, str, dict[str, Any]]]:
    """One participant's days as (day, occurrence without its date, instrument, answers), in the order of the days.

    A dose each day, the symptom diary each week, the QLQ-C30 each month; then adverse events without end.
    """
    usual = {symptom: chance.choice((0, 0, 0, 1, 2)) for symptom in _SYMPTOMS}
    for day in range(days):
        taken = chance.random() < 0.94
        dose = {"intake.1.status": "taken", "intake.1.time": "20:10"}
        yield day, "dose", "dose-diary", dose if taken else {"intake.1.status": "not_taken", "intake.1.reason": "forgot"}
        if day and day % 7 == 0:
            yield day, f"symptoms@W{day // 7}", "symptom-diary", _symptoms(chance, usual)
        if day and day % 30 == 0 and day // 30 <= 12:
            yield day, f"qol@M{day // 30}", "eortc-qlq-c30", {f"q{n}": chance.randint(1, 4 if n < 29 else 7) for n in range(1, 31)}
    while True:
        yield days, "adverse-event", "adverse-event-diary", {
            "what": "Nausea after dinner", "started": "2026-03-05", "severity": 2, "ongoing": "yes", "temperature": "37.2",
        }  # fmt: skip


_SYMPTOMS = ("nausea", "vomiting", "diarrhoea", "fatigue", "oedema", "muscle_cramps", "rash", "abdominal_pain", "tumour_pain", "fever")
_RED_FLAGS = ("breathlessness_at_rest", "bleeding", "black_stool", "jaundice", "blistering_rash")


_WORSE = 0.04  # of a symptom in a week: with ten of them a third of the diaries are worse than the one before, as in trials


def _symptoms(chance: random.Random, usual: dict[str, int]) -> dict[str, Any]:
    """A week's answers: each symptom as this person usually has it (0 to 2), or much worse for once."""
    answers: dict[str, Any] = {}
    for symptom in _SYMPTOMS:
        frequency = usual[symptom] + 2 * (chance.random() < _WORSE)
        answers[f"{symptom}.frequency"] = frequency
        if frequency:
            answers |= {f"{symptom}.severity": min(frequency, 2), f"{symptom}.interference": min(frequency, 2)}
    if answers["fever.frequency"]:
        answers["temperature"] = "37.9"
    return answers | dict.fromkeys(_RED_FLAGS, "no")


def entries(template: Template, phone: Paired, seed: int) -> Iterator[bytes]:
    """One participant's entries as the phone froze them, in order and without end."""
    chance, zone = random.Random(f"{seed}/{phone.participant}"), ZoneInfo(ZONE)
    for number, (day, name, instrument, answers) in enumerate(diary(chance, template.days)):
        when = template.began + timedelta(days=day)
        id_ = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        occurrence = name if "@" in name else f"{name}@{when}" if name == "dose" else f"{name}@{id_}"
        captured = datetime.combine(when, time(20, 15, number % 60), zone)
        phone.seq += 1
        yield orjson.dumps(
            {
                "id": id_, "device_seq": phone.seq, "kind": "response.given", "occurrence": occurrence, "instrument": instrument,
                "version": template.versions[instrument], "wording": None, "language": "fr", "mode": "app", "by": "participant",
                "app": "1.0.0", "opened_at": (captured - timedelta(minutes=2)).isoformat(), "captured_at": captured.isoformat(),
                "time_zone": ZONE, "answers": answers,
            }
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Batch:
    """One sync as it is sent: ``head`` is the envelope up to its cursor, ``lines`` are the entries' bytes."""

    phone: int
    head: bytes
    lines: bytes
    entries: int

    def whole(self, phone: Paired, now: datetime) -> bytes:
        """The body, sent at a time, with the phone's cursor and witness."""
        witness = {key: phone.witness[key] for key in ("position", "digest", "signature")}
        last = {"sent_at": now.isoformat(timespec="milliseconds"), "cursor": phone.cursor, "witness": witness}
        return self.head + b"," + orjson.dumps(last)[1:] + b"\n" + self.lines


def batches(template: Template, phones: Sequence[Paired], size: int, count: int, seed: int = 1) -> Iterator[Batch]:
    """``count`` batches of ``size`` entries (0: none), phone after phone, so that one phone's are far apart."""
    for phone in phones:
        phone.seq = 0
    diaries = [entries(template, phone, seed) for phone in phones]
    chance = random.Random(seed)
    for number in range(count):
        index = number % len(phones)
        phone = phones[index]
        lines = list(itertools.islice(diaries[index], size))
        body = b"".join(line + b"\n" for line in lines)
        # the phone's number leads the batch's id, so that the load generator knows whose answer came
        batch = f"{index:08x}-{chance.getrandbits(16):04x}-4{chance.getrandbits(12):03x}-8{chance.getrandbits(12):03x}-{number:012x}"
        head = {
            "protocol": "qol-sync/1", "batch": batch, "entries": size, "digest": hashlib.sha256(body).hexdigest(),
            "seqs": list(range(phone.seq - size + 1, phone.seq + 1)), "epoch": phone.epoch, "time_zone": ZONE,
            "queue": {"unsent": size}, "language": "fr", "app": "1.0.0",
        }  # fmt: skip
        yield Batch(index, orjson.dumps(head)[:-1], body, size)


def fill(template: Template, settings: Settings, phones: Sequence[Paired], total: int) -> None:
    """Give the study ``total`` entries of these phones, in large batches, in this process and without fsync."""
    quickly = Settings(settings.data, durable=False)
    app = create_app(quickly)
    client = app.test_client()
    size = min(180, -(-total // len(phones)))
    for batch in batches(template, phones, size, -(-total // size), seed=3):
        phone = phones[batch.phone]
        headers = {"Content-Type": "application/x-ndjson", "Authorization": f"Bearer {phone.token}"}
        answer = client.post(f"/{SLUG}/api/v1/sync", data=batch.whole(phone, datetime.now(UTC)), headers=headers)
        assert answer.status_code == 200, answer.text
        assert {result["status"] for result in answer.json["results"]} == {"stored"}, answer.text
    app.extensions["qol"].study(SLUG).store.close()


def write_pool(template: Template, pool: list[Batch], folder: Path) -> None:
    """Write what ``load.lua`` reads: ``phones`` (token, cursor, witness) and ``bodies``."""
    with (folder / "phones").open("w", encoding="ascii") as file:
        for phone in template.phones:
            witness = {key: phone.witness[key] for key in ("position", "digest", "signature")}
            file.write(f"{phone.token}\t{phone.cursor}\t{orjson.dumps(witness).decode()}\n")
    with (folder / "bodies").open("wb") as bodies:
        for batch in pool:
            bodies.write(b"%d %d %d\n" % (batch.phone, len(batch.head), len(batch.lines)) + batch.head + batch.lines)
