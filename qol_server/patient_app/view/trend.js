/** The participant's own earlier answers to one question as a curve and a table, once the present ones are given. */

import { Button, html, Notice, Screen, useId, useNow, useState } from "./kit.js";
import { answerInWords, choicesOf, foreign, questionOf, titleOf } from "./wording.js";
import { due } from "../rules/calendar.js";
import { between, wall } from "../rules/days.js";
import { standing } from "../rules/responses.js";
import { day, number, t } from "../words/index.js";

/** `route`: { assessment }. */
export function Trend({ phone, known, route, go, back }) {
    const now = wall(useNow(phone));
    const assessment = known.study?.assessments.find((one) => one.id === route.assessment && one.own_trend);
    const instrument = assessment && known.instruments[assessment.instrument];
    const [chosen, setChosen] = useState(null);
    const id = useId();
    if (!instrument) {
        return html`<${Screen} title=${t("trend.title")} back=${back}><p>${t("trend.none")}</p><//>`;
    }
    // the curve before the questionnaire would colour the answers
    const waiting = due(known, now).find((one) => one.assignment.assessment === assessment.id);
    if (waiting) {
        return html`<${Screen} title=${t("trend.title")} step=${titleOf(known, instrument.id)} back=${back}
            actions=${html`<${Button} kind="main" onClick=${() => go({ name: "fill", key: waiting.assignment.occurrence })}>${t("trend.answer_first")}<//>`}>
            <${Notice}><p>${t("trend.after_answering")}</p><//><//>`;
    }
    const items = instrument.items.filter(isMeasured);
    const told = items.map((item) => [item, pointsOf(known, assessment.id, item)]).filter(([, points]) => points.length > 0);
    if (told.length === 0) {
        return html`<${Screen} title=${t("trend.title")} step=${titleOf(known, instrument.id)} back=${back}><p>${t("trend.none")}</p><//>`;
    }
    const lang = foreign(instrument);
    const [item, points] = told.find(([one]) => one.id === chosen) ?? told[0];
    return html`<${Screen} title=${t("trend.title")} step=${titleOf(known, instrument.id)} back=${back}>
        <div class="field"><label for=${id}>${t("trend.question")}</label>
            <select id=${id} value=${item.id} onChange=${(event) => setChosen(event.currentTarget.value)}>
                ${told.map(([one]) => html`<option key=${one.id} value=${one.id}>${questionOf(instrument, one)}</option>`)}
            </select></div>
        <h2 lang=${lang} dir=${lang && "auto"}>${questionOf(instrument, item)}</h2>
        <${Curve} instrument=${instrument} item=${item} points=${points} />
        <table class="plain-table" aria-label=${questionOf(instrument, item)}>
            <thead><tr><th scope="col">${t("trend.day")}</th><th scope="col">${t("trend.answer")}</th></tr></thead>
            <tbody>${points.toReversed().map((one) => html`<tr key=${one.id}>
                <th scope="row">${day(one.day, "dated")}</th><td>${answerInWords(instrument, item, one.answer)}</td></tr>`)}</tbody>
        </table>
        <p class="hint">${t("trend.hint")}</p>
    <//>`;
}

/** An item whose answers can be more or less. */
function isMeasured(item) {
    const isScale = item.type === "choice" && item.codes.length > 1 && item.codes.every((code) => typeof code === "number");
    return isScale || item.type === "integer" || item.type === "decimal";
}

function pointsOf(known, assessment, item) {
    return [...standing(known).values()]
        .filter((one) => one.occurrence.startsWith(`${assessment}@`) && one.entry?.answers)
        .map((one) => ({ id: one.id, day: one.day, answer: one.entry.answers[item.id] ?? null }))
        .filter(({ answer }) => answer !== null && !item.non_answers.includes(answer))
        .sort((one, other) => (one.day < other.day ? -1 : 1));
}

/** The levels from low to high: a scale's codes with their labels, else the least and the greatest number given. */
function levelsOf(instrument, item, points) {
    if (item.type === "choice") {
        return choicesOf(instrument, item).map(([code, label]) => [code, label]).sort((one, other) => one[0] - other[0]);
    }
    const values = points.map((one) => Number(one.answer));
    const ends = [Math.min(...values), Math.max(...values)];
    return [...new Set(ends)].map((value) => [value, number(value)]);
}

function Curve({ instrument, item, points }) {
    const levels = levelsOf(instrument, item, points);
    const [low, high] = [levels[0][0], levels.at(-1)[0]];
    const span = between(points[0].day, points.at(-1).day);
    const across = (one) => (span === 0 ? 50 : 4 + (92 * between(points[0].day, one.day)) / span);
    const down = (value) => (high === low ? 50 : 94 - (88 * (Number(value) - low)) / (high - low));
    const first = { day: day(points[0].day, "dated"), answer: answerInWords(instrument, item, points[0].answer) };
    const last = { day: day(points.at(-1).day, "dated"), answer: answerInWords(instrument, item, points.at(-1).answer) };
    const summary = t("trend.summary", { n: points.length, first: first.answer, first_day: first.day, last: last.answer, last_day: last.day });
    return html`<figure class="curve-box"><div class="curve">
        <div class="curve-levels" aria-hidden="true">${levels.toReversed().map(([code, label]) => html`<span key=${code}>${label}</span>`)}</div>
        <svg role="img" aria-label=${summary}>
            ${levels.map(([code]) => html`<line key=${code} class="level" x1="0%" x2="100%" y1=${`${down(code)}%`} y2=${`${down(code)}%`} />`)}
            ${points.slice(1).map((one, n) => html`<line key=${one.id} class="line" x1=${`${across(points[n])}%`} y1=${`${down(points[n].answer)}%`}
                x2=${`${across(one)}%`} y2=${`${down(one.answer)}%`} />`)}
            ${points.map((one) => html`<circle key=${one.id} cx=${`${across(one)}%`} cy=${`${down(one.answer)}%`} r="5" />`)}
        </svg>
        <p class="curve-days" aria-hidden="true"><span>${first.day}</span>${span > 0 && html`<span>${last.day}</span>`}</p>
    </div></figure>`;
}
