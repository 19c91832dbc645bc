/** A reminder that was tapped leads to what it reminds of, if that is still to be filled in. */

import { due } from "../rules/calendar.js";
import { wall } from "../rules/days.js";

/** The route to the occurrence that was reminded of; Today where nothing asks for it any more. */
export function routeOf(phone, occurrence) {
    const { known } = phone;
    const isDue = known.study !== null && due(known, wall(phone.now())).some(({ assignment }) => assignment.occurrence === occurrence);
    return isDue ? { name: "fill", key: occurrence } : { name: "today" };
}
