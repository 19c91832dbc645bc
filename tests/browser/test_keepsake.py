"""The browser threw away what the phone kept: it is told, to the person at once and to the server after pairing anew."""

from __future__ import annotations

import json

import pytest

from tests.browser.staged import Stage, stage, theatre  # noqa: F401 - fixtures

# ruff: noqa: F811

LOSE = """
    const { clock, server } = await world();
    const first = await paired(server, clock, { counts: {} });
    server.always.sync = faults.nothing;
    await first.phone.ask("call-me", "never arrives");
    await first.phone.ask("call-me", "nor this");
    await until(async () => (await (await (await caches.open("qol-keepsake/model")).match("keepsake"))?.json())?.waiting === 2);
    first.kill();
    await new Promise((resolve, reject) => {
        const request = indexedDB.deleteDatabase("qol/model");
        request.onsuccess = resolve;
        request.onerror = reject;
    });
    server.always.sync = null;
    clock.put(clock.now() + 86_400_000);
"""


@pytest.mark.parametrize("also", ["", "localStorage.clear();", "await caches.delete('qol-keepsake/model');"])
def test_a_cleared_database_is_noticed_and_reported(stage: Stage, also: str) -> None:
    told = stage.tell(
        f"""{LOSE} {also}
        const {{ phone }} = await new Pocket(server, clock).openHere();
        const notices = phone.known.notices;
        await phone.close();
        const again = (await new Pocket(server, clock).openHere()).phone;
        const still = again.known.notices;
        await again.pair("ADA2");
        await again.confirmPairing();
        await again.sendNow();
        await again.close();
        const third = (await new Pocket(server, clock).openHere()).phone;
        await third.start();
        const left = third.known.notices.map(({{ code }}) => code);
        return {{ notices, still, left, lines: server.journal.map(({{ line }}) => line), wrong: await wrongs(server) }};
        """
    )
    assert told["notices"] == told["still"] == [{"code": "storage-lost", "since": "2026-03-02T20:00:00+01:00", "waiting": 2}]
    assert "storage-lost" not in told["left"]
    noted = [json.loads(line) for line in told["lines"]]
    assert [(fact["kind"], fact["what"]) for fact in noted] == [("app.noted", "storage-lost")]
    assert noted[0]["about"] == "2 waiting, since 2026-03-02T20:00:00+01:00"
    assert told["wrong"] == []


def test_a_new_phone_notices_nothing(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await new Pocket(server, clock).openHere();
        return phone.known.notices;
        """
    )
    assert told == []


def test_what_is_left_beside_the_database_says_nothing_of_a_person(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        await paired(server, clock);
        return Object.keys(JSON.parse(localStorage.getItem("qol-keepsake/model")));
        """
    )
    assert sorted(told) == ["since", "waiting"]


def test_a_browser_that_does_not_promise_to_keep_is_noticed_and_asked(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const pocket = new Pocket(server, clock, { counts: {} });
        let promise = false;
        pocket.prepare = (frame) => {
            frame.StorageManager.prototype.persisted = async () => promise;
            frame.StorageManager.prototype.persist = async () => promise;
        };
        const { phone } = await pocket.open();
        await phone.start();
        const codes = () => phone.known.notices.map(({ code }) => code);
        const before = codes();
        await phone.pair("ADA");
        await phone.confirmPairing();
        const then = codes();
        const refused = await phone.askPersistence();
        promise = true;
        const given = await phone.askPersistence();
        return { before, then, refused, given, after: codes() };
        """
    )
    assert told == {"before": [], "then": ["not-persistent"], "refused": False, "given": True, "after": []}
