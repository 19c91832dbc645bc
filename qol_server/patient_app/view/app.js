/** What is on the screen: pairing first, the lock where there is a PIN, then the screen that the route names. */

import { html, Notice, useEffect, useKnown, useRef, useState } from "./kit.js";
import { SCREENS } from "./screens.js";
import { t } from "../words/index.js";

const loaded = new Map();

/** The screen of that name; null while it is being fetched, "broken" where it could not be. */
function useScreen(name) {
    const [, redraw] = useState(0);
    useEffect(() => {
        if (!loaded.has(name)) {
            SCREENS[name]()
                .then((screen) => loaded.set(name, screen))
                .catch(() => loaded.set(name, "broken"))
                .finally(() => redraw((n) => n + 1));
        } else if (loaded.get(name) === "broken") {
            loaded.delete(name); // tried again when it is shown the next time
        }
    }, [name]);
    return loaded.get(name) ?? null;
}

/** The route that somebody is at: which screen, and what it shows. Kept in the history's state and never in the address. */
function useRoute(first) {
    const [route, setRoute] = useState(() => history.state?.route ?? first);
    useEffect(() => {
        const moved = (event) => setRoute(event.state?.route ?? { name: "today" });
        addEventListener("popstate", moved);
        return () => removeEventListener("popstate", moved);
    }, []);
    const depth = () => history.state?.depth ?? 0;
    const go = (to, { replace = false } = {}) => {
        const state = { route: to, depth: replace ? depth() : depth() + 1 };
        history[replace ? "replaceState" : "pushState"](state, "");
        setRoute(to);
    };
    const back = () => (depth() > 0 ? history.back() : go({ name: "today" }, { replace: true }));
    return [route, go, back];
}

/** Which screen is shown, whatever the route says. */
function gate(known, route, unlocked) {
    if (route.name === "emergency") {
        return route; // needs neither a pairing nor the PIN
    }
    if (known.identity === null) {
        return { name: "welcome" };
    }
    if (!known.identity.confirmed) {
        return { name: "confirm" };
    }
    if (known.settings.hasPin && !unlocked) {
        return { name: "lock" };
    }
    return route;
}

/** The whole app. `code`: a pairing code from the link that opened it, or null. */
export function App({ phone, code }) {
    const known = useKnown(phone);
    const [unlocked, setUnlocked] = useState(false);
    const [route, go, back] = useRoute({ name: "today" });
    const hiddenSince = useRef(null);
    useEffect(() => {
        const look = () => {
            if (document.visibilityState === "hidden") {
                hiddenSince.current = phone.now().getTime();
            } else if (hiddenSince.current !== null && phone.now().getTime() - hiddenSince.current > 60_000) {
                setUnlocked(false);
            }
        };
        document.addEventListener("visibilitychange", look);
        return () => document.removeEventListener("visibilitychange", look);
    }, [phone]);
    const shown = gate(known, route, unlocked);
    const Shown = useScreen(shown.name);
    if (Shown === "broken") {
        return html`<main><h1>${t("app.broken")}</h1><${Notice} tone="warn"><p>${t("app.broken.advice")}</p><//></main>`;
    }
    return Shown && html`<${Shown} key=${JSON.stringify(shown)} phone=${phone} known=${known} route=${shown} go=${go} back=${back}
        code=${code} unlock=${() => setUnlocked(true)} />`;
}
