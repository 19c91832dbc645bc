/**
 * The stage of the phone's tests, run inside the browser: a clock that stands until it is moved, and phones that live in frames of their
 * own, so that each can be killed at any step as a browser kills a page.
 */
(() => {
    const { ModelServer, sha256 } = stage;
    const encoder = new TextEncoder();
    const decoder = new TextDecoder();

    /** A clock that stands still until it is moved, and its timers. */
    class Clock {
        #now = Date.parse("2026-03-02T19:00:00Z");
        timers = [];
        now = () => this.#now;
        wait = (ms, then) => {
            const timer = { at: this.#now + ms, then };
            this.timers.push(timer);
            return () => {
                this.timers = this.timers.filter((other) => other !== timer);
            };
        };

        /** Move on; what falls due on the way is done at its time. */
        async forward(ms, settle) {
            const end = this.#now + ms;
            for (;;) {
                const due = this.timers.filter(({ at }) => at <= end).sort((one, other) => one.at - other.at)[0];
                if (due === undefined) {
                    break;
                }
                this.timers = this.timers.filter((other) => other !== due);
                this.#now = Math.max(this.#now, due.at);
                due.then();
                await settle();
            }
            this.#now = end;
        }

        put(ms) {
            this.#now = ms;
        }
    }

    /** The steps between which what is kept may differ; within a transaction only the first write counts, for all of it is undone. */
    const EFFECTS = { IDBObjectStore: ["put", "add", "delete", "clear"] };

    const STEPS = {
        IDBFactory: ["open"], IDBDatabase: ["transaction"], IDBIndex: ["get", "getAll", "getKey", "count"],
        IDBObjectStore: ["get", "getAll", "getAllKeys", "put", "add", "delete", "clear", "count"], SubtleCrypto: ["digest"],
        LockManager: ["request"],
    };

    /**
     * A phone in a frame of its own. `fuse`: it is killed at its n-th step (a call of the database, of the digest, of the network, or an
     * answer that has come); `steps` counts them. `prepare(window)`: what is done to its window before the phone is opened.
     */
    class Pocket {
        steps = 0;
        isDead = false;
        died = new Promise((resolve) => {
            this.tellDeath = resolve;
        });

        constructor(server, clock, { fuse = Infinity, counts = STEPS, study = "model", locks, random = () => 0.5 } = {}) {
            Object.assign(this, { server, clock, fuse, counts, study, locks, random, place: "Europe/Paris" });
        }

        /** Open it in this page itself, which is quicker; such a one cannot be killed. */
        async openHere() {
            this.world = globalThis;
            return this.#start();
        }

        async open() {
            this.frame = document.createElement("iframe");
            document.body.append(this.frame);
            this.world = this.frame.contentWindow;
            for (const [name, methods] of Object.entries(this.counts)) {
                for (const method of methods) {
                    this.#count(this.world[name].prototype, method);
                }
            }
            for (const method of ["delete", "clear"]) {
                this.#watch(method);
            }
            this.prepare?.(this.world);
            return this.#start();
        }

        async #start() {
            const { openPhone } = await this.world.eval("(url) => import(url)")(new URL("phone/index.js", stage.root).href);
            this.phone = await openPhone({
                study: this.study, api: "/model/api/v1", fetch: this.fetch, now: this.clock.now, wait: this.clock.wait, random: this.random,
                zone: () => this.place, ...(this.locks === undefined ? {} : { locks: this.locks }),
            });
            return this;
        }

        #count(kind, method) {
            const original = kind[method];
            const pocket = this;
            const begun = new WeakSet();
            kind[method] = function counted(...given) {
                const transaction = method === "transaction" ? null : this.transaction ?? null;
                if (pocket.counts === STEPS || transaction === null || !begun.has(transaction)) {
                    pocket.step();
                }
                if (transaction !== null) {
                    begun.add(transaction);
                }
                return original.apply(this, given);
            };
        }

        /** Nothing may ever delete an entry. */
        #watch(method) {
            const kind = this.world.IDBObjectStore.prototype;
            const original = kind[method];
            const { problems } = this.server;
            kind[method] = function watched(...given) {
                if (this.name === "entries") {
                    problems.push(`${method} of an entry`);
                }
                return original.apply(this, given);
            };
        }

        step() {
            this.steps += 1;
            if (this.isDead || this.steps === this.fuse) {
                this.kill();
                throw new Error("killed");
            }
        }

        /** The document is gone from one moment to the next: transactions that are open are aborted, locks are free. */
        kill() {
            if (!this.isDead) {
                this.isDead = true;
                this.frame.remove();
                this.tellDeath("killed");
            }
        }

        fetch = async (url, init) => {
            this.step();
            const reply = await this.server.fetch(url, init);
            if (this.isDead) {
                return new Promise(() => {});
            }
            this.step();
            return reply;
        };

        /** Do something with the phone; "killed" when it did not live to see it. */
        async live(story) {
            const told = (async () => {
                try {
                    await this.open();
                    return await story(this.phone, this);
                } catch (failure) {
                    if (this.isDead) {
                        return "killed";
                    }
                    throw failure;
                }
            })();
            return Promise.race([told, this.died]);
        }
    }

    /** A clock and a server that has told `told` changes of the feed; then everything that was left in this browser is gone. */
    async function world(told = 7) {
        await wipe();
        const clock = new Clock();
        const server = new ModelServer(clock);
        for (let n = 0; n < told; n += 1) {
            server.tell("put", "assignment", `a${n % 5}`, { n });
        }
        if (told > 2) {
            server.tell("retire", "assignment", "a1");
        }
        return { clock, server };
    }

    /** A phone of Ada's that has been paired and has synced once. */
    async function paired(server, clock, options = {}) {
        const pocket = await new Pocket(server, clock, options).open();
        await pocket.phone.pair("ADA");
        await pocket.phone.confirmPairing();
        await pocket.phone.sendNow();
        return pocket;
    }

    function promised(request) {
        return new Promise((resolve, reject) => {
            request.onsuccess = () => resolve(request.result);
            request.onerror = () => reject(request.error);
        });
    }

    /** What the database holds: {meta: Map, entries: [], feed: Map, drafts: Map}; lines as text. */
    async function kept(study = "model") {
        if (!(await indexedDB.databases()).some(({ name }) => name === `qol/${study}`)) {
            return { meta: new Map(), entries: [], feed: new Map(), drafts: new Map() };
        }
        const database = await promised(indexedDB.open(`qol/${study}`));
        try {
            const tx = database.transaction(["meta", "entries", "feed", "drafts"]);
            const all = (name) => promised(tx.objectStore(name).getAll());
            const [keys, meta, entries, feed, drafts] = await Promise.all([
                promised(tx.objectStore("meta").getAllKeys()), all("meta"), all("entries"), all("feed"), all("drafts"),
            ]);
            return {
                meta: new Map(keys.map((key, place) => [key, meta[place]])),
                entries: entries.map((entry) => ({ ...entry, line: entry.line && decoder.decode(entry.line) })),
                feed: new Map(feed.map(({ type, id, data }) => [`${type}/${id}`, data])),
                drafts: new Map(drafts.map((draft) => [draft.key, draft])),
            };
        } finally {
            database.close();
        }
    }

    async function wipe(study = "model") {
        localStorage.clear();
        await caches.delete(`qol-keepsake/${study}`);
        await promised(indexedDB.deleteDatabase(`qol/${study}`));
    }

    const same = (one, other) => JSON.stringify(one) === JSON.stringify(other);
    const sorted = (map) => [...map].sort(([one], [other]) => (one < other ? -1 : 1));

    /**
     * What is wrong with what is kept, at any moment: numbers without gap or repeat, digests true, the cursor not ahead of the feed. What
     * a snapshot replaces is still here until nothing more is to come (`sweeping`).
     */
    async function faultsOf(state, server) {
        const found = [];
        const seqs = state.entries.map(({ seq }) => seq);
        if (!same(seqs, seqs.map((_, place) => place + 1)) || (state.meta.get("seq") ?? 0) !== seqs.length) {
            found.push(`numbers ${seqs}, the last is said to be ${state.meta.get("seq")}`);
        }
        if (new Set(state.entries.map(({ id }) => id)).size !== seqs.length) {
            found.push("an id stands twice");
        }
        for (const { id, seq, line, sha256: digest, state: step } of state.entries) {
            if (line === null ? step !== "archived" : digest !== await sha256(encoder.encode(line))) {
                found.push(`entry ${seq} is not what was sealed`);
            }
            if (line !== null && (JSON.parse(line).id !== id || JSON.parse(line).device_seq !== seq)) {
                found.push(`entry ${seq} says another id or number`);
            }
            if (state.drafts.size > 0 && [...state.drafts.values()].some((draft) => draft.entry_id === id)) {
                found.push(`entry ${seq} is a draft too`);
            }
        }
        const { cursor: text, sweeping } = state.meta.get("reading") ?? {};
        const cursor = JSON.parse(text ?? "null");
        if (cursor?.epoch === server.epoch && cursor.history === server.history) {
            const told = server.stateAt(cursor.count);
            const here = sorted(state.feed);
            const isReached = sweeping ? [...told].every(([key, data]) => same(state.feed.get(key), data)) : same(here, sorted(told));
            if (cursor.offset === undefined ? !isReached : told.size > 0 && cursor.offset > state.feed.size) {
                found.push(`cursor ${text} is not what was applied: ${JSON.stringify(here)}`);
            }
        }
        return found;
    }

    /** What is wrong between the phone's entries and the server's, when all is sent: the same ones, once, with the same bytes. */
    async function differences(state, server, before = []) {
        const found = [...server.problems];
        const theirs = new Map();
        for (const { id, line } of server.journal) {
            if (theirs.has(id)) {
                found.push(`${id} was stored twice`);
            }
            theirs.set(id, line);
        }
        const mine = new Map(state.entries.map(({ id, line }) => [id, line]));
        for (const { id, seq, line, sha256: digest, state: step } of state.entries) {
            const there = theirs.get(id);
            if (line === null ? there === undefined || digest !== await sha256(encoder.encode(there)) : there !== line) {
                found.push(`entry ${seq} (${step}) is ${theirs.has(id) ? "another" : "not"} on the server`);
            }
        }
        for (const id of theirs.keys()) {
            if (!mine.has(id)) {
                found.push(`the server has ${id}, the phone does not`);
            }
        }
        for (const { id, line } of before) {
            if (mine.get(id) !== line && mine.get(id) !== null) { // what was archived since is compared with the server's
                found.push(`${id} was sealed before the crash and is ${mine.has(id) ? "another" : "gone"}`);
            }
        }
        return found;
    }

    /** Numbers that look like chance and repeat with their seed (mulberry32). */
    function chance(seed) {
        let state = seed >>> 0;
        return () => {
            state = (state + 0x6D2B79F5) >>> 0;
            let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
            mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
            return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
        };
    }

    /** A draft of the daily dose, as the screens make it. */
    function dose(day, answers, more = {}) {
        return {
            key: `dose@${day}`, assessment: "dose", occurrence: `dose@${day}`, instrument: "dose-diary", version: "5".repeat(64), wording: null,
            language: "fr", protocol: null, opened_at: "2026-03-02T20:00:00+01:00", answers, by: "participant", at: "review", corrects: null,
            reason: null, ...more,
        };
    }

    /** The exact lines that wait, as the site gets them. */
    async function waitingLines(phone) {
        const [, ...lines] = (await (await phone.copyForSite()).text()).trimEnd().split("\n");
        return lines;
    }

    /** What a call is refused with: the trouble's code; "nothing" where it is not. */
    async function troubleOf(call) {
        try {
            await call();
            return "nothing";
        } catch (failure) {
            return failure.code ?? String(failure);
        }
    }

    Object.assign(stage, {
        root: null, Clock, Pocket, kept, wipe, world, paired, faultsOf, differences, chance, dose, same, sorted, troubleOf, waitingLines, EFFECTS, STEPS,
        /** All that is wrong with the phone and the server once everything was sent. */
        async wrongs(server, before = []) {
            const state = await kept();
            return [...await faultsOf(state, server), ...await differences(state, server, before)];
        },
        /** Resolves when something is so; what it waits for has to come by itself. */
        async until(isSo) {
            while (!await isSo()) {
                await new Promise((resolve) => setTimeout(resolve, 1));
            }
        },
    });
})();
