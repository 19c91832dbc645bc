"""Reminders end to end: from the clock through each channel to a receiver on this machine that reads what arrived."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import orjson
import pytest

from qol_server.contacts import PERSON
from qol_server.intake import reach
from qol_server.messaging import mail
from qol_server.messaging.sending import Sender
from qol_server.settings import Settings
from qol_server.views.ledger import Line, ledger, ledger_faults
from scheduler import ticks
from tests import people
from tests.messaging.browser import service
from tests.messaging.receivers import gateway, mail_server
from tests.people import Trial
from tests.scheduler.post import live, wall

LATE = wall("2026-04-03 09:00")  # the month's questionnaire is a day late: by e-mail, or else by SMS
DETAILS = {"name": "Ben", "email": "ben@home.example", "telephone": "+33 6 11 22 33 44"}


def know(trial: Trial, number: str, **details: str) -> None:
    """The site keeps these contact details."""
    trial.study.contacts.put(number, PERSON, "details", orjson.dumps(details), trial.now)


def late(trial: Trial, number: str) -> list[Line]:
    """What the ledger says of the messages of that rung, in their order."""
    lines = [line for line in ledger(trial.study.store.read(), number) if (line.occurrence, line.rung) == ("qol@M1", 2)]
    return lines[::-1]


def go(trial: Trial, sender: Sender, minutes: int = 0) -> None:
    trial.now = LATE + timedelta(minutes=minutes)
    ticks.remind(trial.study, trial.now, sender.at(trial.now))
    assert ledger_faults(trial.study.store.read()) == []


def with_channels(trial: Trial, **channels: object) -> Sender:
    settings: Settings = replace(trial.settings, loopback=True, **channels)  # type: ignore[arg-type]
    return Sender(trial.study, settings)


def test_a_mail_arrives_once_and_says_nothing(trial: Trial, ben: str) -> None:
    know(trial, ben, **DETAILS)
    with mail_server() as mails, gateway() as texts:
        sender = with_channels(trial, smtp=mails.settings, webhook=texts.settings)
        for minutes in range(0, 120, 10):
            go(trial, sender, minutes)
    about = [mail for _, mail in mails.taken]
    assert {mail["To"] for mail in about} == {"ben@home.example"}
    assert texts.taken == []
    [line] = late(trial, ben)
    assert (line.channel, line.outcome, line.sent_at is not None) == ("email", "sent", True)
    assert len({mail["Message-ID"] for mail in about}) == len(about) == 1
    said = str(about[0])
    assert not any(word in said for word in ("qol", "QLQ", "dose", "imatinib", ben, people.SLUG, "Ben"))
    assert [(look.who, look.kind) for look in trial.study.contacts.looks(ben)] == [("clock", PERSON)]


def test_without_an_e_mail_address_the_telephone_is_told_at_once(trial: Trial, ben: str) -> None:
    know(trial, ben, telephone=DETAILS["telephone"])
    with mail_server() as mails, gateway() as texts:
        go(trial, with_channels(trial, smtp=mails.settings, webhook=texts.settings))
    assert mails.taken == []
    [message] = texts.taken
    assert (message["to"], message["text"], message["language"]) == ("+33611223344", "You have something to fill in.", "en")
    assert [(line.channel, line.outcome, line.why) for line in late(trial, ben)] == [
        ("email", "failed", "no address is known"), ("sms", "sent", None),
    ]  # fmt: skip


def test_a_mail_server_that_never_confirms_is_followed_by_the_telephone_and_never_asked_again(trial: Trial, ben: str) -> None:
    know(trial, ben, **DETAILS)
    with mail_server() as mails, gateway() as texts:
        mails.answers["DATA"] = "hang up"
        sender = with_channels(trial, smtp=mails.settings, webhook=texts.settings)
        go(trial, sender)
        mails.answers.clear()
        for minutes in range(10, 200, 30):
            go(trial, sender, minutes)
    assert len(mails.taken) == len(texts.taken) == 1
    assert [(line.channel, line.outcome, line.why) for line in late(trial, ben)] == [
        ("email", "failed", "the outcome is unknown"), ("sms", "sent", None),
    ]  # fmt: skip


def test_a_mail_server_that_is_away_is_tried_once_a_tick_whoever_is_to_be_reminded(
    trial: Trial, ben: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    everybody = [ben] + [trial.enrol(people.BEN) for _ in range(3)]
    for number in everybody:
        know(trial, number, **DETAILS)
        if number != ben:
            trial.start_treatment(number, wall("2026-03-02 06:00").date())
    with mail_server() as mails:
        settings = mails.settings
    asked: list[str] = []
    real = mail.send
    monkeypatch.setattr(mail, "send", lambda *given: asked.append(given[1]) or real(*given))
    sender = with_channels(trial, smtp=settings)
    go(trial, sender)
    assert len(asked) == 1, "the others do not wait for it"
    assert [late(trial, number)[0].outcome for number in everybody] == ["deferred"] * 4


def test_a_busy_gateway_is_asked_again_with_the_same_key(trial: Trial, ben: str) -> None:
    know(trial, ben, telephone=DETAILS["telephone"])
    with gateway() as texts:
        texts.there.answer, texts.there.headers = 429, {"Retry-After": "300"}
        sender = with_channels(trial, webhook=texts.settings)
        go(trial, sender)
        texts.there.answer = 200
        for minutes in (1, 4, 5, 6):
            go(trial, sender, minutes)
        assert len(texts.there.taken) == 2
        assert len(texts.taken) == 1
    assert [(line.channel, line.outcome, line.tries) for line in late(trial, ben)] == [("email", "failed", 1), ("sms", "sent", 2)]


def test_a_channel_that_is_not_set_up_looks_at_no_address(trial: Trial, ben: str) -> None:
    know(trial, ben, **DETAILS)
    go(trial, with_channels(trial))
    assert [(line.channel, line.why) for line in late(trial, ben)] == [
        ("email", "the channel is not set up"), ("sms", "the channel is not set up"),
    ]  # fmt: skip
    assert trial.study.contacts.looks(ben) == []


def test_what_the_phone_shows_and_the_participant_opens_stands_in_the_ledger(trial: Trial, ben: str) -> None:
    phone = trial.phone(ben)
    assert phone.client.device_id is not None
    with service() as pushes:
        browser = pushes.browser()
        reach.subscribe(trial.study, ben, str(phone.client.device_id), {"endpoint": browser.endpoint, **browser.keys}, trial.now)
        trial.now = wall("2026-03-03 09:00")
        ticks.remind(trial.study, trial.now, with_channels(trial).at(trial.now))
        told = [orjson.loads(browser.open(body)) for _, _, body in pushes.taken]
    [dose] = [one for one in told if one["open"] == "dose@2026-03-03"]
    trial.now += timedelta(minutes=1)
    for minutes, what in ((1, "reminder-shown"), (30, "reminder-opened"), (40, "reminder-opened")):
        noted = (wall("2026-03-03 09:00") + timedelta(minutes=minutes)).isoformat()
        phone.client.seal("app.noted", captured_at=trial.now, time_zone="Europe/Paris", what=what, about=dose["id"], noted_at=noted)
    trial.now = wall("2026-03-03 09:45")
    phone.answer("dose@2026-03-03", people.TAKEN)
    phone.sync()
    [line] = [line for line in ledger(trial.study.store.read(), ben) if line.occurrence == "dose@2026-03-03"]
    shown = ("2026-03-03T08:01:00.000Z",) * 2
    assert (line.delivered_at, line.shown_at, line.opened_at, line.dismissed_at) == (*shown, "2026-03-03T08:30:00.000Z", None)
    assert line.answered_at == "2026-03-03T08:45:00.000Z"
    assert line.outcome == "sent"


def test_nobody_notes_anything_of_somebody_elses_message(trial: Trial, ben: str) -> None:
    ada = trial.phone(trial.enrol(people.ADA))
    live(trial, wall("2026-03-03 09:00"), wall("2026-03-03 09:10"), lambda _: None)  # type: ignore[arg-type]
    [key] = [row["id"] for row in trial.study.store.read().all("SELECT id FROM reminders WHERE occurrence = 'dose@2026-03-03'")]
    ada.client.seal("app.noted", captured_at=trial.now, time_zone="Europe/Paris", what="reminder-opened", about=key)
    ada.sync()
    assert all(line.opened_at is None for line in ledger(trial.study.store.read(), ben))
