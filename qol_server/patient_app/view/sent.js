/** After sending: saved the moment it is sealed, sent when the server has it; advice again where a rule was raised. */

import { Button, html, Icon, Notice, Row, Screen, useEffect, useNow } from "./kit.js";
import { Urgent } from "./urgent.js";
import { NotWatched } from "./watch.js";
import { titleOf } from "./wording.js";
import { contextOf, raised } from "../rules/alerts.js";
import { due } from "../rules/calendar.js";
import { wall } from "../rules/days.js";
import { t } from "../words/index.js";

/** Each word for how far an entry has come: its key, and whether it is at the site. */
function progress(entry) {
    if (entry.state === "committed" || entry.state === "archived") {
        return { key: entry.receipt?.status === "quarantined" ? "sent.for_review" : "sent.arrived", arrived: true };
    }
    return { key: "sent.waits", arrived: false };
}

/** `route`: { entry, isAdvised }: the id of what was sealed, and whether the advice on it was read. */
export function Sent({ phone, known, route, go, home }) {
    const now = useNow(phone);
    const entry = known.entries.find((one) => one.id === route.entry);
    useEffect(() => {
        if (!entry) {
            home();
        }
    }, [entry]);
    if (!entry) {
        return null;
    }
    const assessment = entry.occurrence.split("@")[0];
    const subject = { assessment, occurrence: entry.occurrence, instrument: entry.instrument, corrects: entry.supersedes };
    const alerts = raised(known.study, entry.instrument, entry.answers ?? {}, contextOf(known, subject));
    if (alerts.length > 0 && !route.isAdvised) {
        return html`<${Urgent} known=${known} texts=${alerts.map(({ text }) => text)} isSaved=${true}
            goOn=${() => go({ ...route, isAdvised: true }, { replace: true })} />`;
    }
    const { key, arrived } = progress(entry);
    const [next] = due(known, wall(now));
    const hasTrend = known.study.assessments.some((one) => one.id === assessment && one.own_trend);
    return html`<${Screen} title=${t("sent.title")} actions=${html`<${Button} kind="main" onClick=${home}>${t("action.done")}<//>`}>
        <p>${titleOf(known, entry.instrument)}</p>
        <div class=${arrived ? "state good" : "state"} role="status"><${Icon} name=${arrived ? "check" : "history"} /><span>${t(key)}</span></div>
        ${alerts.length > 0 && html`<${Notice} tone="urgent" live=${false}>${alerts.map(({ rule, text }) => html`<p key=${rule}>${text ?? t("urgent.usual")}</p>`)}<//>`}
        <${NotWatched} known=${known} now=${now} />
        ${hasTrend && html`<${Row} title=${t("sent.trend")} onClick=${() => go({ name: "trend", assessment })} />`}
        ${next && html`<${Row} title=${titleOf(known, next.assignment.instrument)} note=${t("sent.next")}
            onClick=${() => go({ name: "fill", key: next.assignment.occurrence }, { replace: true })} />`}
    <//>`;
}
