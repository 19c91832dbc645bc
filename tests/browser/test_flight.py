"""Flights: whatever the network or the server says, what waited arrives once with its bytes, or still waits."""

from __future__ import annotations

import base64

import pytest

from qol_server.api.envelope import split, unpack
from tests.browser.staged import Stage, stage, theatre  # noqa: F401 - fixtures

# ruff: noqa: F811

NO_RECEIPT = (
    "nothing", "lost", "html", "empty", "serverError", "ownError", "full", "busy", "throttled", "strangersThrottle", "portalLogin",
    "portalJson", "liar", "truncated", "otherBatch", "otherProtocol", "created", "array", "halfAnAnswer",
)  # fmt: skip
"""What is no receipt: answers that did not come, of others, of another question, or cut off."""


def test_what_is_no_receipt_leaves_everything_waiting_and_then_all_arrives_once(stage: Stage) -> None:
    told = stage.tell(
        """
        const outcomes = {};
        for (const fault of names) {
            const { clock, server } = await world();
            const { phone } = await paired(server, clock);
            for (const day of ["2026-03-02", "2026-03-03"]) {
                await phone.keepDraft(dose(day, { n: day }));
                await phone.give(`dose@${day}`);
            }
            const before = (await kept()).entries;
            const known = phone.known.assignments.length;
            server.faults.sync.push(faults[fault]);
            const failed = await phone.sendNow();
            const states = phone.known.entries.map(({ state }) => state);
            const stillKnown = phone.known.assignments.length === known;
            const healed = await phone.sendNow();
            outcomes[fault] = { failed, states, stillKnown, healed, wrong: await wrongs(server, before), stored: server.journal.length };
            await phone.close();
        }
        return outcomes;
        """,
        names=NO_RECEIPT,
    )
    assert set(told) == set(NO_RECEIPT)
    for fault, outcome in told.items():
        failed, healed = outcome["failed"], outcome["healed"]
        assert outcome["states"] == ["queued", "queued"], fault
        assert outcome["stillKnown"], fault
        assert (failed["state"], failed["failures"], failed["unsent"]) == ("waiting", 1, 2), fault
        assert (healed["state"], healed["failures"], healed["unsent"]) == ("idle", 0, 0), fault
        assert (outcome["wrong"], outcome["stored"]) == ([], 2), fault


def test_the_server_can_read_what_flies(stage: Stage) -> None:
    flights = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await paired(server, clock);
        const bodies = [];
        server.always.sync = async (proceed, init) => {
            const bytes = new Uint8Array(init.body);
            bodies.push([init.headers["Content-Encoding"] ?? "", init.headers["Content-Type"], btoa(String.fromCharCode(...bytes))]);
            return faults.nothing();
        };
        await phone.sendNow();
        await phone.ask("call-me", "un mot à l’infirmière 👩‍⚕️");
        await phone.sendNow();
        await phone.note("reminder-opened", "dose@2026-03-02");
        await phone.set({ language: "fr" });
        await phone.sendNow();
        const lines = await waitingLines(phone);
        return { bodies, lines, oldest: phone.known.sync.oldestUnsent };
        """
    )
    encodings = [encoding for encoding, _, _ in flights["bodies"]]
    assert encodings == ["", "", "gzip"]  # a single entry is not worth packing
    assert {kind for _, kind, _ in flights["bodies"]} == {"application/x-ndjson"}
    for nth, (encoding, _, body) in enumerate(flights["bodies"]):
        envelope, lines = split(unpack(_Once(base64.b64decode(body)), encoding))
        assert [line.decode() for line in lines] == flights["lines"][:nth]
        assert envelope.seqs == tuple(range(1, nth + 1))
        assert envelope.sent_at.isoformat(timespec="milliseconds") == "2026-03-02T20:00:00.000+01:00"
        assert envelope.queue == {"unsent": nth, "oldest": flights["oldest"] if nth else None}
        assert envelope.witness is None or set(envelope.witness) == {"position", "digest", "signature"}
        assert envelope.app == "1.0.0"
        assert envelope.language == ("fr" if nth == 2 else None)


class _Once:
    """Bytes as a request's stream."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def read(self, most: int) -> bytes:
        part, self._body = self._body[:most], self._body[most:]
        return part


@pytest.mark.parametrize("limit", [1, 3, 7])
def test_a_batch_that_is_too_large_is_halved_until_it_passes_and_never_dropped(stage: Stage, limit: int) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await paired(server, clock);
        for (let n = 0; n < 11; n += 1) {
            await phone.ask("call-me", `note ${n}`);
        }
        const sizes = [];
        server.always.sync = async (proceed, init) => {
            const many = server.requests.length;
            const limits = server.limits;
            server.limits = { ...limits, entries: limit };
            const reply = await proceed();
            server.limits = limits;
            sizes.push(server.requests[many].lines.length);
            return reply;
        };
        const after = await phone.sendNow();
        return { sizes, after, wrong: await wrongs(server), stored: server.journal.length };
        """,
        limit=limit,
    )
    assert told["wrong"] == []
    assert told["stored"] == 11
    assert told["after"]["unsent"] == 0
    assert told["sizes"][0] == 11
    assert min(told["sizes"]) <= limit


def test_a_single_entry_that_is_too_large_waits_and_is_not_tried_in_a_loop(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await paired(server, clock);
        await phone.ask("call-me");
        let asked = 0;
        server.always.sync = async () => {
            asked += 1;
            return faults.tooLarge();
        };
        const after = await phone.sendNow();
        return { after, asked };
        """
    )
    assert told["after"]["unsent"] == 1
    assert told["asked"] == 1


@pytest.mark.parametrize("refused", [[1], [3], [6], [1, 2]], ids=["the first", "one in the middle", "the last", "the first two"])
@pytest.mark.parametrize("status", [400, 403, 413, 422])
def test_an_entry_that_somebody_on_the_way_refuses_delays_no_other(stage: Stage, refused: list[int], status: int) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await paired(server, clock);
        server.always.sync = faults.nothing;
        for (let n = 1; n <= 6; n += 1) {
            await phone.ask("call-me", refused.includes(n) ? "poison" : `note ${n}`);
        }
        let asked = 0;
        server.always.sync = async (proceed, init) => {
            asked += 1;
            const text = new TextDecoder().decode(await unpacked(init));
            return text.includes("poison") ? new Response("no", { status }) : proceed();
        };
        await phone.sendNow();
        await phone.sendNow();
        const during = { stored: server.journal.length, waits: phone.known.sync.unsent, isFew: asked < 40 };
        server.always.sync = null;
        await phone.sendNow();
        return { during, stored: server.journal.length, wrong: await wrongs(server) };
        """,
        refused=refused,
        status=status,
    )
    assert told["during"] == {"stored": 6 - len(refused), "waits": len(refused), "isFew": True}
    assert (told["stored"], told["wrong"]) == (6, [])


@pytest.mark.parametrize(("problem", "is_retryable"), [("bad-envelope", False), ("truncated", True)])
def test_an_envelope_that_the_server_refuses_is_not_halved_for_ever(stage: Stage, problem: str, is_retryable: bool) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await paired(server, clock);
        server.always.sync = faults.nothing;
        for (let n = 1; n <= 100; n += 1) {
            await phone.note("reminder-shown", `dose ${n}`);
        }
        let asked = 0;
        const tries = [];
        server.always.sync = async () => {
            asked += 1;
            return stage.problem(400, name, { retryable });
        };
        for (let n = 0; n < 3; n += 1) {
            asked = 0;
            const { state, failures, problem, unsent } = await phone.sendNow();
            tries.push([asked, state, failures, problem.type, unsent]);
        }
        server.always.sync = null;
        const { unsent } = await phone.sendNow();
        return { tries, unsent, wrong: await wrongs(server), stored: server.journal.length };
        """,
        name=problem,
        retryable=is_retryable,
    )
    refused = ["waiting", f"urn:qol:problem:{problem}", 100]
    assert [[state, kind, unsent] for _, state, _, kind, unsent in told["tries"]] == [refused] * 3
    assert [failures for _, _, failures, _, _ in told["tries"]] == [1, 2, 3]
    assert [asked for asked, *_ in told["tries"]] == [9, 1, 1]  # 100, 50, 25, 13, 7, 4, 2, one, another; then one at a time
    assert (told["unsent"], told["stored"], told["wrong"]) == (0, 100, [])


def test_no_answer_within_half_a_minute_is_no_answer(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await paired(server, clock);
        await phone.ask("call-me");
        let isAsked = false;
        server.faults.sync.push((proceed, init) => new Promise((_, reject) => {
            isAsked = true;
            init.signal.addEventListener("abort", () => reject(init.signal.reason));
        }));
        const flight = phone.sendNow();
        await until(() => isAsked);
        await clock.forward(29_999, () => {});
        const during = phone.known.sync.state;
        await clock.forward(1, () => {});
        const failed = await flight;
        const after = await phone.sendNow();
        return { during, failed, after, wrong: await wrongs(server) };
        """
    )
    assert told["during"] == "flying"
    assert told["failed"]["unsent"] == 1
    assert told["after"]["unsent"] == 0
    assert told["wrong"] == []


def test_an_unknown_token_holds_everything_until_the_phone_is_paired_again(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const pocket = await paired(server, clock);
        const { phone } = pocket;
        await phone.keepDraft(dose("2026-03-02", { n: 1 }));
        await phone.give("dose@2026-03-02");
        server.tokens.clear();
        await phone.start();
        const held = phone.known.sync;
        await phone.keepDraft(dose("2026-03-03", { n: 2 }));
        await phone.give("dose@2026-03-03");
        const asked = server.requests.length;
        await phone.wake();
        await clock.forward(3_600_000, () => {});
        const quiet = server.requests.length === asked;
        await phone.close();
        const again = (await new Pocket(server, clock).openHere()).phone;
        const afterRestart = again.known.sync;
        await again.start();
        const stillQuiet = server.requests.length === asked;
        const stranger = await troubleOf(() => again.pair("BEN"));
        const unchanged = again.known.identity;
        const before = (await kept()).entries;
        const number = await again.pair("ADA2");
        const unconfirmed = again.known.identity.confirmed;
        await again.confirmPairing();
        await until(() => again.known.sync.unsent === 0);
        const { participant, confirmed } = again.known.identity;
        return {
            held, quiet, afterRestart, stillQuiet, stranger, unchanged, number, unconfirmed, participant, confirmed,
            wrong: await wrongs(server, before), stored: server.journal.length, state: again.known.sync.state,
        };
        """
    )
    assert told["held"]["state"] == told["afterRestart"]["state"] == "held"
    assert told["held"]["problem"]["type"] == "urn:qol:problem:token-unknown"
    assert told["held"]["unsent"] == 1
    assert told["afterRestart"]["unsent"] == 2
    assert told["quiet"]
    assert told["stillQuiet"]
    assert told["stranger"] == "other-participant"
    assert told["unchanged"]["participant"] == told["participant"] == told["number"] == "01-0001-4"
    assert (told["unconfirmed"], told["confirmed"]) == (False, True)
    assert told["wrong"] == []
    assert told["stored"] == 2
    assert told["state"] != "held"


@pytest.mark.parametrize("fault", ["retryAll", "noResults"])
def test_an_entry_without_a_receipt_is_sent_again_after_a_while(stage: Stage, fault: str) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await paired(server, clock);
        await phone.ask("call-me");
        const asked = server.requests.length;
        server.always.sync = faults[fault];
        const said = await phone.sendNow();
        const flights = server.requests.length - asked;
        server.always.sync = null;
        const after = await phone.sendNow();
        return { said, flights, after, wrong: await wrongs(server) };
        """,
        fault=fault,
    )
    assert (told["said"]["unsent"], told["said"]["failures"]) == (1, 1)
    assert told["flights"] == 1
    assert told["after"]["unsent"] == 0
    assert told["wrong"] == []


def test_too_old_an_app_still_uploads(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await paired(server, clock);
        server.always.sync = async (proceed, init) => {
            const empty = (init.headers["Content-Encoding"] ?? "") === ""
                && JSON.parse(new TextDecoder().decode(init.body).split("\\n")[0]).entries === 0;
            return empty ? faults.tooOld() : faults.feedProblem(proceed, init);
        };
        const declined = await phone.sendNow();
        await phone.ask("call-me");
        const sent = await phone.sendNow();
        return { declined, sent, wrong: await wrongs(server), stored: server.journal.length };
        """
    )
    assert told["declined"]["state"] == "declined"
    assert told["declined"]["problem"]["type"] == "urn:qol:problem:app-too-old"
    assert told["sent"]["unsent"] == 0
    assert told["stored"] == 1
    assert told["wrong"] == []


def test_only_a_receipt_for_this_very_entry_counts(stage: Stage) -> None:
    told = stage.tell(
        """
        const odd = {
            another: (result) => [{ ...result, id: "00000000-0000-4000-8000-000000000000" }],
            nowhere: (result) => [{ ...result, position: 0 }],
            text: (result) => [{ ...result, position: "1" }],
            twice: (result) => [result, { ...result, position: result.position + 1 }],
            empty: () => [null],
        };
        const { clock, server } = await world();
        const { phone } = await paired(server, clock);
        const states = {};
        for (const [name, change] of Object.entries(odd)) {
            await phone.ask("call-me", name);
            server.faults.sync.push(async (proceed) => {
                const said = await (await proceed()).json();
                return json(200, { ...said, results: said.results.flatMap(change) });
            });
            await phone.sendNow();
            states[name] = phone.known.entries.at(-1).state;
            await phone.sendNow();
        }
        return { states: [...new Set(Object.values(states))], unsent: phone.known.sync.unsent, wrong: await wrongs(server) };
        """
    )
    assert told == {"states": ["queued"], "unsent": 0, "wrong": []}
