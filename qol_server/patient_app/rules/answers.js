/** What may be answered to an item, and the answers as they are sealed. */

import { answerTo, asked } from "./conditions.js";
import { compare, exact } from "./decimal.js";
import { isDay } from "./days.js";

/** Characters of a text answer whose item names no `max_length`. */
export const TEXT_LENGTH = 2000;

const HAPPENED = new Set(["started", "ended"]); // what a diary calls the first and last day of an event
const TIME = /^([01][0-9]|2[0-3]):[0-5][0-9]$/;
const UNSTORABLE = /[\u0000\ud800-\udfff]/u; // NUL and lone surrogates have no place in a database or in UTF-8

/**
 * What is wrong with an answer to an item: null where it can be used (so can null: shown and not answered), otherwise
 * { code, … } with the limits that it is to be told with: not-a-choice, repeated, not-a-whole-number, not-a-number,
 * too-low { at_least, at_most }, too-high { at_least, at_most }, not-text, too-long { most, length }, unstorable,
 * not-a-date, not-a-time.
 */
export function fault(item, answer) {
    if (answer === null || answer === undefined || (typeof answer === "string" && item.non_answers.includes(answer))) {
        return null;
    }
    return FAULTS[item.type](item, answer);
}

/**
 * The days on which something that happened can have begun or ended, seen from `today`: { first, last } (first may be null);
 * null for an item that asks for no such day.
 */
export function daysOf(item, answers, today) {
    if (item.type !== "date" || !HAPPENED.has(item.id)) {
        return null;
    }
    const began = item.id === "ended" ? answerTo(answers, "started") : null;
    return { first: isDay(began) ? began : null, last: today };
}

/** What is wrong with a day that something happened: null, or { code }: not-yet, before-start. `answers`: the others. */
export function timeFault(item, answer, answers, today) {
    const days = isDay(answer) ? daysOf(item, answers, today) : null;
    if (days === null) {
        return null;
    }
    return answer > days.last ? { code: "not-yet" } : days.first && answer < days.first ? { code: "before-start" } : null;
}

/** The answers without days on which nothing can have happened: they are asked for again. */
export function possible(instrument, answers, today) {
    const faulty = instrument.items.filter((item) => timeFault(item, answers[item.id], answers, today)).map(({ id }) => id);
    return faulty.length === 0 ? answers : Object.fromEntries(Object.entries(answers).filter(([id]) => !faulty.includes(id)));
}

/**
 * The answers as they are sealed: only what is asked, given the rest; `shown`: items that were on the screen, for which
 * null says "shown and not answered". An item that was neither shown nor answered is absent.
 */
export function clean(instrument, answers, shown = []) {
    const kept = onBranch(instrument, answers);
    const seen = new Set(shown);
    const said = {};
    for (const id of asked(instrument, kept)) {
        if (Object.hasOwn(kept, id)) {
            said[id] = kept[id] ?? null;
        } else if (seen.has(id)) {
            said[id] = null;
        }
    }
    return said;
}

/** The answers without those to questions that the others no longer ask. Dropping one may drop what hung on it. */
export function onBranch(instrument, answers) {
    let kept = answers;
    for (;;) {
        const now = new Set(asked(instrument, kept));
        const names = Object.keys(kept);
        const staying = names.filter((id) => now.has(id));
        if (staying.length === names.length) {
            return kept;
        }
        kept = Object.fromEntries(staying.map((id) => [id, kept[id]]));
    }
}

const FAULTS = {
    choice: (item, answer) => (isCode(item, answer) ? null : { code: "not-a-choice" }),
    multiple: (item, answer) => {
        if (!Array.isArray(answer) || !answer.every((one) => isCode(item, one))) {
            return { code: "not-a-choice" };
        }
        return new Set(answer).size === answer.length ? null : { code: "repeated" };
    },
    integer: (item, answer) => (Number.isSafeInteger(answer) ? outside(item, answer) : { code: "not-a-whole-number" }),
    decimal: (item, answer) => {
        return typeof answer === "string" && exact(answer) !== null ? outside(item, answer) : { code: "not-a-number" };
    },
    text: (item, answer) => {
        if (typeof answer !== "string") {
            return { code: "not-text" };
        }
        const most = item.max_length || TEXT_LENGTH;
        const length = [...answer].length;
        return length > most ? { code: "too-long", most, length } : UNSTORABLE.test(answer) ? { code: "unstorable" } : null;
    },
    date: (_item, answer) => (isDay(answer) ? null : { code: "not-a-date" }),
    time: (_item, answer) => (typeof answer === "string" && TIME.test(answer) ? null : { code: "not-a-time" }),
};

function isCode(item, answer) {
    return (typeof answer === "string" || typeof answer === "number") && item.codes.includes(answer);
}

function outside(item, answer) {
    const { at_least, at_most } = item;
    if (at_least !== null && compare(exact(answer), exact(at_least)) < 0) {
        return { code: "too-low", at_least, at_most };
    }
    return at_most !== null && compare(exact(answer), exact(at_most)) > 0 ? { code: "too-high", at_least, at_most } : null;
}
