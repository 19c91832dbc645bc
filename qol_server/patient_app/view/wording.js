/** What questionnaires, questions and answers are called: the words of the wording, plain stand-ins where there are none. */

import { day, has, language, number, t } from "../words/index.js";

const RECALL = /^P(\d+)([DW])$/; // days or weeks, as ISO 8601 writes them
const MILLIGRAMS = /^intake\.\d\.mg$/; // of the dose diary

/** What a questionnaire is called: by its wording, else by its own title. */
export function titleOf(known, instrumentId) {
    const instrument = known.instruments[instrumentId];
    return instrument?.wording?.title ?? instrument?.title ?? instrumentId;
}

/** The language that a questionnaire's words are in, where it is not that of the app: for the mark that screen readers heed. */
export function foreign(instrument) {
    const spoken = instrument.wording?.language;
    return spoken && spoken !== language() ? spoken : undefined;
}

/** Whether what is shown only stands for the real wording. */
export function isStandIn(instrument) {
    return !instrument.wording || instrument.wording.stand_in;
}

/** Which days all questions of a questionnaire are about, in words; null where that differs, and where others own the words. */
export function recallOf(instrument) {
    const [recall, ...others] = new Set(instrument.items.map((item) => item.recall));
    const [, count, unit] = RECALL.exec(recall ?? "") ?? [];
    const days = Number(count) * (unit === "W" ? 7 : 1);
    return instrument.wording?.ours && others.length === 0 && days > 1 ? t("fill.recall", { n: days }) : null;
}

/** The question that an item asks. */
export function questionOf(instrument, item) {
    return instrument.wording?.items[item.id] ?? t("fill.question", { n: instrument.items.indexOf(item) + 1 });
}

/** What may be chosen, in order: [[code, label]]. */
export function choicesOf(instrument, item) {
    const labels = new Map(instrument.wording?.choices[item.choices] ?? []);
    return item.codes.map((code) => [code, labels.get(code) ?? String(code)]);
}

/** What may be said instead of an answer ("I prefer not to answer"): [[code, label]]. */
export function nonAnswersOf(instrument, item) {
    return item.non_answers.map((code) => [code, instrument.wording?.non_answers[code] ?? (has(`non_answer.${code}`) ? t(`non_answer.${code}`) : code)]);
}

/** Who may have answered: [[code, label]], the participant first; empty where nobody is asked. */
export function whoOf(instrument) {
    const labels = Object.entries(instrument.wording?.by ?? {});
    return [...labels.filter(([who]) => who === "participant"), ...labels.filter(([who]) => who !== "participant")];
}

/** An answer as people say it. */
export function answerInWords(instrument, item, answer) {
    if (answer === null || answer === undefined || (Array.isArray(answer) && answer.length === 0)) {
        return t("fill.not_answered");
    }
    const labels = new Map([...choicesOf(instrument, item), ...nonAnswersOf(instrument, item)]);
    if (labels.has(answer)) {
        return labels.get(answer);
    }
    if (Array.isArray(answer)) {
        return answer.map((one) => labels.get(one) ?? String(one)).join(", ");
    }
    if (item.type === "integer" || item.type === "decimal") {
        return MILLIGRAMS.test(item.id) ? t("dose.mg", { mg: number(answer) }) : number(answer);
    }
    return item.type === "date" ? day(answer, "full") : String(answer);
}
