/** Advice that cannot wait, over the whole screen: what to do, and the numbers to call. It needs no network. */

import { Calls } from "./emergency.js";
import { Button, html, Screen } from "./kit.js";
import { t } from "../words/index.js";

/** Whether an advice speaks of the emergency number first of all. */
function isForEmergency(texts, number) {
    return texts.some((text) => text.includes(number) && text.indexOf(number) < text.length / 2);
}

/** `texts`: what the protocol says, one for each rule that was raised; `goOn`: back to what was being done; `isSaved`: it was sealed. */
export function Urgent({ known, texts, goOn, isSaved = false }) {
    const said = [...new Set(texts.map((text) => text ?? t("urgent.usual")))];
    const number = known.study.emergency_number;
    return html`<${Screen} tone="alarm" title=${t("urgent.title")}
        actions=${html`<${Button} onClick=${goOn}>${t(isSaved ? "action.go_on" : "urgent.go_on")}<//>`}>
        <${Calls} known=${known} first=${isForEmergency(said, number) ? "emergency" : "site"} />
        <div role="alert">${said.map((text) => html`<p class="advice" key=${text}>${text}</p>`)}</div>
        <p>${t("urgent.nobody", { number })}</p>
        <p class="hint">${t(isSaved ? "urgent.saved" : "urgent.kept")}</p>
    <//>`;
}
