/** Whether this phone shows reminders, and the button that changes it; nothing where the phone cannot show any. */

import { Button, html, Icon, TroubleNotice, useAction, useEffect, useState } from "./kit.js";
import { state, subscribe, unsubscribe } from "../phone/push.js";
import { t } from "../words/index.js";

/** `mayTurnOff`: also offers to turn them off again. */
export function PushChoice({ phone, mayTurnOff = false }) {
    const [standing, setStanding] = useState(null); // as `push.state` says it; null until that is known
    const [turn, busy, trouble] = useAction(async (change) => setStanding(await change(phone, await navigator.serviceWorker.ready)));
    useEffect(() => {
        navigator.serviceWorker?.ready.then((registration) => state(phone, registration)).then(setStanding, () => {});
    }, [phone]);
    if (standing === null || standing === "unsupported") {
        return null;
    }
    const isWanted = standing === "on" || standing === "lost";
    return html`<section class="stack">
        <h2>${t("push.title")}</h2>
        <p role="status">${standing === "on" && html`<${Icon} name="check" /> `}${t(`push.${standing}`)}</p>
        ${standing === "off" && html`<${Button} busy=${busy} onClick=${() => turn(subscribe)}>${t("push.turn_on")}<//>`}
        ${isWanted && mayTurnOff && html`<${Button} busy=${busy} onClick=${() => turn(unsubscribe)}>${t("push.turn_off")}<//>`}
        <${TroubleNotice} trouble=${trouble} />
    </section>`;
}
