/** How a day of the dose diary is filled in: the prescribed intakes one by one, and advice after a missed or vomited dose. */

import { prescriptionInWords } from "./dose_words.js";
import { onBranch } from "../rules/answers.js";
import { INTAKES, intakesAsked, intakesPrescribed, prescribed, questions } from "../rules/doses.js";
import { capitalised, day, t } from "../words/index.js";

const STATUS = /^intake\.(\d)\.status$/;
const REASON = /^intake\.\d\.reason$/;

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
        help: (draft, id) => {
            const [, n] = STATUS.exec(id) ?? [];
            if (!n) {
                return null;
            }
            const today = wall().day;
            const isLater = Number(n) > 1 && dayOf(draft) === today && !draft.corrects;
            const isPaused = prescription(draft)?.held || prescribed(phone.known.participation, today)?.held || wasToldToPause(draft.answers);
            return helpOn(draft.answers[id] ?? null, isLater, isPaused);
        },
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

function wasToldToPause(answers) {
    return Object.entries(answers).some(([id, answer]) => REASON.test(id) && answer === "told_to_stop");
}

/** `isLater`: an intake that may lie ahead; `isPaused`: no next dose is to be spoken of. */
function helpOn(status, isLater, isPaused) {
    if (status === null) {
        return isLater ? t("dose.help.later") : null;
    }
    return status === "vomited" ? t("dose.help.vomited") : status === "not_taken" && !isPaused ? t("dose.help.missed") : null;
}
