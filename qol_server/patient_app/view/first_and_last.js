/** The first and the last screen of a questionnaire: what it is and who answers, and all answers before they are sent. */

import { Button, Choices, html, Notice, useId, useNow, useState } from "./kit.js";
import { NotWatched } from "./watch.js";
import { answerInWords, foreign, isStandIn, questionOf, whoOf } from "./wording.js";
import { isEmpty } from "./questions.js";
import { OPEN_ENDED, window } from "../rules/calendar.js";
import { wall } from "../rules/days.js";
import { day, reason, t } from "../words/index.js";

/** What has to be said before a questionnaire may go on: "who", "why" (a correction's reason) or null. */
export function missingAtFirst(known, instrument, draft) {
    if (draft.corrects && !draft.reason && known.study.reasons.correction?.length) {
        return "why";
    }
    return whoOf(instrument).length > 0 && draft.by === null ? "who" : null;
}

/** `problem`: { code } of what is still to be said. */
export function Introduction({ phone, known, instrument, draft, keep, discard, problem }) {
    const [whyId, whoId] = [useId(), useId()];
    const now = useNow(phone);
    const who = whoOf(instrument);
    const reasons = draft.corrects ? (known.study.reasons.correction ?? []) : [];
    const assignment = known.assignments.find((one) => one.occurrence === draft.occurrence);
    const last = assignment && (window(assignment, wall(now)) === "late" ? assignment.closes : assignment.due); // as Today says
    return html`
        ${assignment && isDaily(known, assignment) && html`<p class="context">${t("fill.about_day", { day: day(assignment.target) })}</p>`}
        ${isStandIn(instrument) && html`<p class="stand-in">${t("stand_in")}</p>`}
        ${instrument.wording?.introduction && !draft.corrects && html`<p lang=${foreign(instrument)}>${instrument.wording.introduction}</p>`}
        ${reasons.length > 0 && html`
            <h2 id=${whyId}>${t("fill.why_correct")}</h2>
            <${Choices} labelledBy=${whyId} options=${reasons.map((code) => [code, reason(code)])} value=${draft.reason}
                onChange=${(code) => keep({ ...draft, reason: code })} />
            ${problem?.code === "why" && html`<p class="fault" role="alert">${t("fault.why")}</p>`}`}
        ${who.length > 0 && html`
            <h2 id=${whoId}>${t("fill.who")}</h2>
            <${Choices} labelledBy=${whoId} options=${who} value=${draft.by} lang=${foreign(instrument)}
                onChange=${(code) => keep({ ...draft, by: code })} />
            ${problem?.code === "who" && html`<p class="fault" role="alert">${t("fault.who")}</p>`}`}
        ${assignment && last !== OPEN_ENDED && !isDaily(known, assignment)
            && html`<p class="hint">${t("fill.pause", { day: day(last) })}</p>`}
        <${NotWatched} known=${known} now=${now} calls=${false} />
        <${Discard} draft=${draft} discard=${discard} />`;
}

function isDaily(known, assignment) {
    return known.study.assessments.some((one) => one.id === assignment.assessment && one.daily);
}

/** Every answer in words; `change(item id)` leads to its question. */
export function Review({ known, instrument, draft, flow, keep, discard, problem, change }) {
    const more = flow.more(draft);
    const items = flow.items(draft).map((id) => instrument.items.find((item) => item.id === id));
    const who = whoOf(instrument).find(([code]) => code === draft.by);
    const empty = items.filter((item) => isEmpty(draft.answers[item.id])).length;
    return html`
        <p>${t("fill.review_text")}</p>
        ${problem && html`<p class="fault" role="alert">${t(`fault.${problem.code}`)}</p>`}
        ${empty > 0 && html`<p class="hint">${t("fill.some_empty", { n: empty })}</p>`}
        <ul class="rows answers">
            ${items.map((item) => html`<${Answer} key=${item.id} question=${questionOf(instrument, item)} lang=${foreign(instrument)}
                answer=${answerInWords(instrument, item, draft.answers[item.id])} isEmpty=${isEmpty(draft.answers[item.id])}
                onClick=${() => change(item.id)} />`)}
            ${who && html`<${Answer} question=${t("fill.who")} answer=${who[1]} onClick=${() => change("intro")} />`}
            ${draft.reason && html`<${Answer} question=${t("fill.why_correct")} answer=${reason(draft.reason)} onClick=${() => change("intro")} />`}
        </ul>
        ${more && html`<${Button} kind="quiet" onClick=${() => {
            keep(more.draft);
            change(more.step);
        }}>${more.label}<//>`}
        <${Discard} draft=${draft} discard=${discard} />`;
}

/** What nobody asked for may be thrown away, once it holds anything: a report or a correction that was begun by mistake. */
function Discard({ draft, discard }) {
    const [isSure, setSure] = useState(false);
    if (draft.occurrence && !draft.corrects || Object.keys(draft.answers).length === 0) {
        return null;
    }
    return isSure
        ? html`<${Notice} tone="warn" live=${true}><p>${t(draft.corrects ? "fill.discard_correction" : "fill.discard_text")}</p>
            <${Button} kind="danger" onClick=${discard}>${t("fill.discard_yes")}<//><//>`
        : html`<${Button} kind="quiet" onClick=${() => setSure(true)}>${t("fill.discard")}<//>`;
}

function Answer({ question, answer, isEmpty: isLeft, lang, onClick }) {
    return html`<li><button type="button" class="row" onClick=${onClick}>
        <span class="row-text" lang=${lang}>
            <span class="row-note">${question}</span>
            <span class=${isLeft ? "row-title left-empty" : "row-title"}>${answer}</span>
        </span>
        <span class="change">${t("fill.change")}</span>
    </button></li>`;
}
