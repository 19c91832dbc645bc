"""A phone without room: what could not be written is told, kept at hand, and never takes the place of something newer."""

from __future__ import annotations

import pytest

from tests.browser.staged import Stage, stage, theatre  # noqa: F401 - fixtures

# ruff: noqa: F811


def test_a_full_disk_leaves_nothing_half_written_and_the_draft_at_hand(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone, world: frame } = await paired(server, clock, { counts: {} });
        await phone.keepDraft(dose("2026-03-02", { n: 1 }));
        const before = await kept();
        const originals = ["put", "add"].map((method) => [method, frame.IDBObjectStore.prototype[method]]);
        const full = (method, original) => {
            frame.IDBObjectStore.prototype[method] = function refused(...given) {
                if (this.name === "meta" || this.name === "feed") {
                    return original.apply(this, given);
                }
                throw new frame.DOMException("no room", "QuotaExceededError");
            };
        };
        originals.forEach(([method, original]) => full(method, original));
        const keeping = await troubleOf(() => phone.keepDraft(dose("2026-03-02", { n: 1, m: 2 })));
        const giving = await troubleOf(() => phone.give("dose@2026-03-02"));
        const asking = await troubleOf(() => phone.ask("call-me"));
        const during = await kept();
        const notices = phone.known.notices.map(({ code }) => code);
        const inMemory = phone.known.drafts["dose@2026-03-02"].answers;
        const unchanged = same([before.entries, [...before.drafts], before.meta.get("seq")],
            [during.entries, [...during.drafts], during.meta.get("seq")]);
        originals.forEach(([method, original]) => {
            frame.IDBObjectStore.prototype[method] = original;
        });
        await phone.wake();
        await until(async () => (await kept()).drafts.get("dose@2026-03-02").answers.m === 2);
        const info = await phone.give("dose@2026-03-02");
        await phone.sendNow();
        const left = phone.known.notices.map(({ code }) => code);
        const { seq, answers } = info;
        return { keeping, giving, asking, notices, inMemory, unchanged, seq, answers, left, wrong: await wrongs(server) };
        """
    )
    assert (told["keeping"], told["giving"], told["asking"]) == ("storage-full", "storage-full", "storage-full")
    assert "storage-full" in told["notices"]
    assert "storage-full" not in told["left"]
    assert told["inMemory"] == told["answers"] == {"n": 1, "m": 2}
    assert told["unchanged"]
    assert told["seq"] == 1
    assert told["wrong"] == []


@pytest.mark.parametrize("then", ["hears of it", "is woken"])
def test_what_could_not_be_written_does_not_take_the_place_of_what_another_window_kept_since(stage: Stage, then: str) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const one = new Pocket(server, clock, { counts: {} });
        one.prepare = (frame) => {
            if (then === "is woken") {
                Object.defineProperty(frame.BroadcastChannel.prototype, "onmessage", { set() {} });
            }
        };
        await one.open();
        await one.phone.pair("ADA");
        await one.phone.confirmPairing();
        const other = await new Pocket(server, clock, { counts: {} }).open();
        const key = "dose@2026-03-02";
        await one.phone.keepDraft(dose("2026-03-02", { n: 1 }));
        const { prototype } = one.world.IDBObjectStore;
        const { put } = prototype;
        prototype.put = function refused(...given) {
            if (this.name === "drafts") {
                throw new one.world.DOMException("no room", "QuotaExceededError");
            }
            return put.apply(this, given);
        };
        const refused = await troubleOf(() => one.phone.keepDraft(dose("2026-03-02", { n: "in memory" })));
        await until(() => key in other.phone.known.drafts);
        prototype.put = put;
        await other.phone.keepDraft({ ...other.phone.known.drafts[key], answers: { n: 2, m: "typed there" } });
        if (then === "is woken") {
            void one.phone.wake();
        }
        await until(() => one.phone.known.drafts[key].answers.m !== undefined);
        const there = (await kept()).drafts.get(key).answers;
        const notices = one.phone.known.notices.map(({ code }) => code);
        await one.phone.keepDraft({ ...one.phone.known.drafts[key], answers: { n: 3 } });
        const after = one.phone.known.notices.map(({ code }) => code);
        const { answers } = await one.phone.give(key);
        return { refused, there, overtaken: [notices, after].map((codes) => codes.includes("overtaken")), answers };
        """,
        then=then,
    )
    assert told == {"refused": "storage-full", "there": {"n": 2, "m": "typed there"}, "overtaken": [True, False], "answers": {"n": 3}}


def test_what_could_not_be_written_is_shown_as_kept_once_it_is(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone, world: frame } = await paired(server, clock, { counts: {} });
        const key = "dose@2026-03-02";
        await phone.keepDraft(dose("2026-03-02", { n: 1 }));
        const { prototype } = frame.IDBObjectStore;
        const { put } = prototype;
        prototype.put = () => {
            throw new frame.DOMException("no room", "QuotaExceededError");
        };
        await troubleOf(() => phone.keepDraft(dose("2026-03-02", { n: 2 })));
        prototype.put = put;
        const seen = new Set();
        phone.subscribe(() => seen.add(phone.known.drafts[key].answers.n));
        void phone.wake();
        await until(() => phone.known.drafts[key].revision === 2);
        return [[...seen], (await kept()).drafts.get(key).answers.n];
        """
    )
    assert told == [[2], 2]


def test_a_disk_that_is_full_when_the_transaction_ends_is_told_by_name_too(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone, world: frame } = await paired(server, clock, { counts: {} });
        const { put } = frame.IDBObjectStore.prototype;
        const error = Object.getOwnPropertyDescriptor(frame.IDBTransaction.prototype, "error");
        frame.IDBObjectStore.prototype.put = function refused(...given) {
            const request = put.apply(this, given);
            this.transaction.abort();
            return request;
        };
        const full = () => new frame.DOMException("no room", "QuotaExceededError");
        Object.defineProperty(frame.IDBTransaction.prototype, "error", { ...error, get: full });
        const refused = await troubleOf(() => phone.keepDraft(dose("2026-03-02", { n: 1 })));
        frame.IDBObjectStore.prototype.put = put;
        Object.defineProperty(frame.IDBTransaction.prototype, "error", error);
        const { answers } = await phone.give("dose@2026-03-02");
        return { refused, answers };
        """
    )
    assert told == {"refused": "storage-full", "answers": {"n": 1}}


def test_receipts_are_taken_also_when_there_is_no_room_for_what_is_new(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone, world: frame } = await paired(server, clock, { counts: {} });
        await phone.ask("call-me");
        server.tell("put", "assignment", "new", { n: 1 });
        const put = frame.IDBObjectStore.prototype.put;
        frame.IDBObjectStore.prototype.put = function refused(...given) {
            if (this.name === "feed") {
                throw new frame.DOMException("no room", "QuotaExceededError");
            }
            return put.apply(this, given);
        };
        const known = phone.known.assignments.length;
        const sent = await phone.sendNow();
        const notices = phone.known.notices.map(({ code }) => code);
        frame.IDBObjectStore.prototype.put = put;
        await phone.sendNow();
        return { sent, notices, more: phone.known.assignments.length - known, wrong: await wrongs(server) };
        """
    )
    assert told["sent"]["unsent"] == 0
    assert "storage-full" in told["notices"]
    assert told["more"] == 1
    assert told["wrong"] == []
