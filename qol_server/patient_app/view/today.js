/** What is due and until when, most urgent first; beneath it nothing but the way to everything else. */

import { DeviceNotices } from "./device_notices.js";
import { Ended } from "./ended.js";
import { Button, html, Icon, Notice, Row, Screen, useEffect, useNow } from "./kit.js";
import { Places } from "./places.js";
import { SyncLine } from "./sync_line.js";
import { NotWatched } from "./watch.js";
import { titleOf } from "./wording.js";
import { coming, due, hasEnded, isWaitingForConsent, OPEN_ENDED } from "../rules/calendar.js";
import { later, wall } from "../rules/days.js";
import { assessment, isHeld } from "../rules/doses.js";
import { standing } from "../rules/responses.js";
import { day, t } from "../words/index.js";

/** Until when it can be answered, in words. */
function untilWhen({ assignment, state }, today) {
    const last = state === "late" ? assignment.closes : assignment.due;
    if (last === OPEN_ENDED) {
        return t("today.open_ended");
    }
    const words = last === today ? t("today.tonight") : last === later(today, 1) ? t("today.tomorrow") : t("today.until", { day: day(last) });
    return state === "late" ? t("today.late", { until: words }) : words;
}

/** Whether something of this kind was reported before: it may still go on, and then it is that which is updated. */
function wasReported(known, assessment) {
    return [...standing(known).keys()].some((occurrence) => occurrence.startsWith(`${assessment.id}@`));
}

/** Which day a daily diary is about, the present one best on the day itself; null for anything else. */
function aboutDay(known, assignment, today) {
    if (!known.study.assessments.some((one) => one.id === assignment.assessment && one.daily)) {
        return null;
    }
    const about = assignment.target;
    return about === today ? t("today.best_today") : about === later(today, -1)
        ? t("today.for_yesterday", { day: day(about) }) : t("today.for_day", { day: day(about) });
}

export function Today({ phone, known, go }) {
    const now = useNow(phone);
    const today = wall(now);
    useEffect(() => {
        if (known.settings.openDraft) {
            phone.set({ openDraft: null }).catch(() => {}); // whoever is here has left the questionnaire
        }
    }, []);
    if (hasEnded(known, today.day)) {
        return html`<${Ended} phone=${phone} known=${known} go=${go} />`;
    }
    const [first, ...others] = known.study ? due(known, today) : [];
    const waits = known.study && isWaitingForConsent(known, today.day);
    const unread = known.messages.filter((message) => !message.read).length;
    const fill = (key) => () => go({ name: "fill", key });
    const noteOf = (one) => [aboutDay(known, one.assignment, today.day), untilWhen(one, today.day)].filter(Boolean).join(" · ");
    return html`<${Screen} title=${t("today.title")} step=${day(today.day)}>
        <${DeviceNotices} phone=${phone} known=${known} go=${go} tones=${["urgent", "warn"]} />
        ${unread > 0 && html`<${Row} title=${t("today.messages", { n: unread })} onClick=${() => go({ name: "messages" })} />`}
        ${!known.study && html`<${Notice} live=${true}><p>${t(known.sync.state === "offline" ? "today.first_offline" : "today.first")}</p><//>`}
        ${waits && html`<${Notice} tone="warn">
            <p><strong>${t("today.consent")}</strong></p>
            <p>${t("today.consent.why", { day: day(known.participation.consent_needed.from, "full"), version: known.participation.consent_needed.version })}</p>
            <${Button} onClick=${() => go({ name: "emergency" })}>${t("today.consent.call")}<//>
        <//>`}
        ${assessment(known) && isHeld(known.participation, today.day) && html`<${Notice} tone="warn">
            <p>${t("today.held")}</p>
            <${Button} onClick=${() => go({ name: "dose", day: today.day })}>${t("today.held.see")}<//>
        <//>`}
        ${first && html`<section class="due" aria-labelledby="due-first">
            <h2 id="due-first">${titleOf(known, first.assignment.instrument)}</h2>
            <p>${noteOf(first)}</p>
            <${Button} kind="main wide" onClick=${fill(first.assignment.occurrence)}>${t(first.draft ? "today.continue" : "today.start")}<//>
        </section>`}
        ${known.study && !first && !waits && html`<${Nothing} known=${known} today=${today} />`}
        ${others.length > 0 && html`<h2>${t("today.also")}</h2><ul class="rows">${others.map((one) => html`<li key=${one.assignment.occurrence}>
            <${Row} title=${titleOf(known, one.assignment.instrument)} note=${noteOf(one)} badge=${one.draft && t("today.begun")}
                onClick=${fill(one.assignment.occurrence)} /></li>`)}</ul>`}
        <${Begun} known=${known} today=${today} fill=${fill} />
        ${known.study?.assessments.filter((one) => one.ad_hoc && known.instruments[one.instrument]).map((one) => html`
            <${Button} key=${one.id} kind="wide happened" onClick=${wasReported(known, one) ? () => go({ name: "something-happened" }) : fill(`new:${one.id}`)}><${Icon} name="plus" />
                ${titleOf(known, one.instrument)}${known.drafts[`new:${one.id}`] ? ` · ${t("today.begun")}` : ""}<//>`)}
        <${NotWatched} known=${known} now=${now} />
        <${SyncLine} phone=${phone} known=${known} go=${go} />
        <${DeviceNotices} phone=${phone} known=${known} go=${go} tones=${["info"]} />
        <${Places} known=${known} go=${go} />
    <//>`;
}

function Nothing({ known, today }) {
    const [next] = coming(known, today);
    return html`<section class="nothing">
        <p class="nothing-title"><${Icon} name="check" />${t("today.nothing")}</p>
        ${next && html`<p>${t(next.assignment.opens === today.day ? "today.next_today" : "today.next", {
            title: titleOf(known, next.assignment.instrument), day: day(next.assignment.opens), hour: next.assignment.opens_at,
        })}</p>`}
    </section>`;
}

/** Questionnaires that were begun and are not due: a correction, or one whose time is over. */
function Begun({ known, today, fill }) {
    const shown = new Set(known.study ? due(known, today).map((one) => one.assignment.occurrence) : []);
    const left = Object.values(known.drafts).filter(({ key }) => !shown.has(key) && !key.startsWith("new:"));
    return left.length > 0 && html`<h2>${t("today.unfinished")}</h2><ul class="rows">${left.map((draft) => html`<li key=${draft.key}>
        <${Row} title=${titleOf(known, draft.instrument)} note=${t(draft.corrects ? "today.correction" : "today.time_over")}
            onClick=${fill(draft.key)} /></li>`)}</ul>`;
}
