/** What this phone itself has to tell its owner: storage, clock, connection, a newer app. Most urgent first. */

import { Button, html, Notice, Row, TroubleNotice, useAction, useNow } from "./kit.js";
import { saveCopyOfUnsent } from "./saving.js";
import { t } from "../words/index.js";

const DAY = 86_400_000;
const TONES = {
    "storage-lost": "urgent", "held": "urgent", "storage-full": "urgent",
    "overtaken": "warn", "unsent-long": "warn", "clock-off": "warn", "not-persistent": "info",
};

/** Whether something has waited for more than a day to be sent. */
export function waitsLong(known, now) {
    return known.sync.oldestUnsent !== null && known.sync.oldestUnsent !== undefined
        && now.getTime() - new Date(known.sync.oldestUnsent).getTime() > DAY;
}

/** The notices that hold now: [{ code, … }], most urgent first; each code once. */
function deviceNotices(known, now) {
    const found = new Map(known.notices.map((notice) => [notice.code, notice]));
    if (known.sync.unsent === 0) {
        found.delete("not-persistent"); // what was sent cannot be lost with this phone
    }
    if (known.sync.state === "held") {
        found.set("held", { code: "held" });
    } else if (waitsLong(known, now)) {
        found.set("unsent-long", { code: "unsent-long" });
    }
    return Object.keys(TONES).filter((code) => found.has(code)).map((code) => found.get(code));
}

/** The notices of this phone, each with what can be done about it; `tones`: only those that are as urgent as this. */
export function DeviceNotices({ phone, known, go, tones = ["urgent", "warn", "info"] }) {
    const now = useNow(phone);
    return deviceNotices(known, now).filter(({ code }) => tones.includes(TONES[code])).map((notice) => html`
        <${One} key=${notice.code} notice=${notice} phone=${phone} known=${known} go=${go} />`);
}

function One({ notice, phone, known, go }) {
    const { code } = notice;
    const n = known.sync.unsent;
    if (code === "not-persistent") { // no reason to be alarmed every day
        return html`<${Row} title=${t("notice.not-persistent.title")} onClick=${() => go({ name: "my-data" })} />`;
    }
    return html`<${Notice} tone=${TONES[code]} title=${t(`notice.${code}.title`)}>
        <p>${code === "held" && n === 0 ? t("notice.held.none") : t(`notice.${code}.text`, { n })}</p>
        <${Remedy} code=${code} phone=${phone} known=${known} go=${go} />
    <//>`;
}

function Remedy({ code, phone, known, go }) {
    const [send, isSending, trouble] = useAction(() => phone.sendNow());
    const [save, isSaving, saveTrouble] = useAction(() => saveCopyOfUnsent(phone, known));
    if (code === "held") {
        return html`<${Button} kind="main" onClick=${() => go({ name: "again" })}>${t("notice.held.action")}<//>`;
    }
    if (code === "unsent-long" || code === "storage-full") {
        return html`<${TroubleNotice} trouble=${trouble ?? saveTrouble} />
            <div class="notice-actions">
                <${Button} kind="main" busy=${isSending} onClick=${send}>${t("outbox.send_now")}<//>
                <${Button} busy=${isSaving} onClick=${save}>${t("outbox.save_copy")}<//>
            </div>`;
    }
    return null;
}
