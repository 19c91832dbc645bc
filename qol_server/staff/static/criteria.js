// Whether a criterion is met is said as it is typed; what counts is what the server says. Decimals are compared digit by digit.
const MEASURE = /^[0-9]{1,9}([.,][0-9]{1,6})?$/u;
const scaled = (text) => {
    const [whole, part = ""] = text.replace(",", ".").split(".");
    return BigInt(whole + part.padEnd(6, "0"));
};
const HOLDS = {
    above: (value, limit) => value > limit,
    below: (value, limit) => value < limit,
    "at least": (value, limit) => value >= limit,
    "at most": (value, limit) => value <= limit,
};
const judged = (box, value) => {
    const limits = JSON.parse(box.dataset.limits);
    if (value === "") {
        return ["", ""];
    }
    if (limits[0][0] !== "is" && !MEASURE.test(value)) {
        return [box.dataset.unread, "bad"];
    }
    const met = limits.every(([limit, wanted]) => (limit === "is" ? value === wanted : HOLDS[limit](scaled(value), scaled(wanted))));
    return met ? [box.dataset.met, "good"] : [box.dataset.notMet, "bad"];
};
const say = (box) => {
    const field = box.querySelector("input:checked, input:not([type='radio'])");
    const [words, kind] = judged(box, field ? field.value.trim() : "");
    const live = box.querySelector(".live");
    if (live.textContent !== words) {
        live.textContent = words;
    }
    live.className = `live ${kind}`;
};
document.querySelectorAll(".criterion").forEach((box) => {
    say(box);
    box.addEventListener("input", () => {
        box.querySelector(".wrong")?.remove(); // it was said of what stood there before
        box.querySelectorAll("[aria-invalid]").forEach((each) => each.removeAttribute("aria-invalid"));
        say(box);
    });
});
