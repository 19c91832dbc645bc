"""Web push as the standards say it, and never to an address inside the server's own network."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from qol_server import keys
from qol_server.messaging import NotTaken, Undeliverable, Unknown, outside, webpush
from tests.messaging.browser import Browser, claims, octets, service, text

NOW = datetime(2026, 3, 3, 8, tzinfo=UTC)


def private(value: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(octets(value), "big"), ec.SECP256R1())


def test_the_example_of_rfc_8291_is_met_byte_for_byte() -> None:
    """RFC 8291, section 5 and appendix A."""
    receiver = Browser("", private("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"), octets("BTBZMqHH6r4Tts7J_aSIgg"))
    assert receiver.keys["p256dh"] == "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
    body = webpush.encrypt(
        b"When I grow up, I want to be a watermelon", receiver.keys, private("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
        octets("DGv6ra1nlYgDCS1FRnbzlw"),
    )  # fmt: skip
    assert text(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
        "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )
    assert receiver.open(body) == b"When I grow up, I want to be a watermelon"


@given(st.binary(max_size=3993))
def test_what_is_encrypted_for_a_browser_is_opened_by_it(message: bytes) -> None:
    receiver = Browser("")
    body = webpush.encrypt(message, receiver.keys, ec.generate_private_key(ec.SECP256R1()), bytes(16))
    assert receiver.open(body) == message
    assert len(body) <= 4096


def test_a_message_that_no_push_service_has_to_take_is_refused() -> None:
    with pytest.raises(ValueError, match="too long for web push"):
        webpush.encrypt(bytes(3994), Browser("").keys, ec.generate_private_key(ec.SECP256R1()), bytes(16))


def post(to: Browser, key: keys.PushKey, contact: str = "", **more: Any) -> None:
    given = {"loopback": True} | more
    webpush.post(b"hello", {"endpoint": to.endpoint, **to.keys}, key, contact, NOW, topic="dGhlIHRvcGlj", **given)


def test_the_push_service_learns_who_sends_and_nothing_of_the_message(tmp_path: Path) -> None:
    key = keys.push_key(tmp_path)
    with service() as there:
        ada = there.browser()
        post(ada, key, "mailto:trials@example.org")
    [(path, headers, body)] = there.taken
    assert path == "/send/ada?v=1"
    assert ada.open(body) == b"hello"
    assert b"hello" not in body
    assert (headers["content-encoding"], headers["ttl"], headers["topic"]) == ("aes128gcm", "43200", "dGhlIHRvcGlj")
    said = claims(headers["authorization"], key.public)
    assert said == {"aud": there.address, "exp": int(NOW.timestamp()) + 43200, "sub": "mailto:trials@example.org"}
    with service() as elsewhere:
        post(elsewhere.browser(), key)
    assert "sub" not in claims(elsewhere.taken[0][1]["authorization"], key.public)


@pytest.mark.parametrize("status", [404, 410])
def test_a_subscription_that_is_gone_is_told_apart(tmp_path: Path, status: int) -> None:
    with service() as there:
        there.answer = status
        with pytest.raises(webpush.Gone):
            post(there.browser(), keys.push_key(tmp_path))


MEANS: dict[int, type[Exception]] = dict.fromkeys((301, 307, 400, 401, 403, 413), Undeliverable)
MEANS |= dict.fromkeys((408, 425, 429, 503), NotTaken) | dict.fromkeys((500, 502, 504), Unknown)


@pytest.mark.parametrize("status", MEANS)
def test_an_answer_that_is_no_yes_means_one_of_three_things_and_redirects_lead_nowhere(tmp_path: Path, status: int) -> None:
    with service() as there:
        there.answer, there.headers = status, {"Location": f"{there.address}/elsewhere"}
        with pytest.raises(MEANS[status], match=f"answered {status}"):
            post(there.browser(), keys.push_key(tmp_path))
    assert len(there.taken) == 1


ASKED = {
    "120": 120,
    "0": 60,
    "Tue, 03 Mar 2026 08:30:00 GMT": 1800,
    "Tue, 03 Mar 2026 07:00:00 GMT": 60,
    "soon": 60,
    "-5": 60,
    "9" * 99: 60,
}


@pytest.mark.parametrize("retry_after", ASKED)
def test_a_service_is_left_alone_for_as_long_as_it_asks_to_be_and_a_minute_at_least(tmp_path: Path, retry_after: str) -> None:
    with service() as there:
        there.answer, there.headers = 429, {"Retry-After": retry_after}
        with pytest.raises(NotTaken) as busy:
            post(there.browser(), keys.push_key(tmp_path))
    assert busy.value.wait == timedelta(seconds=ASKED[retry_after])


def test_where_nobody_is_nothing_was_sent_and_what_is_no_http_may_have_taken_it(tmp_path: Path) -> None:
    with service() as there:
        ada = there.browser()
    with pytest.raises(NotTaken, match="cannot be reached"):
        post(ada, keys.push_key(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as odd, pytest.raises(Unknown):
        post_to(odd, tmp_path, iter([b"this is no HTTP\r\n\r\n"]))


@pytest.mark.parametrize("drop", [b"HTTP/1.1 100 Continue\r\n\r\n", b"x"], ids=["asks to go on", "never ends its line"])
def test_a_service_that_never_ends_its_answer_is_hung_up_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drop: bytes) -> None:
    monkeypatch.setattr(outside, "TIMEOUT", 0.3)
    hung_up = threading.Event()

    def drip() -> Iterator[bytes]:
        while not hung_up.wait(0.02):
            yield drop

    with socket.create_server(("127.0.0.1", 0)) as odd, pytest.raises(Unknown, match="too long"):
        post_to(odd, tmp_path, drip(), at_last=hung_up.set)


def post_to(odd: socket.socket, folder: Path, answer: Iterator[bytes], at_last: Callable[[], None] = lambda: None) -> None:
    """Post to something that speaks no HTTP."""

    def talk() -> None:
        connection, _ = odd.accept()
        with connection, contextlib.suppress(OSError):
            connection.recv(65536)
            for part in answer:
                connection.sendall(part)

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        post(Browser(f"http://127.0.0.1:{odd.getsockname()[1]}/"), keys.push_key(folder))
    finally:
        at_last()
        thread.join()


GOOD = [
    "https://fcm.googleapis.com/fcm/send/abc:def-123_",
    "https://updates.push.services.mozilla.com/wpush/v2/gAAAA",
    "https://web.push.apple.com/QGf",
    "https://wns2-par02p.notify.windows.com/w/?token=BQYAAAD%2b",
    "https://push.example.org:443/x",
]
BAD = [
    "http://push.example.org/x",
    "ftp://push.example.org/x",
    "//push.example.org/x",
    "push.example.org",
    "",
    "https://",
    "https:///x",
    "https://push.example.org:8443/x",
    "https://push.example.org:99999/x",
    "https://push.example.org:x/",
    "https://ada@push.example.org/x",
    "https://ada:secret@push.example.org/",
    "https://@push.example.org/",
    "https://push.example.org/x#y",
    "https://localhost/x",
    "https://intranet/x",
    "https://printer.local/x",
    "https://db.internal/x",
    "https://a.localhost/",
    "https://127.0.0.1/x",
    "https://127.1/x",
    "https://2130706433/x",
    "https://0x7f.1/",
    "https://0177.0.0.1/",
    "https://10.0.0.8/x",
    "https://192.168.1.1/x",
    "https://169.254.169.254/latest/meta-data",
    "https://172.16.0.1/",
    "https://8.8.8.8/x",
    "https://[::1]/x",
    "https://[::ffff:127.0.0.1]/",
    "https://[fe80::1]/",
    "https://[2001:4860:4860::8888]/",
    "https://push.example.org./x",
    "https://push..example.org/x",
    "https://-push.example.org/x",
    "https://push_service.example.org/",
    "https://push.example.org\\@127.0.0.1/x",
    "https://pu sh.example.org/",
    "https://push.example.org/\r\nHost: elsewhere",
    "https://push.example.org/\x00",
    "https://püsh.example.org/",
    "https://push.example.org/é",
    "https://push.example.org/" + "a" * 1000,
    "https://metadata.google.internal/",
    "https://1.0.0.127.in-addr.arpa/",
    "https://127.0.0.1.:443/",
    "https://[",
    "https://[::1",
    "https://％",
    "https://a.b.c.d.1/",
]


@pytest.mark.parametrize("endpoint", GOOD)
def test_the_addresses_of_push_services_are_taken(endpoint: str) -> None:
    assert webpush.fault(endpoint) is None


@pytest.mark.parametrize("endpoint", BAD)
def test_no_other_address_is_taken_and_each_is_explained(endpoint: str) -> None:
    why = webpush.fault(endpoint)
    assert why is not None
    assert why.startswith("Not ")


@given(st.text(max_size=60).map("https://".__add__) | st.text(max_size=60))
def test_no_address_makes_the_check_stumble(endpoint: str) -> None:
    why = webpush.fault(endpoint)
    assert why is None or why.startswith("Not ")


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.31.0.1", False),
        ("192.168.0.1", False),
        ("169.254.169.254", False),
        ("0.1.2.3", False),
        ("100.64.0.1", False),
        ("168.63.129.16", False),
        ("64:ff9b:1::808:808", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fc00::1", False),
        ("ff02::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:8.8.8.8", True),
        ("64:ff9b::7f00:1", False),
        ("64:ff9b::808:808", True),
        ("2002:7f00:1::", False),
        ("2001:db8::1", False),
    ],
)
def test_public_addresses_are_told_from_all_others(address: str, public: bool) -> None:
    assert outside.is_public(address) is public


@pytest.mark.parametrize("leads_to", [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["::1"], []])
def test_a_public_name_that_leads_inside_is_not_connected_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leads_to: list[str]) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", (address, 443)) for address in leads_to])
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("it was connected to"))
    with pytest.raises(Undeliverable, match="not public"):
        post(Browser("https://push.example.org/x"), keys.push_key(tmp_path), loopback=False)


def test_the_address_that_was_looked_at_is_the_one_that_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def create_connection(address: tuple[str, int], *_: object) -> socket.socket:
        asked.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("8.8.8.8", 443))])
    monkeypatch.setattr(socket, "create_connection", create_connection)
    with pytest.raises(NotTaken):
        post(Browser("https://push.example.org/x"), keys.push_key(tmp_path), loopback=False)
    assert asked == [("8.8.8.8", 443)]


def certificate_for(host: str, folder: Path) -> tuple[Path, Path]:
    """A certificate that its own key signed, and the key."""
    private_key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(private_key, hashes.SHA256())
    )
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(made.public_bytes(Encoding.PEM))
    key.write_bytes(private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate, key


def test_a_certificate_that_nobody_vouches_for_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, key = certificate_for("push.example.org", tmp_path)
    near, far = socket.socketpair()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def answer() -> None:
        with contextlib.suppress(OSError), context.wrap_socket(far, server_side=True):
            pass

    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("8.8.8.8", 443))])
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: near)
    thread = threading.Thread(target=answer)
    thread.start()
    with pytest.raises(NotTaken, match="cannot be reached") as refused:
        post(Browser("https://push.example.org/x"), keys.push_key(tmp_path), loopback=False)
    assert isinstance(refused.value.__cause__, ssl.SSLCertVerificationError)
    near.close()
    thread.join()


def test_http_is_for_tests_alone(tmp_path: Path) -> None:
    with service() as there, pytest.raises(Undeliverable, match="may not be posted to"):
        post(there.browser(), keys.push_key(tmp_path), loopback=False)
    assert there.taken == []


def test_the_key_is_made_once_and_kept_for_nobody_else(tmp_path: Path) -> None:
    key = keys.push_key(tmp_path / "keys")
    keys.push_key.cache_clear()
    assert keys.push_key(tmp_path / "keys").public == key.public
    assert len(octets(key.public)) == 65
    assert (tmp_path / "keys" / keys.PUSH_FILE).stat().st_mode & 0o777 == 0o600
    assert {path.name for path in (tmp_path / "keys").iterdir()} == {keys.PUSH_FILE}
