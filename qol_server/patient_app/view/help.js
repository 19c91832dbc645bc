/** Asking the site: for a call, for a pause, or to stop. Each is sent with an optional note, and stays visible. */

import { Button, Call, Field, html, Live, Notice, Row, Screen, TroubleNotice, useAction, useNow, useState } from "./kit.js";
import { NotWatched } from "./watch.js";
import { dayAndHour, t } from "../words/index.js";

const WHATS = ["call-me", "pause", "stop"];
const LONGEST_NOTE = 2000; // characters

/** The screen of all three, with what was asked before. */
export function Help({ phone, known, go, back }) {
    const now = useNow(phone);
    const asked = known.entries.filter(({ kind }) => kind === "help.asked").reverse();
    return html`<${Screen} title=${t("help.title")} back=${back}>
        <p>${t("help.what")}</p>
        <ul class="rows">
            ${WHATS.map((what) => html`<li key=${what}><${Row} title=${t(`help.${what}.title`)} note=${t(`help.${what}.short`)}
                onClick=${() => go({ name: "ask", what })} /></li>`)}
        </ul>
        <${Urgently} known=${known} now=${now} />
        ${asked.length > 0 && html`<h2>${t("help.asked")}</h2>
            <ul class="rows">${asked.map((entry) => html`<li key=${entry.id}>
                <${Row} title=${t(`help.${entry.what}.title`)} note=${dayAndHour(entry.captured_at)} ...${standing(entry)} /></li>`)}</ul>`}
    <//>`;
}

/** Whether a wish has reached the site: as a badge with its tone. */
function standing({ state }) {
    const hasArrived = state === "committed" || state === "archived";
    return { badge: t(hasArrived ? "outbox.arrived" : "outbox.waits"), tone: hasArrived ? "good" : undefined };
}

/** One wish: what it means, a note, and what becomes of it. route.what: "call-me", "pause" or "stop". */
export function Ask({ phone, known, route, back, home }) {
    const { what } = route;
    const [note, setNote] = useState("");
    const [asked, setAsked] = useState(null);
    const [ask, busy, trouble] = useAction(async () => setAsked((await phone.ask(what, note.trim() || null)).id));
    const now = useNow(phone);
    if (asked !== null) {
        return html`<${Asked} known=${known} now=${now} entry=${known.entries.find(({ id }) => id === asked)} what=${what} home=${home} />`;
    }
    return html`<${Screen} title=${t(`help.${what}.title`)} back=${back} actions=${html`
        <${Button} kind="main" busy=${busy} onClick=${ask}>${t(`help.${what}.ask`)}<//>`}>
        <p>${t(`help.${what}.means`)}</p>
        <p>${t(`help.${what}.next`)}</p>
        <${Field} label=${t("help.note")} hint=${t("help.note.hint")} lines=${4} maxlength=${LONGEST_NOTE} value=${note} onInput=${setNote} />
        <${TroubleNotice} trouble=${trouble} />
        <${Urgently} known=${known} now=${now} />
    <//>`;
}

function Asked({ known, now, entry, what, home }) {
    const hasArrived = entry?.state === "committed" || entry?.state === "archived";
    const words = t(hasArrived ? "help.arrived" : "help.waits");
    return html`<${Screen} title=${t("help.asked_for")} focusKey="asked" actions=${html`<${Button} kind="main" onClick=${home}>${t("action.done")}<//>`}>
        <${Notice} tone=${hasArrived ? "good" : "info"} title=${t(`help.${what}.title`)}><p>${words}</p><//>
        <${Live}>${words}<//>
        <p>${t(`help.${what}.next`)}</p>
        <${Urgently} known=${known} now=${now} />
    <//>`;
}

/** Nobody reads this at once; whom to call instead. */
function Urgently({ known, now }) {
    const site = known.participation;
    return html`<${NotWatched} known=${known} now=${now} calls=${false} />
        ${site && html`<${Call} kind="plain" number=${site.site_phone}
            label=${t("emergency.call_site", { site: site.site, number: site.site_phone })} />`}`;
}
