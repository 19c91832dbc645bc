/** How the sending goes, in whole sentences: what was reached when, what hinders it, and when it is tried again. */

import { titleOf } from "./wording.js";
import { day, dayAndHour, hour, t } from "../words/index.js";

const BUSY = new Set(["busy", "internal", "storage-full", "too-many-tries"]);

/** The name of a problem that the server explained, or of what failed on this phone; null where nobody said. */
function nameOf(problem) {
    const said = problem?.type ?? problem?.title;
    return typeof said === "string" ? said.split(":").at(-1) : null;
}

/** What stands in the way of sending, as the last part of a key `sending.…`; "all_sent" or "soon" where nothing does. */
export function syncState({ sync }) {
    const name = nameOf(sync.problem);
    if (sync.state === "held" || sync.state === "flying" || sync.state === "offline") {
        return sync.state;
    }
    if (name === "app-too-old" || name === "device-replaced") {
        return name.replaceAll("-", "_");
    }
    if (sync.state === "declined") {
        return "declined";
    }
    if (sync.state === "waiting") {
        if (sync.problem?.type === undefined && name === "storage-full") {
            return "phone_full";
        }
        return BUSY.has(name) ? "busy" : "unreachable";
    }
    return sync.unsent > 0 ? "soon" : "all_sent";
}

/** When the server was last reached, in words. */
export function lastContact({ sync }) {
    return sync.lastSuccess ? t("sending.last", { when: dayAndHour(sync.lastSuccess) }) : t("sending.never");
}

/** When it is tried again by itself, where something failed; else null. */
export function nextTry({ sync }) {
    return sync.nextTry && sync.failures > 0 && sync.state !== "flying" ? t("sending.next_try", { when: hour(sync.nextTry) }) : null;
}

/** What an entry is, in words, without what it says: the questionnaire's title, or what was asked. */
export function entryTitle(known, entry) {
    if (entry.kind === "response.given") {
        return titleOf(known, entry.instrument);
    }
    return entry.kind === "help.asked" ? t(`help.${entry.what}.title`) : t("entry.preference.set");
}

/** The day that an entry is about, else the one on which it was entered, in words. */
export function entryDay(entry) {
    const about = /@(\d{4}-\d{2}-\d{2})$/.exec(entry.occurrence ?? "");
    return day(about ? about[1] : entry.captured_at.slice(0, 10));
}
