"""Messages to participants and staff, by channel: they say that something waits, never what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from qol_server.messaging import log

AT_LEAST = timedelta(minutes=1)
"""How long a service is left alone that could not be reached, or that asks to be without saying for how long."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message ``to`` a participant's number, by a channel that a protocol's ladder names: push, email, sms.

    ``key`` names this message and no other. ``occurrence`` is what it reminds of: for the phone, never for the text.
    """

    channel: str
    to: str
    language: str
    key: str
    occurrence: str


class Undeliverable(Exception):
    """A message was not handed over and will not be by this channel; ``why`` holds no address and nothing of the message."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class NotTaken(Exception):
    """A message was not taken now and may be tried again; ``wait``: how long the channel asks to be left alone by everybody."""

    def __init__(self, why: str, wait: timedelta = timedelta(0)) -> None:
        super().__init__(why)
        self.why, self.wait = why, wait


class Unknown(Exception):
    """A message was handed over, or not: nobody knows."""


Send = Callable[[Message], None]
"""Returns when the message was handed over. Raises Undeliverable, NotTaken; anything else means that nobody knows."""


def send(message: Message) -> None:
    """The channel of those who are not to be reached: write to the log."""
    log.send(message.channel, message.key)
