/** The month's doses at a glance: each day with a sign and a word, and a way to fill it in or look at it. */

import { DoseSign, STATES } from "./dose_words.js";
import { html, Screen, useId, useNow, useState } from "./kit.js";
import { later, month, range, wall, weekday } from "../rules/days.js";
import { dayStates } from "../rules/doses.js";
import { day, t } from "../words/index.js";

/** `route`: {}. */
export function DoseCalendar({ phone, known, go, back }) {
    const now = wall(useNow(phone));
    const id = useId();
    const [shown, setShown] = useState(month(now.day).first);
    const { first, last } = month(shown);
    const days = dayStates(known, first, last, now);
    const told = known.assignments.filter((one) => days.length && one.occurrence.startsWith(days[0].occurrence.split("@")[0] + "@"));
    const open = (one) => go(one.response?.entry ? { name: "response", id: one.response.id } : { name: "dose", day: one.day });
    return html`<${Screen} title=${t("dose_calendar.title")} back=${back}>
        <div class="month-bar">
            <${Turn} way="before" to=${month(later(first, -1)).first} can=${told.some((one) => one.target < first)} turn=${setShown} />
            <h2 id=${id} aria-live="polite">${day(first, "month")}</h2>
            <${Turn} way="after" to=${later(last, 1)} can=${told.some((one) => one.target > last)} turn=${setShown} />
        </div>
        <div class="month-box"><table class="month" role="table" aria-labelledby=${id}>
            <thead role="rowgroup"><tr role="row">${range("2026-03-02", "2026-03-08").map((one) => html`
                <th key=${one} role="columnheader" scope="col">
                    <span aria-hidden="true">${day(one, "weekday_short")}</span><span class="live">${day(one, "weekday")}</span></th>`)}
            </tr></thead>
            <tbody role="rowgroup">${weeks(days).map((week) => html`<tr key=${week.find(Boolean).day} role="row">${week.map((one, place) => html`
                <${Day} key=${place} one=${one} today=${now.day} open=${open} />`)}</tr>`)}
            </tbody>
        </table></div>
        <h2>${t("dose_calendar.legend")}</h2>
        <${Legend} days=${days} />
        <p class="hint">${t("dose_calendar.unknown")}</p>
    <//>`;
}

function Turn({ way, to, can, turn }) {
    const name = t(way === "before" ? "dose_calendar.before" : "dose_calendar.after");
    return html`<button type="button" class=${`icon-button turn ${way}`} aria-label=${name} disabled=${!can} onClick=${() => turn(to)}>
        <span class="arrow" aria-hidden="true"></span></button>`;
}

/** A day in its cell; only what can be opened is a button. */
function Day({ one, today, open }) {
    if (!one) {
        return html`<td role="cell" class="blank"></td>`;
    }
    const nth = Number(one.day.slice(8));
    const isToday = one.day === today;
    const words = one.state === "none" ? null : t(`dose.state.${one.state}`);
    const inside = html`<span class="month-day">${nth}</span>
        ${words && html`<${DoseSign} state=${one.state} /><span class="month-word">${words}</span>`}`;
    const name = [
        isToday ? `${day(one.day)} (${t("day.today")})` : day(one.day), words, one.mayFill && t("dose.can_be_filled"),
    ].filter(Boolean).join(" – ");
    return html`<td role="cell" class=${`${isToday ? "today" : ""} ${one.mayFill ? "may-fill" : ""}`} aria-current=${isToday ? "date" : undefined}>
        ${one.state === "none" || one.state === "upcoming"
            ? html`<span class="month-cell idle"><span class="live">${name}</span><span aria-hidden="true">${inside}</span></span>`
            : html`<button type="button" class=${`month-cell ${one.state}`} aria-label=${name} onClick=${() => open(one)}>${inside}</button>`}
    </td>`;
}

/** What the signs mean, with how many days of the month have each. */
function Legend({ days }) {
    const counts = STATES.map((state) => [state, days.filter((one) => one.state === state).length]).filter(([, n]) => n > 0);
    return html`<ul class="legend">${counts.map(([state, n]) => html`
        <li key=${state}><${DoseSign} state=${state} /><span>${t(`dose.state.${state}`)}</span>
            <span class="legend-count">${t("dose_calendar.days", { n })}</span></li>`)}
    </ul>`;
}

/** The days in rows of seven, from Monday; null outside the month. */
function weeks(days) {
    const cells = [...Array(weekday(days[0].day)).fill(null), ...days];
    const rows = [];
    while (cells.length > 0) {
        const row = cells.splice(0, 7);
        rows.push([...row, ...Array(7 - row.length).fill(null)]);
    }
    return rows;
}
