"""Hands each message to its channel: push to the phones, e-mail to the mail server, SMS to the operator's gateway or Apprise."""

from __future__ import annotations

import re
from datetime import datetime

from qol_server.intake import reach
from qol_server.intake.study import Study
from qol_server.messaging import Message, Send, Undeliverable, by_apprise, mail, push, webhook
from qol_server.messaging.patience import Patience
from qol_server.messaging.texts import Text
from qol_server.settings import Settings

NO_ADDRESS = "no address is known"
NOT_SET_UP = "the channel is not set up"
MAIL_SERVER, GATEWAY = "mail server", "gateway"


class Sender:
    """Sends a study's messages. It remembers which services asked to be left alone, so a clock keeps one for each study."""

    def __init__(self, study: Study, settings: Settings) -> None:
        self._study, self._settings = study, settings
        self._patience = Patience()

    def at(self, now: datetime) -> Send:
        """What sends messages to participants at an instant."""

        def send(message: Message) -> None:
            if message.channel == "push":
                push.send(self._study, self._settings, message, now, self._patience)
            elif message.channel == "email":
                self._email(message, now)
            else:
                self._sms(message, now)

        return send

    def mail(self, to: str, text: Text, key: str, now: datetime) -> None:
        """Send a mail. Raises Undeliverable, NotTaken, Unknown."""
        server = self._settings.smtp
        if server is None:
            raise Undeliverable(NOT_SET_UP)
        with self._patience.of(MAIL_SERVER, now):
            mail.send(server, to, text, key, now)

    def _email(self, message: Message, now: datetime) -> None:
        if self._settings.smtp is None:  # then nobody looks at the address
            raise Undeliverable(NOT_SET_UP)
        self.mail(self._address(message, "email", now), message.text, message.key, now)

    def _sms(self, message: Message, now: datetime) -> None:
        gateway, address = self._settings.webhook, self._settings.apprise
        if gateway is None and not address:
            raise Undeliverable(NOT_SET_UP)
        to = re.sub(r"[^0-9+]", "", self._address(message, "telephone", now))
        with self._patience.of(GATEWAY, now):
            if gateway is not None:
                webhook.send(gateway, to, message.text, message.language, message.key, now, loopback=self._settings.loopback)
            else:
                by_apprise.send(address, to, message.text)

    def _address(self, message: Message, field: str, now: datetime) -> str:
        found = reach.detail(self._study, message.to, field, now, why=f"reminder {message.key}")
        if found is None:
            raise Undeliverable(NO_ADDRESS)
        return found
