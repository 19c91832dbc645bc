/** The part of this person has ended: thanks, what is still to be sent, whom to call. */

import { Calls } from "./emergency.js";
import { html, Screen } from "./kit.js";
import { Places } from "./places.js";
import { SyncLine } from "./sync_line.js";
import { DeviceNotices } from "./device_notices.js";
import { day, t } from "../words/index.js";

/** Shown in the place of Today. */
export function Ended({ phone, known, go }) {
    return html`<${Screen} title=${t("ended.title")}>
        <${DeviceNotices} phone=${phone} known=${known} go=${go} />
        <p>${t("ended.since", { day: day(known.participation.ended_on, "full") })}</p>
        <p>${t(known.sync.unsent > 0 ? "ended.still_sending" : "ended.all_sent")}</p>
        <${SyncLine} phone=${phone} known=${known} go=${go} />
        <h2>${t("ended.questions")}</h2>
        <${Calls} known=${known} first="site" />
        <${Places} known=${known} go=${go} />
    <//>`;
}
