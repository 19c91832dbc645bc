/** Calendar days as text ("2026-03-02"): counting, naming and checking them, without a clock or a zone. */

const DAY = 86_400_000;
const SHAPE = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;

/** The day and hour that the clock on the wall shows at a moment, where the phone is: { day: "2026-03-02", time: "20:15" }. */
export function wall(moment) {
    const two = (number) => String(number).padStart(2, "0");
    return {
        day: `${String(moment.getFullYear()).padStart(4, "0")}-${two(moment.getMonth() + 1)}-${two(moment.getDate())}`,
        time: `${two(moment.getHours())}:${two(moment.getMinutes())}`,
    };
}

/** Whether a text is a day that there is. */
export function isDay(text) {
    if (typeof text !== "string" || !SHAPE.test(text)) {
        return false;
    }
    const [year, month, day] = text.split("-").map(Number);
    return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month);
}

/** The day that lies `count` days after (before, where negative). */
export function later(day, count) {
    return new Date(Date.parse(`${day}T00:00:00Z`) + count * DAY).toISOString().slice(0, 10);
}

/** How many days the second day lies after the first. */
export function between(first, last) {
    return Math.round((Date.parse(`${last}T00:00:00Z`) - Date.parse(`${first}T00:00:00Z`)) / DAY);
}

/** Every day from the first to the last, both included. */
export function range(first, last) {
    return Array.from({ length: Math.max(0, between(first, last) + 1) }, (_, n) => later(first, n));
}

/** The first and last day of the month of a day. */
export function month(day) {
    const [year, nth] = day.split("-").map(Number);
    return { first: `${day.slice(0, 8)}01`, last: `${day.slice(0, 8)}${daysInMonth(year, nth)}` };
}

/** 0 for Monday to 6 for Sunday. */
export function weekday(day) {
    return (new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7;
}

function daysInMonth(year, month) {
    const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
    return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
}
