/** Takes whoever sent off a form with a mistake in it to the field that it is about. */

import { useEffect, useRef } from "./kit.js";

/** A ref for the form; whenever `fault` becomes something, the first field that is marked as wrong gets the focus. */
export function useFaultFocus(fault) {
    const form = useRef(null);
    useEffect(() => {
        if (fault) {
            form.current?.querySelector('[aria-invalid="true"]')?.focus();
        }
    }, [fault]);
    return form;
}
