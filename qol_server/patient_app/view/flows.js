/**
 * What a questionnaire asks while it is filled in. Most ask what their conditions say; a diary may have a way of its own.
 *
 * A flow is { items, context, help, more }:
 * items(draft) -> ids of the items to ask, in order; context(draft, id) -> what is said above a question, or null;
 * help(draft, id) -> what is said below it once it is answered so, or null; more(draft) -> what may be added on the last
 * screen, or null: { label, draft, step } with the draft that holds it and the step to go on at.
 */

import { asked } from "../rules/conditions.js";
import { onBranch } from "../rules/answers.js";
import { wall } from "../rules/days.js";

const OWN_WAYS = {
    "dose-diary": async () => (await import("./dose_flow.js")).doseFlow,
};

/** The flow of a draft. */
export async function flowOf(phone, draft) {
    const own = OWN_WAYS[draft.instrument];
    return own ? (await own())(phone, () => wall(phone.now())) : usual(phone);
}

function usual(phone) {
    return {
        items: (draft) => {
            const instrument = phone.known.instruments[draft.instrument];
            return asked(instrument, onBranch(instrument, draft.answers));
        },
        context: () => null,
        help: () => null,
        more: () => null,
    };
}
