/** Registers the service worker and lets a newer release take over, never while a questionnaire is open. */

const LOOK_EVERY = 4 * 3600 * 1000;
const TRY_EVERY = 5 * 1000;
const GIVE_UP_AFTER = 10 * 1000; // a worker that does not come must not keep questionnaires shut

/**
 * Keeps the app at the newest release. Without service workers, or without such as are modules, it does nothing:
 * the app then needs the network to open.
 *
 * @param {object} options
 * @param {string} options.study
 * @param {() => boolean} [options.isBusy]  whether this page must not be loaded anew just now
 */
export async function watchForUpdates({ study, isBusy = () => false }) {
    const workers = navigator.serviceWorker;
    const registration = workers && await workers.register(address(), { type: "module", updateViaCache: "none" }).catch(() => null);
    if (!registration) {
        return;
    }
    let trying = null;
    let isMine = false;
    let isUpdate = Boolean(workers.controller);
    const keepTrying = async (what) => {
        clearInterval(trying);
        const attempt = () => whenNoQuestionnaireIsOpen(study, isBusy, what);
        trying = setInterval(attempt, TRY_EVERY);
        return attempt();
    };
    const takeOver = async () => {
        if (!registration.waiting || !workers.controller || isMine) {
            return;
        }
        await keepTrying(async () => {
            isMine = Boolean(registration.waiting);
            if (!isMine) {
                return;
            }
            const changed = controllerChange(workers);
            registration.waiting?.postMessage({ do: "take-over" });
            const hasChanged = await changed;
            isMine = false;
            if (hasChanged) {
                await (isBusy() ? keepTrying(reload) : reload()); // somebody may have gone on meanwhile
            }
        });
    };
    workers.addEventListener("controllerchange", () => {
        if (isUpdate && !isMine) { // another page of the app let it take over
            keepTrying(reload);
        }
        isUpdate = true;
    });
    registration.addEventListener("updatefound", () => registration.installing?.addEventListener("statechange", takeOver));
    const look = () => document.visibilityState === "visible" && registration.update().catch(() => null);
    document.addEventListener("visibilitychange", look);
    setInterval(look, LOOK_EVERY);
    await takeOver();
}

/** Resolves to true when another worker has taken over, to false when none does. */
function controllerChange(workers) {
    return new Promise((resolve) => {
        workers.addEventListener("controllerchange", () => resolve(true), { once: true });
        setTimeout(() => resolve(false), GIVE_UP_AFTER);
    });
}

/** Loads the page anew and never comes back, so that no questionnaire is opened meanwhile. */
function reload() {
    location.reload();
    return new Promise(() => {});
}

/** The worker's address, said by a policy of its own where the page's rules ask for one. */
function address() {
    const policy = self.trustedTypes?.createPolicy("qol-worker", { createScriptURL: (url) => url });
    return policy ? policy.createScriptURL("sw.js") : "sw.js";
}

/** Does it now, with questionnaires kept shut meanwhile, and says true; or says false when one is open in any page. */
function whenNoQuestionnaireIsOpen(study, isBusy, then) {
    if (isBusy() || !navigator.locks) { // without locks nobody can tell: it then waits until every window is closed
        return Promise.resolve(false);
    }
    return navigator.locks.request(`qol-questionnaire/${study}`, { ifAvailable: true }, async (lock) => {
        if (!lock) {
            return false;
        }
        await then();
        return true;
    });
}
