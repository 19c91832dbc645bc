/** What this app is: which study, whose phone, whom to call, which version, and under which licence. */

import { Call, html, Screen } from "./kit.js";
import { lastContact } from "./sync_words.js";
import { NotWatched } from "./watch.js";
import { dayAndHour, t } from "../words/index.js";
import { APP } from "../phone/index.js";

/** The screen "About this app". */
export function About({ phone, known, back }) {
    const { identity, study, participation } = known;
    const facts = [
        [t("about.study"), study?.title ?? identity.study.title],
        study?.registry && [t("about.registry"), study.registry],
        [t("about.participant"), html`<bdi>${identity.participant}</bdi>`],
        participation && [t("about.site"), participation.site],
        [t("about.paired"), dayAndHour(identity.paired_at)],
        [t("about.version"), APP],
    ].filter(Boolean);
    return html`<${Screen} title=${t("about.title")} back=${back}>
        <dl class="facts">${facts.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
        <p>${lastContact(known)}</p>
        ${participation && html`<${Call} number=${participation.site_phone}
            label=${t("emergency.call_site", { site: participation.site, number: participation.site_phone })} />`}
        <${NotWatched} known=${known} now=${phone.now()} calls=${false} />
        <h2>${t("about.licence")}</h2>
        <p>${t("about.licence.program")}</p>
        <p>${t("about.licence.wording")}</p>
    <//>`;
}
