"""What happened to an account is found without reading the whole journal, and what is odd about it is told."""

from __future__ import annotations

from qol_server import journal
from qol_server.access import history
from qol_server.intake import staff
from qol_server.trial.facts import Kind
from tests.access.office import IVAN, NORA, Office


def test_every_entry_about_an_account_is_in_its_history_and_in_no_other(office: Office) -> None:
    nora, ivan = office.member(NORA), office.member(IVAN)
    for member in (nora, ivan, nora):
        member.log_in()
        office.later(minutes=1)
    for login in (NORA, "nobody@hospital.example"):
        office.stranger(login)
    office.later(hours=1)
    staff.reset(office.staff, NORA, actor="staff:root", now=office.now)
    office.stranger(IVAN)
    tx = office.staff.store.read()
    for login in (NORA, IVAN):
        told = [(event.at, event.kind, event.actor) for event in history.of(tx, login, 100)]
        there = [(one.received_at, one.kind, one.actor) for one in journal.every(tx) if f'"login":"{login}"'.encode() in one.line]
        assert told == there[::-1]
    assert {event.kind for event in history.of(tx, NORA, 100)} >= {Kind.LOGIN_FAILED, Kind.ACCOUNT_RESET, Kind.SESSION_OPENED}
    assert len(history.of(tx, NORA, 2)) == 2
    assert history.of(tx, "nobody@hospital.example", 9) == []


def test_whoever_got_in_from_elsewhere_does_not_hide_it_by_having_been_in(office: Office) -> None:
    nora = office.member(NORA)
    nora.log_in()
    for _ in range(2):
        office.later(minutes=1)
        nora.log_in(browser=None)
    office.later(minutes=1)
    nora.log_in()
    events = history.since_last_visit(history.of(office.staff.store.read(), NORA, 100))
    assert [event.fact["known_browser"] for event in events] == [True, False, False]
    assert [history.is_notable(event) for event in events] == [False, True, True]
    office.later(minutes=1)
    nora.log_in()
    assert not any(map(history.is_notable, history.since_last_visit(history.of(office.staff.store.read(), NORA, 100))))
