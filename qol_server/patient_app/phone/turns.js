/** Who may do something alone: one tab, one worker at a time. */

const LEASE = 60_000; // ms; longer than a flight with its time limit takes
const PATIENCE = 3_000; // ms; a tab that sleeps with a turn in its hand must not keep anybody from saving

/** What `ifFree` returns when somebody else is at it. */
export const BUSY = Symbol("busy");

/**
 * Turns by the browser's locks; where it has none, by a queue in this page and a lease in the database. The lease can
 * only delay: whatever is done in turn is also checked in its transaction.
 *
 * @param {LockManager | undefined} locks
 * @param {{now: () => number, wait: Function}} system
 * @returns {{alone: Function, ifFree: Function}} alone(name, work) waits for its turn, three seconds at most; ifFree(name,
 *     work) gives BUSY instead
 */
export function makeTurns(locks, database, { now, wait }) {
    if (locks) {
        return {
            alone: (name, work) => patiently(locks, wait, name, work),
            ifFree: (name, work) => (
                locks.request(name, { ifAvailable: true }, (lock) => (lock === null ? BUSY : work()))
            ),
        };
    }
    const lasts = new Map();

    function alone(name, work) {
        const turn = (lasts.get(name) ?? Promise.resolve()).then(work);
        lasts.set(name, turn.catch(() => {}));
        return turn;
    }

    async function ifFree(name, work) {
        const me = crypto.randomUUID();
        const mine = await database.write(["meta"], async (tx) => {
            const store = tx.objectStore("meta");
            const lease = await store.get(name);
            const left = lease === undefined ? 0 : lease.until - now();
            if (left > 0 && left <= LEASE && lease.holder !== me) { // more is a clock that was put back
                return false;
            }
            await store.put({ holder: me, until: now() + LEASE }, name);
            return true;
        });
        if (!mine) {
            return BUSY;
        }
        try {
            return await work();
        } finally {
            await database.write(["meta"], async (tx) => {
                const store = tx.objectStore("meta");
                if ((await store.get(name))?.holder === me) {
                    await store.delete(name);
                }
            });
        }
    }

    return { alone, ifFree };
}

async function patiently(locks, wait, name, work) {
    const patience = new AbortController();
    const relax = wait(PATIENCE, () => patience.abort());
    try {
        return await locks.request(name, { signal: patience.signal }, () => {
            relax();
            return work();
        });
    } catch (failure) {
        if (failure !== patience.signal.reason) {
            throw failure;
        }
        return work();
    } finally {
        relax();
    }
}
