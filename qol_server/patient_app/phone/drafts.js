/** Answers under way: the newest state of each is written at once, and held in memory while it cannot be. */

import { Trouble } from "./trouble.js";

export class Drafts {
    #phone;
    #changed;
    #line = Promise.resolve();

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
     *     sealed it
     */
    keep(draft) {
        const newest = structuredClone(draft);
        this.unsaved.set(draft.key, Object.freeze(newest));
        this.#changed();
        return this.inLine(() => this.#write(draft.key, newest));
    }

    drop(key) {
        this.unsaved.delete(key);
        return this.inLine(async () => {
            await this.#phone.database.write(["drafts"], (tx) => tx.objectStore("drafts").delete(key));
        });
    }

    /** Try again what could not be written. */
    again() {
        for (const [key, draft] of this.unsaved) {
            this.inLine(() => this.#write(key, draft)).then(this.#changed, () => {});
        }
    }

    /** Do something when all that was kept so far is written, and before what is kept from now on. */
    inLine(work) {
        const turn = this.#line.then(work);
        this.#line = turn.catch(() => {});
        return turn;
    }

    /** The newest state of a draft, in a transaction; undefined where there is none. */
    async latest(tx, key) {
        const stored = await tx.objectStore("drafts").get(key);
        const newer = this.unsaved.get(key);
        return newer === undefined ? stored : named(newer, stored);
    }

    /** A draft became an entry. */
    forget(key) {
        this.unsaved.delete(key);
    }

    async #write(key, draft) {
        if (this.unsaved.get(key) !== draft) {
            return draft; // a newer state waits behind this one
        }
        const id = crypto.randomUUID();
        try {
            const kept = await this.#phone.database.write(["drafts", "entries"], async (tx) => {
                const next = named(draft, await tx.objectStore("drafts").get(key), id);
                if (await tx.objectStore("entries").index("id").getKey(next.entry_id) !== undefined) {
                    throw new Trouble("already-given");
                }
                await tx.objectStore("drafts").put(next);
                return next;
            });
            if (this.unsaved.get(key) === draft) {
                this.unsaved.delete(key);
            }
            this.#phone.full(false);
            return kept;
        } catch (failure) {
            if (failure.code === "already-given") {
                this.unsaved.delete(key);
            } else if (failure.code === "storage-full") {
                this.#phone.full(true);
            }
            throw failure;
        }
    }
}

/** What a draft says as an answer; something that happened gets its occurrence from its own id. */
export function responseOf(draft) {
    const { occurrence, instrument, version, language, answers, corrects, reason } = draft;
    return {
        occurrence: occurrence ?? `${draft.assessment}@${draft.entry_id}`, instrument, version,
        wording: draft.wording ?? null, language, mode: "app", by: draft.by ?? "participant",
        protocol: draft.protocol ?? null, opened_at: draft.opened_at ?? null, answers,
        ...(corrects ? { supersedes: corrects } : {}), ...(reason ? { reason } : {}),
    };
}

function named(draft, stored, id = crypto.randomUUID()) {
    return { ...draft, entry_id: stored?.entry_id ?? draft.entry_id ?? id, revision: (stored?.revision ?? 0) + 1 };
}
