/** What waits on this phone and what was sent, in plain words; what was answered is shown only where a row is opened. */

import { Button, html, Live, Notice, Row, Screen, TroubleNotice, useAction, useState } from "./kit.js";
import { saveCopyOfUnsent } from "./saving.js";
import { entryDay, entryTitle, lastContact, nextTry, syncState } from "./sync_words.js";
import { dayAndHour, t } from "../words/index.js";

const SHOWN = 20; // sent entries at first
const TONES = { all_sent: "good", soon: "info", flying: "info", held: "urgent", phone_full: "urgent" };

/** The screen "Waiting and sent". */
export function Outbox({ phone, known, go, back }) {
    const [shown, setShown] = useState(SHOWN);
    const waiting = known.entries.filter(({ state }) => state === "queued" || state === "sending");
    const sent = known.entries.filter(({ state }) => state === "committed" || state === "archived").reverse();
    const [mine, notes] = [waiting.filter(isSeen), waiting.filter((entry) => !isSeen(entry))];
    const seen = sent.filter(isSeen);
    return html`<${Screen} title=${t("outbox.title")} back=${back}>
        <${Standing} phone=${phone} known=${known} go=${go} />
        <h2>${t("outbox.waiting")}</h2>
        ${waiting.length === 0 && html`<p>${t("outbox.nothing_waits")}</p>`}
        <ul class="rows">
            ${mine.map((entry) => html`<li key=${entry.id}>
                <${Row} title=${entryTitle(known, entry)} note=${entryDay(entry)} badge=${t("outbox.waits")} onClick=${opened(entry, go)} /></li>`)}
        </ul>
        ${notes.length > 0 && html`<p class="hint">${t("outbox.notes", { n: notes.length })}</p>`}
        ${waiting.length > 0 && html`<${SaveCopy} phone=${phone} known=${known} />`}
        <h2>${t("outbox.sent")}</h2>
        ${seen.length === 0 && html`<p>${t("outbox.nothing_sent")}</p>`}
        <ul class="rows">
            ${seen.slice(0, shown).map((entry) => html`<${Sent} key=${entry.id} known=${known} entry=${entry} go=${go} />`)}
        </ul>
        ${seen.some(isReviewed) && html`<${Notice} title=${t("outbox.review")}><p>${t("outbox.review.text")}</p><//>`}
        ${seen.length > shown && html`<${Button} onClick=${() => setShown(shown + 100)}>${t("outbox.more")}<//>`}
    <//>`;
}

/** What the participant did; a note of the app itself is only counted. */
function isSeen({ kind }) {
    return kind !== "app.noted";
}

function isReviewed({ receipt }) {
    return receipt?.status === "quarantined";
}

/** What opens a row: only answers can be looked at. */
function opened({ kind, id }, go) {
    return kind === "response.given" ? () => go({ name: "response", id }) : undefined;
}

function Sent({ known, entry, go }) {
    const badge = isReviewed(entry) ? t("outbox.review") : t("outbox.arrived");
    return html`<li><${Row} title=${entryTitle(known, entry)} note=${entryDay(entry)} badge=${badge} tone=${isReviewed(entry) ? "warn" : "good"}
        onClick=${opened(entry, go)} /></li>`;
}

/** How the sending goes, with what can be done about it. */
function Standing({ phone, known, go }) {
    const state = syncState(known);
    const [send, busy, trouble] = useAction(() => phone.sendNow());
    const words = t(`sending.${state}`);
    return html`<${Notice} tone=${TONES[state] ?? "warn"} title=${t(`sending.${state}.title`)} live=${false}>
            <p>${words}</p>
            <p>${lastContact(known)} ${nextTry(known)}</p>
            ${known.sync.oldestUnsent && html`<p>${t("sending.oldest", { when: dayAndHour(known.sync.oldestUnsent) })}</p>`}
            ${state === "held"
                ? html`<${Button} kind="main" onClick=${() => go({ name: "again" })}>${t("notice.held.action")}<//>`
                : html`<${Button} kind="main" busy=${busy || state === "flying"} onClick=${send}>${t("outbox.send_now")}<//>`}
        <//>
        <${TroubleNotice} trouble=${trouble} />
        <${Live}>${words}<//>`;
}

function SaveCopy({ phone, known }) {
    const [saved, setSaved] = useState(false);
    const [save, busy, trouble] = useAction(async () => {
        await saveCopyOfUnsent(phone, known);
        setSaved(true);
    });
    return html`<p>${t("outbox.copy.why")}</p>
        <${Button} busy=${busy} onClick=${save}>${t("outbox.save_copy")}<//>
        <${TroubleNotice} trouble=${trouble} />
        <${Live}>${saved ? t("outbox.copy.saved") : ""}<//>
        ${saved && html`<${Notice} tone="good"><p>${t("outbox.copy.saved")}</p><//>`}`;
}
