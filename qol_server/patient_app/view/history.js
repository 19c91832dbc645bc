/** Everything that was entered: what waits, what was received, what was asked of the site; newest first. */

import { isUnsettled, isWaiting, responseTitle, stateOf } from "./given.js";
import { Button, html, Row, Screen, useState } from "./kit.js";
import { entryTitle } from "./sync_words.js";
import { titleOf } from "./wording.js";
import { responses } from "../rules/responses.js";
import { dayAndHour, t } from "../words/index.js";

const SHOWN = 30;

/** `route`: {}. */
export function History({ known, go, back }) {
    const [shown, setShown] = useState(SHOWN);
    const given = everything(known);
    const drafts = Object.values(known.drafts);
    const isGiven = ({ id }) => given.some((row) => row.response?.occurrence.startsWith(`${id}@`));
    const trends = (known.study?.assessments ?? []).filter((one) => one.own_trend && isGiven(one));
    return html`<${Screen} title=${t("history.title")} back=${back}>
        ${drafts.length > 0 && html`<h2>${t("history.begun")}</h2>
            <ul class="rows">${drafts.map((draft) => html`<li key=${draft.key}><${Begun} known=${known} draft=${draft} go=${go} /></li>`)}</ul>`}
        ${trends.length > 0 && html`<h2>${t("trend.title")}</h2>
            <ul class="rows">${trends.map(({ id, instrument }) => html`<li key=${id}>
                <${Row} title=${titleOf(known, instrument)} note=${t("history.trend")} onClick=${() => go({ name: "trend", assessment: id })} /></li>`)}</ul>`}
        <h2>${t("history.given")}</h2>
        ${given.length === 0 && html`<p>${t("history.nothing")}</p>`}
        <ul class="rows">${given.slice(0, shown).map((row) => html`<li key=${row.id}><${Given} known=${known} row=${row} go=${go} /></li>`)}</ul>
        ${given.length > shown && html`<${Button} onClick=${() => setShown(shown + 100)}>${t("history.earlier")}<//>`}
    <//>`;
}

function Begun({ known, draft, go }) {
    const title = responseTitle(known, { occurrence: draft.occurrence ?? draft.assessment, entry: draft });
    return html`<${Row} title=${title} note=${t("history.not_sent")} onClick=${() => go({ name: "fill", key: draft.key })} />`;
}

function Given({ known, row, go }) {
    const { response, entry } = row;
    const title = response ? responseTitle(known, response) : entryTitle(known, entry);
    const state = response ? stateOf(response, row.isCorrected) : isWaiting(entry) ? "waiting" : "received";
    const words = t(`history.state.${state}`);
    const read = response?.readAt && t("history.read", { when: dayAndHour(response.readAt) });
    const told = isUnsettled(state) || (read && state === "received") ? null : words;
    const note = [row.at && dayAndHour(row.at), told, read].filter(Boolean).join(" · ");
    const open = response ? () => go({ name: "response", id: response.id }) : undefined;
    return html`<${Row} title=${title} note=${note} badge=${isUnsettled(state) && words} tone="warn" onClick=${open} />`;
}

/** Responses, and what was asked of the site or set; newest first. What the app noted by itself is left out. */
function everything(known) {
    const all = responses(known);
    const corrected = new Set(all.map((one) => one.supersedes));
    const given = all.map((one) => ({ id: one.id, at: one.captured_at, response: one, entry: null, isCorrected: corrected.has(one.id) }));
    const others = known.entries.filter((one) => one.kind === "help.asked" || one.kind === "preference.set");
    const asked = others.map((one) => ({ id: one.id, at: one.captured_at, response: null, entry: one, isCorrected: false }));
    // sorting keeps the order of equals: of two in one second the later one stands first
    const order = new Map([...asked, ...given].reverse().map((row) => [row, row.at ? Date.parse(row.at) : 0]));
    return [...order.keys()].sort((one, other) => order.get(other) - order.get(one));
}
