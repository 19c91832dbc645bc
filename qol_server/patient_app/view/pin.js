/** The PIN is set, changed and taken away here; what it does and does not do is said plainly. */

import { useFaultFocus } from "./faults.js";
import { Button, html, Notice, Screen, TroubleNotice, useAction, useState } from "./kit.js";
import { PinField, ShowDigits, usePinTry, Wait } from "./pin_field.js";
import { t } from "../words/index.js";

const SHORTEST = 4;

/** The screen "PIN". */
export function Pin({ phone, known, back, unlock }) {
    const [wanted, setWanted] = useState(null); // "set", "remove"
    if (wanted === "set" || (wanted === null && !known.settings.hasPin)) {
        return html`<${SetPin} phone=${phone} hasPin=${known.settings.hasPin} unlock=${unlock}
            back=${wanted ? () => setWanted(null) : back} done=${back} />`;
    }
    if (wanted === "remove") {
        return html`<${RemovePin} phone=${phone} back=${() => setWanted(null)} done=${back} />`;
    }
    return html`<${Screen} title=${t("pin.title")} back=${back} focusKey="pin">
        <p>${t("pin.is_set")}</p>
        <p>${t("pin.forgotten")}</p>
        <div class="stack">
            <${Button} kind="main" onClick=${() => setWanted("set")}>${t("pin.change")}<//>
            <${Button} onClick=${() => setWanted("remove")}>${t("pin.remove")}<//>
        </div>
    <//>`;
}

function SetPin({ phone, hasPin, unlock, back, done }) {
    const [old, setOld] = useState("");
    const [first, setFirst] = useState("");
    const [second, setSecond] = useState("");
    const [shown, setShown] = useState(false);
    const [fault, setFault] = useState(null); // { field, words }
    const tried = usePinTry(phone);
    const [save, busy, trouble] = useAction(async () => {
        const wrong = faultOf(first, second);
        setFault(wrong);
        if (wrong === null && (!hasPin || (await tried.attempt(old)))) {
            unlock(); // whoever sets it need not enter it at once
            await phone.setPin(first);
            done();
        }
    });
    const says = (field) => (fault?.field === field ? t(fault.words) : null);
    const form = useFaultFocus(fault ?? tried.fault);
    return html`<form ref=${form} onSubmit=${(event) => submit(event, save)} novalidate>
        <${Screen} title=${t(hasPin ? "pin.change" : "pin.set")} back=${back} focusKey="set"
            actions=${html`<${Button} kind="main" type="submit" busy=${busy || tried.until !== null}>${t("pin.save")}<//>`}>
            <${Notice}><p>${t("pin.what")}</p><p>${t("pin.what_not")}</p><p>${t("pin.forgotten")}</p><//>
            ${hasPin && html`<${PinField} label=${t("pin.old")} pin=${old} onPin=${setOld} fault=${tried.fault} shown=${shown} />`}
            <${PinField} label=${t("pin.new")} hint=${t("pin.hint", { n: SHORTEST })} pin=${first} onPin=${setFirst} fault=${says("first")} shown=${shown} kind="new" />
            <${PinField} label=${t("pin.again")} pin=${second} onPin=${setSecond} fault=${says("second")} shown=${shown} kind="new" />
            <${ShowDigits} shown=${shown} onChange=${setShown} />
            <${Wait} phone=${phone} until=${tried.until} over=${tried.over} />
            <${TroubleNotice} trouble=${trouble} />
        <//>
    </form>`;
}

function RemovePin({ phone, back, done }) {
    const [pin, setPin] = useState("");
    const [shown, setShown] = useState(false);
    const tried = usePinTry(phone);
    const [remove, busy, trouble] = useAction(async () => {
        if (await tried.attempt(pin)) {
            await phone.setPin(null);
            done();
        }
    });
    const form = useFaultFocus(tried.fault);
    return html`<form ref=${form} onSubmit=${(event) => submit(event, remove)} novalidate>
        <${Screen} title=${t("pin.remove")} back=${back} focusKey="remove"
            actions=${html`<${Button} kind="main" type="submit" busy=${busy || tried.until !== null}>${t("pin.remove")}<//>`}>
            <p>${t("pin.remove.what")}</p>
            <${PinField} label=${t("pin.old")} pin=${pin} onPin=${setPin} fault=${tried.fault} shown=${shown} />
            <${ShowDigits} shown=${shown} onChange=${setShown} />
            <${Wait} phone=${phone} until=${tried.until} over=${tried.over} />
            <${TroubleNotice} trouble=${trouble} />
        <//>
    </form>`;
}

function submit(event, then) {
    event.preventDefault();
    then();
}

function faultOf(first, second) {
    if (first.length < SHORTEST) {
        return { field: "first", words: "pin.too_short" };
    }
    return first === second ? null : { field: "second", words: "pin.differs" };
}
