/** Reminders: at which hour, and whether this phone shows them. */

import { isWaiting } from "./given.js";
import { Button, html, Screen, TroubleNotice, useAction, useId, useState } from "./kit.js";
import { PushChoice } from "./push_choice.js";
import { hour, t } from "../words/index.js";

const HOURS = Array.from({ length: 24 }, (_, one) => one);

/** The hour of reminders, 0 to 23, as the server knows it or as it was chosen here and waits to be sent; null before both. */
export function reminderHour(known) {
    const waits = known.entries.some((entry) => entry.kind === "preference.set" && isWaiting(entry));
    return (waits ? known.settings.reminder_hour : null) ?? known.participation?.reminder_hour ?? null;
}

/** A whole hour as people write it: "09:00". */
export function writtenHour(whole) {
    return hour(new Date(2026, 0, 15, whole));
}

/** The screen "Reminders". */
export function Reminders({ phone, known, back }) {
    const [at, setAt] = useState(reminderHour(known) ?? 9);
    const [save, busy, trouble] = useAction(async () => {
        if (at !== reminderHour(known)) {
            await phone.prefer({ reminder_hour: at });
        }
        back();
    });
    const id = useId();
    return html`<${Screen} title=${t("reminders.title")} back=${back}
        actions=${html`<${Button} kind="main" busy=${busy} onClick=${save}>${t("reminders.save")}<//>`}>
        <p>${t("reminders.what")}</p>
        <div class="field">
            <label for=${id}>${t("reminders.hour")}</label>
            <select id=${id} value=${String(at)} onChange=${(event) => setAt(Number(event.currentTarget.value))}>
                ${HOURS.map((one) => html`<option key=${one} value=${String(one)} selected=${one === at}>${writtenHour(one)}</option>`)}
            </select>
        </div>
        <${TroubleNotice} trouble=${trouble} />
        <${PushChoice} phone=${phone} mayTurnOff=${true} />
    <//>`;
}
