"""Long lives at random: entries, drafts, failures of every kind, restored servers, killed apps; in the end nothing is lost or doubled."""

from __future__ import annotations

import pytest

from tests.browser.staged import Stage, stage, theatre  # noqa: F401 - fixtures

# ruff: noqa: F811

LIFE = """
    const luck = chance(seed);
    const pick = (list) => list[Math.floor(luck() * list.length)];
    const { clock, server } = await world(12);
    server.page = 1 + Math.floor(luck() * 5);
    let pocket = await paired(server, clock, { counts: {}, random: luck });
    const wrong = [];
    let sealed = [];
    let restores = 0;
    const names = Object.keys(faults);

    /** One thing that happens. */
    const events = {
        draft: async () => {
            const begun = dose(`2026-03-0${1 + Math.floor(luck() * 9)}`, { n: Math.floor(luck() * 1e6) });
            const isGiven = pocket.phone.known.entries.some((one) => one.occurrence === begun.occurrence);
            const trouble = await troubleOf(() => pocket.phone.keepDraft(begun));
            if (trouble !== (isGiven ? "already-given" : "nothing")) {
                wrong.push(`a draft for ${begun.occurrence} led to ${trouble}`);
            }
        },
        give: async () => {
            const key = pick(Object.keys(pocket.phone.known.drafts).concat("none"));
            if (key !== "none") {
                await pocket.phone.give(key);
            }
        },
        correct: async () => {
            const target = pick(pocket.phone.known.entries.filter(({ kind }) => kind === "response.given").concat(null));
            if (target !== null) {
                const key = `correct:${target.id}`;
                const more = { key, occurrence: target.occurrence, corrects: target.id, reason: "wrong_day" };
                await pocket.phone.keepDraft({ ...dose("x", { m: 1 }), ...more });
                await pocket.phone.give(key);
            }
        },
        ask: () => pocket.phone.ask("call-me", String.fromCodePoint(...[1, 2, 3].map(() => 32 + Math.floor(luck() * 55_000)))),
        fly: () => pocket.phone.sendNow(),
        fault: () => server.faults.sync.push(faults[pick(names)]),
        told: () => {
            server.tell(luck() < 0.8 ? "put" : "retire", "assignment", `a${Math.floor(luck() * 9)}`, { n: Math.floor(luck() * 99) });
        },
        later: () => clock.forward(luck() * 1_000_000, () => until(() => server.flying === 0)),
        limit: () => {
            server.limits = { ...server.limits, entries: 1 + Math.floor(luck() * 6) };
        },
        reopen: async () => {
            pocket.kill();
            pocket = await new Pocket(server, clock, { counts: {}, random: luck }).open();
            await pocket.phone.start();
        },
        restore: () => {
            restores += 1;
            server.putBack(Math.floor(luck() * (server.journal.length + 1)), luck() < 0.5);
        },
        forgotten: () => server.tokens.clear(),
    };
    const weights = {
        draft: 5, give: 5, ask: 5, fly: 6, fault: 6, told: 4, correct: 2, later: 2, limit: 1, reopen: 1, restore: 0.5, forgotten: 0.3,
    };
    const bag = Object.entries(weights).flatMap(([name, weight]) => Array(Math.round(weight * 10)).fill(name));
    const happened = [];
    for (let n = 0; n < length; n += 1) {
        const name = pick(bag);
        happened.push(name);
        await events[name]();
        if (pocket.phone.known.sync.state === "held") {
            server.codes.set(`again${n}`, "01-0001-4");
            await pocket.phone.pair(`again${n}`);
            await pocket.phone.confirmPairing();
        }
        if (n % 10 === 9) {
            const state = await kept();
            wrong.push(...(await faultsOf(state, server)).map((text) => `${n}: ${text}`));
            const other = ({ id, line }) => state.entries.find((one) => one.id === id)?.line !== line;
            wrong.push(...sealed.filter(other).map(({ seq }) => `${n}: entry ${seq} is another or gone`));
            sealed = state.entries;
        }
    }
    server.faults.sync = [];
    server.limits = { entries: 200, bytes: 1_048_576, entry_bytes: 65_536 };
    const drafts = Object.keys(pocket.phone.known.drafts).length;
    for (let n = 0; n < 3; n += 1) {
        await pocket.phone.sendNow();
        if (pocket.phone.known.sync.state === "held") {
            server.codes.set(`last${n}`, "01-0001-4");
            await pocket.phone.pair(`last${n}`);
            await pocket.phone.confirmPairing();
        }
    }
    const state = await kept();
    wrong.push(...await wrongs(server, sealed));
    const told = [...server.stateAt(server.told.length).keys()].sort();
    if (!same(told, [...state.feed.keys()].sort())) {
        wrong.push(`the phone knows ${[...state.feed.keys()]}, it was told ${told}`);
    }
    if (state.drafts.size !== drafts) {
        wrong.push("drafts went");
    }
    return { wrong, entries: state.entries.length, unsent: pocket.phone.known.sync.unsent, most: server.mostFlying, restores };
"""


def check_life(stage: Stage, seed: int, length: int) -> None:
    told = stage.tell(LIFE, seed=seed, length=length)
    assert told["wrong"] == []
    assert told["unsent"] == 0
    assert told["most"] == 1
    assert told["entries"] > length / 10


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_all_arrives_once_and_as_it_was_sealed(stage: Stage, seed: int) -> None:
    check_life(stage, seed, 80)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 140))
def test_whatever_happens_for_a_long_time_all_arrives_once_and_as_it_was_sealed(stage: Stage, seed: int) -> None:
    check_life(stage, seed, 400)
