/** What is on the screen: pairing first, the lock where there is a PIN, then the screen that the route names. */

import { Button, Call, EVERYWHERE, html, Notice, useEffect, useKnown, useMemo, useRef, useState, Ways } from "./kit.js";
import { SCREENS } from "./screens.js";
import { useErrorBoundary } from "../vendor/hooks.js";
import { render } from "../vendor/preact.js";
import { t } from "../words/index.js";

const TODAY = { name: "today" };
const LOCKED_AFTER = 60_000; // milliseconds in the background
const loaded = new Map();

/** The screen of that name; null while it is being fetched, "broken" where it could not be. */
function useScreen(name) {
    const [, redraw] = useState(0);
    useEffect(() => {
        if (!loaded.has(name) || loaded.get(name) === "broken") {
            fetchScreen(name).then(() => redraw((n) => n + 1));
        }
    }, [name]);
    return loaded.get(name) ?? null;
}

async function fetchScreen(name) {
    try {
        loaded.set(name, await SCREENS[name]());
    } catch (failure) {
        console.error(failure);
        loaded.set(name, "broken");
    }
}

/**
 * The route that somebody is at: which screen, and what it shows. Kept in the history's state and never in the address, so
 * that the phone's own way back works. `first`: where the app opens; Today lies beneath it.
 */
function useRoute(first) {
    const [route, setRoute] = useState(() => {
        if (!history.state?.route) {
            history.replaceState({ route: TODAY, depth: 0 }, "");
            if (first.name !== "today") {
                history.pushState({ route: first, depth: 1 }, "");
            }
        }
        return history.state.route;
    });
    const ways = useMemo(() => {
        const go = (to, { replace = false } = {}) => {
            const depth = (history.state?.depth ?? 0) + (replace ? 0 : 1);
            history[replace ? "replaceState" : "pushState"]({ route: to, depth }, "");
            setRoute(to);
        };
        const back = () => (history.state?.depth > 0 ? history.back() : go(TODAY, { replace: true }));
        const home = () => (history.state?.depth > 0 ? history.go(-history.state.depth) : go(TODAY, { replace: true }));
        return { go, back, home };
    }, []);
    useEffect(() => {
        const moved = (event) => setRoute(event.state?.route ?? TODAY);
        addEventListener("popstate", moved);
        return () => removeEventListener("popstate", moved);
    }, []);
    return { route, ...ways };
}

/** A questionnaire that was open when the app was closed or killed is opened again. */
function opening(known) {
    const key = known.settings.openDraft;
    return key && known.drafts[key] ? { name: "fill", key } : TODAY;
}

/** Fetches the screen that will be shown first, so that it is drawn at once. */
export async function prepare(phone) {
    const { name } = gate(phone.known, history.state?.route ?? opening(phone.known), false);
    if (!loaded.has(name)) {
        await fetchScreen(name);
    }
}

/** Which screen is shown, whatever the route says. */
function gate(known, route, unlocked) {
    if (route.name === "emergency") {
        return route; // needs neither a pairing nor the PIN
    }
    if (known.identity === null) {
        const isLost = known.notices.some(({ code }) => code === "storage-lost");
        return { name: isLost && route.name !== "welcome" ? "lost" : "welcome" };
    }
    if (!known.identity.confirmed) {
        return { name: "confirm" };
    }
    if (known.settings.hasPin && !unlocked) {
        return { name: "lock" };
    }
    const wanted = route.name in SCREENS && route.name !== "welcome" ? route : TODAY; // an earlier release may have had others
    return wanted.name === "today" && !known.settings.ready ? { name: "ready" } : wanted;
}

/** After a tap on a reminder the way leads to what it reminds of, as soon as the app is not shut. */
function useReminded(phone, known, route, isOpen, go) {
    const wanted = known.settings.remindedOf;
    useEffect(() => {
        if (wanted && isOpen) {
            phone.set({ remindedOf: null }).catch(() => {});
            if (route.name !== "fill" || route.key !== wanted) {
                import("./reminded.js").then(({ routeOf }) => go(routeOf(phone, wanted)), console.error);
            }
        }
    }, [wanted, isOpen]);
}

/** Whether the PIN was entered since the app was last out of sight for a while. */
function useUnlocked(phone) {
    const [unlocked, setUnlocked] = useState(false);
    const hiddenSince = useRef(null);
    useEffect(() => {
        const look = () => {
            if (document.visibilityState === "hidden") {
                hiddenSince.current = phone.now().getTime();
            } else if (hiddenSince.current !== null && phone.now().getTime() - hiddenSince.current > LOCKED_AFTER) {
                setUnlocked(false);
            }
        };
        document.addEventListener("visibilitychange", look);
        return () => document.removeEventListener("visibilitychange", look);
    }, [phone]);
    return [unlocked, () => setUnlocked(true)];
}

/** Draws the app, or draws it anew in another language. */
export function show(root, { phone, code, language }) {
    render(html`<${Safe} phone=${phone}><${App} phone=${phone} code=${code} language=${language} /><//>`, root);
    root.removeAttribute("aria-busy");
}

/** Says that the app cannot be opened. `trouble`: the code of what went wrong. */
export function showBroken(root, trouble) {
    render(html`<${Broken} trouble=${trouble} />`, root);
}

/** The whole app. `code`: a pairing code from the link that opened it, or null. */
function App({ phone, code }) {
    const known = useKnown(phone);
    const [unlocked, unlock] = useUnlocked(phone);
    const { route, go, back, home } = useRoute(useMemo(() => opening(phone.known), [phone]));
    const allowed = gate(known, route, unlocked);
    useReminded(phone, known, route, allowed === route, go);
    const found = useScreen(allowed.name);
    const last = useRef(null);
    const shown = found ? { Screen: found, route: allowed } : last.current; // while the next one is fetched the last one stays
    last.current = shown?.Screen === "broken" ? null : shown;
    useEffect(() => {
        fetchScreen("emergency"); // it must open in a tunnel too
    }, []);
    const ways = useMemo(() => ({ emergency: allowed.name === "emergency" ? null : () => go({ name: "emergency" }) }), [allowed.name, go]);
    if (!shown) {
        return html`<main class="opening" aria-busy="true"><p>${t("app.loading")}</p></main>`;
    }
    if (shown.Screen === "broken") {
        return html`<${Broken} number=${known.study?.emergency_number} />`;
    }
    return html`<${Ways.Provider} value=${ways}>
        <${shown.Screen} key=${sameScreen(shown.route)} phone=${phone} known=${known} route=${shown.route} go=${go} back=${back} home=${home}
            code=${code} unlock=${unlock} unlocked=${unlocked || !known.settings.hasPin} />
    <//>`;
}

/** A screen stays, with what stands on it, while only its `at` changes: the steps of a questionnaire. */
function sameScreen(route) {
    return JSON.stringify({ ...route, at: undefined });
}

/** A screen that stumbles takes nothing with it: what is kept stays, and there is a way on and a number to call. */
function Safe({ phone, children }) {
    const [failure] = useErrorBoundary((reason) => console.error(reason));
    return failure ? html`<${Broken} number=${phone.known.study?.emergency_number} trouble=${failure.code} />` : children;
}

/** What stands there when a screen, or the whole app, could not be opened. `trouble`: the code of what went wrong. */
function Broken({ number = EVERYWHERE, trouble }) {
    return html`<main><h1>${t("app.broken")}</h1>
        <${Notice} tone="warn"><p>${t(trouble === "outdated" ? "trouble.outdated" : "app.broken.advice")}</p><//>
        <${Button} kind="main" onClick=${() => location.reload()}>${t("action.retry")}<//>
        <${Call} kind="quiet" number=${number} label=${t("emergency.call", { number })} /></main>`;
}
