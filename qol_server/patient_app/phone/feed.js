/**
 * What the server tells this phone: changes and cursor are kept in one transaction, and a snapshot replaces what was
 * pulled.
 */

const BLANK = Object.freeze({ cursor: null, generation: 0, sweeping: false });

/** How far this phone has read: {cursor, generation, sweeping}; within a transaction. */
export async function reading(tx) {
    return (await tx.objectStore("meta").get("reading")) ?? BLANK;
}

/**
 * Apply the feed of an answer. A snapshot of several pages takes the place of what was pulled when its last page is
 * here: until then a phone that goes offline still shows what is due.
 *
 * @param {IDBTransaction} tx over meta and feed
 * @param {string | null} asked the cursor that was sent
 * @param {{reset: boolean, changes: object[], cursor: string | null, more: boolean}} feed
 */
export async function apply(tx, asked, feed) {
    const was = await reading(tx);
    if (was.cursor !== asked) {
        return; // somebody else applied an answer in between; the next one goes on from there
    }
    if ((feed.cursor !== null && typeof feed.cursor !== "string") || !feed.changes.every(isChange)) {
        throw new TypeError("the feed is not what was agreed");
    }
    const store = tx.objectStore("feed");
    const generation = was.generation + (feed.reset ? 1 : 0);
    const sweeping = was.sweeping || feed.reset;
    await Promise.all(feed.changes.map(({ op, type, id, data }) => (
        op === "put" ? store.put({ type, id, data, generation }) : store.delete([type, id])
    )));
    if (sweeping && !feed.more) {
        const old = (await store.getAll()).filter((thing) => thing.generation < generation);
        await Promise.all(old.map(({ type, id }) => store.delete([type, id])));
    }
    await tx.objectStore("meta").put({ cursor: feed.cursor, generation, sweeping: sweeping && feed.more }, "reading");
}

function isChange(change) {
    return typeof change?.type === "string" && typeof change.id === "string"
        && (change.op !== "put" || (change.data !== null && typeof change.data === "object"));
}

/** Ask for everything at the next flight; what is here stays until that has come. */
export async function startOver(tx) {
    await tx.objectStore("meta").put({ ...(await reading(tx)), cursor: null }, "reading");
}

/** Forget what was pulled: it was another participant's. */
export async function forget(tx) {
    await Promise.all([tx.objectStore("feed").clear(), tx.objectStore("meta").delete("reading")]);
}
