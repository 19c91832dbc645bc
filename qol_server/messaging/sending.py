"""Hands each message to its channel: push to the phones, e-mail to the mail server, SMS to the operator's gateway or Apprise."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from datetime import datetime

from qol_server.intake import reach
from qol_server.intake.study import Study
from qol_server.logs import log_failure
from qol_server.messaging import Message, Send, Undeliverable, by_apprise, mail, push, webhook
from qol_server.messaging.patience import Patience
from qol_server.messaging.texts import Text, Withheld, say
from qol_server.settings import Settings

log = logging.getLogger(__name__)

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

    def notice(self, to: str, template: str, language: str, slots: Mapping[str, str], key: str, now: datetime) -> None:
        """Send a mail to a member of staff. Raises Undeliverable, NotTaken, Unknown."""
        self._mail(to, self._say(template, language, **slots), key, now)

    def _say(self, template: str, language: str, **slots: str) -> Text:
        """The words of a template; withheld where it would name what the study is about."""
        protocol = self._study.protocol_in_force(self._study.store.read())
        names = [assessment.instrument for assessment in protocol.assessments.values()]
        names += [] if protocol.treatment is None else [protocol.treatment.name]
        try:
            return say(template, language, not_to_say=names, **slots)
        except Withheld as why:
            log_failure(log, f"a message of the template {template} is withheld", why)
            raise Undeliverable(f"the text is withheld: {why}") from why

    def _mail(self, to: str, text: Text, key: str, now: datetime) -> None:
        server = self._settings.smtp
        if server is None:
            raise Undeliverable(NOT_SET_UP)
        with self._patience.of(MAIL_SERVER, now):
            mail.send(server, to, text, key, now)

    def _email(self, message: Message, now: datetime) -> None:
        if self._settings.smtp is None:  # then nobody looks at the address
            raise Undeliverable(NOT_SET_UP)
        self._mail(self._address(message, "email", now), self._say("reminder", message.language), message.key, now)

    def _sms(self, message: Message, now: datetime) -> None:
        gateway, address = self._settings.webhook, self._settings.apprise
        if gateway is None and not address:
            raise Undeliverable(NOT_SET_UP)
        to, text = re.sub(r"[^0-9+]", "", self._address(message, "telephone", now)), self._say("reminder", message.language)
        with self._patience.of(GATEWAY, now):
            if gateway is not None:
                webhook.send(gateway, to, text, message.language, message.key, now, loopback=self._settings.loopback)
            else:
                by_apprise.send(address, to, text)

    def _address(self, message: Message, field: str, now: datetime) -> str:
        found = reach.detail(self._study, message.to, field, now, why=f"reminder {message.key}")
        if found is None:
            raise Undeliverable(NO_ADDRESS)
        return found
