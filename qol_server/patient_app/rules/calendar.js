/** What is asked of the participant and when: the state of each assignment, what is due now, what comes next. */

import { standing, underReview } from "./responses.js";

/** The last day of a window whose end is not known yet. */
export const OPEN_ENDED = "9999-12-31";

/**
 * The state of an assignment at `now`, { day, time } on the wall where the phone is: upcoming, open, late, answered,
 * missed, under-review or not-expected. What was received counts first, whenever that was; then whether it is expected.
 */
export function state(assignment, now, { answered = false, underReview: isUnderReview = false } = {}) {
    if (answered) {
        return "answered";
    }
    if (isUnderReview) {
        return "under-review";
    }
    if (!assignment.expected) {
        return "not-expected";
    }
    return window(assignment, now);
}

/** Where `now` lies in the window of an assignment, whatever was received: upcoming, open, late or missed. */
export function window(assignment, { day, time }) {
    if (`${day} ${time}` < `${assignment.opens} ${assignment.opens_at}`) {
        return "upcoming";
    }
    return day <= assignment.due ? "open" : day <= assignment.closes ? "late" : "missed";
}

/**
 * Which response serves which assignment: { occurrence: occurrence whose response serves it }. `given`: { occurrence:
 * local day of capture }. One form is enough where windows overlap: an assignment with `served_by` A is served by a
 * response to A captured in [opens, closes], and lends its own to those of A whose [opens, due] holds its day.
 */
export function served(assignments, given) {
    const borrows = new Map(assignments.filter((one) => one.served_by).map((one) => [one.occurrence, one.served_by]));
    const byDay = Object.entries(given).sort((one, other) => (`${one[1]} ${one[0]}` < `${other[1]} ${other[0]}` ? -1 : 1));
    const lentBack = byDay.filter(([occurrence]) => borrows.has(occurrence));
    const serving = {};
    for (const one of assignments) {
        if (Object.hasOwn(given, one.occurrence)) {
            serving[one.occurrence] = one.occurrence;
            continue;
        }
        const found = (one.served_by ? byDay : lentBack).find(([occurrence, day]) => {
            const lends = one.served_by && occurrence.startsWith(`${one.served_by}@`) && one.opens <= day && day <= one.closes;
            return lends || (borrows.get(occurrence) === one.assessment && one.opens <= day && day <= one.due);
        });
        if (found) {
            serving[one.occurrence] = found[0];
        }
    }
    return serving;
}

/** Every assignment with its state now: [{ assignment, state }]. */
export function states(known, now) {
    const stands = standing(known);
    const serving = served(known.assignments, Object.fromEntries([...stands].map(([name, one]) => [name, one.day])));
    const review = underReview(known);
    return known.assignments.map((assignment) => ({
        assignment,
        state: hasEnded(known, now.day) && !stands.has(assignment.occurrence)
            ? "not-expected"
            : state(assignment, now, {
                answered: Object.hasOwn(serving, assignment.occurrence),
                underReview: review.has(assignment.occurrence),
            }),
    }));
}

/** Whether nothing more is asked: the participation has ended. */
export function hasEnded(known, day) {
    const ended = known.participation?.ended_on;
    return Boolean(ended) && ended <= day;
}

/** Whether nothing is asked for a while: an amendment needs the consent anew, and it was not signed yet. */
export function isWaitingForConsent(known, day) {
    const needed = known.participation?.consent_needed;
    return Boolean(needed) && needed.from <= day;
}

/**
 * What is to be answered now, most urgent first: the day's own diary, then what closes first. [{ assignment, state, draft }];
 * `state`: open, or late (accepted until `assignment.closes`); `draft`: what was begun, or null.
 */
export function due(known, now) {
    const daily = dailyOnes(known);
    const isTodays = ({ assignment }) => daily.has(assignment.assessment) && assignment.target === now.day;
    const order = (one) => [isTodays(one) ? 0 : 1, one.assignment.closes, one.assignment.due, one.assignment.occurrence].join(" ");
    const asked = isWaitingForConsent(known, now.day) ? [] : states(known, now);
    return asked
        .filter((one) => one.state === "open" || one.state === "late")
        .map((one) => ({ ...one, draft: known.drafts[one.assignment.occurrence] ?? null }))
        .sort((one, other) => (order(one) < order(other) ? -1 : 1));
}

/**
 * What opens later, soonest first, as far as this phone was told: [{ assignment, until }]. A daily diary stands once, with
 * `until` its last known day; null for all others.
 */
export function coming(known, now) {
    const daily = dailyOnes(known);
    const ahead = states(known, now).filter((one) => one.state === "upcoming").map((one) => one.assignment);
    ahead.sort((one, other) => (`${one.opens} ${one.occurrence}` < `${other.opens} ${other.occurrence}` ? -1 : 1));
    const seen = new Set();
    const found = [];
    for (const assignment of ahead) {
        const isDaily = daily.has(assignment.assessment);
        if (isDaily && seen.has(assignment.assessment)) {
            continue;
        }
        seen.add(assignment.assessment);
        const days = ahead.filter((one) => one.assessment === assignment.assessment).map((one) => one.target);
        found.push({ assignment, until: isDaily ? days.at(-1) : null });
    }
    return found;
}

function dailyOnes(known) {
    return new Set((known.study?.assessments ?? []).filter((one) => one.daily).map((one) => one.id));
}
