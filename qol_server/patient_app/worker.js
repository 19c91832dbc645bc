/** The service worker of one release: keeps the whole release on the phone, and opens the app from it without a network. */

import "./worker_push.js";

const here = new URL(".", import.meta.url);
const scope = new URL(self.registration.scope);
const ours = `qol-app ${scope.pathname} `;
const keptHere = ours + here.pathname.split("/").at(-2);
const NOT_NEEDED = /^icons\/|\.txt$/; // for installing the app, and to be read
const LANES = 3; // files fetched at a time; the page needs the other connections

self.addEventListener("install", (event) => {
    event.waitUntil(keepRelease());
    event.addRoutes?.([
        { condition: { urlPattern: { pathname: new URL("../api/*", scope).pathname } }, source: "network" },
        { condition: { requestMode: "navigate", urlPattern: { pathname: scope.pathname } }, source: { cacheName: keptHere } },
        { condition: { urlPattern: { pathname: `${here.pathname}*` } }, source: { cacheName: keptHere } },
    ]); // the browser then opens the app, and syncs, without waking this worker
});
self.addEventListener("activate", (event) => event.waitUntil(tidyUp()));
self.addEventListener("fetch", (event) => {
    const { request } = event;
    const url = new URL(request.url);
    if (request.method !== "GET" || url.origin !== scope.origin || !url.pathname.startsWith(scope.pathname)) {
        return; // what is synced is none of our business
    }
    if (request.mode === "navigate" && url.pathname === scope.pathname) {
        event.respondWith(keptOrFetched(scope.href, request));
    } else if (url.pathname.startsWith(`${scope.pathname}v/`)) {
        event.respondWith(keptOrFetched(request.url, request));
    }
});
self.addEventListener("message", (event) => {
    if (event.data?.do === "take-over") {
        event.waitUntil(self.skipWaiting());
    }
});

/** Keeps every file of the release, or fails and leaves no trace: half a release would be a broken app. */
async function keepRelease() {
    const listing = await (await whole(new URL("release.json", here))).json();
    const cache = await caches.open(keptHere);
    const waiting = Object.entries(listing.files).filter(([name]) => !NOT_NEEDED.test(name));
    const lane = async () => {
        for (let next = waiting.pop(); next; next = waiting.pop()) {
            await keep(cache, ...next);
        }
    };
    try {
        await Promise.all(Array.from({ length: LANES }, lane));
        await cache.put(scope.href, await cache.match(new URL("index.html", here)));
    } catch (trouble) {
        waiting.length = 0;
        await caches.delete(keptHere);
        throw trouble;
    }
}

/** Keeps one file, if it came with the very bytes that the release names: a hotel's log-in page answers anything. */
async function keep(cache, name, sha256) {
    const url = new URL(name, here);
    const answer = await whole(url);
    const digest = await crypto.subtle.digest("SHA-256", await answer.clone().arrayBuffer());
    const found = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
    if (found !== sha256) {
        throw new Error(`${name} came with other bytes`);
    }
    const { vary, ...headers } = Object.fromEntries(answer.headers); // kept as it is for whoever asks
    await cache.put(url.href, new Response(answer.body, { headers }));
}

async function whole(url) {
    const answer = await fetch(url, { credentials: "same-origin" });
    if (!answer.ok || answer.redirected) {
        throw new Error(`${url.pathname} was answered with ${answer.status}`);
    }
    return answer;
}

/** Of the earlier releases the last one stays, for pages that still run it. What patients entered is not kept in caches. */
async function tidyUp() {
    const earlier = (await caches.keys()).filter((name) => name.startsWith(ours) && name !== keptHere);
    await Promise.all(earlier.slice(0, -1).map((name) => caches.delete(name)));
    await self.clients.claim(); // the page that brought us gets its later screens from here too
}

async function keptOrFetched(url, request) {
    const own = await caches.open(keptHere);
    return (await own.match(url)) ?? (await caches.match(url)) ?? fetch(request);
}
