"""Behind reverse proxies: those that are named say who asked and how, nobody else does, and what follows from it is right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from qol_server.access import throttle
from qol_server.app import create_app
from qol_server.proxies import BehindProxies, networks
from qol_server.settings import SettingsError, from_environment
from qol_server.trial.roles import Grant, Role
from tests import people
from tests.staff.rig import PASSWORD, House

PROXIES = "10.0.0.0/8, 192.0.2.1, 2001:db8::/32"


def seen(peer: str, **headers: str) -> tuple[str, str, str]:
    """Who asked, by what scheme and which host, as the application sees it."""
    found: dict[str, Any] = {}

    def application(environ: dict[str, Any], _start: Any) -> Iterable[bytes]:
        found.update(environ)
        return []

    environ = {"REMOTE_ADDR": peer, "wsgi.url_scheme": "http", "HTTP_HOST": "inside"}
    environ |= {f"HTTP_X_FORWARDED_{name.upper()}": value for name, value in headers.items()}
    BehindProxies(application, networks(PROXIES))(environ, None)
    return found["REMOTE_ADDR"], found["wsgi.url_scheme"], found["HTTP_HOST"]


FROM_OUTSIDE = {"for": "203.0.113.9", "proto": "https", "host": "qol.example.org"}


@pytest.mark.parametrize("peer", ["203.0.113.7", "127.0.0.1", "::1", "192.0.2.2", "", "unix:", "10.0.0.1.evil"])
def test_nobody_else_is_believed(peer: str) -> None:
    assert seen(peer, **FROM_OUTSIDE) == (peer, "http", "inside")


@pytest.mark.parametrize("peer", ["10.1.2.3", "192.0.2.1", "::ffff:10.1.2.3", "2001:db8::7"])
def test_a_named_proxy_is_believed(peer: str) -> None:
    assert seen(peer, **FROM_OUTSIDE) == ("203.0.113.9", "https", "qol.example.org")


@pytest.mark.parametrize(
    ("forwarded", "asked"),
    [
        ("", "10.0.0.1"),
        ("203.0.113.9", "203.0.113.9"),
        ("1.1.1.1, 203.0.113.9", "203.0.113.9"),  # the first was typed by whoever asked
        ("1.1.1.1, 203.0.113.9, 10.9.9.9", "203.0.113.9"),
        ("10.7.7.7,10.9.9.9", "10.7.7.7"),
        ("203.0.113.9:51234", "203.0.113.9"),
        ("[2001:db9::1]:443", "2001:db9::1"),
        ("2001:db9::1", "2001:db9::1"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, unknown", "10.0.0.1"),
        ("203.0.113.9, unknown, 10.9.9.9", "10.9.9.9"),
        ("<script>", "10.0.0.1"),
    ],
)
def test_who_asked_is_the_last_one_that_is_no_proxy_of_ours(forwarded: str, asked: str) -> None:
    assert seen("10.0.0.1", **{"for": forwarded})[0] == asked


@pytest.mark.parametrize(
    ("proto", "host", "found"),
    [
        ("http, https", "a.example, b.example:8443", ("https", "b.example:8443")),
        ("HTTPS", "[2001:db8::1]:443", ("https", "[2001:db8::1]:443")),
        ("javascript", "evil.example/path", ("http", "inside")),
        ("", "a b", ("http", "inside")),
        ("ftp", "user@evil.example", ("http", "inside")),
    ],
)
def test_scheme_and_host_are_those_the_nearest_proxy_says_where_they_can_be_any(proto: str, host: str, found: tuple[str, str]) -> None:
    assert seen("10.0.0.1", proto=proto, host=host)[1:] == found


# The settings


def test_the_settings_are_read_and_a_wrong_one_stops_the_start() -> None:
    read = from_environment({"QOL_TRUSTED_PROXIES": " 127.0.0.1 ,::1", "QOL_PUBLIC_URL": "https://QOL.example.org/"})
    assert [str(network) for network in read.trusted_proxies] == ["127.0.0.1/32", "::1/128"]
    assert read.public_url == "https://qol.example.org"
    assert from_environment({}).trusted_proxies == ()
    for name, value in (
        ("QOL_TRUSTED_PROXIES", "proxy.example.org"),
        ("QOL_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("QOL_PUBLIC_URL", "http://qol.example.org"),
        ("QOL_PUBLIC_URL", "https://qol.example.org/path"),
        ("QOL_PUBLIC_URL", "qol.example.org"),
    ):
        with pytest.raises(SettingsError, match=name):
            from_environment({name: value})


# What follows from it


def behind(house: House) -> Any:
    settings = replace(house.trial.settings, trusted_proxies=networks("10.0.0.1"))
    app = create_app(settings, lambda: house.now)
    app.extensions["qol"]._staff = house.staff
    return app.test_client()


def guess(client: Any, address: str, login: str, *, peer: str = "10.0.0.1") -> int:
    answer = client.post(
        "/staff/log-in", base_url="http://inside:8000", environ_overrides={"REMOTE_ADDR": peer},
        headers={"X-Forwarded-For": address, "X-Forwarded-Proto": "https", "X-Forwarded-Host": "qol.example.org",
                 "Origin": "https://qol.example.org"},
        data={"_login": login, "_password": "wrong"},
    )  # fmt: skip
    return int(answer.status_code)


def test_wrong_tries_are_counted_for_whoever_made_them(desk: House) -> None:
    client = behind(desk)
    for nth in range(throttle.ADDRESS_TRIES):
        assert guess(client, "203.0.113.9", f"nobody-{nth}@hospital.example") == 401
    assert guess(client, "203.0.113.9", "another@hospital.example") == 429
    assert guess(client, "1.1.1.1, 203.0.113.9", "another@hospital.example") == 429, "what is typed before it helps nobody"
    assert guess(client, "203.0.113.10", "another@hospital.example") == 401, "colleagues of another address are not held up"


def test_whoever_is_no_proxy_has_its_own_address_counted_and_is_not_taken_for_our_page(desk: House) -> None:
    client = behind(desk)
    assert guess(client, "203.0.113.9", "nora@hospital.example", peer="203.0.113.50") == 403


def test_a_page_behind_a_proxy_knows_that_it_is_secure(desk: House) -> None:
    desk.account("nora", Grant(Role.NURSE, people.SLUG, "01"))
    client = behind(desk)
    said = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "qol.example.org"}
    plain = client.get("/staff/log-in", base_url="http://inside.example", environ_overrides={"REMOTE_ADDR": "203.0.113.9"})
    secure = client.get("/staff/log-in", base_url="http://inside.example", environ_overrides={"REMOTE_ADDR": "10.0.0.1"}, headers=said)
    assert ('class="notice bad"' in plain.text, 'class="notice bad"' in secure.text) == (True, False)
    answer = client.post(
        "/staff/log-in", base_url="http://inside.example", environ_overrides={"REMOTE_ADDR": "10.0.0.1"},
        headers=said | {"Sec-Fetch-Site": "same-origin"}, data={"_login": "nora@hospital.example", "_password": PASSWORD},
    )  # fmt: skip
    assert answer.status_code == 303
    assert all("Secure" in cookie for cookie in answer.headers.getlist("Set-Cookie"))


def test_over_https_browsers_are_told_to_stay_there_and_on_the_machine_itself_they_are_not(desk: House) -> None:
    client = behind(desk)

    def told(url: str, peer: str = "10.0.0.1", **forwarded: str) -> str | None:
        said = {f"X-Forwarded-{name.title()}": value for name, value in forwarded.items()}
        found = client.get("/staff/log-in", base_url=url, environ_overrides={"REMOTE_ADDR": peer}, headers=said)
        return found.headers.get("Strict-Transport-Security")

    assert told("https://qol.example.org") == "max-age=31536000"
    assert told("http://inside:8000", **FROM_OUTSIDE) == "max-age=31536000"
    assert told("http://inside:8000", peer="203.0.113.50", **FROM_OUTSIDE) is None, "what somebody says of themselves does not count"
    assert told("http://qol.example.org") is None
    for local in ("https://localhost:8443", "https://127.0.0.1", "https://[::1]:8443", "https://desk.localhost"):
        assert told(local) is None, local


@pytest.mark.parametrize("public", ["", "https://qol.example.org"])
def test_a_browser_that_says_only_its_origin_comes_from_our_own_pages_or_is_refused(desk: House, public: str) -> None:
    """Without Sec-Fetch-Site: browsers of before 2023, and every browser over plain http in a network."""
    desk.account("nora", Grant(Role.NURSE, people.SLUG, "01"))
    app = create_app(replace(desk.trial.settings, public_url=public), lambda: desk.now)
    app.extensions["qol"]._staff = desk.staff

    def enters(url: str, **headers: str) -> int:
        typed = {"_login": "nora@hospital.example", "_password": PASSWORD}
        return int(app.test_client().post("/staff/log-in", base_url=url, headers=headers, data=typed).status_code)

    page = app.test_client().get("/staff/log-in", base_url="https://qol.example.org")
    assert page.headers["Referrer-Policy"] == "same-origin", "under no-referrer a browser says Origin: null"
    assert enters("https://qol.example.org", Origin="https://qol.example.org") == 303
    assert enters("http://192.168.1.20:8000", Origin="http://192.168.1.20:8000") == 303
    known = 303 if public else 403  # a proxy that is not named passes the request on under another name
    assert enters("http://inside:8000", Origin="https://qol.example.org") == known
    for origin in ("null", "", "https://qol.example.org.evil.example", "http://qol.example.org", "https://qol.example.org:444"):
        assert enters("https://qol.example.org", Origin=origin) == 403, origin
    assert enters("https://qol.example.org") == 403
    assert enters("https://qol.example.org", Origin="https://qol.example.org", **{"Sec-Fetch-Site": "cross-site"}) == 403


def test_a_body_without_end_is_not_taken_in(desk: House) -> None:
    headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": "multipart/form-data; boundary=b"}
    body = b'--b\r\nContent-Disposition: form-data; name="_login"; filename="large.bin"\r\n\r\n' + b"x" * (2 << 20)
    answer = desk.app.test_client().post("/staff/log-in", base_url="https://localhost", headers=headers, data=body)
    assert answer.status_code == 413
