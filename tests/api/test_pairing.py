"""Pairing: codes that are good once, tokens that survive lost answers, phones that are replaced or lost."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from qol_server import journal
from qol_server.access import pairing
from qol_server.client import Declined
from qol_server.intake import conduct
from qol_server.intake.admit import admit
from qol_server.trial import facts
from qol_server.trial.facts import Kind
from qol_server.trial.problems import Refused
from tests import people
from tests.api import rig

HOME = "11111111-1111-4111-8111-111111111111"


def test_a_phone_is_paired_and_told_whose_it_is(trial: people.Trial) -> None:
    answer = rig.pair(trial, rig.code(trial, rig.ada(trial)))
    assert answer.status == 201
    assert answer.said["protocol"] == "qol-sync/1"
    assert answer.said["participant"] == rig.ada(trial)
    assert answer.said["limits"] == {"entries": 200, "bytes": 1048576, "entry_bytes": 65536}
    assert answer.said["study"]["id"] == people.SLUG
    assert answer.said["head"]["position"] == trial.position
    assert len(answer.said["token"]) >= 43  # 256 bits in base 64


def test_a_code_may_be_typed_carelessly(trial: people.Trial) -> None:
    code = rig.code(trial, rig.ada(trial))
    typed = " " + code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert rig.pair(trial, typed).status == 201


def test_neither_code_nor_token_is_in_the_data_folder(trial: people.Trial) -> None:
    code = rig.code(trial, rig.ada(trial))
    token = rig.pair(trial, code).said["token"]
    kept = b"".join(path.read_bytes() for path in trial.settings.data.rglob("*") if path.is_file())
    for secret in (code, code.replace("-", ""), token):
        assert secret.encode() not in kept


def test_a_lost_answer_does_not_burn_the_code(trial: people.Trial) -> None:
    code = rig.code(trial, rig.ada(trial))
    first = rig.pair(trial, code, HOME).said
    position = trial.position
    again = rig.pair(trial, code, HOME)
    assert again.status == 201
    assert again.said["device_id"] == first["device_id"]
    assert again.said["token"] != first["token"]
    assert trial.position == position  # the device was paired once


def test_the_old_token_lives_until_the_fresh_one_is_first_used(trial: people.Trial) -> None:
    code = rig.code(trial, rig.ada(trial))
    old = rig.pair(trial, code, HOME).said["token"]
    assert _syncs(trial, old) == 200
    fresh = rig.pair(trial, code, HOME).said["token"]
    assert _syncs(trial, old) == 200
    assert _syncs(trial, fresh) == 200
    assert _syncs(trial, old) == 401
    assert _syncs(trial, fresh) == 200


def test_the_same_code_and_installation_go_on_working_after_the_codes_life(trial: people.Trial) -> None:
    code = rig.code(trial, rig.ada(trial))
    device = rig.pair(trial, code, HOME).said["device_id"]
    trial.now += timedelta(days=400)
    again = rig.pair(trial, code, HOME)
    assert (again.status, again.said["device_id"]) == (201, device)


def test_another_installation_cannot_use_the_code(trial: people.Trial) -> None:
    code = rig.code(trial, rig.ada(trial))
    rig.pair(trial, code, HOME)
    answer = rig.pair(trial, code)
    assert (answer.status, answer.problem) == (409, "code-used")


@pytest.mark.parametrize(("hours", "status"), [(23, 201), (24, 404), (25, 404)])
def test_a_code_is_good_for_a_day(trial: people.Trial, hours: int, status: int) -> None:
    code = rig.code(trial, rig.ada(trial))
    trial.now += timedelta(hours=hours)
    answer = rig.pair(trial, code)
    assert answer.status == status
    assert status == 201 or answer.problem == "code-expired"


def test_ten_wrong_codes_close_the_door_for_a_while_also_for_the_right_one(trial: people.Trial) -> None:
    right = rig.code(trial, rig.ada(trial))
    for n in range(10):
        answer = rig.pair(trial, f"0000-0000-0{n}")
        assert (answer.status, answer.problem) == (404, "code-unknown")
    answer = rig.pair(trial, right)
    assert (answer.status, answer.problem) == (429, "too-many-tries")
    assert answer.said["retryable"]
    wait = int(answer.headers["Retry-After"])
    assert 0 < wait <= 601
    trial.now += timedelta(seconds=wait)
    assert rig.pair(trial, right).status == 201


def test_a_code_that_is_used_up_opens_no_way_around_the_throttle(trial: people.Trial) -> None:
    code = rig.code(trial, rig.ada(trial))
    rig.pair(trial, code, HOME)
    assert [rig.pair(trial, code).status for _ in range(12)] == [409] * 10 + [429] * 2


def test_what_one_participant_entered_is_never_sent_as_anothers(trial: people.Trial, phone: people.Phone) -> None:
    phone.answer("dose@2026-03-02", people.TAKEN)
    ben = trial.enrol(people.BEN)
    with pytest.raises(Declined, match=ben):
        phone.client.pair(rig.code(trial, ben), "Europe/Paris")
    phone.sync()
    assert [entry.participant for entry in rig.from_phones(trial)] == [phone.number]


def test_wrong_bodies_say_what_is_wrong(trial: people.Trial) -> None:
    code = rig.code(trial, rig.ada(trial))
    for field, value in [
        ("code", 7),
        ("code", ...),
        ("installation_id", "me"),
        ("time_zone", "Mars/Base"),
        ("app", None),
        ("platform", "x" * 41),
    ]:
        answer = rig.pair(trial, code, **{field: value})
        assert (answer.status, answer.problem) == (422, "bad-request")
        assert [fault["where"] for fault in answer.said["errors"]] == [field]
    for body, status, problem in [(b"{", 400, "not-json"), (b"\xff", 400, "not-json"), (b"[]", 422, "bad-request"), (b"", 400, "not-json")]:
        answer = rig.post(trial, rig.DEVICES, body, {"Content-Type": "application/json"})
        assert (answer.status, answer.problem) == (status, problem)
    answer = rig.post(trial, rig.DEVICES, b"{}", {"Content-Type": "text/plain"})
    assert (answer.status, answer.problem) == (415, "media-type")
    answer = rig.post(trial, rig.DEVICES, b" " * 2_000_000, {"Content-Type": "application/json"})
    assert (answer.status, answer.problem) == (413, "too-large")
    assert rig.pair(trial, code).status == 201


def test_a_study_that_is_not_here_is_404(trial: people.Trial) -> None:
    answer = rig.post(trial, "/elsewhere/api/v1/devices", json.dumps({}).encode(), {"Content-Type": "application/json"})
    assert (answer.status, answer.problem) == (404, "study-unknown")
    assert str(trial.settings.data) not in json.dumps(answer.said)  # where the server keeps what is nobody's business


def test_several_phones_of_one_participant_live_side_by_side(trial: people.Trial) -> None:
    tablet, phone = trial.phone(rig.ada(trial)), trial.phone(rig.ada(trial))
    assert tablet.client.device_id != phone.client.device_id
    assert rig.send(trial, tablet, [rig.entry(trial, 1)]).statuses == ["stored"]
    assert rig.send(trial, phone, [rig.entry(trial, 1)]).statuses == ["stored"]


def test_a_replaced_phone_may_send_what_it_holds_and_is_told_nothing_new(trial: people.Trial) -> None:
    old = trial.phone(rig.ada(trial))
    cursor = old.client.cursor
    new = trial.phone(rig.ada(trial), replaces=True)
    answer = rig.send(trial, old, [rig.entry(trial, 1)], cursor=cursor)
    assert answer.statuses == ["stored"]
    feed = answer.said["feed"]
    assert (feed["changes"], feed["reset"], feed["cursor"]) == ([], False, cursor)
    assert feed["problem"]["type"] == "urn:qol:problem:device-replaced"
    assert [change["type"] for change in rig.send(trial, new, [], cursor=new.client.cursor).said["feed"]["changes"]] == [
        "participation", "entry_status",
    ]  # fmt: skip


def test_a_lost_phone_is_locked_out_also_with_its_old_code(trial: people.Trial) -> None:
    code = rig.code(trial, rig.ada(trial))
    token = rig.pair(trial, code, HOME).said["token"]
    conduct.revoke(trial.study, rig.ada(trial), actor=people.NURSE, now=trial.now, reason="stolen")
    answer = rig.send_raw(trial, token, b"")
    assert (answer.status, answer.problem) == (401, "device-revoked")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    again = rig.pair(trial, code, HOME)
    assert (again.status, again.problem) == (401, "device-revoked")
    assert rig.lines(trial) == []


def test_a_stolen_phone_cannot_take_the_name_of_its_own_revocation(trial: people.Trial, phone: people.Phone) -> None:
    guessed = facts.server_id(people.SLUG, Kind.DEVICE_REVOKED, phone.number, None, phone.client.device_id)
    assert rig.send(trial, phone, [rig.entry(trial, 1, id=guessed)]).statuses == ["stored"]
    conduct.revoke(trial.study, phone.number, actor=people.NURSE, now=trial.now, reason="stolen")
    assert rig.send(trial, phone, []).status == 401
    assert [entry.kind for entry in journal.every(trial.study.store.read()) if entry.id == guessed] == ["response.given", "device.revoked"]


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer"}, {"Authorization": "Bearer x"}, {"Authorization": "Basic eDp5"}])
def test_without_a_known_token_nothing_is_taken(trial: people.Trial, headers: dict[str, str]) -> None:
    answer = rig.post(trial, rig.SYNC, b"{}\n", headers | {"Content-Type": "application/x-ndjson"})
    assert (answer.status, answer.problem) == (401, "token-unknown")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def _syncs(trial: people.Trial, token: str) -> int:
    first = json.dumps(rig.envelope(trial, b"", entries=0)).encode() + b"\n"
    return rig.send_raw(trial, token, first).status


def test_a_phone_that_is_paired_again_goes_on_counting(trial: people.Trial, phone: people.Phone) -> None:
    phone.answer("dose@2026-03-02", people.TAKEN)
    assert phone.sync()["device_seq"] == {"contiguous_to": 1, "missing": []}
    conduct.revoke(trial.study, phone.number, actor=people.NURSE, now=trial.now)
    code, _ = conduct.offer_pairing(trial.study, phone.number, actor=people.NURSE, now=trial.now)
    phone.client.pair(code, "Europe/Paris")
    phone.something_happened()
    assert phone.sync()["device_seq"] == {"contiguous_to": 2, "missing": []}


def test_a_batch_in_flight_while_the_phone_is_locked_out_is_not_taken(trial: people.Trial, phone: people.Phone) -> None:
    known = pairing.phone(trial.study.store.read(), phone.client.token)
    assert known is not None
    conduct.revoke(trial.study, phone.number, actor=people.NURSE, now=trial.now)
    with pytest.raises(Refused, match="locked out"):
        admit(trial.study, known, [], (), now=trial.now, skew=0, also=lambda tx: None)
