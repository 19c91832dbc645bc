"""Messages to participants, by channel: they say that something is to be filled in, never what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from qol_server.messaging import log

if TYPE_CHECKING:
    from qol_server.intake.study import Study
    from qol_server.settings import Settings

TEXTS: Mapping[str, str] = {
    "en": "You have something to fill in.",
    "fr": "Vous avez quelque chose à remplir.",
}
"""What a message says, by language. A locked screen shows it to anybody: no title of a questionnaire, nothing of health."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message ``to`` a participant's number, by a channel that a protocol's ladder names: push, email, sms …

    ``key`` names this message and no other. ``occurrence`` is what it reminds of: for the phone, never for the text.
    """

    channel: str
    to: str
    language: str
    key: str
    occurrence: str

    @property
    def text(self) -> str:
        """The message in the participant's language, in English where there is no translation."""
        return TEXTS.get(self.language.partition("-")[0], TEXTS["en"])


class Undeliverable(Exception):
    """A message was not handed over and will not be by this channel; ``why`` holds no address and nothing of the message."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class NotTaken(Exception):
    """A message was not taken now and may be tried again; ``wait``: how long the channel asks to be left alone."""

    def __init__(self, why: str, wait: timedelta = timedelta(0)) -> None:
        super().__init__(why)
        self.why, self.wait = why, wait


Send = Callable[[Message], None]
"""Returns when the message was handed over. Raises Undeliverable, NotTaken; anything else means that nobody knows."""


def send(message: Message) -> None:
    """The channel of those who are not to be reached: write to the log."""
    log.send(message.channel, message.key)


def sender(study: Study, settings: Settings, now: datetime, *, loopback_http: bool = False) -> Send:
    """What sends a study's messages: web push to the phones that subscribed; all else goes to the log.

    ``loopback_http``: a test's push service on this machine is taken for one.
    """
    from qol_server.messaging import push  # who only writes to the log loads no network and no cryptography

    def deliver(message: Message) -> None:
        if message.channel != "push" or not push.send(study, settings, message, now, loopback_http=loopback_http):
            send(message)

    return deliver
