/** Answers under way: the newest state of each is written at once, and held in memory while it cannot be. */

import { refuseSecond, seal } from "./outbox.js";
import { Trouble } from "./trouble.js";

export class Drafts {
    #phone;
    #changed;
    #line = Promise.resolve();
    #follows = new WeakMap(); // a draft that could not be written -> the revision stored then, or null
    #given = new Map(); // draft key -> what it was sealed as, for a second tap

    /** Drafts that are newer than what is written, by key. */
    unsaved = new Map();

    constructor(phone, changed) {
        this.#phone = phone;
        this.#changed = changed;
    }

    /**
     * Keep a draft. It gets the id that its entry will have, so that two tabs cannot make two entries of it.
     *
     * @throws {Trouble} storage-full: it is in memory, and is written with the next one · already-given: another tab
     *     sealed it, or the occurrence is answered
     */
    keep(draft) {
        const newest = structuredClone(draft);
        this.unsaved.set(draft.key, Object.freeze(newest));
        this.#changed();
        return this.#inLine(() => this.#write(draft.key, newest));
    }

    drop(key) {
        this.unsaved.delete(key);
        return this.#inLine(async () => {
            await this.#phone.database.write(["drafts"], (tx) => tx.objectStore("drafts").delete(key));
        });
    }

    /** Try again what could not be written. */
    again() {
        for (const [key, draft] of this.unsaved) {
            if (this.#follows.has(draft)) {
                const told = () => this.#phone.changed({ drafts: true });
                this.#inLine(() => this.#write(key, draft)).then(told, told);
            }
        }
    }

    /** Do something when all that was kept so far is written, and before what is kept from now on. */
    #inLine(work) {
        const turn = this.#line.then(work);
        this.#line = turn.catch(() => {});
        return turn;
    }

    /**
     * Seal a draft as an answer; returns the entry's record, a second tap the same.
     *
     * @param {(tx) => Promise<{participant: string, limit: number}>} sender
     */
    give(key, sender) {
        return this.#inLine(async () => {
            try {
                const record = await seal(this.#phone, (tx) => this.#compose(tx, key, sender));
                this.#given.set(key, record.seq);
                this.unsaved.delete(key);
                return record;
            } catch (failure) {
                this.#letGo(key, this.unsaved.get(key), failure);
                throw failure;
            }
        });
    }

    async #compose(tx, key, sender) {
        const draft = await this.#latest(tx, key);
        const entries = tx.objectStore("entries");
        if (draft === undefined) {
            const given = this.#given.get(key);
            if (given === undefined) {
                throw new Trouble("unexpected", { cause: new Error(`there is no draft ${key}`) });
            }
            return { sealed: await entries.get(given) };
        }
        const { entry_id: id, revision } = draft;
        const sealed = await entries.index("id").get(id);
        if (sealed !== undefined) {
            return { sealed };
        }
        const fields = responseOf(draft);
        return { ...(await sender(tx)), id, kind: "response.given", fields, draft: { key, revision } };
    }

    /** The newest state of a draft, in a transaction; undefined where there is none. */
    async #latest(tx, key) {
        const stored = await tx.objectStore("drafts").get(key);
        const newer = this.unsaved.get(key);
        if (newer === undefined) {
            return stored;
        }
        this.#refuseOvertaken(newer, stored);
        return named(newer, stored);
    }

    /** What could not be written must not take the place of what another window kept, gave or dropped since. */
    #refuseOvertaken(draft, stored) {
        const base = this.#follows.get(draft) ?? null;
        if (base !== null && base !== revisionOf(stored)) {
            throw new Trouble("overtaken");
        }
    }

    async #write(key, draft) {
        if (this.unsaved.get(key) !== draft) {
            return draft; // a newer state waits behind this one
        }
        const id = crypto.randomUUID();
        let [before, next] = [null, null];
        try {
            const kept = await this.#phone.database.write(["meta", "drafts", "entries"], async (tx) => {
                const [stored, identity] = await Promise.all([
                    tx.objectStore("drafts").get(key), tx.objectStore("meta").get("identity"),
                ]);
                if (next !== null && JSON.stringify(stored) === JSON.stringify(next)) {
                    return next; // this was committed before its connection died
                }
                [before, next] = [revisionOf(stored), named(draft, stored, id)];
                if (await tx.objectStore("entries").index("id").getKey(next.entry_id) !== undefined) {
                    throw new Trouble("already-given");
                }
                const { occurrence, corrects: supersedes } = draft;
                await refuseSecond(tx, identity?.participant, { occurrence, supersedes });
                this.#refuseOvertaken(draft, stored);
                await tx.objectStore("drafts").put(next);
                return next;
            });
            if (this.unsaved.get(key) === draft) {
                this.unsaved.delete(key);
            }
            this.#phone.trouble("storage-full", false);
            this.#phone.trouble("overtaken", false);
            return kept;
        } catch (failure) {
            this.#follows.set(draft, this.#follows.get(draft) ?? before);
            this.#letGo(key, draft, failure);
            throw failure;
        }
    }

    /** What can never be written (any more) is no draft; what is stored is shown instead. */
    #letGo(key, draft, { code }) {
        if ((code === "already-given" || code === "overtaken") && this.unsaved.get(key) === draft) {
            this.unsaved.delete(key);
            this.#changed();
        }
        if (code === "storage-full" || code === "overtaken") {
            this.#phone.trouble(code, true);
        }
    }
}

/** What a draft says as an answer; something that happened gets its occurrence from its own id. */
function responseOf(draft) {
    const { occurrence, instrument, version, language, answers, corrects, reason } = draft;
    return {
        occurrence: occurrence ?? `${draft.assessment}@${draft.entry_id}`, instrument, version,
        wording: draft.wording ?? null, language, mode: "app", by: draft.by ?? "participant",
        protocol: draft.protocol ?? null, opened_at: draft.opened_at ?? null, answers,
        ...(corrects ? { supersedes: corrects } : {}), ...(reason ? { reason } : {}),
    };
}

function revisionOf(stored) {
    return stored?.revision ?? 0;
}

function named(draft, stored, id = crypto.randomUUID()) {
    return { ...draft, entry_id: stored?.entry_id ?? draft.entry_id ?? id, revision: revisionOf(stored) + 1 };
}
