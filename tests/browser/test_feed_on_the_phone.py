"""What the server tells a phone: taken together with its cursor, replaced as a whole, and never in the way of a receipt."""

from __future__ import annotations

from tests.browser.staged import Stage, stage, theatre  # noqa: F401 - fixtures

# ruff: noqa: F811


def test_a_snapshot_replaces_what_was_pulled_and_touches_nothing_else(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world(20);
        const { phone } = await paired(server, clock);
        await phone.keepDraft(dose("2026-03-02", { half: 1 }));
        await phone.keepDraft(dose("2026-03-03", { whole: 1 }));
        server.always.sync = faults.nothing;
        await phone.give("dose@2026-03-03");
        server.always.sync = null;
        const first = phone.known.assignments.map(({ n }) => n);
        server.told = [];
        for (let n = 0; n < 8; n += 1) {
            server.tell("put", "assignment", `b${n}`, { n: 100 + n });
        }
        server.epoch = "e_2";
        server.faults.sync.push(null, faults.nothing);
        const cut = await phone.sendNow();
        const halfway = phone.known.assignments.length;
        await phone.sendNow();
        return {
            first, halfway, cut, last: phone.known.assignments.map(({ n }) => n).sort(), drafts: Object.keys(phone.known.drafts),
            wrong: await wrongs(server),
        };
        """
    )
    assert len(told["first"]) == 4
    assert told["halfway"] > len(told["first"])  # nothing goes before all of the new is here
    assert told["last"] == list(range(100, 108))
    assert told["drafts"] == ["dose@2026-03-02"]
    assert told["wrong"] == []


def test_an_answer_to_an_older_question_is_not_applied_over_a_newer_one(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const sleeper = await paired(server, clock, { counts: {}, locks: null });
        const other = await new Pocket(server, clock, { counts: {}, locks: null }).open();
        server.tell("put", "assignment", "x", { n: 1 });
        await sleeper.phone.ask("call-me");
        let wakeUp = null;
        server.faults.sync.push(async (proceed) => {
            const answer = await proceed();
            await new Promise((resolve) => {
                wakeUp = resolve;
            });
            return answer;
        });
        const flight = sleeper.phone.sendNow();
        await until(() => wakeUp !== null);
        clock.put(clock.now() + 61_000); // the tab slept, and its lease ran out
        server.tell("put", "assignment", "x", { n: 2 });
        await other.phone.sendNow();
        wakeUp();
        await flight;
        const { n } = (await kept()).feed.get("assignment/x");
        return { n, unsent: sleeper.phone.known.sync.unsent, wrong: await wrongs(server), stored: server.journal.length };
        """
    )
    assert told == {"n": 2, "unsent": 0, "wrong": [], "stored": 1}


def test_a_failure_of_the_feed_does_not_hide_that_the_upload_is_stored(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await paired(server, clock);
        const cursor = (await kept()).meta.get("reading").cursor;
        const known = phone.known.assignments.length;
        await phone.ask("call-me");
        server.tell("put", "assignment", "new", { n: 1 });
        server.faults.sync.push(faults.feedProblem);
        const said = await phone.sendNow();
        const isSame = cursor === (await kept()).meta.get("reading").cursor && known === phone.known.assignments.length;
        const later = await phone.sendNow();
        return { said, isSame, later, more: phone.known.assignments.length - known, wrong: await wrongs(server) };
        """
    )
    assert told["said"]["unsent"] == 0
    assert told["said"]["problem"]["type"] == "urn:qol:problem:internal"
    assert told["isSame"]
    assert told["later"]["problem"] is None
    assert told["more"] == 1
    assert told["wrong"] == []


def test_news_that_nobody_can_read_keeps_no_receipt_back_and_is_not_asked_for_in_a_loop(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await paired(server, clock);
        const { cursor } = (await kept()).meta.get("reading");
        await phone.ask("call-me");
        server.always.sync = async (proceed) => {
            const said = await (await proceed()).json();
            const changes = [{ op: "put", type: "message", id: null, data: {} }];
            const feed = { ...said.feed, changes, cursor: "elsewhere", more: true };
            return json(200, { ...said, feed, sync_again_after_s: 1e12 });
        };
        const before = server.requests.length;
        const sent = await phone.sendNow();
        const flights = server.requests.length - before;
        const isSame = (await kept()).meta.get("reading").cursor === cursor;
        const { again } = (await kept()).meta.get("sync");
        server.always.sync = null;
        const healed = await phone.sendNow();
        return { unsent: sent.unsent, state: sent.state, told: sent.problem !== null, flights, isSame, again, healed: healed.problem };
        """
    )
    assert told == {"unsent": 0, "state": "idle", "told": True, "flights": 1, "isSame": True, "again": 86_400, "healed": None}
