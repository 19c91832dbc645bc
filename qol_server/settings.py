"""The server's settings: one frozen value read once from the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from qol_server import proxies


class SettingsError(Exception):
    """A setting is wrong; the message names it and what is allowed."""


@dataclass(frozen=True, slots=True)
class Smtp:
    """The mail server that takes mails. ``tls``: starttls, implicit, or none (on this machine only). ``sender``: whom they come from."""

    host: str
    port: int
    tls: str
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Webhook:
    """The gateway that takes messages to telephones, and the secret with which both sides sign."""

    url: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """``data``: the folder that holds everything. ``sync_again_after``: seconds until a phone asks again unprompted.

    ``app_withdrawn``: phones are told to give up the app that they keep, and to load it afresh each time.
    ``push_contact``: where the operators of push services can reach whoever runs this server, a mailto: or https: address.
    ``public_url``: scheme and host of the server as browsers know them, where that is not what a request says; ``trusted_proxies``
    may say of a request who asked.
    ``apprise``: an address of Apprise with ``{to}`` where the telephone number goes.
    ``loopback``: push services and gateways on this machine are posted to, which is refused otherwise.
    ``durable`` False (no environment variable sets it) is for simulations only: what they lose can be lived again.
    """

    data: Path
    sync_again_after: int = 300
    log_level: str = "info"
    app_withdrawn: bool = False
    push_contact: str = ""
    public_url: str = ""
    trusted_proxies: tuple[proxies.Network, ...] = ()
    durable: bool = True
    smtp: Smtp | None = None
    webhook: Webhook | None = None
    apprise: str = field(default="", repr=False)
    loopback: bool = False

    @property
    def studies(self) -> Path:
        return self.data / "studies"

    @property
    def contacts(self) -> Path:
        return self.data / "contacts"

    @property
    def server(self) -> Path:
        return self.data / "server.db"

    @property
    def keys(self) -> Path:
        return self.data / "keys"


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable that is read, as the reference lists it."""

    name: str
    default: str
    allowed: str
    meaning: str


_CONTACT = re.compile(r"(mailto:[^\s@]+@[^\s@]+|https://[^\s/]+\S*)", re.ASCII)
_PUBLIC_URL = re.compile(r"(https://[a-z0-9.-]+|http://localhost)(:[0-9]{1,5})?", re.ASCII)
TLS = {"starttls": 587, "implicit": 465, "none": 25}  # how a mail server is spoken to -> its usual port
SECRET_LEAST = 16
_SENDER = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9][A-Za-z0-9.-]*", re.ASCII)
_URL = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?", re.ASCII)
_LOCAL_URL = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?(/[!-~]*)?", re.ASCII)
_HERE = ("localhost", "127.0.0.1", "::1")
LOG_LEVELS = ("debug", "info", "warning", "error")
AGAIN_LEAST, AGAIN_MOST = 10, 86400
VARIABLES = (
    Variable("QOL_DATA", "data", "a path", "The data folder; `--data` wins over it."),
    Variable("QOL_SYNC_AGAIN_AFTER", "300", f"{AGAIN_LEAST} to {AGAIN_MOST}", "Seconds until a phone asks again when nobody uses it."),
    Variable("QOL_LOG_LEVEL", "info", ", ".join(LOG_LEVELS), "The least important lines that the server and its clock still log."),
    Variable(
        "QOL_APP_WITHDRAWN",
        "",
        "1",
        "Phones give up the copy of the app that they keep and load it from here each time; what they hold for the study stays.",
    ),
    Variable(
        "QOL_PUSH_CONTACT",
        "",
        "mailto:… or https://…",
        "Where the operators of push services can reach you; some (Apple's) take no reminder without it.",
    ),
    Variable(
        "QOL_PUBLIC_URL",
        "",
        "https://host or https://host:port",
        "The server's address as browsers know it: passkeys belong to it, and links begin with it. Default: what each request says.",
    ),
    Variable(
        "QOL_TRUSTED_PROXIES",
        "",
        "addresses and networks between commas",
        "Reverse proxies whose X-Forwarded-For, -Proto and -Host are believed, like 127.0.0.1, ::1 or 10.1.0.0/16.",
    ),
    Variable("QOL_SMTP_HOST", "", "a host name", "The mail server for reminders and notices by e-mail; without it none are sent."),
    Variable("QOL_SMTP_PORT", "by TLS: 587, 465, 25", "1 to 65535", "Its port."),
    Variable(
        "QOL_SMTP_TLS", "starttls", ", ".join(TLS), "How the connection to it is encrypted; `none` only for a mail server on this machine."
    ),
    Variable("QOL_SMTP_FROM", "", "an e-mail address", "Whom mails come from; needed with `QOL_SMTP_HOST`."),
    Variable("QOL_SMTP_USER", "", "a log-in", "With it and `QOL_SMTP_PASSWORD` the server logs in to the mail server."),
    Variable("QOL_SMTP_PASSWORD", "", "a secret", "The password to it."),
    Variable("QOL_SMTP_PASSWORD_FILE", "", "a path", "A file that holds it instead."),
    Variable("QOL_WEBHOOK_URL", "", "https://…", "The gateway for text messages: posted to, signed; see [webhook](webhook.md)."),
    Variable("QOL_WEBHOOK_SECRET", "", f"{SECRET_LEAST} characters or more", "With it both sides sign; needed with the URL."),
    Variable("QOL_WEBHOOK_SECRET_FILE", "", "a path", "A file that holds it instead."),
    Variable(
        "QOL_APPRISE_URL",
        "",
        "an address of Apprise with `{to}`",
        "The provider for text messages instead of a gateway, where Apprise is installed; `{to}` is the telephone number.",
    ),
    Variable("QOL_APPRISE_URL_FILE", "", "a path", "A file that holds it instead."),
    Variable("QOL_LOOPBACK", "", "1", "Push services and gateways on this machine are posted to, also by http. For tests."),
    Variable("QOL_DEBUG", "", "1", "A command that fails shows where in the code; for reports, as it may show what was handled."),
    Variable("QOL_PYTHON", "", "a path", "The Python with which `./qol` sets itself up, instead of the newest that it finds."),
)


def from_environment(environment: Mapping[str, str] | None = None, data: str | None = None) -> Settings:
    """Read the variables that concern the server; ``data`` wins over ``QOL_DATA``.

    Raises SettingsError naming the setting and what is allowed.
    """
    values = os.environ if environment is None else environment
    again = values.get("QOL_SYNC_AGAIN_AFTER", "300")
    if not again.isascii() or not again.isdigit() or not AGAIN_LEAST <= int(again) <= AGAIN_MOST:
        raise SettingsError(f"QOL_SYNC_AGAIN_AFTER is {again!r}; it must be a whole number of seconds from {AGAIN_LEAST} to {AGAIN_MOST}.")
    level = values.get("QOL_LOG_LEVEL", "info").lower()
    if level not in LOG_LEVELS:
        raise SettingsError(f"QOL_LOG_LEVEL is {level!r}; it must be one of {', '.join(LOG_LEVELS)}.")
    withdrawn = values.get("QOL_APP_WITHDRAWN", "")
    if withdrawn not in ("", "1"):
        raise SettingsError(f"QOL_APP_WITHDRAWN is {withdrawn!r}; it must be 1 or not set.")
    contact = values.get("QOL_PUSH_CONTACT", "")
    if contact and not _CONTACT.fullmatch(contact):
        raise SettingsError(f"QOL_PUSH_CONTACT is {contact!r}; it must be like mailto:trials@example.org or https://example.org/contact.")
    public = values.get("QOL_PUBLIC_URL", "").rstrip("/").lower()
    if public and not _PUBLIC_URL.fullmatch(public):
        raise SettingsError(f"QOL_PUBLIC_URL is {public!r}; it must be like https://qol.example.org, without a path.")
    try:
        trusted = proxies.networks(values.get("QOL_TRUSTED_PROXIES", ""))
    except ValueError as wrong:
        raise SettingsError(f"QOL_TRUSTED_PROXIES: {wrong}; it must be addresses like 127.0.0.1 or 10.1.0.0/16 between commas.") from wrong
    loopback = _switch(values, "QOL_LOOPBACK")
    return Settings(
        Path(data or values.get("QOL_DATA") or "data").resolve(), int(again), level, withdrawn == "1", contact, public, trusted,
        smtp=_smtp(values), webhook=_webhook(values, loopback=loopback), apprise=_apprise(values), loopback=loopback,
    )  # fmt: skip


def _switch(values: Mapping[str, str], name: str) -> bool:
    if values.get(name, "") not in ("", "1"):
        raise SettingsError(f"{name} is {values[name]!r}; it must be 1 or not set.")
    return values.get(name) == "1"


def _secret(values: Mapping[str, str], name: str) -> str:
    """A secret, or what stands in the file that ``NAME_FILE`` names; what is said of a wrong one does not quote it."""
    path = values.get(f"{name}_FILE", "")
    if not path:
        return values.get(name, "")
    if values.get(name):
        raise SettingsError(f"{name} and {name}_FILE are both set; set one of them.")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as unreadable:
        raise SettingsError(f"{name}_FILE names {path}, which cannot be read: {type(unreadable).__name__}.") from None


def _smtp(values: Mapping[str, str]) -> Smtp | None:
    host, tls, sender = values.get("QOL_SMTP_HOST", ""), values.get("QOL_SMTP_TLS", "starttls"), values.get("QOL_SMTP_FROM", "")
    user, password = values.get("QOL_SMTP_USER", ""), _secret(values, "QOL_SMTP_PASSWORD")
    if not host:
        return None
    if tls not in TLS:
        raise SettingsError(f"QOL_SMTP_TLS is {tls!r}; it must be one of {', '.join(TLS)}.")
    if tls == "none" and host not in _HERE:
        raise SettingsError("QOL_SMTP_TLS is none; mails would cross the network in clear text. It is allowed for localhost only.")
    port = values.get("QOL_SMTP_PORT", str(TLS[tls]))
    if not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:
        raise SettingsError(f"QOL_SMTP_PORT is {port!r}; it must be a port from 1 to 65535.")
    if not _SENDER.fullmatch(sender):
        raise SettingsError(f"QOL_SMTP_FROM is {sender!r}; with QOL_SMTP_HOST it must be an address like trials@example.org.")
    if bool(user) != bool(password):
        raise SettingsError("QOL_SMTP_USER and QOL_SMTP_PASSWORD go together; set both or neither.")
    return Smtp(host, int(port), tls, sender, user, password)


def _webhook(values: Mapping[str, str], *, loopback: bool) -> Webhook | None:
    url, secret = values.get("QOL_WEBHOOK_URL", ""), _secret(values, "QOL_WEBHOOK_SECRET")
    if not url:
        return None
    if not _URL.fullmatch(url) and not (loopback and _LOCAL_URL.fullmatch(url)):
        raise SettingsError("QOL_WEBHOOK_URL must be an address like https://gateway.example.org/messages.")
    if len(secret) < SECRET_LEAST:
        raise SettingsError(f"QOL_WEBHOOK_SECRET must have {SECRET_LEAST} characters or more, so that nobody can sign in your name.")
    return Webhook(url, secret)


def _apprise(values: Mapping[str, str]) -> str:
    address = _secret(values, "QOL_APPRISE_URL")
    if address and "{to}" not in address:
        raise SettingsError("QOL_APPRISE_URL must hold {to} where the telephone number goes.")
    return address
