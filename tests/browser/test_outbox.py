"""The outbox: bytes frozen once and for all, numbers without gaps, one entry for one draft, whatever tabs and thumbs do."""

from __future__ import annotations

import base64
import hashlib
import json
import random
from typing import Any

import pytest

from tests import people
from tests.browser.pages import Blank
from tests.browser.staged import Stage, stage, theatre  # noqa: F401 - fixtures
from tests.client.test_bytes import text

# ruff: noqa: F811


def entry(chance: random.Random, seq: int) -> dict[str, Any]:
    answers = {f"q{n}": chance.choice([chance.randrange(-(2**53) + 1, 2**53), text(chance), None, [text(chance), 3]]) for n in range(5)}
    return {"id": str(seq), "device_seq": seq, "kind": "response.given", "answers": answers, "note": text(chance), "reason": text(chance)}


def check_bytes(modules: Blank, many: int, seed: int) -> None:
    """JavaScript freezes what Python's json would write, and both digests are the same."""
    chance = random.Random(seed)
    entries = [entry(chance, seq) for seq in range(1, many + 1)]
    frozen = modules.page.evaluate(
        """async ([url, text]) => {
            const { entryBytes, sha256 } = await import(url);
            const frozen = [];
            for (const entry of JSON.parse(text)) {
                const bytes = entryBytes(entry);
                let letters = "";
                bytes.forEach((byte) => { letters += String.fromCharCode(byte); });
                frozen.push([btoa(letters), await sha256(bytes)]);
            }
            return frozen;
        }""",
        [modules.url("phone/outbox.js"), json.dumps(entries)],
    )
    assert len(frozen) == many
    for meant, (line, digest) in zip(entries, frozen, strict=True):
        raw = base64.b64decode(line)
        assert raw == json.dumps(meant, ensure_ascii=False, separators=(",", ":")).encode()
        assert digest == hashlib.sha256(raw).hexdigest()


def test_javascript_freezes_the_bytes_that_python_would_write(modules: Blank) -> None:
    check_bytes(modules, 1_000, 20_261_122)


@pytest.mark.long
def test_javascript_freezes_the_bytes_that_python_would_write_ten_thousand_times(modules: Blank) -> None:
    for seed in range(10):
        check_bytes(modules, 1_000, seed)


def test_half_characters_and_nul_become_what_every_reader_keeps_and_decimals_become_text(modules: Blank) -> None:
    told = modules.run(
        r"""
        const given = { a: "x\uD83D", b: "\uDC69y", c: "\uD83D\uDC69", d: "a\0b", e: 36.6, f: 7, g: [0.5], h: null };
        return JSON.parse(new TextDecoder().decode(outbox.entryBytes(given)));
        """,
        outbox="phone/outbox.js",
    )
    assert told == {"a": "x\ufffd", "b": "\ufffdy", "c": "👩", "d": "a\ufffdb", "e": "36.6", "f": 7, "g": ["0.5"], "h": None}


def test_a_real_server_stores_the_bytes_that_were_sealed(blank: Blank) -> None:
    chance = random.Random(7)
    notes = [text(chance) for _ in range(60)]
    number = people_number(blank)
    sealed = blank.page.evaluate(
        """async ([url, api, code, now, text]) => {
            const { openPhone } = await import(url);
            const phone = await openPhone({ study: "desminib", api, now: () => now });
            await phone.pair(code);
            await phone.confirmPairing();
            for (const note of JSON.parse(text)) {
                await phone.ask("call-me", note);
            }
            const copy = await (await phone.copyForSite()).text();
            await phone.sendNow();
            return { copy, digests: phone.known.entries.map(({ id, sha256 }) => [id, sha256]), sync: phone.known.sync };
        }""",
        [
            blank.url("phone/index.js"), f"{blank.server.origin}/{people.SLUG}/api/v1", blank.server.code(number),
            blank.server.trial.now.timestamp() * 1000, json.dumps(notes),
        ],
    )  # fmt: skip
    stored = blank.server.stored(number)
    assert sealed["sync"]["unsent"] == 0
    assert {id_: hashlib.sha256(line).hexdigest() for id_, line in stored.items()} == dict(sealed["digests"])
    assert [fact["note"] for fact in blank.server.facts(number, "help.asked")] == notes
    assert [line.decode() for line in stored.values()] == sealed["copy"].split("\n")[1:-1]


def people_number(blank: Blank) -> str:
    """The participant number of Ada."""
    row = blank.server.trial.study.store.read().one("SELECT participant FROM roster WHERE site = ?", (people.ADA.site,))
    assert row is not None
    return str(row["participant"])


def test_an_answer_is_frozen_with_all_that_the_draft_said(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await paired(server, clock);
        await phone.keepDraft({ ...dose("2026-03-02", { "intake.1.status": "taken" }), wording: "6".repeat(64), extra: "stays here" });
        const info = await phone.give("dose@2026-03-02");
        await phone.keepDraft({ ...dose("2026-03-01", {}), key: `correct:${info.id}`, occurrence: info.occurrence, corrects: info.id,
            reason: "wrong_day", by: "proxy" });
        const correction = await phone.give(`correct:${info.id}`);
        const something = { key: "new:adverse-event", assessment: "adverse-event", occurrence: null };
        await phone.keepDraft({ ...dose("x", { what: "nausea" }), ...something });
        const adHoc = await phone.give("new:adverse-event");
        const lines = await waitingLines(phone);
        return { lines, infos: [info, correction, adHoc], drafts: Object.keys(phone.known.drafts) };
        """
    )
    first, correction, ad_hoc = (json.loads(line) for line in told["lines"])
    ids = [info["id"] for info in told["infos"]]
    assert list(first) == [
        "id", "device_seq", "kind", "occurrence", "instrument", "version", "wording", "language", "mode", "by", "protocol", "opened_at",
        "answers", "app", "captured_at", "time_zone",
    ]  # fmt: skip
    assert first == {
        "id": ids[0], "device_seq": 1, "kind": "response.given", "occurrence": "dose@2026-03-02", "instrument": "dose-diary",
        "version": "5" * 64, "wording": "6" * 64, "language": "fr", "mode": "app", "by": "participant", "protocol": None,
        "opened_at": "2026-03-02T20:00:00+01:00", "answers": {"intake.1.status": "taken"}, "app": "1.0.0",
        "captured_at": "2026-03-02T20:00:00+01:00", "time_zone": "Europe/Paris",
    }  # fmt: skip
    assert (correction["supersedes"], correction["reason"], correction["by"]) == (ids[0], "wrong_day", "proxy")
    assert correction["occurrence"] == "dose@2026-03-02"
    assert ad_hoc["occurrence"] == f"adverse-event@{ids[2]}"
    assert [info["seq"] for info in told["infos"]] == [1, 2, 3]
    assert told["infos"][0]["answers"] == {"intake.1.status": "taken"}
    assert told["drafts"] == []


def test_two_taps_on_send_are_one_answer(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await paired(server, clock);
        await phone.keepDraft(dose("2026-03-02", { n: 1 }));
        const both = await Promise.all([phone.give("dose@2026-03-02"), phone.give("dose@2026-03-02")]);
        const third = await phone.give("dose@2026-03-02");
        await phone.sendNow();
        return { ids: [...both, third].map(({ id }) => id), wrong: await wrongs(server), stored: server.journal.length };
        """
    )
    assert len(set(told["ids"])) == 1
    assert told["stored"] == 1
    assert told["wrong"] == []


def test_the_last_tap_counts_also_when_it_is_still_being_written(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await paired(server, clock);
        for (let n = 0; n < 9; n += 1) {
            void phone.keepDraft(dose("2026-03-02", { n }));
        }
        const seen = phone.known.drafts["dose@2026-03-02"].answers.n;
        const given = phone.give("dose@2026-03-02");
        const { answers } = await given;
        await until(async () => (await kept()).drafts.size === 0);
        return { seen, answers, drafts: Object.keys(phone.known.drafts) };
        """
    )
    assert told == {"seen": 8, "answers": {"n": 8}, "drafts": []}


def test_a_tap_in_another_tab_while_an_answer_is_being_frozen_is_in_it(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const one = await paired(server, clock, { counts: {} });
        const other = await new Pocket(server, clock, { counts: {} }).open();
        await one.phone.keepDraft(dose("2026-03-02", { n: 1 }));
        await until(() => "dose@2026-03-02" in other.phone.known.drafts);
        const { SubtleCrypto } = one.world;
        const original = SubtleCrypto.prototype.digest;
        SubtleCrypto.prototype.digest = async function digest(...given) {
            SubtleCrypto.prototype.digest = original;
            await other.phone.keepDraft({ ...other.phone.known.drafts["dose@2026-03-02"], answers: { n: 1, m: 2 } });
            return original.apply(this, given);
        };
        const { answers } = await one.phone.give("dose@2026-03-02");
        await one.phone.sendNow();
        return { answers, drafts: (await kept()).drafts.size, wrong: await wrongs(server), stored: server.journal.length };
        """
    )
    assert told == {"answers": {"n": 1, "m": 2}, "drafts": 0, "wrong": [], "stored": 1}


@pytest.mark.parametrize("locks", ["undefined", "null"], ids=["with the browser's locks", "without"])
def test_two_tabs_never_share_a_number_nor_fly_at_once(stage: Stage, locks: str) -> None:
    told = stage.tell(
        f"""
        const {{ clock, server }} = await world();
        const one = await paired(server, clock, {{ counts: {{}}, locks: {locks} }});
        const other = await new Pocket(server, clock, {{ counts: {{}}, locks: {locks} }}).open();
        const before = server.requests.length;
        await Promise.all([one, other].flatMap(({{ phone }}, place) => [1, 2, 3, 4].map(async (n) => {{
            await phone.keepDraft(dose(`2026-03-0${{n}}`, {{ tab: place }}));
            await phone.ask("call-me", `${{place}} ${{n}}`);
            await phone.sendNow();
        }})));
        await one.phone.keepDraft(dose("2026-03-09", {{ from: "one" }}));
        await until(() => "dose@2026-03-09" in other.phone.known.drafts);
        const [first, second] = await Promise.allSettled([one.phone.give("dose@2026-03-09"), other.phone.give("dose@2026-03-09")]);
        await one.phone.sendNow();
        await other.phone.sendNow();
        await until(() => one.phone.known.sync.unsent === 0 && other.phone.known.sync.unsent === 0);
        const tabs = [one, other].map(({{ phone }}) => JSON.stringify([phone.known.entries, phone.known.drafts, phone.known.assignments]));
        const given = server.journal.filter(({{ line }}) => JSON.parse(line).occurrence === "dose@2026-03-09").length;
        return {{ wrong: await wrongs(server), most: server.mostFlying, stored: server.journal.length, agree: tabs[0] === tabs[1], given }};
        """
    )
    assert told == {"wrong": [], "most": 1, "stored": 9, "agree": True, "given": 1}


def test_a_tab_that_sleeps_with_its_turn_in_hand_keeps_nobody_from_saving(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await paired(server, clock);
        let wakeUp = null;
        void navigator.locks.request("qol-seal/model", () => new Promise((resolve) => {
            wakeUp = resolve;
        }));
        await until(() => wakeUp !== null);
        let isSealed = false;
        const sealing = phone.ask("call-me").then(() => {
            isSealed = true;
        });
        await until(() => clock.timers.length > 0);
        await clock.forward(2_999, () => {});
        const early = isSealed;
        await clock.forward(1, () => {});
        await sealing;
        wakeUp();
        await phone.sendNow();
        return { early, wrong: await wrongs(server), stored: server.journal.length };
        """
    )
    assert told == {"early": False, "wrong": [], "stored": 1}


def test_what_is_too_large_is_not_sealed_and_stays_a_draft(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await paired(server, clock);
        await phone.keepDraft(dose("2026-03-02", { text: "é".repeat(40_000) }));
        const refused = await troubleOf(() => phone.give("dose@2026-03-02"));
        const draft = phone.known.drafts["dose@2026-03-02"].answers.text.length;
        await phone.keepDraft(dose("2026-03-02", { text: "shorter" }));
        const { seq } = await phone.give("dose@2026-03-02");
        await phone.sendNow();
        return { refused, draft, seq, wrong: await wrongs(server) };
        """
    )
    assert told == {"refused": "too-large", "draft": 40_000, "seq": 1, "wrong": []}


def test_nothing_is_sealed_before_the_phone_is_paired(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await new Pocket(server, clock).openHere();
        await phone.pair("ADA");
        const refused = await troubleOf(() => phone.ask("call-me"));
        return { refused, entries: (await kept()).entries.length };
        """
    )
    assert told == {"refused": "unexpected", "entries": 0}


def test_copies_hold_what_waits_and_what_is_kept_and_no_token(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await paired(server, clock);
        await phone.ask("call-me", "sent");
        await phone.sendNow();
        await phone.ask("call-me", "waits");
        await phone.keepDraft(dose("2026-03-02", { half: 1 }));
        return { unsent: await waitingLines(phone), all: await phone.copyOfEverything().text() };
        """
    )
    lines = told["unsent"]
    everything = json.loads(told["all"])
    assert [json.loads(line)["note"] for line in lines] == ["waits"]
    assert [kept["entry"]["note"] for kept in everything["entries"]] == ["sent", "waits"]
    assert [draft["answers"] for draft in everything["drafts"]] == [{"half": 1}]
    assert "token" not in told["all"]


def test_opening_reads_no_entry_that_nobody_asks_for(stage: Stage) -> None:
    told = stage.tell(
        """
        const { clock, server } = await world();
        const { phone } = await paired(server, clock);
        for (let n = 0; n < 5; n += 1) {
            await phone.keepDraft(dose(`2026-03-0${n + 1}`, { n }));
            await phone.give(`dose@2026-03-0${n + 1}`);
        }
        await phone.close();
        const pocket = new Pocket(server, clock, { counts: {} });
        let read = 0;
        pocket.prepare = (frame) => {
            const parse = frame.JSON.parse;
            frame.JSON.parse = (text) => {
                read += text.includes("device_seq") ? 1 : 0;
                return parse(text);
            };
        };
        const again = (await pocket.open()).phone;
        const before = read;
        const answers = [again.known.entries[3].answers, again.known.entries[3].version.length, again.known.entries[3].answers];
        return { entries: again.known.entries.length, before, answers, after: read };
        """
    )
    assert told == {"entries": 5, "before": 0, "answers": [{"n": 3}, 64, {"n": 3}], "after": 1}
