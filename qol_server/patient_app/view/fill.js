/**
 * A questionnaire that is being filled in: opened, kept at every tap, handed on to another window where it goes on there.
 * What is on the screen at a step is in steps.js.
 */

import { asShown, begun, isRenewed, subjectOf, WINDOW } from "./drafts.js";
import { flowOf } from "./flows.js";
import { Button, html, Notice, Screen, useEffect, useRef, useState } from "./kit.js";
import { Steps } from "./steps.js";
import { titleOf } from "./wording.js";
import { standing } from "../rules/responses.js";
import { t } from "../words/index.js";

/** While a questionnaire is open no newer release of the app takes over. */
function useOpenQuestionnaire(study) {
    useEffect(() => {
        let close;
        const closed = new Promise((resolve) => (close = resolve));
        navigator.locks?.request(`qol-questionnaire/${study}`, { mode: "shared" }, () => closed);
        return close;
    }, [study]);
}

/**
 * `route`: { key, at: { step, isPushed, then } | absent }. Without `at` a questionnaire begins; with it one goes on, and what
 * was sent meanwhile is never begun again by the phone's own way back.
 */
export function Fill({ phone, known, route, go, home }) {
    const { key } = route;
    const [draft, setDraft] = useState(null);
    const [flow, setFlow] = useState(null);
    const [state, setState] = useState("opening"); // opening, open, renewed, giving, answered, elsewhere, sent-elsewhere
    const isOver = useRef(false); // it is being sent or thrown away: whatever a late tap says comes too late
    const [trouble, setTrouble] = useState(null);
    useOpenQuestionnaire(known.identity.study.id);
    const fail = (failure) => {
        if (failure.code === "already-given") {
            setState("sent-elsewhere");
        } else {
            setTrouble(failure.code ?? "unexpected");
        }
    };
    /** From its first keeping on a draft has the id of its entry: what is sent in another window is then known to be this one. */
    const named = ({ entry_id: id }) => {
        setTrouble(null);
        setDraft((newest) => (newest && id && !newest.entry_id ? { ...newest, entry_id: id } : newest));
    };
    const keep = (given) => {
        if (isOver.current) {
            return;
        }
        const isShown = Boolean(phone.known.instruments[given.instrument]);
        if (isShown && isRenewed(phone.known, given)) {
            setState("renewed");
        }
        const changed = isShown ? asShown(phone.known, given) : given;
        setDraft(changed);
        phone.keepDraft(changed).then(named, fail);
    };
    const begin = async () => {
        const isKept = Boolean(phone.known.drafts[key]);
        if (!isKept && !route.at && standing(phone.known).has(key)) {
            setState("answered");
            return;
        }
        const fresh = isKept || !route.at ? begun(phone.known, key, phone.moment()) : null;
        if (fresh === null) {
            home();
            return;
        }
        setFlow(await flowOf(phone, fresh));
        setState("open");
        keep(isKept ? { ...phone.known.drafts[key], answers: fresh.answers } : fresh);
        phone.set({ openDraft: key }).catch(fail);
        if (!route.at) {
            go({ ...route, at: { step: fresh.at } }, { replace: true });
        }
    };
    useEffect(() => void begin(), [key]);
    const inStore = phone.known.drafts[key];
    useEffect(() => {
        if (["open", "renewed", "elsewhere"].includes(state) && inStore === undefined) {
            setState("sent-elsewhere");
        } else if (state === "open" && inStore.window !== WINDOW) {
            setState("elsewhere");
        }
    }, [inStore, state]);
    const give = async (last) => {
        setState("giving");
        isOver.current = true;
        try {
            await phone.keepDraft(asShown(phone.known, last));
            const { id } = await phone.give(key);
            await phone.set({ openDraft: null }).catch(() => {}); // it is sealed; Today forgets what was open
            go({ name: "sent", entry: id }, { replace: true });
        } catch (failure) {
            isOver.current = false;
            setState("open");
            fail(failure);
        }
    };
    const discard = async () => {
        setState("giving");
        isOver.current = true;
        try {
            await phone.dropDraft(key);
            home();
        } catch (failure) {
            isOver.current = false;
            setState("open");
            fail(failure);
        }
    };
    const lookAgain = () => {
        setState("open");
        go({ ...route, at: { step: "review" } }, { replace: true });
    };
    if (draft && !known.instruments[draft.instrument]) {
        return html`<${Remark} title=${t("app.name")} text=${t("fill.gone")} action=${html`<${Button} kind="main" onClick=${home}>${t("action.done")}<//>`} />`;
    }
    const title = () => titleOf(known, (draft ?? subjectOf(known, key)).instrument);
    const done = html`<${Button} kind="main" onClick=${home}>${t("action.done")}<//>`;
    const takeOver = html`<${Button} kind="main" onClick=${begin}>${t("fill.go_on_here")}<//>`;
    switch (state) {
        case "answered": return html`<${Remark} title=${title()} text=${t("fill.already")} action=${done} />`;
        case "sent-elsewhere": return html`<${Remark} title=${title()} text=${t("fill.sent_elsewhere")} action=${done} />`;
        case "elsewhere": return html`<${Remark} title=${title()} text=${t("fill.elsewhere")} action=${takeOver} />`;
        case "renewed": return html`<${Remark} title=${title()} text=${t("fill.renewed")}
            action=${html`<${Button} kind="main" onClick=${lookAgain}>${t("action.next")}<//>`} />`;
        case "opening": return null;
        default: return route.at && html`<${Steps} phone=${phone} known=${known} route=${route} go=${go} home=${home} flow=${flow}
            draft=${draft} keep=${keep} give=${give} discard=${discard} busy=${state === "giving"} trouble=${trouble} />`;
    }
}

function Remark({ title, text, action }) {
    return html`<${Screen} title=${title} actions=${action}><${Notice}><p>${text}</p><//><//>`;
}
