/** Numbers exactly as they were written: compared and added as fractions of whole numbers, never as floating point. */

const WRITTEN = /^-?[0-9]{1,15}(\.[0-9]{1,10})?$/;

export const NOUGHT = Object.freeze({ over: 0n, under: 1n });

/** A whole number, or a decimal written as text ("36.6"), as a fraction { over, under }; null for anything else. */
export function exact(value) {
    if (typeof value === "number") {
        return Number.isInteger(value) ? { over: BigInt(value), under: 1n } : null;
    }
    if (typeof value !== "string" || !WRITTEN.test(value)) {
        return null;
    }
    const [whole, places = ""] = value.split(".");
    return { over: BigInt(whole + places), under: 10n ** BigInt(places.length) };
}

/** Below 0, 0 or above 0: whether the first fraction is less than, equal to or more than the second. */
export function compare(one, other) {
    const difference = one.over * other.under - other.over * one.under;
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** The sum of two fractions. */
export function plus(one, other) {
    return { over: one.over * other.under + other.over * one.under, under: one.under * other.under };
}

/** The first fraction less the second. */
export function minus(one, other) {
    return plus(one, { over: -other.over, under: other.under });
}

/** One of `parts` equal parts of a fraction; `parts`: a whole number above 0. */
export function share(one, parts) {
    return { over: one.over, under: one.under * BigInt(parts) };
}

/** A fraction of 0 or more as text with at most three decimals and no idle noughts: "400", "37.5". */
export function written(one) {
    const thousandths = (one.over * 2000n + one.under) / (one.under * 2n);
    return `${thousandths / 1000n}.${String(thousandths % 1000n).padStart(3, "0")}`.replace(/\.?0+$/, "");
}
