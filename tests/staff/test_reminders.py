"""The ledger of a participant's messages as the site sees it."""

from __future__ import annotations

from datetime import timedelta

from qol_server.intake import pausing
from qol_server.messaging import Message, NotTaken, Undeliverable
from qol_server.messaging.sending import Sender
from qol_server.staff import look
from qol_server.trial.roles import Role
from scheduler import ticks
from scheduler.notices import notify
from tests import people
from tests.staff import casebook
from tests.staff.rig import House

PAGE = "/participants/{}/reminders"


def remind(desk: House, moment: str, answer: Exception | None = None) -> None:
    """A tick of the clock, on which each message is taken, or not."""

    def send(_: Message) -> None:
        if answer is not None:
            raise answer

    desk.trial.at(moment, "Europe/Paris")
    ticks.remind(desk.trial.study, desk.trial.now, send)


def test_where_nothing_was_sent_it_says_why(desk: House) -> None:
    nurse = desk.login(Role.NURSE, site="01")
    nurse.get(PAGE.format(desk.ada))
    assert "No reminder was sent yet." in nurse.text
    assert "Phones that take reminders: 0." in nurse.text


def test_each_message_says_how_far_it_came(desk: House) -> None:
    desk.trial.start_treatment(desk.ada, desk.trial.now.date())
    day = desk.trial.now.date() + timedelta(days=1)
    remind(desk, f"{day} 09:00")
    phone = desk.trial.phone(desk.ada)
    [key] = [row["id"] for row in desk.trial.study.store.read().all("SELECT id FROM reminders WHERE occurrence = ?", (f"dose@{day}",))]
    for minutes, what in ((1, "reminder-shown"), (2, "reminder-opened")):
        desk.trial.at(f"{day} 09:0{minutes}", "Europe/Paris")
        phone.client.seal("app.noted", captured_at=desk.trial.now, time_zone="Europe/Paris", what=what, about=key)
    desk.trial.at(f"{day} 09:05", "Europe/Paris")
    phone.answer(f"dose@{day}", people.TAKEN)
    phone.sync()
    nurse = desk.login(Role.NURSE, site="01")
    nurse.get(PAGE.format(desk.ada))
    assert nurse.status == 200
    [row] = [part for part in nurse.html.split("<tr>") if f"· {look.day(day, 'en')}" in part]
    words = ["intended", "sent", "arrived", "shown", "opened", "answered"]
    places = [row.index(f"{word} <time") for word in words]
    assert places == sorted(places)
    assert "09:02" in row


def test_what_was_not_sent_says_why_in_the_readers_language(desk: House) -> None:
    desk.trial.start_treatment(desk.ada, desk.trial.now.date())
    day = desk.trial.now.date()
    remind(desk, f"{day + timedelta(days=1)} 09:00", Undeliverable("no phone takes reminders"))
    remind(desk, f"{day + timedelta(days=3)} 09:00", TimeoutError())
    remind(desk, f"{day + timedelta(days=4)} 09:00", Undeliverable("something that nobody foresaw"))
    remind(desk, f"{day + timedelta(days=5)} 09:00", NotTaken("it answered 503"))
    nurse = desk.login(Role.NURSE, site="01")
    nurse.get(PAGE.format(desk.ada))
    for said in (
        "Reminders are turned on on no phone.", "Waits for another try The service answered 503.",
        "Nobody knows whether it arrived; it is not sent again this way.", "The service could not take it.",
    ):  # fmt: skip
        assert said in nurse.text, said
    assert "foresaw" not in nurse.html


def test_a_pause_is_shown_and_long_ledgers_have_pages(desk: House) -> None:
    desk.trial.start_treatment(desk.ada, desk.trial.now.date())
    day = desk.trial.now.date()
    for n in range(1, 28):
        for hour in ("09:00", "12:00"):
            remind(desk, f"{day + timedelta(days=n)} {hour}")
    pausing.pause(desk.trial.study, desk.ada, day + timedelta(days=40), reason="holiday", actor=people.NURSE, now=desk.trial.now)
    nurse = desk.login(Role.NURSE, site="01")
    nurse.get(PAGE.format(desk.ada))
    assert "Contact paused" in nurse.text
    assert nurse.html.count("<tr>") == 51
    assert "Later messages" not in nurse.text
    nurse.get(PAGE.format(desk.ada) + "?page=2")
    assert 2 <= nurse.html.count("<tr>") <= 51
    assert "Later messages" in nurse.text
    for odd in ("0", "-1", "x", "9" * 50, "٣"):
        nurse.get(PAGE.format(desk.ada) + f"?page={odd}")
        assert nurse.status == 200


def test_a_cases_page_says_who_was_told_of_it(desk: House) -> None:
    nora = desk.login(Role.NURSE, "01", name="nora")
    casebook.answers(desk, bleeding="yes")
    nora.get(f"/cases/{casebook.the_case(desk)['case']}")
    assert "Told by e-mail" not in nora.text
    settings = desk.trial.settings
    notify(desk.trial.study, desk.trial.now, settings, Sender(desk.trial.study, settings))
    nora.get(f"/cases/{casebook.the_case(desk)['case']}")
    assert "Told by e-mail You: failed" in nora.text, "she has no address"
