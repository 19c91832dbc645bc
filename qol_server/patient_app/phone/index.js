/** The phone: what it keeps, what it sends, and what it knows; the screens see nothing but this. */

import { deviceZone, localMoment } from "./clock.js";
import { Courier } from "./courier.js";
import { openDatabase } from "./database.js";
import { Drafts } from "./drafts.js";
import * as keepsake from "./keepsake.js";
import { emptyMemory, everything, refresh, snapshot, unsent } from "./known.js";
import { copyOf, seal } from "./outbox.js";
import { Trouble } from "./trouble.js";
import { makeTurns } from "./turns.js";

export { Trouble } from "./trouble.js";

export const APP = "1.0.0";

const ALL = Object.freeze({ meta: true, drafts: true, feed: true, entries: true });
const LONGEST_WAIT = 2 ** 31 - 1; // ms: browsers take a longer one for none at all

// what the first screen does not need, and a service worker never
const pairing = () => import("./pairing.js");
const lock = () => import("./lock.js");

const SYSTEM = {
    fetch: (...request) => globalThis.fetch(...request),
    now: () => Date.now(),
    zone: deviceZone,
    random: () => Math.random(),
    wait: (ms, then) => {
        const timer = setTimeout(then, Math.min(ms, LONGEST_WAIT));
        return () => clearTimeout(timer);
    },
    flights: () => import("./flight.js"), // after the first screen
};

/**
 * Open what this phone keeps of a study.
 *
 * @param {{study: string, api: string, fetch?: Function, now?: () => number, zone?: () => string, locks?: LockManager |
 *     null, random?: () => number, wait?: (ms: number, then: Function) => Function, flights?: () => Promise<object>}}
 *     given api: the address before /sync and /devices; now in ms since 1970; locks null where there are none; wait
 *     gives what cancels it; flights brings flight.js, for a service worker may import nothing by a call
 */
export async function openPhone({ study, api, locks = globalThis.navigator?.locks, ...given }) {
    const database = openDatabase(study);
    const phone = new Phone({ ...SYSTEM, ...given, study, api: String(api).replace(/\/$/, "") }, database, locks);
    await phone.open();
    return phone;
}

class Phone {
    #means;
    #courier;
    #drafts;
    #memory = emptyMemory();
    #known = null;
    #listeners = new Set();
    #channel;
    #troubles = new Set();
    #refreshing = Promise.resolve();
    #marked = null;
    #stops = [];

    constructor(system, database, locks) {
        this.#means = {
            ...system, database, app: APP, turns: makeTurns(locks, database, system),
            moment: localMoment, online: () => globalThis.navigator?.onLine !== false,
            changed: (what) => this.#changed(what).catch(() => {}),
            trouble: (code, isSo) => this.#trouble(code, isSo),
        };
        this.#courier = new Courier(async (forced) => (await this.#means.flights()).fly(this.#means, forced), this.#means, () => this.#show({}));
        this.#drafts = new Drafts(this.#means, () => this.#show({ drafts: true }));
        this.#channel = new BroadcastChannel(`qol/${system.study}`);
        this.#channel.onmessage = ({ data }) => void this.#heard(data).catch(() => {}); // seen with the next change
    }

    async open() {
        await this.#refresh(ALL);
        if (!this.#memory.meta.has("identity") && !this.#memory.meta.has("lost")) {
            const mark = await keepsake.find(this.#means.study);
            if (mark !== null) {
                await this.#write((tx) => tx.objectStore("meta").put(mark, "lost"));
            }
        }
    }

    /** Known: a frozen snapshot. */
    get known() {
        return this.#known;
    }

    /** The phone's clock, as a Date. */
    now() {
        return new Date(this.#means.now());
    }

    /** The IANA name of the zone in which the phone is. */
    zone() {
        return this.#means.zone();
    }

    /** Now, as the wall shows it, with its offset: "2026-11-22T08:00:00+01:00". */
    moment() {
        return this.#means.moment(this.#means.now(), this.zone());
    }

    /** Call `listener` after each change; returns what stops it. */
    subscribe(listener) {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
    }

    /** Begin to sync, and go on: at each reason and by the clock. Resolves when the first flight is over. */
    async start() {
        const wake = () => this.wake();
        // a page that slept heard nothing of what other windows did
        const look = () => this.#refresh(ALL).then(wake, wake);
        const seen = () => globalThis.document?.visibilityState === "visible" && look();
        for (const [target, name, react] of [
            [globalThis, "online", wake], [globalThis, "pageshow", look],
            [globalThis.document, "visibilitychange", seen],
        ]) {
            target?.addEventListener(name, react);
            this.#stops.push(() => target?.removeEventListener(name, react));
        }
        await this.#afterPairing();
        await this.#checkPersistence();
        await (await this.#means.flights()).recover(this.#means);
        await this.#changed({ entries: this.#queue() });
        await this.#courier.start();
    }

    /** A reason to fly, and to write what could not be written. */
    wake() {
        this.#drafts.again();
        return this.#courier.wake();
    }

    /** Let go of timers, listeners and the connection. */
    async close() {
        this.#courier.stop();
        this.#stops.forEach((stop) => stop());
        this.#channel.close();
        await this.#means.database.close();
    }

    // pairing

    /** Ask the server with a code; returns the participant number, which is kept as unconfirmed. Throws Trouble. */
    async pair(code) {
        const participant = await (await pairing()).pair(this.#means, code);
        await this.#changed({ meta: true });
        return participant;
    }

    /** The number is the right one: the phone is paired and flies. */
    async confirmPairing() {
        if (await (await pairing()).confirm(this.#means)) {
            await this.#changed({ meta: true, feed: true, entries: true });
            await this.#afterPairing();
            await this.#checkPersistence();
            void this.wake();
        }
    }

    async refusePairing() {
        await (await pairing()).refuse(this.#means);
        await this.#changed({ meta: true });
    }

    /** After the storage was lost the server is told, once. */
    async #afterPairing() {
        const id = crypto.randomUUID();
        const record = await seal(this.#means, async (tx) => {
            const lost = await tx.objectStore("meta").get("lost");
            if (lost === undefined || await tx.objectStore("meta").get("identity") === undefined) {
                return { sealed: null };
            }
            const fields = { what: "storage-lost", about: `${lost.waiting} waiting, since ${lost.since}` };
            return { ...(await this.#sender(tx)), id, kind: "app.noted", fields, draft: null };
        }, (tx) => tx.objectStore("meta").delete("lost"));
        if (record !== null) {
            await this.#sealed(record, { meta: true });
        }
        this.#leaveMark();
    }

    // drafts and entries

    /**
     * Keep a draft, on every tap; returns it as kept. Throws storage-full: then it is in memory only, and tried again.
     */
    async keepDraft(draft) {
        try {
            return await this.#drafts.keep(draft);
        } finally {
            await this.#means.changed({ drafts: true }); // also where it was refused: this window may have missed why
        }
    }

    async dropDraft(key) {
        await this.#drafts.drop(key);
        await this.#changed({ drafts: true });
    }

    /**
     * Seal a draft as an answer: entry and the draft's end in one transaction. Returns the EntryInfo; a second tap gets
     * the same. Throws already-given: the occurrence was answered on this phone.
     */
    async give(key) {
        const record = await this.#drafts.give(key, (tx) => this.#sender(tx));
        await this.#sealed(record, { drafts: true });
        return this.#memory.infos.get(record.seq);
    }

    /** The app noticed something: a reminder shown, a message read. */
    note(what, about = null, noted_at = null) {
        return this.#seal("app.noted", { what, about, ...(noted_at === null ? {} : { noted_at }) });
    }

    /** pause, stop or call-me. */
    ask(what, note = null) {
        return this.#seal("help.asked", { what, note });
    }

    /** A choice that the server follows too: {language?, reminder_hour?}. */
    prefer(choice) {
        return this.#seal("preference.set", choice, (tx) => addSettings(tx, choice));
    }

    async #seal(kind, fields, alongside) {
        const id = crypto.randomUUID();
        const compose = async (tx) => ({ ...(await this.#sender(tx)), id, kind, fields, draft: null });
        const record = await seal(this.#means, compose, alongside);
        await this.#sealed(record, { meta: alongside !== undefined });
        return this.#memory.infos.get(record.seq);
    }

    async #sender(tx) {
        const identity = await tx.objectStore("meta").get("identity");
        if (identity === undefined) {
            throw new Trouble("unexpected", { cause: new Error("this phone is not paired") });
        }
        return { participant: identity.participant, limit: identity.limits.entry_bytes };
    }

    async #sealed(record, what) {
        this.#trouble("storage-full", false);
        await this.#changed({ ...what, entries: [record.seq] });
        void this.wake();
    }

    // sending

    /** A flight at once, whatever the back-off says; resolves when it is over. */
    async sendNow() {
        await this.#courier.sendNow();
        return this.#known.sync;
    }

    /** What waits, as a file that the site can hand in. */
    copyForSite() {
        const { participant, device_id: device } = this.#memory.meta.get("identity");
        const { study, app, now, zone, moment } = this.#means;
        return copyOf(unsent(this.#memory), { study, participant, device, app, saved_at: moment(now(), zone()) });
    }

    /** All that is kept here, but for the keys to the server. */
    copyOfEverything() {
        return new Blob([JSON.stringify(everything(this.#known, this.#memory), null, 2)], { type: "application/json" });
    }

    // this phone only

    /** Settings of this phone: {textSize?, language?, …}. */
    async set(choice) {
        await this.#write((tx) => addSettings(tx, choice));
        if ("language" in choice) {
            void this.wake(); // the texts come in that language
        }
    }

    async setPin(pin) {
        await (await lock()).setPin(this.#means, pin);
        await this.#changed({ meta: true });
    }

    /** Throws too-many-tries with retryAfter. */
    async tryPin(pin) {
        return (await lock()).tryPin(this.#means, pin);
    }

    async askPersistence() {
        const isKept = await keepsake.askPersistence();
        await this.#checkPersistence();
        return isKept;
    }

    async #checkPersistence() {
        this.#trouble("not-persistent", this.#memory.meta.has("identity") && (await keepsake.isPersistent()) === false);
    }

    #write(work) {
        return this.#means.database.write(["meta"], work).then(() => this.#changed({ meta: true }));
    }

    #queue() {
        return unsent(this.#memory).map(({ seq }) => seq);
    }

    #leaveMark() {
        const { meta } = this.#memory;
        const waiting = this.#queue().length;
        if (meta.has("identity") && !meta.has("lost") && this.#marked !== waiting) {
            this.#marked = waiting;
            void keepsake.leave(this.#means.study, { since: this.moment(), waiting });
        }
    }

    // what is known

    /** Something in the database changed by this page. */
    async #changed(what) {
        await this.#refresh(what);
        this.#channel.postMessage(what);
        this.#leaveMark();
    }

    /** Something in the database changed by another tab. */
    async #heard(what) {
        const before = this.#memory.meta.get("sync")?.lastSuccess;
        await this.#refresh(what);
        if (what.drafts) {
            this.#drafts.again(); // what this window could not write may be overtaken
        }
        const sync = this.#memory.meta.get("sync");
        if (sync !== undefined && sync.lastSuccess !== before) {
            this.#courier.landedElsewhere(sync.again);
        }
    }

    #refresh(what) {
        const turn = this.#refreshing.then(async () => {
            await refresh(this.#means.database, this.#memory, what);
            this.#show(what);
        });
        this.#refreshing = turn.catch(() => {});
        return turn;
    }

    #trouble(code, isSo) {
        if (this.#troubles.has(code) !== isSo) {
            this.#troubles[isSo ? "add" : "delete"](code);
            this.#show({});
        }
    }

    #show(what) {
        const { moment, zone } = this.#means;
        this.#known = snapshot(this.#memory, this.#known, what, {
            unsaved: this.#drafts.unsaved, flying: this.#courier.status, troubles: [...this.#troubles],
            moment: (ms) => moment(ms, zone()),
        });
        for (const listener of [...this.#listeners]) {
            try {
                listener();
            } catch (failure) {
                reportError(failure); // a screen that stumbles must not keep the phone from sending
            }
        }
    }
}

async function addSettings(tx, choice) {
    const store = tx.objectStore("meta");
    await store.put({ ...(await store.get("settings")), ...choice }, "settings");
}
