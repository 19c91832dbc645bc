/** Whether a condition holds of answers, and which questions are asked: the same rules as on the server. */

import { compare, exact } from "./decimal.js";

const OPS = ["is", "in", "at_least", "at_most", "above", "below"];

/** The answer to an item; null where there is none. Looks at the answers' own names only, whatever an item is called. */
export function answerTo(answers, item) {
    return Object.hasOwn(answers, item) ? (answers[item] ?? null) : null;
}

/** A comparison as { item, op, value }: an instrument writes it so, a study's alert as { item, at_least: 3 }. */
export function comparison(condition) {
    const op = condition.op ?? OPS.find((one) => Object.hasOwn(condition, one));
    return { item: condition.item, op, value: Object.hasOwn(condition, "value") ? condition.value : condition[op] };
}

/**
 * Whether a condition is true of answers. A missing answer, a coded non-answer and anything that is not of the kind
 * compared with satisfy no comparison. Of several choices, one that satisfies "is" or "in" is enough.
 */
export function holds(condition, answers) {
    if (condition.all) {
        return condition.all.every((part) => holds(part, answers));
    }
    if (condition.any) {
        return condition.any.some((part) => holds(part, answers));
    }
    const { item, op, value } = comparison(condition);
    return satisfies(answerTo(answers, item), op, value);
}

/** Whether one answer satisfies one comparison. */
export function satisfies(answer, op, value) {
    const given = Array.isArray(answer) ? answer : [answer];
    if (op === "is" || op === "in") {
        const wanted = op === "in" ? value : [value];
        return Array.isArray(wanted) && wanted.some((one) => given.includes(one));
    }
    const number = exact(answer);
    const limit = exact(value);
    if (number === null || limit === null) {
        return false;
    }
    const sign = compare(number, limit);
    return { at_least: sign >= 0, at_most: sign <= 0, above: sign > 0, below: sign < 0 }[op];
}

/** The ids of the items that are to be asked, in order, given these answers. */
export function asked(instrument, answers) {
    return instrument.items.filter((item) => !item.ask_when || holds(item.ask_when, answers)).map((item) => item.id);
}
