/** Once after pairing: what helps over the years. Nothing here has to be done. */

import { Button, html, Row, Screen, useAction } from "./kit.js";
import { PushChoice } from "./push_choice.js";
import { t } from "../words/index.js";

/** The last tap asks the phone to keep what is entered; some phones then ask their owner. */
export function Ready({ phone, known, go }) {
    const [finish, busy] = useAction(async () => {
        await phone.askPersistence().catch(() => false); // Today tells where the phone does not promise it
        await phone.set({ ready: true });
        go({ name: "today" }, { replace: true });
    });
    return html`<${Screen} title=${t("ready.title")} actions=${html`<${Button} kind="main" busy=${busy} onClick=${finish}>${t("ready.done")}<//>`}>
        <p>${t("ready.text")}</p>
        <ul class="points">
            <li>${t("ready.offline")}</li>
            <li>${t("ready.keep")}</li>
        </ul>
        <${PushChoice} phone=${phone} />
        ${!known.settings.hasPin && html`<${Row} title=${t("ready.pin")} note=${t("ready.pin_note")} onClick=${() => go({ name: "pin" })} />`}
    <//>`;
}
