/** The locked screen: the PIN opens it; whoever forgot it pairs the phone again. What waits is sent all the same. */

import { useFaultFocus } from "./faults.js";
import { Button, Call, html, Screen, TroubleNotice, useAction, useState } from "./kit.js";
import { PairAgain } from "./pair_again.js";
import { PinField, ShowDigits, usePinTry, Wait } from "./pin_field.js";
import { t } from "../words/index.js";

/** Shown instead of every screen but the emergency card while a PIN is set and was not entered. */
export function Lock({ phone, known, unlock }) {
    const [forgot, setForgot] = useState(false);
    return forgot
        ? html`<${Forgot} phone=${phone} known=${known} back=${() => setForgot(false)} />`
        : html`<${Enter} phone=${phone} unlock=${unlock} forgot=${() => setForgot(true)} />`;
}

function Enter({ phone, unlock, forgot }) {
    const [pin, setPin] = useState("");
    const [shown, setShown] = useState(false);
    const tried = usePinTry(phone);
    const [open, busy, trouble] = useAction(async () => {
        if (await tried.attempt(pin)) {
            unlock();
        } else {
            setPin("");
        }
    });
    const submit = (event) => {
        event.preventDefault();
        open();
    };
    const form = useFaultFocus(tried.fault);
    return html`<form ref=${form} onSubmit=${submit} novalidate>
        <${Screen} title=${t("lock.title")} focusKey="enter" actions=${html`
            <${Button} kind="quiet" onClick=${forgot}>${t("lock.forgot")}<//>
            <${Button} kind="main" type="submit" busy=${busy || tried.until !== null}>${t("lock.open")}<//>`}>
            <${PinField} label=${t("pin.old")} pin=${pin} onPin=${setPin} fault=${tried.fault} shown=${shown} />
            <${ShowDigits} shown=${shown} onChange=${setShown} />
            <${Wait} phone=${phone} until=${tried.until} over=${tried.over} />
            <${TroubleNotice} trouble=${trouble} />
            <p class="hint">${t("lock.sends")}</p>
        <//>
    </form>`;
}

function Forgot({ phone, known, back }) {
    const site = known.participation;
    return html`<${PairAgain} phone=${phone} known=${known} title=${t("lock.forgot.title")} back=${back}>
        <p>${t("lock.forgot.what")}</p>
        <p>${t("lock.forgot.how")}</p>
        ${site && html`<${Call} kind="plain" number=${site.site_phone}
            label=${t("emergency.call_site", { site: site.site, number: site.site_phone })} />`}
    <//>`;
}
