"""Messages to participants, by channel: they say that something is to be filled in, never what."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from qol_server.messaging import log

Send = Callable[[str, str, str, str], None]
"""Sends by a channel, to a participant's number, a text, under a key that names this message and no other.

Returns when the message was handed over; raises when it was not, or when nobody knows.
"""

TEXTS: Mapping[str, str] = {
    "en": "You have something to fill in.",
    "fr": "Vous avez quelque chose à remplir.",
}
"""What a message says, by language. A locked screen shows it to anybody: no title of a questionnaire, nothing of health."""


def text(language: str) -> str:
    """The message in the participant's language, in English where there is no translation."""
    return TEXTS.get(language.partition("-")[0], TEXTS["en"])


def send(channel: str, to: str, text: str, key: str) -> None:
    """Send by a channel that a protocol's ladder names: push, email, sms … Each is written to the log."""
    log.LogChannel(channel).send(to, text, key)
