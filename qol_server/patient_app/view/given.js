/** A response that was given: what became of it, in plain words, and its answers as people say them. */

import { html } from "./kit.js";
import { answerInWords, foreign, questionOf, titleOf } from "./wording.js";
import { DOSE_DIARY } from "../rules/doses.js";
import { day, has, t } from "../words/index.js";

/** What a response is called: its questionnaire, and the day that it is about where it is a diary's. */
export function responseTitle(known, response) {
    const assessment = response.occurrence.split("@")[0];
    const instrument = response.entry?.instrument ?? known.study?.assessments.find((one) => one.id === assessment)?.instrument;
    const title = instrument ? titleOf(known, instrument) : assessment;
    const about = /@(\d{4}-\d{2}-\d{2})$/.exec(response.occurrence);
    if (!about) {
        return title;
    }
    const parts = { title, day: day(about[1], "short") };
    return instrument === DOSE_DIARY ? t("history.dose_of_day", parts) : t("history.title_of_day", parts);
}

/** What became of a response: the last part of a key `history.state.…`. */
export function stateOf(response, corrected) {
    const { entry, isUnderReview, status } = response;
    if (isUnderReview) {
        return "review";
    }
    if (corrected || status === "superseded") {
        return "corrected";
    }
    return entry === null ? "elsewhere" : isWaiting(entry) ? "waiting" : "received";
}

/** Whether the site does not have an entry yet. */
export function isWaiting(entry) {
    return entry.state === "queued" || entry.state === "sending";
}

/** Whether a state is to be seen at a glance: something is still to happen. */
export function isUnsettled(state) {
    return state === "waiting" || state === "review";
}

/** The answers of an entry as a list of questions and answers; `than`: the answers before, to mark what changed. */
export function Answers({ known, entry, than = null }) {
    const instrument = known.instruments[entry.instrument];
    if (!instrument) {
        return html`<p>${t("history.no_questions")}</p>`;
    }
    const given = entry.answers;
    const items = instrument.items.filter((item) => Object.hasOwn(given, item.id) || (than && Object.hasOwn(than, item.id)));
    const lang = foreign(instrument);
    return html`<dl class="answers">${items.map((item) => {
        const isChanged = than && JSON.stringify(given[item.id] ?? null) !== JSON.stringify(than[item.id] ?? null);
        return html`<div key=${item.id} class=${isChanged ? "changed" : ""}>
            <dt lang=${lang} dir=${lang && "auto"}>${questionOf(instrument, item)}</dt>
            <dd><span lang=${lang} dir=${lang && "auto"}>${answerInWords(instrument, item, given[item.id])}</span>
                ${isChanged && html`${" "}<span class="badge">${t("response.changed")}</span>`}</dd>
        </div>`;
    })}</dl>`;
}

/** What the server noted of a response, in words: that it came late, that something was left open … */
export function remarks(response) {
    const flags = response.entry?.receipt?.flags ?? [];
    return flags.filter((flag) => has(`response.flag.${flag}`)).map((flag) => t(`response.flag.${flag}`));
}
