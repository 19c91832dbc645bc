/**
 * Whose phone this is: a code from the nurse makes a device, and the participant number is compared before it counts.
 */

import * as feed from "./feed.js";
import { isHead, post, progress, PROTOCOL, refusal, standing } from "./flight.js";
import { offerAgain, State } from "./outbox.js";
import { Trouble } from "./trouble.js";

const CODES = new Set(["code-unknown", "code-used", "code-expired", "too-many-tries"]);

/**
 * Ask the server with a code; what it says is kept as unconfirmed. The same code again after a lost answer is safe.
 *
 * @returns {Promise<string>} the participant number, which the nurse compares
 * @throws {Trouble} offline, code-unknown, code-used, code-expired, too-many-tries, other-participant, unexpected
 */
export async function pair(phone, code) {
    const asked = {
        code: code.trim(), installation_id: await installation(phone), app: phone.app, platform: "pwa",
        time_zone: phone.zone(),
    };
    const reply = await post(phone, "devices", JSON.stringify(asked), { "Content-Type": "application/json" });
    if (reply?.status !== 201 || !isPairing(reply.said)) {
        throw trouble(refusal(reply));
    }
    const said = reply.said;
    const pending = {
        participant: said.participant, device_id: said.device_id, token: said.token, limits: said.limits,
        study: said.study, epoch: said.epoch, head: said.head, paired_at: phone.moment(phone.now(), phone.zone()),
    };
    await phone.database.write(["meta", "entries", "drafts"], async (tx) => {
        await refuseStranger(tx, pending);
        await tx.objectStore("meta").put(pending, "pending");
    });
    return pending.participant;
}

function isPairing(said) {
    return said.protocol === PROTOCOL && [said.participant, said.device_id, said.token, said.epoch].every((text) => (
        typeof text === "string" && text !== "")) && isHead(said.head)
        && ["entries", "bytes", "entry_bytes"].every((name) => Number.isSafeInteger(said.limits?.[name]));
}

function trouble({ kind, retryAfter, problem }) {
    const name = String(problem?.type ?? "").split(":").at(-1);
    if (CODES.has(name)) {
        return new Trouble(name, { retryAfter, problem });
    }
    return new Trouble(kind === "unreachable" ? "offline" : "unexpected", { retryAfter, problem });
}

/** The name of this installation, made before it is first told: a repeated question must come from the same one. */
function installation(phone) {
    const made = crypto.randomUUID();
    return phone.database.write(["meta"], async (tx) => {
        const known = await tx.objectStore("meta").get("installation");
        if (known === undefined) {
            await tx.objectStore("meta").put(made, "installation");
        }
        return known ?? made;
    });
}

/** What one participant entered must never be sent as somebody else's. */
async function refuseStranger(tx, pending) {
    const before = await tx.objectStore("meta").get("identity");
    if (before === undefined || before.participant === pending.participant) {
        return;
    }
    const states = tx.objectStore("entries").index("state");
    const kept = await Promise.all([State.QUEUED, State.SENDING, State.COMMITTED].map((state) => states.count(state)));
    if (kept.some((count) => count > 0) || (await tx.objectStore("drafts").count()) > 0) {
        throw new Trouble("other-participant");
    }
}

/**
 * The numbers are the same: from now on this phone is the participant's. The queue stays, a forgotten PIN goes.
 *
 * @returns {Promise<boolean>} false when nothing was waiting to be confirmed and the phone is nobody's
 */
export function confirm(phone) {
    return phone.database.write(["meta", "entries", "feed", "drafts"], async (tx) => {
        const meta = tx.objectStore("meta");
        const [pending, before, server, sync] = await Promise.all([
            meta.get("pending"), meta.get("identity"), standing(tx), progress(tx),
        ]);
        if (pending === undefined) {
            return before !== undefined; // another window was first, or this was committed before its connection died
        }
        await refuseStranger(tx, pending);
        if (before !== undefined && before.participant !== pending.participant) {
            await feed.forget(tx);
        }
        const { epoch, head, ...identity } = pending;
        const isNew = server.epoch !== epoch;
        if (isNew && server.epoch !== null) {
            await offerAgain(tx);
        }
        await Promise.all([
            // in the same epoch the next answer shows whether the head went back
            isNew ? meta.put({ epoch, head, archivedThrough: 0 }, "server") : null,
            meta.put(identity, "identity"),
            meta.put({ ...sync, held: null }, "sync"),
            meta.delete("pending"),
            meta.delete("pin"),
        ]);
        return true;
    });
}

/** The numbers differ: what the server said is forgotten, and whoever was paired before stays so. */
export function refuse(phone) {
    return phone.database.write(["meta"], (tx) => tx.objectStore("meta").delete("pending"));
}
