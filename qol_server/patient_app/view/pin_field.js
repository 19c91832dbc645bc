/** The field for a PIN, and a try of it that says how long to wait after too many wrong ones. */

import { Field, html, Notice, useEffect, useNow, useState } from "./kit.js";
import { t } from "../words/index.js";

/** Digits only, hidden unless `shown`; `kind`: "current" or "new", for the phone's own password keeper. */
export function PinField({ label, hint, pin, onPin, fault, shown, kind = "current" }) {
    return html`<${Field} label=${label} hint=${hint} fault=${fault} value=${pin} onInput=${(text) => onPin(text.replace(/[^0-9]/g, ""))}
        type=${shown ? "text" : "password"} inputmode="numeric" autocomplete=${`${kind}-password`} maxlength="12" dir="ltr" class="pin-field" />`;
}

/** A box that shows the digits. */
export function ShowDigits({ shown, onChange }) {
    return html`<div class="choices"><label class="choice">
        <input type="checkbox" checked=${shown} onChange=${() => onChange(!shown)} />
        <span>${t("pin.show")}</span>
    </label></div>`;
}

/**
 * Trying the PIN: { attempt, fault, until, clear }. `attempt(pin)` → whether it is the right one; `fault` is what went wrong, in
 * words; `until` the moment before which no other try counts, null where there is none.
 */
export function usePinTry(phone) {
    const [fault, setFault] = useState(null);
    const [until, setUntil] = useState(null);
    const attempt = async (pin) => {
        setFault(null);
        try {
            const isRight = await phone.tryPin(pin);
            setFault(isRight ? null : t("pin.wrong"));
            return isRight;
        } catch (failure) {
            if (failure.code !== "too-many-tries") {
                throw failure;
            }
            setUntil(phone.now().getTime() + failure.retryAfter * 1000);
            return false;
        }
    };
    return { attempt, fault, until, clear: () => setFault(null), over: () => setUntil(null) };
}

/** How long to wait before the next try, said once aloud and counted for the eyes. `over`: called when the wait is over. */
export function Wait({ phone, until, over }) {
    const now = useNow(phone, 1).getTime();
    useEffect(() => {
        if (until !== null && now >= until) {
            over();
        }
    }, [now, until]);
    if (until === null || now >= until) {
        return null;
    }
    const seconds = Math.ceil((until - now) / 1000);
    const words = seconds > 90 ? t("pin.wait_minutes", { n: Math.ceil(seconds / 60) }) : t("pin.wait_seconds", { n: seconds });
    return html`<${Notice} tone="warn"><p role="alert">${t("pin.too_many")}</p><p>${words}</p><//>`;
}
