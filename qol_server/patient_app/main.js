/**
 * The only place that wires the app's parts together: the phone's memory, the words, the screen. It imports them by calls,
 * so that what the phone keeps is read while the screens are still being made ready.
 */

import { speak, spoken } from "./words/index.js";

const CODE = /^#([0-9A-Za-z][0-9A-Za-z -]{8,20})$/;

/** The pairing code of a link like …/app/#7QK4-M2XP-9D, taken out of the address at once. */
function takeCode() {
    const found = CODE.exec(location.hash.replaceAll("%20", " "));
    if (location.hash) {
        history.replaceState(history.state, "", location.pathname);
    }
    return found ? found[1] : null;
}

async function open() {
    const base = new URL(".", location.href);
    const study = base.pathname.split("/").at(-3);
    const code = takeCode();
    const words = speak(spoken(navigator.languages));
    const opening = import("./phone/index.js").then(({ openPhone }) => openPhone({ study, api: new URL("../api/v1/", base).href }));
    const screens = import("./view/app.js");
    let spokenNow;
    const draw = async (phone) => {
        const { prepare, show } = await screens;
        await prepare(phone);
        dress(phone.known.settings);
        show(document.getElementById("app"), { phone, code, language: spokenNow });
    };
    if (await isFirstVisit(study)) {
        await words;
        await draw(onFirstVisit(opening));
    } else {
        import("./view/today.js").catch(() => {}); // what nearly every opening shows is made ready while the memory is read
    }
    const phone = await opening;
    spokenNow = language(phone.known);
    await Promise.all([words, speak(spokenNow)]);
    phone.subscribe(async () => {
        dress(phone.known.settings);
        if (language(phone.known) !== spokenNow) {
            spokenNow = language(phone.known);
            await speak(spokenNow);
            await draw(phone);
        }
    });
    await draw(phone);
    await painted(); // the first screen is there before anything is sent
    phone.start();
    if (navigator.serviceWorker) {
        const { watchForUpdates } = await import("./updates.js");
        watchForUpdates({ study, isBusy: isElsewhere });
        const [{ keepUp }, { sendWhenOnline }] = await Promise.all([import("./phone/push.js"), import("./phone/background.js")]);
        const registration = await navigator.serviceWorker.ready;
        sendWhenOnline(phone, registration);
        await keepUp(phone, registration);
    }
}

/** Resolves when the next frame is on the screen; at once where nobody looks. */
function painted() {
    const frame = new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    return Promise.race([frame, new Promise((resolve) => setTimeout(resolve, document.visibilityState === "visible" ? 200 : 0))]);
}

/** Whether another screen than the first stands there, seen or not: a text that is being typed must not go with the page. */
function isElsewhere() {
    return (history.state?.route?.name ?? "today") !== "today";
}

/** Whether nothing was ever kept here; a browser that does not say is taken to have kept something. */
async function isFirstVisit(study) {
    const kept = await indexedDB.databases?.().catch(() => null);
    return Boolean(kept) && !kept.some(({ name }) => name === `qol/${study}`);
}

/** Stands for the phone on a first visit: the first screen is there before what it will need next has come. */
function onFirstVisit(opening) {
    return {
        known: { identity: null, participation: null, study: null, drafts: {}, notices: [], settings: {} },
        subscribe: () => () => {},
        now: () => new Date(),
        pair: async (code) => (await opening).pair(code),
        set: async (choice) => (await opening).set(choice),
    };
}

function language(known) {
    const wanted = [known.settings.language, known.participation?.language, ...navigator.languages];
    return spoken(wanted.filter(Boolean));
}

/** The participant's own text size; colours follow the phone. */
function dress(settings) {
    document.documentElement.style.fontSize = settings.textSize && settings.textSize !== 100 ? `${settings.textSize}%` : "";
}

/** The phone's memory could not be opened: no storage in this browser, or a newer release in another window. */
async function tell(failure) {
    console.error(failure);
    await speak(spoken(navigator.languages));
    const { showBroken } = await import("./view/app.js");
    showBroken(document.getElementById("app"), failure.code);
}

open().catch(tell);
