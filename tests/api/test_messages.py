"""Messages from the site: told to the participant's phones until the participation ends, and noted when they were read."""

from __future__ import annotations

import json
import uuid
from datetime import date
from typing import Any

import pytest

from qol_server.intake import conduct
from qol_server.trial import problems
from qol_server.trial.problems import Refused
from tests import people
from tests.api import rig

TEXT = "Votre prise de sang est bonne.\nÀ jeudi !"


def send(trial: people.Trial, text: str = TEXT, about: str | None = None) -> str:
    return conduct.send_message(trial.study, rig.ada(trial), text, actor=people.NURSE, now=trial.now, about=about)


def told(trial: people.Trial, phone: people.Phone, cursor: str | None) -> dict[str, dict[str, Any]]:
    changes = rig.send(trial, phone, [], cursor=cursor).said["feed"]["changes"]
    return {change["id"]: change["data"] for change in changes if change["type"] == "message"}


def note_read(trial: people.Trial, phone: people.Phone, message: str, seq: int = 1, **fields: Any) -> rig.Answer:
    return rig.send(trial, phone, [rig.entry(trial, seq, kind="app.noted", what="message-read", about=message, **fields)])


def test_a_message_reaches_the_phone_with_the_next_sync_and_once(trial: people.Trial, phone: people.Phone) -> None:
    sent = send(trial)
    answer = rig.send(trial, phone, [], cursor=phone.client.cursor).said["feed"]
    found = {change["id"]: change["data"] for change in answer["changes"] if change["type"] == "message"}
    assert found == {sent: {"text": TEXT, "language": "fr", "sent_at": "2026-03-02T19:00:00.000Z", "about": None, "read_at": None}}
    assert told(trial, phone, answer["cursor"]) == {}


def test_two_messages_of_the_same_words_are_two(trial: people.Trial, phone: people.Phone) -> None:
    first, second = send(trial), send(trial)
    assert first != second
    assert told(trial, phone, None).keys() == {first, second}


def test_a_message_may_answer_an_entry(trial: people.Trial, phone: people.Phone) -> None:
    entry = rig.entry(trial, 1)
    rig.send(trial, phone, [entry])
    sent = send(trial, about=entry["id"])
    assert told(trial, phone, None)[sent]["about"] == entry["id"]


def test_once_read_it_is_read_on_every_phone_since_the_first_time(trial: people.Trial, phone: people.Phone) -> None:
    other = trial.phone(rig.ada(trial))
    sent = send(trial)
    cursor = rig.send(trial, other, [], cursor=other.client.cursor).said["feed"]["cursor"]
    when = "2026-03-02T20:00:30+01:00"
    assert note_read(trial, phone, sent, noted_at=when, captured_at="2026-03-02T20:05:00+01:00").statuses == ["stored"]
    assert told(trial, other, cursor)[sent]["read_at"] == when
    note_read(trial, phone, sent, seq=2)
    assert told(trial, trial.phone(rig.ada(trial)), None)[sent]["read_at"] == when


def test_what_was_read_of_others_or_of_nothing_is_an_ordinary_entry(trial: people.Trial, phone: people.Phone) -> None:
    ben = trial.enrol(people.BEN)
    sent = conduct.send_message(trial.study, ben, "Hello", actor=people.NURSE, now=trial.now)
    assert note_read(trial, phone, sent).statuses == ["stored"]
    assert note_read(trial, phone, str(uuid.uuid4()), seq=2).statuses == ["stored"]
    assert rig.send(trial, phone, [rig.entry(trial, 3, kind="app.noted", what="message-read")]).statuses == ["stored"]
    assert [row["read_at"] for row in trial.study.store.read().all("SELECT read_at FROM messages")] == [None]


def test_when_a_reminder_was_shown_may_be_said_apart_from_when_it_was_sealed(trial: people.Trial, phone: people.Phone) -> None:
    noted = {"kind": "app.noted", "what": "reminder-shown", "about": "dose@2026-03-02"}
    entries = [rig.entry(trial, seq, **noted, noted_at=when) for seq, when in enumerate(("2026-03-02T03:00:00+01:00", None, "by night"), 1)]
    assert rig.send(trial, phone, entries).statuses == ["stored", "stored", "quarantined"]


def test_after_the_end_no_message_is_told_and_none_is_sent(trial: people.Trial, phone: people.Phone) -> None:
    send(trial)
    trial.withdraw(rig.ada(trial), "consent", date(2026, 3, 2))
    assert told(trial, phone, None) == {}
    with pytest.raises(Refused, match="has ended; nothing is sent"):
        send(trial)


def test_who_withdrew_from_contact_is_left_alone_and_who_withdrew_from_the_drug_is_not(trial: people.Trial) -> None:
    trial.withdraw(rig.ada(trial), "treatment", date(2026, 3, 2))
    assert send(trial)
    trial.withdraw(rig.ada(trial), "contact", date(2026, 3, 2))
    with pytest.raises(Refused, match="has ended; nothing is sent"):
        send(trial)


@pytest.mark.parametrize(("text", "why"), [("", "this one has 0"), (" \n", "this one has 0"), ("a" * 2001, "this one has 2001")])
def test_an_empty_or_endless_message_is_refused(trial: people.Trial, text: str, why: str) -> None:
    with pytest.raises(Refused, match=why) as refused:
        send(trial, text)
    assert refused.value.problem is problems.BAD_VALUE


def test_an_answer_to_somebody_elses_entry_is_refused(trial: people.Trial, phone: people.Phone) -> None:
    entry = rig.entry(trial, 1)
    rig.send(trial, phone, [entry])
    ben = trial.enrol(people.BEN)
    with pytest.raises(Refused, match=f"has no entry '{entry['id']}'"):
        conduct.send_message(trial.study, ben, "Hello", actor=people.NURSE, now=trial.now, about=entry["id"])


def test_the_journal_says_who_wrote_it(trial: people.Trial) -> None:
    sent = send(trial)
    row = trial.study.store.read().one("SELECT kind, actor, line FROM entries JOIN lines USING (position) WHERE id = ?", (sent,))
    assert row is not None
    assert (row["kind"], row["actor"]) == ("message.sent", people.NURSE)
    assert json.loads(row["line"]) == {"about": None, "language": "fr", "text": TEXT}
