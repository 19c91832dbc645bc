/**
 * The study's IndexedDB: strict writes, one connection that is opened again when it is lost, a full disk told by name.
 */

import { openDB } from "../vendor/idb.js";
import { Trouble } from "./trouble.js";

const VERSION = 1;
/**
 * How browsers say that the connection died under a transaction; Safari says UnknownError when its process was ended.
 */
const LOST = new Set(["InvalidStateError", "UnknownError", "AbortError", "TransactionInactiveError", "TimeoutError"]);

/**
 * The database of a study, which is opened when it is first used. Each `work` gets an idb transaction and may run a second time when the connection was
 * lost, also after its first run was committed: what it writes must be the same when written twice.
 *
 * @param {string} study short name
 * @returns {{read: Function, write: Function, close: Function}} read(stores, work), write(stores, work)
 */
export function openDatabase(study) {
    let opening = null;

    function connect() {
        if (opening === null) {
            const mine = openDB(`qol/${study}`, VERSION, {
                upgrade,
                blocking: (_current, _wanted, event) => {
                    forget(mine);
                    event.target.close(); // a newer release in another tab must not wait for this one
                },
                terminated: () => forget(mine),
            });
            mine.catch(() => forget(mine));
            opening = mine;
        }
        return opening;
    }

    function forget(lost) {
        if (opening === lost) {
            opening = null;
        }
    }

    async function run(mode, stores, work) {
        for (let attempt = 1; ; attempt += 1) {
            const connection = connect();
            try {
                return await transact(await connection, mode, stores, work);
            } catch (failure) {
                if (failure.name === "QuotaExceededError") {
                    throw new Trouble("storage-full", { cause: failure });
                }
                if (failure.name === "VersionError") {
                    throw new Trouble("outdated", { cause: failure });
                }
                if (attempt > 1 || !LOST.has(failure.name)) {
                    throw failure instanceof DOMException ? new Trouble("unexpected", { cause: failure }) : failure;
                }
                forget(connection);
                connection.then((database) => database.close(), () => {});
            }
        }
    }

    return {
        read: (stores, work) => run("readonly", stores, work),
        write: (stores, work) => run("readwrite", stores, work),
        close: async () => (await connect()).close(),
    };
}

function upgrade(database, from) {
    if (from < 1) {
        database.createObjectStore("meta");
        database.createObjectStore("feed", { keyPath: ["type", "id"] });
        database.createObjectStore("drafts", { keyPath: "key" });
        const entries = database.createObjectStore("entries", { keyPath: "seq" });
        entries.createIndex("id", "id", { unique: true });
        entries.createIndex("state", "state");
        entries.createIndex("occurrence", "occurrence");
    }
}

async function transact(database, mode, stores, work) {
    const tx = database.transaction(stores, mode, mode === "readwrite" ? { durability: "strict" } : {});
    tx.done.catch(() => {}); // told below
    try {
        const result = await work(tx);
        await tx.done;
        return result;
    } catch (failure) {
        try {
            tx.abort();
        } catch {
            // it is over already
        }
        throw tx.error ?? failure; // a full disk is the transaction's reason, not the request's
    }
}
