"""Text messages through a gateway that verifies who sends, and what it may say in return."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qol_server.messaging import NotTaken, Undeliverable, Unknown, by_apprise, webhook
from qol_server.messaging.texts import say
from qol_server.settings import Webhook
from tests.messaging.receivers import SECRET, gateway
from tests.shape.project import ROOT

NOW = datetime(2026, 3, 3, 8, tzinfo=UTC)
KEY = "7f9c24e8-3b12-4fef-91e0-5a1f1f3b2a55"
TEXT = say("reminder", "fr")


def send(to: Webhook, *, loopback: bool = True) -> None:
    webhook.send(to, "+33611223344", TEXT, "fr", KEY, NOW, loopback=loopback)


def test_the_gateway_is_given_a_signed_message() -> None:
    with gateway() as there:
        send(there.settings)
    assert there.taken == [{"key": KEY, "channel": "sms", "to": "+33611223344", "text": TEXT.body, "language": "fr"}]
    [(path, headers, _)] = there.there.taken
    assert path == "/messages"
    assert headers["qol-timestamp"] == str(int(NOW.timestamp()))


def test_a_message_that_is_tried_again_is_the_same_to_the_gateway() -> None:
    with gateway() as there:
        there.there.answer = 503
        with pytest.raises(NotTaken):
            send(there.settings)
        there.there.answer = 202
        send(there.settings)
        assert len(there.there.taken) == 2
        assert len(there.taken) == 1


def test_a_gateway_inside_the_own_network_is_not_posted_to() -> None:
    with gateway() as there, pytest.raises(Undeliverable, match="may not be posted to"):
        send(there.settings, loopback=False)
    for url in ("https://localhost:1/", "https://127.0.0.1/", "https://10.0.0.1/"):
        with pytest.raises(Undeliverable, match="not public"):
            send(Webhook(url, SECRET), loopback=False)
    with pytest.raises(Undeliverable, match="not public"):
        send(Webhook("https://10.0.0.1/", SECRET))
    assert there.there.taken == []


@given(st.binary(max_size=100), st.binary(max_size=100), st.integers(-400, 400))
def test_only_what_the_other_side_signed_lately_is_taken(body: bytes, other: bytes, seconds: int) -> None:
    timestamp = str(int((NOW + timedelta(seconds=seconds)).timestamp()))
    signed = webhook.signature(SECRET, timestamp, body)
    assert webhook.is_signed(SECRET, timestamp, body, signed, NOW) is (abs(seconds) <= 300)
    assert not webhook.is_signed("another secret", timestamp, body, signed, NOW)
    assert webhook.is_signed(SECRET, timestamp, other, signed, NOW) is (body == other and abs(seconds) <= 300)
    assert not webhook.is_signed(SECRET, str(int(timestamp) + 1), body, signed, NOW)


@pytest.mark.parametrize("timestamp", ["", "-5", "1e9", "٣", "9" * 400, "soon"])
def test_odd_timestamps_are_no_signature(timestamp: str) -> None:
    assert not webhook.is_signed(SECRET, timestamp, b"", webhook.signature(SECRET, timestamp, b""), NOW)


# Apprise


class Provider:
    """What Apprise does, for the tests."""

    asked: list[tuple[str, str]] = []  # noqa: RUF012
    understands, says_yes = True, True

    def add(self, address: str) -> bool:
        self.address = address
        return self.understands

    def notify(self, body: str) -> bool:
        self.asked.append((self.address, body))
        return self.says_yes


@pytest.fixture
def apprise(monkeypatch: pytest.MonkeyPatch) -> Any:
    module = ModuleType("apprise")
    module.Apprise = Provider  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "apprise", module)
    monkeypatch.setattr(Provider, "asked", [])
    return monkeypatch


def test_apprise_is_given_the_number_where_the_address_has_its_place(apprise: Any) -> None:
    by_apprise.send("twilio://id:token@+33100000000/{to}", "+33611223344", TEXT)
    assert Provider.asked == [("twilio://id:token@+33100000000/%2B33611223344", TEXT.body)]


def test_what_apprise_does_not_understand_or_confirm(apprise: Any) -> None:
    apprise.setattr(Provider, "says_yes", False)
    with pytest.raises(Unknown):
        by_apprise.send("x://{to}", "+33611223344", TEXT)
    apprise.setattr(Provider, "understands", False)
    with pytest.raises(Undeliverable, match="does not understand"):
        by_apprise.send("x://{to}", "+33611223344", TEXT)


def test_without_apprise_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(Undeliverable, match=r"pip install 'qol-server\[apprise\]'"):
        by_apprise.send("x://{to}", "+33611223344", TEXT)


def test_the_check_that_the_reference_shows_takes_what_is_posted(monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "reference" / "webhook.md").read_text(encoding="utf-8")
    shown: dict[str, Any] = {}
    exec(page.partition("```python\n")[2].partition("```")[0], shown)  # noqa: S102 - the page's own words
    monkeypatch.setattr("time.time", lambda: NOW.timestamp())
    with gateway() as there:
        send(there.settings)
    [(_, headers, body)] = there.there.taken
    given = (SECRET.encode(), headers["qol-timestamp"], body, headers["qol-signature"])
    assert shown["is_ours"](*given)
    assert not shown["is_ours"](b"another", *given[1:])
