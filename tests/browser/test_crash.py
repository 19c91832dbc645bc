"""The app is killed at every step of a story: the next one goes on as if nothing had happened."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.staged import Stage, stage, theatre  # noqa: F401 - fixtures

# ruff: noqa: F811

FIRST_DAYS = """
    const days = ["2026-03-02", "2026-03-03"];
    const arrives = ["call-me", ...days.map((day) => `dose@${day}`)];
    const archived = [];
    const prepare = () => {};

    /** What Ada wants; she goes on where the phone stands. */
    async function ada(phone, { said }) {
        await pairedBy(phone, "ADA");
        await phone.sendNow();
        for (const day of days) {
            const key = `dose@${day}`;
            if (!phone.known.entries.some(({ occurrence }) => occurrence === key)) {
                const draft = phone.known.drafts[key] ?? dose(day, {});
                await phone.keepDraft({ ...draft, answers: { first: 1 } });
                said.set(key, { first: 1 });
                await phone.keepDraft({ ...draft, answers: { first: 1, second: "ça va 👍" } });
                said.set(key, { first: 1, second: "ça va 👍" });
                await phone.give(key);
                said.set(key, "given");
            }
        }
        if (!phone.known.entries.some(({ what }) => what === "call-me")) {
            await phone.ask("call-me", "please");
            said.set("call-me", "given");
        }
        await phone.sendNow();
    }
"""
RESTORED = """
    const arrives = ["9", "dose@2026-03-02"];
    const archived = ["dose@2026-03-02"];
    const prepare = (server) => {
        server.page = 2; // of five things that are told
    };

    /** A month goes by, and the server is restored from the backup in which her first answer is. */
    async function ada(phone, { said, once, clock, server }) {
        await pairedBy(phone, "ADA");
        await phone.sendNow();
        if (phone.known.entries.length === 0) {
            await give(phone, said, dose("2026-03-02", { first: 1 }), "dose@2026-03-02");
        }
        if (phone.known.settings.reminder_hour !== 9) {
            await phone.prefer({ reminder_hour: 9 });
            said.set("9", "given");
        }
        await phone.set({ textSize: 125 });
        said.set("textSize", 125);
        await phone.sendNow();
        once("a month later, the first entry in a backup", () => {
            clock.put(clock.now() + 31 * 86_400_000);
            server.archivedThrough = 1;
        });
        await phone.sendNow();
        once("that backup restored", () => {
            server.putBack(1, true);
            news(server);
        });
        await phone.sendNow();
    }
"""
HELD = """
    const arrives = ["call-me", "dose@2026-03-02", "dose@2026-03-02 corrected"];
    const archived = [];
    const prepare = (server) => {
        server.page = 4;
    };

    /** The server forgets its tokens; when the phone is paired again, an older copy of the server's file is put back. */
    async function ada(phone, { said, once, server }) {
        await pairedBy(phone, "ADA");
        if (phone.known.entries.length === 0) {
            await give(phone, said, dose("2026-03-02", { first: 1 }), "dose@2026-03-02");
        }
        await phone.sendNow();
        if (!said.has("dropped")) {
            const { key } = await phone.keepDraft(dose("2026-03-03", { first: 1 }));
            await phone.dropDraft(key);
            said.set("dropped", key);
        }
        const { id, occurrence } = phone.known.entries[0];
        if (!phone.known.entries.some(({ supersedes }) => supersedes === id)) {
            const more = { key: `correct:${id}`, corrects: id, reason: "wrong" };
            await give(phone, said, dose("2026-03-02", { first: 2 }, more), `${occurrence} corrected`);
        }
        once("no token known any more", () => server.tokens.clear());
        await phone.sendNow();
        await pairedBy(phone, "ADA2");
        await phone.sendNow();
        once("an older copy put back without a word", () => {
            server.putBack(1, false);
            news(server);
        });
        if (!phone.known.entries.some(({ what }) => what === "call-me")) {
            await phone.ask("call-me", "please");
            said.set("call-me", "given");
        }
        await phone.sendNow();
    }
"""
KILLED = """
    /** A phone that is nobody's, or whose token is not known, is paired. */
    async function pairedBy(phone, code) {
        if (phone.known.identity === null || phone.known.sync.state === "held") {
            await phone.pair(code);
        }
        if (!phone.known.identity.confirmed) {
            await phone.confirmPairing();
        }
    }

    async function give(phone, said, draft, name) {
        const { key, answers } = await phone.keepDraft(draft);
        said.set(key, answers);
        await phone.give(key);
        said.delete(key);
        said.set(name, "given");
    }

    function news(server) {
        for (let n = 0; n < 4; n += 1) {
            server.tell("put", "assignment", `b${n}`, { n });
        }
    }

    const nameOf = ({ occurrence, supersedes, what, reminder_hour: hour }) => (
        supersedes ? `${occurrence} corrected` : occurrence ?? what ?? String(hour));

    /** What the phone promised and does not keep: entries, drafts with their newest answers, settings, and what was dropped. */
    function broken(said, { entries, drafts, meta }) {
        const sealed = new Set(entries.map((entry) => (entry.line === null ? entry.occurrence : nameOf(JSON.parse(entry.line)))));
        const count = (answers) => Object.keys(answers).length;
        const draftIsKept = (key, answers) => drafts.has(key) && count(drafts.get(key).answers) >= count(answers);
        return [...said].filter(([name, what]) => {
            if (name === "dropped") {
                return drafts.has(what) && !said.has(what);
            }
            if (name === "textSize") {
                return meta.get("settings")?.textSize !== what;
            }
            const isSealed = sealed.has(name) || entries.some(({ draft }) => draft === name);
            return !isSealed && (what === "given" || !draftIsKept(name, what));
        }).map(([name]) => `${name} was said to be kept and is not`);
    }

    /** Killed at one step, opened again, all done: what was wrong, and whether the story was over before that step. */
    async function killedAt(step) {
        const { clock, server } = await world(5);
        prepare(server);
        const happened = new Set();
        const once = (what, happen) => {
            if (first.isDead && !isOpenAgain) {
                throw new Error("nothing more happens to a phone that was killed");
            }
            if (!happened.has(what)) {
                happened.add(what);
                happen();
            }
        };
        const story = { clock, server, once, said: new Map() };
        let isOpenAgain = false;
        const first = new Pocket(server, clock, { fuse: step, counts: isEvery ? STEPS : EFFECTS });
        const end = await first.live((phone) => ada(phone, story));
        first.kill();
        const state = await kept();
        const wrong = [...await faultsOf(state, server), ...broken(story.said, state)];

        const { phone } = await new Pocket(server, clock).openHere();
        isOpenAgain = true;
        await phone.start();
        await ada(phone, story);
        const after = await kept();
        wrong.push(...await wrongs(server, state.entries), ...broken(story.said, after));
        const there = server.journal.map(({ line }) => nameOf(JSON.parse(line))).sort();
        if (!same(there, arrives)) {
            wrong.push(`the server has ${there}`);
        }
        const old = after.entries.filter((entry) => entry.state === "archived").map(({ occurrence }) => occurrence);
        if (!same(old, archived) || after.entries.some((entry) => !["committed", "archived"].includes(entry.state))) {
            wrong.push(`archived are ${old}, of ${after.entries.map((entry) => entry.state)}`);
        }
        if (!same(sorted(after.feed), sorted(server.stateAt(server.told.length)))) {
            wrong.push(`the phone knows ${[...after.feed.keys()]}`);
        }
        if (after.drafts.size > 0 || server.mostFlying > 1) {
            wrong.push(`drafts ${[...after.drafts.keys()]}, ${server.mostFlying} flights at a time`);
        }
        await phone.close();
        return { wrong, isOver: end !== "killed" };
    }

    const found = [];
    let step = part + 1;
    let isOver = false;
    while (!isOver) {
        const told = await killedAt(step);
        found.push(...told.wrong.map((text) => `killed at step ${step}: ${text}`));
        isOver = told.isOver;
        step += parts;
    }
    return { found, last: step };
"""
STORIES = {"first days": FIRST_DAYS, "a server restored": RESTORED, "a phone held": HELD}
PARTS = 6


def killed_at_each(stage: Stage, story: str, part: int, *, is_every: bool) -> dict[str, Any]:
    told = stage.tell(STORIES[story] + KILLED, part=part, parts=PARTS, isEvery=is_every)
    assert told["last"] > (150 if is_every else 30), "the story has become so short that it proves nothing"
    return dict(told)


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("story", STORIES)
def test_killed_before_each_effect_nothing_is_lost_doubled_or_changed(stage: Stage, story: str, part: int) -> None:
    assert killed_at_each(stage, story, part, is_every=False)["found"] == []


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("story", STORIES)
def test_killed_at_each_step_nothing_is_lost_doubled_or_changed(stage: Stage, story: str, part: int) -> None:
    assert killed_at_each(stage, story, part, is_every=True)["found"] == []
