/**
 * When the phone flies: at once when there is a reason, later and later while it fails, never two flights at a time.
 */

const BASE = 2; // s
const CAP = 900;
const SOON = 2_000; // ms: somebody else is flying; look again

/** Seconds to wait after so many failures in a row: full jitter, base 2 s, cap 15 min, at least `retryAfter`. */
export function backOff(failures, random, retryAfter = 0) {
    const ceiling = Math.max(retryAfter, Math.min(CAP, BASE * 2 ** Math.min(failures, 20)));
    return retryAfter + random() * (ceiling - retryAfter);
}

/**
 * @param {(forced: boolean) => Promise<{kind: string}>} fly one flight, see flight.js
 * @param {object} phone now, wait, random, online
 * @param {() => void} changed told after each change of `status`
 */
export class Courier {
    #fly;
    #phone;
    #changed;
    #cancel = () => {};
    #flying = null;
    #wanted = null; // a flight asked for while another is under way: {forced}
    #started = false;
    #notBefore = 0;

    /** state: idle, flying, waiting, offline, held or declined; nextTry in ms since 1970. */
    status = { state: "idle", nextTry: null, failures: 0, problem: null };

    constructor(fly, phone, changed) {
        this.#fly = fly;
        this.#phone = phone;
        this.#changed = changed;
    }

    /** From now on flights follow each other by the clock. */
    start() {
        this.#started = true;
        return this.wake();
    }

    stop() {
        this.#started = false;
        this.#cancel();
    }

    /**
     * There is a reason to fly: something was sealed, the network is back, somebody looks. A server's own wish to wait
     * is kept.
     */
    wake() {
        if (!this.#started || this.#phone.now() < this.#notBefore) {
            return Promise.resolve();
        }
        return this.#ask(false);
    }

    /** Fly now, whatever was said before. */
    sendNow() {
        return this.#ask(true);
    }

    /** Another tab landed: no need to ask again so soon. */
    landedElsewhere(again) {
        if (this.#started && this.#flying === null && this.status.state !== "held") {
            this.#set({ state: "idle", failures: 0, problem: null });
            this.#later(again * 1000);
        }
    }

    #ask(forced) {
        if (this.#flying !== null) {
            this.#wanted = { forced: forced || this.#wanted?.forced === true };
            return this.#flying;
        }
        this.#wanted = { forced };
        this.#flying = this.#rounds();
        return this.#flying;
    }

    async #rounds() {
        while (this.#wanted !== null) {
            const { forced } = this.#wanted;
            this.#wanted = null;
            this.#cancel();
            this.#set({ state: "flying", nextTry: null });
            while (this.#heed(await this.#once(forced))) {
                // there is more to send or to be told
            }
        }
        this.#flying = null; // in the same step as the look at what is wanted
    }

    async #once(forced) {
        try {
            return await this.#fly(forced);
        } catch (failure) {
            return { kind: "unreachable", retryAfter: 0, problem: { title: failure.code ?? failure.name } };
        }
    }

    /** What an outcome leads to; true to fly on at once. */
    #heed(outcome) {
        const { kind } = outcome;
        if (kind === "halved") {
            return true;
        }
        if (kind === "landed") {
            this.#notBefore = 0;
            const isMore = outcome.more || outcome.unsent > 0;
            if (isMore && outcome.moved) {
                return true;
            }
            if (!isMore) {
                this.#set({ state: "idle", failures: 0, problem: null });
                this.#later(outcome.again * 1000);
                return false;
            }
        }
        if (kind === "busy") {
            this.#set({ state: "waiting" });
            this.#later(SOON * (1 + this.#phone.random()));
        } else if (kind === "grounded" || kind === "held") {
            this.#set({ state: kind === "held" ? "held" : "idle", problem: outcome.problem ?? null });
        } else {
            const retryAfter = outcome.retryAfter ?? 0;
            const wait = backOff(this.status.failures, this.#phone.random, retryAfter) * 1000;
            this.#notBefore = retryAfter > 0 ? this.#phone.now() + retryAfter * 1000 : 0;
            const state = kind === "declined" ? "declined" : this.#phone.online() ? "waiting" : "offline";
            this.#set({ state, failures: this.status.failures + 1, problem: outcome.problem ?? null });
            this.#later(wait);
        }
        return false;
    }

    #later(ms) {
        this.#cancel();
        if (!this.#started) {
            return;
        }
        this.#set({ nextTry: this.#phone.now() + ms });
        this.#cancel = this.#phone.wait(ms, () => this.#ask(false));
    }

    #set(change) {
        this.status = { ...this.status, ...change };
        this.#changed();
    }
}
