/** The way to everything that is not due now. */

import { html, Icon } from "./kit.js";
import { SCREENS } from "./screens.js";
import { t } from "../words/index.js";

const PLACES = [["calendar", "calendar"], ["history", "history"], ["messages", "message"], ["help", "help"], ["settings", "settings"]];

/** A bar of buttons at the end of Today. */
export function Places({ known, go }) {
    const unread = known.messages.filter((message) => !message.read).length;
    return html`<nav class="places" aria-label=${t("places.label")}>
        ${PLACES.filter(([name]) => name in SCREENS).map(([name, drawing]) => html`
            <button type="button" class="place" key=${name} onClick=${() => go({ name })}>
                <${Icon} name=${drawing} /><span>${t(`places.${name}`)}</span>
                ${name === "messages" && unread > 0 && html`<span class="count">${unread}<span class="live"> ${t("places.unread", { n: unread })}</span></span>`}
            </button>`)}
    </nav>`;
}
