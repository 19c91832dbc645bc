"""Call tasks at the desk: found on a list that survives a reload, worked on their page, closed with one tap and a reason."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from qol_server.intake import calls, pausing
from qol_server.staff.words import WORDS
from qol_server.state import calls as state
from qol_server.state import participants
from qol_server.trial import watching
from qol_server.trial.cases import Way
from qol_server.trial.roles import Role
from qol_server.trial.watching import Settled, State, Task
from tests import people
from tests.staff import telephone
from tests.staff.rig import House


def test_a_nurse_finds_the_call_tries_and_closes_it_with_one_tap(desk: House) -> None:
    telephone.unanswered(desk, 5)
    [call] = telephone.open_calls(desk, "unknown-days")
    nora = desk.login(Role.NURSE, "01")
    nora.get("/calls")
    assert "Unknown dose days" in nora.text
    assert desk.ada in nora.text
    nora.get(f"/calls/{call['position']}")
    assert "2 Mar 2026 to 6 Mar 2026" in nora.text
    assert f'href="/desminib/staff/participants/{desk.ada}/contact"' in nora.html
    assert f'href="/desminib/staff/participants/{desk.ada}/enter"' in nora.html
    nora.post(f"/calls/{call['position']}/attempt", "attempt", way="telephone", reached="no", note="Voice mail", seen=nora.value("seen"))
    assert "The attempt is written down." in nora.text
    assert "You · Telephone · Not reached Voice mail" in nora.text
    nora.post(f"/calls/{call['position']}/close", "close", reason="too_ill", seen=nora.value("seen"))
    assert "Closed: Too ill (You)" in nora.text
    assert "Write down an attempt" not in nora.text
    row = state.call(desk.trial.study.store.read(), call["position"])
    assert row is not None
    assert (row["state"], row["reason"], row["owner"]) == ("closed", "too_ill", nora.actor)
    nora.get("/calls?task=unknown-days")
    assert "No open call fits" in nora.text
    assert "Closed lately" in nora.text


def test_whoever_asked_for_a_call_comes_first_and_what_they_wrote_stands_on_the_page(desk: House) -> None:
    telephone.unanswered(desk, 5)
    row = telephone.asked(desk, "stop", "I have had enough")
    nora = desk.login(Role.NURSE, "01")
    nora.get("/calls")
    assert nora.text.index("Asked for help") < nora.text.index("Unknown dose days", nora.text.index("Open calls"))
    assert "enough" not in nora.text
    nora.get(f"/calls/{row['position']}")
    assert "I want to stop" in nora.text
    assert "I have had enough" in nora.text


def test_an_overdue_questionnaire_is_typed_in_one_tap_from_its_call_and_the_call_one_from_the_participant(desk: House) -> None:
    telephone.unanswered(desk, 15)
    [call] = telephone.open_calls(desk, "overdue")
    nora, dana = desk.login(Role.NURSE, "01"), desk.login(Role.INSPECTOR)
    enter = f'href="/desminib/staff/participants/{desk.ada}/enter'
    nora.get(f"/participants/{desk.ada}")
    assert f'href="/desminib/staff/calls/{call["position"]}"' in nora.html
    nora.get(f"/calls/{call['position']}")
    assert f'{enter}/{call["occurrence"].replace("@", "%40")}"' in nora.html
    dana.get(f"/calls/{call['position']}")
    assert enter not in dana.html
    help_ = telephone.asked(desk)
    nora.get(f"/calls/{help_['position']}")
    assert f'{enter}"' not in nora.html.split("</nav>")[-1]


def test_hours_of_another_clock_than_the_readers_say_where_it_hangs(desk: House) -> None:
    clea = desk.trial.enrol(people.CLEA)
    phone = desk.trial.phone(clea)
    phone.client.seal("help.asked", captured_at=desk.now, time_zone=phone.time_zone, what="call-me", note=None)
    phone.sync()
    telephone.asked(desk)
    ivan, nadia = desk.login(Role.INVESTIGATOR), desk.login(Role.NURSE, "03")
    ivan.get("/calls")
    assert "2 Mar 2026, 15:00 (Martinique)" in ivan.text
    assert "2 Mar 2026, 20:00 Open" in ivan.text
    nadia.get("/calls")
    assert "2 Mar 2026, 15:00 Open" in nadia.text


def test_of_two_who_take_a_call_the_second_sees_who_was_first_in_her_language(desk: House) -> None:
    row = telephone.asked(desk)
    nora, odile = desk.login(Role.NURSE, "01"), desk.login(Role.NURSE, "01", name="odile", language="fr")
    for nurse in (nora, odile):
        nurse.get(f"/calls/{row['position']}")
    old = odile.value("seen")
    nora.post(f"/calls/{row['position']}/take", "take", seen=nora.value("seen"))
    assert "You look after this call now." in nora.text
    odile.post(f"/calls/{row['position']}/close", "close", reason="informed", seen=old)
    assert odile.status == 409
    assert "L’appel a changé" in odile.text
    assert "Désormais : En attente (Nurse 01 En)" in odile.text.replace("\u00a0", " ")
    nora.get("/calls?mine=yes")
    assert desk.ada in nora.text
    odile.get("/calls?mine=yes")
    assert "Aucun appel en attente ne correspond" in odile.text


def test_what_is_wrong_in_a_form_is_said_beside_the_field_and_nothing_typed_is_lost(desk: House) -> None:
    row = telephone.asked(desk)
    nora = desk.login(Role.NURSE, "01")
    nora.post(f"/calls/{row['position']}/attempt", "attempt", way="pigeon", note="Tried at noon", seen=str(row["version"]))
    assert nora.status == 422
    assert nora.text.count("Please choose one of what is offered.") == 2
    assert "Tried at noon" in nora.text
    nora.post(f"/calls/{row['position']}/close", "close", reason="too_ill", seen=str(row["version"]))
    assert nora.status == 422, "too_ill is a reason for missing data"
    assert state.attempts(desk.trial.study.store.read(), row["position"]) == []


def test_filters_order_and_pages_stand_in_the_address(desk: House) -> None:
    for _ in range(12):
        number = desk.trial.enrol(people.ADA)
        desk.trial.start_treatment(number, date(2026, 3, 2))
        telephone.phone(desk)
    telephone.unanswered(desk, 5)
    nora = desk.login(Role.NURSE, None)
    tx = desk.trial.study.store.read()
    assert state.count_open(tx, ["01"]) > 30
    for order in state.ORDERS:
        nora.get(f"/calls?order={order}&after=nonsense&task=overdue&site=01")
        assert nora.status == 200
        shown = [row["participant"] for row in state.open_tasks(tx, ["01"], task="overdue", order=order)]
        assert nora.html.count("Overdue questionnaire</span></a>") == len(shown)
    nora.get(f"/calls?participant={desk.ada}")
    assert nora.text.count("Unknown dose days") == 3, "the filter's choice, the badge and the hidden words of the link"
    nora.get("/calls?site=02&task=bogus")
    assert "No open call fits" in nora.text


def test_more_than_a_page_goes_on_on_the_next(desk: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from qol_server.staff import calls as page

    monkeypatch.setattr(page, "PAGE", 1)
    telephone.unanswered(desk, 5)
    telephone.asked(desk)
    nora = desk.login(Role.NURSE, "01")
    found = []
    path = "/calls"
    while path:
        nora.get(path)
        found += [part.split('"')[0] for part in nora.html.split("calls/")[1:] if part.split('"')[0].isdigit()]
        following = nora.html.split('<a class="button" href="')[1:]
        path = following[-1].split('"')[0].replace("&amp;", "&") if following and "Next page" in nora.html else ""
    everything = [str(row["position"]) for row in state.open_tasks(desk.trial.study.store.read(), ["01"])]
    assert found == everything


def test_a_pause_and_a_bad_beginning_are_seen_before_anybody_telephones(desk: House) -> None:
    telephone.unanswered(desk, 17)
    [call] = telephone.open_calls(desk, "unknown-days")
    pausing.pause(desk.trial.study, desk.ada, date(2026, 3, 25), reason="In hospital", actor=people.NURSE, now=desk.now)
    nora = desk.login(Role.NURSE, "01")
    nora.get(f"/calls/{call['position']}")
    assert "All contact is paused up to and with 25 Mar 2026." in nora.text
    assert "Below 70 % at first" in nora.text


def test_the_weekly_digest_is_read_at_the_desk_and_names_no_visit(desk: House) -> None:
    nora = desk.login(Role.NURSE, "01")
    nora.get("/calls/digest")
    assert "There is no digest yet" in nora.text
    desk.trial.at("2026-04-06 08:00", "Europe/Paris")
    calls.make_digests(desk.trial.study, desk.now)
    nora = desk.login(Role.NURSE, "01")
    nora.get("/calls/digest")
    assert "Week of 6 Apr 2026." in nora.text
    assert "2 windows are overdue" in nora.text
    assert f"{desk.ada} " in nora.text
    assert "9 Apr 2026" in nora.text, "the last day on time of the month’s questionnaire"
    assert "M1" not in nora.text
    assert "Villejuif" not in nora.text, "another site's is another's"


def test_a_call_that_settled_says_why(desk: House) -> None:
    telephone.unanswered(desk, 5)
    [call] = telephone.open_calls(desk, "unknown-days")
    desk.trial.anchor(desk.ada, "death", date(2026, 3, 6))
    nora = desk.login(Role.NURSE, "01", language="fr")
    nora.get(f"/calls/{call['position']}")
    assert "la participation ou le contact a pris fin (Les règles)" in nora.text


def test_everything_that_a_call_can_say_has_its_words() -> None:
    keys = [
        *(f"calls.{group}.{each}" for each in Task for group in ("task", "todo")), *(f"calls.state.{each}" for each in State),
        *(f"calls.settled.{each}" for each in Settled), *(f"way.{each}" for each in Way),
        *(f"calls.order.{each}" for each in state.ORDERS), *(f"calls.help.{each}" for each in ("pause", "stop", "call-me")),
        *(f"code.{code}" for codes in watching.REASONS.values() for code in codes),
    ]  # fmt: skip
    assert [key for key in keys if key not in WORDS] == []


def test_reasons_of_the_shipped_study_are_those_of_the_default(tmp_path: Path) -> None:
    trial = people.trial(tmp_path)
    reasons = trial.study.protocol_in_force(trial.study.store.read()).reasons
    assert {name: reasons[name] for name in watching.REASONS} == watching.REASONS


def test_a_call_closed_because_of_a_death_pauses_the_contact_and_leads_to_the_dates(desk: House) -> None:
    telephone.unanswered(desk, 5)
    [call] = telephone.open_calls(desk, "unknown-days")
    nora = desk.login(Role.NURSE, "01")
    nora.get(f"/calls/{call['position']}")
    nora.post(f"/calls/{call['position']}/close", "close", reason="died", seen=nora.value("seen"))
    assert "Now record the day of death." in nora.text
    assert '<option value="death" selected>' in nora.html
    participant = participants.load(desk.trial.study.store.read(), desk.ada)
    assert participant is not None
    assert participant.is_paused(desk.now.date() + timedelta(days=400))


def test_a_death_that_was_told_stays_listed_until_its_day_is_recorded_or_it_was_an_error(desk: House) -> None:
    telephone.unanswered(desk, 5)
    [call] = telephone.open_calls(desk, "unknown-days")
    calls.close(desk.trial.study, call["position"], seen=call["version"], reason="died", note=None, actor=people.NURSE, now=desk.now)
    desk.trial.now += timedelta(days=120)
    nora, noel = desk.login(Role.NURSE, "01"), desk.login(Role.NURSE, "02")
    nora.get("/worklist")
    assert "1 participant is said to have died: record the day" in nora.text
    nora.get("/calls")
    assert f"Said to have died, no day of death recorded {desk.ada}" in nora.text
    noel.get("/calls")
    assert "Said to have died" not in noel.text
    here = f"/participants/{desk.ada}/dates"
    nora.get(here)
    assert "was told that the participant died" in nora.text
    nora.get(f"/participants/{desk.ada}/reminders")
    assert "Somebody was told that the participant died" in nora.text
    nora.post(f"{here}/pause", "pause", until=(desk.now.date() + timedelta(days=3)).isoformat(), reason="holiday")
    assert nora.status == 422, "a pause with an end does not replace it"
    nora.post(f"{here}/resume", "resume", reason="")
    assert nora.status == 422
    nora.post(f"{here}/resume", "resume", reason="Her sister was meant")
    assert "Contact goes on." in nora.text
    nora.get("/calls")
    assert "Said to have died" not in nora.text


def test_a_death_that_is_recorded_is_listed_no_more(desk: House) -> None:
    telephone.unanswered(desk, 5)
    [call] = telephone.open_calls(desk, "unknown-days")
    calls.close(desk.trial.study, call["position"], seen=call["version"], reason="died", note=None, actor=people.NURSE, now=desk.now)
    desk.trial.anchor(desk.ada, "death", desk.now.date())
    nora = desk.login(Role.NURSE, "01")
    nora.get("/calls")
    assert "Said to have died" not in nora.text


def test_a_call_closed_because_they_did_not_want_offers_the_withdrawal(desk: House) -> None:
    telephone.unanswered(desk, 5)
    [call] = telephone.open_calls(desk, "unknown-days")
    nora = desk.login(Role.NURSE, "01")
    nora.get(f"/calls/{call['position']}")
    nora.post(f"/calls/{call['position']}/close", "close", reason="did_not_want", seen=nora.value("seen"))
    assert "record the withdrawal" in nora.text
