/** "Something happened": always at hand, with what was reported before and whether it is over. */

import { begun } from "./drafts.js";
import { Button, Call, EVERYWHERE, html, Notice, Row, Screen, TroubleNotice, useAction } from "./kit.js";
import { titleOf } from "./wording.js";
import { standing } from "../rules/responses.js";
import { day, t } from "../words/index.js";

const CHANGED = "changed"; // the study's code for a correction because something went on

/** `route`: {}. */
export function SomethingHappened({ phone, known, go, back }) {
    const [update, busy, trouble] = useAction(async (one) => {
        const key = `correct:${one.id}`;
        if (!known.drafts[key] && known.study.reasons.correction?.includes(CHANGED)) {
            await phone.keepDraft({ ...begun(known, key, phone.moment()), reason: CHANGED }); // who taps here has said why
        }
        go({ name: "fill", key });
    });
    const diaries = (known.study?.assessments ?? []).filter((one) => one.ad_hoc);
    const number = known.study?.emergency_number ?? EVERYWHERE;
    const reported = [...standing(known).values()].filter((one) => diaries.some(({ id }) => one.occurrence.startsWith(`${id}@`)));
    reported.sort((one, other) => Date.parse(other.captured_at) - Date.parse(one.captured_at));
    const going = reported.filter(isGoingOn);
    const others = reported.filter((one) => !isGoingOn(one));
    const actions = diaries.map(({ id, instrument }) => {
        const key = `new:${id}`;
        const words = diaries.length > 1 ? titleOf(known, instrument) : t(known.drafts[key] ? "happened.go_on" : "happened.tell");
        return html`<${Button} key=${id} kind="main" onClick=${() => go({ name: "fill", key })}>${words}<//>`;
    });
    return html`<${Screen} title=${t("happened.title")} back=${back} actions=${actions.length > 0 ? actions : undefined}>
        <p>${t("happened.what")}</p>
        <${Notice} tone="warn">
            <p>${t("happened.do_not_wait")}</p>
            <${Call} number=${number} kind="plain" label=${t("emergency.call", { number })} />
        <//>
        ${going.length > 0 && html`<h2>${t("happened.going_on")}</h2>
            <p>${t("happened.still")}</p>
            <ul class="rows">${going.map((one) => html`<li key=${one.id} class="going-on">
                <${Told} one=${one} go=${go} />
                <${Button} busy=${busy} onClick=${() => update(one)}>${t("happened.update")}<span class="live"> ${nameOf(one)}</span><//>
            </li>`)}</ul>`}
        <${TroubleNotice} trouble=${trouble} />
        ${others.length > 0 && html`<h2>${t("happened.earlier")}</h2>
            <ul class="rows">${others.map((one) => html`<li key=${one.id}><${Told} one=${one} go=${go} /></li>`)}</ul>`}
    <//>`;
}

function Told({ one, go }) {
    const { started, ended } = one.entry?.answers ?? {};
    const since = started ? day(started, "short") : one.day && day(one.day, "short");
    const note = ended ? t("happened.from_to", { from: since, to: day(ended, "short") }) : since && t("happened.since", { day: since });
    return html`<${Row} title=${nameOf(one)} note=${note} onClick=${() => go({ name: "response", id: one.id })} />`;
}

function isGoingOn(one) {
    return one.entry?.answers?.ongoing === "yes";
}

function nameOf(one) {
    const what = one.entry?.answers?.what;
    return typeof what === "string" && what.trim() ? what.trim() : t("happened.unnamed");
}
