/** One question in the form that its item asks for: choices, numbers, days, hours, words. Nothing is answered beforehand. */

import { Button, Choices, Field, html, useInSight } from "./kit.js";
import { choicesOf, foreign, nonAnswersOf, questionOf } from "./wording.js";
import { later } from "../rules/days.js";
import { TEXT_LENGTH } from "../rules/answers.js";
import { number, t } from "../words/index.js";

const WIDE = 1000; // a range up to more than this is no help to anybody

/** Whether nothing was answered. */
export function isEmpty(answer) {
    return answer === null || answer === undefined || answer === "" || (Array.isArray(answer) && answer.length === 0);
}

/** What was typed, as it is kept once the question is left: ".5" is "0.5", and what holds nothing is null. */
export function settled(item, answer) {
    if (isEmpty(answer) || (typeof answer === "string" && answer.trim() === "")) {
        return null;
    }
    if (item.type === "decimal" && typeof answer === "string" && !item.non_answers.includes(answer)) {
        return answer.replace(/^(-?)\./, "$10.").replace(/\.$/, "");
    }
    return item.type === "multiple" && Array.isArray(answer) ? item.codes.filter((code) => answer.includes(code)) : answer;
}

/** Whether leaving a question empty is worth a second thought: a choice is easily passed over, an empty field is seen. */
export function isAskedTwice(item) {
    return item.type === "choice" || item.type === "multiple";
}

/** What is wrong with an answer, in words; `found`: of `answers.fault`, or { code: "needed" | "unfinished" }. */
export function faultInWords(found) {
    const { code, at_least, at_most, most } = found;
    if (code === "too-low" || code === "too-high") {
        const [low, high] = [at_least, at_most].map((limit) => (limit === null ? null : number(limit)));
        return low !== null && high !== null ? t("fault.between", { low, high })
            : low !== null ? t("fault.at_least", { low }) : t("fault.at_most", { high });
    }
    return t(`fault.${code}`, { most });
}

/**
 * `answer`: of the draft; `onAnswer(answer)`: after each tap or letter; `onUnfinished(is)`: a day or hour of which only a part
 * stands in its field, so that the phone reads nothing; `fault`: what is wrong, in words; `titleId`: the heading that asks;
 * `today`: the day it is; `time`: the hour; `days`: { first, last } that a day may lie between, or null.
 */
export function Question({ instrument, item, answer, onAnswer, onUnfinished, fault, titleId, today, time, days }) {
    const instead = nonAnswersOf(instrument, item);
    const isInstead = item.non_answers.includes(answer);
    const shared = { item, onAnswer, fault, answer: isInstead ? null : answer, label: questionOf(instrument, item), lang: foreign(instrument) };
    if (item.type === "choice") {
        const options = [...choicesOf(instrument, item), ...instead.map(([code, label]) => [code, label, true])];
        return html`<${Choices} labelledBy=${titleId} options=${options} value=${answer ?? null} onChange=${onAnswer} lang=${shared.lang} />
            <${Fault} text=${fault} />
            ${!isEmpty(answer) && !item.required && html`<${Button} kind="quiet" onClick=${() => onAnswer(null)}>${t("fill.take_back")}<//>`}`;
    }
    const own = item.type === "multiple"
        ? html`<${Choices} multiple=${true} labelledBy=${titleId} options=${choicesOf(instrument, item)} value=${shared.answer}
            onChange=${onAnswer} lang=${shared.lang} /><${Fault} text=${fault} />`
        : item.type === "text" ? html`<${Words} ...${shared} />`
            : item.type === "date" || item.type === "time"
                ? html`<${Moment} ...${shared} onUnfinished=${onUnfinished} today=${today} time=${time} days=${days} />`
                : html`<${Amount} ...${shared} />`;
    return html`${own}
        ${instead.length > 0 && html`<${Choices} multiple=${true} label=${t("fill.instead")} options=${instead} value=${isInstead ? [answer] : []}
            onChange=${(codes) => onAnswer(codes.at(-1) ?? null)} lang=${shared.lang} />`}`;
}

function Fault({ text }) {
    const place = useInSight(text);
    return text && html`<p class="fault" role="alert" ref=${place}>${text}</p>`;
}

function hints(item, ...more) {
    return [...more, item.required ? null : t("fill.may_be_empty")].filter(Boolean).join(" ");
}

function Amount({ item, answer, onAnswer, fault, label }) {
    const { at_least: low, at_most: high } = item;
    const range = low !== null && high !== null && Number(high) <= WIDE ? t("fill.range", { low: number(low), high: number(high) }) : null;
    const typed = (text) => {
        const plain = text.replace(/\s/g, "").replace(",", ".");
        const isWhole = item.type === "integer" && /^-?[0-9]{1,15}$/.test(plain);
        onAnswer(plain === "" ? null : isWhole ? Number(plain) : plain);
    };
    return html`<${Field} label=${label} hideLabel=${true} hint=${hints(item, range)} fault=${fault} value=${isEmpty(answer) ? "" : number(answer)}
        onInput=${typed} inputmode=${item.type === "integer" ? "numeric" : "decimal"} autocomplete="off" enterkeyhint="next" maxlength="20" />`;
}

function Words({ item, answer, onAnswer, fault, label }) {
    const most = item.max_length || TEXT_LENGTH;
    const left = most - (answer?.length ?? 0);
    return html`<${Field} label=${label} hideLabel=${true} hint=${hints(item, t("fill.no_names"))} fault=${fault} lines=${4} value=${answer}
            onInput=${(text) => onAnswer(text === "" ? null : text)} maxlength=${most} />
        ${left < most / 5 && html`<p class="hint" aria-live="polite">${t("fill.letters_left", { n: left })}</p>`}`;
}

function Moment({ item, answer, onAnswer, onUnfinished, fault, label, today, time, days }) {
    const quick = item.type === "date"
        ? [[today, t("day.today")], [later(today, -1), t("day.yesterday")]]
        : [[time, t("fill.now")]];
    const fitting = quick.filter(([value]) => item.type !== "date" || !(days?.first > value));
    const typed = (text, field) => {
        onUnfinished(field.validity.badInput);
        onAnswer(text || null);
    };
    const choose = (value) => {
        onUnfinished(false);
        onAnswer(value);
    };
    return html`<${Field} label=${label} hideLabel=${true} hint=${hints(item)} fault=${fault} value=${answer} onInput=${typed} type=${item.type}
            min=${days?.first} max=${days?.last} />
        <div class="quick">${fitting.map(([value, words]) => html`<${Button} key=${words} onClick=${() => choose(value)}>${words}<//>`)}</div>`;
}
