// The form of an instrument: a question that depends on another is shown once it is to be asked, else what stands in it is not sent.
const conditional = [...document.querySelectorAll("[data-ask-when]")].map((part) => [part, JSON.parse(part.dataset.askWhen)]);
if (conditional.length > 0) {
    const form = conditional[0][0].closest("form");
    const said = (item) => new FormData(form).getAll(`item.${item}`).filter((text) => text !== "");
    const compare = {
        is: (value, limit) => value === String(limit),
        in: (value, limits) => limits.some((limit) => value === String(limit)),
        at_least: (value, limit) => Number(value) >= Number(limit),
        at_most: (value, limit) => Number(value) <= Number(limit),
        above: (value, limit) => Number(value) > Number(limit),
        below: (value, limit) => Number(value) < Number(limit),
    };
    const holds = (rule) => rule.all?.every(holds) ?? rule.any?.some(holds)
        ?? said(rule.item).some((value) => compare[rule.op](value.replace(",", "."), rule.value));
    const ask = () => conditional.forEach(([part, rule]) => {
        const isAsked = holds(rule);
        part.hidden = !isAsked;
        part.querySelectorAll("input, select, textarea").forEach((field) => { field.disabled = !isAsked; });
    });
    form.addEventListener("input", ask);
    ask();
}
