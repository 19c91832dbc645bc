/** Messages of the site: the newest first, marked as read once they were on the screen. */

import { Call, html, Notice, Screen, useEffect } from "./kit.js";
import { dayAndHour, language, t } from "../words/index.js";

/** Nobody can write back here: whoever needs an answer calls. */
export function Messages({ phone, known, back }) {
    const unread = known.messages.filter((message) => !message.read).map(({ id }) => id);
    useEffect(() => {
        if (document.visibilityState === "visible") {
            unread.forEach((id) => phone.note("message-read", id).catch(() => {})); // it is noted the next time
        }
    }, [unread.join(" ")]);
    const site = known.participation;
    return html`<${Screen} title=${t("messages.title")} back=${back}>
        ${known.messages.length === 0 && html`<p>${t("messages.none")}</p>`}
        <ul class="rows">
            ${known.messages.toReversed().map((message) => html`<li key=${message.id} class="letter">
                <p class="hint">${dayAndHour(message.sent_at)}</p>
                <p lang=${message.language === language() ? undefined : message.language}>${message.text}</p>
            </li>`)}
        </ul>
        ${site && html`<${Notice}><p>${t("messages.call")}</p>
            <${Call} number=${site.site_phone} kind="plain" label=${t("emergency.call_site", { site: site.site, number: site.site_phone })} /><//>`}
    <//>`;
}
