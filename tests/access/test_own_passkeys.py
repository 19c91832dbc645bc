"""One's own passkeys: made, named and removed by their holder alone, once that is proved; other sessions are ended at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from qol_server.intake import logins, passkeys, staff
from tests.access.authenticator import Authenticator, decoded
from tests.access.keyring import HERE, asked, device, enter, problem, there
from tests.access.office import IVAN, NORA, PASSWORD, Office


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
