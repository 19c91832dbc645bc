"""An occurrence is answered once on a phone, and nothing is sealed or sent as another participant's, whatever windows still show."""

from __future__ import annotations

import pytest

from tests.browser.staged import Stage, stage, theatre  # noqa: F401 - fixtures

# ruff: noqa: F811


def test_a_tab_that_still_shows_what_another_gave_cannot_give_it_again(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const one = await paired(server, clock, { counts: {} });
        const other = await new Pocket(server, clock, { counts: {} }).open();
        await one.phone.keepDraft(dose("2026-03-02", { n: 1 }));
        await until(() => "dose@2026-03-02" in other.phone.known.drafts);
        const shown = other.phone.known.drafts["dose@2026-03-02"];
        await one.phone.give("dose@2026-03-02");
        const refused = await troubleOf(() => other.phone.keepDraft({ ...shown, answers: { n: 2 } }));
        await one.phone.sendNow();
        return { refused, drafts: (await kept()).drafts.size, wrong: await wrongs(server), stored: server.journal.length };
        """
    )
    assert told == {"refused": "already-given", "drafts": 0, "wrong": [], "stored": 1}


@pytest.mark.parametrize("heard", [True, False], ids=["a window that heard", "a window that slept"])
def test_an_occurrence_is_answered_once_on_this_phone_whatever_a_window_still_shows(stage: Stage, heard: bool) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const stale = new Pocket(server, clock, { counts: {} });
        stale.prepare = (frame) => {
            if (!heard) {
                Object.defineProperty(frame.BroadcastChannel.prototype, "onmessage", { set() {} });
            }
        };
        await stale.open();
        await stale.phone.pair("ADA");
        await stale.phone.confirmPairing();
        const other = await new Pocket(server, clock, { counts: {} }).open();
        const key = "dose@2026-03-02";
        const mine = dose("2026-03-02", { n: 1 }); // as a screen holds it: it never knew its entry's id
        await stale.phone.keepDraft(mine);
        await until(() => key in other.phone.known.drafts);
        await other.phone.keepDraft({ ...other.phone.known.drafts[key], answers: { n: 2 } });
        const { id } = await other.phone.give(key);
        const keeping = await troubleOf(() => stale.phone.keepDraft({ ...mine, answers: { n: 3 } }));
        const ghosts = [(await kept()).drafts.size, key in stale.phone.known.drafts];
        const given = await troubleOf(() => stale.phone.give(key));
        const correction = { ...mine, key: `correct:${id}`, corrects: id, answers: { n: 4 } };
        await stale.phone.keepDraft(correction);
        await stale.phone.give(correction.key);
        await stale.phone.sendNow();
        const said = server.journal.map(({ line }) => JSON.parse(line)).map(({ answers, supersedes }) => [answers.n, supersedes === id]);
        return { keeping, ghosts, given, said, wrong: await wrongs(server) };
        """,
        heard=heard,
    )
    assert told["keeping"] == "already-given"
    assert told["ghosts"] == [0, False]
    assert told["given"] != "nothing"
    assert told["said"] == [[2, False], [4, True]]
    assert told["wrong"] == []


def test_a_draft_that_another_window_left_behind_is_not_sealed_over_an_answer(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await paired(server, clock);
        await phone.keepDraft(dose("2026-03-02", { n: 1 }));
        await phone.give("dose@2026-03-02");
        await phone.keepDraft({ ...dose("2026-03-02", { n: 2 }), occurrence: null }); // what just happened may happen again
        const again = await phone.give("dose@2026-03-02");
        const ghost = { ...dose("2026-03-02", { n: 3 }), entry_id: crypto.randomUUID(), revision: 1 };
        const database = await new Promise((resolve) => {
            indexedDB.open("qol/model").onsuccess = ({ target }) => resolve(target.result);
        });
        await new Promise((resolve) => {
            const tx = database.transaction(["drafts"], "readwrite");
            tx.objectStore("drafts").put(ghost);
            tx.oncomplete = resolve;
        });
        database.close();
        const refused = await troubleOf(() => phone.give("dose@2026-03-02"));
        const { entries } = await kept();
        return { refused, occurrences: entries.map(({ occurrence }) => occurrence), adHoc: `dose@${again.id}` };
        """
    )
    assert told["refused"] == "already-given"
    assert told["occurrences"] == ["dose@2026-03-02", told["adHoc"]]


@pytest.mark.parametrize("event", ["pageshow", "visibilitychange"])
def test_a_window_that_slept_reads_all_anew_when_somebody_looks_at_it(stage: Stage, event: str) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const deaf = new Pocket(server, clock, { counts: {} });
        deaf.prepare = (frame) => {
            Object.defineProperty(frame.BroadcastChannel.prototype, "onmessage", { set() {} });
        };
        const { phone, world: frame } = await deaf.open();
        await phone.pair("ADA");
        await phone.confirmPairing();
        await phone.start();
        const other = await new Pocket(server, clock, { counts: {} }).open();
        await other.phone.keepDraft(dose("2026-03-02", { n: 1 }));
        await other.phone.keepDraft(dose("2026-03-03", { n: 2 }));
        await other.phone.give("dose@2026-03-03");
        await other.phone.set({ textSize: 150 });
        const before = [phone.known.entries.length, Object.keys(phone.known.drafts), phone.known.settings.textSize];
        (event === "visibilitychange" ? frame.document : frame).dispatchEvent(new frame.Event(event));
        await until(() => phone.known.entries.length > 0);
        return [before, [phone.known.entries.length, Object.keys(phone.known.drafts), phone.known.settings.textSize]];
        """,
        event=event,
    )
    assert told == [[0, [], None], [1, ["dose@2026-03-02"], 150]]


def test_what_one_person_said_while_the_phone_became_anothers_is_not_sealed(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const one = await paired(server, clock, { counts: {} });
        const other = await new Pocket(server, clock, { counts: {} }).open();
        const { SubtleCrypto } = one.world;
        const original = SubtleCrypto.prototype.digest;
        SubtleCrypto.prototype.digest = async function digest(...given) {
            SubtleCrypto.prototype.digest = original;
            await other.phone.pair("BEN");
            confirmed = other.phone.confirmPairing(); // and then waits for its own turn to seal
            while ((await kept()).meta.get("identity").participant !== "02-0001-7");
            return original.apply(this, given);
        };
        let confirmed;
        const refused = await troubleOf(() => one.phone.ask("stop", "Ada's words"));
        await confirmed;
        await other.phone.sendNow();
        const { participant } = other.phone.known.identity;
        return { refused, participant, entries: (await kept()).entries.length, stored: server.journal.length };
        """
    )
    assert told == {"refused": "other-participant", "participant": "02-0001-7", "entries": 0, "stored": 0}


def test_what_is_anothers_never_flies_and_is_counted_nowhere(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await paired(server, clock);
        server.always.sync = faults.nothing;
        await phone.ask("call-me", "Ada's words");
        await phone.sendNow();
        const database = await new Promise((resolve) => {
            indexedDB.open("qol/model").onsuccess = ({ target }) => resolve(target.result);
        });
        await new Promise((resolve) => {
            const store = database.transaction(["entries"], "readwrite").objectStore("entries");
            store.get(1).onsuccess = ({ target }) => store.put({ ...target.result, participant: "02-0001-7" });
            store.transaction.oncomplete = resolve;
        });
        database.close();
        await phone.close();
        server.always.sync = null;
        const again = (await new Pocket(server, clock).openHere()).phone;
        const sync = await again.sendNow();
        const [{ state, participant }] = (await kept()).entries;
        return { unsent: sync.unsent, state, participant, stored: server.journal.length, copy: await waitingLines(again),
            queues: server.requests.map(({ envelope }) => envelope.queue.unsent).at(-1) };
        """
    )
    assert told == {"unsent": 0, "state": "queued", "participant": "02-0001-7", "stored": 0, "copy": [], "queues": 0}
