"""Accounts of staff, as the administrator of a study sees and changes them; study managers and inspectors look on."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from flask import Response

from qol_server.access import accounts, history
from qol_server.access.accounts import LANGUAGES, Account
from qol_server.clock import stamp
from qol_server.intake import staff
from qol_server.staff.desk import WHOLE_STUDY, Desk, Pages
from qol_server.staff.door import place
from qol_server.staff.forms import Form
from qol_server.trial import problems
from qol_server.trial.problems import Refused
from qol_server.trial.roles import Grant, Permission, Role

PAGES = Pages()
SHOWN = 100
"""Events of an account on its page, at most."""


@PAGES.get("/accounts", Permission.STAFF_SEE, at=WHOLE_STUDY)
def show_all(desk: Desk) -> Response:
    """The accounts that have a role here, and to who administers it those that had their last one here."""
    found = [account for account in accounts.every(desk.staff.store.read()) if _is_seen(desk, account)]
    return desk.page("accounts/list.html", title=desk.t("accounts.title"), found=found, here=_here, state=_state, **_choices(desk))


@PAGES.post("/accounts", Permission.STAFF_MANAGE, at=WHOLE_STUDY, page=show_all, step_up=True)
def add(desk: Desk) -> Response:
    """Add an account with its first role; the page shows its one-time code, this once."""
    form = desk.form("add")
    login, name = form.text("login", most=accounts.LONGEST_LOGIN), form.text("name", most=accounts.LONGEST_NAME)
    email = form.text("email", required=False, most=accounts.LONGEST_EMAIL) or None
    language, grant = form.one_of("language", LANGUAGES), _grant(desk, form, desk.protocol.sites)
    form.check()
    code = staff.add(desk.staff, login, name, language, actor=desk.actor, now=desk.now, email=email, grant=grant)
    return _handed_over(desk, accounts.canonical(login), code or "")


@PAGES.get("/accounts/<login>", Permission.STAFF_SEE, at=WHOLE_STUDY)
def show(desk: Desk, login: str) -> Response:
    """One account: what it may here, its state, and what happened to it."""
    account = _account(desk, login)
    return desk.page(
        "accounts/one.html", title=account.name, account=account, grants=_here(desk, account), state=_state,
        elsewhere=any(grant.study != desk.study.slug for grant in account.grants), events=_events(desk, login),
        is_mine=_is_mine(desk, account), is_own=login == desk.session.login, **_choices(desk),
    )  # fmt: skip


@PAGES.post("/accounts/<login>/reset", Permission.STAFF_MANAGE, at=WHOLE_STUDY, page=show, step_up=True)
def reset(desk: Desk, login: str) -> Response:
    """A new one-time code; the page shows it, this once."""
    _account(desk, login)
    code = staff.reset(desk.staff, login, actor=desk.actor, now=desk.now, by=desk.session.login)
    return _handed_over(desk, login, code)


@PAGES.post("/accounts/<login>/close", Permission.STAFF_MANAGE, at=WHOLE_STUDY, page=show, step_up=True)
def close(desk: Desk, login: str) -> Response:
    """Close the account for good."""
    _account(desk, login)
    staff.close(desk.staff, login, actor=desk.actor, now=desk.now, by=desk.session.login)
    return desk.go("/accounts/<login>", done="account.closed", login=login)


@PAGES.post("/accounts/<login>/roles", Permission.STAFF_MANAGE, at=WHOLE_STUDY, page=show, step_up=True)
def give(desk: Desk, login: str) -> Response:
    """Give a role in this study."""
    _account(desk, login)
    form = desk.form("give")
    grant = _grant(desk, form, desk.protocol.sites)
    form.check()
    staff.give_role(desk.staff, login, grant, actor=desk.actor, now=desk.now, by=desk.session.login)
    return desk.go("/accounts/<login>", done="role.given", login=login)


@PAGES.post("/accounts/<login>/roles/take", Permission.STAFF_MANAGE, at=WHOLE_STUDY, page=show, step_up=True)
def take(desk: Desk, login: str) -> Response:
    """Take a role in this study away."""
    account = _account(desk, login)
    form = desk.form("take")
    theirs = [grant.site for grant in _here(desk, account) if grant.site]  # an amendment may have dropped the site
    grant = _grant(desk, form, theirs)
    form.check()
    account = staff.take_role(desk.staff, login, grant, actor=desk.actor, now=desk.now, by=desk.session.login)
    if login == desk.session.login:  # one's own session has ended with it
        return desk.go("/", done="role.taken")
    if not _is_seen(desk, account):
        return desk.go("/accounts", done="role.taken")
    return desk.go("/accounts/<login>", done="role.taken", login=login)


def _grant(desk: Desk, form: Form, sites: Collection[str]) -> Grant:
    """The role in this study that a form names, at one of these sites; without a site it is for all of them."""
    role, site = form.one_of("role", list(Role)), form.one_of("site", sites, required=False)
    return Grant(Role(role) if role else Role.NURSE, desk.study.slug, site or None)


def _handed_over(desk: Desk, login: str, code: str) -> Response:
    link = f"{place(desk.staff).origin}/staff/set-up#{code}"
    return desk.page("accounts/code.html", title=desk.t("accounts.code"), login=login, code=code, link=link)


def _account(desk: Desk, login: str) -> Account:
    """An account that is to be seen from here. Raises Refused(account-unknown) for others, as for those that nobody has."""
    try:
        account = accounts.find(desk.staff.store.read(), login)
    except Refused as unknown:
        raise Refused(unknown.problem) from None
    if not _is_seen(desk, account):
        raise Refused(problems.ACCOUNT_UNKNOWN)
    return account


def _is_seen(desk: Desk, account: Account) -> bool:
    """Whether it has a role here; or had its last one in a study that the person administers, as all those that it has roles in."""
    return bool(_here(desk, account)) or (desk.may(Permission.STAFF_MANAGE, None) and _is_mine(desk, account))


def _is_mine(desk: Desk, account: Account) -> bool:
    return not staff.is_beyond(desk.staff.store.read(), desk.session.grants, account)


def _here(desk: Desk, account: Account) -> list[Grant]:
    return [grant for grant in account.grants if grant.study == desk.study.slug]


def _events(desk: Desk, login: str) -> list[history.Event]:
    return history.of(desk.staff.store.read(), login, SHOWN)


def _state(desk: Desk, account: Account) -> tuple[str, str]:
    """How its badge looks, and the key of its words."""
    if account.closed_at is not None:
        return "plain", "accounts.closed"
    if account.has_password:
        return ("good", "accounts.ready") if account.has_factor else ("soon", "accounts.one_factor")
    waits = account.set_up_until is not None and account.set_up_until > stamp(desk.now)
    return ("calm", "accounts.waits") if waits else ("soon", "accounts.expired")


def _choices(desk: Desk) -> dict[str, Any]:
    """What the forms offer."""
    return {
        "roles": [(str(role), desk.t(f"role.{role}")) for role in Role],
        "sites": [("", desk.t("entrance.all_sites"))] + [(site, desk.t("entrance.site", site=site)) for site in desk.protocol.sites],
        "languages": [(code, desk.t(f"accounts.language.{code}")) for code in LANGUAGES],
    }
