/** The PIN: it locks the screen, not the data, so that nothing is lost with it. */

import { Trouble } from "./trouble.js";

/**
 * A few hundred milliseconds on a slow phone. More would only make people wait: whoever can read the database tries all
 * of 10,000 PINs whatever the number, and through the screen it is the waits that stop him.
 */
const ITERATIONS = 200_000;
const FREE_TRIES = 5;
const FIRST_WAIT = 30; // s, doubled with each further wrong try
const LONGEST_WAIT = 900;

async function derive(pin, salt, iterations) {
    const key = await crypto.subtle.importKey("raw", new TextEncoder().encode(pin), "PBKDF2", false, ["deriveBits"]);
    const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
    return new Uint8Array(await crypto.subtle.deriveBits(how, key, 256));
}

/** Set the PIN; null takes it away. */
export async function setPin(phone, pin) {
    if (pin === null) {
        await phone.database.write(["meta"], (tx) => tx.objectStore("meta").delete("pin"));
        return;
    }
    const salt = crypto.getRandomValues(new Uint8Array(16));
    const digest = await derive(pin, salt, ITERATIONS);
    await phone.database.write(["meta"], (tx) => (
        tx.objectStore("meta").put({ salt, digest, iterations: ITERATIONS, wrong: 0, until: 0 }, "pin")));
}

/**
 * Whether this is the PIN; true where none is set. After five wrong tries each further one has to wait, also after a
 * restart.
 *
 * @throws {Trouble} too-many-tries, with `retryAfter` in seconds
 */
export async function tryPin(phone, pin) {
    const id = crypto.randomUUID();
    const kept = await phone.database.write(["meta"], (tx) => countTry(tx, phone.now(), id));
    if (kept === undefined) {
        return true;
    }
    const digest = await derive(pin, kept.salt, kept.iterations);
    const isRight = digest.every((byte, place) => byte === kept.digest[place]);
    if (isRight) {
        await phone.database.write(["meta"], async (tx) => {
            const still = await tx.objectStore("meta").get("pin");
            if (still !== undefined) {
                await tx.objectStore("meta").put({ ...still, wrong: 0, until: 0 }, "pin");
            }
        });
    }
    return isRight;
}

/** A try counts before it is looked at, and once: ending the app in between gains nothing. */
async function countTry(tx, now, id) {
    const kept = await tx.objectStore("meta").get("pin");
    if (kept === undefined || kept.lastTry === id) {
        return kept; // there is none, or this was committed before its connection died
    }
    const left = Math.min((kept.until - now) / 1000, LONGEST_WAIT); // the clock may have been put back
    if (left > 0) {
        throw new Trouble("too-many-tries", { retryAfter: Math.ceil(left) });
    }
    const wrong = kept.wrong + 1;
    const wait = wrong < FREE_TRIES ? 0 : Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (wrong - FREE_TRIES));
    await tx.objectStore("meta").put({ ...kept, wrong, until: wait === 0 ? 0 : now + wait * 1000, lastTry: id }, "pin");
    return kept;
}
