"""One answer's way, from a phone to the export: the first file to read. It runs as a test, in virtual time, in one process.

The nouns are those of docs/glossary.md; docs/concepts/the-way-of-one-answer.md names the file behind each step.
"""

from __future__ import annotations

import csv
import hashlib
import uuid
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from qol_server import journal, keys
from qol_server.app import create_app
from qol_server.client import PhoneClient, Reply, Unreachable
from qol_server.exports import tidy
from qol_server.intake import conduct
from qol_server.intake.conduct import Enrolment
from qol_server.intake.study import create_study
from qol_server.settings import Settings
from qol_server.trial import facts, scoring
from qol_server.trial.facts import Kind
from tests import people

PARIS = people.ZoneInfo("Europe/Paris")


def test_the_way_of_one_answer(tmp_path: Path) -> None:
    # --- A study is files --------------------------------------------------------------------------------------------
    # The protocol and its instruments are YAML documents. Adopting them puts each whole document into the study's
    # journal; from then on a version is the SHA-256 of its bytes, and no version is ever removed.
    settings = Settings(tmp_path)
    keys.make(settings.keys)  # the key that signs the journal's head
    now = datetime(2026, 3, 1, 8, tzinfo=UTC)  # nothing but the clock function knows the time; here it stands still
    study = create_study(settings, "desminib", actor="staff:dana", now=now)
    conduct.adopt(study, people.protocol(), people.instruments(), actor="staff:dana", now=now)
    conduct.activate(study, actor="staff:dana", now=now)

    # --- Ada joins ---------------------------------------------------------------------------------------------------
    # Enrolment checks the criteria and makes a number with a check digit. Her calendar follows from her dates: the
    # baseline questionnaire can be answered from the day of inclusion until the treatment starts.
    who = Enrolment("01", "1.0", date(2026, 3, 1), people.ELIGIBLE, "fr", "Europe/Paris")
    ada = conduct.enrol(study, who, actor="staff:nora", now=now)

    # --- Her phone is paired -----------------------------------------------------------------------------------------
    # The nurse reads a code to her. The phone gives the code and gets a token; the server keeps the hashes of both.
    code, _ = conduct.offer_pairing(study, ada, actor="staff:nora", now=now)
    server = create_app(settings, lambda: now).test_client()
    lose_the_answer = False

    def network(path: str, body: bytes, headers: object) -> Reply:
        answer = server.post(path, data=body, headers=dict(headers))  # type: ignore[call-overload]
        if lose_the_answer:
            raise OSError("the train is in a tunnel")
        return Reply(answer.status_code, {name.lower(): value for name, value in answer.headers}, answer.data)

    phone = PhoneClient(network, "desminib", str(uuid.uuid4()))
    assert phone.pair(code, "Europe/Paris") == ada  # they compare the number

    # --- The phone learns what is due --------------------------------------------------------------------------------
    phone.sync(now=now.astimezone(PARIS), time_zone="Europe/Paris")
    due = {assignment["occurrence"]: assignment for assignment in phone.pulled("assignment")}
    baseline = due["qol@BASELINE"]
    assert (baseline["instrument"], baseline["opens"]) == ("eortc-qlq-c30", "2026-03-01")

    # --- She answers, offline ----------------------------------------------------------------------------------------
    # An entry is sealed before the screen says "saved": its id, its place in the phone's sequence and its bytes are
    # final. Question 5 was shown and not answered. Whatever happens now, these bytes are what the study will hold.
    answers = people.C30 | {"q1": 3, "q2": 2, "q5": None}
    sealed = phone.seal(
        "response.given", captured_at=now.astimezone(PARIS), time_zone="Europe/Paris", occurrence="qol@BASELINE",
        instrument="eortc-qlq-c30", version=baseline["version"], wording=baseline["wording"], language="fr", mode="app",
        by="participant", answers=answers,
    )  # fmt: skip

    # --- They travel, twice ------------------------------------------------------------------------------------------
    # The first time the server stores them and its answer is lost in a tunnel. The phone does not know, keeps them, and
    # sends them again; the server recognises id and bytes and gives the receipt of the first time.
    lose_the_answer = True
    with pytest.raises(Unreachable):
        phone.sync(now=now.astimezone(PARIS), time_zone="Europe/Paris")
    assert phone.waiting() == [sealed]
    lose_the_answer = False
    said = phone.sync(now=now.astimezone(PARIS), time_zone="Europe/Paris")
    assert phone.waiting() == []
    assert sealed.receipt["status"] == "duplicate"
    assert said["device_seq"] == {"contiguous_to": 1, "missing": []}  # nothing that she sealed is still on its way

    # --- The journal holds the same bytes ----------------------------------------------------------------------------
    # A line of the journal is the line that the phone froze. Its header is chained to the one before by a digest; the
    # head is signed, and the phone shows it back at its next sync, so that a journal cut short would be noticed.
    entry = journal.one(study.store.read(), sealed.receipt["position"])
    assert entry is not None
    assert entry.line == sealed.line
    assert (entry.kind, entry.id, entry.actor) == (Kind.RESPONSE_GIVEN, sealed.id, "participant")
    assert sealed.receipt["digest"] == journal.digest_at(study.store.read(), "desminib", entry.position)
    head, broken = journal.verify(study.store)
    assert broken is None
    message = facts.head_message("desminib", study.epoch, said["head"]["position"], said["head"]["digest"])
    assert keys.verifies(study.key.public_hex, message, said["head"]["signature"])
    assert head.position == said["head"]["position"]

    # --- It is scored ------------------------------------------------------------------------------------------------
    # The score is a pure function of the instrument and the answers. Physical functioning is made of q1 to q5, of which
    # at least half have to be answered: the mean of 3, 2, 1, 1 is 1.75, and (1 - (1.75 - 1) / 3) * 100 = 75.
    instrument = study.instrument(study.store.read(), baseline["version"])
    assert scoring.scores(instrument, answers)["PF"].value == 75

    # --- It is exported ----------------------------------------------------------------------------------------------
    # An export is made as of a position of the journal, and is itself journaled with the digest of every file.
    before_correction = tidy.export(study, tmp_path / "cut", actor="staff:dana", now=now)
    assert physical_function(before_correction.folder) == [("qol@BASELINE", "75.0")]

    # --- She corrects it ---------------------------------------------------------------------------------------------
    # A change is a new entry that names what it supersedes and why. The first one stays where it is, as it is.
    now = datetime(2026, 3, 1, 9, tzinfo=UTC)
    corrected = phone.seal(
        "response.given", captured_at=now.astimezone(PARIS), time_zone="Europe/Paris", occurrence="qol@BASELINE",
        instrument="eortc-qlq-c30", version=baseline["version"], wording=baseline["wording"], language="fr", mode="app",
        by="participant", answers=answers | {"q1": 1}, supersedes=sealed.id, reason="wrong_answer",
    )  # fmt: skip
    phone.sync(now=now.astimezone(PARIS), time_zone="Europe/Paris")
    assert corrected.receipt["status"] == "stored"
    statuses = {id_: data["status"] for (kind, id_), data in phone.feed.items() if kind == "entry_status"}
    assert statuses == {sealed.id: "superseded", corrected.id: "current"}
    assert journal.one(study.store.read(), entry.position) == entry

    # --- Now, and as of then -----------------------------------------------------------------------------------------
    # The new export counts the correction. The export as of the old position gives, to the byte, what was given then.
    after = tidy.export(study, tmp_path / "now", actor="staff:dana", now=now)
    assert physical_function(after.folder)[-1] == ("qol@BASELINE", "91.66666666666667")
    again = tidy.export(study, tmp_path / "again", actor="staff:dana", now=now, as_of=before_correction.position)
    assert digests(again.folder) == digests(before_correction.folder)
    assert journal.verify(study.store)[1] is None


def physical_function(folder: Path) -> list[tuple[str, str]]:
    """Occurrence and score of the scale PF, in the order of the export."""
    with (folder / "scores.csv").open(encoding="utf-8", newline="") as file:
        return [(row["occurrence"], row["value"]) for row in csv.DictReader(file) if row["scale"] == "PF"]


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}
