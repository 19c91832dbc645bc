/** The service worker of a withdrawn app: it takes over at once, forgets the app's files and goes; what patients entered stays. */

const kept = `qol-app ${new URL(self.registration.scope).pathname} `;

self.addEventListener("install", (event) => event.waitUntil(self.skipWaiting()));
self.addEventListener("activate", (event) => event.waitUntil(giveUp()));

async function giveUp() {
    const names = (await caches.keys()).filter((name) => name.startsWith(kept));
    await Promise.all(names.map((name) => caches.delete(name)));
    await self.registration.unregister();
    // A page that registered us anew runs the app as the server has it: loading it again would never end.
    const pages = names.length ? await self.clients.matchAll({ type: "window" }) : [];
    const app = self.registration.scope; // a page's own address may hold a code that was used
    await Promise.all(pages.map((page) => page.navigate(app).catch(() => null)));
}
