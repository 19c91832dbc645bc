/** The parts that every screen is made of: accessible by themselves, large enough for a tired thumb. */

import { createContext, h } from "../vendor/preact.js";
import { useContext, useEffect, useId, useLayoutEffect, useRef, useState } from "../vendor/hooks.js";
import htm from "../vendor/htm.js";
import { t } from "../words/index.js";

export { useEffect, useId, useMemo, useRef, useState } from "../vendor/hooks.js";

/** Makes elements out of a template: html`<p>${text}</p>`. */
export const html = htm.bind(h);

/** How every screen reaches the emergency card: { emergency: () => …, null where it cannot be opened from here }. */
export const Ways = createContext({ emergency: null });

/** What the phone knows, drawn anew after each change. */
export function useKnown(phone) {
    const [known, setKnown] = useState(phone.known);
    useEffect(() => {
        setKnown(phone.known);
        return phone.subscribe(() => setKnown(phone.known));
    }, [phone]);
    return known;
}

/** The phone's clock, read anew every `seconds`: what is due changes by itself. */
export function useNow(phone, seconds = 30) {
    const [now, setNow] = useState(() => phone.now());
    useEffect(() => {
        const look = () => setNow(phone.now());
        const timer = setInterval(look, seconds * 1000);
        document.addEventListener("visibilitychange", look);
        return () => {
            clearInterval(timer);
            document.removeEventListener("visibilitychange", look);
        };
    }, [phone, seconds]);
    return now;
}

/**
 * Something that takes a moment and may fail: [run, busy, trouble]. While it runs, running it again does nothing.
 * `trouble` is the code of what went wrong, to be shown by `TroubleNotice`.
 */
export function useAction(action) {
    const [state, setState] = useState({ busy: false, trouble: null });
    const running = useRef(false);
    const alive = useRef(true);
    useEffect(() => () => void (alive.current = false), []);
    const run = async (...given) => {
        if (running.current) {
            return;
        }
        running.current = true;
        setState({ busy: true, trouble: null });
        let trouble = null;
        try {
            await action(...given);
        } catch (failure) {
            trouble = failure.code ?? "unexpected";
            if (!failure.code) {
                console.error(failure);
            }
        }
        running.current = false;
        if (alive.current) {
            setState({ busy: false, trouble });
        }
    };
    return [run, state.busy, state.trouble];
}

/**
 * A ref for what appears on a screen later than the screen itself: it comes into sight, without moving what is in sight
 * already. `shown`: falsy while nothing is there, another value for another thing.
 */
export function useInSight(shown) {
    const place = useRef(null);
    const before = useRef(shown);
    useEffect(() => {
        if (shown && shown !== before.current) {
            const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
            place.current?.scrollIntoView({ block: "nearest", behavior: isCalm ? "auto" : "smooth" });
        }
        before.current = shown;
    }, [shown]);
    return place;
}

/**
 * A whole screen. `title`: its heading, which gets the focus when the screen appears; `back`: called by the arrow; `close`:
 * called by the cross in the arrow's place; `step`: shown small above the heading; `progress`: { done, all, label }, a bar
 * beneath it; `actions`: stay at the bottom edge;
 * `titleId`, `lang`: of the heading, where its words name something or come from elsewhere; `focusKey`: another one moves
 * the focus to the heading again; `tools`: more at the top edge. The way to the emergency card is on every screen.
 */
export function Screen({ title, titleId, lang, back, close, step, progress, children, actions, focusKey = title, tools, tone }) {
    const heading = useRef(null);
    const { emergency } = useContext(Ways);
    useLayoutEffect(() => {
        window.scrollTo(0, 0);
        heading.current.focus({ preventScroll: true });
    }, [focusKey]);
    return html`
        <div class=${`screen ${tone ?? ""}`}>
            <header class="bar">
                ${back && html`<button type="button" class="icon-button" onClick=${back} aria-label=${t("action.back")}><span class="arrow" aria-hidden="true"></span></button>`}
                ${close && html`<button type="button" class="icon-button" onClick=${close} aria-label=${t("action.close")}><${Icon} name="cross" /></button>`}
                <div class="bar-tools">
                    ${tools}
                    ${emergency && html`<button type="button" class="emergency-button" onClick=${emergency}><${Icon} name="emergency" />${t("emergency.short")}</button>`}
                </div>
            </header>
            <main>
                ${step && html`<p class="step">${step}</p>`}
                ${progress && html`<${Progress} ...${progress} />`}
                <h1 tabindex="-1" ref=${heading} id=${titleId} lang=${lang} dir=${lang && "auto"}>${title}</h1>
                ${children}
            </main>
            ${actions && html`<footer class="actions">${actions}</footer>`}
        </div>
    `;
}

const DRAWINGS = {
    emergency: "M9 3h6v6h6v6h-6v6H9v-6H3V9h6z",
    cross: "M5 5l14 14M19 5L5 19",
    check: "M4 12.5l5.5 5.5L20 6.5",
    calendar: "M4 6h16v14H4zM4 10.5h16M8.5 3v4.5M15.5 3v4.5",
    history: "M4 6h16M4 12h16M4 18h10",
    message: "M4 5h16v11H10l-4 4v-4H4z",
    settings: "M4 7h8M18 7h2M4 17h2M12 17h8M15 4.5a2.5 2.5 0 110 5 2.5 2.5 0 010-5zM9 14.5a2.5 2.5 0 110 5 2.5 2.5 0 010-5z",
    help: "M12 3a9 9 0 100 18 9 9 0 000-18zM9.2 9.5a2.8 2.8 0 115.6 0c0 2-2.8 2.3-2.8 4.3M12 16.8v.4",
    plus: "M12 4v16M4 12h16",
    share: "M12 15V3M8 6.5L12 3l4 3.5M6 10.5H5V21h14V10.5h-1",
};

/** A small drawing that repeats what the words beside it say; the names are those of `DRAWINGS`. */
export function Icon({ name }) {
    return html`<svg class=${`icon icon-${name}`} viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d=${DRAWINGS[name]} /></svg>`;
}

/** A button; `kind`: "main", "plain" (default), "quiet", "danger", "urgent". While it is `busy` it does nothing. */
export function Button({ kind = "plain", busy = false, children, ...more }) {
    return html`<button type="button" class=${`button ${kind}`} aria-disabled=${busy ? "true" : undefined} ...${more}
        onClick=${busy ? undefined : more.onClick}>${children}</button>`;
}

/** What is called before the study is known: it reaches help in the European Union and from most mobile networks. */
export const EVERYWHERE = "112";

/** A link that calls a telephone number; `label`: words with the number in them. The number stays on one line where it fits. */
export function Call({ number, label = t("action.call", { number }), kind = "main" }) {
    const [before, ...after] = typeof label === "string" ? label.split(number) : [];
    const words = after.length > 0 ? html`<span>${before}<span class="tel" dir="ltr">${number}</span>${after.join(number)}</span>` : label;
    return html`<a class=${`button ${kind} call`} href=${`tel:${number.replace(/[^+0-9]/g, "")}`}>${words}</a>`;
}

/** A framed remark; `tone`: "info", "good", "warn", "urgent". An urgent one is read out at once. */
export function Notice({ tone = "info", title, children, live = tone === "urgent" }) {
    return html`<section class=${`notice ${tone}`} role=${live ? "alert" : undefined}>
        ${title && html`<p class="notice-title">${title}</p>`}
        ${children}
    </section>`;
}

/** What went wrong, in words, where something did. */
export function TroubleNotice({ trouble }) {
    return trouble && html`<${Notice} tone="warn" live=${true}><p>${t(`trouble.${trouble}`)}</p><//>`;
}

/** Words that screen readers say when they change; nobody sees them twice. */
export function Live({ children }) {
    return html`<p class="live" aria-live="polite">${children}</p>`;
}

/** A row of a list that leads somewhere (with `onClick`) or only tells. */
export function Row({ title, note, badge, tone, onClick }) {
    const inside = html`<span class="row-text"><span class="row-title">${title}</span>${note && html`<span class="row-note">${note}</span>`}</span>
        ${badge && html`<span class=${`badge ${tone ?? ""}`}>${badge}</span>`}
        ${onClick && html`<span class="chevron" aria-hidden="true"></span>`}`;
    return onClick ? html`<button type="button" class="row" onClick=${onClick}>${inside}</button>` : html`<div class="row">${inside}</div>`;
}

/**
 * One of several choices (or several, with `multiple`): none is chosen at first and choosing does not move on.
 * `options`: [[code, label]], with `true` as a third where it stands apart from the others; `value`: a code (codes, with `multiple`) or null; `label`: names the group.
 */
export function Choices({ label, labelledBy, options, value, onChange, multiple = false, describedBy, lang }) {
    const name = useId();
    const chosen = multiple ? (value ?? []) : [value];
    const choose = (code) => {
        if (!multiple) {
            onChange(code);
        } else {
            onChange(chosen.includes(code) ? chosen.filter((one) => one !== code) : [...chosen, code]);
        }
    };
    return html`<div class="choices" role=${multiple ? "group" : "radiogroup"} aria-label=${label} aria-labelledby=${labelledBy} aria-describedby=${describedBy} lang=${lang}>
        ${options.map(([code, text, isApart]) => html`
            <label class=${`choice ${chosen.includes(code) ? "chosen" : ""} ${isApart ? "apart" : ""}`} key=${code}>
                <input type=${multiple ? "checkbox" : "radio"} name=${name} value=${String(code)} checked=${chosen.includes(code)} onChange=${() => choose(code)} />
                <span dir=${lang && "auto"}>${text}</span>
            </label>`)}
    </div>`;
}

/** A labelled field; `fault`: what is wrong with what stands in it, in words; `lines` > 1: a text area. */
export function Field({ label, hint, fault, lines = 1, value, onInput, hideLabel = false, ...more }) {
    const id = useId();
    const faultAt = useInSight(fault);
    const described = [hint && `${id}-hint`, fault && `${id}-fault`].filter(Boolean).join(" ") || undefined;
    const shared = {
        id, value: value ?? "", "aria-describedby": described, "aria-invalid": fault ? "true" : undefined,
        onInput: (event) => onInput(event.currentTarget.value, event.currentTarget), ...more,
    };
    return html`<div class="field">
        <label for=${id} class=${hideLabel ? "live" : ""}>${label}</label>
        ${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
        ${lines > 1 ? html`<textarea rows=${lines} ...${shared}></textarea>` : html`<input ...${shared} />`}
        ${fault && html`<p class="fault" id=${`${id}-fault`} role="alert" ref=${faultAt}>${fault}</p>`}
    </div>`;
}

/** How far one is: "3 of 12", as a bar and in words. */
function Progress({ done, all, label }) {
    return html`<progress class="progress" max=${all} value=${done} aria-label=${label}></progress>`;
}
