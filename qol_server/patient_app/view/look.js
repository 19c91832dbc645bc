/** How the app looks and speaks: its language and the size of its text. */

import { Button, Choices, html, Screen, TroubleNotice, useAction, useState } from "./kit.js";
import { language, LANGUAGES, t } from "../words/index.js";

const SIZES = [100, 125, 150, 200]; // percent

/** The languages of the study that the app speaks: [[tag, name]]. */
function offered(known) {
    const wanted = known.study?.languages ?? known.identity.study.languages;
    return Object.entries(LANGUAGES).filter(([tag]) => wanted.includes(tag) || tag === language());
}

/** The screen "Language". Nothing changes until it is said to: the whole screen changes with it. */
export function Language({ phone, known, back }) {
    const [tag, setTag] = useState(language());
    const [save, busy, trouble] = useAction(async () => {
        if (tag !== language()) {
            await phone.prefer({ language: tag });
        }
        back();
    });
    return html`<${Screen} title=${t("language.title")} back=${back}
        actions=${html`<${Button} kind="main" busy=${busy} onClick=${save}>${t("language.use")}<//>`}>
        <p>${t("language.what")}</p>
        <${Choices} label=${t("language.title")} options=${offered(known).map(([one, name]) => [one, html`<span lang=${one}>${name}</span>`])}
            value=${tag} onChange=${setTag} />
        <${TroubleNotice} trouble=${trouble} />
    <//>`;
}

/** The screen "Text size": each size is used as soon as it is chosen, so that it can be judged. */
export function TextSize({ phone, known, back }) {
    const [size, setSize] = useState(known.settings.textSize ?? 100);
    const [keep, , trouble] = useAction((chosen) => phone.set({ textSize: chosen }));
    const choose = (chosen) => {
        setSize(chosen);
        keep(chosen);
    };
    return html`<${Screen} title=${t("text_size.title")} back=${back}
        actions=${html`<${Button} kind="main" onClick=${back}>${t("action.done")}<//>`}>
        <p>${t("text_size.what")}</p>
        <${Choices} label=${t("text_size.title")} options=${SIZES.map((one) => [one, t(`text_size.${one}`)])}
            value=${size} onChange=${choose} />
        <${TroubleNotice} trouble=${trouble} />
    <//>`;
}
