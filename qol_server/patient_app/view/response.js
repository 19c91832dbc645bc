/** One response: its answers in words, what became of it, and its corrections. What was sent first stays to be seen. */

import { Advice } from "./advice.js";
import { Answers, remarks, responseTitle, stateOf } from "./given.js";
import { Button, html, Notice, Row, Screen } from "./kit.js";
import { NotWatched } from "./watch.js";
import { whoOf } from "./wording.js";
import { raisedBy } from "../rules/alerts.js";
import { wall } from "../rules/days.js";
import { responses } from "../rules/responses.js";
import { dayAndHour, reason, t } from "../words/index.js";

/** `route`: { id }. */
export function Response({ phone, known, route, go, back }) {
    const all = responses(known);
    const one = all.find((each) => each.id === route.id);
    if (!one) {
        return html`<${Screen} title=${t("response.gone")} back=${back}><p>${t("response.gone.text")}</p><//>`;
    }
    const correction = all.filter((each) => each.supersedes === one.id).sort((each, other) => other.order - each.order)[0];
    const before = one.supersedes ? all.find((each) => each.id === one.supersedes) : null;
    const state = stateOf(one, Boolean(correction));
    const key = `correct:${one.id}`;
    const mayCorrect = one.entry && !correction && one.status !== "superseded" && known.instruments[one.entry.instrument];
    const label = known.drafts[key] ? "response.correct_on" : "response.correct";
    const actions = mayCorrect ? html`<${Button} onClick=${() => go({ name: "fill", key })}>${t(label)}<//>` : undefined;
    const when = one.captured_at && dayAndHour(one.captured_at);
    const alerts = correction || one.status === "superseded" ? [] : alertsOfToday(known, one, phone.now());
    return html`<${Screen} title=${responseTitle(known, one)} step=${when} back=${back} actions=${actions}>
        ${correction && html`<${Notice} title=${t("response.was_corrected")}>
            <p>${t("response.original_stays")}</p>
            <${Button} onClick=${() => go({ name: "response", id: correction.id })}>${t("response.see_correction")}<//>
        <//>`}
        <p>${t(`response.state.${state}`)}</p>
        ${one.readAt && html`<p>${t("response.read", { when: dayAndHour(one.readAt) })}</p>`}
        ${alerts.length > 0 && html`<${Advice} known=${known} alerts=${alerts} /><${NotWatched} known=${known} now=${phone.now()} />`}
        ${remarks(one).map((text) => html`<p class="hint" key=${text}>${text}</p>`)}
        ${by(known, one)}
        ${before && html`<p>${one.entry?.reason ? t("response.because", { reason: reason(one.entry.reason) }) : t("response.is_correction")}</p>`}
        ${one.entry ? html`<${Answers} known=${known} entry=${one.entry} than=${before?.entry?.answers ?? null} />` : html`<p>${t("response.elsewhere")}</p>`}
        ${before && html`<h2>${t("response.before")}</h2>
            <ul class="rows"><li><${Row} title=${t("response.first_sent")} note=${before.captured_at && dayAndHour(before.captured_at)}
                onClick=${() => go({ name: "response", id: before.id })} /></li></ul>`}
    <//>`;
}

/** Who answered, where somebody else did. */
function by(known, { entry }) {
    const instrument = entry && known.instruments[entry.instrument];
    const who = entry?.by && entry.by !== "participant" && instrument ? new Map(whoOf(instrument)).get(entry.by) : null;
    return who && html`<p>${t("fill.who")} ${who}</p>`;
}

/** What the response raises, on the day on which it was given: advice for that day would mislead on a later one. */
function alertsOfToday(known, { entry, captured_at: captured }, now) {
    const isOfToday = entry && wall(new Date(captured)).day === wall(now).day;
    return isOfToday && known.study && known.participation ? raisedBy(known, entry) : [];
}
