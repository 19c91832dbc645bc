"""Passkeys: both factors in one, for these pages alone, each answer good once and for five minutes, and never against the holder."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from qol_server.access import throttle
from qol_server.access.passkeys import Place
from qol_server.intake import logins, passkeys
from qol_server.trial.problems import Refused
from tests.access.authenticator import Authenticator, decoded, encoded
from tests.access.keyring import HERE, asked, device, enter, problem, there
from tests.access.office import ELSEWHERE, IVAN, NORA, Office

# Coming in


def test_a_passkey_alone_lets_its_holder_in(office: Office) -> None:
    nora = office.member(NORA)
    phone = device(office, nora)
    entered = enter(office, phone.get(asked(office)), browser=nora.browser)
    session = logins.session_of(office.staff, entered.token, office.now)
    assert session is not None
    assert (session.login, session.is_verified(office.now)) == (NORA, True)
    assert office.journal("session.opened")[-1]["by"] == "passkey"
    assert office.journal("session.opened")[-1]["known_browser"] is True
    [listed] = there(office, NORA)
    assert (listed.name, listed.used_at is not None, listed.synced, listed.count) == ("Phone", True, False, 2)


def test_what_the_browser_is_asked_demands_both_factors_and_names_nobody(office: Office) -> None:
    nora = office.member(NORA)
    options = passkeys.to_add(office.staff, nora.entered.token, HERE, office.now)
    assert options["rp"]["id"] == "qol.hospital.example"
    assert (options["authenticatorSelection"]["residentKey"], options["attestation"]) == ("required", "none")
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert NORA.encode() not in decoded(options["user"]["id"])
    asking = asked(office)
    assert (asking["userVerification"], asking["rpId"], asking["allowCredentials"]) == ("required", "qol.hospital.example", [])


def test_each_answer_is_good_once(office: Office) -> None:
    nora = office.member(NORA)
    phone = device(office, nora, counts=False)
    answer = phone.get(asked(office))
    enter(office, answer)
    assert problem(lambda: enter(office, answer)) == "login-refused"
    enter(office, phone.get(asked(office)))


def test_a_challenge_is_good_for_five_minutes(office: Office) -> None:
    phone = device(office, office.member(NORA))
    begun = office.now
    first, second = asked(office), asked(office)
    office.now = begun - timedelta(seconds=1)
    assert problem(lambda: enter(office, phone.get(first))) == "login-refused"
    office.now = begun + timedelta(minutes=5) - timedelta(milliseconds=1)
    enter(office, phone.get(first))
    office.now = begun + timedelta(minutes=5)
    assert problem(lambda: enter(office, phone.get(second))) == "login-refused"


def test_a_used_challenge_is_kept_longer_than_it_could_be_good(office: Office) -> None:
    phone = device(office, office.member(NORA), counts=False)
    asking = asked(office)
    office.later(minutes=4)
    answer = phone.get(asking)
    enter(office, answer)
    for _ in range(8):
        office.later(minutes=1)
        enter(office, phone.get(asked(office)))
        assert problem(lambda: enter(office, answer)) == "login-refused"
    rows = office.staff.store.read().one("SELECT count(*) FROM used_challenges")
    assert rows is not None
    assert rows[0] == 9
    office.later(hours=1)
    enter(office, phone.get(asked(office)))
    rows = office.staff.store.read().one("SELECT count(*) FROM used_challenges")
    assert rows is not None
    assert rows[0] == 1


def test_nobody_fills_the_file_by_asking(office: Office) -> None:
    before = office.staff.store.read().one("SELECT total_changes(), (SELECT count(*) FROM used_challenges)")
    for _ in range(20):
        asked(office)
    after = office.staff.store.read().one("SELECT total_changes(), (SELECT count(*) FROM used_challenges)")
    assert before is not None
    assert after is not None
    assert tuple(before) == tuple(after)


# What is no proof

Bend = Callable[[Authenticator, dict[str, Any]], str]


def forged(phone: Authenticator, asking: dict[str, Any]) -> str:
    other = Authenticator(HERE.origin)
    other.create({"rp": {"id": HERE.host}, "user": {"id": "aa"}, "challenge": "aa", "excludeCredentials": []})
    return phone.get(asking, signature=other.kept[0].private.sign(b"anything", kept_algorithm()))


def kept_algorithm() -> Any:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.ECDSA(hashes.SHA256())


def from_another_page(phone: Authenticator, asking: dict[str, Any]) -> str:
    phone.origin = "https://qol.hospital.example.evil.example"
    return phone.get(asking)


def in_clear_text(phone: Authenticator, asking: dict[str, Any]) -> str:
    phone.origin = "http://qol.hospital.example"
    return phone.get(asking)


def unlooked(phone: Authenticator, asking: dict[str, Any]) -> str:
    phone.verifies = False
    return phone.get(asking)


def of_somebody_else(phone: Authenticator, asking: dict[str, Any]) -> str:
    return phone.get(asking, userHandle=b"x" * 32)


def of_nobody(phone: Authenticator, asking: dict[str, Any]) -> str:
    return phone.get(asking, userHandle=None)


def made_up(phone: Authenticator, asking: dict[str, Any]) -> str:
    asking["challenge"] = encoded(b"y" * 56)
    return phone.get(asking)


def bent(phone: Authenticator, asking: dict[str, Any]) -> str:
    raw = bytearray(decoded(asking["challenge"]))
    raw[16] ^= 0  # the hour of its making is covered as well
    raw[23] ^= 1
    asking["challenge"] = encoded(bytes(raw))
    return phone.get(asking)


def unknown(phone: Authenticator, asking: dict[str, Any]) -> str:
    phone.kept[0].id = b"another"
    return phone.get(asking)


@pytest.mark.parametrize(
    "bend", [forged, from_another_page, in_clear_text, unlooked, of_somebody_else, of_nobody, made_up, bent, unknown]
)  # fmt: skip
def test_what_is_no_proof_is_refused_like_a_wrong_password(office: Office, bend: Bend) -> None:
    phone = device(office, office.member(NORA))
    assert problem(lambda: enter(office, bend(phone, asked(office)))) == "login-refused"
    assert len(office.journal("session.opened")) == 1
    office.later(hours=1)
    office.stranger(IVAN)
    told = {one["login"]: one["tries"] for one in office.journal("login.failed")}
    assert told == {None if bend is unknown else NORA: 1}


@pytest.mark.parametrize(
    "answer",
    ["", "{}", "[]", "null", "0", '"text"', "{" * 5000, '{"id":"a","rawId":"b"}', "x" * 30_000, "\ud800", '{"id":1,"response":[]}'],
)
def test_what_no_browser_sends_is_refused_and_breaks_nothing(office: Office, answer: str) -> None:
    nora = office.member(NORA)
    assert problem(lambda: enter(office, answer)) == "passkey-refused"
    assert problem(lambda: passkeys.step_up(office.staff, nora.entered.token, answer, place=HERE, now=office.now)) == "passkey-refused"
    assert problem(lambda: passkeys.add(office.staff, nora.entered.token, answer, "Phone", place=HERE, now=office.now)) == "passkey-refused"


@pytest.mark.parametrize("part", ["clientDataJSON", "authenticatorData", "signature"])
def test_parts_that_cannot_be_read_are_refused(office: Office, part: str) -> None:
    phone = device(office, office.member(NORA))
    for bytes_ in (b"", b"\xff" * 40, b"{}", b'{"type":1,"challenge":2,"origin":3}'):
        answer = phone.get(asked(office), **{part: bytes_})
        assert problem(lambda answer=answer: enter(office, answer)) in ("login-refused", "passkey-refused")
        office.later(hours=25)


def test_a_passkey_is_good_for_the_host_it_was_made_for(office: Office) -> None:
    """Also where its device were to sign for another one."""
    phone = device(office, office.member(NORA))
    there_too = Place("other.hospital.example", "https://other.hospital.example")
    phone.origin = there_too.origin
    only = dataclasses.replace(phone.kept[0], host=there_too.host)
    assert problem(lambda: enter(office, phone.get(asked(office, there_too), only), place=there_too)) == "login-refused"


def test_a_challenge_for_one_thing_is_none_for_another(office: Office) -> None:
    nora, ivan = office.member(NORA), office.member(IVAN)
    for member in (nora, ivan):
        member.log_in()
    phone = device(office, nora, counts=False)
    to_prove = passkeys.to_prove(office.staff, nora.entered.token, HERE, office.now)
    assert problem(lambda: enter(office, phone.get(to_prove))) == "login-refused"
    with pytest.raises(Refused):
        passkeys.step_up(office.staff, nora.entered.token, phone.get(asked(office)), place=HERE, now=office.now)
    of_ivan = passkeys.to_add(office.staff, ivan.entered.token, HERE, office.now)
    new = Authenticator(HERE.origin).create(of_ivan)
    assert problem(lambda: passkeys.add(office.staff, nora.entered.token, new, "Phone", place=HERE, now=office.now)) == "passkey-refused"
    assert len(there(office, NORA)) == 1


def test_a_count_that_does_not_rise_is_refused_and_written_down(office: Office) -> None:
    """Two devices count apart: the one that is used less is found out, and so is the other at its next use."""
    nora = office.member(NORA)
    phone = device(office, nora)
    copy = dataclasses.replace(phone, kept=list(phone.kept))
    enter(office, phone.get(asked(office)))
    enter(office, phone.get(asked(office)))
    assert problem(lambda: enter(office, copy.get(asked(office)))) == "login-refused"
    [doubted] = office.journal("passkey.doubted")
    assert (doubted["login"], doubted["name"], doubted["actor"]) == (NORA, "Phone", "server")
    enter(office, phone.get(asked(office)))


def test_devices_that_do_not_count_are_let_in_each_time_and_then_stay_so(office: Office) -> None:
    nora = office.member(NORA)
    phone = device(office, nora, counts=False, synced=True)
    for _ in range(3):
        enter(office, phone.get(asked(office)))
    assert there(office, NORA)[0].synced is True
    phone.counts = True
    enter(office, phone.get(asked(office)))
    phone.counts = False
    assert problem(lambda: enter(office, phone.get(asked(office)))) == "login-refused"


def test_wrong_answers_are_throttled_by_passkey_and_by_address_and_lock_no_known_browser_out(office: Office) -> None:
    nora = office.member(NORA)
    phone = device(office, nora)
    for _ in range(throttle.FREE_TRIES):
        assert problem(lambda: enter(office, of_somebody_else(phone, asked(office)), address=ELSEWHERE)) == "login-refused"
    assert problem(lambda: enter(office, phone.get(asked(office)), address=ELSEWHERE)) == "login-throttled"
    enter(office, phone.get(asked(office)), address=ELSEWHERE, browser=nora.browser)
    nora.log_in(browser=None)
    for _ in range(throttle.ADDRESS_TRIES):
        phone.kept[0].id += b"x"
        with pytest.raises(Refused):
            enter(office, phone.get(asked(office)), address=ELSEWHERE)
    assert office.stranger(IVAN) == "login-throttled"


# Proving it again


def test_a_passkey_proves_again_who_is_there(office: Office) -> None:
    nora = office.member(NORA)
    phone = device(office, nora)
    office.later(minutes=11)
    assert nora.session is not None
    assert nora.session.is_verified(office.now) is False
    asking = passkeys.to_prove(office.staff, nora.entered.token, HERE, office.now)
    session = passkeys.step_up(office.staff, nora.entered.token, phone.get(asking), place=HERE, now=office.now)
    assert session.is_verified(office.now)


def test_nobody_proves_it_with_the_passkey_of_another(office: Office) -> None:
    nora, ivan = office.member(NORA), office.member(IVAN)
    nora.log_in()
    phone = device(office, nora)
    asking = passkeys.to_prove(office.staff, ivan.entered.token, HERE, office.now)
    assert (
        problem(lambda: passkeys.step_up(office.staff, ivan.entered.token, phone.get(asking), place=HERE, now=office.now))
        == "login-refused"
    )
