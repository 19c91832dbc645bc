/** What the phone knows, as one frozen snapshot for the screens; a new one after each change. */

import { factOf, State } from "./outbox.js";

const FAR_OFF = 300; // s between the phone's clock and the server's
const PUBLIC = ["participant", "device_id", "study", "paired_at"];

/** What is remembered of the database between two looks at it. */
export function emptyMemory() {
    return { meta: new Map(), drafts: new Map(), feed: [], entries: new Map(), infos: new Map() };
}

/**
 * Read what changed into the memory.
 *
 * @param {{meta?: boolean, drafts?: boolean, feed?: boolean, entries?: true | number[]}} what
 */
export async function refresh(database, memory, what) {
    const stores = Object.keys(what).filter((name) => what[name]);
    if (stores.length === 0) {
        return;
    }
    const read = await database.read(stores, async (tx) => {
        const all = (name) => (what[name] ? tx.objectStore(name).getAll() : null);
        const some = Array.isArray(what.entries);
        const [keys, values, drafts, things, entries] = await Promise.all([
            what.meta ? tx.objectStore("meta").getAllKeys() : null, all("meta"), all("drafts"), all("feed"),
            some ? Promise.all(what.entries.map((seq) => tx.objectStore("entries").get(seq))) : all("entries"),
        ]);
        const meta = values && new Map(keys.map((key, place) => [key, values[place]]));
        return { meta, drafts, feed: things, entries };
    });
    memory.meta = read.meta ?? memory.meta;
    memory.feed = read.feed ?? memory.feed;
    if (read.drafts) {
        memory.drafts = new Map(read.drafts.map((draft) => [draft.key, Object.freeze(draft)]));
    }
    for (const record of read.entries ?? []) {
        if (record !== undefined) {
            remember(memory, record);
        }
    }
}

function remember(memory, record) {
    const before = memory.entries.get(record.seq);
    memory.entries.set(record.seq, record);
    if (before?.state !== record.state || before.receipt?.position !== record.receipt?.position) {
        memory.infos.set(record.seq, entryInfo(record));
    }
}

/** An entry as the screens see it; its bytes are read when somebody asks for what is in them. */
function entryInfo(record) {
    let fact = null;
    const read = () => {
        fact ??= factOf(record);
        return fact;
    };
    const { id, seq, kind, state, captured_at, occurrence, instrument, supersedes, what, about, sha256 } = record;
    return Object.freeze({
        id, seq, kind, state, sealed_at: captured_at, captured_at, occurrence, instrument, supersedes, what, about,
        sha256,
        receipt: record.receipt && Object.freeze(receiptOf(record.receipt)),
        get version() {
            return read().version ?? null;
        },
        get answers() {
            return read().answers ?? null;
        },
        get reason() {
            return read().reason ?? null;
        },
        get by() {
            return read().by ?? null;
        },
        get note() {
            return read().note ?? null;
        },
    });
}

function receiptOf({ status, position, flags = [], ticket = null, problem = null }) {
    return { status, position, flags, ticket, problem };
}

const isWaiting = ({ state }) => state === State.QUEUED || state === State.SENDING;

function ordered(memory, isWanted) {
    return [...memory.entries.values()].filter(isWanted).sort((one, other) => one.seq - other.seq);
}

/** The entries of this participant in order: a phone may have had another before. */
function ownEntries(memory) {
    const participant = memory.meta.get("identity")?.participant;
    return ordered(memory, (record) => record.participant === participant);
}

/** What waits to be sent, in order. */
export function unsent(memory) {
    return ownEntries(memory).filter(isWaiting);
}

/** All that is kept here and that a person may take away: no key to the server is in it. */
export function everything(known, memory) {
    const { identity, settings, study, participation, assignments, statuses, messages } = known;
    const entries = ownEntries(memory).map((record) => {
        const { id, seq, state, sha256, captured_at, receipt } = record;
        return { id, seq, state, sha256, captured_at, receipt, entry: factOf(record) };
    });
    return {
        identity, entries, drafts: Object.values(known.drafts), settings, study, participation, assignments, statuses,
        messages,
    };
}

/**
 * The snapshot; parts that did not change are those of the one before.
 *
 * @param {Map<string, object>} unsaved drafts that could not be written yet
 * @param {{state, nextTry, failures, problem}} flying the courier's status
 * @param {string[]} troubles codes of what is wrong with this phone's storage
 */
export function snapshot(memory, before, what, { unsaved, flying, troubles, moment }) {
    const { meta } = memory;
    const isFirst = before === null;
    return Object.freeze({
        identity: identityPart(meta),
        ...(isFirst || what.feed || what.entries ? feedPart(memory) : feedOf(before)),
        drafts: isFirst || what.drafts ? draftsPart(memory, unsaved) : before.drafts,
        entries: isFirst || what.entries || what.meta ? entriesPart(memory) : before.entries,
        settings: Object.freeze({ language: null, textSize: null, ...meta.get("settings"), hasPin: meta.has("pin") }),
        sync: syncPart(memory, flying, moment),
        notices: Object.freeze(noticesPart(meta, troubles)),
    });
}

function identityPart(meta) {
    const identity = meta.get("pending") ?? meta.get("identity");
    if (identity === undefined) {
        return null;
    }
    const told = Object.fromEntries(PUBLIC.map((name) => [name, identity[name]]));
    return Object.freeze({ ...told, confirmed: !meta.has("pending") });
}

function draftsPart(memory, unsaved) {
    return Object.freeze(Object.fromEntries([...memory.drafts, ...unsaved]));
}

function entriesPart(memory) {
    return Object.freeze(ownEntries(memory).map(({ seq }) => memory.infos.get(seq)));
}

const FEED_PARTS = ["study", "participation", "instruments", "assignments", "statuses", "messages"];

function feedOf(before) {
    return Object.fromEntries(FEED_PARTS.map((name) => [name, before[name]]));
}

function feedPart(memory) {
    const of = (type) => memory.feed.filter((thing) => thing.type === type);
    const table = (things) => Object.freeze(Object.fromEntries(things.map(({ id, data }) => [id, data])));
    const notes = [...memory.entries.values()].filter(({ what }) => what === "message-read");
    const read = new Set(notes.map(({ about }) => about));
    const message = ({ id, data }) => Object.freeze({ id, ...data, read: read.has(id) || Boolean(data.read_at) });
    const bySending = (one, other) => compare(one.sent_at, other.sent_at);
    const byOpening = (one, other) => compare(one.opens, other.opens) || compare(one.occurrence, other.occurrence);
    return {
        study: of("study")[0]?.data ?? null,
        participation: of("participation")[0]?.data ?? null,
        instruments: table(of("instrument")),
        assignments: Object.freeze(of("assignment").map(({ data }) => data).sort(byOpening)),
        statuses: table(of("entry_status")),
        messages: Object.freeze(of("message").map(message).sort(bySending)),
    };
}

function compare(one, other) {
    return one < other ? -1 : Number(one > other);
}

function syncPart(memory, flying, moment) {
    const sync = memory.meta.get("sync");
    const queue = unsent(memory);
    const held = sync?.held ?? null;
    return Object.freeze({
        state: held !== null && flying.state !== "flying" ? "held" : flying.state,
        lastSuccess: sync?.lastSuccess ?? null,
        nextTry: flying.nextTry === null ? null : moment(flying.nextTry),
        failures: flying.failures,
        problem: held ?? flying.problem ?? sync?.feedProblem ?? null,
        unsent: queue.length,
        oldestUnsent: queue[0]?.captured_at ?? null,
    });
}

function noticesPart(meta, troubles) {
    const lost = meta.get("lost");
    const skew = meta.get("sync")?.skew ?? 0;
    return [
        ...(lost === undefined ? [] : [Object.freeze({ code: "storage-lost", ...lost })]),
        ...(Math.abs(skew) > FAR_OFF ? [Object.freeze({ code: "clock-off", seconds: skew })] : []),
        ...troubles.map((code) => Object.freeze({ code })),
    ];
}
