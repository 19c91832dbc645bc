/** What this phone keeps of its owner: a file of all of it, and whether the phone may delete it by itself. */

import { Button, html, Notice, Screen, TroubleNotice, useAction, useState } from "./kit.js";
import { saveCopyOfEverything } from "./saving.js";
import { t } from "../words/index.js";

/** The screen "My data on this phone". */
export function MyData({ phone, known, back }) {
    const [saved, setSaved] = useState(false);
    const [save, busy, trouble] = useAction(async () => {
        await saveCopyOfEverything(phone, known);
        setSaved(true);
    });
    return html`<${Screen} title=${t("my_data.title")} back=${back}>
        <h2>${t("my_data.save.title")}</h2>
        <p>${t("my_data.save.what")}</p>
        <p>${t("my_data.save.care")}</p>
        <${Button} kind="main" busy=${busy} onClick=${save}>${t("my_data.save")}<//>
        <${TroubleNotice} trouble=${trouble} />
        <div aria-live="polite">${saved && html`<${Notice} tone="good"><p>${t("my_data.saved")}</p><//>`}</div>
        <h2>${t("my_data.storage.title")}</h2>
        <${Storage} phone=${phone} known=${known} />
    <//>`;
}

/** Whether the browser promised to keep the data; asked again on a tap, since some decide anew. */
function Storage({ phone, known }) {
    const [refused, setRefused] = useState(false);
    const [ask, busy, trouble] = useAction(async () => setRefused(!(await phone.askPersistence())));
    if (!known.notices.some(({ code }) => code === "not-persistent")) {
        return html`<div aria-live="polite"><p>${t("my_data.storage.kept")}</p></div>`;
    }
    return html`<p>${t("my_data.storage.may_go")}</p>
        <${Button} busy=${busy} onClick=${ask}>${t("notice.not-persistent.action")}<//>
        <${TroubleNotice} trouble=${trouble} />
        <div aria-live="polite">${refused && html`<${Notice}><p>${t("my_data.storage.refused")}</p><//>`}</div>`;
}
