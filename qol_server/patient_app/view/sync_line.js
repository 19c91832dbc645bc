/** One line that says whether everything was sent: "All sent at 10:42", "3 wait on this phone, no connection". */

import { html, useNow } from "./kit.js";
import { waitsLong } from "./device_notices.js";
import { wall } from "../rules/days.js";
import { dayAndHour, hour, t } from "../words/index.js";

function words({ sync }, now) {
    const n = sync.unsent;
    if (sync.state === "flying" && (n > 0 || !sync.lastSuccess)) {
        return n > 0 ? t("sync.sending", { n }) : t("sync.asking");
    }
    if (n > 0) {
        return t(sync.state === "offline" ? "sync.offline" : sync.state === "held" ? "sync.held" : "sync.waiting", { n });
    }
    if (!sync.lastSuccess) {
        return t(sync.state === "offline" ? "sync.never_offline" : "sync.never");
    }
    const last = new Date(sync.lastSuccess);
    return wall(last).day === wall(now).day ? t("sync.all_sent", { hour: hour(last) }) : t("sync.all_sent_on", { when: dayAndHour(last) });
}

/** It leads to the list of what was sent and what waits. */
export function SyncLine({ phone, known, go }) {
    const now = useNow(phone);
    const tone = known.sync.unsent === 0 ? "good" : waitsLong(known, now) ? "warn" : "";
    return html`<button type="button" class="sync-line" onClick=${() => go({ name: "outbox" })}>
        <span class=${`dot ${tone}`} aria-hidden="true"></span><span role="status">${words(known, now)}</span>
        <span class="chevron" aria-hidden="true"></span></button>`;
}
