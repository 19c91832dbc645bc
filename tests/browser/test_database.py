"""The phone's database fails: its connection dies, a transaction is aborted, the disk is full, a newer release wants it."""

from __future__ import annotations

import pytest

from tests.browser.staged import Stage, stage, theatre  # noqa: F401 - fixtures

# ruff: noqa: F811

WHOLE_STORY = """
    /** Everything that writes, once; returns what the phone knows right after each. */
    async function ada(phone) {
        const known = [];
        const look = (what) => known.push(what);
        await phone.pair("ADA");
        look(phone.known.identity.participant);
        await phone.confirmPairing();
        look(phone.known.identity.confirmed);
        await phone.sendNow();
        look(phone.known.assignments.length);
        await phone.keepDraft(dose("2026-03-02", { n: 1 }));
        await phone.keepDraft(dose("2026-03-02", { n: 1, m: 2 }));
        look(phone.known.drafts["dose@2026-03-02"].answers);
        await phone.give("dose@2026-03-02");
        look(Object.keys(phone.known.drafts));
        await phone.note("reminder-opened", "dose@2026-03-02");
        await phone.prefer({ reminder_hour: 9 });
        look(phone.known.settings.reminder_hour);
        look(phone.known.sync.unsent);
        await phone.sendNow();
        look(phone.known.entries.map(({ state }) => state));
        return known;
    }

    async function outcome(phone, server) {
        const said = server.journal.map(({ line }) => JSON.parse(line));
        return {
            kinds: said.map(({ kind }) => kind), answers: said[0]?.answers, wrong: await wrongs(server),
        };
    }
"""
WHOLE_OUTCOME = {
    "kinds": ["response.given", "app.noted", "preference.set"], "answers": {"n": 1, "m": 2}, "wrong": [],
    "known": ["01-0001-4", True, 4, {"n": 1, "m": 2}, [], 9, 3, ["committed"] * 3],
}  # fmt: skip

FAULTS = {
    # the connection was closed under the phone's feet, as Safari does
    "closed": """(world, nth) => {
        const original = world.IDBDatabase.prototype.transaction;
        let count = 0;
        world.IDBDatabase.prototype.transaction = function transaction(...given) {
            count += 1;
            if (count === nth) {
                this.close();
            }
            return original.apply(this, given);
        };
        return () => count;
    }""",
    # the process that keeps the database ended
    "unknown": """(world, nth) => {
        const original = world.IDBDatabase.prototype.transaction;
        let count = 0;
        world.IDBDatabase.prototype.transaction = function transaction(...given) {
            count += 1;
            if (count === nth) {
                throw new world.DOMException("Connection to Indexed Database server lost. Refresh the page to try again", "UnknownError");
            }
            return original.apply(this, given);
        };
        return () => count;
    }""",
    # a transaction is aborted when its writes have been asked for
    "aborted": """(world, nth) => {
        const original = world.IDBObjectStore.prototype.put;
        let count = 0;
        world.IDBObjectStore.prototype.put = function put(...given) {
            count += 1;
            const request = original.apply(this, given);
            if (count === nth) {
                this.transaction.abort();
            }
            return request;
        };
        return () => count;
    }""",
    # a transaction was committed, and the connection died before anybody was told
    "committed, not told": """(world, nth) => {
        const kind = world.IDBTransaction.prototype;
        const original = kind.addEventListener;
        let count = 0;
        kind.addEventListener = function addEventListener(type, listener, ...more) {
            if (type === "complete" && this.mode === "readwrite") {
                count += 1;
                this.hides = count === nth;
            }
            if (type === "abort" && this.hides) {
                return original.call(this, "complete", listener, ...more);
            }
            return type === "complete" && this.hides ? undefined : original.call(this, type, listener, ...more);
        };
        return () => count;
    }""",
}


@pytest.mark.parametrize(("fault", "locks"), [*((fault, "the browser's") for fault in FAULTS), ("committed, not told", "none")])
def test_a_connection_that_dies_at_any_time_is_opened_again_and_nothing_is_done_twice(stage: Stage, fault: str, locks: str) -> None:
    told = stage.tell(
        f"""
        {WHOLE_STORY}
        const strike = {FAULTS[fault]};
        const step = {1 if fault == "committed, not told" else 3};
        const outcomes = [];
        for (let nth = 1, isOver = false; !isOver; nth += step) {{
            const {{ clock, server }} = await world();
            const pocket = new Pocket(server, clock, {{ counts: {{}}, {"locks: null" if locks == "none" else ""} }});
            let count = null;
            pocket.prepare = (frame) => {{
                count = strike(frame, nth);
            }};
            const {{ phone }} = await pocket.open();
            const known = await ada(phone);
            isOver = count() < nth;
            outcomes.push({{ ...await outcome(phone, server), known }});
            pocket.kill();
        }}
        return outcomes;
        """
    )
    assert len(told) > 3
    assert [outcome for outcome in told if outcome != WHOLE_OUTCOME] == []


def test_an_answer_that_was_taken_before_the_connection_died_is_taken_once(stage: Stage) -> None:
    told = stage.tell(
        f"""
        const strike = {FAULTS["committed, not told"]};
        const outcomes = [];
        for (let nth = 0, isOver = false; !isOver; nth += 1) {{
            const {{ clock, server }} = await world();
            const {{ phone, world: frame, ...pocket }} = await paired(server, clock, {{ counts: {{}} }});
            await phone.ask("call-me", "old");
            await phone.sendNow();
            server.archivedThrough = 1;
            clock.put(clock.now() + 31 * 86_400_000);
            for (let n = 1; n <= 5; n += 1) {{
                await phone.ask("call-me", `note ${{n}}`);
            }}
            server.limits = {{ ...server.limits, entries: 2 }};
            const [many, count] = [server.requests.length, strike(frame, nth)];
            await phone.sendNow();
            isOver = nth > 0 && count() < nth;
            outcomes.push({{
                sizes: server.requests.slice(many).map(({{ lines }}) => lines.length), wrong: await wrongs(server),
                states: phone.known.entries.map(({{ state }}) => state), unsent: phone.known.sync.unsent,
            }});
            pocket.frame.remove();
        }}
        return outcomes;
        """
    )
    assert told[0]["states"] == ["archived", *["committed"] * 5]
    assert (told[0]["unsent"], told[0]["wrong"]) == (0, [])
    assert len(told) > 10
    assert [outcome for outcome in told if outcome != told[0]] == []


@pytest.mark.parametrize("before", [0, 4])
def test_a_try_of_the_pin_counts_once_when_its_connection_dies(stage: Stage, before: int) -> None:
    told = stage.tell(
        f"""
        const strike = {FAULTS["committed, not told"]};
        const {{ clock, server }} = await world();
        const {{ phone, world: frame }} = await paired(server, clock, {{ counts: {{}} }});
        await phone.setPin("4711");
        for (let n = 0; n < before; n += 1) {{
            await phone.tryPin("0000");
        }}
        const count = strike(frame, 1);
        const isRight = [await phone.tryPin("0001")];
        const pin = (await kept()).meta.get("pin");
        clock.put(Math.max(clock.now(), pin.until));
        isRight.push(await phone.tryPin("4711"));
        return {{ isRight, wrong: pin.wrong, struck: count() }};
        """,
        before=before,
    )
    assert told == {"isRight": [False, True], "wrong": before + 1, "struck": 4}


def test_a_connection_that_stays_dead_is_told_and_the_draft_is_in_memory(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const pocket = await paired(server, clock, { counts: {} });
        const { phone, world: frame } = pocket;
        const original = frame.IDBDatabase.prototype.transaction;
        frame.IDBDatabase.prototype.transaction = () => {
            throw new frame.DOMException("gone", "UnknownError");
        };
        const refused = await troubleOf(() => phone.keepDraft(dose("2026-03-02", { n: 1 })));
        const inMemory = phone.known.drafts["dose@2026-03-02"].answers;
        frame.IDBDatabase.prototype.transaction = original;
        await phone.give("dose@2026-03-02");
        await phone.sendNow();
        return { refused, inMemory, answers: JSON.parse(server.journal[0].line).answers, wrong: await wrongs(server) };
        """
    )
    assert told["refused"] == "unexpected"
    assert told["inMemory"] == told["answers"] == {"n": 1}
    assert told["wrong"] == []


def test_a_newer_release_in_another_tab_gets_the_database_and_this_one_says_that_it_is_outdated(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await paired(server, clock, { counts: {} });
        await phone.keepDraft(dose("2026-03-02", { n: 1 }));
        const newer = await new Promise((resolve, reject) => {
            const request = indexedDB.open("qol/model", 99);
            request.onsuccess = () => resolve(request.result);
            request.onerror = () => reject(request.error);
        });
        newer.close();
        const refused = await troubleOf(() => phone.give("dose@2026-03-02"));
        const { drafts, entries } = await kept();
        return { refused, drafts: drafts.size, entries: entries.length };
        """
    )
    assert told == {"refused": "outdated", "drafts": 1, "entries": 0}
