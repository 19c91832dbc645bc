"""A server that was put back to an older copy is refilled by the phones, also where nobody noticed; bodies go when a backup has them."""

from __future__ import annotations

import pytest

from tests.browser.staged import Stage, stage, theatre  # noqa: F401 - fixtures

# ruff: noqa: F811


@pytest.mark.parametrize("says_so", [True, False], ids=["another epoch", "the head went back"])
@pytest.mark.parametrize("back_to", [0, 2])
def test_after_the_server_was_restored_everything_is_offered_again(stage: Stage, back_to: int, says_so: bool) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        server.has = () => null; // epoch and head have to suffice
        const { phone } = await paired(server, clock);
        for (let n = 0; n < 4; n += 1) {
            await phone.ask("call-me", `note ${n}`);
            await phone.sendNow();
        }
        await phone.keepDraft(dose("2026-03-04", { half: "done" }));
        const before = (await kept()).entries;
        server.putBack(back_to, says_so);
        await phone.sendNow();
        const { entries, drafts, sync } = phone.known;
        return {
            states: entries.map(({ state }) => state), drafts: Object.keys(drafts), sync,
            wrong: await wrongs(server, before), stored: server.journal.length,
        };
        """,
        back_to=back_to,
        says_so=says_so,
    )
    assert told["states"] == ["committed"] * 4
    assert told["drafts"] == ["dose@2026-03-04"]
    assert told["wrong"] == []
    assert told["stored"] == 4


@pytest.mark.parametrize("back_to", [0, 1, 3])
def test_what_a_restored_server_lacks_is_offered_again_also_when_its_journal_has_outgrown_what_the_phone_saw(
    stage: Stage, back_to: int
) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await paired(server, clock);
        for (let n = 0; n < 4; n += 1) {
            await phone.ask("call-me", `note ${n}`);
            await phone.sendNow();
        }
        const before = (await kept()).entries;
        server.putBack(backTo, false);
        for (let n = 0; n < 9; n += 1) { // others fill it up again
            server.journal.push({ id: `other ${n}`, line: "{}", participant: "02-0001-7", also: [] });
        }
        if (isBusy) {
            await phone.ask("call-me", "one more");
        }
        await phone.sendNow();
        server.journal = server.journal.filter(({ participant }) => participant !== "02-0001-7");
        return { wrong: await wrongs(server, before), stored: server.journal.length };
        """,
        backTo=back_to,
        isBusy=back_to == 1,
    )
    assert told["wrong"] == []
    assert told["stored"] == 4 + (back_to == 1)


def test_a_server_that_cannot_count_is_not_asked_for_ever(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await paired(server, clock);
        await phone.ask("call-me", "one");
        await phone.ask("call-me", "two");
        server.has = () => ({ contiguous_to: 0, missing: [] });
        const before = server.requests.length;
        for (let n = 0; n < 9; n += 1) {
            await phone.sendNow();
        }
        return { flights: server.requests.length - before, unsent: phone.known.sync.unsent, wrong: await wrongs(server) };
        """
    )
    assert told["flights"] <= 9 + 3
    assert told["unsent"] == 0
    assert told["wrong"] == []


def test_bodies_go_when_they_are_in_a_backup_and_thirty_days_old_by_the_servers_clock(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await paired(server, clock);
        const day = 86_400_000;
        for (const n of [1, 2, 3]) {
            await phone.ask("call-me", `note ${n}`);
            await phone.sendNow();
        }
        const states = async () => {
            await phone.sendNow();
            return phone.known.entries.map(({ state }) => state);
        };
        const seen = [];
        await clock.forward(29 * day, () => {});
        server.archivedThrough = 2;
        seen.push(await states());
        await clock.forward(day, () => {});
        seen.push(await states());
        const { entries } = await kept();
        const digests = entries.map(({ sha256: digest }) => digest.length);
        server.putBack(0, true);
        seen.push(await states());
        return { seen, lines: entries.map(({ line }) => line === null), digests, notes: phone.known.entries.map(({ note }) => note) };
        """
    )
    assert told["seen"][0] == ["committed"] * 3
    assert told["seen"][1] == ["archived", "archived", "committed"]
    assert told["seen"][2] == ["archived", "archived", "committed"]  # what is gone here is in the backup
    assert told["lines"] == [True, True, False]
    assert told["digests"] == [64] * 3
    assert told["notes"] == ["note 1", "note 2", "note 3"]


def test_what_was_answered_stays_to_be_seen_when_the_bytes_have_gone(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await paired(server, clock);
        await phone.keepDraft(dose("2026-03-02", { "intake.1.status": "vomited", half: "0.5" }, { by: "proxy" }));
        await phone.give("dose@2026-03-02");
        await phone.sendNow();
        const before = phone.known.entries[0];
        const said = ({ answers, by, version, reason }) => ({ answers, by, version, reason });
        const then = said(before);
        await clock.forward(30 * 86_400_000, () => {});
        server.archivedThrough = 1;
        await phone.sendNow();
        const { entries: [{ line, state }] } = await kept();
        const everything = JSON.parse(await phone.copyOfEverything().text());
        return { line, state, then, now: said(phone.known.entries[0]), copied: everything.entries[0].entry.answers };
        """
    )
    assert (told["line"], told["state"]) == (None, "archived")
    assert told["now"] == told["then"]
    assert told["then"]["answers"] == told["copied"] == {"intake.1.status": "vomited", "half": "0.5"}
    assert told["then"]["by"] == "proxy"
