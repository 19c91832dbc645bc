/** Everything that was entered: what waits, what was received, what was asked of the site; newest first. */

import { isUnsettled, responseTitle, stateOf } from "./given.js";
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
    const trends = (known.study?.assessments ?? []).filter((one) => one.own_trend && given.some((row) => row.assessment === one.id));
    return html`<${Screen} title=${t("history.title")} back=${back}>
        ${drafts.length > 0 && html`<h2>${t("history.begun")}</h2>
            <ul class="rows">${drafts.map((draft) => html`<li key=${draft.key}><${Begun} known=${known} draft=${draft} go=${go} /></li>`)}</ul>`}
        ${trends.length > 0 && html`<h2>${t("trend.title")}</h2>
            <ul class="rows">${trends.map(({ id, instrument }) => html`<li key=${id}>
                <${Row} title=${titleOf(known, instrument)} note=${t("history.trend")} onClick=${() => go({ name: "trend", assessment: id })} /></li>`)}</ul>`}
        <h2>${t("history.given")}</h2>
        ${given.length === 0 && html`<p>${t("history.nothing")}</p>`}
        <ul class="rows">${given.slice(0, shown).map((row) => html`<li key=${row.id}><${Given} row=${row} go=${go} /></li>`)}</ul>
        ${given.length > shown && html`<${Button} onClick=${() => setShown(shown + 100)}>${t("history.earlier")}<//>`}
    <//>`;
}

function Begun({ known, draft, go }) {
    const title = responseTitle(known, { occurrence: draft.occurrence ?? draft.assessment, entry: draft });
    return html`<${Row} title=${title} note=${t("history.not_sent")} onClick=${() => go({ name: "fill", key: draft.key })} />`;
}

function Given({ row, go }) {
    const state = t(`history.state.${row.state}`);
    const isUrgent = isUnsettled(row.state);
    const note = [row.at && dayAndHour(row.at), isUrgent ? null : state].filter(Boolean).join(" · ");
    const open = row.isResponse ? () => go({ name: "response", id: row.id }) : undefined;
    return html`<${Row} title=${row.title} note=${note} badge=${isUrgent && state} tone="warn" onClick=${open} />`;
}

function everything(known) {
    const all = responses(known);
    const corrected = new Set(all.map((one) => one.supersedes));
    const given = all.map((one) => ({
        id: one.id, at: one.captured_at, order: one.captured_at ? Date.parse(one.captured_at) : 0, title: responseTitle(known, one),
        state: stateOf(one, corrected.has(one.id)), isResponse: true, assessment: one.occurrence.split("@")[0],
    }));
    const asked = known.entries.filter((one) => one.kind === "help.asked" || one.kind === "preference.set").map((one) => ({
        id: one.id, at: one.captured_at, order: Date.parse(one.captured_at), isResponse: false, assessment: null,
        title: entryTitle(known, one),
        state: ["queued", "sending"].includes(one.state) ? "waiting" : "received",
    }));
    return [...given, ...asked].sort((one, other) => other.order - one.order);
}
