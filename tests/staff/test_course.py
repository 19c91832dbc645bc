"""A nurse works on a participant's course: doses and holds, dates and what they change, mistakes, pauses."""

from __future__ import annotations

import re
import uuid
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from qol_server.access import pairing
from qol_server.client import PhoneClient
from qol_server.state import participants
from qol_server.trial.participant import Participant
from qol_server.trial.roles import Role
from tests import people
from tests.staff.rig import PASSWORD, House


def known(desk: House) -> Participant:
    found = participants.load(desk.trial.study.store.read(), desk.ada)
    assert found is not None
    return found


def entries(desk: House) -> int:
    return desk.trial.position


def test_a_hold_to_come_is_asked_about_then_prescribed_and_seen_in_the_table(desk: House):
    nurse, here = desk.login(Role.NURSE, "01"), f"/participants/{desk.ada}/treatment"
    nurse.get(here)
    assert "Prescribed today: 400 mg a day, intakes: 1" in nurse.text
    fields = {"what": "hold", "day": "2026-03-05", "reason": "toxicity", "note": "Rash on both arms", "seen": nurse.value("seen")}
    nurse.post(here, "prescribe", **fields)
    assert nurse.status == 409
    assert "The first day lies in the future." in nurse.text
    assert "Rash on both arms" in nurse.html  # what was typed is still there
    nurse.post(here, "prescribe", **fields, confirm="future")
    assert nurse.status == 200
    assert "It is prescribed." in nurse.text
    assert "4 Mar 2026" in nurse.text  # the last day of the first prescription
    assert "Hold: no dose" in nurse.text
    assert "Toxicity Rash on both arms" in nurse.text
    assert [one.regimen for one in known(desk).prescriptions] == ["400", None]


def test_a_hold_is_proposed_from_tomorrow_on_and_from_today_on_is_asked_about(desk: House):
    phone = desk.trial.phone(desk.ada)
    nurse, here = desk.login(Role.NURSE, "01"), f"/participants/{desk.ada}/treatment"
    today = desk.now.astimezone(ZoneInfo("Europe/Paris")).date()
    nurse.get(here)
    proposed = nurse.value("day")
    assert proposed == (today + timedelta(days=1)).isoformat()
    fields = {"what": "hold", "reason": "toxicity", "seen": nurse.value("seen")}
    nurse.post(here, "prescribe", **fields, day=today.isoformat())
    assert nurse.status == 409
    assert "A dose may already have been taken today." in nurse.text
    nurse.post(here, "prescribe", **fields, day=proposed)
    assert nurse.status == 200
    phone.answer(f"dose@{today}", people.TAKEN)
    desk.trial.now += timedelta(minutes=1)
    phone.sync()
    assert desk.trial.study.store.read().all("SELECT * FROM alerts") == []


def test_two_who_prescribe_at_once_do_not_overwrite_each_other(desk: House):
    nurse, doctor = desk.login(Role.NURSE, "01"), desk.login(Role.INVESTIGATOR, "01")
    here = f"/participants/{desk.ada}/treatment"
    nurse.get(here)
    doctor.get(here)
    desk.trial.now += timedelta(days=1)
    nurse, doctor = desk.login(Role.NURSE, "01"), desk.login(Role.INVESTIGATOR, "01")
    seen = desk.trial.study.store.read().one("SELECT max(position) AS last FROM prescriptions")
    assert seen is not None
    both = {"day": "2026-03-03", "reason": "toxicity", "seen": seen["last"], "confirm": "today"}
    nurse.post(here, "prescribe", what="hold", **both)
    doctor.post(here, "prescribe", what="600", **both)
    assert doctor.status == 409
    assert "It is not as you saw it any more" in doctor.text
    assert [one.regimen for one in known(desk).prescriptions] == ["400", None]


def test_a_wrong_day_is_put_right_and_the_history_shows_both(desk: House):
    nurse, here = desk.login(Role.NURSE, "01"), f"/participants/{desk.ada}/treatment"
    nurse.get(here)
    nurse.post(here, "prescribe", what="hold", day="2026-03-12", reason="toxicity", seen=nurse.value("seen"), confirm="future")
    position = desk.trial.study.store.read().one("SELECT max(position) AS last FROM prescriptions")
    assert position is not None
    one = f"{here}/{position['last']}"
    nurse.get(one)
    nurse.post(one, "correct", how="moved", day="", reason="", seen=nurse.value("seen"))
    assert nurse.status == 422
    nurse.post(one, "correct", how="moved", day="2026-03-08", reason="It was the 8th", seen=position["last"], confirm="future")
    assert "It is put right." in nurse.text
    assert "Put right: It was the 8th" in nurse.text
    assert [(one.day.day, one.regimen) for one in known(desk).prescriptions] == [(2, "400"), (8, None)]
    assert nurse.get(f"{here}/999").status_code == 404


def test_a_death_is_seen_before_it_counts_proved_and_taken_back(desk: House):
    phone = desk.trial.phone(desk.ada)
    phone.answer("dose@2026-03-02", people.TAKEN)
    phone.sync()
    desk.trial.now += timedelta(days=8)
    nurse, here = desk.login(Role.NURSE, "01"), f"/participants/{desk.ada}/dates"
    before = entries(desk)
    nurse.post(f"{here}/preview", "change", what="death", day="2026-03-09")
    assert nurse.status == 200
    assert "Nothing has been recorded yet." in nurse.text
    assert "Is not asked any more" in nurse.text
    assert "Everything stops on that day" in nurse.text
    assert entries(desk) == before
    said = {name: nurse.value(name) for name in ("what", "day", "act", "reason", "known")}
    desk.trial.now += timedelta(minutes=11)
    nurse.post(f"{here}/end", "confirm", **said)
    assert nurse.status == 401  # prove it once more
    assert entries(desk) == before
    nurse.post(f"{here}/end", "confirm", **said, _password=PASSWORD)
    assert "It is recorded" in nurse.text
    assert known(desk).anchors["death"]
    nurse.post(f"{here}/preview", "take_back", what="death", reason="")
    assert nurse.status == 422
    nurse.post(f"{here}/preview", "take_back", what="death", reason="It was another participant")
    assert "Will be asked" in nurse.text
    said = {name: nurse.value(name) for name in ("what", "day", "act", "reason", "known")}
    nurse.post(f"{here}/end", "confirm", **said)
    assert "the calendar is as it was" in nurse.text
    assert "Death: taken back" in nurse.text
    assert "It was another participant" in nurse.text
    assert "death" not in known(desk).anchors


def test_what_is_taken_back_twice_takes_one_date_back_and_says_what_stands(desk: House):
    for day, again in ((date(2026, 2, 10), False), (date(2026, 2, 20), True)):
        desk.trial.anchor(desk.ada, "progression", day, again=again)
    nurse, here = desk.login(Role.NURSE, "01"), f"/participants/{desk.ada}/dates"
    nurse.post(f"{here}/preview", "take_back", what="progression", reason="The scan was read again")
    said = {name: nurse.value(name) for name in ("what", "day", "act", "reason", "known")}
    assert said["known"] == "2026-02-10,2026-02-20"
    nurse.post(f"{here}/record", "confirm", **said)
    assert "the calendar is as it was" in nurse.text
    before = entries(desk)
    nurse.post(f"{here}/record", "confirm", **said)
    assert (nurse.status, entries(desk)) == (409, before)
    assert "Progression is now: 10 Feb 2026. Nothing was changed" in nurse.text
    assert known(desk).anchors["progression"] == (date(2026, 2, 10),)
    nurse.post(f"{here}/record", "confirm", **said | {"known": "yesterday"})
    assert nurse.status == 422


def test_a_withdrawal_that_is_taken_back_twice_and_was_recorded_again_meanwhile_stays(desk: House):
    nurse, here = desk.login(Role.NURSE, "01"), f"/participants/{desk.ada}/dates"
    desk.trial.withdraw(desk.ada, "treatment", date(2026, 3, 1))
    nurse.post(f"{here}/preview", "take_back", what="withdrawal.treatment", reason="Another's letter")
    said = {name: nurse.value(name) for name in ("what", "day", "act", "reason", "known")}
    nurse.post(f"{here}/end", "confirm", **said)
    desk.trial.withdraw(desk.ada, "treatment", date(2026, 3, 2))
    nurse.post(f"{here}/end", "confirm", **said)
    assert nurse.status == 409
    assert "2 Mar 2026. Nothing was changed" in nurse.text
    assert known(desk).withdrawals == {"treatment": date(2026, 3, 2)}


def test_a_correction_does_not_hit_a_date_that_came_meanwhile(desk: House):
    desk.trial.anchor(desk.ada, "progression", date(2026, 2, 10))
    nurse, here = desk.login(Role.NURSE, "01"), f"/participants/{desk.ada}/dates"
    nurse.post(f"{here}/preview", "change", what="progression", day="2026-02-11", reason="a slip")
    said = {name: nurse.value(name) for name in ("what", "day", "act", "reason", "known")}
    desk.trial.anchor(desk.ada, "progression", date(2026, 2, 25), again=True)
    nurse.post(f"{here}/record", "confirm", **said)
    assert nurse.status == 409
    assert known(desk).anchors["progression"] == (date(2026, 2, 10), date(2026, 2, 25))


def test_a_first_date_that_is_sent_twice_is_answered_as_done(desk: House):
    nurse, here = desk.login(Role.NURSE, "01"), f"/participants/{desk.ada}/dates"
    nurse.post(f"{here}/preview", "change", what="progression", day="2026-03-01")
    said = {name: nurse.value(name) for name in ("what", "day", "act", "reason", "known")}
    for _ in range(2):
        nurse.post(f"{here}/record", "confirm", **said)
        assert (nurse.status, "It is recorded" in nurse.text) == (200, True)
    assert known(desk).anchors["progression"] == (date(2026, 3, 1),)


def test_a_start_that_moves_says_what_moves_and_needs_a_reason(desk: House):
    nurse, here = desk.login(Role.NURSE, "01"), f"/participants/{desk.ada}/dates"
    nurse.post(f"{here}/preview", "change", what="treatment_start", day="2026-03-01")
    assert nurse.status == 422
    nurse.post(f"{here}/preview", "change", what="treatment_start", day="2026-03-01", reason="The first dose was a day earlier")
    assert "Moves" in nurse.text
    said = {name: nurse.value(name) for name in ("what", "day", "act", "reason", "known")}
    nurse.post(f"{here}/record", "confirm", **said)
    assert "It is recorded" in nurse.text
    assert known(desk).anchors["treatment_start"][0].day == 1
    assert nurse.post(f"{here}/record", "confirm", what="death", day="2026-03-02", act="set", reason="").status_code == 422
    assert "death" not in known(desk).anchors


def test_each_withdrawal_says_what_stops_in_the_readers_language(desk: House):
    nurse = desk.login(Role.NURSE, "01", language="fr")
    nurse.get(f"/participants/{desk.ada}/dates")
    assert "Le médicament et le journal des prises s’arrêtent" in nurse.text
    assert "Tout s’arrête" in nurse.text


def test_contact_is_paused_and_resumed_with_one_tap_each(desk: House):
    nurse, here = desk.login(Role.NURSE, "01"), f"/participants/{desk.ada}/dates"
    nurse.post(f"{here}/pause", "pause", until="2026-03-10", reason="In hospital")
    assert "Contact is paused up to and with 10 Mar 2026: In hospital" in nurse.text
    assert known(desk).paused_until is not None
    nurse.post(f"{here}/resume", "resume")
    assert "Contact goes on." in nurse.text
    assert known(desk).paused_until is None


def test_whoever_only_reads_sees_the_dates_and_no_form(desk: House):
    inspector = desk.login(Role.INSPECTOR)
    for area in ("dates", "treatment"):
        inspector.get(f"/participants/{desk.ada}/{area}")
        assert inspector.status == 200
        assert 'class="form"' not in inspector.html


def test_a_phone_is_paired_by_the_sheet_in_the_participants_language(desk: House):
    nurse, here = desk.login(Role.NURSE, "01"), f"/participants/{desk.ada}/phones"
    nurse.get(here)
    assert "No phone is paired yet" in nurse.text
    nurse.post(here, "code", follow=False)
    assert nurse.status == 200  # no address holds the code
    assert "Votre numéro dans l’étude" in nurse.text
    assert "<svg" in nurse.html
    code = re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{2}", nurse.text)
    assert code is not None
    client = PhoneClient(desk.trial.post, people.SLUG, str(uuid.uuid4()))
    nurse.get(here)
    assert "A code waits to be used" in nurse.text
    assert code[0] not in nurse.html
    assert client.pair(code[0], "Europe/Paris") == desk.ada
    nurse.get(here)
    assert "in use" in nurse.text
    assert "A code waits" not in nurse.text
    assert not desk.trial.study.store.read().one("SELECT 1 FROM lines WHERE instr(line, ?)", (code[0].encode(),))


def test_a_lost_phone_is_locked_out_and_the_new_one_takes_over(desk: House):
    first, second = desk.trial.phone(desk.ada), desk.trial.phone(desk.ada)
    nurse, here = desk.login(Role.NURSE, "01"), f"/participants/{desk.ada}/phones"
    nurse.post(here, "code")
    assert nurse.status == 422  # there is a phone: does the new one take over?
    nurse.post(f"{here}/lost", "lost", device=first.client.device_id, reason="stolen")
    assert "The phone is locked out." in nurse.text
    assert pairing.active_devices(desk.trial.study.store.read(), desk.ada) == [second.client.device_id]
    nurse.post(f"{here}/lost", "lost", device=first.client.device_id, reason="stolen")
    assert nurse.status == 422
    nurse.post(here, "code", how="takes-over")
    assert nurse.status == 200
