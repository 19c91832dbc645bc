"""What tests do with passkeys at the office: make one on a device, ask for one, come in with one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from qol_server.access import passkeys as kept
from qol_server.access.passkeys import Passkey, Place
from qol_server.intake import passkeys
from qol_server.intake.logins import LoggedIn
from qol_server.trial.problems import Refused
from tests.access.authenticator import Authenticator
from tests.access.office import HOME, Member, Office

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
