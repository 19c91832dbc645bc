/** Whether the nurse has the same participant number: only then does this phone belong to the study. */

import { Button, html, Notice, Screen, TroubleNotice, useAction } from "./kit.js";
import { t } from "../words/index.js";

/** Shown from the moment the code was accepted until somebody said yes or no. */
export function Confirm({ phone, known }) {
    const [yes, isTaking, yesTrouble] = useAction(() => phone.confirmPairing());
    const [no, isRefusing, noTrouble] = useAction(() => phone.refusePairing());
    const busy = isTaking || isRefusing;
    return html`<${Screen} title=${t("confirm.title")} actions=${html`
        <${Button} busy=${busy} onClick=${no}>${t("confirm.no")}<//>
        <${Button} kind="main" busy=${busy} onClick=${yes}>${t("confirm.yes")}<//>`}>
        <p>${t("confirm.read_out")}</p>
        <p class="number" dir="ltr">${known.identity.participant}</p>
        <p class="hint">${known.identity.study.title}</p>
        <${Notice}><p>${t("confirm.why")}</p><//>
        <${TroubleNotice} trouble=${yesTrouble ?? noTrouble} />
    <//>`;
}
