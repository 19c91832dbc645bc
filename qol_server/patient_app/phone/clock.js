/** What the phone's clock says where the phone is: local times with their offset, local days, the zone's name. */

const formats = new Map();

function parts(ms, zone) {
    if (!formats.has(zone)) {
        formats.set(zone, new Intl.DateTimeFormat("en-US", {
            timeZone: zone, calendar: "gregory", numberingSystem: "latn", hourCycle: "h23",
            year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
        }));
    }
    return Object.fromEntries(formats.get(zone).formatToParts(ms).map(({ type, value }) => [type, value]));
}

/**
 * A moment as the wall shows it: "2026-11-22T08:00:00+01:00".
 *
 * @param {number} ms since 1970
 * @param {string} zone IANA name
 * @param {boolean} fine with milliseconds
 */
export function localMoment(ms, zone, fine = false) {
    const at = parts(ms, zone);
    const wall = Date.UTC(at.year, at.month - 1, at.day, at.hour, at.minute, at.second);
    const offset = Math.round((wall - Math.floor(ms / 1000) * 1000) / 60_000);
    const two = (n) => String(Math.trunc(n)).padStart(2, "0");
    const fraction = fine ? `.${String(((ms % 1000) + 1000) % 1000 | 0).padStart(3, "0")}` : "";
    const size = Math.abs(offset);
    return `${at.year.padStart(4, "0")}-${at.month}-${at.day}T${at.hour}:${at.minute}:${at.second}${fraction}`
        + `${offset < 0 ? "-" : "+"}${two(size / 60)}:${two(size % 60)}`;
}

/** The local day and time of day: {day: "2026-03-02", time: "20:15"}. */
export function localNow(ms, zone) {
    const moment = localMoment(ms, zone);
    return { day: moment.slice(0, 10), time: moment.slice(11, 16) };
}

/** The IANA name of the device's zone; one by the hour where the device names none. */
export function deviceZone() {
    const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zone === "UTC" || (zone?.includes("/") && zone !== "Etc/Unknown")) {
        return zone;
    }
    const hours = Math.round(new Date().getTimezoneOffset() / 60);
    // the sign of these names is turned round
    return hours === 0 ? "UTC" : `Etc/GMT${hours > 0 ? "+" : "-"}${Math.abs(hours)}`;
}
