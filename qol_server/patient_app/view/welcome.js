/** The first screen: what this is, and the code that joins this phone to the study. */

import { CodeField, groupedCode, isWholeCode, meantCode } from "./code_field.js";
import { Button, html, Icon, Screen, TroubleNotice, useAction, useState } from "./kit.js";
import { language, LANGUAGES, t } from "../words/index.js";

/** Whether this is an iPhone or iPad whose browser shows the app: an installed app has a memory of its own there. */
function isAppleBrowser() {
    const isApple = /iP(hone|ad|od)/.test(navigator.userAgent) || (navigator.platform === "MacIntel" && navigator.maxTouchPoints > 1);
    return isApple && navigator.standalone !== true;
}

/** `code`: from the link that opened the app, or null. */
export function Welcome({ phone, code }) {
    const [staysInBrowser, setStays] = useState(false);
    const given = code && isWholeCode(code) ? meantCode(code) : null;
    if (isAppleBrowser() && !staysInBrowser) {
        return html`<${Install} phone=${phone} code=${given} goOn=${() => setStays(true)} />`;
    }
    return html`<${Pair} phone=${phone} code=${given} />`;
}

function Install({ phone, code, goOn }) {
    return html`<${Screen} title=${t("install.title")}
        actions=${html`<${Button} kind="quiet" onClick=${goOn}>${t("install.not_now")}<//>`}>
        <p>${t("install.why")}</p>
        <ol class="steps">
            <li>${t("install.share")} <span class="key"><${Icon} name="share" /></span></li>
            <li>${t("install.add")}</li>
            <li>${t("install.open")}</li>
            ${code && html`<li>${t("install.code")}<span class="big-code" dir="ltr">${groupedCode(code)}</span></li>`}
        </ol>
        <${Languages} phone=${phone} />
    <//>`;
}

function Pair({ phone, code }) {
    const [typed, setTyped] = useState(code ?? "");
    const [ownCode, setOwnCode] = useState(code === null);
    const [missing, setMissing] = useState(0);
    const [pair, busy, trouble] = useAction(() => phone.pair(groupedCode(typed)));
    const change = (meant) => {
        setTyped(meant);
        setMissing(0);
    };
    const submit = (event) => {
        event.preventDefault();
        if (isWholeCode(typed)) {
            pair();
        } else {
            setMissing(10 - typed.length);
        }
    };
    return html`<form onSubmit=${submit} novalidate>
        <${Screen} title=${t("welcome.title")}
            actions=${html`<${Button} kind="main" busy=${busy} type="submit">${t(busy ? "welcome.asking" : "action.go_on")}<//>`}>
            <p>${t("welcome.what")}</p>
            ${ownCode
                ? html`<${CodeField} code=${typed} onCode=${change} fault=${missing ? t("welcome.missing", { n: missing }) : null} />`
                : html`<p>${t("welcome.code_came")}</p>
                    <p class="big-code" dir="ltr">${groupedCode(typed)}</p>
                    <${Button} kind="quiet" onClick=${() => setOwnCode(true)}>${t("welcome.other_code")}<//>`}
            <${TroubleNotice} trouble=${trouble} />
            <${Languages} phone=${phone} />
        <//>
    </form>`;
}

function Languages({ phone }) {
    const others = Object.entries(LANGUAGES).filter(([tag]) => tag !== language());
    return html`<p class="languages">${others.map(([tag, name]) => html`
        <${Button} kind="quiet" key=${tag} lang=${tag} onClick=${() => phone.set({ language: tag })}>${name}<//>`)}</p>`;
}
