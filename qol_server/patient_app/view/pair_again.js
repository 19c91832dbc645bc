/** Pairs this phone anew with a code for the same participant: what it keeps stays, a PIN goes. */

import { CodeField, groupedCode, isWholeCode } from "./code_field.js";
import { useFaultFocus } from "./faults.js";
import { Button, html, Screen, TroubleNotice, useAction, useState } from "./kit.js";
import { t } from "../words/index.js";

/** A whole screen with the field for the code; `children` say why. `done`: called when the phone is paired. */
export function PairAgain({ phone, known, title, back, done = () => {}, children }) {
    const [code, setCode] = useState("");
    const [missing, setMissing] = useState(0);
    const [pair, busy, trouble] = useAction(async () => {
        const before = known.identity.participant;
        const participant = await phone.pair(groupedCode(code));
        if (participant === before) { // compared with the nurse when the phone was paired for the first time
            await phone.confirmPairing();
            done();
        }
    });
    const submit = (event) => {
        event.preventDefault();
        setMissing(isWholeCode(code) ? 0 : 10 - code.length);
        if (isWholeCode(code)) {
            pair();
        }
    };
    const change = (meant) => {
        setCode(meant);
        setMissing(0);
    };
    const form = useFaultFocus(missing);
    return html`<form ref=${form} onSubmit=${submit} novalidate>
        <${Screen} title=${title} back=${back}
            actions=${html`<${Button} kind="main" type="submit" busy=${busy}>${t("again.pair")}<//>`}>
            ${children}
            <${CodeField} code=${code} onCode=${change} fault=${missing ? t("welcome.missing", { n: missing }) : null} />
            <${TroubleNotice} trouble=${trouble} />
        <//>
    </form>`;
}
