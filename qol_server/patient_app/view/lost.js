/** The phone deleted what the app had kept: what happened, what was lost at most, and what to do now. */

import { Button, html, Notice, Screen } from "./kit.js";
import { dayAndHour, t } from "../words/index.js";

/** Shown instead of the welcome, until its button is pressed. */
export function Lost({ known, go }) {
    const { since, waiting } = known.notices.find(({ code }) => code === "storage-lost");
    return html`<${Screen} title=${t("notice.storage-lost.title")}
        actions=${html`<${Button} kind="main" onClick=${() => go({ name: "welcome" }, { replace: true })}>${t("again.pair")}<//>`}>
        <p>${t("lost.what")}</p>
        <p>${t("notice.storage-lost.text")}</p>
        <${Notice} tone=${waiting > 0 ? "warn" : "good"}>
            <p>${waiting > 0 ? t("lost.some", { n: waiting, when: dayAndHour(since) }) : t("lost.none", { when: dayAndHour(since) })}</p>
        <//>
        <p>${t("lost.half")}</p>
        <h2>${t("lost.do.title")}</h2>
        <ol class="steps">
            <li>${t("lost.do.code")}</li>
            <li>${t("lost.do.pair")}</li>
            <li>${t("lost.do.tell")}</li>
        </ol>
    <//>`;
}
