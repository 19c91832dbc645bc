"""The channel "sms" by Apprise, which knows many providers: an extra that is installed where it is wanted."""

from __future__ import annotations

import importlib
from urllib.parse import quote

from qol_server.messaging import Undeliverable, Unknown
from qol_server.messaging.texts import Text

PLACE = "{to}"
"""Where the telephone number goes in an address of Apprise."""
MISSING = "QOL_APPRISE_URL is set, and Apprise is not installed; install it with: pip install 'qol-server[apprise]'"


def send(address: str, to: str, text: Text) -> None:
    """Hand a message to the provider that an address of Apprise names. Raises Undeliverable; Unknown where Apprise says no more.

    Apprise retries by itself in no case; what it answers is yes or no, and a no may come after the provider took the message.
    """
    try:
        apprise = importlib.import_module("apprise")
    except ImportError:
        raise Undeliverable(MISSING) from None
    provider = apprise.Apprise()
    if not provider.add(address.replace(PLACE, quote(to, safe=""))):
        raise Undeliverable("Apprise does not understand QOL_APPRISE_URL")
    if not provider.notify(body=text.body):
        raise Unknown("the provider did not say yes")
