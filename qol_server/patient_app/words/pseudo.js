/** A language that nobody speaks, written from right to left and a third longer: it shows what a layout does with other languages. */

import { words as english } from "./en.js";

export { writing } from "./en.js";

const ACCENTS = { a: "á", e: "ë", i: "ï", o: "ô", u: "ü", A: "Á", E: "Ë", I: "Ï", O: "Ô", U: "Ü", y: "ý", n: "ñ", c: "ç" };

function pseudo(text) {
    const accented = text.replace(/\{\w+\}|[aeiouAEIOUync]/g, (found) => ACCENTS[found] ?? found);
    return `\u2067${accented} ${"·".repeat(Math.ceil(text.length / 6))}\u2069`;
}

export const words = Object.fromEntries(
    Object.entries(english).map(([key, text]) => [
        key,
        typeof text === "string"
            ? pseudo(text)
            : Object.fromEntries(Object.entries(text).map(([category, one]) => [category, pseudo(one)])),
    ]),
);
