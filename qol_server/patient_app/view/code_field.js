/** The field for a pairing code: ten characters, grouped while they are typed or pasted, forgiving about how they are written. */

import { html, useId } from "./kit.js";
import { t } from "../words/index.js";

const LENGTH = 10;
const READ_AS = { O: "0", I: "1", L: "1" };

/** A code as it was meant: capitals, digits for O, I and L, nothing but its characters; of a whole link, what follows the #. */
export function meantCode(text) {
    return [...text.slice(text.lastIndexOf("#") + 1).toUpperCase()]
        .map((letter) => READ_AS[letter] ?? letter)
        .filter((letter) => /[0-9A-HJKMNP-TV-Z]/.test(letter))
        .slice(0, LENGTH)
        .join("");
}

/** Whether nothing of the code is missing. */
export function isWholeCode(code) {
    return meantCode(code).length === LENGTH;
}

/** A code as it is read out: 7QK4-M2XP-9D. */
export function groupedCode(code) {
    return [code.slice(0, 4), code.slice(4, 8), code.slice(8)].filter(Boolean).join("-");
}

/** `code`: what was typed so far, without hyphens; `onCode` gets the same; `fault`: what is wrong with it, in words. */
export function CodeField({ code, onCode, fault, label = t("code.label") }) {
    const id = useId();
    const typed = (event) => {
        const field = event.currentTarget;
        const before = meantCode(field.value.slice(0, field.selectionStart)).length;
        const meant = meantCode(field.value);
        field.value = groupedCode(meant);
        const caret = groupedCode(meant.slice(0, before)).length;
        field.setSelectionRange(caret, caret); // else it jumps to the end when a hyphen is put in
        onCode(meant);
    };
    return html`<div class="field">
        <label for=${id}>${label}</label>
        <p class="hint" id=${`${id}-hint`}>${t("code.hint")}</p>
        <input id=${id} class="code-field" dir="ltr" value=${groupedCode(code)} onInput=${typed} autocomplete="off" autocapitalize="characters"
            autocorrect="off" spellcheck=${false} enterkeyhint="go" placeholder="····-····-··"
            aria-describedby=${fault ? `${id}-hint ${id}-fault` : `${id}-hint`} aria-invalid=${fault ? "true" : undefined} />
        ${fault && html`<p class="fault" id=${`${id}-fault`} role="alert">${fault}</p>`}
    </div>`;
}
