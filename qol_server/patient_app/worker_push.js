/** Reminders in the service worker: shows that something is to be filled in, never what, and notes what became of it. */

import { OUTBOX } from "./phone/background.js";
import { deviceZone, localMoment } from "./phone/clock.js";
import * as flight from "./phone/flight.js";
import { openPhone } from "./phone/index.js";
import { keepUp } from "./phone/push.js";
import { notification } from "./words/notification.js";

const scope = new URL(self.registration.scope);
const study = scope.pathname.split("/").at(-3);
const PATIENCE = 2_000; // ms: a message that is not shown soon is shown by the browser in its own words
const ID = /^[0-9a-f-]{36}$/;
const OCCURRENCE = /^[a-z][a-z0-9-]{0,63}@[A-Za-z0-9#_.:-]{1,64}$/;

self.addEventListener("push", (event) => event.waitUntil(remind(told(event.data))));
self.addEventListener("notificationclick", (event) => event.waitUntil(follow(event.notification)));
self.addEventListener("notificationclose", (event) => event.waitUntil(withPhone(note("reminder-dismissed", event.notification.data?.id))));
self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(withPhone((phone) => keepUp(phone, self.registration))));
self.addEventListener("sync", (event) => {
    if (event.tag === OUTBOX) {
        event.waitUntil(withPhone((phone) => phone.sendNow()));
    }
});

/** What a message says: {id, language, open}, each null where it is not of its form. Whatever else it holds is not looked at. */
function told(data) {
    let said = {};
    try {
        said = data?.json() ?? {};
    } catch {
        // not ours, or damaged: shown as a reminder of nothing in particular
    }
    const text = (value, form) => (typeof value === "string" && form.test(value) ? value : null);
    return { id: text(said.id, ID), language: text(said.language, /^[A-Za-z-]{2,20}$/), open: text(said.open, OCCURRENCE) };
}

/** Shown first and noted then: a phone whose storage fails reminds all the same. */
async function remind({ id, language, open }) {
    const noting = note("reminder-shown", id); // what is noted is this moment, however long the rest takes
    const opening = opened();
    const phone = await Promise.race([opening, new Promise((resolve) => setTimeout(resolve, PATIENCE, null))]);
    const wanted = [phone?.known.settings.language, phone?.known.participation?.language, language, ...navigator.languages];
    const { lang, title, body } = notification(wanted.filter(Boolean));
    await self.registration.showNotification(title, {
        lang, body, tag: id ?? "reminder", data: { id, open }, icon: new URL("icons/icon-192.png", scope).href,
    });
    await withPhone(noting, opening);
}

/** A tap leads to what is due: the page that is open, or a new one, finds it in the settings of this phone. */
async function follow(shown) {
    shown.close();
    const { id, open } = shown.data ?? {};
    const noting = note("reminder-opened", id);
    const opening = opened();
    await Promise.race([
        opening.then((phone) => phone?.set({ remindedOf: open ?? null })).catch(() => null),
        new Promise((resolve) => setTimeout(resolve, PATIENCE)),
    ]);
    const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    const page = pages.find((one) => one.url.startsWith(scope.href));
    await (page ? page.focus() : self.clients.openWindow(scope.href)).catch(() => null);
    await withPhone(noting, opening);
}

/** What notes it with this moment, and sends it. */
function note(what, id) {
    const noted_at = localMoment(Date.now(), deviceZone());
    return async (phone) => {
        if (id && phone.known.identity?.confirmed) {
            await phone.note(what, id, noted_at);
            await phone.sendNow();
        }
    };
}

function opened() {
    return openPhone({ study, api: new URL("../api/v1/", scope).href, flights: async () => flight }).catch(() => null);
}

/** Work with the phone's memory and let go of it; without one nothing is done, and nothing here may fail an event. */
async function withPhone(work, opening = opened()) {
    const phone = await opening;
    try {
        await (phone && work(phone));
    } catch {
        // a reminder that cannot be noted was shown all the same
    } finally {
        await phone?.close();
    }
}
