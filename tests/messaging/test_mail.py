"""Mails as a mail server takes them: plain text, encrypted on the way, one key each; and what its answers mean."""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from qol_server.messaging import NotTaken, Undeliverable, Unknown, mail
from qol_server.messaging.texts import say
from qol_server.settings import Smtp
from tests.messaging.receivers import MailServer, mail_server
from tests.messaging.test_webpush import certificate_for

NOW = datetime(2026, 3, 3, 8, tzinfo=UTC)
KEY = "7f9c24e8-3b12-4fef-91e0-5a1f1f3b2a55"
TEXT = say("reminder", "fr")


def send(server: MailServer, to: str = "ada@home.example") -> None:
    mail.send(server.settings, to, TEXT, KEY, NOW)


def test_a_mail_is_plain_text_and_its_key_is_its_message_id() -> None:
    with mail_server() as there:
        send(there)
    [(to, taken)] = there.taken
    assert to == taken["To"] == "ada@home.example"
    assert taken["From"] == "trials@hospital.example"
    assert taken["Subject"] == "Quelque chose à remplir"
    assert taken["Message-ID"] == f"<{KEY}@hospital.example>"
    assert taken["Date"] == "Tue, 03 Mar 2026 08:00:00 +0000"
    assert taken["Auto-Submitted"] == "auto-generated"
    assert taken.get_content_type() == "text/plain"
    assert taken.get_content().strip() == "Vous avez quelque chose à remplir."


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A certificate for localhost that this process trusts."""
    certificate, key = certificate_for("localhost", tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    return context


def test_the_way_is_encrypted_and_the_server_logs_in(tls: ssl.SSLContext) -> None:
    with mail_server(tls, user="qol") as there:
        send(there)
    assert (len(there.taken), there.logins) == (1, ["qol"])


def test_a_wrong_password_is_said_and_nothing_is_sent(tls: ssl.SSLContext) -> None:
    with mail_server(tls, user="qol", is_known=False) as there, pytest.raises(Undeliverable, match="refused the log-in"):
        send(there)
    assert there.taken == []


def test_a_certificate_that_nobody_vouches_for_is_not_taken(tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    with mail_server(tls, user="qol") as there:
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(NotTaken, match="not as the settings say"):
            send(there)
    assert (there.taken, there.logins) == ([], [])


def test_a_server_that_does_not_encrypt_is_given_nothing() -> None:
    with mail_server() as there:
        there.settings = Smtp("127.0.0.1", there.settings.port, "starttls", "trials@hospital.example")
        with pytest.raises(NotTaken):
            send(there)
    assert there.taken == []


@pytest.mark.parametrize(
    ("step", "answer", "means"),
    [
        ("RCPT", "550 unknown here", Undeliverable), ("RCPT", "450 come back", NotTaken), ("DATA", "554 no", Undeliverable),
        ("DATA", "451 later", NotTaken), ("DATA", "hang up", Unknown),
    ],
)  # fmt: skip
def test_what_the_servers_answer_means(step: str, answer: str, means: type[Exception]) -> None:
    with mail_server() as there:
        there.answers[step] = answer
        with pytest.raises(means):
            send(there)
    assert len(there.taken) == (1 if means is Unknown else 0)


def test_what_is_said_to_one_address_holds_nothing_up_and_a_server_that_is_away_does() -> None:
    with mail_server() as there:
        there.answers["RCPT"] = "450 come back"
        with pytest.raises(NotTaken) as busy:
            send(there)
    assert not busy.value.wait
    with pytest.raises(NotTaken) as away:
        send(there)
    assert away.value.wait


def test_a_server_that_hangs_up_before_it_was_given_the_text_took_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as odd:

        def talk() -> None:
            connection, _ = odd.accept()
            with connection:
                connection.sendall(b"220 hello\r\n")
                connection.recv(1000)
                connection.sendall(b"250 hello\r\n")
                connection.recv(1000)

        thread = threading.Thread(target=talk)
        thread.start()
        with pytest.raises(NotTaken, match="hung up"):
            mail.send(Smtp("127.0.0.1", odd.getsockname()[1], "none", "a@b.example"), "ada@home.example", TEXT, KEY, NOW)
        thread.join()


@pytest.mark.parametrize(
    "to", ["", "ada", "ada@", "@home.example", "ada@home.example\r\nBcc: eve@x.example", "ada home@x.example", "é@x.example"]
)
def test_what_is_no_address_reaches_no_server(to: str) -> None:
    with mail_server() as there, pytest.raises(Undeliverable, match="cannot be used"):
        send(there, to)
    assert there.taken == []
