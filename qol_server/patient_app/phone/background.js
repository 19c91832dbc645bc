/** What could not be sent is sent by the browser once the network is back, also when the app was closed meanwhile. */

/** The name by which the browser wakes the service worker for it. */
export const OUTBOX = "qol-outbox";

/**
 * Ask the browser for it each time that entries begin to wait for the network; a server that answered said itself when to come
 * again. Some browsers cannot; then the next start sends.
 */
export function sendWhenOnline(phone, registration) {
    let isAsked = false;
    return phone.subscribe(() => {
        const { unsent, state, problem } = phone.known.sync;
        const waits = unsent > 0 && problem === null && (state === "offline" || state === "waiting");
        if (waits && !isAsked) {
            registration.sync?.register(OUTBOX).catch(() => {});
        }
        isAsked = waits || (isAsked && unsent > 0);
    });
}
