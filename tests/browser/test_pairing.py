"""Pairing on the phone: nothing counts before the number was compared, a lost answer costs nothing, nobody's entries become another's."""

from __future__ import annotations

import json

import pytest

from tests.browser.staged import Stage, stage, theatre  # noqa: F401 - fixtures

# ruff: noqa: F811


ANSWERS = {
    "faults.nothing": ["offline", 0],
    "faults.lost": ["offline", 0],
    "faults.truncated": ["offline", 0],
    "faults.html": ["offline", 0],
    "faults.portalLogin": ["offline", 0],
    "async () => json(201, { welcome: true })": ["offline", 0],
    "async () => new Response('<html>', { status: 201 })": ["offline", 0],
    "faults.busy": ["offline", 120],
    "faults.strangersThrottle": ["offline", 86_400],
    "faults.throttled": ["too-many-tries", 60],
    "async () => problem(404, 'code-unknown')": ["code-unknown", 0],
    "async () => problem(404, 'code-expired')": ["code-expired", 0],
    "async () => problem(409, 'code-used')": ["code-used", 0],
    "async () => problem(422, 'bad-request')": ["unexpected", 0],
}
"""What may be answered to a code -> what the person is told, and after how many seconds to try again."""


def test_what_goes_wrong_is_told_by_a_code_and_the_same_code_works_afterwards(stage: Stage) -> None:
    told = stage.tell(
        f"""
        const outcomes = {{}};
        for (const [name, answer] of Object.entries({{ {", ".join(f"{json.dumps(name)}: {name}" for name in ANSWERS)} }})) {{
            const {{ clock, server }} = await world();
            const {{ phone }} = await new Pocket(server, clock).openHere();
            server.faults.devices.push(answer);
            let trouble = null;
            try {{
                await phone.pair(" ADA ");
            }} catch (failure) {{
                trouble = [failure.code, failure.retryAfter];
            }}
            const nobody = phone.known.identity;
            const number = await phone.pair("ADA");
            const devices = new Set([...server.tokens.values()].map(({{ device }}) => device)).size;
            outcomes[name] = {{ trouble, nobody, number, devices }};
            await phone.close();
        }}
        return outcomes;
        """
    )
    assert told == {
        answer: {"trouble": trouble, "nobody": None, "number": "01-0001-4", "devices": 1} for answer, trouble in ANSWERS.items()
    }


def test_nothing_flies_before_the_number_is_confirmed_and_a_wrong_one_leaves_nothing(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await new Pocket(server, clock).openHere();
        await phone.start();
        await phone.pair("ADA");
        await phone.sendNow();
        const shown = phone.known.identity;
        await phone.close();
        const again = (await new Pocket(server, clock).openHere()).phone;
        const afterKill = again.known.identity;
        await again.refusePairing();
        const refused = again.known.identity;
        await again.pair("BEN");
        await again.confirmPairing();
        await again.sendNow();
        const { envelope } = server.requests[0];
        return { shown, afterKill, refused, now: again.known.identity, requests: server.requests.length, first: envelope };
        """
    )
    assert (told["shown"]["participant"], told["shown"]["confirmed"]) == ("01-0001-4", False)
    assert told["afterKill"] == told["shown"]
    assert told["refused"] is None
    assert (told["now"]["participant"], told["now"]["confirmed"]) == ("02-0001-7", True)
    assert set(told["now"]) == {"participant", "device_id", "study", "paired_at", "confirmed"}
    assert told["requests"] >= 1
    assert told["first"]["cursor"] is None


@pytest.mark.parametrize("kept", ["an entry that waits", "an entry that is stored", "a draft"])
def test_another_participants_code_is_refused_while_something_is_kept(stage: Stage, kept: str) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await paired(server, clock);
        if (what === "a draft") {
            await phone.keepDraft(dose("2026-03-02", { n: 1 }));
        } else {
            await phone.ask("call-me");
        }
        if (what === "an entry that is stored") {
            await phone.sendNow();
        }
        const refused = await troubleOf(() => phone.pair("BEN"));
        const { participant, confirmed } = phone.known.identity;
        await phone.sendNow();
        return { refused, participant, confirmed, wrong: await wrongs(server) };
        """,
        what=kept,
    )
    assert told == {"refused": "other-participant", "participant": "01-0001-4", "confirmed": True, "wrong": []}


def test_what_is_entered_while_another_number_is_compared_keeps_the_phone_with_whom_it_was(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await paired(server, clock);
        await phone.pair("BEN");
        await phone.ask("call-me");
        const refused = await troubleOf(() => phone.confirmPairing());
        await phone.refusePairing();
        await phone.sendNow();
        return { refused, participant: phone.known.identity.participant, who: server.journal[0].participant, wrong: await wrongs(server) };
        """
    )
    assert told == {"refused": "other-participant", "participant": "01-0001-4", "who": "01-0001-4", "wrong": []}


def test_a_phone_that_kept_nothing_may_become_another_participants_and_forgets_what_it_was_told(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await paired(server, clock);
        const before = phone.known.assignments.length;
        server.always.sync = faults.nothing;
        await phone.pair("BEN");
        await phone.confirmPairing();
        const after = phone.known.assignments.length;
        const { cursor } = (await kept()).meta.get("reading") ?? { cursor: null };
        return { before, after, cursor, participant: phone.known.identity.participant };
        """
    )
    assert told == {"before": 4, "after": 0, "cursor": None, "participant": "02-0001-7"}


def test_pairing_again_after_a_restore_offers_everything_anew(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await paired(server, clock);
        await phone.ask("call-me", "one");
        await phone.ask("call-me", "two");
        await phone.sendNow();
        server.putBack(0, true);
        server.tokens.clear();
        const held = await phone.sendNow();
        await phone.pair("ADA2");
        await phone.confirmPairing();
        const waiting = phone.known.sync.unsent;
        await phone.sendNow();
        return { held: held.state, waiting, wrong: await wrongs(server), stored: server.journal.length };
        """
    )
    assert told == {"held": "held", "waiting": 2, "wrong": [], "stored": 2}


def test_a_person_may_try_whether_a_held_phone_is_known_again(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await paired(server, clock);
        const tokens = server.tokens;
        server.tokens = new Map();
        await phone.ask("call-me");
        const held = await phone.sendNow();
        server.tokens = tokens;
        const sent = await phone.sendNow();
        return [held.state, sent.state, sent.unsent];
        """
    )
    assert told == ["held", "idle", 0]
