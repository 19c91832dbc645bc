"""The phone's own storage gives trouble while somebody answers: no room, a connection that is lost."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.rig import AppPhone
from tests.browser.weather import Server

CAUGHT = """
    const open = IDBFactory.prototype.open;
    globalThis.connections = [];
    IDBFactory.prototype.open = function (...given) {
        const request = open.apply(this, given);
        request.addEventListener("success", () => globalThis.connections.push(request.result));
        return request;
    };
"""
FULL = """() => {
    const put = (globalThis.put ??= IDBObjectStore.prototype.put);
    IDBObjectStore.prototype.put = function (...given) {
        if (["drafts", "entries"].includes(this.name)) {
            throw new DOMException("no room", "QuotaExceededError");
        }
        return put.apply(this, given);
    };
}"""
ROOM_AGAIN = "() => { IDBObjectStore.prototype.put = globalThis.put; }"


def test_no_room_is_told_and_what_stands_on_the_screen_stays(ben: AppPhone, server: Server) -> None:
    ben.pair_by_link()
    ben.begin()
    ben.fill({"intake.1.status": "taken"}, until="intake.1.time")
    ben.kept("dose@2026-03-02", "intake.1.status", "taken")
    ben.page.evaluate(FULL)
    field = ben.page.get_by_label(ben.question)
    field.fill("08:15")
    ben.sees("trouble.storage-full")
    assert field.input_value() == "08:15"
    ben.fill({"intake.1.time": "08:15"})  # what was entered is at hand, so that one can go on to the end
    ben.press("fill.send")
    ben.sees("trouble.storage-full")
    assert ben.sealed() == {}
    ben.page.evaluate(ROOM_AGAIN)
    ben.send()
    ben.check_nothing_is_lost()
    assert server.facts(ben.number)[0]["answers"]["intake.1.time"] == "08:15"


def test_the_connection_to_the_storage_is_lost_in_the_middle_of_a_questionnaire(ben: AppPhone, server: Server) -> None:
    ben.context.add_init_script(CAUGHT)
    ben.pair_by_link()
    ben.begin()
    for following in ("intake.1.time", "comment", None):
        assert ben.page.evaluate("() => connections.splice(0).map((connection) => connection.close()).length") > 0
        ben.fill({"intake.1.status": "taken", "intake.1.time": "08:00"}, until=following)
    ben.page.evaluate("() => connections.splice(0).forEach((connection) => connection.close())")
    ben.send()
    ben.check_nothing_is_lost()
    assert len(server.facts(ben.number)) == 1


NO_ROOM_TO_SEAL = """() => {
    const add = (globalThis.add ??= IDBObjectStore.prototype.add);
    IDBObjectStore.prototype.add = function (...given) {
        if (this.name === "entries") {
            throw new DOMException("no room", "QuotaExceededError");
        }
        return add.apply(this, given);
    };
}"""
ROOM_TO_SEAL = "() => { IDBObjectStore.prototype.add = globalThis.add; }"


def test_no_room_for_the_sealed_answer_is_told_and_the_draft_stays_until_there_is(ben: AppPhone, server: Server) -> None:
    ben.pair_by_link()
    ben.begin()
    ben.fill({"intake.1.status": "taken", "intake.1.time": "08:15"})
    for _ in range(2):  # also after the app was killed in between
        ben.page.evaluate(NO_ROOM_TO_SEAL)
        ben.press("fill.send")
        ben.sees("trouble.storage-full")
        ben.heading(ben.words("fill.review"))
        draft = ben.rows("drafts")["dose@2026-03-02"]
        assert draft["answers"]["intake.1.time"] == "08:15"
        assert ben.witnessed == ben.sealed() == ben.stored() == {}
        ben.reopen()
        ben.heading(ben.words("fill.review"))
    ben.page.evaluate(NO_ROOM_TO_SEAL)
    ben.press("fill.send")
    ben.sees("trouble.storage-full")
    ben.page.evaluate(ROOM_TO_SEAL)
    ben.send()
    ben.check_nothing_is_lost()
    assert list(ben.witnessed) == [draft["entry_id"]]
    (fact,) = server.facts(ben.number)
    assert (fact["id"], fact["device_seq"], fact["answers"]["intake.1.time"]) == (draft["entry_id"], 1, "08:15")


def test_the_browser_throws_everything_away_and_the_phone_is_as_new(ben: AppPhone, server: Server) -> None:
    """
    With its storage went every mark that there was one: the app cannot say that something is missing. What was sent is safe; what
    waited is gone, and is asked for again as long as it can be answered.
    """
    ben.pair_by_link()
    ben.take_dose()
    ben.wait_until_sent(1)
    ben.offline()
    ben.at("2026-03-03 20:00")
    ben.take_dose()
    sealed = ben.check_kept()
    ben.kill()
    ben.online()
    elsewhere = ben.context.new_page()
    elsewhere.goto(f"{server.origin}/health")
    evict = {"origin": server.origin, "storageTypes": "all"}
    ben.context.new_cdp_session(elsewhere).send("Storage.clearDataForOrigin", evict)
    elsewhere.close()
    ben.evicted |= sealed.keys()

    ben.open()
    ben.heading(ben.words("welcome.title"))
    assert ben.rows("entries") == ben.rows("drafts") == ben.rows("meta") == {}
    assert "notice" not in ben.page.locator("main").inner_html()
    ben.page.get_by_role("textbox").fill(server.code(ben.number))
    ben.press("action.go_on")
    ben.confirm_number()
    before = ben.stored()
    assert before.items() < sealed.items()
    assert [fact["occurrence"] for fact in server.facts(ben.number)] == ["dose@2026-03-02"]
    expect(ben.page.get_by_text("Your medicine")).to_have_count(1)  # yesterday's is not asked for a second time
    ben.take_dose()
    ben.wait_until_sent(1)
    ben.check_nothing_is_lost()
    assert before.items() < ben.stored().items()
    assert [fact["occurrence"] for fact in server.facts(ben.number)] == ["dose@2026-03-02", "dose@2026-03-03"]
    assert [fact["device_seq"] for fact in server.facts(ben.number)] == [1, 1]


TAMPER = """([seq, by]) => new Promise((done) => {
    indexedDB.open("qol/desminib").onsuccess = ({ target: { result: database } }) => {
        const tx = database.transaction("entries", "readwrite");
        const entries = tx.objectStore("entries");
        entries.get(seq).onsuccess = ({ target: { result } }) => {
            result.line[result.line.length - 3] += by;
            entries.put(result);
        };
        tx.oncomplete = () => { database.close(); done(); };
    };
})"""


def test_a_kept_line_that_is_not_the_sealed_one_is_found_out(ben: AppPhone) -> None:
    """These stories compare with what was seen at the moment of sealing, not with what the phone says later."""
    ben.pair_by_link()
    ben.offline()
    ben.take_dose()
    assert list(ben.check_kept().values()) == list(ben.sealed().values())
    assert len(ben.witnessed) == 1
    ben.page.evaluate(TAMPER, [1, 1])
    with pytest.raises(AssertionError):
        ben.check_kept()
    ben.page.evaluate(TAMPER, [1, -1])
    ben.check_kept()
