"""The PIN locks the screen: it is hard to guess, nothing is lost with it, and a new pairing takes it away."""

from __future__ import annotations

from tests.browser.staged import Stage, stage, theatre  # noqa: F401 - fixtures

# ruff: noqa: F811


def test_the_right_pin_opens_and_a_wrong_one_does_not(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await paired(server, clock);
        const none = [phone.known.settings.hasPin, await phone.tryPin("0000")];
        await phone.setPin("4711");
        const tries = [phone.known.settings.hasPin, await phone.tryPin("4712"), await phone.tryPin(""), await phone.tryPin("4711")];
        const { meta } = await kept();
        await phone.setPin(null);
        const gone = [phone.known.settings.hasPin, await phone.tryPin("1")];
        return { none, tries, plain: JSON.stringify([...meta]).includes("4711"), gone };
        """
    )
    assert told == {"none": [False, True], "tries": [True, False, False, True], "plain": False, "gone": [False, True]}


def test_guessing_is_slowed_down_also_after_a_restart_and_a_right_pin_ends_that(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await paired(server, clock);
        await phone.setPin("4711");
        const tried = [];
        for (let n = 0; n < 5; n += 1) {
            tried.push(await phone.tryPin("0000"));
        }
        const waits = async (one) => {
            try {
                return await one.tryPin("4711");
            } catch (trouble) {
                return [trouble.code, trouble.retryAfter];
            }
        };
        const sixth = await waits(phone);
        await phone.close();
        const again = (await new Pocket(server, clock).openHere()).phone;
        const restarted = await waits(again);
        await clock.forward(29_000, () => {});
        const early = await waits(again);
        await clock.forward(1_000, () => {});
        const wrong = await again.tryPin("0001");
        const longer = await waits(again);
        await clock.forward(60_000, () => {});
        const right = await waits(again);
        const after = [await again.tryPin("0000"), await again.tryPin("4711")];
        return { tried, sixth, restarted, early, wrong, longer, right, after };
        """
    )
    assert told["tried"] == [False] * 5
    assert told["sixth"] == told["restarted"] == ["too-many-tries", 30]
    assert told["early"] == ["too-many-tries", 1]
    assert told["wrong"] is False
    assert told["longer"] == ["too-many-tries", 60]
    assert told["right"] is True
    assert told["after"] == [False, True]


def test_a_clock_that_was_put_back_does_not_lock_anybody_out_for_longer_than_a_quarter_of_an_hour(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await paired(server, clock);
        await phone.setPin("4711");
        for (let n = 0; n < 5; n += 1) {
            await phone.tryPin("0000");
        }
        clock.put(clock.now() - 400 * 86_400_000);
        try {
            await phone.tryPin("4711");
            return null;
        } catch (trouble) {
            return [trouble.code, trouble.retryAfter];
        }
        """
    )
    assert told == ["too-many-tries", 900]


def test_sealed_answers_fly_without_it_and_a_new_pairing_takes_it_away_and_nothing_else(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const first = (await paired(server, clock)).phone;
        server.always.sync = faults.nothing;
        await first.setPin("4711");
        await first.ask("call-me", "sealed before");
        await first.keepDraft(dose("2026-03-02", { half: 1 }));
        await first.close();
        server.always.sync = null;
        const { phone } = await new Pocket(server, clock).openHere();
        await phone.start();
        const sent = phone.known.sync.unsent;
        await phone.pair("ADA2");
        await phone.refusePairing();
        const still = phone.known.settings.hasPin;
        await phone.pair("ADA2");
        await phone.confirmPairing();
        const { settings, drafts, entries } = phone.known;
        return { sent, still, hasPin: settings.hasPin, drafts: Object.keys(drafts), entries: entries.length, wrong: await wrongs(server) };
        """
    )
    assert told == {"sent": 0, "still": True, "hasPin": False, "drafts": ["dose@2026-03-02"], "entries": 1, "wrong": []}
