"""What the entries about staff must hold; they stand in the server's own journal."""

from __future__ import annotations

from marshmallow import Schema, fields

from qol_server.access.accounts import LANGUAGES
from qol_server.intake.shapes import Moment, OneOf, Shape, Text, Whole, sha256_field
from qol_server.trial.facts import Kind
from qol_server.trial.roles import Role

_MOST = 2**31


class ServerCreated(Shape):
    epoch = Text(40, required=True)
    public_key = sha256_field(required=True)


class AboutAccount(Shape):
    login = Text(100, required=True)


class AccountAdded(AboutAccount):
    """``set_up_until``: how long the one-time code is good; without one a password was given, and no second factor is asked for."""

    language = Text(20, required=True)
    set_up_until = Moment(required=True, allow_none=True)


class AccountReset(AboutAccount):
    """``set_up_until``: how long the new one-time code is good. An account that was closed is open again."""

    set_up_until = Moment(required=True)
    sessions_ended = Whole(0, _MOST, required=True)


class AccountLocked(AboutAccount):
    """``known_browser``: whether the tries came from a browser in which the account was logged in to before."""

    tries = Whole(1, _MOST, required=True)
    known_browser = fields.Boolean(required=True)


class AccountNotified(AboutAccount):
    """``about``: the position of the entry that the holder was told of."""

    about = Whole(1, 2**53, required=True)


class RoleChanged(AboutAccount):
    """A role in a study, at one site or (null) at all of them."""

    role = OneOf(*Role, required=True)
    study = Text(40, required=True)
    site = Text(2, required=True, allow_none=True)


class FactorEnrolled(AboutAccount):
    recovery_codes = Whole(0, 100, required=True)


class LanguageChosen(AboutAccount):
    language = OneOf(*LANGUAGES, required=True)


class PasskeyChanged(AboutAccount):
    name = Text(60, required=True)


class PasskeyAdded(PasskeyChanged):
    """``synced``: its maker may keep copies of it on the holder's other devices."""

    synced = fields.Boolean(required=True)


class SessionsEnded(AboutAccount):
    sessions_ended = Whole(0, _MOST, required=True)


class SessionOpened(AboutAccount):
    by = OneOf("password", "authenticator", "recovery-code", "one-time-code", "passkey", required=True)
    known_browser = fields.Boolean(required=True)


class LoginFailed(Shape):
    """``login`` null: all logins that nobody has. From ``since`` on for a quarter of an hour."""

    login = Text(100, required=True, allow_none=True)
    since = Moment(required=True)
    tries = Whole(1, _MOST, required=True)


STAFF_SHAPES: dict[Kind, Schema] = {
    Kind.SERVER_CREATED: ServerCreated(),
    Kind.ACCOUNT_ADDED: AccountAdded(),
    Kind.ACCOUNT_RESET: AccountReset(),
    Kind.ACCOUNT_CLOSED: SessionsEnded(),
    Kind.ACCOUNT_ERASED: AboutAccount(),
    Kind.ACCOUNT_NOTIFIED: AccountNotified(),
    Kind.ACCOUNT_LOCKED: AccountLocked(),
    Kind.ROLE_GIVEN: RoleChanged(),
    Kind.ROLE_TAKEN: RoleChanged(),
    Kind.FACTOR_ENROLLED: FactorEnrolled(),
    Kind.LANGUAGE_CHOSEN: LanguageChosen(),
    Kind.PASSWORD_CHANGED: SessionsEnded(),
    Kind.PASSKEY_ADDED: PasskeyAdded(),
    Kind.PASSKEY_REMOVED: PasskeyChanged(),
    Kind.PASSKEY_DOUBTED: PasskeyChanged(),
    Kind.SESSION_OPENED: SessionOpened(),
    Kind.SESSIONS_ENDED: SessionsEnded(),
    Kind.LOGIN_FAILED: LoginFailed(),
}
