"""The settings of the channels: secrets from files, clear words about what is wrong, and never the secret itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from qol_server.settings import SettingsError, Smtp, Webhook, from_environment

SMTP = {"QOL_SMTP_HOST": "mail.example.org", "QOL_SMTP_FROM": "trials@example.org"}
SECRET = "0123456789abcdef"


def test_what_is_not_set_is_not_there() -> None:
    settings = from_environment({})
    assert (settings.smtp, settings.webhook, settings.apprise, settings.public_url, settings.loopback) == (None, None, "", "", False)


@pytest.mark.parametrize(("tls", "port"), [("starttls", 587), ("implicit", 465)])
def test_a_mail_server_with_its_usual_port(tls: str, port: int) -> None:
    assert from_environment(SMTP | {"QOL_SMTP_TLS": tls}).smtp == Smtp("mail.example.org", port, tls, "trials@example.org")


def test_secrets_come_from_files_and_are_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n", encoding="utf-8")
    named = {"QOL_SMTP_USER": "qol", "QOL_SMTP_PASSWORD_FILE": str(file), "QOL_WEBHOOK_URL": "https://gateway.example.org/x"}
    apprise = tmp_path / "apprise"
    apprise.write_text("twilio://secret-token/{to}", encoding="utf-8")
    settings = from_environment(SMTP | named | {"QOL_WEBHOOK_SECRET_FILE": str(file), "QOL_APPRISE_URL_FILE": str(apprise)})
    assert settings.smtp is not None
    assert (settings.smtp.password, settings.webhook) == (SECRET, Webhook("https://gateway.example.org/x", SECRET))
    assert SECRET not in repr(settings)
    assert "secret-token" not in repr(settings)


WRONG: dict[str, dict[str, str]] = {
    "QOL_SMTP_FROM": {"QOL_SMTP_HOST": "mail.example.org"},
    "one of starttls, implicit, none": SMTP | {"QOL_SMTP_TLS": "ssl"},
    "in clear text": SMTP | {"QOL_SMTP_TLS": "none"},
    "QOL_SMTP_PORT": SMTP | {"QOL_SMTP_PORT": "70000"},
    "go together": SMTP | {"QOL_SMTP_USER": "qol"},
    "both set": SMTP | {"QOL_SMTP_USER": "qol", "QOL_SMTP_PASSWORD": SECRET, "QOL_SMTP_PASSWORD_FILE": "/there"},
    "cannot be read": {"QOL_WEBHOOK_URL": "https://g.example.org/", "QOL_WEBHOOK_SECRET_FILE": "/nowhere/secret"},
    "16 characters": {"QOL_WEBHOOK_URL": "https://g.example.org/", "QOL_WEBHOOK_SECRET": "short"},
    "QOL_WEBHOOK_URL must be": {"QOL_WEBHOOK_URL": "http://g.example.org/", "QOL_WEBHOOK_SECRET": SECRET},
    "like https://gateway": {"QOL_WEBHOOK_URL": "http://localhost:9/", "QOL_WEBHOOK_SECRET": SECRET},
    "{to}": {"QOL_APPRISE_URL": "twilio://secret"},
    "QOL_PUBLIC_URL": {"QOL_PUBLIC_URL": "qol.example.org"},
    "QOL_LOOPBACK": {"QOL_LOOPBACK": "yes"},
}


@pytest.mark.parametrize("says", WRONG)
def test_a_wrong_one_stops_the_start_and_quotes_no_secret(says: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        from_environment(WRONG[says])
    assert says in str(wrong.value)
    assert SECRET not in str(wrong.value)
    assert "twilio" not in str(wrong.value)


def test_a_gateway_on_this_machine_is_for_tests() -> None:
    settings = from_environment({"QOL_WEBHOOK_URL": "http://127.0.0.1:9/", "QOL_WEBHOOK_SECRET": SECRET, "QOL_LOOPBACK": "1"})
    assert settings.webhook is not None
    assert settings.loopback
