/** The way to everything that is not due now. */

import { html, Icon } from "./kit.js";
import { assessment as doseDiary } from "../rules/doses.js";
import { t } from "../words/index.js";

const PLACES = { "dose-calendar": "calendar", history: "history", messages: "message", help: "help", settings: "settings" };

/** A bar of buttons at the end of Today; what is drawn on each, by the name of its screen. */
export function Places({ known, go }) {
    const unread = known.messages.filter((message) => !message.read).length;
    return html`<nav class="places" aria-label=${t("places.label")}>
        ${Object.entries(PLACES).filter(([name]) => name !== "dose-calendar" || doseDiary(known)).map(([name, drawing]) => html`
            <button type="button" class="place" key=${name} onClick=${() => go({ name })}>
                <${Icon} name=${drawing} /><span>${t(`places.${name}`)}</span>
                ${name === "messages" && unread > 0 && html`<span class="count">${unread}<span class="live"> ${t("places.unread", { n: unread })}</span></span>`}
            </button>`)}
    </nav>`;
}
