/** A server that is only a model, inside the browser: what it stored, what it tells, and what may happen to a request. */
(() => {
    const BATCH_BYTES = 1_048_576;
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
        issued = 0; // tokens so far
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
            this.issued += 1;
            const token = `token-${this.issued}`;
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

    globalThis.stage = { ModelServer, faults, problem, json, sha256, unpacked };
})();
