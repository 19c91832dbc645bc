/** The dose diary: what is prescribed on a day, what was taken against it, and which questions a day asks. */

import { answerTo, asked } from "./conditions.js";
import { hasEnded, isWaitingForConsent, window } from "./calendar.js";
import { compare, exact, minus, NOUGHT, plus, share, written } from "./decimal.js";
import { range } from "./days.js";
import { standing, underReview } from "./responses.js";

/** The instrument whose answers these rules read, and how many intakes a day it has room for. */
export const DOSE_DIARY = "dose-diary";
export const INTAKES = 6;

const SWALLOWED = new Set(["taken", "different", "vomited"]);
const AMOUNT = /^[0-9]{1,6}(\.[0-9]{1,6})?$/;
const INTAKE = /^intake\.([1-9])\.(status|mg|time|reason)$/;

/**
 * The prescription in force on a day: { mg_per_day, intakes_per_day, mg_per_intake, held, regimen }, amounts as text;
 * null before the first one.
 */
export function prescribed(participation, day) {
    const one = inForce(participation, day);
    if (one === null) {
        return null;
    }
    const mg = exact(one.mg_per_day);
    const held = compare(mg, NOUGHT) === 0;
    return {
        mg_per_day: one.mg_per_day, intakes_per_day: one.intakes_per_day, regimen: one.regimen, held,
        mg_per_intake: held ? "0" : written(share(mg, one.intakes_per_day)),
    };
}

/** Whether a day lies in the treatment, its first and last day included. */
export function treated(participation, day) {
    const { from, until } = participation.treatment;
    return !(from && day < from) && !(until && day > until);
}

/**
 * What a diary says of a day, against what was prescribed: planned, recorded (known to be swallowed, also what was not
 * due) and over (above the prescription) in exact mg; intakes planned, taken, stated as missed, unknown and vomited.
 * `isUnknown`: something of the day cannot be told. What nobody reported is unknown, never missed.
 */
export function doseDay(participation, day, answers) {
    const prescription = inForce(participation, day);
    const inTreatment = treated(participation, day);
    const mgPerDay = prescription === null ? NOUGHT : exact(prescription.mg_per_day);
    const isDosed = prescription !== null && inTreatment && compare(mgPerDay, NOUGHT) > 0;
    const planned = isDosed ? prescription.intakes_per_day : 0;
    const usual = usualDose(participation, day);
    const found = { taken: 0, missed: 0, unknown: 0, vomited: 0 };
    let recorded = NOUGHT;
    let isUnclear = false;
    for (let n = 1; n <= INTAKES; n += 1) {
        const due = n <= planned;
        const stated = amount(answerTo(answers, `intake.${n}.mg`));
        let status = answerTo(answers, `intake.${n}.status`);
        if (status === "different" && stated !== null && compare(stated, NOUGHT) === 0) {
            status = "not_taken";
        }
        const mg = stated !== null || (status === "different" && due) ? stated : usual;
        if (SWALLOWED.has(status) && mg !== null) {
            recorded = plus(recorded, mg);
            found.taken += due ? 1 : 0;
            found.vomited += status === "vomited" ? 1 : 0;
        } else if (status === "not_taken") {
            found.missed += due ? 1 : 0;
        } else if (due) {
            found.unknown += 1;
        } else if (SWALLOWED.has(status)) {
            isUnclear = true;
        }
    }
    const plannedMg = planned ? mgPerDay : NOUGHT;
    return {
        day, plannedMg, planned, recordedMg: recorded, ...found, isUnknown: found.unknown > 0 || isUnclear,
        overMg: compare(recorded, plannedMg) > 0 ? minus(recorded, plannedMg) : NOUGHT,
        held: prescription !== null && !isDosed && inTreatment && compare(mgPerDay, NOUGHT) === 0,
    };
}

/** A day's state in one word: taken, different, missed, partly, held, unknown, or none (no dose is due and none was taken). */
export function dayState(dose) {
    const hasDose = compare(dose.recordedMg, NOUGHT) > 0;
    if (dose.planned === 0) {
        return hasDose || dose.isUnknown ? "different" : dose.held ? "held" : "none";
    }
    if (dose.isUnknown) {
        return hasDose || dose.missed > 0 ? "partly" : "unknown";
    }
    if (dose.missed > 0) {
        return hasDose ? "partly" : "missed";
    }
    return dose.vomited > 0 || compare(dose.recordedMg, dose.plannedMg) !== 0 ? "different" : "taken";
}

/** The assessment of a study that asks the dose diary each day; null where it has none. */
export function assessment(known) {
    return known.study?.assessments.find((one) => one.instrument === DOSE_DIARY && one.daily) ?? null;
}

/**
 * Each day from the first to the last: { day, state, occurrence, assignment, response, draft, mayFill, isLate, prescription }.
 * `state`: one of `dayState`, or recorded (another phone or the site gave the answers), review (the site looks at them), open
 * (not reported, and may still be), upcoming. `mayFill`: the day can still be filled in, a held one too; `isLate`: then a
 * reason is asked for.
 */
export function dayStates(known, first, last, now) {
    const diary = assessment(known);
    const assignments = new Map(known.assignments.filter((one) => one.assessment === diary?.id).map((one) => [one.target, one]));
    const stands = standing(known);
    const review = underReview(known);
    const ended = hasEnded(known, now.day) || isWaitingForConsent(known, now.day);
    return range(first, last).map((day) => {
        const assignment = assignments.get(day) ?? null;
        const occurrence = `${diary?.id}@${day}`;
        const response = stands.get(occurrence) ?? null;
        const prescription = known.participation ? prescribed(known.participation, day) : null;
        const place = assignment === null ? "missed" : window(assignment, now);
        const isAsked = assignment !== null && !ended && (assignment.expected || isHeld(known.participation, day));
        const mayFill = isAsked && (place === "open" || place === "late") && !response && !review.has(occurrence);
        const said = { day, occurrence, assignment, response, prescription, mayFill, draft: known.drafts[occurrence] ?? null };
        const isLate = mayFill && assignment.late_reason_after !== null && now.day > assignment.late_reason_after;
        return { ...said, isLate, state: stateOf(said, known, place, review.has(occurrence)) };
    });
}

function stateOf({ day, assignment, response, mayFill }, known, place, isUnderReview) {
    if (response !== null) {
        const answers = response.entry?.answers;
        return answers ? dayState(doseDay(known.participation, day, answers)) : "recorded";
    }
    if (isUnderReview) {
        return "review";
    }
    const unreported = known.participation ? dayState(doseDay(known.participation, day, {})) : "none";
    if (unreported !== "unknown") {
        return unreported;
    }
    if (!assignment?.expected) {
        return "none";
    }
    return mayFill ? "open" : place === "upcoming" ? "upcoming" : "unknown";
}

/**
 * The items that the phone asks of a day: the prescribed intakes and `extra` further ones, as far as their conditions hold;
 * the reason for filling it in late only where `isLate`; then the rest. Intakes that were answered stay.
 */
export function questions(instrument, answers, prescription, extra = 0, isLate = false) {
    const intakes = intakesAsked(answers, prescription, extra);
    return asked(instrument, answers).filter((id) => {
        const intake = INTAKE.exec(id);
        return intake ? Number(intake[1]) <= intakes : id !== "late_reason" || isLate;
    });
}

/** How many intakes of a day are asked: those prescribed and `extra` further ones, and every one that was answered. */
export function intakesAsked(answers, prescription, extra = 0) {
    const given = Object.keys(answers).map((id) => INTAKE.exec(id));
    const answered = given.filter((found) => found?.[2] === "status" && answers[found[0]] !== null).map((found) => Number(found[1]));
    return Math.min(INTAKES, Math.max(intakesPrescribed(prescription) + extra, ...answered));
}

/** How many intakes a prescription asks for; none where it is a hold or there is none. */
export function intakesPrescribed(prescription) {
    return prescription === null || prescription.held ? 0 : prescription.intakes_per_day;
}

/** Whether the treatment pauses on a day that lies in it; false while nothing is known of the participation. */
export function isHeld(participation, day) {
    const one = participation && inForce(participation, day);
    return Boolean(one) && compare(exact(one.mg_per_day), NOUGHT) === 0 && treated(participation, day);
}

function inForce(participation, day) {
    return participation.prescriptions.filter((one) => one.from <= day).at(-1) ?? null;
}

/** One intake of the dose in force, else of the last one that was, else of the first: what a dose that is not due is taken for. */
function usualDose(participation, day) {
    const doses = participation.prescriptions.filter((one) => compare(exact(one.mg_per_day), NOUGHT) > 0);
    const one = doses.filter((dose) => dose.from <= day).at(-1) ?? doses[0];
    return one === undefined ? null : share(exact(one.mg_per_day), one.intakes_per_day);
}

function amount(answer) {
    const isAmount = (typeof answer === "string" || Number.isInteger(answer)) && AMOUNT.test(String(answer));
    return isAmount ? exact(answer) : null;
}
