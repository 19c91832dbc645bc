/** Who watches the answers, and when: nobody where the protocol only records, the site in its hours where it is told of alerts. */

import { Call, html, Notice } from "./kit.js";
import { t } from "../words/index.js";

const DAYS = { Mon: "mon", Tue: "tue", Wed: "wed", Thu: "thu", Fri: "fri", Sat: "sat", Sun: "sun" };

/** Whether somebody at the site watches at this moment. */
export function isWatched(known, now) {
    const { study, participation } = known;
    if (!study || !participation || study.intended_use?.alerts !== "on") {
        return false;
    }
    const zone = participation.site_time_zone;
    const parts = new Intl.DateTimeFormat("en-GB", {
        timeZone: zone, weekday: "short", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23",
    }).formatToParts(now);
    const at = Object.fromEntries(parts.map(({ type, value }) => [type, value]));
    const hour = `${at.hour}:${at.minute}`;
    if (participation.holidays.includes(`${at.year}-${at.month}-${at.day}`)) {
        return false;
    }
    return participation.coverage.some(({ days, from, to }) => {
        return days.includes(DAYS[at.weekday]) && from <= hour && (to === "00:00" || hour < to);
    });
}

/** The standing remark that nobody reads at once, with whom to call; nothing while somebody watches. */
export function NotWatched({ known, now, calls = true }) {
    if (!known.study || !known.participation || isWatched(known, now)) {
        return null;
    }
    const { site, site_phone: phone } = known.participation;
    const number = known.study.emergency_number;
    return html`<${Notice}>
        <p>${t("watch.not_watched", { site, emergency: number })}</p>
        ${calls && html`<div class="tels">
            <${Call} number=${phone} kind="plain" label=${html`<span>${t("emergency.your_site")}</span><span class="tel" dir="ltr">${phone}</span>`} />
            <${Call} number=${number} kind="danger" label=${html`<span>${t("emergency.short")}</span><span class="tel" dir="ltr">${number}</span>`} />
        </div>`}
    <//>`;
}
