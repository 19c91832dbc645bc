/**
 * The app's own words in the participant's language: looked up by key, with numbers, days and hours as people there write
 * them. The browser's own formats of dates are not used: the first one takes a slow phone a tenth of its opening.
 */

export const LANGUAGES = { en: "English", fr: "Français" };
const RIGHT_TO_LEFT = new Set(["ar", "dv", "fa", "he", "ps", "ur", "qps"]);

const SHAPES = {
    long: "{weekday} {day} {month}", short: "{day} {short_month}", dated: "{day} {short_month} {year}", month: "{month} {year}",
    weekday: "{weekday}", weekday_short: "{short_weekday}",
};

let tables = {};
let writing = null;
let chosen = "en";

/** The language of the screen, such as "fr". */
export function language() {
    return chosen;
}

/** "rtl" or "ltr", by the language of the screen. */
export function direction() {
    return RIGHT_TO_LEFT.has(chosen) ? "rtl" : "ltr";
}

/** Of the wanted languages ("fr-CA", "de" …) the first that the app speaks; English where it speaks none of them. */
export function spoken(wanted) {
    const known = wanted.map((tag) => String(tag).toLowerCase().split("-")[0]);
    return known.find((tag) => tag in LANGUAGES || tag === "qps") ?? "en";
}

/** Use a language from now on, and mark the page with it. */
export async function speak(tag) {
    const wanted = spoken([tag]);
    const own = wanted === "qps" ? await import("./pseudo.js") : wanted === "fr" ? await import("./fr.js") : await import("./en.js");
    tables = own.words;
    writing = own.writing;
    chosen = wanted;
    document.documentElement.lang = wanted === "qps" ? "en" : wanted;
    document.documentElement.dir = direction();
    document.title = t("app.name");
}

/**
 * The words for a key; `{name}` in them stands for a parameter. Words that depend on a number `n` are kept by the
 * plural category of the language ("one", "other"). A key without words is shown as it is: tests find every such key.
 */
export function t(key, parameters = {}) {
    let words = tables[key];
    if (words !== undefined && typeof words !== "string") {
        words = words[new Intl.PluralRules(locale()).select(parameters.n)] ?? words.other;
    }
    return words === undefined ? key : words.replace(/\{(\w+)\}/g, (_, name) => String(parameters[name] ?? ""));
}

/** Whether there are words for this key. */
export function has(key) {
    return key in tables;
}

/** The words for a coded reason; a code that the app does not know is made readable. */
export function reason(code) {
    return has(`reason.${code}`) ? t(`reason.${code}`) : code.replaceAll("_", " ");
}

/** Fills the shape with the parts of a day: { year, month (from 0), day, weekday (from Sunday) }. In French the first of a month is its "1er". */
function dated(shape, { year, month, day, weekday }, hour = "") {
    const parts = {
        year, hour, day: day === 1 ? writing.first : day, month: writing.months[month], short_month: writing.short_months[month],
        weekday: writing.weekdays[weekday], short_weekday: writing.short_weekdays[weekday],
    };
    return shape.replace(/\{(\w+)\}/g, (_, name) => parts[name]);
}

function locale() {
    return chosen === "qps" ? "en" : chosen === "en" ? "en-GB" : chosen;
}

/**
 * A calendar day ("2026-03-02") in words; `style`: "long" (Monday 2 March), "short" (2 Mar), "full" (with the year),
 * "dated" (2 Mar 2026), "month" (March 2026), "weekday" (Monday), "weekday_short" (Mon).
 */
export function day(iso, style = "long") {
    const at = new Date(`${iso}T12:00:00Z`);
    const parts = { year: at.getUTCFullYear(), month: at.getUTCMonth(), day: at.getUTCDate(), weekday: at.getUTCDay() };
    return dated(style === "full" ? writing.full : SHAPES[style], parts);
}

/** The hour and minute of a moment on this phone's clock: "10:42". */
export function hour(moment) {
    const at = new Date(moment);
    return [at.getHours(), at.getMinutes()].map((n) => String(n).padStart(2, "0")).join(":");
}

/** Day and hour of a moment on this phone's clock: "2 March 2026 at 10:42". */
export function dayAndHour(moment) {
    const at = new Date(moment);
    return dated(writing.moment, { year: at.getFullYear(), month: at.getMonth(), day: at.getDate(), weekday: at.getDay() }, hour(at));
}

/** A number as people write it: "36.6" is "36,6" in French. Takes decimals as text and keeps every digit. */
export function number(value) {
    return String(value).replace(".", writing.comma);
}

/** Words with a capital at their beginning, as a heading has it: French writes its days without. */
export function capitalised(words) {
    return words.charAt(0).toLocaleUpperCase(locale()) + words.slice(1);
}
