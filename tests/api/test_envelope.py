"""The first line of a sync: what it must hold, what it promises of the rest, and the limits of a batch."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import pytest

from tests import people
from tests.api import rig


def test_a_batch_of_nothing_is_answered_with_everything_a_phone_needs(trial: people.Trial, phone: people.Phone) -> None:
    answer = rig.send(trial, phone, [])
    assert answer.status == 200
    assert answer.said["protocol"] == "qol-sync/1"
    assert answer.said["results"] == []
    assert answer.said["epoch"] == trial.study.epoch
    assert answer.said["server_time"] == "2026-03-02T19:00:00.000Z"
    assert answer.said["device_seq"] == {"contiguous_to": 0, "missing": []}
    assert answer.said["archived_through"] == 0
    assert answer.said["head"]["position"] == trial.position
    assert answer.said["sync_again_after_s"] > 0


def test_the_answer_echoes_the_batch(trial: people.Trial, phone: people.Phone) -> None:
    batch = "00000000-0000-4000-8000-00000000000A"
    assert rig.send(trial, phone, [rig.entry(trial, 1)], batch=batch).said["batch"] == batch


WRONG: dict[str, dict[str, Any]] = {
    "another protocol": {"protocol": "qol-sync/2"}, "no protocol": {"protocol": ...}, "no batch": {"batch": ...},
    "a batch that is no UUID": {"batch": "one"}, "a batch that is a number": {"batch": 1}, "no count": {"entries": ...},
    "a count as text": {"entries": "1"}, "a count as a boolean": {"entries": True}, "a negative count": {"entries": -1},
    "no digest": {"digest": ...}, "a digest in capitals": {"digest": "A" * 64}, "a short digest": {"digest": "a"},
    "no time": {"sent_at": ...}, "a time without offset": {"sent_at": "2026-03-02T20:00:00"}, "a time as a number": {"sent_at": 1},
    "a week date": {"sent_at": "2026-W10-1T20:00:00+01:00"}, "no zone": {"time_zone": ...}, "an unknown zone": {"time_zone": "Mars/Base"},
    "a zone as a list": {"time_zone": ["Europe/Paris"]}, "a cursor as a number": {"cursor": 7}, "an endless cursor": {"cursor": "x" * 3000},
    "numbers as text": {"seqs": "1"}, "number zero": {"seqs": [0]}, "more numbers than lines": {"seqs": [1, 2]},
    "a queue without its length": {"queue": {}}, "a witness without signature": {"witness": {"position": 1, "digest": "0" * 64}},
    "a witness of words": {"witness": {"position": 1, "digest": "0" * 64, "signature": "x"}},
    "a witness as text": {"witness": "1"}, "a language as a number": {"language": 5}, "an app as a list": {"app": []},
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_envelope_is_named_and_stores_nothing(trial: people.Trial, phone: people.Phone, wrong: str) -> None:
    answer = rig.send(trial, phone, [rig.entry(trial, 1)], **WRONG[wrong])
    assert (answer.status, answer.problem) == (400, "bad-envelope")
    assert not answer.said["retryable"]
    assert answer.said["errors"] or "seqs" in answer.said["detail"]
    assert rig.lines(trial) == []


FIRST_LINES = {
    "nothing": b"",
    "an empty line": b"\n",
    "a list": b"[]\n",
    "a word": b'"x"\n',
    "no JSON": b"<html>\n",
    "half an object": b'{"protocol"\n',
    "a key twice": b'{"protocol":"qol-sync/1","protocol":"qol-sync/1"}\n',
    "not UTF-8": b'{"protocol":"\xff"}\n',
    "NUL": b'{"a":"\\u0000"}\n',
    "a float": b'{"entries":1.0}\n',
    "NaN": b'{"entries":NaN}\n',
    "5,000 digits": b'{"entries":' + b"9" * 5000 + b"}\n",
    "very deep": b'{"a":' * 5000 + b"\n",
    "a byte-order mark": b"\xef\xbb\xbf{}\n",
    "a line of 100 KiB": b'{"a":"' + b"a" * 102_400 + b'"}\n',
}


@pytest.mark.parametrize("first", FIRST_LINES)
def test_a_first_line_that_is_no_envelope_is_refused(trial: people.Trial, phone: people.Phone, first: str) -> None:
    answer = rig.send_raw(trial, phone.client.token, FIRST_LINES[first])
    assert (answer.status, answer.problem) == (400, "bad-envelope")


def _whole(trial: people.Trial, body: bytes, **fields: Any) -> bytes:
    return json.dumps(rig.envelope(trial, body, **fields)).encode() + b"\n" + body


@pytest.mark.parametrize("cut", [1, 10, 100, 1000])
def test_a_body_cut_short_stores_nothing_and_may_be_sent_again(trial: people.Trial, phone: people.Phone, cut: int) -> None:
    whole = _whole(trial, b"".join(rig.line(rig.entry(trial, seq)) + b"\n" for seq in range(1, 6)))
    answer = rig.send_raw(trial, phone.client.token, whole[:-cut])
    assert (answer.status, answer.problem) == (400, "truncated")
    assert answer.said["retryable"]
    assert rig.lines(trial) == []
    assert rig.send_raw(trial, phone.client.token, whole).statuses == ["stored"] * 5


@pytest.mark.parametrize("fields", [{"entries": 0}, {"entries": 2}, {"digest": "0" * 64}])
def test_count_and_digest_have_to_fit(trial: people.Trial, phone: people.Phone, fields: dict[str, Any]) -> None:
    answer = rig.send(trial, phone, [rig.entry(trial, 1)], **fields)
    assert (answer.status, answer.problem) == (400, "truncated")
    assert rig.lines(trial) == []


def test_the_last_line_feed_may_be_missing_if_the_digest_says_so(trial: people.Trial, phone: people.Phone) -> None:
    sent = rig.line(rig.entry(trial, 1))
    answer = rig.send_raw(trial, phone.client.token, _whole(trial, sent, entries=1))
    assert answer.statuses == ["stored"]
    assert rig.lines(trial) == [sent]


def test_two_hundred_entries_are_taken_and_one_more_is_not(trial: people.Trial, phone: people.Phone) -> None:
    lines = [rig.line(rig.entry(trial, seq)) for seq in range(1, 202)]
    answer = rig.send(trial, phone, lines)
    assert (answer.status, answer.problem) == (413, "too-large")
    assert rig.lines(trial) == []
    assert rig.send(trial, phone, lines[:200]).statuses == ["stored"] * 200


def test_one_mebibyte_is_taken_and_one_byte_more_is_not(trial: people.Trial, phone: people.Phone) -> None:
    padded = [rig.line(rig.entry(trial, seq, note="x" * 60_000)) for seq in range(1, 18)]
    body = b"".join(part + b"\n" for part in padded)
    room = 1_048_576 - len(_whole(trial, body)) - len(rig.line(rig.entry(trial, 18, note=""))) - 1
    last = rig.line(rig.entry(trial, 18, note="y" * room))
    exactly = _whole(trial, body + last + b"\n")
    assert len(exactly) == 1_048_576
    answer = rig.send_raw(trial, phone.client.token, exactly + b" ")
    assert (answer.status, answer.problem) == (413, "too-large")
    answer = rig.send_raw(trial, phone.client.token, exactly + b" ", packed=True)
    assert (answer.status, answer.problem) == (413, "too-large")
    assert rig.send_raw(trial, phone.client.token, exactly, packed=True).statuses == ["stored"] * 18


def test_a_gzip_bomb_is_stopped_after_one_mebibyte(trial: people.Trial, phone: people.Phone) -> None:
    bomb = gzip.compress(b"\0" * 200_000_000, 1)
    answer = rig.send_raw(trial, phone.client.token, bomb, Content_Encoding="gzip")
    assert (answer.status, answer.problem) == (413, "too-large")


def test_an_honest_batch_of_sameness_is_no_bomb(trial: people.Trial, phone: people.Phone) -> None:
    lines = [rig.entry(trial, seq, id=f"00000000-0000-4000-8000-{seq:012}") for seq in range(1, 201)]
    assert rig.send(trial, phone, lines, packed=True).statuses == ["stored"] * 200


def test_damaged_gzip_may_be_sent_again(trial: people.Trial, phone: people.Phone) -> None:
    packed = gzip.compress(_whole(trial, rig.line(rig.entry(trial, 1)) + b"\n"))
    for broken in (packed[:-5], packed[:20], b"plain text", packed[:15] + b"\xff\xff" + packed[17:], zlib.compress(b"{}")):
        answer = rig.send_raw(trial, phone.client.token, broken, Content_Encoding="gzip")
        assert (answer.status, answer.problem) == (400, "truncated")
        assert answer.said["retryable"]
    assert rig.send_raw(trial, phone.client.token, packed, Content_Encoding="gzip").statuses == ["stored"]


@pytest.mark.parametrize("headers", [{"Content_Type": "application/json"}, {"Content_Type": "text/plain"}, {"Content_Encoding": "br"}])
def test_other_types_and_encodings_are_415(trial: people.Trial, phone: people.Phone, headers: dict[str, str]) -> None:
    answer = rig.send_raw(trial, phone.client.token, b"{}\n", **headers)
    assert (answer.status, answer.problem) == (415, "media-type")


def test_the_head_is_signed_by_the_key_that_the_journal_names(trial: people.Trial, phone: people.Phone) -> None:
    from qol_server import keys
    from qol_server.trial import facts

    head = rig.send(trial, phone, [rig.entry(trial, 1)]).said["head"]
    message = facts.head_message(people.SLUG, trial.study.epoch, head["position"], head["digest"])
    public = (trial.settings.keys / "journal.pub").read_text().strip()
    assert keys.verifies(public, message, head["signature"])
    assert not keys.verifies(public, message + b" ", head["signature"])
