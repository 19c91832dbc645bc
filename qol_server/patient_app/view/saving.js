/** Hands files to the phone's owner: a copy of what waits, and a copy of all that is kept here. */

/** The participant's calendar day, on the phone's clock, as it stands in a file's name. */
function today(phone) {
    const now = phone.now();
    const two = (n) => String(n).padStart(2, "0");
    return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}

function hand(blob, name) {
    const address = URL.createObjectURL(blob);
    const link = document.createElement("a");
    link.href = address;
    link.download = name;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 60_000); // some browsers read it only after they asked where to put it
}

function named(phone, known, ending) {
    return `qol-${known.identity.study.id}-${known.identity.participant}-${today(phone)}.${ending}`;
}

/** Save what waits to be sent, byte for byte, as a file that the site can hand in. */
export async function saveCopyOfUnsent(phone, known) {
    hand(await phone.copyForSite(), named(phone, known, "ndjson"));
}

/** Save all that this phone keeps as one readable file. */
export async function saveCopyOfEverything(phone, known) {
    hand(await phone.copyOfEverything(), named(phone, known, "json"));
}
