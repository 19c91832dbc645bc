/** One round trip to the server: what waits goes out byte for byte, and only the server's own answer to it counts. */

import * as feed from "./feed.js";
import * as outbox from "./outbox.js";
import { BUSY } from "./turns.js";

export const PROTOCOL = "qol-sync/1";
const WITNESS = ["position", "digest", "signature"];
const PROBLEMS = "urn:qol:problem:"; // how the type of every problem begins that the server itself explains
const TIME_LIMIT = 30_000; // ms
/**
 * `skew` in s; `again`: after how many s the server wants to be asked again; `sweptOn`: the last day of archiving;
 * `landed`: the last batch whose answer was taken.
 */
const NEW = Object.freeze({
    lastSuccess: null, held: null, batchLimit: Infinity, refused: null, skew: 0, again: 300, feedProblem: null,
    sweptOn: null, landed: null,
});
const REFUSED = new Set([400, 403, 413, 415, 422]); // the request, rather than the phone or the moment
const SOONEST = 10; // s
const A_DAY = 86_400; // s: a mistaken header must not silence a phone

/**
 * Post bytes to the server: {status, retryAfter, said}, where `said` is the answer's JSON object, {} where it has none.
 * Null when no answer came.
 */
export async function post(phone, path, body, headers) {
    const controller = new AbortController();
    const relax = phone.wait(TIME_LIMIT, () => controller.abort());
    try {
        const reply = await phone.fetch(`${phone.api}/${path}`, {
            method: "POST", body, headers, signal: controller.signal, credentials: "omit", redirect: "error",
            cache: "no-store", referrerPolicy: "no-referrer",
        });
        const text = await reply.text();
        const asked = (reply.headers.get("Retry-After") ?? "").trim();
        const retryAfter = /^[0-9]+$/.test(asked) ? Math.min(Number(asked), A_DAY) : 0;
        return { status: reply.status, retryAfter, said: object(text) };
    } catch {
        return null;
    } finally {
        relax();
    }
}

function object(text) {
    try {
        const said = JSON.parse(text);
        return said !== null && typeof said === "object" && !Array.isArray(said) ? said : {};
    } catch {
        return {};
    }
}

/**
 * What an answer that is no success means: {kind: "unreachable", retryAfter, problem} or {kind: "declined", problem}.
 * Portals and proxies speak JSON too and say 302, 401 or 403: only a problem of the server's own catalogue is a
 * decision.
 */
export function refusal(reply) {
    if (reply === null) {
        return { kind: "unreachable", retryAfter: 0, problem: null };
    }
    const { status, retryAfter, said } = reply;
    if (!String(said.type ?? "").startsWith(PROBLEMS) || said.status !== status) {
        return { kind: "unreachable", retryAfter, problem: null };
    }
    if (said.retryable || status === 400) { // 400: the request was damaged on its way
        return { kind: "unreachable", retryAfter, problem: said };
    }
    return { kind: "declined", problem: said };
}

/** Where this phone stands with the server: {epoch, head, archivedThrough}; within a transaction. */
export async function standing(tx) {
    return (await tx.objectStore("meta").get("server")) ?? { epoch: null, head: null, archivedThrough: 0 };
}

/** How the syncing goes, see NEW; within a transaction. */
export async function progress(tx) {
    return (await tx.objectStore("meta").get("sync")) ?? NEW;
}

/**
 * One flight, if nobody else is on one. Whatever happens, everything that waited and got no receipt still waits.
 *
 * @param {boolean} forced also when the server does not know the token
 * @returns {Promise<{kind: string}>} landed {more, unsent, moved (whether it got anywhere), again} · halved ·
 *     unreachable {retryAfter, problem} · held {problem} · declined {problem} · grounded (not paired) · busy
 */
export async function fly(phone, forced = false) {
    const outcome = await phone.turns.ifFree(`qol-flight/${phone.study}`, () => flight(phone, forced));
    return outcome === BUSY ? { kind: "busy" } : outcome;
}

/** Find again what a flight left behind that never ended, unless one is under way. */
export function recover(phone) {
    return phone.turns.ifFree(`qol-flight/${phone.study}`, () => phone.database.write(["entries"], outbox.putBack));
}

async function flight(phone, forced) {
    const plan = await phone.database.write(["meta", "entries"], (tx) => begin(tx, forced));
    if (plan.kind !== undefined) {
        return plan; // there is nobody to fly for
    }
    await phone.changed({ entries: plan.entries.map(({ seq }) => seq) });
    const left = phone.now();
    const batch = crypto.randomUUID();
    const { body, headers } = await pack(phone, plan, batch, left);
    const reply = await post(phone, "sync", body, headers);
    if (reply !== null && reply.status === 200 && isAnswer(reply.said, batch)) {
        return land(phone, plan, reply.said, left);
    }
    return turnBack(phone, plan, reply);
}

async function begin(tx, forced) {
    const meta = tx.objectStore("meta");
    const [identity, server, sync, read, settings] = await Promise.all([
        meta.get("identity"), standing(tx), progress(tx), feed.reading(tx), meta.get("settings"),
    ]);
    if (identity === undefined) {
        return { kind: "grounded" };
    }
    const pulled = await outbox.waiting(tx, identity.participant); // what is anybody else's never flies as hers
    if (sync.held !== null && !forced) {
        await outbox.putBack(tx);
        return { kind: "held", problem: sync.held };
    }
    const inTurn = outbox.behind(pulled, sync.refused ?? null);
    const entries = outbox.load(inTurn, identity.limits.bytes, Math.min(sync.batchLimit, identity.limits.entries));
    await outbox.move(tx, inTurn.slice(entries.length), outbox.State.QUEUED);
    await outbox.move(tx, entries, outbox.State.SENDING);
    return { identity, server, cursor: read.cursor, language: settings?.language ?? null, entries, waiting: pulled };
}

async function pack(phone, { identity, server, cursor, language, entries, waiting }, batch, now) {
    const lines = join(entries.map(({ line }) => line));
    const zone = phone.zone();
    const envelope = {
        protocol: PROTOCOL, batch, entries: entries.length, digest: await outbox.sha256(lines),
        seqs: entries.map(({ seq }) => seq), epoch: server.epoch, cursor,
        sent_at: phone.moment(now, zone, true), time_zone: zone,
        queue: { unsent: waiting.length, oldest: waiting[0]?.captured_at ?? null }, language, app: phone.app,
        witness: server.head && Object.fromEntries(WITNESS.map((name) => [name, server.head[name]])),
    };
    const whole = join([new TextEncoder().encode(JSON.stringify(envelope))], lines);
    const headers = { "Content-Type": "application/x-ndjson", Authorization: `Bearer ${identity.token}` };
    if (entries.length < 2 || globalThis.CompressionStream === undefined) {
        return { body: whole, headers };
    }
    const packed = new Response(new Blob([whole]).stream().pipeThrough(new CompressionStream("gzip")));
    return { body: new Uint8Array(await packed.arrayBuffer()), headers: { ...headers, "Content-Encoding": "gzip" } };
}

/** Lines, each with its line feed, and what follows them. */
function join(lines, rest = new Uint8Array()) {
    const whole = new Uint8Array(lines.reduce((sum, line) => sum + line.length + 1, rest.length));
    let at = 0;
    for (const line of lines) {
        whole.set(line, at);
        at += line.length + 1;
        whole[at - 1] = 10;
    }
    whole.set(rest, at);
    return whole;
}

/** A portal's friendly page is no receipt, nor is the answer to another batch, nor half an answer. */
function isAnswer(said, batch) {
    return said.protocol === PROTOCOL && said.batch === batch && typeof said.epoch === "string"
        && Array.isArray(said.results) && isHead(said.head) && Array.isArray(said.feed?.changes)
        && !Number.isNaN(Date.parse(said.server_time));
}

/** Whether this is a journal's signed head. */
export function isHead(head) {
    return Number.isSafeInteger(head?.position)
        && typeof head.digest === "string" && typeof head.signature === "string";
}

async function land(phone, plan, said, left) {
    const skew = Math.round(((left + phone.now()) / 2 - Date.parse(said.server_time)) / 1000);
    let settled = null;
    const take = (withFeed) => phone.database.write(["meta", "entries", "feed"], async (tx) => {
        if (settled === null || (await progress(tx)).landed !== said.batch) {
            settled = await settle(tx, phone, plan, said, skew, withFeed);
        } // else this was committed before its connection died
    });
    let isTold = true;
    try {
        await take(true);
    } catch (failure) {
        isTold = false;
        await take(false); // the receipts count also where the news cannot be kept, or read
        if (failure.code === "storage-full") {
            phone.trouble("storage-full", true);
        }
    }
    await phone.changed({ meta: true, feed: said.feed.reset || said.feed.changes.length > 0, entries: settled.seqs });
    const more = isTold && said.feed.more === true; // what could not be kept waits for the next
    const isRead = !more || said.feed.cursor !== plan.cursor;
    const moved = plan.entries.length === 0 ? isRead : settled.durable > 0 || (more && isRead);
    return { kind: "landed", more, unsent: settled.unsent, moved, again: settled.again };
}

/** All that an answer changes, in one transaction. */
async function settle(tx, phone, plan, said, skew, withFeed) {
    const meta = tx.objectStore("meta");
    const [server, sync, identity] = await Promise.all([standing(tx), progress(tx), meta.get("identity")]);
    const isBack = wentBack(server, said);
    const offered = isBack ? await outbox.offerAgain(tx) : [];
    const received = await outbox.receive(tx, plan.entries, said.results, said.server_time);
    const missing = isCount(said.device_seq) ? await outbox.offerMissing(tx, said.device_seq, plan.entries) : [];
    const archivedThrough = said.archived_through ?? 0;
    const today = said.server_time.slice(0, 10);
    const isDue = archivedThrough > 0 && (sync.sweptOn !== today || archivedThrough !== server.archivedThrough);
    const archived = isDue ? await outbox.archive(tx, archivedThrough, said.server_time) : [];
    if (withFeed && identity?.participant === plan.identity.participant) {
        await (isBack && !said.feed.reset ? feed.startOver(tx) : feed.apply(tx, plan.cursor, said.feed));
    }
    const limit = plan.identity.limits.entries;
    const asked = Number.isFinite(said.sync_again_after_s) ? said.sync_again_after_s : 300;
    const again = Math.min(A_DAY, Math.max(SOONEST, asked));
    const unsent = (await outbox.waiting(tx, identity?.participant)).length;
    await meta.put({ epoch: said.epoch, head: said.head, archivedThrough }, "server");
    await meta.put({
        lastSuccess: phone.moment(phone.now(), phone.zone()), held: null, refused: unsent === 0 ? null : sync.refused, skew, again,
        batchLimit: Math.min(limit, sync.batchLimit * 2),
        feedProblem: said.feed.problem ?? (withFeed ? null : { title: "feed-not-kept" }),
        sweptOn: isDue ? today : sync.sweptOn, landed: said.batch,
    }, "sync");
    const durable = received.filter(({ state }) => state === outbox.State.COMMITTED).length;
    return { unsent, durable, again, seqs: [...offered, ...received, ...missing, ...archived].map(({ seq }) => seq) };
}

function isCount(has) {
    return Number.isSafeInteger(has?.contiguous_to) && Array.isArray(has.missing)
        && has.missing.every(Number.isSafeInteger);
}

/**
 * The server was restored: its epoch is another, or its journal ends before where it ended already (its file was put
 * back and nobody said so). Positions are given anew from there, so that no archive mark can say what is safe.
 */
function wentBack({ epoch, head }, said) {
    return (epoch !== null && epoch !== said.epoch) || (head !== null && (said.head.position < head.position
        || (said.head.position === head.position && said.head.digest !== head.digest)));
}

/**
 * Whoever on the way refuses a batch may mean one of its lines: the batch is halved, never dropped, and a line that is
 * refused alone steps behind the others, so that one bad entry delays no other. The server's own 400 may be of what
 * somebody on the way made of the batch; where it is of the envelope, the phone soon is down to one entry, and waits.
 */
async function turnBack(phone, plan, reply) {
    const isRefused = REFUSED.has(reply?.status) && plan.entries.length > 0;
    const isAlone = isRefused && plan.entries.length === 1;
    const outcome = isRefused && !isAlone ? { kind: "halved" } : refusal(reply);
    if (outcome.kind === "declined" && reply.status === 401) {
        outcome.kind = "held";
    }
    await phone.database.write(["meta", "entries"], async (tx) => {
        await outbox.putBack(tx);
        const sync = await progress(tx);
        const identity = await tx.objectStore("meta").get("identity");
        const batchLimit = isRefused ? Math.ceil(plan.entries.length / 2) : sync.batchLimit;
        const held = outcome.kind === "held" && identity?.token === plan.identity.token ? outcome.problem : sync.held;
        if (isAlone && sync.refused === null && plan.waiting.length > 1) {
            outcome.kind = "halved"; // the others at once; where they are refused too, the network is waited for
        }
        const refused = isAlone ? plan.entries[0].seq : sync.refused;
        await tx.objectStore("meta").put({ ...sync, batchLimit, held, refused }, "sync");
    });
    await phone.changed({ meta: true, entries: plan.entries.map(({ seq }) => seq) });
    return outcome;
}
