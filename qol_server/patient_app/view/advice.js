/** Advice on what was sent: what cannot wait first, then calmly what is to be done soon, with the number of the site. */

import { Call, html, Notice } from "./kit.js";
import { isUrgent } from "../rules/alerts.js";
import { t } from "../words/index.js";

/** `alerts`: as of `raisedBy`. What several rules say is said once. */
export function Advice({ known, alerts }) {
    const told = (some) => [...new Set(some.map(({ text }) => text ?? t("urgent.usual")))];
    const now = told(alerts.filter(isUrgent));
    const soon = told(alerts).filter((text) => !now.includes(text));
    const site = known.participation;
    return html`
        ${now.length > 0 && html`<${Notice} tone="urgent" live=${false}>${now.map((text) => html`<p key=${text}>${text}</p>`)}<//>`}
        ${soon.length > 0 && html`<${Notice} tone="warn">
            ${soon.map((text) => html`<p key=${text}>${text}</p>`)}
            <${Call} number=${site.site_phone} kind="main wide" label=${t("emergency.call_site", { site: site.site, number: site.site_phone })} />
        <//>`}`;
}
