"""The server's settings: one frozen value read once from the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from qol_server import proxies


class SettingsError(Exception):
    """A setting is wrong; the message names it and what is allowed."""


@dataclass(frozen=True, slots=True)
class Settings:
    """``data``: the folder that holds everything. ``sync_again_after``: seconds until a phone asks again unprompted.

    ``app_withdrawn``: phones are told to give up the app that they keep, and to load it afresh each time.
    ``push_contact``: where the operators of push services can reach whoever runs this server, a mailto: or https: address.
    ``public_url``: scheme and host of the server as browsers know them, where that is not what a request says; ``trusted_proxies``
    may say of a request who asked.
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
    return Settings(Path(data or values.get("QOL_DATA") or "data").resolve(), int(again), level, withdrawn == "1", contact, public, trusted)
