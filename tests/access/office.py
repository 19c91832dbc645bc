"""An office with accounts of staff in virtual time, and the people who hold them: their passwords, authenticators and browsers."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from qol_server import journal, keys
from qol_server.access import second_factor
from qol_server.access.sessions import Session
from qol_server.intake import logins, staff
from qol_server.intake.logins import LoggedIn
from qol_server.settings import Settings
from qol_server.trial.problems import Refused

START = datetime(2026, 3, 2, 7, 0, 10, tzinfo=UTC)
NORA, IVAN, DANA = "nora@hospital.example", "ivan@hospital.example", "dana@hospital.example"
NAMES = {NORA: "Nora Keller", IVAN: "Ivan Petit", DANA: "Dana Weber"}
PASSWORD = "quiet tall lamps on rivers"
GUESS = "something that is wrong"
HOME, ELSEWHERE = "192.0.2.7", "198.51.100.9"


@dataclass
class Member:
    """Somebody of the staff with what they have at hand; ``browser``: the cookie of the browser that they use."""

    office: Office
    login: str
    password: str
    secret: bytes
    recovery: list[str]
    entered: LoggedIn
    browser: str | None = None

    def __post_init__(self) -> None:
        self.browser = self.entered.browser

    def digits(self, later: timedelta = timedelta(0)) -> str:
        """What the authenticator shows, now or later."""
        return second_factor.digits(self.secret, int((self.office.now + later).timestamp()) // 30)

    def log_in(self, password: str | None = None, code: str | None = None, *, address: str = HOME, browser: str | None = "own") -> LoggedIn:
        """Log in, now, with what is right where nothing else is said, and keep the cookie."""
        self.entered = logins.log_in(
            self.office.staff, self.login, self.password if password is None else password, self.digits() if code is None else code,
            address=address, browser=self.browser if browser == "own" else browser, now=self.office.now,
        )  # fmt: skip
        if browser == "own":
            self.browser = self.entered.browser
        return self.entered

    @property
    def session(self) -> Session | None:
        """Who the server sees behind the last log-in, now; a look that does not count as use."""
        return logins.session_of(self.office.staff, self.entered.token, self.office.now, used=False)


@dataclass
class Office:
    """The server's file in a data folder of its own, and what time it is. ``said``: every secret that was ever told to somebody."""

    folder: Path
    now: datetime = START
    said: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.settings = Settings(self.folder)
        keys.make(self.settings.keys)
        self.staff = staff.open_staff(self.settings, self.now)

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)

    def add(self, login: str) -> str:
        """Add an account; returns its one-time code."""
        code = staff.add(self.staff, login, NAMES[login], "en", actor="staff:root", now=self.now)
        assert code is not None
        self.said.add(code)
        return code

    def member(self, login: str, password: str = PASSWORD) -> Member:
        """Somebody whose account is set up, and who can log in from now on."""
        return self.set_up(login, self.add(login), password)

    def set_up(self, login: str, code: str, password: str = PASSWORD) -> Member:
        shown = logins.begin_set_up(self.staff, code, password, now=self.now)
        secret = second_factor.base64.b32decode(shown.secret)
        digits = second_factor.digits(secret, int(self.now.timestamp()) // 30)
        entered, recovery = logins.finish_set_up(self.staff, code, digits, browser=None, now=self.now)
        self.said |= {password, shown.secret, shown.address, digits, *recovery, entered.token, entered.browser}
        self.later(minutes=1)  # the digits that were just used are not good again
        return Member(self, login, password, secret, recovery, entered)

    def stranger(self, login: str, *, address: str = ELSEWHERE, password: str = GUESS, browser: str | None = None) -> str:
        """Somebody else tries, now; returns the problem's name."""
        try:
            logins.log_in(self.staff, login, password, "000000", address=address, browser=browser, now=self.now)
        except Refused as refusal:
            return refusal.problem.name
        return "let in"

    def journal(self, kind: str = "") -> list[dict[str, Any]]:
        """What the entries (of a kind) say, each with its kind and actor."""
        every = journal.every(self.staff.store.read())
        return [{"kind": one.kind, "actor": one.actor} | json.loads(one.line) for one in every if not kind or one.kind == kind]

    def files(self) -> bytes:
        """Every byte that the server keeps beside its keys."""
        return b"".join(path.read_bytes() for path in sorted(self.folder.iterdir()) if path.is_file())
