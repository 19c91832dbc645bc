/** Which response stands for each occurrence, of what this phone keeps and what the server told about the others. */

/**
 * Every response known: { id, occurrence, day, captured_at, supersedes, entry, status, order, isUnderReview, readAt }.
 * `entry`: what this phone keeps of it, null where another phone (or the site) gave it. `order`: by arrival; what the
 * server does not have yet comes after all that it has. `readAt`: when the site read what it raised, null where not (yet).
 */
export function responses(known) {
    return remembered(known, "responses", () => all(known));
}

function all(known) {
    const own = known.entries.filter((entry) => entry.kind === "response.given");
    const ids = new Set(own.map((entry) => entry.id));
    const bodies = new Set(own.map((entry) => entry.sha256));
    const tickets = new Set(own.map((entry) => entry.receipt?.ticket));
    const elsewhere = Object.entries(known.statuses).filter(([id, status]) => {
        return status.occurrence && !ids.has(id) && !tickets.has(id) && !bodies.has(status.sha256);
    });
    return [
        ...own.map((entry) => ofEntry(entry, known.statuses[entry.id] ?? known.statuses[entry.receipt?.ticket])),
        ...elsewhere.map(([id, status]) => response(id, status, null, status.status === "under-review")),
    ];
}

/** The response that stands for each occurrence: Map occurrence -> response. What is under review stands for none. */
export function standing(known) {
    return remembered(known, "standing", () => chosen(known));
}

function chosen(known) {
    const usable = responses(known).filter((one) => !one.isUnderReview);
    const byId = new Map(usable.map((one) => [one.id, one]));
    const corrected = new Set(usable.map((one) => one.supersedes).filter(Boolean));
    const began = (one, seen = new Set()) => {
        const origin = one.supersedes && !seen.has(one.id) ? byId.get(one.supersedes) : undefined;
        return origin === undefined ? one.order : Math.min(one.order, began(origin, seen.add(one.id)));
    };
    const found = new Map();
    for (const one of usable) {
        if (corrected.has(one.id) || one.status === "superseded" || one.status === "not-current") {
            continue;
        }
        // of two that do not know of each other the first one stands; of two corrections of one response the last
        const other = found.get(one.occurrence);
        const sign = other === undefined ? -1 : began(one) - began(other) || other.order - one.order;
        if (sign < 0) {
            found.set(one.occurrence, one);
        }
    }
    return found;
}

/** The occurrences of which something was received that the site has to look at. */
export function underReview(known) {
    return new Set(responses(known).filter((one) => one.isUnderReview).map((one) => one.occurrence));
}

// what is known never changes: the phone makes a new snapshot instead, and every screen asks for the same again and again
const memory = new WeakMap();

function remembered(known, name, make) {
    const kept = memory.get(known) ?? {};
    kept[name] ??= make();
    memory.set(known, kept);
    return kept[name];
}

// An entry's answers are read when somebody asks for them: its parts are named one by one, never spread.
function ofEntry(entry, status) {
    const { id, occurrence, captured_at, supersedes, receipt, seq } = entry;
    const position = status?.position ?? receipt?.position ?? Number.MAX_SAFE_INTEGER / 2 + seq;
    const said = { occurrence, captured_at, supersedes, status: status?.status ?? null, position, read_at: status?.read_at };
    return response(id, said, entry, receipt?.status === "quarantined");
}

function response(id, { occurrence, captured_at, supersedes, status, position, read_at: readAt }, entry, isUnderReview) {
    return {
        id, occurrence, captured_at: captured_at ?? null, day: captured_at?.slice(0, 10) ?? null, supersedes: supersedes ?? null,
        entry, status, order: position, isUnderReview, readAt: readAt ?? null,
    };
}
