"""The server's own file: accounts of staff and their roles, with a journal of everything that happens to them."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from qol_server import journal, keys
from qol_server.access import accounts, history, passkeys, passwords, sessions, throttle
from qol_server.access.accounts import Account
from qol_server.access.pairing import normalised
from qol_server.clock import stamp
from qol_server.intake.record import sealed
from qol_server.intake.study import open_study
from qol_server.keys import AccountsKey, SigningKey
from qol_server.settings import Settings
from qol_server.store import Store, Tx
from qol_server.trial import facts
from qol_server.trial.facts import SERVER, Kind
from qol_server.trial.problems import (
    ACCOUNT_BEYOND,
    ACCOUNT_CLOSED,
    ACCOUNT_EXISTS,
    ACCOUNT_OPEN,
    BAD_VALUE,
    LAST_ADMINISTRATOR,
    OWN_ACCOUNT,
    Refused,
)
from qol_server.trial.roles import Grant, Role, beyond


class Staff:
    """The open file. ``key`` seals second factors; its digests of codes are worth nothing without it."""

    slug = SERVER

    def __init__(self, settings: Settings, store: Store, key: AccountsKey, signing: SigningKey) -> None:
        self.settings = settings
        self.store = store
        self.key = key
        self.signing = signing

    @property
    def epoch(self) -> str:
        return journal.identity(self.store.read())[1]

    def record(self, tx: Tx, kind: Kind, fact: Mapping[str, Any], *, actor: str, now: datetime) -> None:
        """Add an entry to the server's journal, in the transaction of what it tells. Raises Refused(bad-request)."""
        position = journal.head(tx, SERVER).position + 1
        identity = facts.server_id(SERVER, kind, None, None, position)
        journal.append(tx, SERVER, [sealed(kind, identity, fact, actor=actor, received_at=stamp(now))])
        if fact.get("login") is not None:
            history.note(tx, fact["login"], position)

    def seal(self, tx: Tx, *, actor: str, now: datetime) -> None:
        """Sign the head and record it, once a UTC day."""
        identity = facts.server_id(SERVER, Kind.JOURNAL_SEALED, None, None, now.date().isoformat())
        if not journal.has(tx, Kind.JOURNAL_SEALED, None, identity):
            head, epoch = journal.head(tx, SERVER), journal.identity(tx)[1]
            signature = self.signing.sign(facts.head_message(SERVER, epoch, head.position, head.digest))
            fact = {"position": head.position, "digest": head.digest, "signature": signature, "key": self.signing.id}
            journal.append(tx, SERVER, [sealed(Kind.JOURNAL_SEALED, identity, fact, actor=actor, received_at=stamp(now))])

    def code_digest(self, login: str, code: str) -> bytes:
        """What is kept of a recovery code, or (``login`` empty) of a one-time code, however it was typed."""
        return self.key.digest("code", f"{login}\x1f{normalised(code)}")


def open_staff(settings: Settings, now: datetime) -> Staff:
    """Open the server's file of a data folder, and make it where there is none. Raises Refused(data-folder)."""
    signing = keys.load(settings.keys)
    key = keys.accounts_key(settings.keys, make=not settings.server.exists())
    settings.server.touch(mode=0o600)  # what SQLite puts beside it gets the same mode
    staff = Staff(settings, Store(settings.server, durable=settings.durable), key, signing)
    if not accounts.exist(staff.store.read()):
        staff.store.write(lambda tx: _make(staff, tx, now))
    return staff


def _make(staff: Staff, tx: Tx, now: datetime) -> None:
    if accounts.exist(tx):  # another process was first
        return
    epoch = f"e_{secrets.token_hex(8)}"
    journal.create(tx, SERVER, epoch)
    for tables in (accounts, history, passkeys, sessions, throttle):
        tables.create(tx)
    staff.record(tx, Kind.SERVER_CREATED, {"epoch": epoch, "public_key": staff.signing.public_hex}, actor="server", now=now)


def add(
    staff: Staff, login: str, name: str, language: str, *, actor: str, now: datetime, email: str | None = None,
    password: str | None = None, grant: Grant | None = None,
) -> str | None:  # fmt: skip
    """Add an account; returns the one-time code with which its holder chooses a password and a second factor.

    ``email``: where its holder is told of what cannot wait; ``grant``: its first role. With ``password`` it is ready at once, without
    a second factor and a code: for demonstrations. Raises Refused(bad-value, account-exists, password-weak, study-unknown).
    """
    login, name = accounts.canonical(login), name.strip()
    if password is not None:
        passwords.check(password, login, name)
    if grant is not None:
        _check_place(staff.settings, grant)
    kept = None if password is None else passwords.hashed(password)
    code = accounts.new_code()

    def work(tx: Tx) -> None:
        if not accounts.add(tx, login, name, language, email, now):
            raise Refused(ACCOUNT_EXISTS, f"{login} has an account already.")
        until = None
        if kept is None:
            until = accounts.offer(tx, login, staff.code_digest("", code), now)
        else:
            accounts.set_password(tx, login, kept)
        fact = {"login": login, "language": language, "set_up_until": until}
        staff.record(tx, Kind.ACCOUNT_ADDED, fact, actor=actor, now=now)
        if grant is not None:
            _change(staff, tx, login, grant, Kind.ROLE_GIVEN, actor=actor, now=now)

    staff.store.write(work)
    return code if password is None else None


# The acts on accounts take ``by``: the login of an administrator at the desk, who may act on an account only where they administer
# every study in which it has a role. Without it whoever acts has the machine, and may act on all.


def is_beyond(tx: Tx, grants: Collection[Grant], account: Account) -> bool:
    """Whether somebody with these grants may not act on an account: one without a role belongs to the study that it had the last
    one in, and one that never had a role to whoever has the machine."""
    studies: set[str | None] = {grant.study for grant in account.grants} or {history.last_study(tx, account.login)}
    return None in studies or bool(beyond(grants, studies))


def _allow(tx: Tx, by: str | None, account: Account) -> None:
    """Raises Refused(account-beyond)."""
    if by is not None and is_beyond(tx, accounts.grants(tx, by), account):
        raise Refused(ACCOUNT_BEYOND)


def _administers(tx: Tx, by: str | None, grant: Grant) -> None:
    """Raises Refused(account-beyond) for a role in a study that somebody else administers."""
    if by is not None and beyond(accounts.grants(tx, by), [grant.study]):
        raise Refused(ACCOUNT_BEYOND)


def reset(staff: Staff, login: str, *, actor: str, now: datetime, by: str | None = None) -> str:
    """Forget an account's password, second factor, passkeys, sessions and browsers; returns a new one-time code.

    One that was closed is open again, with the roles that it had. Raises Refused(account-unknown, account-beyond).
    """
    login, code = accounts.canonical(login), accounts.new_code()

    def work(tx: Tx) -> None:
        _allow(tx, by, accounts.find(tx, login))
        until = accounts.offer(tx, login, staff.code_digest("", code), now)
        passkeys.forget(tx, login)
        sessions.forget_browsers(tx, login)
        fact = {"login": login, "set_up_until": until, "sessions_ended": sessions.close_all(tx, login)}
        staff.record(tx, Kind.ACCOUNT_RESET, fact, actor=actor, now=now)

    staff.store.write(work)
    return code


def close(staff: Staff, login: str, *, actor: str, now: datetime, by: str | None = None) -> None:
    """Close an account for good: nobody logs in with it any more; what it did and may have done stays.

    Raises Refused(account-unknown, account-beyond, account-closed, own-account, last-administrator).
    """
    login = accounts.canonical(login)
    if actor == f"staff:{login}":
        raise Refused(OWN_ACCOUNT)

    def work(tx: Tx) -> None:
        account = accounts.find(tx, login)
        _allow(tx, by, account)
        for grant in account.grants:
            _keep_administered(tx, login, grant)
        if not accounts.close(tx, login, now):
            raise Refused(ACCOUNT_CLOSED)
        passkeys.forget(tx, login)
        sessions.forget_browsers(tx, login)
        fact = {"login": login, "sessions_ended": sessions.close_all(tx, login)}
        staff.record(tx, Kind.ACCOUNT_CLOSED, fact, actor=actor, now=now)

    staff.store.write(work)


def erase(staff: Staff, login: str, *, actor: str, now: datetime) -> None:
    """Forget the name and the e-mail address of whoever had an account that is closed; its login stays, as it stands in the journals.

    Raises Refused(account-unknown, account-open).
    """
    login = accounts.canonical(login)

    def work(tx: Tx) -> None:
        if accounts.find(tx, login).closed_at is None:
            raise Refused(ACCOUNT_OPEN)
        accounts.forget_person(tx, login)
        staff.record(tx, Kind.ACCOUNT_ERASED, {"login": login}, actor=actor, now=now)

    staff.store.write(work)


def _keep_administered(tx: Tx, login: str, grant: Grant) -> None:
    """A study keeps an administrator who can come in, or at least somebody who is to. Raises Refused(last-administrator)."""
    if grant.role is Role.ADMINISTRATOR and grant.site is None:
        able = accounts.able(tx, grant.role, grant.study)
        there = {each.login for each in accounts.reach(tx, grant.role, grant.study, None)}
        if able == {login} or there == {login}:
            raise Refused(LAST_ADMINISTRATOR, f"Without {login}, {grant.study} has no administrator.")


def give_role(staff: Staff, login: str, grant: Grant, *, actor: str, now: datetime, by: str | None = None) -> Account:
    """Give a role and end the account's sessions; at the desk never to oneself.

    Raises Refused(account-unknown, account-beyond, own-account, study-unknown, bad-value, …).
    """
    if by is not None and by == accounts.canonical(login):
        raise Refused(OWN_ACCOUNT)
    _check_place(staff.settings, grant)

    def work(tx: Tx) -> Account:
        _allow(tx, by, accounts.find(tx, accounts.canonical(login)))
        _administers(tx, by, grant)
        return _change(staff, tx, login, grant, Kind.ROLE_GIVEN, actor=actor, now=now)

    return staff.store.write(work)


def take_role(staff: Staff, login: str, grant: Grant, *, actor: str, now: datetime, by: str | None = None) -> Account:
    """Take a role and end the account's sessions: in one's own study, whatever other roles the account has.

    Raises Refused(account-unknown, account-beyond, bad-value, last-administrator).
    """

    def work(tx: Tx) -> Account:
        _administers(tx, by, grant)
        return _change(staff, tx, login, grant, Kind.ROLE_TAKEN, actor=actor, now=now)

    return staff.store.write(work)


def _check_place(settings: Settings, grant: Grant) -> None:
    study = open_study(settings, grant.study)
    try:
        there = study.protocol_in_force(study.store.read()).sites if grant.site is not None else ()
    finally:
        study.store.close()
    if grant.site is not None and grant.site not in there:
        raise Refused(BAD_VALUE, f"{grant.study} has no site {grant.site!r}. Allowed: {', '.join(there)}; without one it is for all sites.")


def _change(staff: Staff, tx: Tx, login: str, grant: Grant, kind: Kind, *, actor: str, now: datetime) -> Account:
    found = accounts.find(tx, accounts.canonical(login))
    if kind is Kind.ROLE_TAKEN:
        _keep_administered(tx, found.login, grant)
    changes = accounts.give if kind is Kind.ROLE_GIVEN else accounts.take
    if not changes(tx, found.login, grant):
        has = "has" if kind is Kind.ROLE_GIVEN else "does not have"
        raise Refused(BAD_VALUE, f"{found.login} {has} this role there{' already' if has == 'has' else ''}.")
    sessions.close_all(tx, found.login)
    fact = {"login": found.login, "role": str(grant.role), "study": grant.study, "site": grant.site}
    staff.record(tx, kind, fact, actor=actor, now=now)
    return accounts.find(tx, found.login)
