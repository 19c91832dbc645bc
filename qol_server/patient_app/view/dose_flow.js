/** How a day of the dose diary is filled in: the prescribed intakes one by one, and advice after a missed or vomited dose. */

import { prescriptionInWords } from "./dose_words.js";
import { onBranch } from "../rules/answers.js";
import { INTAKES, intakesAsked, intakesPrescribed, prescribed, questions } from "../rules/doses.js";
import { capitalised, day, t } from "../words/index.js";

const STATUS = /^intake\.\d\.status$/;

/** The flow of a dose diary (see flows.js). `wall`: () -> { day, time }, where the phone is. */
export function doseFlow(phone, wall) {
    const instrumentOf = (draft) => phone.known.instruments[draft.instrument];
    const dayOf = (draft) => draft.occurrence.split("@")[1];
    const prescription = (draft) => prescribed(phone.known.participation, dayOf(draft));
    // a day without a prescribed dose is opened for one reason only: a dose was taken
    const extra = (draft) => Math.max(draft.extra ?? 0, intakesPrescribed(prescription(draft)) === 0 ? 1 : 0);
    return {
        items: (draft) => {
            const answers = onBranch(instrumentOf(draft), draft.answers);
            return questions(instrumentOf(draft), answers, prescription(draft), extra(draft), isLate(phone.known, draft, wall().day));
        },
        context: (draft) => `${capitalised(day(dayOf(draft)))} · ${prescriptionInWords(prescription(draft))}`,
        help: (draft, id) => (STATUS.test(id) ? helpOn(draft.answers[id]) : null),
        more: (draft) => {
            const shown = intakesAsked(draft.answers, prescription(draft), extra(draft));
            const another = { ...draft, extra: shown - intakesPrescribed(prescription(draft)) + 1 };
            return shown < INTAKES ? { label: t("dose.more"), draft: another, step: `intake.${shown + 1}.status` } : null;
        },
    };
}

/** Whether a reason is asked for: the day is filled in later than the protocol wants, or a reason was given before. */
function isLate(known, draft, today) {
    const assignment = known.assignments.find((one) => one.occurrence === draft.occurrence);
    const isLateNow = !draft.corrects && Boolean(assignment?.late_reason_after) && today > assignment.late_reason_after;
    return isLateNow || Boolean(draft.answers.late_reason);
}

function helpOn(status) {
    return status === "not_taken" ? t("dose.help.missed") : status === "vomited" ? t("dose.help.vomited") : null;
}
