/** The emergency card: whom to call and what to say, without a network, a PIN or a pairing. */

import { Call, EVERYWHERE, html, Screen } from "./kit.js";
import { t } from "../words/index.js";

/** Both numbers, each on a button as wide as the screen; `first`: "emergency" (default) or "site". */
export function Calls({ known, first = "emergency" }) {
    const number = known.study?.emergency_number ?? EVERYWHERE;
    const site = known.participation;
    const help = html`<${Call} key="emergency" number=${number} kind="urgent wide" label=${t("emergency.call", { number: number })} />`;
    const own = site && html`<${Call} key="site" number=${site.site_phone} kind=${`${first === "site" ? "urgent" : "danger"} wide`}
        label=${t("emergency.call_site", { site: site.site, number: site.site_phone })} />`;
    return html`<div class="calls">${first === "site" ? [own, help] : [help, own]}</div>`;
}

/** `unlocked`: false while the PIN hides what this phone knows of its owner's treatment. */
export function Emergency({ known, back, unlocked }) {
    const study = known.identity?.confirmed ? known.study : null;
    return html`<${Screen} title=${t("emergency.title")} back=${back}>
        <p>${t("emergency.danger")}</p>
        <${Calls} known=${study ? known : {}} />
        <h2>${t("emergency.then")}</h2>
        <ul class="points">
            <li>${t("emergency.do_not_wait")}</li>
            ${study && html`<li>${t("emergency.no_answer", { site: known.participation?.site ?? "" })}</li>`}
            ${study && html`<li>${t("emergency.say")}</li>`}
        </ul>
        ${study && html`<h2>${t("emergency.show")}</h2>
            <dl class="card">
                <div><dt>${t("emergency.study")}</dt><dd dir="ltr">${study.registry}</dd></div>
                <div><dt>${t("emergency.participant")}</dt><dd dir="ltr">${known.identity.participant}</dd></div>
                ${unlocked && study.treatment && html`<div><dt>${t("emergency.medicine")}</dt><dd>${study.treatment.name}</dd></div>`}
            </dl>`}
    <//>`;
}
