"""The phone's own storage gives trouble while somebody answers: no room, a connection that is lost."""

from __future__ import annotations

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
