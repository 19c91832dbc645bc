/** After sending: saved the moment it is sealed, sent when the server has it; advice again where a rule was raised. */

import { Advice } from "./advice.js";
import { Button, html, Icon, Row, Screen, useEffect, useNow } from "./kit.js";
import { Urgent } from "./urgent.js";
import { NotWatched } from "./watch.js";
import { titleOf } from "./wording.js";
import { isUrgent, raisedBy } from "../rules/alerts.js";
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
    const alerts = raisedBy(known, entry);
    const urgent = alerts.filter(isUrgent);
    if (urgent.length > 0 && !route.isAdvised) {
        return html`<${Urgent} known=${known} texts=${urgent.map(({ text }) => text)} isSaved=${true}
            goOn=${() => go({ ...route, isAdvised: true }, { replace: true })} />`;
    }
    const { key, arrived } = progress(entry);
    const [next] = due(known, wall(now));
    const hasTrend = known.study.assessments.some((one) => one.id === assessment && one.own_trend);
    return html`<${Screen} title=${t("sent.title")} actions=${html`<${Button} kind="main" onClick=${home}>${t("action.done")}<//>`}>
        <p>${titleOf(known, entry.instrument)}</p>
        <div class=${arrived ? "state good" : "state"} role="status"><${Icon} name=${arrived ? "check" : "history"} /><span>${t(key)}</span></div>
        <${Advice} known=${known} alerts=${alerts} />
        <${NotWatched} known=${known} now=${now} />
        ${hasTrend && html`<${Row} title=${t("sent.trend")} onClick=${() => go({ name: "trend", assessment })} />`}
        ${next && html`<${Row} title=${titleOf(known, next.assignment.instrument)} note=${t("sent.next")}
            onClick=${() => go({ name: "fill", key: next.assignment.occurrence }, { replace: true })} />`}
    <//>`;
}
