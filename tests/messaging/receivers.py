"""A mail server and a gateway for text messages on this machine: they read what they are given, and answer as told."""

from __future__ import annotations

import asyncio
import email
import email.policy
import hashlib
import hmac
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from qol_server.settings import Smtp, Webhook
from tests.messaging.browser import Service, service

SECRET = "a secret of both sides"


@dataclass(slots=True)
class MailServer:
    """What a mail server took; ``answers``: step (RCPT, DATA) -> what it says instead of yes; "hang up" ends the connection."""

    settings: Smtp
    answers: dict[str, str] = field(default_factory=dict)
    taken: list[tuple[str, EmailMessage]] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)

    async def handle_RCPT(self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]) -> str:
        if "RCPT" in self.answers:
            return self.answers["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:
        [to] = envelope.rcpt_tos
        content = envelope.content
        assert isinstance(content, bytes)
        answer = self.answers.get("DATA", "250 OK")
        if answer in ("250 OK", "hang up"):
            parsed = email.message_from_bytes(content, policy=email.policy.default)
            assert isinstance(parsed, EmailMessage)
            self.taken.append((to, parsed))
        if answer == "hang up":
            server.transport.close()
            await asyncio.sleep(0)
        return answer

    def authenticate(self, *given: Any) -> AuthResult:
        login, password = (part.decode() for part in given[-1])
        self.logins.append(login)
        return AuthResult(success=password == "right", handled=False)


class Anywhere(Controller):
    """Listens on a free port, which it knows once it listens."""

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mail_server(tls: ssl.SSLContext | None = None, user: str = "", *, is_known: bool = True) -> Iterator[MailServer]:
    """Run a mail server until the block ends; with ``tls`` it insists on STARTTLS and a log-in."""
    made = MailServer(Smtp("127.0.0.1", 0, "none", "trials@hospital.example"))
    more: dict[str, Any] = {}
    if tls is not None:
        more = {"tls_context": tls, "require_starttls": True, "auth_required": True, "authenticator": made.authenticate}
    controller = Anywhere(made, hostname="127.0.0.1", port=0, **more)
    controller.start()
    host, how = ("127.0.0.1", "none") if tls is None else ("localhost", "starttls")
    made.settings = Smtp(host, controller.port, how, "trials@hospital.example", user, ("right" if is_known else "wrong") if user else "")
    try:
        yield made
    finally:
        controller.stop()


@dataclass(slots=True)
class Gateway:
    """A gateway that checks each signature as docs/reference/webhook.md says, and takes a message of a key once."""

    there: Service

    @property
    def settings(self) -> Webhook:
        return Webhook(f"{self.there.address}/messages", SECRET)

    @property
    def taken(self) -> list[dict[str, Any]]:
        """The messages by their keys, each once; fails where one is not signed."""
        found: dict[str, dict[str, Any]] = {}
        for _, headers, body in self.there.taken:
            said = headers["qol-timestamp"].encode() + b"." + body
            assert headers["qol-signature"] == "v1=" + hmac.new(SECRET.encode(), said, hashlib.sha256).hexdigest()
            message = json.loads(body)
            assert headers["idempotency-key"] == message["key"]
            assert headers["content-type"] == "application/json"
            found[message["key"]] = message
        return list(found.values())


@contextmanager
def gateway() -> Iterator[Gateway]:
    with service() as there:
        yield Gateway(there)
