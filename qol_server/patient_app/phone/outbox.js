/** The entries of this phone, from their sealing to the archive: no function here deletes one. */

import { Trouble } from "./trouble.js";

/** An entry's life. Only an archived one has lost its bytes; its id, its digest and what it said stay. */
export const State = Object.freeze({
    QUEUED: "queued", SENDING: "sending", COMMITTED: "committed", ARCHIVED: "archived",
});

const DURABLE = new Set(["stored", "duplicate", "quarantined"]);
const KEPT_FOR = 30 * 86_400_000; // ms by the server's clock, after the entry is in a verified backup
const ENVELOPE_ROOM = 8192;

/** The SHA-256 of bytes, as 64 hex digits. */
export async function sha256(bytes) {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The bytes of an entry, in the order and spelling of `json.dumps(entry, ensure_ascii=False, separators=(",", ":"))`.
 *
 * Half characters and NUL, which no reader keeps, become U+FFFD; a decimal number becomes text, as the protocol has it.
 */
export function entryBytes(entry) {
    return new TextEncoder().encode(JSON.stringify(entry, (_key, value) => {
        if (typeof value === "string") {
            return wellFormed(value);
        }
        return typeof value === "number" && !Number.isSafeInteger(value) ? String(value) : value;
    }));
}

function wellFormed(text) {
    const pairOrUnusable = /[\uD800-\uDBFF][\uDC00-\uDFFF]|[\uD800-\uDFFF\0]/g;
    return text.replace(pairOrUnusable, (found) => (found.length === 2 ? found : "\uFFFD"));
}

/**
 * Freeze an entry: bytes and digest first, then one transaction that takes the number, keeps the entry and removes its
 * draft.
 *
 * @param {object} phone database, turns, study, app, now, zone, moment
 * @param {(tx) => Promise<object>} compose what to seal, read in one transaction: {kind, fields, participant, limit,
 *     id, draft: {key, revision} | null}; or {sealed: record | null} when there is nothing to seal (any more)
 * @param {(tx) => Promise<void>} alongside what else is written with it; its stores are meta and drafts
 * @returns {Promise<object>} the entry's record
 * @throws {Trouble} already-given, too-large, other-participant (the phone became somebody else's meanwhile)
 */
export function seal(phone, compose, alongside = async () => {}) {
    return phone.turns.alone(`qol-seal/${phone.study}`, async () => {
        for (;;) {
            const plan = await phone.database.read(["meta", "drafts", "entries"], async (tx) => {
                const seq = ((await tx.objectStore("meta").get("seq")) ?? 0) + 1;
                const next = { seq, ...(await compose(tx)) };
                if (next.sealed === undefined) {
                    await refuseSecond(tx, next.participant, next.fields);
                }
                return next;
            });
            if (plan.sealed !== undefined) {
                return plan.sealed;
            }
            const record = await frozen(phone, plan);
            const stores = ["meta", "entries", "drafts"];
            if (await phone.database.write(stores, (tx) => keep(tx, plan, record, alongside))) {
                return record;
            }
        }
    });
}

async function frozen(phone, { id, seq, kind, fields, participant, limit, draft }) {
    const now = phone.now();
    const zone = phone.zone();
    const captured = phone.moment(now, zone);
    const line = entryBytes({
        id, device_seq: seq, kind, ...fields, app: phone.app, captured_at: captured, time_zone: zone,
    });
    if (line.length > limit) {
        throw new Trouble("too-large");
    }
    const { occurrence = null, instrument = null, supersedes = null, what = null, about = null } = fields;
    return {
        seq, id, kind, participant, state: State.QUEUED, line, sha256: await sha256(line),
        captured_at: captured, occurrence, instrument, supersedes, what, about, draft: draft?.key ?? null,
        receipt: null, committed_at: null, offers: 0,
    };
}

/** False when another tab took the number or changed the draft in between. */
async function keep(tx, plan, record, alongside) {
    const meta = tx.objectStore("meta");
    const entries = tx.objectStore("entries");
    if (await entries.index("id").getKey(record.id) === record.seq) {
        return true; // this was committed before its connection died
    }
    if (((await meta.get("seq")) ?? 0) + 1 !== record.seq) {
        return false;
    }
    if ((await meta.get("identity"))?.participant !== record.participant) {
        throw new Trouble("other-participant");
    }
    await refuseSecond(tx, record.participant, record);
    if (plan.draft) {
        const stored = await tx.objectStore("drafts").get(plan.draft.key);
        if (stored !== undefined && stored.revision > plan.draft.revision) {
            return false;
        }
    }
    await Promise.all([
        entries.add(record),
        meta.put(record.seq, "seq"),
        plan.draft ? tx.objectStore("drafts").delete(plan.draft.key) : null,
        alongside(tx),
    ]);
    return true;
}

/**
 * An occurrence is answered once on this phone, whatever a window shows that slept; more of it are corrections.
 * Within a transaction.
 *
 * @throws {Trouble} already-given
 */
export async function refuseSecond(tx, participant, { occurrence, supersedes }) {
    if (!occurrence || supersedes) {
        return; // what just happened is no occurrence yet
    }
    const there = await tx.objectStore("entries").index("occurrence").getAll(occurrence);
    if (there.some((record) => record.kind === "response.given" && record.participant === participant)) {
        throw new Trouble("already-given");
    }
}

/** What is not known to be stored of a participant, in order; within a transaction. */
export async function waiting(tx, participant) {
    const byState = tx.objectStore("entries").index("state");
    const [queued, sending] = await Promise.all([byState.getAll(State.QUEUED), byState.getAll(State.SENDING)]);
    const own = [...queued, ...sending].filter((record) => record.participant === participant);
    return own.sort((one, other) => one.seq - other.seq);
}

/**
 * What waits as a file that the site can hand in: a first line that says whose it is, then the exact lines.
 *
 * @param {{seq: number, line: Uint8Array}[]} entries in order
 * @param {{study: string, participant: string, device: string, app: string, saved_at: string}} whose
 * @returns {Promise<Blob>}
 */
export async function copyOf(entries, whose) {
    const lines = new Blob(entries.flatMap(({ line }) => [line, "\n"]));
    const digest = await sha256(await lines.arrayBuffer());
    const seqs = entries.map(({ seq }) => seq);
    const first = { copy: "qol-copy/1", ...whose, entries: entries.length, seqs, digest };
    return new Blob([JSON.stringify(first), "\n", lines], { type: "application/x-ndjson" });
}

/** What waits, with those up to a number last: it was refused alone, and the others do not wait for it. */
export function behind(entries, seq) {
    return seq === null ? entries : [...entries.filter((entry) => entry.seq > seq), ...entries.filter((entry) => entry.seq <= seq)];
}

/** The entries of the next flight: within the limits, and always at least one where any waits. */
export function load(entries, bytesLimit, batchLimit) {
    const flight = [];
    let room = bytesLimit - ENVELOPE_ROOM;
    for (const entry of entries) {
        room -= entry.line.length + 1;
        if (flight.length > 0 && (room < 0 || flight.length >= batchLimit)) {
            break;
        }
        flight.push(entry);
    }
    return flight;
}

/** Give records another state, in the transaction; returns them. */
export async function move(tx, records, state) {
    const store = tx.objectStore("entries");
    const others = records.filter((record) => record.state !== state);
    await Promise.all(others.map((record) => store.put(Object.assign(record, { state }))));
    return records;
}

/** Whoever holds the flight's turn knows that nobody else sends: what is marked so is of a flight that never ended. */
export async function putBack(tx) {
    return move(tx, await tx.objectStore("entries").index("state").getAll(State.SENDING), State.QUEUED);
}

/**
 * After the server was restored, everything is offered again whose bytes are still here; what it has is only a
 * duplicate.
 */
export async function offerAgain(tx) {
    return move(tx, await tx.objectStore("entries").index("state").getAll(State.COMMITTED), State.QUEUED);
}

/**
 * Offer again what the server acknowledged once and has no more: it says up to which number it has everything of this
 * phone, and which are missing beyond. Numbers of this flight were acknowledged just now. An entry is offered so three
 * times at most, for a server that cannot count must not be asked for ever.
 *
 * @param {{contiguous_to: number, missing: number[]}} has
 * @param {{seq: number}[]} flight
 */
export async function offerMissing(tx, has, flight) {
    const missing = new Set(has.missing);
    const now = new Set(flight.map(({ seq }) => seq));
    const isLacking = ({ seq }) => (missing.size > 0 ? missing.has(seq) : seq > has.contiguous_to) && !now.has(seq);
    const lowest = missing.size > 0 ? has.missing.reduce((one, other) => Math.min(one, other)) : has.contiguous_to + 1;
    const later = await tx.objectStore("entries").getAll(IDBKeyRange.lowerBound(lowest));
    const lost = later.filter((record) => record.state === State.COMMITTED && isLacking(record) && record.offers < 3);
    return move(tx, lost.map((record) => ({ ...record, offers: record.offers + 1 })), State.QUEUED);
}

/**
 * Take the receipts of a flight; whatever got none waits again. Returns the changed records.
 *
 * @param {{seq: number, id: string}[]} flight in the order of their lines
 * @param {object[]} results of the server; `line` counts the envelope's line too
 */
export async function receive(tx, flight, results, serverTime) {
    const store = tx.objectStore("entries");
    const receipts = new Map();
    for (const result of results) {
        const place = (result?.line ?? 0) - 2;
        receipts.set(place, receipts.has(place) ? null : result); // two that differ say nothing
    }
    return Promise.all(flight.map(async ({ seq, id }, place) => {
        const record = await store.get(seq);
        const receipt = receipts.get(place);
        if (isReceipt(receipt, id) && record.state !== State.ARCHIVED) {
            Object.assign(record, { state: State.COMMITTED, receipt, committed_at: serverTime });
        } else if (record.state === State.SENDING) {
            record.state = State.QUEUED;
        }
        await store.put(record);
        return record;
    }));
}

/** Whether the server says where this very entry stands; of a line that it cannot read it names no id. */
function isReceipt(result, id) {
    return DURABLE.has(result?.status) && (result.id === id || result.id === null)
        && Number.isSafeInteger(result.position) && result.position >= 1;
}

/**
 * Let go of the bytes that are in a verified backup and were committed 30 days ago, both by the server. What was answered
 * stays to be seen, and to be judged by: the calendar, the curves and the rules look back over years.
 */
export async function archive(tx, archivedThrough, serverTime) {
    const store = tx.objectStore("entries");
    const committed = await store.index("state").getAll(State.COMMITTED);
    const old = committed.filter(({ receipt, committed_at: at }) => receipt.position <= archivedThrough
        && Date.parse(serverTime) - Date.parse(at) >= KEPT_FOR);
    await Promise.all(old.map((record) => {
        const { version, answers, by, reason, note } = factOf(record);
        return store.put(Object.assign(record, { state: State.ARCHIVED, said: { version, answers, by, reason, note }, line: null }));
    }));
    return old;
}

/** What an entry says: of an archived one what people look at. */
export function factOf({ line, said }) {
    return line === null ? said : JSON.parse(new TextDecoder().decode(line));
}
