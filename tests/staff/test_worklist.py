"""The worklist: who sees which cases, in which order, what a filter hides, and what an empty page says."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from qol_server.intake import adverse_events, casework, pausing
from qol_server.intake import staff as accounts
from qol_server.intake.reporting import Made
from qol_server.state import adverse_events as folded
from qol_server.state import calls, worklist
from qol_server.state.worklist import Order, Standing, Wanted
from qol_server.store import Tx
from qol_server.trial.adverse_events import Serious
from qol_server.trial.alerting import URGENCIES, Urgency
from qol_server.trial.roles import Role
from scheduler import ticks
from tests import people
from tests.staff import casebook
from tests.staff.clinic import EVENT, record
from tests.staff.rig import House, Member


def shown(member: Member) -> list[str]:
    """The cases on the page, in order."""
    return re.findall(r'data-case="([^"]+)"', member.html)


def many(house: House, number: int) -> list[str]:
    """So many open cases at two sites, of which nothing but the worklist's own columns matters; in the order of their making."""
    made = [str(uuid.UUID(int=n)) for n in range(number)]

    def work(tx: Tx) -> None:
        for n, id_ in enumerate(made):
            urgency = URGENCIES[n % 3]
            since = f"2026-03-0{1 + n % 2}T0{n % 10}:00:00.000Z"
            tx.run(
                'INSERT INTO cases ("case", participant, site, assessment, state, urgency, place, opened_at, since, known, surveys, steps,'
                " owner, version) VALUES (?, ?, ?, 'symptoms', ?, ?, ?, ?, ?, '[]', 1, ?, ?, ?)",
                (
                    id_, house.ada, "01" if n % 4 else "02", "raised" if n % 5 else "acknowledged", urgency, n % 3, since, since,
                    int(n % 7 == 0), people.NURSE if n % 2 else None, n + 1,
                ),
            )  # fmt: skip

    house.trial.study.store.write(work)
    return made


def test_a_case_stands_there_in_words_with_age_hour_and_next_step(desk: House) -> None:
    casebook.answers(desk, severity=3)
    desk.trial.at("2026-03-03 09:30", "Europe/Paris")
    nora = desk.login(Role.NURSE, "01")
    nora.get("/worklist")
    assert "1 open case, 1 not acknowledged" in nora.text
    assert "Same day" in nora.text
    assert "How bad was the nausea at its worst? Bad" in nora.text
    assert "13 h 30 min ago 2 Mar 2026, 20:00" in nora.text
    assert "All nurses are told in 2 h 30 min 3 Mar 2026, 12:00" in nora.text
    assert desk.ada in nora.text


def test_the_desk_begins_with_the_worklist_for_those_who_work_from_it(desk: House) -> None:
    casebook.answers(desk)
    assert shown_at_start(desk, Role.NURSE)
    assert shown_at_start(desk, Role.INSPECTOR)
    assert not shown_at_start(desk, Role.DATA_MANAGER)


def shown_at_start(house: House, role: Role) -> list[str]:
    member = house.login(role)
    member.get("/")
    assert member.status == 200
    return shown(member)


def test_a_serious_adverse_event_by_itself_stands_above_the_cases_with_its_clock(desk: House) -> None:
    ae = record(desk, replace(EVENT, serious=frozenset({Serious.HOSPITALISATION}), aware_at=desk.now))
    nora, noel = desk.login(Role.NURSE, "01"), desk.login(Role.NURSE, "02")
    nora.get("/worklist")
    assert "Serious adverse events to report" in nora.text
    assert "Report due" in nora.text
    assert f"/participants/{desk.ada}/adverse-events/{ae}" in nora.html
    noel.get("/worklist")
    assert "Serious adverse events to report" not in noel.text
    desk.trial.now += timedelta(days=40)
    nora = desk.login(Role.NURSE, "01")
    nora.get("/worklist")
    assert "Time for the report is over" in nora.text, "it stands here until it was reported"
    adverse_events.report(desk.trial.study, ae, Made(desk.now, nora.actor, "Sponsor"), actor=nora.actor, now=desk.now, seen=version(desk))
    nora.get("/worklist")
    assert "Serious adverse events to report" not in nora.text


def version(house: House) -> int:
    """Of Ada's only adverse event."""
    [one] = folded.of_participant(house.trial.study.store.read(), house.ada)
    return one.version


def test_a_case_that_was_taken_and_forgotten_says_so_and_can_be_filtered(desk: House) -> None:
    casebook.answers(desk)
    nora = desk.login(Role.NURSE, "01", name="nora")
    casework.acknowledge(desk.trial.study, **casebook.step(desk, nora.actor))
    nora.get("/worklist")
    assert "If nothing is done, its owner is told in 1 d 12 h 4 Mar 2026, 08:00" in nora.text
    assert "Last worked on" not in nora.text
    desk.trial.at("2026-03-05 08:00", "Europe/Paris")
    assert casework.escalate(desk.trial.study, desk.now) == 2
    nora = desk.login(Role.NURSE, "01", name="nora", language="en")
    nora.get("/worklist?standing=stalled&all=1")
    assert len(shown(nora)) == 1
    assert "Last worked on 2 d 12 h ago" in nora.text
    assert "If nothing is done, the investigators are told in 1 d" in nora.text
    nora.get(f"/cases/{shown(nora)[0]}")
    assert "Unless somebody works on it" in nora.text
    assert "For a time nobody had worked on it: step 2, due 5 Mar 2026, 08:00" in nora.text


def test_a_case_whose_owner_left_is_nobodys_and_says_whose_it_was(desk: House) -> None:
    casebook.answers(desk)
    nora, olga = desk.login(Role.NURSE, "01", name="nora"), desk.login(Role.NURSE, "01", name="olga")
    casework.acknowledge(desk.trial.study, **casebook.step(desk, nora.actor))
    accounts.close(desk.staff, nora.login, actor="staff:root", now=desk.now)
    assert ticks.escalate(desk.trial.study, desk.now, desk.trial.settings)["released"] == 1
    olga.get("/worklist?owner=nobody&standing=waiting&all=1")
    assert len(shown(olga)) == 1
    assert "Its owner can no longer work on it" in olga.text
    olga.get(f"/cases/{shown(olga)[0]}")
    assert "Owner Nobody" in olga.text
    assert "It is nobody’s again: Nora can no longer work on it" in olga.text
    assert "The clock" in olga.text
    olga.post(f"/cases/{casebook.the_case(desk)['case']}/acknowledge", "acknowledge", seen=olga.value("seen"))
    assert "Its owner can no longer work on it" not in olga.text


def died(house: House) -> None:
    house.trial.anchor(house.ada, "death", date(2026, 3, 2))


def refused_contact(house: House) -> None:
    house.trial.withdraw(house.ada, "contact", date(2026, 3, 2))


def lost(house: House) -> None:
    house.trial.anchor(house.ada, "lost_to_follow_up", date(2026, 3, 2))


def paused(house: House) -> None:
    pausing.pause(house.trial.study, house.ada, date(2026, 3, 9), reason="surgery", actor=people.NURSE, now=house.now)


@pytest.mark.parametrize(
    ("what", "english", "french"),
    [
        (died, "Died on 2 Mar 2026", "Décès le 2 mars 2026"),
        (refused_contact, "Withdrawal from contact, 2 Mar 2026", "Refus d’être contacté, 2 mars 2026"),
        (lost, "Lost to follow-up, 2 Mar 2026", "Perdu de vue, 2 mars 2026"),
        (paused, "Contact paused until 9 Mar 2026", "Contact suspendu jusqu’au 9 mars 2026"),
    ],
)
def test_before_anybody_calls_the_row_the_case_and_the_call_say_what_has_to_be_known(
    desk: House, what: Callable[[House], None], english: str, french: str
) -> None:
    phone = casebook.answers(desk)
    phone.client.seal("help.asked", captured_at=desk.now, time_zone=phone.time_zone, what="stop")
    phone.sync()
    [call] = calls.open_of(desk.trial.study.store.read(), desk.ada)
    pages = ("/worklist", f"/cases/{casebook.the_case(desk)['case']}", "/calls", f"/calls/{call['position']}")
    nora = desk.login(Role.NURSE, "01", name="nora")
    for page in pages:
        nora.get(page)
        assert english not in nora.text, page
    what(desk)
    if calls.open_of(desk.trial.study.store.read(), desk.ada) == []:
        pages = (*pages[:2], pages[3])  # nobody is to call any more, and the list of open calls is empty
    for member, words in ((nora, english), (desk.login(Role.NURSE, "01", name="odile", language="fr"), french)):
        for page in pages:
            member.get(page)
            assert words in member.text, page


def test_another_site_is_not_there(desk: House) -> None:
    casebook.answers(desk)
    nora = desk.login(Role.NURSE, "02")
    nora.get("/worklist")
    assert shown(nora) == []
    assert "No case is open" in nora.text


def test_an_inspector_sees_and_cannot_act(desk: House) -> None:
    casebook.answers(desk)
    for member, acts in ((desk.login(Role.INSPECTOR), False), (desk.login(Role.NURSE, "01"), True)):
        member.get("/worklist")
        assert ("Read and acknowledge" in member.text) == acts
        member.get(f"/cases/{shown(member)[0]}")
        assert ("<button" in member.html.partition("<main")[2]) == acts


@pytest.mark.parametrize("query", ["", "?urgency=now"])
def test_an_empty_worklist_says_why(desk: House, query: str) -> None:
    nora = desk.login(Role.NURSE, "01")
    nora.get(f"/worklist{query}")
    assert "No case is open" in nora.text


def test_a_filter_that_hides_everything_says_how_much(desk: House) -> None:
    casebook.answers(desk)
    nora = desk.login(Role.NURSE, "01")
    nora.get("/worklist?urgency=now")
    assert "Filters are on: 0 of 1 open cases are shown." in nora.text
    assert "1 open case is hidden by them." in nora.text


def test_filters_come_back_in_the_session_and_not_in_the_next_one(desk: House) -> None:
    many(desk, 30)
    nora = desk.login(Role.NURSE)
    nora.get("/worklist?site=02&order=newest&all=1")
    filtered = shown(nora)
    assert filtered
    answer = nora.get("/worklist")
    assert answer.status_code == 303
    nora.get(answer.headers["Location"])
    assert shown(nora) == filtered
    kept = nora.client.get_cookie("__Host-qol-worklist", path="/")
    assert kept is not None
    desk.trial.now += timedelta(minutes=1)
    other = desk.login(Role.NURSE, name="olga")
    other.client.set_cookie("__Host-qol-worklist", kept.value, domain="localhost", secure=True)
    assert other.get("/worklist").status_code == 200  # a shared computer: nobody works behind another's filters
    nora.get("/worklist?all=1")
    assert nora.get("/worklist").status_code == 200


def test_what_is_mine_and_what_is_nobodys(desk: House) -> None:
    casebook.answers(desk)
    nora = desk.login(Role.NURSE, "01")
    nora.get("/worklist?owner=nobody")
    assert len(shown(nora)) == 1
    nora.get("/worklist?owner=mine")
    assert shown(nora) == []
    case = casebook.the_case(desk)
    casework.acknowledge(desk.trial.study, case["case"], seen=case["version"], actor=nora.actor, now=desk.now)
    nora.get("/worklist?owner=mine")
    assert len(shown(nora)) == 1
    nora.get("/worklist?standing=waiting")
    assert shown(nora) == []


@pytest.mark.parametrize("order", list(Order))
def test_pages_in_every_order_show_each_case_once(desk: House, order: Order) -> None:
    made = many(desk, 120)
    nora = desk.login(Role.NURSE)
    nora.get(f"/worklist?order={order}")
    found = shown(nora)
    while following := re.search(r'href="([^"]+)">Next page', nora.html):
        nora.get(following[1].replace("&amp;", "&"))
        found += shown(nora)
    assert len(found) == 120
    assert sorted(found) == made


def test_the_most_urgent_come_first_then_those_that_wait_longest(desk: House) -> None:
    many(desk, 60)
    tx = desk.trial.study.store.read()
    found = worklist.page(tx, Wanted(("01", "02")), None, 100)
    assert [(row["place"], row["since"]) for row in found] == sorted((row["place"], row["since"]) for row in found)
    assert {row["site"] for row in worklist.page(tx, Wanted(("02",)), None, 100)} == {"02"}
    urgent = worklist.page(tx, Wanted(("01",), urgency=Urgency.NOW, standing=Standing.ESCALATED), None, 100)
    assert urgent
    assert all((row["urgency"], row["state"], row["steps"]) == ("now", "raised", 1) for row in urgent)
    load = worklist.load(tx, ("01", "02"))
    assert (load.total, load.waiting) == (60, 48)
    assert worklist.count(tx, Wanted(("01", "02"), owner="")) == 30


@pytest.mark.parametrize("key", ["nothing~of~this~kind", "~", "%C2%B2", "1"])
def test_a_key_of_another_order_leads_to_the_first_page(desk: House, key: str) -> None:
    made = many(desk, 3)
    nora = desk.login(Role.NURSE)
    nora.get(f"/worklist?after={key}")
    assert sorted(shown(nora)) == made


@pytest.mark.parametrize("key", ["%C2%B2~x~y", "9999999999999999999999~x~y", "%00~%00~%00", "~~"])
def test_a_key_that_nobody_made_is_no_fault(desk: House, key: str) -> None:
    many(desk, 3)
    nora = desk.login(Role.NURSE)
    assert nora.get(f"/worklist?after={key}").status_code == 200


def test_the_rows_come_again_only_when_something_changed(desk: House) -> None:
    casebook.answers(desk)
    nora = desk.login(Role.NURSE, "01")
    first = nora.get("/worklist/rows")
    assert shown(nora)
    etag = first.headers["ETag"]
    assert nora.get("/worklist/rows", **{"If-None-Match": etag}).status_code == 304
    case = casebook.the_case(desk)
    casework.acknowledge(desk.trial.study, case["case"], seen=case["version"], actor=people.NURSE, now=desk.now)
    assert nora.get("/worklist/rows", **{"If-None-Match": etag}).status_code == 200


def test_a_study_that_only_records_says_so(desk: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qol_server.staff.worklist.watches", lambda _protocol: False)
    nora = desk.login(Role.NURSE, "01")
    nora.get("/worklist")
    assert "This study only records" in nora.text


def test_the_worklist_in_french(desk: House) -> None:
    casebook.answers(desk, severity=4, bleeding="yes")
    nora = desk.login(Role.NURSE, "01", language="fr")
    nora.get("/worklist")
    assert "Immédiat" in nora.text
    assert nora.text.index("un saignement") < nora.text.index("les nausées")  # what an urgent rule found stands first
    assert "Lire et prendre en compte" in nora.text


def test_calls_to_make_stand_above_the_cases(desk: House) -> None:
    nora = desk.login(Role.NURSE, "01")
    nora.get("/worklist")
    assert "Calls to make (0) No call is waiting." in nora.text
    phone = desk.trial.phone(desk.ada)
    phone.client.seal("help.asked", captured_at=desk.now, time_zone=phone.time_zone, what="call-me")
    phone.sync()
    nora.get("/worklist")
    assert "Calls to make (1)" in nora.text
    assert f"Asked for help: {desk.ada}" in nora.text
    nora.get(re.findall(r'href="([^"]*/calls/\d+)"', nora.html)[0])
    assert nora.status == 200
