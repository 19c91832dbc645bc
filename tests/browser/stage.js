/**
 * The stage of the phone's tests, run inside the browser: a server that is only a model, a clock that stands until it is moved, and
 * phones that live in frames of their own, so that each can be killed at any step as a browser kills a page.
 */
(() => {
    const BATCH_BYTES = 1_048_576;
    const encoder = new TextEncoder();
    const decoder = new TextDecoder();

    async function sha256(bytes) {
        const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
        return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
    }

    /** A server in this page: what it stored, what it tells, and what meets the next requests. */
    class ModelServer {
        journal = []; // {id, line, participant, also: [{device, seq} of each time it came]}
        epoch = "e_1";
        history = "first"; // part of each head's digest: a journal that was put back and went on has another
        archivedThrough = 0;
        again = 300;
        limits = { entries: 200, bytes: BATCH_BYTES, entry_bytes: 65_536 };
        codes = new Map([["ADA", "01-0001-4"], ["ADA2", "01-0001-4"], ["BEN", "02-0001-7"]]);
        used = new Map(); // code -> {installation, device}
        tokens = new Map(); // token -> {participant, device}
        told = []; // changes of the feed, oldest first
        page = 3; // changes in one answer
        faults = { sync: [], devices: [] };
        always = { sync: null, devices: null };
        requests = []; // {path, envelope, lines}
        flying = 0;
        mostFlying = 0;
        clock;
        problems = []; // what a request did that it must not

        constructor(clock) {
            this.clock = clock;
        }

        /** What a phone calls fetch. Rejects where no answer comes. */
        fetch = async (url, init) => {
            const path = new URL(url, location.href).pathname.split("/").at(-1);
            this.flying += path === "sync" ? 1 : 0;
            this.mostFlying = Math.max(this.mostFlying, this.flying);
            try {
                if (init.redirect !== "error" || init.credentials !== "omit" || init.method !== "POST") {
                    this.problems.push(`${path}: ${init.redirect} ${init.credentials} ${init.method}`);
                }
                const fault = this.faults[path].shift() ?? this.always[path] ?? (async (proceed) => proceed());
                return await fault(() => this.handle(path, init), init);
            } finally {
                this.flying -= path === "sync" ? 1 : 0;
            }
        };

        async handle(path, init) {
            return path === "devices" ? this.pair(JSON.parse(init.body)) : this.sync(init);
        }

        pair({ code, installation_id: installation }) {
            const participant = this.codes.get(code);
            if (participant === undefined) {
                return problem(404, "code-unknown");
            }
            const used = this.used.get(code) ?? { installation, device: crypto.randomUUID() };
            if (used.installation !== installation) {
                return problem(409, "code-used");
            }
            this.used.set(code, used);
            const token = `token-${this.tokens.size}`;
            this.tokens.set(token, { participant, device: used.device });
            return json(201, {
                protocol: "qol-sync/1", device_id: used.device, token, participant, epoch: this.epoch, server_time: this.time(),
                head: this.head(), limits: this.limits, study: { id: "model", title: "Model", languages: ["en", "fr"] },
            });
        }

        async sync(init) {
            const bytes = await unpacked(init);
            const first = bytes.indexOf(10);
            const envelope = JSON.parse(decoder.decode(bytes.slice(0, first)));
            const rest = bytes.slice(first + 1);
            const lines = split(rest);
            const who = this.tokens.get((init.headers.Authorization ?? "").slice("Bearer ".length));
            this.requests.push({ path: "sync", envelope, lines: lines.map((line) => decoder.decode(line)) });
            if (who === undefined) {
                return problem(401, "token-unknown");
            }
            if (envelope.digest !== await sha256(rest) || envelope.entries !== lines.length) {
                this.problems.push("the envelope does not fit the body");
                return problem(400, "truncated", { retryable: true });
            }
            if (lines.length > this.limits.entries || bytes.length > this.limits.bytes) {
                return problem(413, "too-large");
            }
            return json(200, this.answer(envelope, lines, who));
        }

        answer(envelope, lines, { participant, device }) {
            const results = lines.map((line, place) => this.take(decoder.decode(line), place, envelope, participant, device));
            return {
                protocol: "qol-sync/1", batch: envelope.batch, epoch: this.epoch, server_time: this.time(), results,
                device_seq: this.has(device), archived_through: this.archivedThrough, head: this.head(),
                feed: this.feed(envelope.cursor), sync_again_after_s: this.again,
            };
        }

        take(line, place, envelope, participant, device) {
            const { id, device_seq: seq } = JSON.parse(line);
            if (seq !== envelope.seqs[place]) {
                this.problems.push(`line ${place + 2} has number ${seq}, the envelope says ${envelope.seqs[place]}`);
            }
            const at = this.journal.findIndex((entry) => entry.id === id && entry.participant === participant);
            if (at >= 0) {
                if (this.journal[at].line !== line) {
                    this.problems.push(`${id} came with other bytes`);
                }
                this.journal[at].also.push({ device, seq });
                return { line: place + 2, id, status: "duplicate", position: at + 1, digest: "d" };
            }
            this.journal.push({ id, line, participant, also: [{ device, seq }] });
            return { line: place + 2, id, status: "stored", position: this.journal.length, digest: "d" };
        }

        /** Up to which number everything of a device is here, and what is missing beyond. */
        has(device) {
            const here = new Set(this.journal.flatMap(({ also }) => also.filter((one) => one.device === device).map(({ seq }) => seq)));
            let contiguous = 0;
            while (here.has(contiguous + 1)) {
                contiguous += 1;
            }
            const missing = [];
            for (let seq = contiguous + 1; seq < Math.max(0, ...here); seq += 1) {
                if (!here.has(seq)) {
                    missing.push(seq);
                }
            }
            return { contiguous_to: contiguous, missing: missing.slice(0, 200) };
        }

        head() {
            const position = this.journal.length;
            const digest = `${this.history.length}00${position}`.padStart(64, "0");
            return { position, digest, signature: String(position).padStart(128, "0"), key: "k" };
        }

        time() {
            return new Date(this.clock.now()).toISOString();
        }

        /** The server's file is an older copy; `saysSo`: the epoch is another. */
        putBack(position, saysSo) {
            this.journal.length = position;
            this.history += "'";
            this.told.length = Math.min(this.told.length, 2);
            if (saysSo) {
                this.epoch += "'";
            }
        }

        tell(op, type, id, data) {
            this.told.push({ op, type, id, ...(op === "put" ? { data } : {}) });
        }

        /** What a phone holds that was told so many changes: "type/id" -> data. */
        stateAt(count) {
            const state = new Map();
            for (const { op, type, id, data } of this.told.slice(0, count)) {
                state.delete(`${type}/${id}`);
                if (op === "put") {
                    state.set(`${type}/${id}`, data);
                }
            }
            return state;
        }

        feed(text) {
            const cursor = text === null ? null : JSON.parse(text);
            if (cursor === null || cursor.epoch !== this.epoch || cursor.history !== this.history || cursor.count > this.told.length) {
                return this.snapshotPage(this.told.length, 0, true);
            }
            if (cursor.offset !== undefined) {
                return this.snapshotPage(cursor.count, cursor.offset, false);
            }
            const changes = this.told.slice(cursor.count, cursor.count + this.page);
            const count = cursor.count + changes.length;
            return { reset: false, changes, cursor: this.cursor({ count }), more: count < this.told.length };
        }

        snapshotPage(count, offset, reset) {
            const all = [...this.stateAt(count)].map(([key, data]) => {
                const cut = key.indexOf("/");
                return { op: "put", type: key.slice(0, cut), id: key.slice(cut + 1), data };
            });
            const changes = all.slice(offset, offset + this.page);
            const reached = offset + changes.length;
            const isWhole = reached >= all.length;
            const cursor = this.cursor(isWhole ? { count } : { count, offset: reached });
            return { reset, changes, cursor, more: !isWhole || count < this.told.length };
        }

        cursor(reached) {
            return JSON.stringify({ epoch: this.epoch, history: this.history, ...reached });
        }
    }

    async function unpacked(init) {
        if (init.headers["Content-Encoding"] !== "gzip") {
            return new Uint8Array(init.body);
        }
        const stream = new Blob([init.body]).stream().pipeThrough(new DecompressionStream("gzip"));
        return new Uint8Array(await new Response(stream).arrayBuffer());
    }

    function split(bytes) {
        const lines = [];
        let from = 0;
        for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, from)) {
            lines.push(bytes.slice(from, at));
            from = at + 1;
        }
        return from < bytes.length ? [...lines, bytes.slice(from)] : lines;
    }

    function json(status, said, headers = {}) {
        return new Response(JSON.stringify(said), { status, headers: { "Content-Type": "application/json", ...headers } });
    }

    function problem(status, name, more = {}, headers = {}) {
        return json(status, { type: `urn:qol:problem:${name}`, title: name, status, detail: name, retryable: false, ...more }, headers);
    }

    const page = (status) => new Response("<!doctype html><title>Hotel</title>Welcome", { status, headers: { "Content-Type": "text/html" } });
    const nothing = () => Promise.reject(new TypeError("Failed to fetch"));

    /** What may happen to a request; each is called with what asks the server. */
    const faults = {
        nothing,
        lost: async (proceed) => {
            await proceed();
            return nothing();
        },
        html: async () => page(200),
        empty: async () => new Response(null, { status: 204 }),
        serverError: async () => page(500),
        ownError: async () => problem(500, "internal", { retryable: true }),
        full: async () => problem(507, "storage-full", { retryable: true }),
        busy: async () => problem(503, "busy", { retryable: true }, { "Retry-After": "120" }),
        throttled: async () => problem(429, "too-many-tries", { retryable: true }, { "Retry-After": "60" }),
        strangersThrottle: async () => new Response("slow down", { status: 429, headers: { "Retry-After": "9999999" } }),
        portalLogin: async () => page(401),
        portalJson: async () => json(401, { error: "log in" }),
        liar: async () => json(401, { type: "urn:qol:problem:token-unknown", status: 403 }),
        tooLarge: async () => page(413),
        tooOld: async () => problem(426, "app-too-old"),
        badEnvelope: async () => problem(400, "bad-envelope"),
        truncated: async (proceed) => {
            const text = await (await proceed()).text();
            return new Response(text.slice(0, text.length / 2), { status: 200 });
        },
        otherBatch: async (proceed) => changed(proceed, (said) => ({ ...said, batch: crypto.randomUUID() })),
        otherProtocol: async (proceed) => changed(proceed, (said) => ({ ...said, protocol: "qol-sync/9" })),
        created: async (proceed) => json(201, await (await proceed()).json()),
        array: async () => json(200, []),
        retryAll: async (proceed) => changed(proceed, (said) => ({
            ...said, results: said.results.map(({ line, id }) => ({ line, id, status: "retry", problem: {} })),
        })),
        noResults: async (proceed) => changed(proceed, (said) => ({ ...said, results: [] })),
        feedProblem: async (proceed, init) => {
            const { cursor } = JSON.parse(decoder.decode(await unpacked(init)).split("\n")[0]);
            const problemOfFeed = { type: "urn:qol:problem:internal", title: "The server failed", detail: "" };
            return changed(proceed, (said) => ({ ...said, feed: { reset: false, changes: [], cursor, more: false, problem: problemOfFeed } }));
        },
        halfAnAnswer: async (proceed) => changed(proceed, ({ protocol, batch }) => ({ protocol, batch })),
    };

    async function changed(proceed, change) {
        return json(200, change(await (await proceed()).json()));
    }

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
    const EFFECTS = { IDBDatabase: ["transaction"], IDBObjectStore: ["put", "add", "delete", "clear"], SubtleCrypto: ["digest"] };

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

    /** What is wrong with what is kept, at any moment: numbers without gap or repeat, digests true, the cursor not ahead of the feed. */
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
        const cursor = JSON.parse(state.meta.get("reading")?.cursor ?? "null");
        if (cursor?.epoch === server.epoch && cursor.history === server.history) {
            const told = sorted(server.stateAt(cursor.count));
            const here = sorted(state.feed);
            if (cursor.offset === undefined ? !same(here, told) : told.length > 0 && cursor.offset > state.feed.size) {
                found.push(`cursor ${JSON.stringify(cursor)} is not what was applied: ${JSON.stringify(here)}`);
            }
        }
        return found;
    }

    /** What is wrong between the phone's entries and the server's, when all is sent: the same ones, once, with the same bytes. */
    function differences(state, server, before = []) {
        const found = [...server.problems];
        const theirs = new Map();
        for (const { id, line } of server.journal) {
            if (theirs.has(id)) {
                found.push(`${id} was stored twice`);
            }
            theirs.set(id, line);
        }
        const mine = new Map(state.entries.map(({ id, line }) => [id, line]));
        for (const { id, seq, line, state: step } of state.entries) {
            if (line !== null && theirs.get(id) !== line) {
                found.push(`entry ${seq} (${step}) is ${theirs.has(id) ? "another" : "not"} on the server`);
            }
        }
        for (const id of theirs.keys()) {
            if (!mine.has(id)) {
                found.push(`the server has ${id}, the phone does not`);
            }
        }
        for (const { id, line } of before) {
            if (mine.get(id) !== line) {
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

    /** What a call is refused with: the trouble's code; "nothing" where it is not. */
    async function troubleOf(call) {
        try {
            await call();
            return "nothing";
        } catch (failure) {
            return failure.code ?? String(failure);
        }
    }

    globalThis.stage = {
        root: null, ModelServer, Clock, Pocket, faults, problem, json, kept, wipe, world, paired, faultsOf, differences, chance, dose,
        sha256, same, troubleOf, EFFECTS, STEPS,
        /** All that is wrong with the phone and the server once everything was sent. */
        async wrongs(server, before = []) {
            const state = await kept();
            return [...await faultsOf(state, server), ...differences(state, server, before)];
        },
        /** Resolves when something is so; what it waits for has to come by itself. */
        async until(isSo) {
            while (!await isSo()) {
                await new Promise((resolve) => setTimeout(resolve, 1));
            }
        },
    };
})();
