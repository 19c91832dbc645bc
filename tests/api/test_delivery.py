"""The gateway reports what became of text messages: only it, only of what was sent, and each report once."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from qol_server.app import create_app
from qol_server.messaging import Message, Undeliverable, webhook
from qol_server.settings import Webhook
from qol_server.views.ledger import Line, ledger, ledger_faults
from scheduler import ticks
from tests import people
from tests.people import Trial

SECRET = "a secret of both sides"
PATH = f"/{people.SLUG}/api/v1/delivery"
ADDRESS = "https://gateway.example.org/"


@pytest.fixture
def trial(tmp_path: Path) -> Trial:
    """Ben, who has no e-mail address, was told of his late questionnaire by text message."""
    trial = people.trial(tmp_path)
    trial._client = create_app(replace(trial.settings, webhook=Webhook(ADDRESS, SECRET)), lambda: trial.now).test_client()
    ben = trial.enrol(people.BEN)
    trial.at("2026-03-02 06:00")
    trial.start_treatment(ben, date(2026, 3, 2))
    trial.at("2026-04-03 09:00", "Europe/Paris")
    ticks.remind(trial.study, trial.now, only_sms)
    trial.now += timedelta(minutes=1)
    return trial


def only_sms(message: Message) -> None:
    if message.channel != "sms":
        raise Undeliverable("no address is known")


def the_line(trial: Trial) -> Line:
    [number] = [row["participant"] for row in trial.study.store.read().all("SELECT participant FROM roster")]
    [line] = [line for line in ledger(trial.study.store.read(), number) if (line.occurrence, line.channel) == ("qol@M1", "sms")]
    return line


def key(trial: Trial, channel: str = "sms") -> str:
    sql = "SELECT id FROM reminders WHERE occurrence = 'qol@M1' AND channel = ?"
    return str(trial.study.store.read().all(sql, (channel,))[0]["id"])


def report(trial: Trial, body: bytes | dict[str, Any], *, secret: str = SECRET, late: int = 0, path: str = PATH) -> tuple[int, str]:
    """Post a signed report; returns the status and the problem's name."""
    line = body if isinstance(body, bytes) else json.dumps(body).encode()
    timestamp = str(int((trial.now - timedelta(seconds=late)).timestamp()))
    headers = {webhook.TIMESTAMP: timestamp, webhook.SIGNATURE: webhook.signature(secret, timestamp, line)}
    answer = trial._client.post(path, data=line, headers=headers, content_type="application/json")
    return answer.status_code, str(json.loads(answer.data)["type"]).rpartition(":")[2] if answer.data else ""


def test_a_message_that_has_arrived_says_so_once(trial: Trial) -> None:
    assert the_line(trial).delivered_at is None
    assert report(trial, {"key": key(trial), "status": "delivered"}) == (204, "")
    assert the_line(trial).delivered_at == trial.now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    after = trial.position
    trial.now += timedelta(minutes=1)
    assert report(trial, {"key": key(trial), "status": "delivered"}) == (204, "")
    assert trial.position == after


def test_one_that_will_not_arrive_has_failed_and_is_not_sent_again(trial: Trial) -> None:
    assert report(trial, {"key": key(trial), "status": "failed"}) == (204, "")
    line = the_line(trial)
    assert (line.outcome, line.why) == ("failed", "the gateway could not deliver it")
    ticks.remind(trial.study, trial.now + timedelta(minutes=5), only_sms)
    assert the_line(trial).tries == 1
    assert ledger_faults(trial.study.store.read()) == []


def test_only_who_shares_the_secret_is_heard(trial: Trial) -> None:
    said = {"key": key(trial), "status": "delivered"}
    before = trial.position
    assert report(trial, said, secret="a guess") == (401, "not-signed")
    assert report(trial, said, late=301) == (401, "not-signed")
    assert report(trial, said, late=-301) == (401, "not-signed")
    answer = trial._client.post(PATH, json=said)
    assert answer.status_code == 401
    trial._client = create_app(trial.settings, lambda: trial.now).test_client()
    assert report(trial, said, secret="") == (401, "not-signed"), "without a gateway nobody is one"
    assert trial.position == before


def test_what_is_odd_is_explained(trial: Trial) -> None:
    assert report(trial, {"key": key(trial, "email"), "status": "delivered"}) == (404, "message-unknown")
    assert report(trial, {"key": "7f9c24e8-3b12-5fef-91e0-5a1f1f3b2a55", "status": "delivered"}) == (404, "message-unknown")
    assert report(trial, {"key": key(trial), "status": "lost"}) == (422, "bad-request")
    assert report(trial, [1]) == (422, "bad-request")  # type: ignore[arg-type]
    assert report(trial, b"{") == (400, "not-json")
    assert report(trial, b"x" * 10_001) == (413, "too-large")
    assert report(trial, {}, path="/elsewhere/api/v1/delivery") == (404, "study-unknown")
