"""The channel "email": plain text through one mail server (SMTP, over TLS), the idempotency key as its Message-ID."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

from qol_server.messaging import AT_LEAST, NotTaken, Undeliverable, Unknown
from qol_server.messaging.texts import Text
from qol_server.settings import Smtp

TIMEOUT = 10.0
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,250}[A-Za-z0-9])?", re.ASCII)


def send(server: Smtp, to: str, text: Text, key: str, now: datetime) -> None:
    """Hand a mail over; returns when the mail server took it. Raises Undeliverable, NotTaken, Unknown.

    What the server said before it was given the text is a no; what it said, or did not say, afterwards decides.
    """
    if not _ADDRESS.fullmatch(to):
        raise Undeliverable("the e-mail address cannot be used")
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = server.sender, to, text.subject
    mail["Date"] = format_datetime(now.astimezone(UTC))
    mail["Message-ID"] = f"<{key}@{server.sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text.body)
    with _connected(server) as connection:
        try:
            _agree(connection.mail(server.sender)[0])
            _agree(connection.rcpt(to)[0])
        except (OSError, smtplib.SMTPException) as gone:
            raise NotTaken("the mail server hung up", AT_LEAST) from gone
        try:
            code, _ = connection.data(mail.as_bytes())
        except smtplib.SMTPDataError as refused:  # before the text was sent
            code = refused.smtp_code
        except (OSError, smtplib.SMTPException) as silent:
            raise Unknown(type(silent).__name__) from silent
        _agree(code)


@contextmanager
def _connected(server: Smtp) -> Iterator[smtplib.SMTP]:
    """A connection that is encrypted and logged in as the settings say."""
    context = ssl.create_default_context()
    try:
        if server.tls == "implicit":
            connection: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT, context=context)
        else:
            connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT)
        try:
            if server.tls == "starttls":
                connection.starttls(context=context)
            connection.ehlo_or_helo_if_needed()
            if server.user:
                connection.login(server.user, server.password)
        except BaseException:
            connection.close()
            raise
    except smtplib.SMTPAuthenticationError as refused:
        raise Undeliverable("the mail server refused the log-in") from refused
    except (OSError, smtplib.SMTPException) as nobody:
        raise NotTaken("the mail server cannot be reached, or not as the settings say", AT_LEAST) from nobody
    try:
        yield connection
    finally:
        with suppress(OSError, smtplib.SMTPException):
            connection.quit()
        connection.close()


def _agree(code: int) -> None:
    """What the server says to one address; it may hold nothing against the others."""
    if 400 <= code < 500:
        raise NotTaken(f"the mail server answered {code}")
    if code >= 500:
        raise Undeliverable(f"the mail server answered {code}")
