/** One day of the dose diary before it is filled in: what is prescribed, what can still be said, and what to do after a missed dose. */

import { DoseSign, prescriptionInWords } from "./dose_words.js";
import { Button, Call, html, Notice, Screen, useNow } from "./kit.js";
import { wall } from "../rules/days.js";
import { dayStates, prescribed } from "../rules/doses.js";
import { capitalised, day, t } from "../words/index.js";

/** `route`: { day }. */
export function Dose({ phone, known, route, go, back }) {
    const now = wall(useNow(phone));
    const [one] = dayStates(known, route.day, route.day, now);
    const site = known.participation;
    const isPaused = [one.prescription, site && prescribed(site, now.day)].some((each) => each?.held); // then there is no next dose to speak of
    const call = site && html`<${Call} kind="plain" number=${site.site_phone} label=${t("emergency.call_site", { site: site.site, number: site.site_phone })} />`;
    const fill = () => go({ name: "fill", key: one.occurrence });
    const isHeld = one.state === "held";
    const label = one.draft ? "dose.go_on" : isHeld ? "dose.took_one" : "dose.fill_in";
    const actions = one.mayFill && html`<${Button} kind=${isHeld ? "plain" : "main"} onClick=${fill}>${t(label)}<//>`;
    return html`<${Screen} title=${capitalised(day(one.day))} step=${t("dose_calendar.title")} back=${back} actions=${actions || undefined}>
        <p class="day-state"><${DoseSign} state=${one.state} /> <span>${t(`dose.state.${one.state}`)}</span></p>
        ${!isHeld && html`<p>${prescriptionInWords(one.prescription)}</p>`}
        <p>${explained(one)}</p>
        ${one.mayFill && one.isLate && html`<p>${t("dose.asks_why_late")}</p>`}
        ${one.response?.entry && html`<${Button} onClick=${() => go({ name: "response", id: one.response.id })}>${t("dose.see_answers")}<//>`}
        ${isPaused ? call : html`<${Notice} title=${t("dose.double.title")}><p>${t("dose.double.text")}</p>${call}<//>`}
    <//>`;
}

/** What the day's state means for the participant. */
function explained({ state, mayFill, assignment }) {
    if (state === "open") {
        return t("dose.explain.open", { day: day(assignment.closes) });
    }
    if (state === "held") {
        return t(mayFill ? "dose.explain.held" : "dose.explain.held_over");
    }
    return t(`dose.explain.${["recorded", "review", "unknown", "upcoming", "none"].includes(state) ? state : "filled"}`);
}
