// The worklist renews itself, says what is new, and can be worked through by keyboard; without this it is a page like any other.

import { parsed } from "./desk.js";

const EVERY = 15_000; // ms between two looks at the server
const rows = document.querySelector("#rows");
const news = document.querySelector("#news");
const trouble = document.querySelector("#trouble");
const keys = document.querySelector("#keys");
const use = document.querySelector("#keys-use");
const title = document.title;
const UNUSED = "qol-desk-keys-unused";

const lines = () => [...rows.querySelectorAll("tr[data-case]")];
const latest = () => rows.querySelector("#count")?.dataset.latest ?? "";
let known = latest();

function count() {
    const waiting = Number(rows.querySelector("#count")?.dataset.waiting ?? 0);
    document.title = waiting > 0 ? `(${waiting}) ${title}` : title;
}

/** Put the new rows in place; whoever is at one of them stays there. */
function renew(text) {
    const at = rows.contains(document.activeElement) ? document.activeElement : null;
    const place = at?.closest("tr")?.id;
    const part = at?.tagName.toLowerCase();
    const isFolded = rows.querySelector("#calls")?.open === false;
    rows.replaceChildren(...parsed(text).body.childNodes);
    if (isFolded) {
        rows.querySelector("#calls").open = false;
    }
    if (at) {
        const again = place && document.getElementById(place)?.querySelector(part);
        (again || rows.querySelector("a.open") || document.querySelector("#content")).focus({ preventScroll: true });
    }
    const fresh = lines().filter((line) => line.dataset.since > known); // not what moved up from the next page
    known = latest();
    if (fresh.length > 0) {
        news.textContent = news.dataset.new.replace("{n}", fresh.length).replace("{urgency}", fresh[0].dataset.urgency);
    }
    count();
}

let etag = null;

async function look() {
    if (document.visibilityState === "hidden" && etag === null) {
        return EVERY;
    }
    try {
        const answer = await fetch(rows.dataset.poll, { headers: etag ? { "If-None-Match": etag } : {}, cache: "no-store" });
        if (answer.status === 401 || answer.status === 403) {
            say(trouble.dataset.over);
            return null;
        }
        if (answer.status === 200) {
            renew(await answer.text());
            etag = answer.headers.get("ETag");
        } else if (answer.status !== 304) {
            throw new Error(`answered with ${answer.status}`);
        }
        say(null);
    } catch {
        say(trouble.dataset.stopped);
    }
    return EVERY;
}

function say(text) {
    trouble.hidden = text === null;
    if (text !== null && trouble.textContent !== text) {
        trouble.textContent = text;
        news.textContent = text;
    }
}

async function watch() {
    const wait = await look();
    if (wait !== null) {
        setTimeout(watch, wait);
    }
}

// Keys

function step(by) {
    const listed = lines();
    const now = listed.findIndex((line) => line.contains(document.activeElement));
    const next = listed[Math.min(listed.length - 1, Math.max(0, now < 0 ? 0 : now + by))];
    next?.querySelector("a.open").focus();
}

const ACTS = {
    j: () => step(1),
    k: () => step(-1),
    a: () => document.activeElement.closest("tr[data-case]")?.querySelector("a.open").click(), // it is acknowledged where all of it stands
    "/": () => {
        document.querySelector("#filters").open = true;
        document.querySelector("#filters select").focus();
    },
    "?": () => keys.showModal(),
};

document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea, dialog");
    const act = Object.hasOwn(ACTS, event.key) && ACTS[event.key];
    if (act && use.checked && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        act();
    }
});

use.checked = localStorage.getItem(UNUSED) === null;
use.addEventListener("change", () => (use.checked ? localStorage.removeItem(UNUSED) : localStorage.setItem(UNUSED, "yes")));
document.querySelector("#keys-open").addEventListener("click", () => keys.showModal());
document.querySelectorAll(".scripted").forEach((each) => { each.hidden = false; });
count();
setTimeout(watch, EVERY);
