/**
 * The alerts that the phone finds by itself, without a network: the study's rules that are urgent `now` or have advice for the
 * participant. A rule that one phone cannot decide (a score, an earlier answer that another phone gave) is not raised here.
 */

import { answerTo, comparison, holds, satisfies } from "./conditions.js";
import { compare, exact, minus, NOUGHT } from "./decimal.js";
import { later } from "./days.js";
import { DOSE_DIARY, doseDay } from "./doses.js";
import { responses, standing } from "./responses.js";

const URGENCIES = ["now", "same-day", "this-week"];
const LONGEST_RUN = 400; // days looked back over: held days neither count nor break a run

/**
 * The rules that these answers raise, most urgent first: [{ rule, urgency, advice, text }] with the rule's id, its urgency (one
 * of `URGENCIES`), the name of its advice and what the participant is told (null where the rule names none). The answers may
 * be incomplete: ask again after each one. `context`: see `contextOf`.
 */
export function raised(study, instrumentId, answers, context) {
    return study.rules
        .filter((rule) => !rule.when.instrument || rule.when.instrument === instrumentId)
        .filter((rule) => isRaised(rule, instrumentId, answers, context))
        .map(({ id, urgency, advice }) => ({ rule: id, urgency, advice: advice ?? null, text: (advice && study.advice[advice]) ?? null }))
        .sort((one, other) => URGENCIES.indexOf(one.urgency) - URGENCIES.indexOf(other.urgency));
}

/** The rules that a response raises that was given on this phone, judged by what was given before it. */
export function raisedBy(known, entry) {
    const { id, occurrence, instrument, answers } = entry;
    const subject = { assessment: occurrence.split("@")[0], occurrence, instrument, corrects: id };
    return raised(known.study, instrument, answers ?? {}, contextOf(known, subject));
}

/** Whether the advice of a rule cannot wait until the questionnaire is sent. */
export function isUrgent(alert) {
    return alert.urgency === "now";
}

/**
 * What the rules need besides the answers: { items, participation, day, doses, previous, baseline }. `day` and `doses`
 * (day -> answers that stand): of a dose diary; `previous`, `baseline`: the answers given before and first of all to this
 * assessment, null where there are none or where they are not on this phone. `corrects`: the id of the entry that the
 * answers correct.
 */
export function contextOf(known, { assessment, occurrence, instrument, corrects = null }) {
    const own = known.entries.find((entry) => entry.id === corrects);
    const given = [...standing(known).values()].filter((one) => one.occurrence.startsWith(`${assessment}@`));
    const all = new Map(responses(known).map((one) => [one.id, one]));
    const began = (one) => Date.parse(firstOf(all, one).captured_at); // a correction made today tells of the day that it corrects
    const others = given
        .filter((one) => one.occurrence !== (own?.occurrence ?? occurrence))
        .map((one) => ({ one, at: began(one) }))
        .sort((one, other) => one.at - other.at);
    const before = (own ? others.filter(({ at }) => at < began(own)) : others).map(({ one }) => one);
    const place = (own?.occurrence ?? occurrence)?.split("@")[1];
    return {
        items: known.instruments[instrument]?.items ?? [],
        participation: known.participation,
        day: instrument === DOSE_DIARY ? place : null,
        doses: new Map(given.map((one) => [one.occurrence.split("@")[1], one.entry?.answers ?? null])),
        previous: before.at(-1)?.entry?.answers ?? null,
        baseline: before[0]?.entry?.answers ?? null,
    };
}

function isRaised(rule, instrumentId, answers, context) {
    const { when } = rule;
    const from = rule.on_phone_from ?? null;
    if (when.all || when.any) {
        return holds(when, answers);
    }
    if (when.any_item) {
        return when.any_item.some((item) => satisfies(answerTo(answers, item), "is", when.is));
    }
    if (when.item) {
        return holds(when, answers) || reaches(comparison(when).op, answerTo(answers, when.item), from);
    }
    if (when.score) {
        return false; // the phone computes no scores
    }
    if (when.rise !== undefined) {
        return withAttribute(when, context).some((item) => rose(item, when, answers, context));
    }
    if (when.attribute) {
        const given = withAttribute(when, context).map((item) => answerTo(answers, item.id));
        return given.some((answer) => satisfies(answer, "at_least", when.at_least) || reaches("at_least", answer, from));
    }
    if (instrumentId !== DOSE_DIARY || !context.participation || !context.day) {
        return false;
    }
    if (when.day_dose_above === "prescribed") {
        const dose = doseDay(context.participation, context.day, decided(answers, context));
        const howMuchIsUnknown = dose.planned === 0 && dose.isUnknown; // whatever was taken, none was prescribed
        return howMuchIsUnknown || compare(dose.overMg, NOUGHT) > 0;
    }
    return when.stated_not_taken_in_a_row !== undefined && notTaken(answers, context) >= when.stated_not_taken_in_a_row;
}

/** Whether an answer reaches the value from which the phone shows the advice, below the limit of the rule itself. */
function reaches(op, answer, from) {
    return from !== null && (op === "at_least" || op === "above") && satisfies(answer, "at_least", from);
}

function withAttribute(when, context) {
    return context.items.filter((item) => !when.attribute || item.attribute === when.attribute);
}

function rose(item, when, answers, context) {
    const now = level(item, answers, context);
    return now !== null && when.over.some((which) => {
        const then = level(item, context[which] ?? {}, context);
        return then !== null && compare(minus(now, then), exact(when.rise)) >= 0;
    });
}

/**
 * The number that an item says; one that was not asked because its branch does not hold says its lowest code. Somebody who
 * was never sick was not asked how badly: the week after, "severe" is a rise all the same.
 */
function level(item, answers, { items }) {
    const given = answerTo(answers, item.id);
    const isSkipped = item.ask_when && !Object.hasOwn(answers, item.id)
        && isTold(item.ask_when, items, answers) && !holds(item.ask_when, answers);
    const codes = (item.codes ?? []).filter(Number.isInteger);
    return given !== null ? exact(given) : isSkipped && codes.length > 0 ? exact(Math.min(...codes)) : null;
}

/** Whether every item that a condition looks at was answered, and not with a coded non-answer. */
function isTold(condition, items, answers) {
    const parts = condition.all ?? condition.any;
    if (parts) {
        return parts.every((part) => isTold(part, items, answers));
    }
    const answer = answerTo(answers, condition.item);
    const asked = items.find((one) => one.id === condition.item);
    return answer !== null && Boolean(asked) && !asked.non_answers.includes(answer);
}

/**
 * The answers without intakes of another dose whose amount is still to be entered. Afterwards an amount that was not given
 * counts as the usual dose; to say so while somebody is about to type it would be a false alarm.
 */
function decided(answers, context) {
    const isPending = (item) => {
        const [, intake] = /^(intake\.[0-9]+)\.status$/.exec(item.id) ?? [];
        return intake && answerTo(answers, item.id) === "different" && !Object.hasOwn(answers, `${intake}.mg`);
    };
    const pending = new Set(context.items.filter(isPending).map((item) => item.id));
    return Object.fromEntries(Object.entries(answers).filter(([id]) => !pending.has(id)));
}

/** How many days in a row, up to this one, the participant stated that no dose was taken. A day that is not known ends it. */
function notTaken(answers, { participation, day, doses }) {
    let inARow = 0;
    for (let back = 0; back < LONGEST_RUN; back += 1) {
        const one = later(day, -back);
        const dose = doseDay(participation, one, back === 0 ? answers : (doses.get(one) ?? {}));
        if (dose.planned > 0 && dose.missed === dose.planned && compare(dose.recordedMg, NOUGHT) === 0) {
            inARow += 1;
        } else if (!dose.held || compare(dose.recordedMg, NOUGHT) > 0) {
            break;
        }
    }
    return inARow;
}

/** The first of the chain of corrections that an entry belongs to. */
function firstOf(all, entry) {
    let first = entry;
    for (let steps = 0; first.supersedes && all.has(first.supersedes) && steps < all.size; steps += 1) {
        first = all.get(first.supersedes);
    }
    return first;
}
