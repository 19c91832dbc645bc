/** What the dose diary says of a day: its prescription, and its state as a sign and a word. */

import { html } from "./kit.js";
import { number, t } from "../words/index.js";

const SIGNS = {
    taken: "M4.5 12.5l5 5L19.5 7",
    different: "M4 9.5c2.7-3 5.3-3 8 0s5.3 3 8 0M4 16.5c2.7-3 5.3-3 8 0s5.3 3 8 0",
    missed: "M6 6l12 12M18 6L6 18",
    partly: "M12 4a8 8 0 100 16 8 8 0 000-16z",
    held: "M9 5v14M15 5v14",
    unknown: "M8.5 9a3.5 3.5 0 117 0c0 2.5-3.5 2.8-3.5 5.5M12 18.5v.5",
    recorded: "M8 3.5h8v17H8zM11 17.5h2",
    review: "M10.5 4a6.5 6.5 0 100 13 6.5 6.5 0 000-13zM15.5 15.5L20 20",
    open: "M14.5 5.5l4 4L9 19H5v-4z",
    upcoming: "M12 5a7 7 0 100 14 7 7 0 000-14zM12 8.5V12l2.5 2",
};

/** The states that a day can be told in, in the order of the legend. */
export const STATES = Object.keys(SIGNS);

/** The sign of a day's state; the word stands beside it or in the name of the button around it. */
export function DoseSign({ state }) {
    return html`<svg class=${`sign ${state}`} viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d=${SIGNS[state]} />
        ${state === "partly" && html`<path class="half" d="M12 4a8 8 0 000 16z" />`}</svg>`;
}

/** What is prescribed, in words; `prescription`: of `doses.prescribed`. */
export function prescriptionInWords(prescription) {
    if (prescription === null) {
        return t("dose.nothing_prescribed");
    }
    return prescription.held
        ? t("dose.held_short")
        : t("dose.prescribed", { n: prescription.intakes_per_day, mg: number(prescription.mg_per_intake) });
}
