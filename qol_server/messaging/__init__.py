"""Messages to participants, by channel: they say that something is to be filled in, never what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from qol_server.messaging.log import LogChannel


class Channel(Protocol):
    """One way to reach a participant.

    ``send`` returns when the message was handed over and raises when it was not, or when nobody knows. ``to`` is the
    participant's number; ``key`` names this message and no other, so that a provider can recognise a repetition.
    """

    def send(self, to: str, text: str, key: str) -> None: ...


TEXTS: Mapping[str, str] = {
    "en": "You have something to fill in.",
    "fr": "Vous avez quelque chose à remplir.",
}
"""What a message says, by language. A locked screen shows it to anybody: no title of a questionnaire, nothing of health."""


def text(language: str) -> str:
    """The message in the participant's language, in English where there is no translation."""
    return TEXTS.get(language.partition("-")[0], TEXTS["en"])


def channel(name: str) -> Channel:
    """The channel that a protocol's ladder names: push, email, sms … All are written to the log."""
    return LogChannel(name)
