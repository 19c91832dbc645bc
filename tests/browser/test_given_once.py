"""What is given once stays given once: a late tap, a slow phone, and questions that change or go while somebody answers."""

from __future__ import annotations

from playwright.sync_api import expect

from tests import people
from tests.browser.rig import AppPhone
from tests.browser.weather import Server

# Presses "Send"; once the entry is sealed the storage is kept busy for a second, in which the phone's own way back is taken.
SEND_AND_GO_BACK = """async (send) => {
    const promised = (request) => new Promise((yes) => (request.onsuccess = () => yes(request.result)));
    const database = await promised(indexedDB.open("qol/desminib"));
    [...document.querySelectorAll("button")].find((one) => one.textContent.trim() === send).click();
    while (await promised(database.transaction("drafts").objectStore("drafts").count()) > 0);
    const busy = database.transaction("meta", "readwrite");
    let rounds = 0;
    const spin = () => (busy.objectStore("meta").get("x").onsuccess = () => ((rounds += 1) < 4000 ? spin() : null));
    spin();
    history.back();
    await new Promise((yes) => (busy.oncomplete = yes));
    database.close();
}"""


def test_a_way_back_while_it_is_being_sent_makes_no_second_answer(ben: AppPhone, server: Server) -> None:
    ben.pair_by_link()
    ben.begin()
    ben.fill({"intake.1.status": "taken", "intake.1.time": "08:05"})
    ben.page.evaluate(SEND_AND_GO_BACK, ben.words("fill.send"))
    ben.wait_until_sent(1)
    ben.check_nothing_is_lost()
    ben.reopen()
    assert ben.rows("drafts") == {}
    assert [fact["occurrence"] for fact in server.facts(ben.number)] == ["dose@2026-03-02"]


# What the feed would do: another version of the instrument, or none any more.
CHANGE = """async (change) => {
    const promised = (request) => new Promise((yes) => (request.onsuccess = () => yes(request.result)));
    const database = await promised(indexedDB.open("qol/desminib"));
    const store = database.transaction("feed", "readwrite").objectStore("feed");
    const thing = await promised(store.get(["instrument", "dose-diary"]));
    if (change === "renewed") {
        thing.data = { ...thing.data, version: "0".repeat(64) };
        await promised(store.put(thing));
    } else {
        await promised(store.delete(["instrument", "dose-diary"]));
    }
    database.close();
    const channel = new BroadcastChannel("qol/desminib");
    channel.postMessage({ feed: true });
    channel.close();
}"""


def test_questions_that_changed_meanwhile_are_looked_at_again(ben: AppPhone) -> None:
    ben.pair_by_link()
    ben.begin()
    ben.fill({"intake.1.status": "taken"}, until="intake.1.time")
    ben.page.evaluate(CHANGE, "renewed")
    ben.press("action.back")
    ben.sees("fill.renewed")
    ben.press("action.next")
    ben.heading(ben.words("fill.review"))
    assert ben.rows("drafts")["dose@2026-03-02"]["answers"]["intake.1.status"] == "taken"
    assert ben.rows("drafts")["dose@2026-03-02"]["version"] == "0" * 64


def test_questions_that_are_gone_keep_what_was_entered(ben: AppPhone) -> None:
    ben.pair_by_link()
    ben.begin()
    ben.fill({"intake.1.status": "taken"}, until="intake.1.time")
    ben.page.evaluate(CHANGE, "gone")
    ben.sees("fill.gone")
    expect(ben.button(ben.words("action.done"))).to_be_visible()
    assert ben.rows("drafts")["dose@2026-03-02"]["answers"] == people.TAKEN
