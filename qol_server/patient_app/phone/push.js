/** Web push on this phone: subscribed at the browser's push service, told to the server beside the outbox, and kept up. */

import { openDatabase } from "./database.js";

const TOLD_FOR = 86_400_000; // ms; after that the server is told again: it may have been restored without it
const TIME_LIMIT = 30_000; // ms
const PROBLEMS = "urn:qol:problem:";
const NEVER = { wanted: false, told: null, device: null, at: 0 };

/**
 * Whether reminders come to this phone: "unsupported", "denied" (the browser was told to allow none), "off", "on", or "lost"
 * (wanted, but the server cannot reach this phone just now; it is tried again by itself).
 */
export async function state(phone, registration) {
    if (!isPossible(registration)) {
        return "unsupported";
    }
    if (Notification.permission === "denied") {
        return "denied";
    }
    const { push } = await kept(phone);
    if (!push.wanted) {
        return "off";
    }
    const subscription = await registration.pushManager.getSubscription();
    return Notification.permission === "granted" && subscription !== null && subscription.endpoint === push.told ? "on" : "lost";
}

/** Turn reminders on, from a tap: the browser may ask its owner. Resolves to the state. */
export async function subscribe(phone, registration) {
    if (isPossible(registration) && (await Notification.requestPermission()) === "granted") {
        await remember(phone, { wanted: true, at: 0 });
        await keepUp(phone, registration);
    }
    return state(phone, registration);
}

/** Turn reminders off. Resolves to the state; the server is told when it can be. */
export async function unsubscribe(phone, registration) {
    if (isPossible(registration)) {
        await remember(phone, { wanted: false });
        await (await registration.pushManager.getSubscription())?.unsubscribe();
        await keepUp(phone, registration);
    }
    return state(phone, registration);
}

/**
 * Bring the subscription in order: at each start of the app, and when the browser changed it. Subscribes anew when the server has
 * another key or the browser gave the subscription up; tells the server what it does not know yet, and again once a day.
 */
export function keepUp(phone, registration) {
    if (!isPossible(registration) || !phone.known.identity?.confirmed) {
        return Promise.resolve();
    }
    const work = () => putInOrder(phone, registration);
    return navigator.locks ? navigator.locks.request(`qol-push/${studyOf(phone)}`, work) : work();
}

async function putInOrder(phone, registration) {
    const { identity, push } = await kept(phone);
    if (!push.wanted) {
        if (push.told !== null && (await ask(registration, identity, "DELETE"))?.status === 204) {
            await remember(phone, NEVER);
        }
        return;
    }
    const now = phone.now().getTime();
    let subscription = await registration.pushManager.getSubscription();
    const isTold = subscription !== null && subscription.endpoint === push.told && push.device === identity.device_id;
    if (Notification.permission !== "granted" || (isTold && push.at <= now && now - push.at < TOLD_FOR)) {
        return;
    }
    const key = (await ask(registration, identity, "GET"))?.said.key;
    if (typeof key !== "string") {
        return;
    }
    const before = subscription?.options?.applicationServerKey;
    if (before && encoded(before) !== key) {
        await subscription.unsubscribe();
        subscription = null;
    }
    const asked = { userVisibleOnly: true, applicationServerKey: decoded(key) };
    subscription ??= await registration.pushManager.subscribe(asked).catch(() => null); // no push service to be had: another time
    if (subscription === null) {
        return;
    }
    const { endpoint, keys } = subscription.toJSON();
    const answer = await ask(registration, identity, "PUT", { endpoint, keys });
    if (answer?.status === 204) {
        await remember(phone, { wanted: true, told: endpoint, device: identity.device_id, at: now });
    } else if (isRefused(answer)) { // such as after the end of the participation
        await subscription.unsubscribe();
        await remember(phone, NEVER);
    }
}

/** A decision of the server itself; that the token is unknown is one that the next pairing changes. */
function isRefused(answer) {
    const { status, said } = answer ?? { status: 0, said: {} };
    return status !== 401 && status < 500 && !said.retryable && said.status === status && String(said.type ?? "").startsWith(PROBLEMS);
}

function isPossible(registration) {
    return Boolean(registration?.pushManager) && "Notification" in globalThis;
}

async function ask(registration, identity, method, body = null) {
    try {
        const reply = await fetch(new URL("../api/v1/push", registration.scope), {
            method, signal: AbortSignal.timeout(TIME_LIMIT), credentials: "omit", redirect: "error", cache: "no-store",
            referrerPolicy: "no-referrer", body: body && JSON.stringify(body),
            headers: { Authorization: `Bearer ${identity.token}`, ...(body ? { "Content-Type": "application/json" } : {}) },
        });
        const said = await reply.json().catch(() => ({}));
        return { status: reply.status, said: said ?? {} };
    } catch {
        return null;
    }
}

// What is remembered of it: {wanted, told (the address that the server was told), device, at (when, in ms)}

const studyOf = (phone) => phone.known.identity?.study.id;

async function using(phone, work) {
    const database = openDatabase(studyOf(phone));
    try {
        return await work(database);
    } finally {
        await database.close();
    }
}

function kept(phone) {
    if (studyOf(phone) === undefined) {
        return { identity: undefined, push: NEVER };
    }
    return using(phone, (database) => database.read(["meta"], async (tx) => {
        const [identity, push] = await Promise.all(["identity", "push"].map((key) => tx.objectStore("meta").get(key)));
        return { identity, push: { ...NEVER, ...push } };
    }));
}

function remember(phone, change) {
    return using(phone, (database) => database.write(["meta"], async (tx) => {
        const meta = tx.objectStore("meta");
        await meta.put({ ...NEVER, ...(await meta.get("push")), ...change }, "push");
    }));
}

function encoded(buffer) {
    return btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function decoded(text) {
    return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
}
