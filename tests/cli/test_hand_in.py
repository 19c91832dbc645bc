"""A phone that cannot reach the server saves a copy; the site hands it in; when the phone syncs at last, nothing is twice."""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from qol_server import journal
from qol_server.app import create_app
from qol_server.client import PhoneClient, Reply
from qol_server.intake.study import open_study
from qol_server.settings import Settings
from qol_server.trial.facts import PHONE_KINDS, Entry, Kind
from tests.cli.desk import Desk


def saved_copy(client: PhoneClient, **other: Any) -> bytes:
    """What the app writes into the file."""
    waiting = client.waiting()
    body = b"".join(entry.line + b"\n" for entry in waiting)
    first = {
        "copy": "qol-copy/1", "study": client.study, "participant": client.participant, "device": client.device_id, "app": client.app,
        "saved_at": "2026-11-22T08:00:03+01:00", "entries": len(waiting), "seqs": [entry.seq for entry in waiting],
        "digest": hashlib.sha256(body).hexdigest(),
    }  # fmt: skip
    return json.dumps(first | other).encode() + b"\n" + body


class Story:
    """A participant whose phone was paired at this desk and has been offline since."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        desk.demonstration()
        self.number = desk.enrol()
        self._app = create_app(Settings(desk.data)).test_client()
        self.phone = PhoneClient(self._post, "desminib", str(uuid.uuid4()))
        self.phone.pair(desk.read("participant", "pair", "desminib", self.number)["code"], "Europe/Paris")

    def _post(self, path: str, body: bytes, headers: Any) -> Reply:
        answer = self._app.post(path, data=body, headers=dict(headers))
        return Reply(answer.status_code, {name.lower(): value for name, value in answer.headers}, answer.data)

    def ask(self, what: str) -> None:
        self.phone.seal("help.asked", captured_at=datetime.now(UTC), time_zone="Europe/Paris", what=what)

    def file(self, content: bytes) -> Path:
        path = self.desk.data.parent / "copy.ndjson"
        path.write_bytes(content)
        return path

    def journal(self) -> list[Entry]:
        study = open_study(Settings(self.desk.data), "desminib")
        try:
            return list(journal.every(study.store.read()))
        finally:
            study.store.close()

    def lines(self) -> list[bytes]:
        """What came from the phone, by whichever way."""
        return [entry.line for entry in self.journal() if entry.kind in PHONE_KINDS]


@pytest.fixture
def story(desk: Desk) -> Story:
    return Story(desk)


def test_a_copy_is_taken_as_the_phone_would_have_sent_it(story: Story) -> None:
    for what in ("call-me", "pause", "call-me"):
        story.ask(what)
    sealed = [entry.line for entry in story.phone.waiting()]
    said = story.desk.read("participant", "hand-in", "desminib", story.file(saved_copy(story.phone)), "--as", "nora")
    assert (said["participant"], said["stored"], said["duplicate"], said["quarantined"]) == (story.number, 3, 0, 0)
    assert story.lines() == sealed
    synced = story.phone.sync(now=datetime.now(UTC), time_zone="Europe/Paris")
    assert [result["status"] for result in synced["results"]] == ["duplicate"] * 3
    assert synced["device_seq"] == {"contiguous_to": 3, "missing": []}
    assert story.lines() == sealed


def test_who_handed_it_in_is_recorded_and_the_entries_stay_the_participants(story: Story) -> None:
    story.ask("stop")
    content = saved_copy(story.phone)
    for _ in range(2):
        story.desk.read("participant", "hand-in", "desminib", story.file(content), "--as", "nora")
    entries = story.journal()
    handed_in = [entry for entry in entries if entry.kind == Kind.COPY_ADMITTED]
    assert [(entry.actor, entry.participant, entry.device) for entry in handed_in] == [("staff:nora", story.number, story.phone.device_id)]
    assert json.loads(handed_in[0].line)["digest"] == hashlib.sha256(content.partition(b"\n")[2]).hexdigest()
    asked = [(entry.actor, entry.device, entry.skew) for entry in entries if entry.kind == Kind.HELP_ASKED]
    assert asked == [("participant", story.phone.device_id, None)]


def test_more_than_a_batch_and_a_line_that_cannot_be_read(story: Story) -> None:
    for _ in range(201):
        story.ask("call-me")
    story.phone.waiting()[7].line = b"{half of a li"
    said = story.desk.read("participant", "hand-in", "desminib", story.file(saved_copy(story.phone)))
    assert (said["stored"], said["quarantined"]) == (200, 1)
    assert story.phone.sync(now=datetime.now(UTC), time_zone="Europe/Paris")["device_seq"]["contiguous_to"] == 201


def test_an_empty_copy_is_no_mistake(story: Story) -> None:
    assert story.desk.run("participant", "hand-in", "desminib", story.file(saved_copy(story.phone))) == 0
    assert story.desk.out == f"{story.number}: 0 entries taken, 0 known already.\n"


def test_the_copy_of_a_replaced_phone_is_taken_and_that_of_a_lost_one_is_not(story: Story) -> None:
    story.ask("call-me")
    file = story.file(saved_copy(story.phone))
    story.desk.read("participant", "pair", "desminib", story.number, "--lost")
    assert story.desk.problem("participant", "hand-in", "desminib", file) == ("device-revoked", 2)
    assert story.lines() == []


@pytest.mark.parametrize(
    ("spoil", "name", "code"),
    [
        (lambda _: b"my holiday photo", "not-a-copy", 2),
        (lambda copy: copy.partition(b"\n")[2], "not-a-copy", 2),
        (lambda copy: copy.replace(b"qol-copy/1", b"qol-copy/9"), "not-a-copy", 2),
        (lambda copy: copy[:-1], "damaged-copy", 2),
        (lambda copy: copy.replace(b"call-me", b"stop"), "damaged-copy", 2),
        (lambda copy: copy.replace(b'"entries": 1', b'"entries": 2'), "damaged-copy", 2),
        (lambda copy: copy.replace(b'"desminib"', b'"another"'), "copy-of-another-study", 1),
        (lambda copy: copy.replace(b'"participant": "01-', b'"participant": "02-'), "device-unknown", 2),
    ],
)
def test_what_is_no_whole_copy_of_this_study_is_refused_and_nothing_is_taken(story: Story, spoil: Any, name: str, code: int) -> None:
    story.ask("call-me")
    before = len(story.journal())
    assert story.desk.problem("participant", "hand-in", "desminib", story.file(spoil(saved_copy(story.phone)))) == (name, code)
    assert len(story.journal()) == before


def test_the_phone_of_another_server_is_not_known(story: Story) -> None:
    story.phone.device_id = str(uuid.uuid4())
    assert story.desk.problem("participant", "hand-in", "desminib", story.file(saved_copy(story.phone))) == ("device-unknown", 2)
