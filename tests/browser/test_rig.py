"""The rig itself: a browser that talks to a study's server through weather of any kind, with a clock of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import people
from tests.browser import weather
from tests.browser.pages import Blank, as_bytes, rows, until
from tests.browser.rig import AppPhone
from tests.browser.weather import Gate, Server

ASK = """async (path) => {
    try {
        const answer = await fetch(path);
        return [answer.status, answer.headers.get("Retry-After"), (await answer.text()).slice(0, 20)];
    } catch (failure) {
        return [failure.name];
    }
}"""


def test_the_weather_spoils_single_requests(blank: Blank, server: Server) -> None:
    server.weather.next("/health", weather.SERVER_ERROR, weather.PORTAL, weather.TOO_MANY, weather.hang_up, weather.UNAVAILABLE)
    asked = [blank.page.evaluate(ASK, "/health") for _ in range(6)]
    assert [answer[0] for answer in asked] == [500, 200, 429, "TypeError", 503, 200]
    assert asked[1][2] == weather.PORTAL_PAGE[:20].decode()
    assert asked[2][1] == "60"
    assert asked[5][2].startswith('{"status"')
    assert server.weather.count("/health") == 7  # the page itself was one


def test_half_of_an_answer_arrives_as_a_whole_one(blank: Blank, server: Server) -> None:
    server.weather.next("/health", weather.truncated)
    assert blank.page.evaluate("async () => (await fetch('/health')).json().catch((wrong) => wrong.name)") == "SyntaxError"


def test_a_request_waits_at_the_gate(blank: Blank, server: Server) -> None:
    gate = Gate()
    server.weather.next("/health", gate)
    blank.page.evaluate("() => { window.asked = fetch('/health').then((answer) => answer.status); }")
    gate.wait_until_reached()
    gate.open()
    assert blank.page.evaluate("window.asked") == 200


@pytest.mark.parametrize("how", ["offline", "stopped"])
def test_there_is_no_network(blank: Blank, server: Server, how: str) -> None:
    if how == "offline":
        blank.page.context.set_offline(True)
    else:
        server.stop()
    assert blank.page.evaluate(ASK, "/health") == ["TypeError"]
    if how == "offline":
        blank.page.context.set_offline(False)
    else:
        server.start()
    assert blank.page.evaluate(ASK, "/health")[0] == 200


def test_both_clocks_move_together(ada: AppPhone, server: Server) -> None:
    page = ada.context.new_page()
    page.goto(f"{server.origin}/health")
    ada._page = page
    page.evaluate("() => { window.rang = 0; setInterval(() => { window.rang += 1; }, 3_600_000); }")
    ada.at("2026-03-05 22:10")
    assert page.evaluate("new Date().toString()").startswith("Thu Mar 05 2026 22:10:0")
    assert page.evaluate("window.rang") == 1  # as after a sleep
    assert server.trial.now.isoformat() == "2026-03-05T21:10:00+00:00"
    ada.phone_clock("2026-02-20 07:00")
    assert page.evaluate("new Date().toString()").startswith("Fri Feb 20 2026 07:00:0")
    assert page.evaluate("window.isSecureContext")


def test_a_file_is_put_back(server: Server, tmp_path: Path) -> None:
    copy = server.copy(tmp_path)
    position = server.trial.position
    port = server.port
    server.trial.enrol(people.BEN)
    epoch = server.trial.study.epoch
    server.put_back(copy, says_so=False)
    assert (server.trial.position, server.trial.study.epoch, server.port) == (position, epoch, port)
    server.put_back(copy, says_so=True)
    assert server.trial.study.epoch == "e_restored"


def test_what_a_phone_keeps_can_be_read(blank: Blank) -> None:
    assert rows(blank.page, "entries") == {}
    blank.page.evaluate(
        """() => new Promise((done) => {
            const asked = indexedDB.open("qol/desminib", 3);
            asked.onupgradeneeded = () => asked.result.createObjectStore("entries", { keyPath: "id" });
            asked.onsuccess = () => {
                const tx = asked.result.transaction("entries", "readwrite");
                tx.objectStore("entries").put({ id: "a", line: new Uint8Array([195, 169, 10]), seq: 1 });
                tx.oncomplete = () => { asked.result.close(); done(); };
            };
        })"""
    )
    kept = rows(blank.page, "entries")
    assert kept["a"]["seq"] == 1
    assert as_bytes(kept["a"]["line"]) == "é\n".encode()
    until(blank.page, "() => window.later = window.later ? 2 : 1")


def test_a_module_is_called_as_a_function(modules: Blank) -> None:
    assert modules.call("words/index.js", "spoken", ["de", "fr-CA"]) == "fr"
    assert modules.each("words/index.js", "capitalised", [["lundi"], ["2 mars"]]) == ["Lundi", "2 mars"]
    assert modules.run("return words.spoken(['qps'])", words="words/index.js") == "qps"
