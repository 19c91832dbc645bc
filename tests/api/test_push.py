"""Web push from the phone's door to the phone: subscribed, kept apart, reminded, and forgotten as soon as it may not be used."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from qol_server import journal, keys
from qol_server.contacts import PUSH
from qol_server.intake import conduct, reach
from qol_server.messaging.sending import Sender
from scheduler import ticks
from tests import people
from tests.api import rig
from tests.messaging.browser import Browser, Service, octets, service

PATH = f"/{people.SLUG}/api/v1/push"
ENDPOINT = "https://push.example.org/send/ada"


def ask(trial: people.Trial, phone: people.Phone, method: str, body: Any = None, **headers: str) -> rig.Answer:
    usual = {"Authorization": f"Bearer {phone.client.token}"} | ({} if body is None else {"Content-Type": "application/json"})
    answer = trial._client.open(PATH, method=method, data=None if body is None else json.dumps(body), headers=usual | headers)
    return rig.Answer(answer.status_code, answer.headers, json.loads(answer.data) if answer.data else {})


def put(trial: people.Trial, phone: people.Phone, endpoint: str = ENDPOINT) -> rig.Answer:
    return ask(trial, phone, "PUT", Browser(endpoint).subscription)


def held(trial: people.Trial) -> list[str]:
    """The devices whose subscription is kept."""
    return trial.study.contacts.names(rig.ada(trial), PUSH)


def device(phone: people.Phone) -> str:
    assert phone.client.device_id is not None
    return str(phone.client.device_id)


def test_the_phone_is_given_the_key_to_subscribe_with(trial: people.Trial, phone: people.Phone) -> None:
    said = ask(trial, phone, "GET").said
    assert said == {"key": keys.push_key(trial.settings.keys).public}
    assert octets(said["key"])[:1] == b"\x04"


def test_a_subscription_is_kept_for_the_phone_that_gave_it_and_a_newer_one_replaces_it(trial: people.Trial, phone: people.Phone) -> None:
    other = trial.phone(rig.ada(trial))
    assert put(trial, phone).status == put(trial, other, "https://push.example.org/other").status == 204
    assert put(trial, phone, "https://push.example.org/newer").status == 204
    found = reach.subscriptions(trial.study, rig.ada(trial), trial.now, "a test")
    assert {name: one["endpoint"] for name, one in found.items()} == {
        device(phone): "https://push.example.org/newer", device(other): "https://push.example.org/other",
    }  # fmt: skip
    assert ask(trial, other, "DELETE").status == ask(trial, other, "DELETE").status == 204
    assert held(trial) == [device(phone)]


def test_neither_the_journal_nor_the_study_nor_a_log_holds_anything_of_it(
    trial: people.Trial, phone: people.Phone, caplog: pytest.LogCaptureFixture
) -> None:
    before = trial.position
    with caplog.at_level(logging.DEBUG):
        put(trial, phone)
        ask(trial, phone, "PUT", Browser("https://10.0.0.1/secret-path").subscription)
    assert trial.position == before
    everything = b"".join(path.read_bytes() for path in trial.settings.data.rglob("*") if path.is_file())
    assert b"push.example.org" not in everything
    assert "push.example.org" not in caplog.text
    assert "secret-path" not in caplog.text


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "an address inside": ({"endpoint": "https://169.254.169.254/latest"}, "endpoint"),
    "a bare host": ({"endpoint": "https://router/"}, "endpoint"),
    "no address": ({"endpoint": 7}, "endpoint"),
    "an endless address": ({"endpoint": ENDPOINT + "a" * 1000}, "endpoint"),
    "no keys": ({"keys": None}, "keys"),
    "a point that is not on the curve": ({"keys": Browser("").keys | {"p256dh": "BAAA" + "A" * 83}}, "keys.p256dh"),
    "a compressed point": ({"keys": Browser("").keys | {"p256dh": "A" * 44}}, "keys.p256dh"),
    "no base64": ({"keys": Browser("").keys | {"auth": "not*base64"}}, "keys.auth"),
    "letters beyond ASCII": ({"keys": Browser("").keys | {"auth": "ééééééééééééééééé"}}, "keys.auth"),
    "a short secret": ({"keys": Browser("").keys | {"auth": "AAAA"}}, "keys.auth"),
    "an endless key": ({"keys": Browser("").keys | {"auth": "A" * 5000}}, "keys.auth"),
    "a number for a key": ({"keys": Browser("").keys | {"auth": 5}}, "keys.auth"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_cannot_be_used_is_explained_and_nothing_is_kept(trial: people.Trial, phone: people.Phone, wrong: str) -> None:
    change, where = WRONG[wrong]
    answer = ask(trial, phone, "PUT", Browser(ENDPOINT).subscription | change)
    assert (answer.status, answer.problem, [fault["where"] for fault in answer.said["errors"]]) == (422, "bad-request", [where])
    assert held(trial) == []


def test_other_bodies_are_refused_by_name(trial: people.Trial, phone: people.Phone) -> None:
    assert ask(trial, phone, "PUT", []).problem == "bad-request"
    assert ask(trial, phone, "PUT", "x" * 1_100_000).problem == "too-large"
    assert ask(trial, phone, "PUT", {}, **{"Content-Type": "text/plain"}).problem == "media-type"
    assert rig.post(trial, rig.DEVICES, b"{", {"Content-Type": "application/json"}).problem == "not-json"


def test_a_phone_that_is_replaced_lost_or_withdrawn_is_forgotten_at_once(trial: people.Trial, phone: people.Phone) -> None:
    put(trial, phone)
    newer = trial.phone(rig.ada(trial), replaces=True)
    assert held(trial) == []
    assert put(trial, phone).problem == "device-replaced"
    put(trial, newer)
    conduct.revoke(trial.study, rig.ada(trial), actor=people.NURSE, now=trial.now)
    assert held(trial) == []
    assert put(trial, newer).problem == "device-revoked"


@pytest.mark.parametrize("end", ["contact", "consent", "death", "study_end"])
def test_the_end_of_contact_ends_it_and_nobody_subscribes_again(trial: people.Trial, phone: people.Phone, end: str) -> None:
    put(trial, phone)
    if end in ("contact", "consent"):
        trial.withdraw(rig.ada(trial), end, date(2026, 3, 2))
    else:
        trial.anchor(rig.ada(trial), end, date(2026, 3, 2))
    assert held(trial) == []
    assert (put(trial, phone).status, put(trial, phone).problem) == (409, "not-contacted")
    assert ask(trial, phone, "DELETE").status == 204


def test_who_stops_the_drug_or_the_questionnaires_may_still_be_told_things(trial: people.Trial, phone: people.Phone) -> None:
    put(trial, phone)
    for kind in ("treatment", "questionnaires"):
        trial.withdraw(rig.ada(trial), kind, date(2026, 3, 2))
    assert held(trial) == [device(phone)]


def test_what_a_crash_left_is_gone_before_its_next_use(trial: people.Trial, phone: people.Phone, monkeypatch: pytest.MonkeyPatch) -> None:
    put(trial, phone)
    with monkeypatch.context() as crashed:
        crashed.setattr(reach, "settle", lambda *_: None)
        conduct.revoke(trial.study, rig.ada(trial), actor=people.NURSE, now=trial.now)
    assert held(trial) == [device(phone)]
    assert reach.subscriptions(trial.study, rig.ada(trial), trial.now, "a test") == {}
    assert held(trial) == []


# The reminder


def remind(trial: people.Trial, there: Service, phone: people.Phone) -> Browser:
    """Subscribe a phone to a push service of this machine, and let the clock tick at nine the next day."""
    ada = there.browser()
    reach.subscribe(trial.study, phone.number, device(phone), {"endpoint": ada.endpoint, **ada.keys}, trial.now)
    trial.at("2026-03-03 09:00", "Europe/Paris")
    tick(trial)
    return ada


def tick(trial: people.Trial) -> None:
    ticks.remind(trial.study, trial.now, Sender(trial.study, replace(trial.settings, loopback=True)).at(trial.now))


def outcomes(trial: people.Trial, kind: str) -> list[str | None]:
    entries = journal.of_participant(trial.study.store.read(), rig.ada(trial))
    return [entry.occurrence for entry in entries if entry.kind == f"reminder.{kind}"]


def test_a_reminder_reaches_the_phone_and_only_the_phone_can_read_it(trial: people.Trial, phone: people.Phone) -> None:
    with service() as there:
        ada = remind(trial, there, phone)
    told = [json.loads(ada.open(body)) for _, _, body in there.taken]
    assert [one["open"] for one in told] == outcomes(trial, "sent")
    assert "dose@2026-03-03" in outcomes(trial, "sent")
    assert all(one.keys() == {"id", "language", "open"} and one["language"] == "fr" for one in told)
    assert len({one["id"] for one in told}) == len(told)
    outside = json.dumps([(path, headers) for path, headers, _ in there.taken])
    assert not any(word in outside for word in ("dose", "qol", "symptoms", phone.number, people.SLUG))
    assert [(look.who, look.kind) for look in trial.study.contacts.looks(phone.number)] == [("clock", PUSH)] * len(told)


def test_two_reminders_of_one_thing_are_one_at_the_push_service(trial: people.Trial, phone: people.Phone) -> None:
    with service() as there:
        ada = remind(trial, there, phone)
        trial.now += timedelta(hours=3)
        tick(trial)
    topics = [(json.loads(ada.open(body))["open"], headers["topic"]) for _, headers, body in there.taken]
    doses = {topic for occurrence, topic in topics if occurrence == "dose@2026-03-03"}
    assert len([one for one, _ in topics if one == "dose@2026-03-03"]) == 2
    assert len(doses) == 1
    assert len({topic for _, topic in topics}) == len({one for one, _ in topics})


def test_a_subscription_that_the_browser_gave_up_is_forgotten_and_the_reminder_failed(trial: people.Trial, phone: people.Phone) -> None:
    with service() as there:
        there.answer = 410
        remind(trial, there, phone)
    assert held(trial) == []
    assert set(outcomes(trial, "failed")) == set(outcomes(trial, "intended"))
    assert len(there.taken) == 1, "the next message knows that it is gone"


def test_a_push_service_that_is_busy_is_asked_again_when_it_wants_to_be(
    trial: people.Trial, phone: people.Phone, caplog: pytest.LogCaptureFixture
) -> None:
    with service() as there:
        there.answer, there.headers = 503, {"Retry-After": "600"}
        remind(trial, there, phone)
        assert held(trial) == [device(phone)]
        assert "dose@2026-03-03" in outcomes(trial, "deferred")
        assert len(there.taken) == 1
        there.answer = 201
        trial.now += timedelta(minutes=10)
        tick(trial)
    assert set(outcomes(trial, "deferred")) <= set(outcomes(trial, "sent"))
    assert "127.0.0.1" not in caplog.text


def test_one_of_two_phones_is_enough(trial: people.Trial, phone: people.Phone) -> None:
    other = trial.phone(rig.ada(trial))
    gone = Browser("http://127.0.0.1:9/closed")
    reach.subscribe(trial.study, phone.number, device(other), {"endpoint": gone.endpoint, **gone.keys}, trial.now)
    with service() as there:
        remind(trial, there, phone)
    assert outcomes(trial, "failed") == []
    assert len(outcomes(trial, "sent")) == len(there.taken) > 0


def test_two_pairings_of_one_browser_are_told_once(trial: people.Trial, phone: people.Phone) -> None:
    other = trial.phone(rig.ada(trial))
    with service() as there:
        ada = there.browser()
        reach.subscribe(trial.study, phone.number, device(other), {"endpoint": ada.endpoint, **ada.keys}, trial.now)
        remind(trial, there, phone)
    assert len(there.taken) == len(outcomes(trial, "sent"))


def test_without_a_subscription_it_failed_and_nobody_made_a_file_for_it(trial: people.Trial, phone: people.Phone) -> None:
    trial.at("2026-03-03 09:00", "Europe/Paris")
    tick(trial)
    assert "dose@2026-03-03" in outcomes(trial, "failed")
    assert outcomes(trial, "sent") == []
    assert not trial.study.contacts.path.exists()
