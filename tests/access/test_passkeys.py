"""Passkeys: both factors in one, for these pages alone, each answer good once and for five minutes, and never against the holder."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from qol_server.access import passkeys as kept
from qol_server.access import throttle
from qol_server.access.passkeys import Passkey, Place
from qol_server.intake import logins, passkeys, staff
from qol_server.intake.logins import LoggedIn
from qol_server.trial.problems import Refused
from tests.access.authenticator import Authenticator, decoded, encoded
from tests.access.office import ELSEWHERE, HOME, IVAN, NORA, PASSWORD, Member, Office

HERE = Place("qol.hospital.example", "https://qol.hospital.example")


def problem(act: Callable[[], Any]) -> str:
    with pytest.raises(Refused) as refusal:
        act()
    return refusal.value.problem.name


def device(office: Office, member: Member, **features: Any) -> Authenticator:
    """A device on which the person has just made a passkey."""
    made = Authenticator(HERE.origin, **features)
    add(office, member, made)
    return made


def add(office: Office, member: Member, on: Authenticator, name: str = "Phone", place: Place = HERE) -> None:
    options = passkeys.to_add(office.staff, member.entered.token, place, office.now)
    passkeys.add(office.staff, member.entered.token, on.create(options), name, place=place, now=office.now)


def asked(office: Office, place: Place = HERE) -> dict[str, Any]:
    return passkeys.to_log_in(office.staff, place, office.now)


def enter(office: Office, answer: str, *, browser: str | None = None, address: str = HOME, place: Place = HERE) -> LoggedIn:
    return passkeys.log_in(office.staff, answer, place=place, address=address, browser=browser, now=office.now)


def there(office: Office, login: str) -> list[Passkey]:
    return kept.of(office.staff.store.read(), login)


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
    asking, begun = asked(office), office.now
    for seconds, outcome in ((-1, "login-refused"), (299.999, ""), (300, "login-refused")):
        office.now = begun + timedelta(seconds=seconds)
        if outcome:
            assert problem(lambda: enter(office, phone.get(asking))) == outcome
        else:
            enter(office, phone.get(asking))
            asking = passkeys.to_log_in(office.staff, HERE, begun)


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


# One's own passkeys


def test_passkeys_are_named_and_removed_by_their_holder_alone(office: Office) -> None:
    nora, ivan = office.member(NORA), office.member(IVAN)
    nora.log_in()
    phone = device(office, nora)
    [mine] = there(office, NORA)
    for act in (
        lambda: passkeys.rename(office.staff, ivan.entered.token, mine.id, "Mine", now=office.now),
        lambda: passkeys.remove(office.staff, ivan.entered.token, mine.id, now=office.now),
    ):
        assert problem(act) == "passkey-unknown"
    passkeys.rename(office.staff, nora.entered.token, mine.id, " Phone of the ward ", now=office.now)
    assert there(office, NORA)[0].name == "Phone of the ward"
    passkeys.remove(office.staff, nora.entered.token, mine.id, now=office.now)
    assert there(office, NORA) == []
    assert problem(lambda: enter(office, phone.get(asked(office)))) == "login-refused"
    assert [(one["kind"], one["name"]) for one in office.journal() if one["kind"].startswith("passkey")] == [
        ("passkey.added", "Phone"),
        ("passkey.removed", "Phone of the ward"),
    ]


def test_to_change_them_who_is_there_has_to_prove_it(office: Office) -> None:
    nora = office.member(NORA)
    device(office, nora)
    [mine] = there(office, NORA)
    asking = passkeys.to_add(office.staff, nora.entered.token, HERE, office.now)
    office.later(minutes=11)
    token, answer = nora.entered.token, Authenticator(HERE.origin).create(asking)
    for act in (
        lambda: passkeys.to_add(office.staff, token, HERE, office.now),
        lambda: passkeys.add(office.staff, token, answer, "Phone", place=HERE, now=office.now),
        lambda: passkeys.rename(office.staff, token, mine.id, "Mine", now=office.now),
        lambda: passkeys.remove(office.staff, token, mine.id, now=office.now),
    ):
        assert problem(act) == "not-proved"


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "n" * 61, "\u202etxt.exe"])
def test_a_name_that_is_none_is_refused(office: Office, name: str) -> None:
    nora = office.member(NORA)
    device(office, nora)
    [mine] = there(office, NORA)
    assert problem(lambda: passkeys.rename(office.staff, nora.entered.token, mine.id, name, now=office.now)) == "bad-value"


def test_a_device_is_asked_for_one_passkey_and_an_account_has_ten(office: Office) -> None:
    nora = office.member(NORA)
    phone = device(office, nora)
    options = passkeys.to_add(office.staff, nora.entered.token, HERE, office.now)
    assert [decoded(each["id"]) for each in options["excludeCredentials"]] == [phone.kept[0].id]
    for _ in range(9):
        device(office, nora)
    assert problem(lambda: passkeys.to_add(office.staff, nora.entered.token, HERE, office.now)) == "too-many-passkeys"


def test_a_passkey_is_taken_once_and_only_where_its_user_was_looked_at(office: Office) -> None:
    nora = office.member(NORA)
    token = nora.entered.token
    phone = Authenticator(HERE.origin)
    answer = phone.create(passkeys.to_add(office.staff, token, HERE, office.now))
    passkeys.add(office.staff, token, answer, "Phone", place=HERE, now=office.now)
    assert problem(lambda: passkeys.add(office.staff, token, answer, "Phone", place=HERE, now=office.now)) == "passkey-refused"
    for other in (Authenticator(HERE.origin, verifies=False), Authenticator("https://evil.example")):
        answer = other.create(passkeys.to_add(office.staff, token, HERE, office.now))
        assert (
            problem(lambda answer=answer: passkeys.add(office.staff, token, answer, "Key", place=HERE, now=office.now)) == "passkey-refused"
        )
    assert len(there(office, NORA)) == 1


@pytest.mark.parametrize("end", [staff.reset, staff.close])
def test_a_reset_and_a_closing_forget_the_passkeys(office: Office, end: Callable[..., Any]) -> None:
    nora = office.member(NORA)
    phone = device(office, nora)
    asking = asked(office)
    end(office.staff, NORA, actor="staff:root", now=office.now)
    assert problem(lambda: enter(office, phone.get(asking))) == "login-refused"
    assert there(office, NORA) == []


def test_another_password_keeps_the_passkeys(office: Office) -> None:
    nora = office.member(NORA)
    phone = device(office, nora)
    new = "four grey ponies under snow"
    logins.change_password(office.staff, nora.entered.token, PASSWORD, nora.digits(), new, now=office.now)
    assert nora.session is None
    enter(office, phone.get(asked(office)))


def test_what_is_kept_and_journalled_of_passkeys_opens_nothing(office: Office) -> None:
    nora = office.member(NORA)
    phone = device(office, nora)
    answer = phone.get(asked(office))
    enter(office, answer)
    files, sent = office.files(), json.loads(answer)["response"]
    assert phone.kept[0].id in files, "the search sees what is there"
    for secret in (phone.kept[0].private.private_numbers().private_value.to_bytes(32, "big"), decoded(sent["signature"])):
        assert secret not in files
    assert phone.kept[0].id.hex() not in json.dumps(office.journal())


def test_all_other_sessions_are_ended_at_once(office: Office) -> None:
    nora = office.member(NORA)
    first = nora.entered
    nora.log_in()
    assert logins.log_out_elsewhere(office.staff, nora.entered.token, now=office.now) == 1
    assert nora.session is not None
    assert logins.session_of(office.staff, first.token, office.now) is None
    [ended] = office.journal("sessions.ended")
    assert (ended["login"], ended["sessions_ended"]) == (NORA, 1)
