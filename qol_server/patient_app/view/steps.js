/** The steps of a questionnaire: introduction, one question a screen, a last look, and advice that cannot wait in between. */

import { Button, html, Notice, Screen, TroubleNotice, useEffect, useId, useInSight, useState } from "./kit.js";
import { Introduction, missingAtFirst, Review } from "./first_and_last.js";
import { faultInWords, isAskedTwice, isEmpty, Question, settled } from "./questions.js";
import { Urgent } from "./urgent.js";
import { foreign, isStandIn, questionOf, recallOf, titleOf } from "./wording.js";
import { contextOf, isUrgent, raised } from "../rules/alerts.js";
import { clean, daysOf, fault, onBranch, possible, timeFault } from "../rules/answers.js";
import { wall } from "../rules/days.js";
import { t } from "../words/index.js";

const SECOND_TAP = 600; // milliseconds within which a hand that shakes taps twice

/** Whether something has been on the screen for a moment: what comes up under a finger is not meant by its second tap. */
function useSettled(isThere) {
    const [isSettled, setSettled] = useState(false);
    useEffect(() => {
        setSettled(false);
        const timer = isThere ? setTimeout(() => setSettled(true), SECOND_TAP) : null;
        return () => clearTimeout(timer);
    }, [isThere]);
    return isThere && isSettled;
}

/** The steps of a draft in order; a correction goes straight to the last look. */
function stepsOf(flow, draft) {
    return ["intro", ...flow.items(draft), "review"];
}

/** Where to stand when a step is asked for that is not on the way (any more): the next one that is. */
function nearest(instrument, steps, step) {
    if (steps.includes(step)) {
        return step;
    }
    const order = instrument.items.map((item) => item.id);
    return steps.find((one) => one === "review" || order.indexOf(one) > order.indexOf(step));
}

/** Whether a correction says what was said already. */
function isUnchanged(known, draft, answers) {
    const before = draft.corrects && known.entries.find((one) => one.id === draft.corrects)?.answers;
    const said = (all) => JSON.stringify(Object.entries(all).sort());
    return Boolean(before) && said(before) === said(answers);
}

/** `give(draft)`: seal it; `keep(draft)`: keep it; `discard()`: throw it away; the rest as of a screen. */
export function Steps({ phone, known, route, go, home, flow, draft, keep, give, discard, busy, trouble }) {
    const instrument = known.instruments[draft.instrument];
    const steps = stepsOf(flow, draft);
    const step = nearest(instrument, steps, route.at.step);
    const item = instrument.items.find((one) => one.id === step);
    const [found, setFound] = useState(null); // { step, code, … }: what keeps a step from being left
    const [unfinished, setUnfinished] = useState(null); // the step of whose answer only a part was typed
    const problem = found?.step === step ? found : null;
    const isLeaving = problem?.code === "empty"; // the button now leaves the question empty
    const isTooSoon = isLeaving !== useSettled(isLeaving);
    const today = () => wall(phone.now()).day;
    const setProblem = (what) => setFound(what && { ...what, step });
    const titleId = useId();
    useEffect(() => {
        setFound(null);
        setUnfinished(null);
        if (draft.at !== step) {
            keep({ ...draft, at: step });
        }
    }, [step]);

    const move = (to, changed) => {
        keep({ ...changed, at: to });
        go({ ...route, at: { step: to, isPushed: true, then: to === "review" ? undefined : route.at.then } });
    };
    const following = (changed) => {
        const ahead = stepsOf(flow, changed);
        if (step === "intro" && changed.corrects) {
            return "review";
        }
        const rest = ahead.slice(ahead.indexOf(step) + 1);
        return route.at.then ? rest.find((one) => one === "review" || !Object.hasOwn(changed.answers, one)) : rest[0];
    };
    /** What cannot wait. All other advice is shown after sending. */
    const alerts = (changed) => {
        return raised(known.study, draft.instrument, onBranch(instrument, changed.answers), contextOf(known, draft)).filter(isUrgent);
    };
    /** Whether advice comes first: a rule is raised that was not shown yet. Whoever leaves a question by another way is told too. */
    const advises = (changed) => {
        const fresh = alerts(changed).map(({ rule }) => rule).filter((rule) => !draft.advised.includes(rule));
        if (fresh.length > 0) {
            keep({ ...changed, urgent: fresh });
        }
        return fresh.length > 0;
    };
    const close = () => {
        if (!item || !advises(draft)) {
            home();
        }
    };
    const back = () => {
        if (item && advises(draft)) {
            return;
        }
        if (route.at.isPushed) {
            history.back();
        } else {
            go({ ...route, at: { step: steps[steps.indexOf(step) - 1] } }, { replace: true });
        }
    };

    const answer = (value) => {
        setProblem(null);
        keep({ ...draft, answers: { ...draft.answers, [step]: value } });
    };
    const leaveQuestion = () => {
        const value = settled(item, draft.answers[step]);
        const wrong = unfinished === step ? { code: "unfinished" } : fault(item, value) ?? timeFault(item, value, draft.answers, today());
        if (wrong) {
            setProblem(wrong);
            return;
        }
        if (value === null && (item.required || (isAskedTwice(item) && !isLeaving))) {
            setProblem({ code: item.required ? "needed" : "empty" });
            return;
        }
        const changed = { ...draft, answers: possible(instrument, { ...draft.answers, [step]: value }, today()) };
        if (!advises(changed)) {
            move(following(changed), changed);
        }
    };
    const send = () => {
        const given = possible(instrument, draft.answers, today());
        const answers = clean(instrument, Object.fromEntries(flow.items(draft).map((id) => [id, given[id] ?? null])));
        const open = steps.find((one) => {
            const asked = instrument.items.find(({ id }) => id === one);
            return asked && (!Object.hasOwn(given, one) || (asked.required && isEmpty(given[one])));
        });
        const early = missingAtFirst(known, instrument, draft);
        if (early || open) {
            keep({ ...draft, answers: given });
            go({ ...route, at: { step: early ? "intro" : open, isPushed: true, then: "review" } });
        } else if (isUnchanged(known, draft, answers)) {
            setProblem({ code: "unchanged" });
        } else {
            give({ ...draft, answers });
        }
    };
    const submit = (event) => {
        event.preventDefault();
        if (busy || isTooSoon) {
            return;
        }
        if (step === "intro") {
            const missing = missingAtFirst(known, instrument, draft);
            if (missing) {
                setProblem({ code: missing });
            } else {
                move(following(draft), draft);
            }
        } else if (step === "review") {
            send();
        } else {
            leaveQuestion();
        }
    };

    if (draft.urgent.length > 0) {
        const texts = alerts(draft).filter(({ rule }) => draft.urgent.includes(rule)).map(({ text }) => text);
        const advised = { ...draft, urgent: [], advised: [...draft.advised, ...draft.urgent] };
        return html`<${Urgent} key="urgent" known=${known} texts=${texts.length > 0 ? texts : [null]} goOn=${() => move(following(advised), advised)} />`;
    }
    const asked = steps.length - 2;
    const isEarly = step === "intro";
    const next = t(isEarly ? (draft.corrects ? "action.next" : "fill.start")
        : step === "review" ? (draft.corrects ? "fill.send_correction" : "fill.send")
            : isLeaving ? "fill.leave_empty" : "action.next");
    return html`<form onSubmit=${submit} novalidate data-step=${step}>
        <${Screen} focusKey=${step} close=${close} titleId=${titleId} lang=${item || isEarly ? foreign(instrument) : undefined}
            title=${isEarly ? titleOf(known, instrument.id) : item ? questionOf(instrument, item) : t("fill.review")}
            tone=${item ? "question" : undefined} step=${item && t("fill.step", { n: steps.indexOf(step), all: asked })}
            progress=${item && { done: steps.indexOf(step), all: asked, label: t("fill.progress") }}
            actions=${html`
                ${!isEarly && html`<${Button} onClick=${back}>${t("action.back")}<//>`}
                <${Button} kind=${isLeaving ? "plain" : "main"} type="submit" busy=${busy || isTooSoon}>${next}<//>`}>
            ${item && isStandIn(instrument) && html`<p class="stand-in">${t("stand_in")}</p>`}
            ${isEarly && html`<${Introduction} phone=${phone} known=${known} instrument=${instrument} draft=${draft} keep=${keep} discard=${discard} problem=${problem} />`}
            ${step === "review" && html`<${Review} known=${known} instrument=${instrument} draft=${draft} flow=${flow} keep=${keep} discard=${discard} problem=${problem}
                change=${(to) => go({ ...route, at: { step: to, isPushed: true, then: "review" } })} />`}
            ${item && html`<${Asked} key=${step} phone=${phone} instrument=${instrument} item=${item} draft=${draft} flow=${flow} titleId=${titleId}
                onAnswer=${answer} onUnfinished=${(is) => setUnfinished(is ? step : null)} problem=${problem} />`}
            <${TroubleNotice} trouble=${trouble} />
        <//>
    </form>`;
}

function Asked({ phone, instrument, item, draft, flow, titleId, onAnswer, onUnfinished, problem }) {
    const { day: today, time } = wall(phone.now());
    const help = flow.help(draft, item.id);
    const context = flow.context(draft, item.id) ?? recallOf(instrument);
    const isLeftOut = problem?.code === "empty";
    const place = useInSight(isLeftOut ? "empty" : help);
    return html`
        ${context && html`<p class="context">${context}</p>`}
        <${Question} instrument=${instrument} item=${item} answer=${draft.answers[item.id]} titleId=${titleId} today=${today} time=${time}
            days=${daysOf(item, draft.answers, today)} onAnswer=${onAnswer} onUnfinished=${onUnfinished} fault=${problem && !isLeftOut ? faultInWords(problem) : null} />
        <div ref=${place}>
            ${isLeftOut && html`<${Notice} live=${true}><p>${t("fill.empty")}</p><//>`}
            <div aria-live="polite">${help && html`<${Notice}><p>${help}</p><//>`}</div>
        </div>`;
}
