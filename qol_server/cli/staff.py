"""`qol staff`: accounts of the people who work with the server, and their roles."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from qol_server.cli.acting import as_option, settings_of
from qol_server.cli.common import common, emit, fail, table
from qol_server.trial.roles import Grant, Role

if TYPE_CHECKING:
    from qol_server.access.accounts import Account
    from qol_server.intake.staff import Staff

SET_UP_PAGE = "/staff/set-up"


@click.group()
def command() -> None:
    """Add accounts of staff, give them roles, reset, close and list them."""


def _staff(data: Path) -> tuple[Staff, datetime]:
    from qol_server.clock import wall_clock
    from qol_server.intake.staff import open_staff

    now = wall_clock()
    return open_staff(settings_of(data), now), now


def _link(code: str, url: str | None) -> str | None:
    return None if url is None else f"{url.rstrip('/')}{SET_UP_PAGE}#{code}"


def _handed_over(login: str, code: str, url: str | None) -> list[str]:
    link = _link(code, url)
    where = (
        f"Link  {link}"
        if link
        else f"The code is typed in at the server's address followed by {SET_UP_PAGE}; with --url it becomes a link."
    )
    return [
        f"Code  {code}", where, f"Hand it to nobody but {login}. It is good once, for 72 hours, and not shown again: with it",
        "a password is chosen and an authenticator added.",
    ]  # fmt: skip


url_option = click.option("--url", metavar="URL", help="The server's address, to print a link.")


@command.command()
@click.argument("login")
@click.option("--name", required=True, help="The person's name, as colleagues see it.")
@click.option("--language", default="en", show_default=True, help="en or fr.")
@click.option("--email", metavar="ADDRESS", help="Where the person is told of what cannot wait.")
@click.option(
    "--password", "with_password", is_flag=True, help="For demonstrations: asks for a password (or reads a line) instead of making a code."
)
@url_option
@as_option
@common
def add(login: str, name: str, language: str, email: str | None, with_password: bool, url: str | None, actor: str, data: Path) -> None:
    """Add an account for LOGIN, like nora@hospital.example, and print the one-time code that sets it up.

    An account made with --password has no second factor.
    """
    from qol_server.access.accounts import canonical
    from qol_server.intake import staff as staffs

    password = _password() if with_password else None
    staff, now = _staff(data)
    code = staffs.add(staff, login, name, language, actor=actor, now=now, email=email, password=password)
    login = canonical(login)
    lines = [f"{login} is added."]
    lines += ["It has no second factor: keep such accounts to demonstrations."] if code is None else _handed_over(login, code, url)
    lines += [f"It has no role yet. Give one with: qol staff role {login} nurse STUDY --site 01"]
    emit({"login": login, "code": code, "link": _link(code, url) if code else None}, "\n".join(lines))


def _password() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    given = sys.stdin.readline().rstrip("\r\n")
    return (
        given
        if given
        else fail("there is no password on standard input.", advice="Write it on one line, or run the command in a terminal.")
    )


@command.command()
@click.argument("login")
@click.argument("role", type=click.Choice([str(role) for role in Role]))
@click.argument("study")
@click.option("--site", metavar="NN", help="At this site only. Default: at all sites, and for the study as a whole.")
@click.option("--take", is_flag=True, help="Take the role away.")
@as_option
@common
def role(login: str, role: str, study: str, site: str | None, take: bool, actor: str, data: Path) -> None:
    """Give LOGIN a ROLE in STUDY, or take it away. Whoever is logged in has to log in again."""
    from qol_server.intake import staff as staffs

    staff, now = _staff(data)
    change = staffs.take_role if take else staffs.give_role
    account = change(staff, login, Grant(Role(role), study, site), actor=actor, now=now)
    said = f"{account.login}: {_roles(account) or 'no role'}."
    emit({"login": account.login, "roles": _grants(account)}, said)


@command.command()
@click.argument("login")
@url_option
@as_option
@common
def reset(login: str, url: str | None, actor: str, data: Path) -> None:
    """Print a new one-time code for LOGIN; the old password, second factor and all sessions end at once."""
    from qol_server.access.accounts import canonical
    from qol_server.intake import staff as staffs

    staff, now = _staff(data)
    code = staffs.reset(staff, login, actor=actor, now=now)
    login = canonical(login)
    emit(
        {"login": login, "code": code, "link": _link(code, url)},
        "\n".join([f"{login} is reset; it keeps its roles.", *_handed_over(login, code, url)]),
    )


@command.command()
@click.argument("login")
@as_option
@common
def close(login: str, actor: str, data: Path) -> None:
    """Close the account of LOGIN for good: its sessions end and nobody logs in with it any more. `qol staff reset` opens it again."""
    from qol_server.access.accounts import canonical
    from qol_server.intake import staff as staffs

    staff, now = _staff(data)
    staffs.close(staff, login, actor=actor, now=now)
    login = canonical(login)
    emit({"login": login}, f"{login} is closed; what it did stays in the journals.")


@command.command()
@click.argument("login")
@as_option
@common
def erase(login: str, actor: str, data: Path) -> None:
    """Erase the name and the e-mail address of whoever had the closed account of LOGIN. The login stays: it stands in the journals."""
    from qol_server.access.accounts import canonical
    from qol_server.intake import staff as staffs

    staff, now = _staff(data)
    staffs.erase(staff, login, actor=actor, now=now)
    login = canonical(login)
    emit({"login": login}, f"Of {login} only the login is kept.")


@command.command("list")
@common
def list_(data: Path) -> None:
    """List the accounts with their roles."""
    from qol_server.access import accounts
    from qol_server.clock import stamp

    staff, now = _staff(data)
    found = accounts.every(staff.store.read())
    rows = [
        {
            "login": one.login, "name": one.name, "language": one.language, "state": _state(one, stamp(now)), "added_at": one.added_at,
            "last_login": one.last_login, "set_up_until": one.set_up_until, "roles": _grants(one),
        }
        for one in found
    ]  # fmt: skip
    shown = [(row["login"], row["name"], row["state"], row["last_login"], _roles(one)) for row, one in zip(rows, found, strict=True)]
    none = "There are no accounts yet. Add one with: qol staff add LOGIN --name NAME"
    emit({"accounts": rows}, lambda: table(shown, ("login", "name", "state", "last login", "roles")) if shown else none)


def _state(account: Account, now: str) -> str:
    """``closed``, ``ready``, ``password only`` (no second factor), ``set-up waits`` or, when its code is too old, ``code expired``."""
    if account.closed_at is not None:
        return "closed"
    if account.has_password:
        return "ready" if account.has_factor else "password only"
    return "set-up waits" if account.set_up_until and account.set_up_until > now else "code expired"


def _grants(account: Account) -> list[dict[str, str | None]]:
    return [{"role": str(grant.role), "study": grant.study, "site": grant.site} for grant in account.grants]


def _roles(account: Account) -> str:
    return ", ".join(f"{grant.role} in {grant.study}{f' at {grant.site}' if grant.site else ''}" for grant in account.grants)
