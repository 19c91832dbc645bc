/**
 * A questionnaire that is being filled in: opened, kept at every tap, handed on to another window where it goes on there.
 * What is on the screen at a step is in steps.js.
 */

import { asShown, begun, subjectOf, WINDOW } from "./drafts.js";
import { flowOf } from "./flows.js";
import { Button, html, Notice, Screen, useEffect, useState } from "./kit.js";
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
    const [state, setState] = useState("opening"); // opening, open, giving, answered, elsewhere, sent-elsewhere
    const [trouble, setTrouble] = useState(null);
    useOpenQuestionnaire(known.identity.study.id);
    const fail = (failure) => {
        if (failure.code === "already-given") {
            setState("sent-elsewhere");
        } else {
            setTrouble(failure.code ?? "unexpected");
        }
    };
    const keep = (given) => {
        const changed = asShown(phone.known, given);
        setDraft(changed);
        phone.keepDraft(changed).then(() => setTrouble(null), fail);
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
        keep(fresh);
        setState("open");
        phone.set({ openDraft: key }).catch(fail);
        if (!route.at) {
            go({ ...route, at: { step: fresh.at } }, { replace: true });
        }
    };
    useEffect(() => void begin(), [key]);
    const inStore = phone.known.drafts[key];
    useEffect(() => {
        if ((state === "open" || state === "elsewhere") && inStore === undefined) {
            setState("sent-elsewhere");
        } else if (state === "open" && inStore.window !== WINDOW) {
            setState("elsewhere");
        }
    }, [inStore, state]);
    const give = async (last) => {
        setState("giving");
        try {
            await phone.keepDraft(asShown(phone.known, last));
            const { id } = await phone.give(key);
            await phone.set({ openDraft: null });
            go({ name: "sent", entry: id }, { replace: true });
        } catch (failure) {
            setState("open");
            fail(failure);
        }
    };
    const discard = async () => {
        setState("giving");
        try {
            await phone.dropDraft(key);
            home();
        } catch (failure) {
            setState("open");
            fail(failure);
        }
    };
    const title = () => titleOf(known, (draft ?? subjectOf(known, key)).instrument);
    const done = html`<${Button} kind="main" onClick=${home}>${t("action.done")}<//>`;
    const takeOver = html`<${Button} kind="main" onClick=${begin}>${t("fill.go_on_here")}<//>`;
    switch (state) {
        case "answered": return html`<${Remark} title=${title()} text=${t("fill.already")} action=${done} />`;
        case "sent-elsewhere": return html`<${Remark} title=${title()} text=${t("fill.sent_elsewhere")} action=${done} />`;
        case "elsewhere": return html`<${Remark} title=${title()} text=${t("fill.elsewhere")} action=${takeOver} />`;
        case "opening": return null;
        default: return route.at && html`<${Steps} phone=${phone} known=${known} route=${route} go=${go} home=${home} flow=${flow}
            draft=${draft} keep=${keep} give=${give} discard=${discard} busy=${state === "giving"} trouble=${trouble} />`;
    }
}

function Remark({ title, text, action }) {
    return html`<${Screen} title=${title} actions=${action}><${Notice}><p>${text}</p><//><//>`;
}
