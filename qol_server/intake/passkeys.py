"""How staff come in with a passkey, prove it again with one, and keep their own: added, named, removed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from qol_server.access import passkeys, sessions
from qol_server.access.passkeys import Passkey, Place, Shown
from qol_server.access.sessions import Session
from qol_server.intake import logins
from qol_server.intake.logins import Finish, LoggedIn, Try
from qol_server.intake.staff import Staff
from qol_server.store import Tx
from qol_server.trial.facts import Kind
from qol_server.trial.problems import BAD_VALUE, NOT_PROVED, PASSKEY_REFUSED, PASSKEY_UNKNOWN, TOO_MANY_PASSKEYS, Refused

T = TypeVar("T")
LOG_IN, PROVE, ADD = "log-in", "prove", "add"
"""What a challenge is good for."""


# Coming in, and proving it again


def to_log_in(staff: Staff, place: Place, now: datetime) -> dict[str, Any]:
    """What the browser of somebody who is not there yet is asked, as JSON."""
    return passkeys.request(place, passkeys.challenge(staff.key, LOG_IN, "", now))


def log_in(staff: Staff, answer: str, *, place: Place, address: str, browser: str | None, now: datetime) -> LoggedIn:
    """Open a session with a passkey alone: its device was opened by its user, so it is both factors.

    ``answer``: the JSON of the browser; ``place``: the pages as the browser knows them; the others, and what is raised, as of
    ``logins.log_in``.
    """
    given = passkeys.shown(answer)
    kept = passkeys.find(staff.store.read(), given.id)
    login = "" if kept is None else kept.login
    tries = logins.outside(staff, login, staff.key.digest("passkey", given.id.hex()), address=address, browser=browser, now=now)

    def enter(tx: Tx, by: str) -> LoggedIn:
        return logins.opened(staff, tx, login, by, browser, tries.known_browser, now)

    return _proved(staff, tries, given, kept, LOG_IN, "", place, now, enter)


def to_prove(staff: Staff, token: str, place: Place, now: datetime) -> dict[str, Any]:
    """What the browser of somebody who is there is asked, as JSON. Raises Refused(session-over)."""
    logins.present(staff, token, now)
    return passkeys.request(place, passkeys.challenge(staff.key, PROVE, _bound(token), now))


def step_up(staff: Staff, token: str, answer: str, *, place: Place, now: datetime) -> Session:
    """Prove once more who is there, with a passkey of theirs; as ``logins.step_up``."""
    tries, given = logins.within(staff, token, now), passkeys.shown(answer)
    kept = passkeys.find(staff.store.read(), given.id)
    theirs = kept if kept is not None and kept.login == tries.login else None
    return _proved(staff, tries, given, theirs, PROVE, _bound(token), place, now, lambda tx, _by: logins.verified(tx, token, now))


def _bound(token: str) -> str:
    """What a challenge within a session is bound to."""
    return sessions.digest(token).hex()


def _proved(
    staff: Staff, tries: Try, given: Shown, kept: Passkey | None, purpose: str, bound_to: str, place: Place, now: datetime,
    then: Callable[[Tx, str], T],
) -> T:  # fmt: skip
    def compare() -> Finish:
        count = None
        if (
            kept is not None
            and kept.host == place.host
            and given.owner == passkeys.handle(staff.key, kept.login)
            and passkeys.is_ours(staff.key, given.challenge, purpose, bound_to, now)
        ):
            count = passkeys.count_of(given, kept, place)

        def finish(tx: Tx) -> str | None:
            if kept is None or count is None or not passkeys.use_challenge(tx, given.challenge, now):
                return None
            if passkeys.counted(tx, kept.id, count, now):
                return "passkey"
            if passkeys.find(tx, kept.id) is not None:  # it was not removed meanwhile: two devices count apart
                fact = {"login": kept.login, "name": kept.name}
                staff.record(tx, Kind.PASSKEY_DOUBTED, fact, actor="server", now=now)
            return None

        return finish

    return logins.proved(staff, tries, compare, now, then)


# One's own passkeys


def to_add(staff: Staff, token: str, place: Place, now: datetime) -> dict[str, Any]:
    """What a browser is asked to make a passkey of, as JSON. Raises Refused(session-over, not-proved, too-many-passkeys)."""
    session = _proven(staff, token, now)
    there = _room(staff.store.read(), session.login)
    asked = passkeys.challenge(staff.key, ADD, _bound(token), now)
    return passkeys.creation(place, session.login, session.name, passkeys.handle(staff.key, session.login), asked, there)


def add(staff: Staff, token: str, answer: str, name: str, *, place: Place, now: datetime) -> None:
    """Keep a passkey that a browser made, under a name that tells its holder which it is.

    Raises Refused(session-over, not-proved, too-many-passkeys, bad-value, passkey-refused).
    """
    session, called = _proven(staff, token, now), _name(name)
    made = passkeys.made(answer, place)
    if not passkeys.is_ours(staff.key, made.challenge, ADD, _bound(token), now):
        raise Refused(PASSKEY_REFUSED)

    def work(tx: Tx) -> None:
        _room(tx, session.login)
        if not passkeys.use_challenge(tx, made.challenge, now) or not passkeys.add(tx, session.login, called, place, made, now):
            raise Refused(PASSKEY_REFUSED)
        fact = {"login": session.login, "name": called, "synced": made.synced}
        staff.record(tx, Kind.PASSKEY_ADDED, fact, actor=session.actor, now=now)

    staff.store.write(work)


def rename(staff: Staff, token: str, id_: bytes, name: str, *, now: datetime) -> None:
    """Call one of one's own passkeys something else. Raises Refused(session-over, not-proved, bad-value, passkey-unknown)."""
    session, called = _proven(staff, token, now), _name(name)

    def work(tx: Tx) -> None:
        if not passkeys.name(tx, session.login, id_, called):
            raise Refused(PASSKEY_UNKNOWN)

    staff.store.write(work)


def remove(staff: Staff, token: str, id_: bytes, *, now: datetime) -> None:
    """Forget one of one's own passkeys: it opens nothing any more. Raises Refused(session-over, not-proved, passkey-unknown)."""
    session = _proven(staff, token, now)

    def work(tx: Tx) -> None:
        found = passkeys.find(tx, id_)
        if found is None or not passkeys.remove(tx, session.login, id_):
            raise Refused(PASSKEY_UNKNOWN)
        staff.record(tx, Kind.PASSKEY_REMOVED, {"login": session.login, "name": found.name}, actor=session.actor, now=now)

    staff.store.write(work)


def _proven(staff: Staff, token: str, now: datetime) -> Session:
    session = logins.present(staff, token, now)
    if not session.is_verified(now):
        raise Refused(NOT_PROVED)
    return session


def _room(tx: Tx, login: str) -> list[Passkey]:
    there = passkeys.of(tx, login)
    if len(there) >= passkeys.MOST:
        raise Refused(TOO_MANY_PASSKEYS)
    return there


def _name(name: str) -> str:
    called = name.strip()
    if not called or len(called) > passkeys.LONGEST_NAME or not called.isprintable():
        raise Refused(BAD_VALUE, f"{called!r} is no name: 1 to {passkeys.LONGEST_NAME} printable characters.")
    return called
