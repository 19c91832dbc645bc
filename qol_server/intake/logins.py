"""How staff come in: the first set-up of an account, logging in, proving it again before a sensitive act, and logging out.

Each try is counted before it is looked at, and forgiven when it was right. Passwords are compared while nobody waits for the file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from qol_server.access import accounts, passwords, second_factor, sessions, throttle
from qol_server.access.accounts import Proof
from qol_server.access.sessions import Session
from qol_server.intake.staff import Staff
from qol_server.store import Tx
from qol_server.trial.facts import Kind
from qol_server.trial.problems import LOGIN_REFUSED, SESSION_OVER, SET_UP_CODE, Refused

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """``token`` and ``browser`` go into two cookies of their own (HttpOnly, Secure, SameSite=Strict).

    The browser's cookie lives ``sessions.BROWSER_LIFE`` and survives logging out; ``token`` ends with the browser.
    """

    token: str
    browser: str


@dataclass(frozen=True, slots=True)
class Enrolment:
    """The second factor as it is put into an authenticator: ``secret`` typed, ``address`` as a QR code."""

    login: str
    name: str
    secret: str
    address: str


@dataclass(frozen=True, slots=True)
class Try:
    """Who tries: what the wrong tries are counted for, and what is told about them."""

    login: str
    who: bytes
    address: bytes | None
    known_browser: bool


Finish = Callable[[Tx], str | None]
"""In the transaction in which a try ends: what it was proved with, which is used up by it; None where it was not."""


# Logging in


def log_in(staff: Staff, login: str, password: str, code: str, *, address: str, browser: str | None, now: datetime) -> LoggedIn:
    """Open a session. ``code``: six digits of the authenticator or a recovery code; ignored where there is no second factor.

    ``address``: where the request came from; ``browser``: what an earlier log-in returned, from its cookie. Raises
    Refused(login-refused), which never says what was wrong, and Refused(login-throttled) with the seconds to wait.
    """
    login = accounts.canonical(login)
    tries = outside(staff, login, staff.key.digest("login", login), address=address, browser=browser, now=now)
    compare = _password(staff, login, password, code, now)
    return proved(staff, tries, compare, now, lambda tx, by: opened(staff, tx, login, by, browser, tries.known_browser, now))


def outside(staff: Staff, login: str, who: bytes, *, address: str, browser: str | None, now: datetime) -> Try:
    """A try of somebody who is not there yet: counted for ``who`` and for their address, or for the browser where it is known."""
    if sessions.knows(staff.store.read(), browser, login, now):
        # strangers' tries do not count here, whatever address they come from: they cannot lock this browser out
        return Try(login, staff.key.digest("browser", f"{login}\x1f{browser}"), None, True)
    network = throttle.network(address)
    return Try(login, who, None if network is None else staff.key.digest("address", network), False)


def opened(staff: Staff, tx: Tx, login: str, by: str, browser: str | None, known: bool, now: datetime) -> LoggedIn:
    """Open the session of somebody who has proved who they are."""
    accounts.logged_in(tx, login, now)
    fact = {"login": login, "by": by, "known_browser": known}
    staff.record(tx, Kind.SESSION_OPENED, fact, actor=f"staff:{login}", now=now)
    return LoggedIn(sessions.open_(tx, login, now), sessions.remember(tx, browser, login, now))


def proved(staff: Staff, tries: Try, compare: Callable[[], Finish], now: datetime, then: Callable[[Tx, str], T]) -> T:
    """Do something in the transaction in which somebody proved who they are; raises as ``log_in`` does.

    ``compare`` may be slow; it runs while nobody waits for the file.
    """
    nth = staff.store.write(lambda tx: throttle.begin(tx, tries.who, tries.address, now))
    finish = compare()

    def end(tx: Tx) -> list[T]:
        tell_failures(staff, tx, now)
        by = finish(tx)
        if by is not None:
            throttle.forgive(tx, tries.who, tries.address)
            return [then(tx, by)]
        is_known = accounts.proof(tx, tries.login) is not None
        throttle.failed(tx, tries.login if is_known else None, now)
        if nth == throttle.FREE_TRIES and is_known:
            fact = {"login": tries.login, "tries": nth, "known_browser": tries.known_browser}
            staff.record(tx, Kind.ACCOUNT_LOCKED, fact, actor="server", now=now)
        return []  # a failure is kept, so it is not raised in here

    done = staff.store.write(end)
    if not done:
        raise Refused(LOGIN_REFUSED)
    return done[0]


def _password(staff: Staff, login: str, password: str, code: str, now: datetime) -> Callable[[], Finish]:
    """The password and the second factor, as ``proved`` compares them."""

    def compare() -> Finish:
        before = accounts.proof(staff.store.read(), login)
        fits = passwords.fits(None if before is None else before.password, password)

        def finish(tx: Tx) -> str | None:
            there = accounts.proof(tx, login)
            same = fits and there is not None and before is not None and there.password == before.password  # not reset meanwhile
            return _second(staff, tx, login, there, code, now) if same and there is not None else None

        return finish

    return compare


def _second(staff: Staff, tx: Tx, login: str, proof: Proof, code: str, now: datetime) -> str | None:
    """What the second factor was proved with, which is used up by it; None where it was not."""
    if proof.factor is None:
        return "password"
    given = "".join(code.split())
    if len(given) == second_factor.DIGITS and given.isascii() and given.isdigit():
        step = second_factor.step_of(staff.key.unseal(proof.factor, login), given, now, proof.last_step)
        if step is None:
            return None
        accounts.use_step(tx, login, step)
        return "authenticator"
    return "recovery-code" if accounts.use_recovery_code(tx, login, staff.code_digest(login, code)) else None


def tell_failures(staff: Staff, tx: Tx, now: datetime) -> None:
    """Write the wrong tries of quarters of an hour that are over into the journal: one entry for each account, none says from where."""
    for login, since, tries in throttle.told(tx, now):
        staff.record(tx, Kind.LOGIN_FAILED, {"login": login, "since": since, "tries": tries}, actor="server", now=now)


# Sessions


def session_of(staff: Staff, token: str, now: datetime, *, used: bool = True) -> Session | None:
    """Who is there, or None: logged out, unused for 30 minutes, open for 12 hours, or ended by somebody else.

    ``used`` False for what a page asks by itself: looking on keeps no session open.
    """
    session = sessions.find(staff.store.read(), token, now)
    if session is not None and used and sessions.is_due_to_be_noted(session, now):
        staff.store.write(lambda tx: sessions.used(tx, token, now))
    return session


def step_up(staff: Staff, token: str, password: str, code: str, *, now: datetime) -> Session:
    """Prove once more who is there; ``Session.is_verified`` holds for ten minutes. Raises as ``log_in``, and Refused(session-over)."""

    def verify(tx: Tx, _by: str) -> Session:
        return verified(tx, token, now)

    tries = within(staff, token, now)
    return proved(staff, tries, _password(staff, tries.login, password, code, now), now, verify)


def change_password(staff: Staff, token: str, password: str, code: str, new: str, *, now: datetime, browser: str | None = None) -> LoggedIn:
    """Choose another password, which ends all sessions of the account and forgets its browsers; returns what goes on: a new session,
    in this browser alone. Passkeys stay, with which nobody comes in who has learnt a password.

    Raises as ``step_up``, and Refused(password-weak).
    """
    session = present(staff, token, now)
    passwords.check(new, session.login, session.name)
    kept = passwords.hashed(new)

    def change(tx: Tx, _by: str) -> LoggedIn:
        accounts.set_password(tx, session.login, kept)
        fact = {"login": session.login, "sessions_ended": max(0, sessions.close_all(tx, session.login) - 1)}
        sessions.forget_browsers(tx, session.login, browser)
        staff.record(tx, Kind.PASSWORD_CHANGED, fact, actor=session.actor, now=now)
        return LoggedIn(sessions.open_(tx, session.login, now), sessions.remember(tx, browser, session.login, now))

    tries = within(staff, token, now)
    return proved(staff, tries, _password(staff, tries.login, password, code, now), now, change)


def choose_language(staff: Staff, token: str, language: str, *, now: datetime) -> None:
    """Show whoever is there the desk in another language from now on. Raises Refused(session-over, bad-value)."""
    session = present(staff, token, now)

    def choose(tx: Tx) -> None:
        if accounts.speak(tx, session.login, language):
            staff.record(tx, Kind.LANGUAGE_CHOSEN, {"login": session.login, "language": language}, actor=session.actor, now=now)

    staff.store.write(choose)


def verified(tx: Tx, token: str, now: datetime) -> Session:
    """Note that whoever is there proved it. Raises Refused(session-over)."""
    sessions.verified(tx, token, now)
    return _live(sessions.find(tx, token, now))


def present(staff: Staff, token: str, now: datetime) -> Session:
    """Who is there. Raises Refused(session-over)."""
    return _live(session_of(staff, token, now))


def _live(session: Session | None) -> Session:
    if session is None:
        raise Refused(SESSION_OVER)
    return session


def within(staff: Staff, token: str, now: datetime) -> Try:
    """A try of somebody who is there: counted for the session, so that a stolen one is no place to guess passwords."""
    return Try(present(staff, token, now).login, staff.key.digest("session", token), None, True)


def log_out(staff: Staff, token: str) -> None:
    """End a session; nothing happens where there is none."""
    staff.store.write(lambda tx: sessions.close(tx, token))


def log_out_elsewhere(staff: Staff, token: str, *, now: datetime) -> int:
    """End all other sessions of whoever is there; returns how many there were. Raises Refused(session-over)."""
    session = present(staff, token, now)

    def work(tx: Tx) -> int:
        ended = sessions.close_others(tx, session.login, token)
        staff.record(tx, Kind.SESSIONS_ENDED, {"login": session.login, "sessions_ended": ended}, actor=session.actor, now=now)
        return ended

    return staff.store.write(work)


# The first set-up


def begin_set_up(staff: Staff, code: str, password: str, *, now: datetime) -> Enrolment:
    """Choose the password of an account with its one-time code; returns the second factor that has to be proved next.

    May be done again, with another password and another second factor. Raises Refused(set-up-code, password-weak).
    """
    found = accounts.offered(staff.store.read(), staff.code_digest("", code), now)
    if found is None:
        raise Refused(SET_UP_CODE)
    passwords.check(password, found.login, found.name)
    secret, kept = second_factor.new_secret(), passwords.hashed(password)
    factor = staff.key.seal(secret, found.login)
    if not staff.store.write(lambda tx: accounts.choose(tx, found.login, staff.code_digest("", code), kept, factor)):
        raise Refused(SET_UP_CODE)
    return Enrolment(found.login, found.name, second_factor.written(secret), second_factor.address(secret, found.login))


def begun_set_up(staff: Staff, code: str, *, now: datetime) -> Enrolment:
    """The second factor that has to be proved next, once more. Raises Refused(set-up-code)."""
    found = accounts.offered(staff.store.read(), staff.code_digest("", code), now)
    if found is None or found.factor is None:
        raise Refused(SET_UP_CODE)
    secret = staff.key.unseal(found.factor, found.login)
    return Enrolment(found.login, found.name, second_factor.written(secret), second_factor.address(secret, found.login))


def finish_set_up(staff: Staff, code: str, digits: str, *, browser: str | None, now: datetime) -> tuple[LoggedIn, list[str]]:
    """Prove the second factor, which uses the one-time code up; returns a session and ten recovery codes, shown this once.

    Raises Refused(set-up-code), and Refused(login-refused) where the digits are not those of the authenticator.
    """
    recovery = second_factor.new_recovery_codes()

    def work(tx: Tx) -> LoggedIn:
        found = accounts.offered(tx, staff.code_digest("", code), now)
        if found is None or found.factor is None:
            raise Refused(SET_UP_CODE)
        login = found.login
        step = second_factor.step_of(staff.key.unseal(found.factor, login), "".join(digits.split()), now, 0)
        if step is None:
            raise Refused(LOGIN_REFUSED, "These are not the six digits that the authenticator shows now. Check the clock of your phone.")
        accounts.finish(tx, login, step, [staff.code_digest(login, each) for each in recovery])
        fact = {"login": login, "recovery_codes": len(recovery)}
        staff.record(tx, Kind.FACTOR_ENROLLED, fact, actor=f"staff:{login}", now=now)
        return opened(staff, tx, login, "one-time-code", browser, False, now)

    return staff.store.write(work), recovery
