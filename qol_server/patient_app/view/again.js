/** The server does not know this phone any more: it is paired again, and nothing is lost. */

import { Button, Call, html, Notice, Screen } from "./kit.js";
import { PairAgain } from "./pair_again.js";
import { t } from "../words/index.js";

/** The screen "Pair again". */
export function Again({ phone, known, back, home }) {
    const site = known.participation;
    if (known.sync.state !== "held" && known.identity.confirmed) {
        return html`<${Screen} title=${t("again.done.title")} focusKey="done" actions=${html`<${Button} kind="main" onClick=${home}>${t("action.done")}<//>`}>
            <${Notice} tone="good"><p>${t("again.done")}</p><//>
        <//>`;
    }
    return html`<${PairAgain} phone=${phone} known=${known} title=${t("notice.held.title")} back=${back}>
        <p>${t("again.why")}</p>
        <${Notice} tone="good"><p>${known.sync.unsent === 0 ? t("notice.held.none") : t("again.nothing_lost", { n: known.sync.unsent })}</p><//>
        <p>${t("again.how")}</p>
        ${site && html`<${Call} kind="plain" number=${site.site_phone}
            label=${t("emergency.call_site", { site: site.site, number: site.site_phone })} />`}
    <//>`;
}
