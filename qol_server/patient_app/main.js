/** The only place that wires the app's parts together: the phone's memory, the words, the screen. */

import { h, render } from "./vendor/preact.js";
import { openPhone } from "./phone/index.js";
import { App } from "./view/app.js";
import { speak, spoken } from "./words/index.js";

const CODE = /^#([0-9A-Za-z][0-9A-Za-z -]{8,20})$/;

/** The pairing code of a link like …/app/#7QK4-M2XP-9D, taken out of the address at once. */
function takeCode() {
    const found = CODE.exec(decodeURIComponent(location.hash));
    if (location.hash) {
        history.replaceState(history.state, "", location.pathname);
    }
    return found ? found[1] : null;
}

async function open() {
    const base = new URL(".", location.href);
    const study = base.pathname.split("/").at(-3);
    const code = takeCode();
    const phone = await openPhone({ study, api: new URL("../api/v1/", base).href });
    await speak(language(phone.known));
    dress(phone.known.settings);
    let spokenNow = language(phone.known);
    phone.subscribe(async () => {
        dress(phone.known.settings);
        if (language(phone.known) !== spokenNow) {
            spokenNow = language(phone.known);
            await speak(spokenNow);
            draw();
        }
    });
    const root = document.getElementById("app");
    const draw = () => render(h(App, { phone, code, language: spokenNow }), root);
    draw();
    root.removeAttribute("aria-busy");
    phone.start();
    if (navigator.serviceWorker) {
        const { watchForUpdates } = await import("./updates.js");
        watchForUpdates({ study });
    }
}

function language(known) {
    const wanted = [known.settings.language, known.participation?.language, ...navigator.languages];
    return spoken(wanted.filter(Boolean));
}

/** The participant's own text size; colours follow the phone. */
function dress(settings) {
    document.documentElement.style.fontSize = settings.textSize && settings.textSize !== 100 ? `${settings.textSize}%` : "";
}

open();
