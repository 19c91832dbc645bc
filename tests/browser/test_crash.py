"""The app is killed at every step of a story: the next one goes on as if nothing had happened."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.staged import Stage, stage, theatre  # noqa: F401 - fixtures

# ruff: noqa: F811

STORY = """
    const days = ["2026-03-02", "2026-03-03"];

    /** What Ada wants; she goes on where the phone stands. */
    async function ada(phone, seen) {
        if (phone.known.identity === null) {
            await phone.pair("ADA");
        }
        if (!phone.known.identity.confirmed) {
            await phone.confirmPairing();
        }
        await phone.sendNow();
        for (const day of days) {
            const key = `dose@${day}`;
            if (!phone.known.entries.some(({ occurrence }) => occurrence === key)) {
                const draft = phone.known.drafts[key] ?? dose(day, {});
                await phone.keepDraft({ ...draft, answers: { first: 1 } });
                seen.set(key, { first: 1 });
                await phone.keepDraft({ ...draft, answers: { first: 1, second: "ça va 👍" } });
                seen.set(key, { first: 1, second: "ça va 👍" });
                await phone.give(key);
                seen.set(key, "given");
            }
        }
        if (!phone.known.entries.some(({ what }) => what === "call-me")) {
            await phone.ask("call-me", "please");
        }
        await phone.sendNow();
    }

    /** Killed at one step, opened again, all done: what was wrong, and whether the story was over before that step. */
    async function killedAt(step) {
        const { clock, server } = await world();
        const first = new Pocket(server, clock, { fuse: step, counts: isEvery ? STEPS : EFFECTS });
        const seen = new Map();
        const end = await first.live((phone) => ada(phone, seen));
        first.kill();
        const state = await kept();
        const wrong = await faultsOf(state, server);
        for (const [key, answers] of seen) {
            const given = state.entries.find(({ occurrence }) => occurrence === key);
            const draft = state.drafts.get(key);
            const count = (one) => Object.keys(one).length;
            const isKept = answers === "given" ? given : given ?? (draft && count(draft.answers) >= count(answers));
            if (!isKept) {
                wrong.push(`${key} was said to be kept and is gone`);
            }
        }
        const { phone } = await new Pocket(server, clock).openHere();
        await ada(phone, new Map());
        wrong.push(...await wrongs(server, state.entries));
        const answers = server.journal.map(({ line }) => JSON.parse(line).occurrence ?? JSON.parse(line).what).sort();
        if (!same(answers, ["call-me", ...days.map((day) => `dose@${day}`)])) {
            wrong.push(`the server has ${answers}`);
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
PARTS = 8


def killed_at_each(stage: Stage, part: int, *, is_every: bool) -> dict[str, Any]:
    told = stage.tell(STORY, part=part, parts=PARTS, isEvery=is_every)
    assert told["last"] > 60, "the story has become so short that it proves nothing"
    return dict(told)


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_before_each_effect_nothing_is_lost_doubled_or_changed(stage: Stage, part: int) -> None:
    assert killed_at_each(stage, part, is_every=False)["found"] == []


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS))
def test_killed_at_each_step_nothing_is_lost_doubled_or_changed(stage: Stage, part: int) -> None:
    assert killed_at_each(stage, part, is_every=True)["found"] == []
