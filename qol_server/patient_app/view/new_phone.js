/** Moving to a new phone: send everything first, pair the new one, then put this one away. */

import { Button, html, Notice, Screen, TroubleNotice, useAction } from "./kit.js";
import { saveCopyOfUnsent } from "./saving.js";
import { t } from "../words/index.js";

/** The screen "I have a new phone". */
export function NewPhone({ phone, known, back }) {
    const { unsent } = known.sync;
    const drafts = Object.keys(known.drafts).length;
    const [send, busy, trouble] = useAction(() => phone.sendNow());
    const [save, isSaving, saveTrouble] = useAction(() => saveCopyOfUnsent(phone, known));
    return html`<${Screen} title=${t("new_phone.title")} back=${back}>
        <p>${t("new_phone.what")}</p>
        <h2>${t("new_phone.first")}</h2>
        <div aria-live="polite">
            <${Notice} tone=${unsent > 0 ? "warn" : "good"}><p>${unsent > 0 ? t("new_phone.waits", { n: unsent }) : t("sending.all_sent")}</p><//>
        </div>
        ${unsent > 0 && html`<div class="stack">
            <${Button} kind="main" busy=${busy} onClick=${send}>${t("outbox.send_now")}<//>
            <${Button} busy=${isSaving} onClick=${save}>${t("outbox.save_copy")}<//>
        </div>`}
        <${TroubleNotice} trouble=${trouble ?? saveTrouble} />
        ${drafts > 0 && html`<${Notice}><p>${t("new_phone.drafts", { n: drafts })}</p><//>`}
        <h2>${t("new_phone.second")}</h2>
        <p>${t("new_phone.code")}</p>
        <h2>${t("new_phone.third")}</h2>
        <p>${t("new_phone.stays")}</p>
        <p>${t("new_phone.erase")}</p>
    <//>`;
}
