/** The settings: a short list of what can be changed or looked up, with how it stands now. */

import { html, Row, Screen } from "./kit.js";
import { reminderHour, writtenHour } from "./reminders.js";
import { syncState } from "./sync_words.js";
import { language, LANGUAGES, number, t } from "../words/index.js";

/** The screen "Settings". */
export function Settings({ known, go, back }) {
    const { settings } = known;
    const to = (name) => () => go({ name });
    const at = reminderHour(known);
    return html`<${Screen} title=${t("settings.title")} back=${back}>
        <ul class="rows">
            <li><${Row} title=${t("language.title")} note=${LANGUAGES[language()]} onClick=${to("language")} /></li>
            <li><${Row} title=${t("text_size.title")} note=${t("text_size.percent", { size: number(settings.textSize ?? 100) })} onClick=${to("text-size")} /></li>
            <li><${Row} title=${t("reminders.title")} note=${at === null ? null : t("reminders.at", { hour: writtenHour(at) })} onClick=${to("reminders")} /></li>
            <li><${Row} title=${t("pin.title")} note=${t(settings.hasPin ? "pin.on" : "pin.off")} onClick=${to("pin")} /></li>
        </ul>
        <h2>${t("settings.data")}</h2>
        <ul class="rows">
            <li><${Row} title=${t("outbox.title")} note=${t(`sending.${syncState(known)}.title`)} onClick=${to("outbox")} /></li>
            <li><${Row} title=${t("my_data.title")} onClick=${to("my-data")} /></li>
            <li><${Row} title=${t("new_phone.title")} onClick=${to("new-phone")} /></li>
        </ul>
        <h2>${t("settings.study")}</h2>
        <ul class="rows">
            <li><${Row} title=${t("help.title")} onClick=${to("help")} /></li>
            <li><${Row} title=${t("about.title")} onClick=${to("about")} /></li>
        </ul>
    <//>`;
}
