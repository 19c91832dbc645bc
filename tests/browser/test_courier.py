"""When the phone flies: at once for a reason, by the clock otherwise, later and later while it fails, never against the server's wish."""

from __future__ import annotations

import pytest

from tests.browser.pages import Blank
from tests.browser.staged import Stage, stage, theatre  # noqa: F401 - fixtures

# ruff: noqa: F811

STARTED = """
    const { clock, server } = await world();
    const pocket = await paired(server, clock, { counts: {} });
    const { phone } = pocket;
    await phone.start();
    const rest = async () => {
        await until(() => phone.known.sync.state !== "flying" && server.flying === 0);
    };
    /** Move the clock on; each flight on the way comes to its end. */
    const forward = (seconds) => clock.forward(seconds * 1000, rest);
    let asked = server.requests.length;
    /** How many requests came since this was called last. */
    const flights = () => {
        const came = server.requests.length - asked;
        asked = server.requests.length;
        return came;
    };
"""


def test_the_back_off_is_the_one_of_the_protocol(modules: Blank) -> None:
    told = modules.run(
        """
        const found = [];
        for (let failures = 0; failures < 40; failures += 1) {
            for (const asked of [0, 60, 5_000]) {
                const ceiling = Math.max(asked, Math.min(900, 2 * 2 ** Math.min(failures, 20)));
                const [least, half, most] = [0, 0.5, 1].map((luck) => courier.backOff(failures, () => luck, asked));
                if (least !== asked || most !== ceiling || half !== (asked + ceiling) / 2) {
                    found.push([failures, asked, least, half, most]);
                }
            }
        }
        return found;
        """,
        courier="phone/courier.js",
    )
    assert told == []


def test_it_flies_when_it_starts_and_by_the_clock_that_the_server_set(stage: Stage) -> None:
    told = stage.tell(
        f"""{STARTED}
        const seen = [];
        await forward(299);
        seen.push(flights());
        await forward(1);
        seen.push(flights());
        server.again = 60;
        await forward(300);
        seen.push(flights());
        await forward(180);
        seen.push(flights());
        return seen;
        """
    )
    assert told == [0, 1, 1, 3]


def test_sealing_is_a_reason(stage: Stage) -> None:
    told = stage.tell(
        f"""{STARTED}
        await phone.keepDraft(dose("2026-03-02", {{ n: 1 }}));
        const drafts = flights();
        await phone.give("dose@2026-03-02");
        await until(() => phone.known.sync.unsent === 0);
        await rest();
        return {{ drafts, flights: flights(), stored: server.journal.length }};
        """
    )
    assert told == {"drafts": 0, "flights": 1, "stored": 1}


@pytest.mark.parametrize("event", ["online", "pageshow", "visibilitychange"])
def test_the_network_and_a_look_at_the_screen_are_reasons(stage: Stage, event: str) -> None:
    told = stage.tell(
        f"""{STARTED}
        server.always.sync = faults.nothing;
        await phone.ask("call-me");
        await rest();
        flights();
        server.always.sync = null;
        const {{ world: frame }} = pocket;
        (event === "visibilitychange" ? frame.document : frame).dispatchEvent(new frame.Event(event));
        await until(() => phone.known.sync.unsent === 0);
        await rest();
        return flights();
        """,
        event=event,
    )
    assert told == 1


def test_while_it_fails_it_waits_longer_each_time_and_a_success_ends_that(stage: Stage) -> None:
    told = stage.tell(
        f"""{STARTED}
        let failed = 0;
        server.always.sync = async () => {{
            failed += 1;
            return faults.serverError();
        }};
        await phone.ask("call-me");
        await rest();
        const waits = [];
        for (let n = 0; n < 12; n += 1) {{
            const wait = Date.parse(phone.known.sync.nextTry) - Math.floor(clock.now() / 1000) * 1000;
            waits.push(wait / 1000);
            await forward(Math.max(wait / 1000, 1));
        }}
        const {{ failures }} = phone.known.sync;
        const total = failed;
        server.always.sync = null;
        await forward(900);
        return {{ waits, failures, failed: total, after: phone.known.sync, wrong: await wrongs(server) }};
        """
    )
    assert told["waits"] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 450, 450, 450]  # with a luck of one half
    assert told["failures"] == told["failed"] == 13
    assert (told["after"]["failures"], told["after"]["unsent"], told["after"]["state"]) == (0, 0, "idle")
    assert told["wrong"] == []


@pytest.mark.parametrize(("fault", "seconds"), [("throttled", 60), ("busy", 120), ("strangersThrottle", 86_400)])
def test_the_wish_of_a_server_to_wait_is_kept_and_a_person_may_still_send(stage: Stage, fault: str, seconds: int) -> None:
    told = stage.tell(
        f"""{STARTED}
        server.faults.sync.push(faults[fault]);
        await phone.ask("call-me");
        await rest();
        const wait = (Date.parse(phone.known.sync.nextTry) - clock.now()) / 1000;
        flights();
        await phone.wake();
        await forward(seconds - 1);
        await phone.ask("call-me", "again");
        await rest();
        const early = flights();
        const sent = await phone.sendNow();
        return {{ wait, early, sent, wrong: await wrongs(server) }};
        """,
        fault=fault,
        seconds=seconds,
    )
    assert told["wait"] == seconds
    assert told["early"] == 0
    assert told["sent"]["unsent"] == 0
    assert told["wrong"] == []


def test_more_than_one_batch_and_more_than_one_page_follow_each_other_at_once(stage: Stage) -> None:
    told = stage.tell(
        f"""{STARTED}
        server.always.sync = faults.nothing;
        for (let n = 0; n < 7; n += 1) {{
            await phone.ask("call-me", `note ${{n}}`);
        }}
        await rest();
        server.always.sync = null;
        server.faults.sync.push(faults.tooLarge, faults.tooLarge);
        flights();
        const sent = await phone.sendNow();
        const batches = flights();
        for (let n = 0; n < 10; n += 1) {{
            server.tell("put", "assignment", `new${{n}}`, {{ n }});
        }}
        await phone.sendNow();
        return {{ sent, batches, pages: flights(), known: phone.known.assignments.length, wrong: await wrongs(server) }};
        """
    )
    assert told["sent"]["unsent"] == 0
    assert told["batches"] == 3  # after two that were too large: one, two and four entries
    assert told["known"] == 14
    assert told["pages"] == 4
    assert told["wrong"] == []


def test_what_is_sealed_during_a_flight_goes_with_the_next_at_once(stage: Stage) -> None:
    told = stage.tell(
        f"""{STARTED}
        let open = () => {{}};
        server.faults.sync.push(async (proceed) => {{
            await new Promise((resolve) => {{
                open = resolve;
            }});
            return proceed();
        }});
        await phone.ask("call-me", "first");
        await until(() => server.flying === 1);
        await phone.ask("call-me", "second");
        const during = phone.known.entries.map(({{ state }}) => state);
        open();
        await until(() => phone.known.sync.unsent === 0);
        return {{ during, most: server.mostFlying, wrong: await wrongs(server), stored: server.journal.length }};
        """
    )
    assert told == {"during": ["sending", "queued"], "most": 1, "wrong": [], "stored": 2}


def test_the_oldest_that_waits_and_how_many_are_known(stage: Stage) -> None:
    told = stage.tell(
        f"""{STARTED}
        server.always.sync = faults.nothing;
        await phone.ask("call-me");
        await rest();
        clock.put(clock.now() + 3_600_000);
        await phone.ask("call-me");
        await rest();
        const waiting = phone.known.sync;
        server.always.sync = null;
        await phone.sendNow();
        return [waiting, phone.known.sync];
        """
    )
    assert [(sync["unsent"], sync["oldestUnsent"]) for sync in told] == [(2, "2026-03-02T20:00:00+01:00"), (0, None)]
    assert told[1]["lastSuccess"] == "2026-03-02T21:00:00+01:00"


@pytest.mark.parametrize(("ahead", "notice"), [(0, None), (299, None), (301, 301), (-7200, -7200)])
def test_a_clock_that_is_off_is_noted(stage: Stage, ahead: int, notice: int | None) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        server.clock = { now: () => clock.now() - ahead * 1000 };
        const { phone } = await paired(server, clock);
        return phone.known.notices.find(({ code }) => code === "clock-off")?.seconds ?? null;
        """,
        ahead=ahead,
    )
    assert told == notice


def test_a_flight_of_another_tab_puts_off_ones_own(stage: Stage) -> None:
    told = stage.tell(
        f"""{STARTED}
        const other = await new Pocket(server, clock, {{ counts: {{}} }}).open();
        await forward(200);
        flights();
        await other.phone.sendNow();
        await until(() => phone.known.sync.nextTry !== null && Date.parse(phone.known.sync.nextTry) >= clock.now() + 299_000);
        await forward(150);
        return flights();
        """
    )
    assert told == 1
