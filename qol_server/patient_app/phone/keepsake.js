/**
 * Whether the browser keeps what this phone holds: persistence asked for, and marks beside the database that tell when
 * it went.
 */

const nameOf = (study) => `qol-keepsake/${study}`;

/** Ask the browser not to clear this app's storage; false where it will not promise it. */
export async function askPersistence() {
    return (await navigator.storage?.persist?.()) ?? false;
}

/** Whether the browser promised it; null where it cannot say. */
export async function isPersistent() {
    return (await navigator.storage?.persisted?.()) ?? null;
}

/**
 * Leave word beside the database that there is one: {since, waiting}. No health data, no participant. It is left in two
 * places, since a browser may clear one of them.
 */
export async function leave(study, mark) {
    const text = JSON.stringify(mark);
    try {
        globalThis.localStorage?.setItem(nameOf(study), text);
    } catch {
        // full or forbidden: the other place is left
    }
    try {
        const cache = await caches.open(nameOf(study));
        await cache.put("keepsake", new Response(text));
    } catch {
        // likewise
    }
}

/** The word that was left; null where none is found. */
export async function find(study) {
    const texts = [];
    try {
        texts.push(globalThis.localStorage?.getItem(nameOf(study)));
    } catch {
        // forbidden
    }
    try {
        texts.push(await (await (await caches.open(nameOf(study))).match("keepsake"))?.text());
    } catch {
        // likewise
    }
    for (const text of texts) {
        try {
            const mark = JSON.parse(text ?? "null");
            if (typeof mark?.since === "string") {
                return { since: mark.since, waiting: Number(mark.waiting) || 0 };
            }
        } catch {
            // damaged
        }
    }
    return null;
}
